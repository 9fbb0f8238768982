//! What starts a program at login and keeps it running: systemd, launchd or the Task Scheduler.

use std::path::Path;

use gateway::words::Words;

use super::definition::Definition;
use super::launchd::Launchd;
use super::programs::Installed;
use super::systemd::Systemd;
use super::tasks::Tasks;
use crate::context::Context;

/// A service manager, asked about this one service. Nothing here waits for the gateway.
pub(crate) trait Manager {
    /// Its name, at the start of a sentence.
    fn name(&self) -> &'static str;

    /// Where its definition of the service lies.
    fn path(&self) -> &Path;

    /// The definition as a file, and that file read again.
    fn render(&self, definition: &Definition) -> String;
    fn parse(&self, text: &str) -> Option<Definition>;
    fn encode(&self, text: &str) -> Vec<u8> {
        text.as_bytes().to_vec()
    }
    fn decode(&self, bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// The definition as it counts, with what a person has added to it elsewhere; `None` where
    /// that is not told, and the file is all there is.
    fn in_force(&self) -> Option<String> {
        None
    }

    /// What the definition cannot hold, so that the person has to see to it.
    fn fit(&self, definition: Definition) -> (Definition, Vec<Words>) {
        (definition, Vec::new())
    }

    /// Why it would not start this, whatever is written.
    fn refuses(&self, _definition: &Definition) -> Option<Words> {
        None
    }

    /// How a variable that is a secret reaches the service.
    fn place_for(&self, secret: &str) -> Words;

    /// Whether it can be asked for anything, and why not.
    fn reach(&self) -> Result<(), Trouble>;

    /// Takes the file as it is now, and starts it at login from now on.
    fn register(&self) -> Result<(), Trouble>;

    /// Starts it at login no more. Before the file is removed.
    fn withdraw(&self) -> Result<(), Trouble>;

    /// Knows nothing of it any more. After the file was removed.
    fn forget(&self) -> Result<(), Trouble>;

    fn start(&self) -> Result<(), Trouble>;
    fn stop(&self) -> Result<(), Trouble>;

    /// Whether it stops a program without giving it time, so that the gateway is asked before.
    fn stops_hard(&self) -> bool {
        false
    }

    /// How the service fares, as far as it says.
    fn observe(&self) -> Observed;

    /// What would make a service that starts at login better.
    fn hint(&self) -> Option<Words> {
        None
    }

    /// The last lines that the service printed, or why they cannot be had.
    fn last_lines(&self) -> Result<Vec<String>, Words>;
}

/// Why something cannot be had, and what a person does about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) cause: Words,
    pub(crate) remedy: Words,
}

/// How the service fares, as far as its manager says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Observed {
    /// Whether it starts at login; `None` where that is not known.
    pub(crate) starts_at_login: Option<bool>,
    pub(crate) process: Process,
}

/// The service's process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Process {
    /// Its manager does not tell.
    #[default]
    Unknown,
    Stopped,
    Starting,
    Running {
        pid: Option<u32>,
    },
    Stopping,
    /// It ended and is not wanted to.
    Failed {
        end: End,
        /// It is started once more in a moment.
        again: bool,
    },
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Code(i32),
    Signal(i32),
    /// In the manager's own word.
    Other(String),
}

/// The one of this system.
pub(crate) fn of_this_system(context: &Context) -> anyhow::Result<Box<dyn Manager>> {
    let programs = Box::new(Installed);
    Ok(match std::env::consts::OS {
        "macos" => Box::new(Launchd::new(context, programs)?),
        "windows" => Box::new(Tasks::new(context, programs)?),
        _ => Box::new(Systemd::new(context, programs)?),
    })
}

// === impl Trouble ===

impl Trouble {
    pub(crate) fn new(cause: Words, remedy: Words) -> Self {
        Self { cause, remedy }
    }

    /// As one text, for where there is no second line.
    pub(crate) fn words(&self) -> Words {
        Words::new(
            format!("{}; {}", self.cause.en, self.remedy.en),
            format!("{}；{}", self.cause.zh, self.remedy.zh),
        )
    }
}
