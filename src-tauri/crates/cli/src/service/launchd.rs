//! launchd's agents of a user who is logged in, spoken to through `launchctl`.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use gateway::words::Words;

use super::definition::Definition;
use super::manager::{End, Manager, Observed, Process, Trouble};
use super::plist::{self, LABEL};
use super::programs::{Programs, Ran, act, ask_status};
use crate::context::Context;
use crate::language::t;

const ASK: Duration = Duration::from_secs(10);
const ACT: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
const LINES: usize = 10;
/// So much of the end of what was printed is read, which may be long.
const TAIL: u64 = 64 * 1024;

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
        act(self.programs.as_ref(), ("launchctl", args), ACT, ask_status)
    }

    fn ask(&self, args: &[&str]) -> Option<Ran> {
        self.programs.run("launchctl", args, ASK).ok()
    }

    fn is_loaded(&self) -> bool {
        self.ask(&["print", &self.target])
            .is_some_and(|ran| ran.success)
    }

    fn boot_out(&self) -> Result<(), Trouble> {
        match self.act(&["bootout", &self.target]) {
            // EINPROGRESS: it was told, and takes its time.
            Err(trouble) if trouble.cause.en.contains("36:") => Ok(()),
            ended => ended,
        }
    }

    /// Has launchd forget the job, and waits until it has.
    fn unload(&self) -> Result<(), Trouble> {
        self.boot_out()?;
        let asked = Instant::now();
        while self.is_loaded() {
            if asked.elapsed() > ACT {
                return Err(Trouble::new(
                    Words::new(
                        "launchd still ends the former service",
                        "launchd 仍在结束之前的服务",
                    ),
                    Words::new("try again in a moment", "请稍后重试"),
                ));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(())
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

    fn place_for(&self, _secret: &str) -> Words {
        // What is told to launchctl stands in the shell's history and in every list of processes.
        Words::new(
            "let the keychain hold the key instead, which it does where none is set",
            "请改由钥匙串保存密钥：不设置该变量时即由它保存",
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
        // What is loaded would go on to be known, and started, without its file.
        match self.is_loaded() {
            true => self.unload(),
            false => Ok(()),
        }
    }

    fn forget(&self) -> Result<(), Trouble> {
        Ok(())
    }

    fn start(&self) -> Result<(), Trouble> {
        if self.is_loaded() {
            if matches!(self.observe().process, Process::Running { .. }) {
                return Ok(());
            }
            // It would be started as the file was when it was loaded.
            self.unload()?;
        }
        // With it the file is read, and what it defines is started at once.
        self.act(&["bootstrap", &self.domain, &self.plist.to_string_lossy()])
    }

    fn stop(&self) -> Result<(), Trouble> {
        // Merely ended it would stay, with the file as it was when it was read.
        if !self.is_loaded() {
            return Ok(());
        }
        self.boot_out()
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
        match tail(&log) {
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

/// The end of a file.
fn tail(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    Ok(bytes)
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
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::sync::atomic::{AtomicBool, Ordering};

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

    #[test]
    fn a_job_that_is_loaded_and_stopped_is_read_anew() {
        static LOADED: AtomicBool = AtomicBool::new(true);
        let home = tempfile::tempdir().expect("a folder");
        let (programs, told) = Scripted::new(|command| {
            if command.contains("bootout") {
                LOADED.store(false, Ordering::Relaxed);
            }
            let is_asked = command.starts_with("launchctl print gui/501/io");
            match LOADED.load(Ordering::Relaxed) {
                true if is_asked => Ok("state = not running\n"),
                false if is_asked => Err("Could not find service"),
                _ => Ok(""),
            }
        });
        let launchd = Launchd::of_user(home.path(), 501, Box::new(programs));
        launchd.start().expect("started");
        let acts = |told: &Rc<RefCell<Vec<String>>>| -> Vec<String> {
            let told = told.borrow();
            let acts = told.iter().filter(|one| !one.contains(" print "));
            let word = |one: &String| one.split(' ').nth(1).map(str::to_owned);
            acts.filter_map(word).collect()
        };
        assert_eq!(acts(&told), ["bootout", "bootstrap"]);

        LOADED.store(true, Ordering::Relaxed);
        launchd.withdraw().expect("forgotten");
        launchd.withdraw().expect("nothing to forget");
        assert_eq!(acts(&told), ["bootout", "bootstrap", "bootout"]);
    }

    #[test]
    fn of_a_long_log_the_end_is_read() {
        let home = tempfile::tempdir().expect("a folder");
        let (programs, _) = Scripted::new(|_| Ok(""));
        let launchd = Launchd::of_user(home.path(), 501, Box::new(programs));
        assert_eq!(launchd.last_lines().expect("none"), Vec::<String>::new());
        std::fs::create_dir_all(launchd.log.parent().expect("a folder")).expect("made");
        let long = "x".repeat(1 << 20);
        std::fs::write(&launchd.log, format!("{long}\nthe end\n")).expect("written");
        let lines = launchd.last_lines().expect("lines");
        assert_eq!(lines.last().map(String::as_str), Some("the end"));
        assert!(lines[0].len() < TAIL as usize, "{}", lines[0].len());
    }
}
