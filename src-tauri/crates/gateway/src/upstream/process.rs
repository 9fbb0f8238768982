//! Child processes: started in a group of their own, stopped with everything
//! they started.

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};

use crate::config::model::{ServerConfig, Transport};
use crate::environment::{self, Missing};
use crate::ledger::{Entry, Ledger, Urgency};
use crate::words::Words;

/// For the system to start a program.
const START: Duration = Duration::from_secs(10);
/// After stdin has been closed, before SIGTERM (MCP, "Lifecycle / Shutdown / stdio").
const AFTER_EOF: Duration = Duration::from_secs(2);
/// After SIGTERM, before SIGKILL.
const AFTER_TERM: Duration = Duration::from_secs(2);
/// The same for a process that hangs.
const AFTER_TERM_IF_HUNG: Duration = Duration::from_secs(1);
/// For what the leader leaves behind in its group. Whoever left that, a browser for example, has
/// [`AFTER_TERM`].
const FOR_STRAGGLERS: Duration = Duration::from_millis(300);
/// After SIGKILL, until the system has seen off whoever is not the gateway's own child.
const AFTER_KILL: Duration = Duration::from_secs(1);
/// Whether anybody is left is asked again after this, then after twice that, and so on.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
const LOOK_AGAIN_AT_MOST: Duration = Duration::from_millis(160);
/// For a look at all processes of the machine.
const LOOK: Duration = Duration::from_secs(1);
#[cfg(unix)]
const SIGTERM: i32 = 15;

