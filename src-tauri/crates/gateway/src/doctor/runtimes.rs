//! What local servers are run by: whether it is new enough, and whether it answers.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use super::finding::Finding;
use super::programs::stem;
use crate::words::Words;

/// For a program to say its version; starting one on a loaded machine takes its time.
const PATIENCE: Duration = Duration::from_secs(6);

/// What a server needs beside its own program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Runtime {
    Node,
    Python,
    Docker,
}

/// What a runtime said about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// It is not where its programs look for it.
    Missing,
    /// What it printed, the first line.
    Version(String),
    /// It failed, and printed this.
    Failed(String),
    /// It did not answer in time.
    Silent,
}

/// One runtime, and the servers that need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) runtime: Runtime,
    pub(super) path: Option<PathBuf>,
    pub(super) servers: Vec<String>,
    pub(super) said: Said,
}

impl Runtime {
    /// What a command is run by.
    pub(super) fn of(program: &str) -> Option<Self> {
        let stem = stem(program);
        match stem.as_str() {
            "node" | "npx" | "npm" | "pnpm" | "pnpx" | "yarn" => Some(Self::Node),
            "docker" => Some(Self::Docker),
            "pip" | "pipx" => Some(Self::Python),
            _ if stem.starts_with("python") => Some(Self::Python),
            _ => None,
        }
    }

    /// The program that tells its version, for a command that is run by it.
    pub(super) fn program(self, command: &str) -> String {
        let stem = stem(command);
        match self {
            Self::Node if stem == "node" => command.to_owned(),
            Self::Node => "node".to_owned(),
            Self::Python if stem.starts_with("python") => command.to_owned(),
            Self::Python => "python3".to_owned(),
            Self::Docker => command.to_owned(),
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Node | Self::Python => &["--version"],
            // The client alone answers without the daemon; this asks it.
            Self::Docker => &["version", "--format", "{{.Server.Version}}"],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Node => "Node.js",
            Self::Python => "Python",
            Self::Docker => "Docker",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Python => "python",
            Self::Docker => "docker",
        }
    }
}

/// Asks a runtime for its version, with the variables that servers are given.
pub(super) async fn ask(
    runtime: Runtime,
    path: &std::path::Path,
    variables: impl Iterator<Item = (std::ffi::OsString, std::ffi::OsString)>,
) -> Said {
    let mut command = tokio::process::Command::new(path);
    command
        .args(runtime.arguments())
        .env_clear()
        .envs(variables)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    match tokio::time::timeout(PATIENCE, command.output()).await {
        Err(_) => Said::Silent,
        Ok(Err(error)) => Said::Failed(error.to_string()),
        Ok(Ok(output)) => {
            let printed = |bytes: &[u8]| {
                let text = String::from_utf8_lossy(bytes);
                let lines = text.lines().map(str::trim);
                let first = lines.into_iter().find(|line| !line.is_empty());
                first.unwrap_or_default().to_owned()
            };
            let (out, err) = (printed(&output.stdout), printed(&output.stderr));
            match (output.status.success(), out.is_empty()) {
                (true, false) => Said::Version(out),
                // Python 2 says it on stderr.
                (true, true) => Said::Version(err),
                (false, _) if err.is_empty() => Said::Failed(output.status.to_string()),
                (false, _) => Said::Failed(err),
            }
        }
    }
}

/// Judges one runtime.
pub(super) fn judge(asked: &Asked) -> Finding {
    let Asked {
        runtime,
        path,
        servers,
        said,
    } = asked;
    let (name, list) = (runtime.name(), servers.join(", "));
    let place = match path {
        Some(path) => format!("{name} ({})", path.display()),
        None => name.to_owned(),
    };
    let id = match path {
        Some(path) => format!("runtime:{}:{}", runtime.word(), path.display()),
        None => format!("runtime:{}", runtime.word()),
    };
    let finding = match (runtime, said) {
        (_, Said::Missing) => Finding::problem(
            id,
            Words::new(
                format!("{name} was not found, which {list} needs"),
                format!("找不到 {name}，而 {list} 需要它"),
            ),
        )
        .remedy(get(*runtime)),
        (_, Said::Silent) => Finding::warning(
            id,
            Words::new(
                format!("{place} does not say its version in time"),
                format!("{place} 没有及时给出版本"),
            ),
        )
        .because(needed_by(&list))
        .remedy(Words::new(
            "run it in a terminal to see what it waits for",
            "请在终端中运行它，查看它在等待什么",
        )),
        (Runtime::Docker, Said::Failed(why)) => docker(id, why, &list),
        (_, Said::Failed(why)) => Finding::problem(
            id,
            Words::new(
                format!("{place} cannot be run"),
                format!("{place} 无法运行"),
            ),
        )
        .because(Words::new(
            format!("{why}; needed by {list}"),
            format!("{why}；{list} 需要它"),
        ))
        .remedy(get(*runtime)),
        (_, Said::Version(version)) => versioned(id, *runtime, &place, version, &list),
    };
    match servers.as_slice() {
        [server] => finding.of(server),
        _ => finding,
    }
}

fn versioned(id: String, runtime: Runtime, place: &str, version: &str, list: &str) -> Finding {
    let bound = match runtime {
        // Node 18 was the first with fetch; most servers' libraries want 20 by now.
        Runtime::Node => Some(((18, 0), (20, 0))),
        // The official SDK wants 3.10.
        Runtime::Python => Some(((3, 10), (3, 10))),
        Runtime::Docker => None,
    };
    let fine = || {
        Finding::ok(
            id.clone(),
            Words::new(
                format!("{place} is {version}"),
                format!("{place} 的版本是 {version}"),
            ),
        )
        .because(needed_by(list))
    };
    let Some((least, good)) = bound else {
        return fine();
    };
    let Some(number) = number(version) else {
        return Finding::skipped(
            id,
            Words::new(
                format!("{place} says no version that can be read: {version}"),
                format!("{place} 给出的版本无法识别：{version}"),
            ),
        );
    };
    let title = Words::new(
        format!("{place} is too old: {version}"),
        format!("{place} 版本过旧：{version}"),
    );
    let finding = if number < least {
        Finding::problem(id.clone(), title)
    } else if number < good {
        Finding::warning(id.clone(), title)
    } else {
        return fine();
    };
    finding.because(needed_by(list)).remedy(get(runtime))
}

