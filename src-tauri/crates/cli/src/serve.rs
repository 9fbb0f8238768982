//! `serve`: the gateway in the foreground until it is told to stop.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use gateway::config::{Loaded, render};
use gateway::instance::Kind;
use gateway::words::Language;
use gateway::{Gateway, StartError, Surroundings, VaultOptions};

use crate::args::CommandLine;
use crate::config;
use crate::context::Context;
use crate::language::{failure, said, t};
use crate::logging;
use crate::service::LAUNCHD_LABEL;

/// The data folder is another gateway's: starting again would not help, so a service manager
/// that looks at this code (`RestartPreventExitStatus=3`) gives up.
const ALREADY_RUNNING: u8 = 3;

/// What a shell gives a program that ended by SIGINT.
const INTERRUPTED: i32 = 130;

/// Blocking work that the runtime may still have at the end, such as a name being looked up.
const LEFTOVERS: Duration = Duration::from_secs(1);

/// Starts, says where it listens, and serves until SIGINT or SIGTERM.
pub(crate) fn run(
    line: &CommandLine,
    context: &Context,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let loaded = config::require(line, context)?;
    let data_dir = context.data_dir(line.common.data_dir.as_deref())?;
    let journal = logging::start(&loaded.config.log_level)?;
    advise(&loaded, context.language, err)?;
    let surroundings = Surroundings {
        data_dir: data_dir.clone(),
        kind: Kind::of_headless(|name| (context.env)(name)),
        source: Some(config::source(line, context)),
        bridge: context.bridge(),
        vault: VaultOptions::from_env(&data_dir, |name| (context.env)(name)),
        journal,
    };

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let served = runtime.block_on(async {
        let stop = Stop::listen()?;
        let gateway = match Gateway::start(loaded, surroundings).await {
            Ok(gateway) => gateway,
            Err(error @ StartError::Running { .. }) => {
                writeln!(err, "{} {}", t("error:", "错误："), said(&error.words()))?;
                return Ok(already_running(context));
            }
            Err(error) => return Err(failure(&error.words())),
        };
        announce(&gateway, out)?;
        stop.asked(&gateway).await;
        gateway.shutdown().await;
        anyhow::Ok(ExitCode::SUCCESS)
    });
    runtime.shutdown_timeout(LEFTOVERS);
    served
}

/// launchd has no exit code that means "leave it": it starts again whatever fails.
fn already_running(context: &Context) -> ExitCode {
    match (context.env)("XPC_SERVICE_NAME").as_deref() {
        Some(LAUNCHD_LABEL) => ExitCode::SUCCESS,
        _ => ExitCode::from(ALREADY_RUNNING),
    }
}

/// Warnings and notices, before the first line of the log.
fn advise(loaded: &Loaded, language: Language, err: &mut dyn Write) -> io::Result<()> {
    if !loaded.warnings.is_empty() {
        writeln!(
            err,
            "{}",
            render(&loaded.warnings, loaded.path.as_deref(), language)
        )?;
    }
    for notice in &loaded.notices {
        writeln!(err, "{}", notice.text(language))?;
    }
    Ok(())
}

/// The two lines that people copy from and programs wait for; so they are English everywhere.
fn announce(gateway: &Gateway, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "MCP Gateway {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "listening on {}", gateway.endpoint())?;
    out.flush()
}

/// The signals that end the gateway: the first asks, the second does not wait.
struct Stop {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    /// From now on the signals arrive here instead of ending the process.
    fn listen() -> anyhow::Result<Self> {
        #[cfg(unix)]
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            #[cfg(unix)]
            interrupt: signal(SignalKind::interrupt())?,
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the first signal, or for another gateway to go on in this one's place, and
    /// leaves a task that takes the next signal at its word.
    async fn asked(mut self, gateway: &Gateway) {
        let by_signal = tokio::select! {
            () = self.next() => true,
            () = gateway.asked_to_leave() => false,
        };
        tracing::info!(
            "{}",
            if by_signal {
                t(
                    "stopping: calls in flight may finish; once more to stop at once",
                    "正在停止：等待进行中的调用结束；再次操作则立即停止",
                )
            } else {
                t(
                    "the MCP Gateway app goes on in this gateway's place: it finishes its calls in flight and ends",
                    "MCP Gateway 应用将接替本网关：进行中的调用结束后退出",
                )
            }
        );
        tokio::spawn(async move {
            if !by_signal {
                self.next().await;
            }
            self.next().await;
            std::process::exit(INTERRUPTED);
        });
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "cannot wait for Ctrl-C; end the process to stop the gateway");
            std::future::pending::<()>().await;
        }
    }
}
