//! `service start`, `stop`, `restart`: each waits until it is true.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use gateway::instance::{Occupant, hand_over, running};
use gateway::words::Words;

use super::Service;
use super::diagnosis::{Answer, Facts, Installed};
use super::manager::Process;
use crate::language::{failure, said, t};

/// A gateway listens within seconds; on a machine that has just been started it may take longer.
const UP: Duration = Duration::from_secs(45);
/// Above what a gateway takes to end its calls and servers.
const DOWN: Duration = Duration::from_secs(60);
/// A manager may still tell of the time before.
const STALE: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

impl Service<'_> {
    /// Starts it and waits until it answers.
    pub(super) fn start(
        &self,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> anyhow::Result<ExitCode> {
        let facts = self.look()?;
        if let Some(own) = facts.own() {
            let at = endpoint(own);
            let words = Words::new(
                format!("The service already runs: {at}"),
                format!("服务已在运行：{at}"),
            );
            writeln!(out, "{}", said(&words))?;
            return Ok(ExitCode::SUCCESS);
        }
        // Another gateway in the folder, and a start would only fail, again and again.
        let cannot = facts.occupant.is_some()
            || facts.reach.is_err()
            || !matches!(facts.installed, Installed::Yes { .. });
        if cannot {
            return self.not_started(&facts, out, err);
        }
        let asked = Instant::now();
        if let Err(trouble) = self.manager.start() {
            let lead = t("error:", "错误：");
            writeln!(err, "{lead} {}", said(&trouble.cause))?;
            return self.not_started(&self.look()?, out, err);
        }
        let data_dir = self.data_dir()?;
        loop {
            let failed = matches!(self.manager.observe().process, Process::Failed { .. })
                && asked.elapsed() > STALE;
            let is_late = asked.elapsed() > UP;
            // The note comes before long; only then is the gateway itself worth asking.
            if failed || is_late || running(&data_dir).is_some() {
                let facts = self.look()?;
                match (facts.own(), &facts.answer) {
                    (Some(own), Answer::Said { .. }) => return Self::started(own, out),
                    _ if failed || is_late => return self.not_started(&facts, out, err),
                    _ => {}
                }
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    fn started(own: &Occupant, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let at = endpoint(own);
        let words = Words::new(
            format!("The service runs: {at}"),
            format!("服务已启动：{at}"),
        );
        writeln!(out, "{}", said(&words))?;
        Ok(ExitCode::SUCCESS)
    }

    fn not_started(
        &self,
        facts: &Facts,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> anyhow::Result<ExitCode> {
        writeln!(
            err,
            "{} {}\n",
            t("error:", "错误："),
            t("the service was not started", "服务没有启动")
        )?;
        Ok(match self.report(facts, false, out)? {
            0 => ExitCode::FAILURE,
            code => ExitCode::from(code),
        })
    }

    /// Stops it and waits until its gateway has gone.
    pub(super) fn stop(&self, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
        let words = match self.bring_down()? {
            true => Words::new("The service is stopped.", "服务已停止。"),
            false => Words::new("The service does not run.", "服务没有在运行。"),
        };
        writeln!(out, "{}", said(&words))?;
        Ok(ExitCode::SUCCESS)
    }

    pub(super) fn restart(
        &self,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> anyhow::Result<ExitCode> {
        self.bring_down()?;
        self.start(out, err)
    }

    /// Whether there was anything to stop.
    pub(super) fn bring_down(&self) -> anyhow::Result<bool> {
        let facts = self.look()?;
        if let Err(trouble) = &facts.reach {
            return Err(failure(&trouble.words()));
        }
        let own = facts.own();
        let process = &facts.observed.process;
        if own.is_none() && matches!(process, Process::Stopped | Process::Unknown) {
            return Ok(false);
        }
        let data_dir = self.data_dir()?;
        if let Some(own) = own.filter(|_| self.manager.stops_hard()) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let asked = runtime.block_on(hand_over(&data_dir, own));
            asked.map_err(|error| failure(&error.words(own)))?;
            return Ok(true);
        }
        self.manager
            .stop()
            .map_err(|trouble| failure(&trouble.words()))?;
        let asked = Instant::now();
        loop {
            let process = self.manager.observe().process;
            let is_down = !matches!(process, Process::Running { .. } | Process::Stopping);
            let has_gone = own.is_none_or(|own| running(&data_dir).as_ref() != Some(own));
            if is_down && has_gone {
                return Ok(true);
            }
            if asked.elapsed() > DOWN {
                let seconds = DOWN.as_secs();
                return Err(failure(&Words::new(
                    format!(
                        "the service still runs after {seconds} s; `mcp-gateway service status` says more"
                    ),
                    format!(
                        "{seconds} 秒后服务仍在运行；`mcp-gateway service status` 会给出更多信息"
                    ),
                )));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}

fn endpoint(gateway: &Occupant) -> String {
    gateway.address().map_or_else(
        || format!("{} {}", t("process", "进程"), gateway.pid),
        |address| format!("http://{address}/mcp"),
    )
}
