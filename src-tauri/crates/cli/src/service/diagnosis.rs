//! From what was observed to what is wrong, layer by layer: configuration, service manager,
//! installation, registration, process, health, servers. The first that is broken explains those
//! above it, so they are judged only as far as they can be (`layers`). Pure.

mod layers;

use std::path::PathBuf;

use gateway::instance::Occupant;
use gateway::words::Words;

use super::definition::Definition;
use super::manager::{Observed, Process, Trouble};

/// Everything that was observed.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// What the service's gateway would find as its configuration.
    pub(crate) config: ConfigFact,
    pub(crate) manager: &'static str,
    pub(crate) reach: Result<(), Trouble>,
    pub(crate) installed: Installed,
    pub(crate) observed: Observed,
    /// The gateway that has the data folder.
    pub(crate) occupant: Option<Occupant>,
    pub(crate) answer: Answer,
    /// What the service printed last, where it does not run as it should.
    pub(crate) lines: Vec<String>,
    /// What would make a service that starts at login better.
    pub(crate) hint: Option<Words>,
    /// The version that looks.
    pub(crate) version: &'static str,
}

/// A configuration as a start would find it.
#[derive(Debug, Clone)]
pub(crate) enum ConfigFact {
    /// No file; the built-in demo is served.
    Demo,
    Sound(PathBuf),
    /// In the words of `config info`, in the reader's language.
    Broken(String),
}

/// The definition on disk.
#[derive(Debug, Clone)]
pub(crate) enum Installed {
    No,
    Unreadable {
        path: PathBuf,
        why: String,
    },
    /// There, but it starts nothing that can be known.
    Strange(PathBuf),
    Yes {
        path: PathBuf,
        definition: Definition,
        program_exists: bool,
    },
}

/// How the gateway answers at the address that it has noted.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// There is nobody to be asked.
    NotAsked,
    Silent(String),
    Said {
        version: String,
        /// Those that are switched on.
        servers: usize,
        /// Those of them that cannot be used: the name, and the state as the
        /// gateway calls it.
        troubled: Vec<(String, String)>,
    },
}

/// What is said of a layer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Layer {
    pub(crate) id: &'static str,
    pub(crate) state: State,
    pub(crate) said: Words,
    /// What to do; of a layer that is in order, what would make it better.
    pub(crate) remedy: Option<Words>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) lines: Vec<String>,
}

/// How a layer fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Ok,
    Warning,
    Problem,
    /// It cannot be known before what is below it is in order.
    Unknown,
}

/// The layers from the bottom up.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Diagnosis {
    pub(crate) manager: &'static str,
    /// Where it answers.
    pub(crate) address: Option<String>,
    pub(crate) layers: Vec<Layer>,
    /// As `service status` exits: 0 runs and answers, 3 does not run, 4 is not installed or cannot
    /// be known, 1 otherwise (those of the Linux Standard Base, where it has one).
    #[serde(rename = "exitCode")]
    pub(crate) exit_code: u8,
}

// === impl Diagnosis ===

impl Diagnosis {
    pub(crate) fn of(facts: &Facts) -> Self {
        let layers = vec![
            facts.config(),
            facts.manager(),
            facts.installation(),
            facts.registration(),
            facts.process(),
            facts.health(),
            facts.servers(),
        ];
        let has = |id: &str, state: State| {
            layers
                .iter()
                .any(|layer| layer.id == id && layer.state == state)
        };
        let exit_code = if has("manager", State::Problem) || !facts.is_installed() {
            4
        } else if has("process", State::Problem) {
            3
        } else if layers.iter().any(|layer| layer.state == State::Problem)
            || !matches!(facts.answer, Answer::Said { .. })
        {
            1
        } else {
            0
        };
        Self {
            manager: facts.manager,
            address: facts.own().and_then(Occupant::address).map(url),
            layers,
            exit_code,
        }
    }
}

// === impl Facts ===

impl Facts {
    fn is_installed(&self) -> bool {
        !matches!(self.installed, Installed::No)
    }

    fn runs(&self) -> bool {
        self.own().is_some()
    }

    /// The gateway that has the data folder, if it is the service's.
    pub(crate) fn own(&self) -> Option<&Occupant> {
        let occupant = self.occupant.as_ref()?;
        match self.observed.process {
            Process::Running { pid: Some(pid) } => (pid == occupant.pid).then_some(occupant),
            Process::Running { pid: None } => Some(occupant),
            // The Task Scheduler does not tell; whoever installs a service and has a gateway that
            // is not the app's has the service.
            Process::Unknown if self.is_installed() && self.reach.is_ok() => {
                (occupant.kind != gateway::instance::Kind::Desktop).then_some(occupant)
            }
            _ => None,
        }
    }
}

// === impl Layer ===

impl Layer {
    fn new(id: &'static str, state: State, said: Words) -> Self {
        Self {
            id,
            state,
            said,
            remedy: None,
            lines: Vec::new(),
        }
    }

    fn ok(id: &'static str, said: Words) -> Self {
        Self::new(id, State::Ok, said)
    }

    fn unknown(id: &'static str, said: Words) -> Self {
        Self::new(id, State::Unknown, said)
    }

    fn with(mut self, remedy: Words) -> Self {
        self.remedy = Some(remedy);
        self
    }
}

fn url(address: std::net::SocketAddr) -> String {
    format!("http://{address}")
}

#[cfg(test)]
mod tests;
