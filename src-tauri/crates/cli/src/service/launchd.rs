//! launchd's agents of a user who is logged in, spoken to through `launchctl`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use gateway::words::Words;

use super::definition::Definition;
use super::manager::{End, Manager, Observed, Process, Trouble};
use super::plist::{self, LABEL};
use super::programs::{Programs, Ran};
use crate::context::Context;
use crate::language::t;

const ASK: Duration = Duration::from_secs(10);
const ACT: Duration = Duration::from_secs(60);
const LINES: usize = 10;

/// The service of this user.
pub(crate) struct Launchd {
    plist: PathBuf,
    log: PathBuf,
    /// `gui/501`, the user's graphical session.
    domain: String,
    /// `gui/501/` and the label.
    target: String,
    programs: Box<dyn Programs>,
}

impl Launchd {
    pub(crate) fn new(context: &Context, programs: Box<dyn Programs>) -> anyhow::Result<Self> {
        let home = context.home.as_ref().context(t(
            "this user has no home folder that a service could be installed in",
            "当前用户没有主目录，无法安装服务",
        ))?;
        Ok(Self::of_user(home, user_id(), programs))
    }

    fn of_user(home: &Path, user: u32, programs: Box<dyn Programs>) -> Self {
        let domain = format!("gui/{user}");
        Self {
            plist: home
                .join("Library/LaunchAgents")
                .join(format!("{LABEL}.plist")),
            log: home.join("Library/Logs/mcp-gateway.log"),
            target: format!("{domain}/{LABEL}"),
            domain,
            programs,
        }
    }

    fn act(&self, args: &[&str]) -> Result<(), Trouble> {
        let cause = match self.programs.run("launchctl", args, ACT) {
            Ok(ran) => match ran.complaint() {
                None => return Ok(()),
                Some(complaint) => complaint,
            },
            Err(why) => why.words(),
        };
        let remedy = Words::new(
            "`mcp-gateway service status` says more",
            "`mcp-gateway service status` 会给出更多信息",
        );
        Err(Trouble::new(cause, remedy))
    }

    fn ask(&self, args: &[&str]) -> Option<Ran> {
        self.programs.run("launchctl", args, ASK).ok()
    }

    fn is_loaded(&self) -> bool {
        self.ask(&["print", &self.target])
            .is_some_and(|ran| ran.success)
    }

    /// Whether the user has switched it off.
    fn is_disabled(&self) -> bool {
        self.ask(&["print-disabled", &self.domain])
            .is_some_and(|ran| {
                let label = format!("\"{LABEL}\"");
                let mut lines = ran.stdout.lines();
                // Older systems say true, newer ones disabled.
                lines.any(|line| {
                    line.contains(&label) && (line.contains("true") || line.contains("disabled"))
                })
            })
    }
}

impl Manager for Launchd {
    fn name(&self) -> &'static str {
        "launchd"
    }

    fn path(&self) -> &Path {
        &self.plist
    }

    fn render(&self, definition: &Definition) -> String {
        plist::render(definition, &self.log.to_string_lossy())
    }

    fn parse(&self, text: &str) -> Option<Definition> {
        plist::parse(text)
    }

    fn place_for(&self, secret: &str) -> Words {
        Words::new(
            format!(
                "the keychain can hold the key instead; or set it before with: launchctl setenv {secret} …"
            ),
            format!("可以改由钥匙串保存密钥；或先执行：launchctl setenv {secret} …"),
        )
    }

    fn reach(&self) -> Result<(), Trouble> {
        let cause = match self
            .programs
            .run("launchctl", &["print", &self.domain], ASK)
        {
            Ok(ran) => match ran.complaint() {
                None => return Ok(()),
                Some(complaint) => complaint,
            },
            Err(why) => why.words(),
        };
        Err(Trouble::new(
            cause,
            Words::new(
                "the service belongs to a session on the desktop: log in there as this user, then try again (over ssh alone, or as root, there is none)",
                "该服务属于桌面登录会话：请以该用户在桌面登录后再试（仅通过 ssh 或以 root 身份时没有这样的会话）",
            ),
        ))
    }

    fn register(&self) -> Result<(), Trouble> {
        self.act(&["enable", &self.target])
    }

    fn withdraw(&self) -> Result<(), Trouble> {
        // What is not loaded starts no more once its file is gone.
        Ok(())
    }

    fn forget(&self) -> Result<(), Trouble> {
        Ok(())
    }

    fn start(&self) -> Result<(), Trouble> {
        if self.is_loaded() {
            self.act(&["kickstart", &self.target])
        } else {
            // With it the file is read, and what it defines is started at once.
            self.act(&["bootstrap", &self.domain, &self.plist.to_string_lossy()])
        }
    }

    fn stop(&self) -> Result<(), Trouble> {
        // Merely ended it would stay, with the file as it was when it was read.
        if !self.is_loaded() {
            return Ok(());
        }
        match self.act(&["bootout", &self.target]) {
            // EINPROGRESS: it was told, and takes its time.
            Err(trouble) if trouble.cause.en.contains("36:") => Ok(()),
            ended => ended,
        }
    }

    fn observe(&self) -> Observed {
        let starts_at_login = Some(self.plist.exists() && !self.is_disabled());
        let process = match self.ask(&["print", &self.target]) {
            None => Process::Unknown,
            Some(printed) if printed.success => read(&printed.stdout),
            Some(_) => Process::Stopped,
        };
        Observed {
            starts_at_login,
            process,
        }
    }

    fn last_lines(&self) -> Result<Vec<String>, Words> {
        // The file that the definition names, should it be another.
        let named = std::fs::read_to_string(&self.plist).ok();
        let log = named.and_then(|text| plist::log(&text));
        let log = log.map_or_else(|| self.log.clone(), PathBuf::from);
        match std::fs::read(&log) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let lines: Vec<_> = text.lines().map(str::to_owned).collect();
                Ok(lines[lines.len().saturating_sub(LINES)..].to_vec())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(Words::new(
                format!("cannot read {}: {error}", log.display()),
                format!("无法读取 {}：{error}", log.display()),
            )),
        }
    }
}