fn needed_by(list: &str) -> Words {
    Words::new(format!("needed by {list}"), format!("{list} 需要它"))
}

/// Major and minor of `v20.11.1` or `Python 3.12.4`.
fn number(version: &str) -> Option<(u32, u32)> {
    let start = version.find(|c: char| c.is_ascii_digit())?;
    let mut parts = version[start..].split(|c: char| !c.is_ascii_digit());
    let major = parts.next()?.parse().ok()?;
    let minor = parts.next().and_then(|minor| minor.parse().ok());
    Some((major, minor.unwrap_or(0)))
}

fn get(runtime: Runtime) -> Words {
    match runtime {
        Runtime::Node => Words::new(
            "install Node.js 20 or newer (https://nodejs.org, or `fnm install --lts`), or name a newer one with its full path in `command`; then check again",
            "请安装 Node.js 20 或更高版本（https://nodejs.org，或 `fnm install --lts`），或在 `command` 中写明较新版本的完整路径；然后重新检查",
        ),
        Runtime::Python => Words::new(
            "install Python 3.10 or newer, or run the server with `uvx`, which brings its own; then check again",
            "请安装 Python 3.10 或更高版本，或改用自带 Python 的 `uvx` 运行该服务器；然后重新检查",
        ),
        Runtime::Docker => Words::new(
            "install Docker (https://docs.docker.com/get-docker/) and start it; then check again",
            "请安装并启动 Docker（https://docs.docker.com/get-docker/）；然后重新检查",
        ),
    }
}

fn docker(id: String, why: &str, list: &str) -> Finding {
    let denied = why.to_ascii_lowercase().contains("permission denied");
    let remedy = if denied {
        Words::new(
            "let this user use Docker: `sudo usermod -aG docker $USER`, then log in again and check again",
            "请允许当前用户使用 Docker：`sudo usermod -aG docker $USER`，重新登录后再次检查",
        )
    } else {
        Words::new(
            "start Docker Desktop, or on Linux `sudo systemctl start docker`; then check again",
            "请启动 Docker Desktop，Linux 上执行 `sudo systemctl start docker`；然后重新检查",
        )
    };
    Finding::problem(id, Words::new("Docker does not answer", "Docker 没有应答"))
        .because(Words::new(
            format!("{why}; needed by {list}"),
            format!("{why}；{list} 需要它"),
        ))
        .remedy(remedy)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    fn asked(runtime: Runtime, said: Said) -> Asked {
        Asked {
            runtime,
            path: Some(PathBuf::from("/usr/bin/it")),
            servers: vec!["one".to_owned()],
            said,
        }
    }

    fn severity(runtime: Runtime, version: &str) -> Severity {
        judge(&asked(runtime, Said::Version(version.to_owned()))).severity
    }

    #[test]
    fn what_runs_a_command_is_known_by_its_name() {
        assert_eq!(Runtime::of("/opt/node/bin/npx"), Some(Runtime::Node));
        assert_eq!(Runtime::of("C:\\node\\npx.CMD"), Some(Runtime::Node));
        assert_eq!(Runtime::of("python3.12"), Some(Runtime::Python));
        assert_eq!(Runtime::of("docker"), Some(Runtime::Docker));
        assert_eq!(Runtime::of("uvx"), None, "it brings its own Python");
        assert_eq!(Runtime::Node.program("/opt/node"), "/opt/node");
        assert_eq!(Runtime::Node.program("npx"), "node");
    }

    #[test]
    fn old_versions_are_found() {
        assert_eq!(severity(Runtime::Node, "v16.20.2"), Severity::Problem);
        assert_eq!(severity(Runtime::Node, "v18.19.0"), Severity::Warning);
        assert_eq!(severity(Runtime::Node, "v22.1.0"), Severity::Ok);
        assert_eq!(severity(Runtime::Python, "Python 3.9.2"), Severity::Problem);
        assert_eq!(severity(Runtime::Python, "Python 3.13.0rc1"), Severity::Ok);
        assert_eq!(severity(Runtime::Python, "?"), Severity::Skipped);
        assert_eq!(severity(Runtime::Docker, "28.0"), Severity::Ok);
    }

    #[test]
    fn a_daemon_that_is_away_or_forbidden_has_its_remedy() {
        let remedy = |why: &str| {
            let finding = judge(&asked(Runtime::Docker, Said::Failed(why.to_owned())));
            assert_eq!(finding.severity, Severity::Problem);
            finding.remedy.expect("a remedy").en
        };
        assert!(remedy("Cannot connect to the Docker daemon").contains("systemctl start docker"));
        assert!(remedy("permission denied while trying").contains("usermod"));
        let missing = judge(&asked(Runtime::Node, Said::Missing));
        assert_eq!(missing.severity, Severity::Problem);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_is_asked_and_not_waited_for_without_end() {
        let none = || std::iter::empty();
        let ask = |path: &'static str| ask(Runtime::Node, std::path::Path::new(path), none());
        assert!(matches!(ask("/nowhere/node").await, Said::Failed(_)));
        // It fails without a word.
        assert!(matches!(ask("/bin/false").await, Said::Failed(_)));
    }
}
