//! systemd --user, spoken to through `systemctl`, `journalctl` and `loginctl`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use gateway::words::Words;

use super::definition::Definition;
use super::manager::{End, Manager, Observed, Process, Trouble};
use super::programs::{CannotRun, Programs, Ran, act, ask_status};
use super::unit;
use crate::context::Context;
use crate::language::t;

pub(crate) const UNIT: &str = "mcp-gateway.service";

/// For a question.
const ASK: Duration = Duration::from_secs(10);
/// A unit is stopped within its `TimeoutStopSec`, and started at once.
const ACT: Duration = Duration::from_secs(60);

/// The properties that are asked for.
const PROPERTIES: &str = "--property=LoadState,ActiveState,SubState,UnitFileState,MainPID,Result,ExecMainCode,ExecMainStatus";

/// The service of this user.
pub(crate) struct Systemd {
    unit: PathBuf,
    user: Option<String>,
    programs: Box<dyn Programs>,
    surroundings: Surroundings,
}

/// What tells why systemd cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Surroundings {
    /// systemd is what this machine was booted with.
    is_booted: bool,
    /// Where the user's own services listen is known.
    has_runtime_dir: bool,
    is_root: bool,
}

impl Systemd {
    pub(crate) fn new(context: &Context, programs: Box<dyn Programs>) -> anyhow::Result<Self> {
        let named = |name: &str| (context.env)(name).map(PathBuf::from);
        let config = named("XDG_CONFIG_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| Some(context.home.as_ref()?.join(".config")))
            .context(t(
                "this user has no home folder that a service could be installed in",
                "当前用户没有主目录，无法安装服务",
            ))?;
        Ok(Self {
            unit: config.join("systemd/user").join(UNIT),
            user: (context.env)("USER").filter(|user| !user.is_empty()),
            programs,
            surroundings: Surroundings {
                // sd_booted(3)
                is_booted: Path::new("/run/systemd/system").is_dir(),
                has_runtime_dir: named("XDG_RUNTIME_DIR").is_some_and(|path| path.is_dir()),
                is_root: is_root(),
            },
        })
    }

    fn ask(&self, args: &[&str]) -> Result<Ran, CannotRun> {
        let args = [&["--user"], args].concat();
        self.programs.run("systemctl", &args, ASK)
    }

    fn act(&self, args: &[&str]) -> Result<(), Trouble> {
        let args = [&["--user"], args].concat();
        act(
            self.programs.as_ref(),
            ("systemctl", &args),
            ACT,
            ask_status,
        )
    }

    /// Whether it goes on without a session; asked of logind, which not every system has.
    fn lingers(&self) -> Option<bool> {
        let args = ["show-user", "--property=Linger", "--value"];
        // Without a name the user of this session is meant, where this is one.
        let args: Vec<&str> = args.into_iter().chain(self.user.as_deref()).collect();
        let ran = self.programs.run("loginctl", &args, ASK).ok()?;
        match ran.stdout.trim() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        }
    }
}