/// A server's process with everything it starts.
#[derive(Debug)]
pub(crate) struct Child {
    process: Box<dyn ChildWrapper>,
    entry: Option<Entry>,
    /// Whoever left its group has been asked to leave.
    has_asked: bool,
    /// Nobody of its group is left.
    is_over: bool,
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
        let wrap = CommandWrap::with_new(&launch.program, |spawned| {
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
        let (program, cwd) = (program.clone(), cwd.clone());
        let (name, ledger) = (config.name.clone(), Arc::clone(ledger));
        let named = program.clone();
        // The program, or its working directory, may lie where nothing answers. One that is
        // started too late after all is ended when it is dropped, and goes from the ledger
        // with the next look that finds nobody of it.
        let place = format!("start {} in {cwd:?}", launch.program.display());
        let started = environment::one_apart(&place, START, move || {
            let mut child = Self::start(wrap)
                .map_err(|error| SpawnError::new(&program, cwd.as_ref(), &error))?;
            child.entry = child.id().map(|pid| ledger.enter(&name, pid));
            Ok(child)
        });
        started
            .await
            .unwrap_or_else(|| Err(SpawnError::too_late(&named)))
    }

    /// Starts a process in a group, or job, of its own.
    pub(super) fn start(mut wrap: CommandWrap) -> io::Result<Self> {
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
        Ok(Self {
            process: wrap.spawn()?,
            entry: None,
            has_asked: false,
            is_over: false,
        })
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

    /// Finds out who has left its group: whoever is descended from it can be told only while
    /// those between live. To be called before its stdin is closed, and now and then.
    pub(crate) fn look(&self) -> impl Future<Output = ()> + use<> {
        let ledger = self.entry.as_ref().map(|entry| Arc::clone(entry.ledger()));
        async move {
            if let Some(ledger) = ledger {
                // Where it takes too long, who is known already is ended.
                environment::apart(LOOK, move || ledger.look()).await;
            }
        }
    }

    /// From here on nobody is forgotten for having lost a parent: everybody may. To be called
    /// after a [`look`](Self::look), before its stdin is closed.
    pub(crate) fn leaves(&self) {
        if let Some(entry) = &self.entry {
            entry.leaves();
        }
    }

    /// Waits for the process, whose stdin is closed, to leave; then insists.
    /// `None` where its status could not be learnt.
    pub(crate) async fn stop(mut self) -> Option<ExitStatus> {
        self.leaves();
        match self.wait(AFTER_EOF).await {
            Some(status) => self.finish(Some(status)).await,
            None => self.insist(AFTER_TERM).await,
        }
    }

    /// Ends a process that hangs: it will not notice the end of its stdin.
    pub(crate) async fn end(self) -> Option<ExitStatus> {
        self.leaves();
        self.insist(AFTER_TERM_IF_HUNG).await
    }

    async fn insist(mut self, patience: Duration) -> Option<ExitStatus> {
        self.look().await;
        self.terminate();
        let status = self.wait(patience).await;
        self.finish(status).await
    }

    /// Sees to it that nobody of it is left. `status` is the leader's, if it has left.
    async fn finish(mut self, mut status: Option<ExitStatus>) -> Option<ExitStatus> {
        if status.is_some() && self.terminate() {
            // The leader is gone, yet somebody of its group, or who left it, took the signal.
            match self.entry.as_ref().filter(|entry| entry.has_detached()) {
                Some(entry) => drop(is_gone(entry, AFTER_TERM).await),
                None => tokio::time::sleep(FOR_STRAGGLERS).await,
            }
        }
        // Somebody may have been started meanwhile.
        self.look().await;
        self.kill();
        if status.is_none() {
            status = self.wait(AFTER_TERM).await;
        }
        self.is_over = true;
        if let Some(entry) = self.entry.take()
            && is_gone(&entry, AFTER_KILL).await
        {
            entry.strike();
        }
        status
    }

    /// Ends the whole group, or job, at once, and whoever left it.
    fn kill(&mut self) {
        if let Err(error) = self.process.start_kill() {
            tracing::trace!(%error, "nothing left to kill");
        }
        if let Some(entry) = &self.entry {
            entry.signal_detached(Urgency::Insisting);
        }
    }

    async fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        tokio::time::timeout(patience, self.process.wait())
            .await
            .ok()?
            .ok()
    }

    /// Asks the whole group to leave, and whoever left it; whether anybody was there to be asked.
    #[cfg(unix)]
    fn terminate(&mut self) -> bool {
        let group = self.process.signal(SIGTERM).is_ok();
        // A second signal has many a program leave without tidying up.
        let was_asked = std::mem::replace(&mut self.has_asked, true);
        let detached = self.entry.as_ref().is_some_and(|entry| {
            if was_asked {
                entry.has_detached()
            } else {
                entry.signal_detached(Urgency::Asking)
            }
        });
        group || detached
    }

    #[cfg(not(unix))]
    fn terminate(&mut self) -> bool {
        self.has_asked = true;
        false
    }
}

/// Waits until nobody of a child is left; whether that was so in time.
async fn is_gone(entry: &Entry, patience: Duration) -> bool {
    let gone = async {
        let mut pause = LOOK_AGAIN;
        while environment::apart(LOOK, entry.is_left()).await != Some(false) {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LOOK_AGAIN_AT_MOST);
        }
    };
    tokio::time::timeout(patience, gone).await.is_ok()
}

