//! Child processes: started in a group of their own, stopped with everything
//! they started.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

use crate::config::model::{ServerConfig, Transport};
use crate::environment::{self, Missing};
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
    pub(crate) async fn spawn(
        config: &ServerConfig,
        ledger: &Arc<Ledger>,
    ) -> Result<Self, SpawnError> {
        let Transport::Local { command, env, cwd } = &config.transport else {
            unreachable!("BUG: only local servers are spawned");
        };
        let (program, arguments) = command
            .split_first()
            .expect("BUG: an empty command passed validation");
        let surroundings = environment::of_process();
        let launch = surroundings
            .launch(program, env, cwd.as_deref(), ledger)
            .await?;
        let mut wrap = CommandWrap::with_new(&launch.program, |spawned| {
            spawned
                .args(arguments)
                .env_clear()
                .envs(launch.variables.iter())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            if let Some(cwd) = cwd {
                spawned.current_dir(cwd);
            }
        });
        wrap.wrap(KillOnDrop);
        #[cfg(unix)]
        wrap.wrap(process_wrap::tokio::ProcessGroup::leader());
        #[cfg(windows)]
        {
            use windows::Win32::System::Threading::CREATE_NO_WINDOW;
            // A console program of an app without one would open a console of its own.
            wrap.wrap(process_wrap::tokio::CreationFlags(CREATE_NO_WINDOW));
            wrap.wrap(process_wrap::tokio::JobObject);
        }
        let process = wrap
            .spawn()
            .map_err(|error| SpawnError::new(program, cwd.as_ref(), &error))?;
        let entry = process.id().map(|pid| ledger.enter(&config.name, pid));
        Ok(Self { process, entry })
    }

    /// Its id, which is that of its group as well.
    pub(crate) fn id(&self) -> Option<u32> {
        self.process.id()
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

impl From<Missing> for SpawnError {
    fn from(missing: Missing) -> Self {
        Self {
            message: missing.message(),
            remedy: missing.remedy(),
        }
    }
}

impl SpawnError {
    /// It is not wanted any more.
    pub(super) fn closed() -> Self {
        Self {
            message: Words::new(
                "it was closed before it was started",
                "它在启动之前已被关闭",
            ),
            remedy: Words::new("start it again", "请重新启动它"),
        }
    }

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
            return Self {
                message: Words::new(
                    format!("the command `{program}` was not found"),
                    format!("找不到命令 `{program}`"),
                ),
                remedy: Words::new(
                    "correct the path in `command`; where the file is a script, its first line may name a program that does not exist",
                    "请更正 `command` 中的路径；如果该文件是脚本，其第一行所指的程序可能不存在",
                ),
            };
        }
        if cfg!(windows) && error.kind() == std::io::ErrorKind::InvalidInput {
            return Self {
                message: Words::new(
                    format!(
                        "the command `{program}` is a batch file, and Windows cannot pass it these arguments safely"
                    ),
                    format!("命令 `{program}` 是批处理文件，Windows 无法安全地向其传递这些参数"),
                ),
                remedy: Words::new(
                    "leave quotes, percent signs and line breaks out of its arguments, or name the program that it starts in `command`, such as `node` with the path of a script",
                    "请从参数中去掉引号、百分号和换行，或在 `command` 中直接写它所启动的程序，例如 `node` 加脚本路径",
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