impl Manager for Systemd {
    fn name(&self) -> &'static str {
        "systemd --user"
    }

    fn path(&self) -> &Path {
        &self.unit
    }

    fn render(&self, definition: &Definition) -> String {
        unit::render(definition)
    }

    fn parse(&self, text: &str) -> Option<Definition> {
        unit::parse(text)
    }

    fn in_force(&self) -> Option<String> {
        // With its drop-ins, in the order in which they count. `show` would tell the command
        // without its quotes.
        let shown = self.ask(&["cat", "--no-pager", UNIT]).ok()?;
        Some(shown.stdout).filter(|text| shown.success && text.contains("ExecStart="))
    }

    fn refuses(&self, definition: &Definition) -> Option<Words> {
        let program = &definition.program;
        // systemd takes such a path for an error, however it is quoted.
        program.contains(['"', '\'', '\\']).then(|| {
            Words::new(
                format!("systemd starts no program whose path has quotation marks or backslashes: {program}; install it elsewhere"),
                format!("systemd 不会启动路径中含有引号或反斜杠的程序：{program}；请安装到别处"),
            )
        })
    }

    fn place_for(&self, secret: &str) -> Words {
        Words::new(
            format!(
                "write {secret}=… into ~/.config/mcp-gateway/service.env, readable by you alone (chmod 600)"
            ),
            format!(
                "请把 {secret}=… 写入 ~/.config/mcp-gateway/service.env，并只允许您自己读取（chmod 600）"
            ),
        )
    }

    fn reach(&self) -> Result<(), Trouble> {
        let cause = match self.ask(&["show", UNIT, "--property=LoadState"]) {
            Ok(ran) => match ran.complaint() {
                None => return Ok(()),
                Some(complaint) => complaint,
            },
            Err(why) => why.words(),
        };
        Err(Trouble::new(cause, remedy(self.surroundings)))
    }

    fn register(&self) -> Result<(), Trouble> {
        self.act(&["daemon-reload"])?;
        // By its path, which is found even where systemd looks into another folder for names.
        self.act(&["enable", &self.unit.to_string_lossy()])
    }

    fn withdraw(&self) -> Result<(), Trouble> {
        self.act(&["disable", UNIT])
    }

    fn forget(&self) -> Result<(), Trouble> {
        self.act(&["daemon-reload"])
    }

    fn start(&self) -> Result<(), Trouble> {
        // The file counts as it is now, should somebody have edited it.
        self.act(&["daemon-reload"])?;
        // A unit that has failed too often is not started before it is forgiven. There may be
        // nothing to forgive, which is said as a failure; what matters is the start.
        _ = self.ask(&["reset-failed", UNIT]);
        self.act(&["start", UNIT])
    }

    fn stop(&self) -> Result<(), Trouble> {
        self.act(&["stop", UNIT])
    }

    fn observe(&self) -> Observed {
        let Ok(shown) = self.ask(&["show", UNIT, PROPERTIES]) else {
            return Observed::default();
        };
        if !shown.success {
            return Observed::default();
        }
        read(&shown.stdout)
    }

    fn hint(&self) -> Option<Words> {
        (self.lingers() == Some(false)).then(|| {
            Words::new(
                "it runs while you are logged in; to have it run without that: loginctl enable-linger",
                "它只在您登录期间运行；如需不登录也运行，请执行：loginctl enable-linger",
            )
        })
    }

    fn last_lines(&self) -> Result<Vec<String>, Words> {
        let args = [
            "--user",
            "--unit",
            UNIT,
            "--lines=10",
            "--output=cat",
            "--no-pager",
            "--quiet",
        ];
        let ran = self.programs.run("journalctl", &args, ASK);
        let ran = ran.map_err(|why| why.words())?;
        match ran.complaint() {
            Some(complaint) => Err(complaint),
            None => Ok(ran.stdout.lines().map(str::to_owned).collect()),
        }
    }
}

/// What to do where systemd cannot be reached.
fn remedy(surroundings: Surroundings) -> Words {
    match surroundings {
        Surroundings {
            is_booted: false, ..
        } => Words::new(
            "this system was not started by systemd (a container, or WSL without it), so there is no service to install: let what starts the container run `mcp-gateway`; in WSL, set systemd=true under [boot] in /etc/wsl.conf",
            "本系统不是由 systemd 启动的（例如容器，或未启用 systemd 的 WSL），无法安装服务：请让容器的启动程序运行 `mcp-gateway`；在 WSL 中，请在 /etc/wsl.conf 的 [boot] 下设置 systemd=true",
        ),
        Surroundings { is_root: true, .. } => Words::new(
            "root has no services of its own here; run the command as the user whom the gateway is for, logged in by that name and not through su or sudo. A service for a whole server is described in docs/deploy.md",
            "此处 root 没有自己的用户级服务；请以使用网关的用户身份登录（不要通过 su 或 sudo）后执行该命令。整台服务器的部署方式见 docs/deploy.zh-CN.md",
        ),
        Surroundings {
            has_runtime_dir: false,
            ..
        } => Words::new(
            "this is no session of its own, as after su or sudo: log in as this user, or set XDG_RUNTIME_DIR=/run/user/$(id -u) after `loginctl enable-linger`",
            "当前不是独立的登录会话（例如通过 su 或 sudo 进入）：请以该用户登录，或先执行 `loginctl enable-linger`，再设置 XDG_RUNTIME_DIR=/run/user/$(id -u)",
        ),
        _ => Words::new(
            "look at `systemctl --user status`, log out and in again, then try once more",
            "请查看 `systemctl --user status`，注销并重新登录后再试",
        ),
    }
}

