//! How everything fares, as one document: what the window and `mcp-gateway status` show.

use serde::Serialize;

use crate::core::Core;
use crate::lifecycle::{Failure, State};
use crate::naming::Clash;
use crate::pool::PoolCounts;
use crate::words::Words;

/// The gateway's state in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Overall {
    /// Every server that should run does.
    Ok,
    /// Some are still being started for the first time.
    Initializing,
    /// At least one cannot be used.
    Degraded,
}

/// The whole status.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Of the gateway.
    pub version: &'static str,
    /// In one word.
    pub state: Overall,
    /// Seconds since the start.
    pub uptime: u64,
    /// The address for clients.
    pub endpoint: String,
    /// The configuration file that is in force, if any.
    pub config_path: Option<String>,
    /// Client sessions in memory.
    pub sessions: usize,
    /// What the user should know about how the gateway runs.
    pub notices: Vec<Words>,
    /// Each server, in the order of the configuration.
    pub servers: Vec<ServerStatus>,
    /// Names that two tools or prompts wanted.
    pub clashes: Vec<Clash>,
}

/// One server's part of it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerStatus {
    /// Its name.
    pub name: String,
    /// `stdio` or `http`.
    pub transport: &'static str,
    /// `starting`, `ready`, `failing`, `stopped` or `disabled`.
    pub state: &'static str,
    /// Tools that it offers, filters applied.
    pub tools: usize,
    /// Prompts that it offers.
    pub prompts: usize,
    /// Resources that it lists, templates included.
    pub resources: usize,
    /// Its connections.
    pub pool: PoolCounts,
    /// Why it fails.
    pub error: Option<Failure>,
}

// === impl Overall ===

impl Overall {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Initializing => "initializing",
            Self::Degraded => "degraded",
        }
    }
}

/// The state in one word.
pub(crate) fn overall(core: &Core) -> Overall {
    let states: Vec<_> = core.servers.iter().map(|server| server.state()).collect();
    if states
        .iter()
        .any(|state| matches!(state, State::Starting { failures: 0 }))
    {
        Overall::Initializing
    } else if states
        .iter()
        .any(|state| matches!(state, State::Failing { .. } | State::Starting { .. }))
    {
        Overall::Degraded
    } else {
        Overall::Ok
    }
}

/// The whole document.
pub(crate) fn status(core: &Core) -> Status {
    let catalog = core.board.catalog();
    let servers = core.servers.iter().map(|server| {
        let state = server.state();
        let offer = server.offer();
        ServerStatus {
            name: server.config.name.clone(),
            transport: server.transport(),
            state: state.word(),
            tools: catalog.view(Some(server.index)).listed_tools().len(),
            prompts: offer.prompts.len(),
            resources: offer.resources.len() + offer.templates.len(),
            pool: server.pool.counts(),
            error: match state {
                State::Failing { failure, .. } => Some(failure),
                _ => None,
            },
        }
    });
    Status {
        version: env!("CARGO_PKG_VERSION"),
        state: overall(core),
        uptime: core.started.elapsed().as_secs(),
        endpoint: core.endpoint(),
        config_path: core
            .config_path
            .as_ref()
            .map(|path| path.display().to_string()),
        sessions: core.sessions.count(),
        notices: core.notices.clone(),
        servers: servers.collect(),
        clashes: catalog.view(None).clashes().to_vec(),
    }
}
