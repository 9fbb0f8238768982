//! What a server's process finds around it: its variables, and where its program is.
//!
//! Started from a menu, by systemd or by another program, the gateway has a bare
//! environment, in which neither `npx` nor `uvx` is found. So the user's login shell is
//! asked for its environment, once, within a deadline, and what that does not name is
//! looked for where version managers put it. A program that is found without all this is
//! started without waiting for it.

mod apart;
mod compose;
mod find;
mod leftovers;
#[cfg(unix)]
mod login;
mod missing;
mod places;
mod search;
#[cfg(unix)]
mod shell;
#[cfg(all(test, unix))]
mod tests;
mod variables;

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use directories::BaseDirs;
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

use crate::ledger::Ledger;
use crate::words::Words;
use find::is_path;
use search::Search;

pub(crate) use apart::{apart, one_apart};
pub(crate) use find::Found;
pub(crate) use missing::Missing;
pub(crate) use variables::Variables;

/// A server that can be started gives a shell that is being asked this long, because its
/// files may set what the server wants beside `PATH`, such as a proxy.
const A_MOMENT: Duration = Duration::from_millis(300);

/// How long the shell may take, with everything that its user's files do.
const DEADLINE: Duration = Duration::from_secs(3);

/// What it takes beside, until its answer is there.
const MARGIN: Duration = Duration::from_secs(1);

/// A search that takes longer waits for a folder that does not answer, as one on a network
/// drive.
const SEARCH: Duration = Duration::from_secs(10);

/// A shell that was too late, as at the start of the whole desktop, is asked again after
/// this, where a program is not found.
#[cfg(unix)]
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// The environment of this process and of its user, for the processes of servers.
#[derive(Debug)]
pub(crate) struct Environment {
    own: Variables,
    home: Option<PathBuf>,
    root: PathBuf,
    cwd: PathBuf,
    /// Nobody's shell has started this process.
    bare: bool,
    /// How long the shell may take.
    #[cfg_attr(not(unix), expect(dead_code, reason = "no shell is asked there"))]
    patience: Duration,
    /// Held while the shell is asked.
    asking: Mutex<()>,
    shell: watch::Sender<LoginShell>,
    /// Of the gateway in this process; `None` until its orphans are reaped.
    ledger: StdMutex<Option<Arc<Ledger>>>,
}

/// What the user's login shell has said.
#[derive(Debug, Clone, Default)]
#[cfg_attr(not(unix), expect(dead_code, reason = "no shell is asked there"))]
pub(crate) enum LoginShell {
    /// Nobody has asked: everything was found without it, or it is being asked.
    #[default]
    NotAsked,
    /// Its environment.
    Told(Arc<Variables>),
    /// It ended without saying anything.
    Silent {
        /// The shell.
        shell: PathBuf,
    },
    /// Its files took too long, so that it was killed.
    TooLate {
        /// The shell.
        shell: PathBuf,
        /// When that was.
        at: Instant,
    },
    /// There is none: nobody logs in to this account, or the system has no such thing.
    Absent,
}

/// What is to be started.
#[derive(Debug)]
pub(crate) struct Launch {
    /// The program: a path wherever one was found.
    pub(crate) program: PathBuf,
    /// All of its variables.
    pub(crate) variables: Variables,
}

/// The one of this process: variables and shell are the same for everybody in it.
pub(crate) fn of_process() -> &'static Environment {
    static ENVIRONMENT: LazyLock<Environment> = LazyLock::new(Environment::read);
    &ENVIRONMENT
}

// === impl Environment ===

impl Environment {
    fn read() -> Self {
        let own = Variables::of_process();
        let on_terminal = std::io::stdin().is_terminal()
            || std::io::stdout().is_terminal()
            || std::io::stderr().is_terminal();
        Self {
            home: BaseDirs::new().map(|folders| folders.home_dir().to_owned()),
            root: PathBuf::from("/"),
            // A folder deleted under the process leaves nothing that relative paths could mean.
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            bare: !on_terminal && !of_a_shell(&own),
            own,
            patience: DEADLINE,
            asking: Mutex::default(),
            shell: watch::Sender::default(),
            ledger: StdMutex::default(),
        }
    }