impl Drop for Child {
    /// Whoever was to see it off has been dropped: with a runtime whose patience is at an end.
    /// What `KillOnDrop` ends then is the leader alone.
    fn drop(&mut self) {
        if !self.is_over {
            if let Some(entry) = &self.entry {
                entry.ledger().look();
            }
            self.kill();
        }
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

    /// The system has not started it in time.
    fn too_late(program: &str) -> Self {
        let seconds = START.as_secs();
        Self {
            message: Words::new(
                format!("the system has not started the command `{program}` within {seconds} s"),
                format!("系统在 {seconds} 秒内没有启动命令 `{program}`"),
            ),
            remedy: Words::new(
                "check that the drive on which the program and `cwd` lie answers",
                "请检查程序和 `cwd` 所在的驱动器是否有响应",
            ),
        }
    }

    fn new(program: &str, cwd: Option<&PathBuf>, error: &io::Error) -> Self {
        if let Some(cwd) = cwd.filter(|cwd| !cwd.is_dir()) {
            return Self {
                message: Words::new(
                    format!("the working directory {} does not exist", cwd.display()),
                    format!("工作目录 {} 不存在", cwd.display()),
                ),
                remedy: Words::new("create it, or correct `cwd`", "请创建该目录，或更正 `cwd`"),
            };
        }
        if error.kind() == io::ErrorKind::NotFound {
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
        if cfg!(windows) && error.kind() == io::ErrorKind::InvalidInput {
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

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::time::Instant;

    use tokio::io::AsyncReadExt;

    use super::*;

    /// A shell that has said that it is ready.
    async fn shell(script: &str) -> Child {
        let wrap = CommandWrap::with_new("sh", |command| {
            command
                .args(["-c", script])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped());
        });
        let mut child = Child::start(wrap).unwrap();
        let stdout = child.process.stdout().as_mut().unwrap();
        stdout.read_u8().await.unwrap();
        child
    }

    async fn group_is_gone(leader: u32) {
        let began = Instant::now();
        while crate::ledger::group_runs(leader) {
            assert!(began.elapsed() < Duration::from_secs(20), "still there");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn one_that_nobody_sees_off_goes_with_its_whole_group() {
        let child = shell("trap '' TERM; sleep 600 & echo; wait").await;
        let id = child.id().unwrap();
        drop(child);
        group_is_gone(id).await;
    }

    #[tokio::test]
    async fn one_that_hangs_is_not_given_the_time_to_notice_the_end_of_its_input() {
        let child = shell("echo; exec sleep 600").await;
        let began = Instant::now();
        assert_eq!(child.end().await.unwrap().signal(), Some(SIGTERM));
        assert!(began.elapsed() < AFTER_EOF, "{:?}", began.elapsed());

        let child = shell("trap '' TERM; sleep 600 & echo; while :; do wait; done").await;
        let id = child.id().unwrap();
        assert_eq!(child.end().await.unwrap().signal(), Some(9));
        group_is_gone(id).await;
    }

    /// Waits until the ledger has nothing more to say of its children.
    async fn is_struck(ledger: &Arc<Ledger>) {
        let began = Instant::now();
        while ledger.has_children() {
            assert!(began.elapsed() < Duration::from_secs(20), "still entered");
            tokio::time::sleep(Duration::from_millis(5)).await;
            ledger.look();
        }
    }

    #[tokio::test]
    async fn one_that_was_started_too_late_goes_from_the_ledger_once_its_group_is_gone() {
        let home = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(home.path());
        let mut child = shell("trap '' TERM; sleep 600 & echo; wait").await;
        child.entry = child.id().map(|pid| ledger.enter("late", pid));
        ledger.look();
        assert!(ledger.has_children());
        drop(child);
        is_struck(&ledger).await;
        let left = std::fs::read_dir(home.path().join("children")).unwrap();
        assert_eq!(left.count(), 0);
    }

    #[tokio::test]
    async fn whoever_left_its_group_goes_with_it() {
        let home = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(home.path());
        // Job control, which not every shell has without a terminal, gives each job in the
        // background a group of its own.
        let job = r#"trap "" TERM; sleep 600 & echo; while :; do wait; done"#;
        let script = format!("exec bash -c 'set -m; ({job}) & wait'");
        for is_dropped in [false, true] {
            let mut child = shell(&script).await;
            let id = child.id().unwrap();
            child.entry = child.id().map(|pid| ledger.enter("parent", pid));
            ledger.look();
            let pages = std::fs::read_dir(home.path().join("children")).unwrap();
            let page = std::fs::read(pages.last().unwrap().unwrap().path()).unwrap();
            let page: serde_json::Value = serde_json::from_slice(&page).unwrap();
            let detached = &page["children"][0]["detached"][0]["pid"];
            let detached = u32::try_from(detached.as_u64().unwrap()).unwrap();
            assert!(crate::ledger::group_runs(detached));
            if is_dropped {
                drop(child);
            } else {
                child.end().await;
                assert!(!ledger.has_children(), "struck at once");
            }
            group_is_gone(id).await;
            group_is_gone(detached).await;
            is_struck(&ledger).await;
        }
    }
}