/// The answer of `launchctl print`.
fn read(printed: &str) -> Process {
    let value = |name: &str| {
        let mut lines = printed.lines();
        lines.find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(" = "))
    };
    let pid = value("pid").and_then(|pid| pid.parse().ok());
    if pid.is_some() || value("state") == Some("running") {
        return Process::Running { pid };
    }
    if let Some(signal) = value("last terminating signal") {
        // Such as "Killed: 9".
        let number = signal.rsplit(' ').next().and_then(|one| one.parse().ok());
        return Process::Failed {
            end: number.map_or_else(|| End::Other(signal.to_owned()), End::Signal),
            again: true,
        };
    }
    // Such as "78: EX_CONFIG", or "(never exited)".
    let code = value("last exit code").and_then(|code| code.split(':').next()?.parse().ok());
    match code {
        None | Some(0) => Process::Stopped,
        Some(code) => Process::Failed {
            end: End::Code(code),
            again: true,
        },
    }
}

#[cfg(unix)]
fn user_id() -> u32 {
    rustix::process::getuid().as_raw()
}

#[cfg(not(unix))]
fn user_id() -> u32 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::scripted::Scripted;

    #[test]
    fn the_states_of_a_job() {
        let print = "gui/501/x = {\n\tactive count = 1\n\tstate = ";
        for (printed, process) in [
            (
                "running\n\tpid = 4711\n}",
                Process::Running { pid: Some(4711) },
            ),
            (
                "not running\n\tlast exit code = (never exited)\n}",
                Process::Stopped,
            ),
            ("not running\n\tlast exit code = 0\n}", Process::Stopped),
            (
                "not running\n\tlast exit code = 78: EX_CONFIG\n}",
                Process::Failed {
                    end: End::Code(78),
                    again: true,
                },
            ),
            (
                "not running\n\tlast terminating signal = Killed: 9\n}",
                Process::Failed {
                    end: End::Signal(9),
                    again: true,
                },
            ),
        ] {
            assert_eq!(read(&format!("{print}{printed}")), process, "{printed}");
        }
    }

    #[test]
    fn what_launchctl_is_told() {
        let home = tempfile::tempdir().expect("a folder");
        let (programs, told) = Scripted::new(|command| match command {
            "launchctl print gui/501/io.github.mcp-gateway.service" => {
                Err("Could not find service")
            }
            _ => Ok(""),
        });
        let launchd = Launchd::of_user(home.path(), 501, Box::new(programs));
        launchd.reach().expect("there");
        launchd.register().expect("taken");
        launchd.start().expect("started");
        launchd.stop().expect("nothing to stop");
        assert_eq!(launchd.observe().process, Process::Stopped);
        let told = told.borrow().join("\n");
        let told = told.replace(&home.path().display().to_string(), "~");
        insta::assert_snapshot!("launchctl", told);
    }
}
