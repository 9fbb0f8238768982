//! Child processes: started in a group of their own, stopped with everything
//! they started.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

use crate::config::model::{ServerConfig, Transport};
use crate::ledger::{Entry, Ledger};
use crate::words::Words;

/// After stdin has been closed, before SIGTERM (MCP, "Lifecycle / Shutdown / stdio").
const AFTER_EOF: Duration = Duration::from_secs(2);
/// After SIGTERM, before SIGKILL.
const AFTER_TERM: Duration = Duration::from_secs(2);
/// For what the leader leaves behind in its group.
const FOR_STRAGGLERS: Duration = Duration::from_millis(300);
#[cfg(unix)]
const SIGTERM: i32 = 15;

/// A server's process with everything it starts.
#[derive(Debug)]
pub(crate) struct Child {
    process: Box<dyn ChildWrapper>,
    entry: Option<Entry>,
}

/// The three pipes to a child.
#[derive(Debug)]
pub(crate) struct Pipes {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

/// A command that could not be started, and what to do about it.
#[derive(Debug, Clone)]
pub(crate) struct SpawnError {
    pub(crate) message: Words,
    pub(crate) remedy: Words,
}

impl Child {
    /// Starts a local server.
    ///
    /// # Errors
    /// See [`SpawnError`].
    pub(crate) fn spawn(config: &ServerConfig, ledger: &Arc<Ledger>) -> Result<Self, SpawnError> {
        let Transport::Local { command, env, cwd } = &config.transport else {
            unreachable!("BUG: only local servers are spawned");
        };
        let (program, arguments) = command
            .split_first()
            .expect("BUG: an empty command passed validation");
        let mut wrap = CommandWrap::with_new(program, |spawned| {
            spawned
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            // The gateway's own settings are not the server's business.
            for (name, _) in std::env::vars_os() {
                if name
                    .to_str()
                    .is_some_and(|name| name.starts_with("MCP_GATEWAY_"))
                {
                    spawned.env_remove(name);
                }
            }
            spawned.envs(env.iter().map(|(name, value)| (name, value)));
            if let Some(cwd) = cwd {
                spawned.current_dir(cwd);
            }
        });
        wrap.wrap(KillOnDrop);
        #[cfg(unix)]
        wrap.wrap(process_wrap::tokio::ProcessGroup::leader());
        #[cfg(windows)]
        wrap.wrap(process_wrap::tokio::JobObject);
        let process = wrap
            .spawn()
            .map_err(|error| SpawnError::new(program, cwd.as_ref(), &error))?;
        let entry = process.id().map(|pid| ledger.enter(&config.name, pid));
        Ok(Self { process, entry })
    }

    /// The pipes, once.
    pub(crate) fn take_pipes(&mut self) -> Option<Pipes> {
        Some(Pipes {
            stdin: self.process.stdin().take()?,
            stdout: self.process.stdout().take()?,
            stderr: self.process.stderr().take()?,
        })
    }

    /// Waits for the process, whose stdin is closed, to leave; then insists.
    /// `None` where its status could not be learnt.
    pub(crate) async fn stop(mut self) -> Option<ExitStatus> {
        let mut status = self.wait(AFTER_EOF).await;
        if status.is_none() {
            self.terminate();
            status = self.wait(AFTER_TERM).await;
        }
        if status.is_some() && self.terminate() {
            // The leader is gone, yet somebody of its group took the signal.
            tokio::time::sleep(FOR_STRAGGLERS).await;
        }
        if let Err(error) = self.process.start_kill() {
            tracing::trace!(%error, "nothing left to kill");
        }
        if status.is_none() {
            status = self.wait(AFTER_TERM).await;
        }
        if let Some(entry) = self.entry {
            entry.strike();
        }
        status
    }

    async fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        tokio::time::timeout(patience, self.process.wait())
            .await
            .ok()?
            .ok()
    }

    /// Asks the whole group to leave; whether anybody was there to be asked.
    #[cfg(unix)]
    fn terminate(&self) -> bool {
        self.process.signal(SIGTERM).is_ok()
    }

    #[cfg(not(unix))]
    fn terminate(&self) -> bool {
        false
    }
}

impl SpawnError {
    fn new(program: &str, cwd: Option<&PathBuf>, error: &std::io::Error) -> Self {
        if let Some(cwd) = cwd.filter(|cwd| !cwd.is_dir()) {
            return Self {
                message: Words::new(
                    format!("the working directory {} does not exist", cwd.display()),
                    format!("工作目录 {} 不存在", cwd.display()),
                ),
                remedy: Words::new("create it, or correct `cwd`", "请创建该目录，或更正 `cwd`"),
            };
        }
        if error.kind() == std::io::ErrorKind::NotFound {
            let path = std::env::var("PATH").unwrap_or_default();
            return Self {
                message: Words::new(
                    format!("the command `{program}` was not found"),
                    format!("找不到命令 `{program}`"),
                ),
                remedy: Words::new(
                    format!(
                        "install it, or write its full path in `command`; the PATH searched was {path}"
                    ),
                    format!("请安装它，或在 `command` 中写完整路径；搜索的 PATH 是 {path}"),
                ),
            };
        }
        Self {
            message: Words::new(
                format!("the command `{program}` could not be started: {error}"),
                format!("无法启动命令 `{program}`: {error}"),
            ),
            remedy: Words::new(
                "check that the file is executable and `command` is right",
                "请检查该文件可执行，且 `command` 正确",
            ),
        }
    }
}
