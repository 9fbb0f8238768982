//! Runs the login shell, reads what it answers, and leaves nothing of it running. What it
//! prints is looked at for the answer and forgotten: it may hold anything.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt;

use super::apart::one_apart;
use super::shell::{self, Arguments, Mark};
use super::variables::Variables;
use crate::ledger::{Entry, Ledger};

/// For a shell that was killed to be gone.
const AFTER_KILL: Duration = Duration::from_secs(1);
/// Longest answer that is read, with all that is printed around it.
const LONGEST: usize = 4 * 1024 * 1024;

/// What became of it.
#[derive(Debug, Clone)]
pub(super) enum Told {
    /// The shell's variables.
    Environment(Variables),
    /// It ended, or could not be started, without telling.
    Nothing,
    /// It was killed.
    TooLate,
    /// Nobody logs in to this account.
    NoShell,
}

/// The login shell of this user: what `SHELL` says, else the system's book of accounts.
/// That may lie on another machine, so it is given no more than `patience`.
pub(super) async fn shell_of(own: &Variables, patience: Duration) -> PathBuf {
    let named = own.get("SHELL").map(PathBuf::from);
    if let Some(named) = named.filter(|shell| shell.is_absolute()) {
        return named;
    }
    let of_account = one_apart("accounts", patience, of_account).await;
    of_account
        .flatten()
        .unwrap_or_else(|| PathBuf::from("/bin/sh"))
}

fn of_account() -> Option<PathBuf> {
    // An account that cannot be looked up has no shell to ask.
    let account = nix::unistd::User::from_uid(nix::unistd::getuid()).ok()??;
    Some(account.shell).filter(|shell| shell.is_absolute())
}

/// Asks it, one way after the other, until one answers or the patience is at an end.
pub(super) async fn ask(
    shell: &Path,
    variables: &Variables,
    home: Option<&Path>,
    ledger: &Arc<Ledger>,
    patience: Duration,
) -> Told {
    let Ok(mark) = Mark::random() else {
        return Told::Nothing;
    };
    let ways = shell::ways(shell, &mark);
    if ways.is_empty() {
        return Told::NoShell;
    }
    let asked = async {
        for way in ways {
            // Shell and home may lie where nothing answers. One that is started too late after
            // all is killed when it is dropped.
            let start = Start {
                shell: shell.to_owned(),
                way,
                variables: variables.clone(),
                home: home.map(Path::to_owned),
                ledger: Arc::clone(ledger),
            };
            let started = one_apart("login shell", patience, move || Asked::start(start));
            let mut asked = match started.await {
                Some(Ok(asked)) => asked,
                None => return Told::TooLate,
                Some(Err(error)) => {
                    tracing::debug!(shell = %shell.display(), %error, "the login shell cannot be started");
                    return Told::Nothing;
                }
            };
            let answer = asked.answer(&mark).await;
            asked.end().await;
            if let Some(answer) = answer {
                return Told::Environment(answer);
            }
        }
        Told::Nothing
    };
    // What is dropped at the deadline kills its group.
    tokio::time::timeout(patience, asked)
        .await
        .unwrap_or(Told::TooLate)
}

/// What a shell is started with.
struct Start {
    shell: PathBuf,
    way: Arguments,
    variables: Variables,
    home: Option<PathBuf>,
    ledger: Arc<Ledger>,
}

/// A shell that was asked. Dropping it kills it with all that it started.
#[derive(Debug)]
struct Asked {
    process: Box<dyn ChildWrapper>,
    /// `None` once it is killed.
    running: Option<Running>,
}

#[derive(Debug)]
struct Running(Option<Entry>);

// === impl Asked ===

impl Asked {
    fn start(start: Start) -> std::io::Result<Self> {
        let Start {
            shell,
            way,
            variables,
            home,
            ledger,
        } = start;
        let mut wrap = CommandWrap::with_new(shell, |command| {
            command
                .args(way)
                .env_clear()
                .envs(variables.iter())
                .envs(shell::ASKING.iter().copied())
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null());
            if let Some(home) = home.filter(|home| home.is_dir()) {
                command.current_dir(home);
            }
        });
        wrap.wrap(KillOnDrop);
        // A session of its own has no terminal: nothing can ask on it, or stop for it.
        wrap.wrap(process_wrap::tokio::ProcessSession);
        let process = wrap.spawn()?;
        let entry = process.id().map(|pid| ledger.enter("(login shell)", pid));
        Ok(Self {
            process,
            running: Some(Running(entry)),
        })
    }

    /// Reads until the answer is complete, which is not the end of what it prints: what its
    /// files leave running in the background may hold the pipe for ever.
    async fn answer(&mut self, mark: &Mark) -> Option<Variables> {
        let mut stdout = self.process.stdout().take()?;
        let mut printed = Vec::new();
        while printed.len() < LONGEST {
            match stdout.read_buf(&mut printed).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return None,
            }
            if let Some(answer) = mark.between(&printed) {
                return Some(shell::parse(answer));
            }
        }
        None
    }

    /// Kills what is left of it and waits for that.
    async fn end(mut self) {
        self.kill();
        let gone = tokio::time::timeout(AFTER_KILL, self.process.wait()).await;
        if gone.is_err() {
            tracing::debug!("the login shell does not end");
        }
    }

    fn kill(&mut self) {
        let Some(Running(entry)) = self.running.take() else {
            return;
        };
        // A shell that controls jobs gives each a group of its own, in its one session.
        let jobs = self.process.id().map(jobs_of).unwrap_or_default();
        if let Err(error) = self.process.start_kill() {
            tracing::trace!(%error, "nothing left to kill");
        }
        for job in jobs {
            if let Err(error) = kill_process(job, Signal::KILL) {
                tracing::trace!(%error, "nothing left to kill");
            }
        }
        if let Some(entry) = entry {
            entry.strike();
        }
    }
}

/// Who is in the session of a process that leads one, beside itself.
#[cfg(target_os = "linux")]
fn jobs_of(leader: u32) -> Vec<Pid> {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let members = processes.filter_map(|process| {
        let process = process.ok()?;
        let pid = process.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(process.path().join("stat")).ok()?;
        // The name before the last bracket may hold anything; then come state, parent, group
        // and session (proc_pid_stat(5)).
        let session: u32 = stat
            .rsplit_once(')')?
            .1
            .split_ascii_whitespace()
            .nth(3)?
            .parse()
            .ok()?;
        (session == leader).then(|| Pid::from_raw(pid))?
    });
    members
        .filter(|pid| pid.as_raw_nonzero().get().unsigned_abs() != leader)
        .collect()
}

/// Its group has to do where sessions are not told cheaply.
#[cfg(not(target_os = "linux"))]
fn jobs_of(_: u32) -> Vec<Pid> {
    Vec::new()
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.kill();
    }
}