    /// Asks the shell beforehand, where this process was not started from one; it is entered
    /// in the ledger, which has been reaped.
    pub(crate) async fn prepare(&self, ledger: &Arc<Ledger>, end: CancellationToken) {
        self.enter_in(ledger);
        if self.bare {
            tokio::select! {
                () = self.ask_shell(ledger) => {}
                () = end.cancelled() => {}
            }
        }
    }

    /// Whether the shell is being asked at this moment, which servers may be waiting for.
    pub(crate) fn is_asking(&self) -> bool {
        self.asking.try_lock().is_err()
    }

    /// What the shell has said so far.
    pub(crate) fn login_shell(&self) -> LoginShell {
        self.shell.borrow().clone()
    }

    /// Why it is not known what a terminal would have, where that is so.
    pub(crate) fn unheard(&self) -> Option<Words> {
        self.login_shell().unheard(&Words::new(
            "what your login shell sets is not known",
            "无法得知登录 shell 中的变量",
        ))
    }

    /// The variables that every child is given, as far as they are known.
    pub(crate) fn variables(&self) -> Variables {
        compose::base(&self.own, self.login_shell().variables().as_deref())
    }

    /// What a variable says that the configuration names as `${env:NAME}`: in the gateway's own
    /// environment first, else in that of the login shell, so that a gateway started from a menu
    /// finds what a terminal has. Asks the shell only where neither has it so far.
    pub(crate) async fn variable(&self, name: &str) -> Option<String> {
        if self.own.has(OsStr::new(name)) {
            return Some(self.own.value(name)?.to_str()?.to_owned());
        }
        let known = self.known(name);
        if known.is_some() {
            return known;
        }
        let ledger = self.ledger();
        match ledger {
            Some(ledger) => self.ask_shell(&ledger).await,
            None if self.bare && cfg!(unix) => self.wait_for_shell(DEADLINE + MARGIN).await,
            None => {}
        }
        self.known(name)
    }

    fn known(&self, name: &str) -> Option<String> {
        Some(self.variables().get(name)?.to_str()?.to_owned())
    }

    /// Where shells are entered that are asked for the sake of a variable.
    pub(crate) fn enter_in(&self, ledger: &Arc<Ledger>) {
        let mut known = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(Arc::clone(ledger));
    }