/// The answer of `systemctl show`.
fn read(shown: &str) -> Observed {
    let property = |name: &str| {
        let mut lines = shown.lines();
        lines
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .unwrap_or_default()
    };
    let number = |name: &str| property(name).parse::<i32>().unwrap_or_default();
    let end = || match property("Result") {
        // What sigaction(2) calls CLD_EXITED, CLD_KILLED and CLD_DUMPED.
        "exit-code" | "success" | "start-limit-hit" | "signal" | "core-dump" => {
            match number("ExecMainCode") {
                1 => End::Code(number("ExecMainStatus")),
                2 | 3 => End::Signal(number("ExecMainStatus")),
                _ => End::Other(property("Result").to_owned()),
            }
        }
        other => End::Other(other.to_owned()),
    };
    let process = match (property("ActiveState"), property("SubState")) {
        ("active" | "reloading", _) => Process::Running {
            pid: property("MainPID").parse().ok().filter(|pid| *pid != 0),
        },
        ("activating", "auto-restart") => Process::Failed {
            end: end(),
            again: true,
        },
        ("activating", _) => Process::Starting,
        ("deactivating", _) => Process::Stopping,
        ("failed", _) => Process::Failed {
            end: end(),
            again: false,
        },
        ("inactive", _) => Process::Stopped,
        _ => Process::Unknown,
    };
    Observed {
        starts_at_login: Some(matches!(
            property("UnitFileState"),
            "enabled" | "enabled-runtime" | "alias"
        ))
        .filter(|_| !property("LoadState").is_empty()),
        process,
    }
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(active: &str, sub: &str, more: &str) -> Observed {
        read(&format!(
            "LoadState=loaded\nActiveState={active}\nSubState={sub}\nUnitFileState=enabled\n{more}"
        ))
    }

    #[test]
    fn the_states_of_a_unit() {
        for (active, sub, more, process) in [
            ("inactive", "dead", "MainPID=0\n", Process::Stopped),
            (
                "active",
                "running",
                "MainPID=7\n",
                Process::Running { pid: Some(7) },
            ),
            ("activating", "start", "", Process::Starting),
            ("deactivating", "stop-sigterm", "", Process::Stopping),
            (
                "failed",
                "failed",
                "Result=exit-code\nExecMainCode=1\nExecMainStatus=3\n",
                Process::Failed {
                    end: End::Code(3),
                    again: false,
                },
            ),
            (
                "activating",
                "auto-restart",
                "Result=signal\nExecMainCode=2\nExecMainStatus=9\n",
                Process::Failed {
                    end: End::Signal(9),
                    again: true,
                },
            ),
            (
                "failed",
                "failed",
                "Result=oom-kill\nExecMainCode=2\nExecMainStatus=9\n",
                Process::Failed {
                    end: End::Other("oom-kill".to_owned()),
                    again: false,
                },
            ),
        ] {
            let observed = shown(active, sub, more);
            assert_eq!(observed.process, process, "{active} {sub}");
            assert_eq!(observed.starts_at_login, Some(true));
        }
        assert_eq!(read("").process, Process::Unknown);
        let unknown = read("LoadState=not-found\nActiveState=inactive\nUnitFileState=\n");
        assert_eq!(unknown.starts_at_login, Some(false));
    }

    #[test]
    fn who_cannot_reach_it_is_told_why() {
        let here = Surroundings {
            is_booted: true,
            has_runtime_dir: true,
            is_root: false,
        };
        for (surroundings, said) in [
            (
                Surroundings {
                    is_booted: false,
                    ..here
                },
                "container",
            ),
            (
                Surroundings {
                    is_root: true,
                    ..here
                },
                "root",
            ),
            (
                Surroundings {
                    has_runtime_dir: false,
                    ..here
                },
                "XDG_RUNTIME_DIR",
            ),
            (here, "systemctl --user status"),
        ] {
            let remedy = remedy(surroundings);
            assert!(remedy.en.contains(said), "{remedy:?}");
        }
    }
}