    fn ledger(&self) -> Option<Arc<Ledger>> {
        let known = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    /// Where a program is that a server's configuration names; `env` and `cwd` are those of
    /// that configuration. Asks the shell where it is not found without. Takes at most the
    /// shell's deadline and those of two searches.
    pub(crate) async fn find(
        &self,
        program: &str,
        env: &[(String, String)],
        cwd: Option<&Path>,
        ledger: &Arc<Ledger>,
    ) -> Found {
        let found = self.look(program, env, cwd, false).await;
        if found.path.is_some() || is_path(program) {
            return found;
        }
        self.ask_shell(ledger).await;
        self.look(program, env, cwd, true).await
    }

    /// Everything about the start of a server's program, which is found first; takes as long
    /// as [`Self::find`] may.
    ///
    /// # Errors
    /// Where there is no such program.
    pub(crate) async fn launch(
        &self,
        program: &str,
        env: &[(String, String)],
        cwd: Option<&Path>,
        ledger: &Arc<Ledger>,
    ) -> Result<Launch, Missing> {
        self.wait_a_moment().await;
        if is_path(program) {
            // The system decides what such a path means, also where it is relative. Of those
            // that Windows knows it adds but one ending by itself.
            let named = Path::new(program);
            let found = match cfg!(windows) && named.is_absolute() {
                true => self.look(program, &[], None, false).await.path,
                false => None,
            };
            return Ok(Launch {
                program: found.unwrap_or_else(|| named.to_owned()),
                variables: compose::child(&self.variables(), env, None),
            });
        }
        let found = self.find(program, env, cwd, ledger).await;
        match &found.path {
            Some(path) => Ok(Launch {
                program: path.clone(),
                variables: compose::child(&self.variables(), env, found.front.as_deref()),
            }),
            None => Err(Missing {
                found,
                shell: self.login_shell(),
                home: self.home.clone(),
            }),
        }
    }

    /// Searches with what is known of the environment by now; with `places`, also where
    /// version managers put programs.
    async fn look(
        &self,
        program: &str,
        env: &[(String, String)],
        cwd: Option<&Path>,
        places: bool,
    ) -> Found {
        let base = self.variables();
        let search = Search {
            program: program.to_owned(),
            path: compose::path(&base, env),
            cwd: self.cwd.join(cwd.unwrap_or(Path::new(""))),
            home: self.home.clone().filter(|_| places),
            root: self.root.clone(),
            base,
        };
        let path = search.path.clone();
        let what = format!("find {program} in {path:?} from {:?}", search.cwd);
        let found = one_apart(&what, SEARCH, move || search.run()).await;
        found.unwrap_or_else(|| Found {
            program: program.to_owned(),
            searched: path,
            late: true,
            ..Found::default()
        })
    }

    /// Waits a little for a shell that is to be asked in any case.
    async fn wait_a_moment(&self) {
        if self.bare && cfg!(unix) {
            self.wait_for_shell(A_MOMENT).await;
        }
    }

    async fn wait_for_shell(&self, patience: Duration) {
        let mut shell = self.shell.subscribe();
        let said = shell.wait_for(|shell| !matches!(shell, LoginShell::NotAsked));
        drop(tokio::time::timeout(patience, said).await);
    }

    /// Asks the shell, unless it has been asked. Takes at most twice its patience for the answer
    /// and as long for one who asks already.
    #[cfg(unix)]
    async fn ask_shell(&self, ledger: &Arc<Ledger>) {
        if !self.login_shell().is_to_be_asked() {
            return;
        }
        let asking = tokio::time::timeout(self.patience * 2 + MARGIN, self.asking.lock()).await;
        // Whoever asks then does so for everybody.
        let Ok(_asking) = asking else { return };
        if !self.login_shell().is_to_be_asked() {
            return;
        }
        let shell = login::shell_of(&self.own, self.patience).await;
        let variables = compose::base(&self.own, None);
        let began = Instant::now();
        let home = self.home.as_deref();
        let told = login::ask(&shell, &variables, home, ledger, self.patience).await;
        let said = match told {
            login::Told::Environment(variables) => {
                tracing::debug!(shell = %shell.display(), took_ms = began.elapsed().as_millis(), "the login shell has told its environment");
                LoginShell::Told(Arc::new(variables))
            }
            login::Told::NoShell => LoginShell::Absent,
            login::Told::Nothing => {
                tracing::warn!(shell = %shell.display(), "the login shell ended without telling its environment; programs are looked for without it");
                LoginShell::Silent { shell }
            }
            login::Told::TooLate => {
                tracing::warn!(shell = %shell.display(), "the login shell did not start within {} s and was ended; programs are looked for without it", self.patience.as_secs());
                LoginShell::TooLate {
                    shell,
                    at: Instant::now(),
                }
            }
        };
        self.shell.send_replace(said);
    }

    #[cfg(not(unix))]
    async fn ask_shell(&self, _: &Arc<Ledger>) {
        let _asking = self.asking.lock().await;
        self.shell.send_replace(LoginShell::Absent);
    }
}

// === impl LoginShell ===

impl LoginShell {
    fn variables(&self) -> Option<Arc<Variables>> {
        match self {
            Self::Told(variables) => Some(Arc::clone(variables)),
            _ => None,
        }
    }

    #[cfg(unix)]
    fn is_to_be_asked(&self) -> bool {
        match self {
            Self::NotAsked => true,
            Self::TooLate { at, .. } => at.elapsed() > ASK_AGAIN,
            Self::Told(_) | Self::Silent { .. } | Self::Absent => false,
        }
    }
}

/// Whether a shell stands behind these variables. Each counts how deep it is; one that was
/// replaced by a desktop's session leaves a zero.
fn of_a_shell(variables: &Variables) -> bool {
    variables
        .get("SHLVL")
        .and_then(|depth| depth.to_str()?.parse::<u32>().ok())
        .is_some_and(|depth| depth > 0)
}
