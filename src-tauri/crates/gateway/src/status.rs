//! How everything fares, as one document: what the window and `mcp-gateway status` show.

use serde::Serialize;
use wire::Era;

use crate::by_hand::ConfigProblem;
use crate::config::model::Transport;
use crate::core::Core;
use crate::counts::{self, Counts};
use crate::environment;
use crate::lifecycle::{Failure, State};
use crate::live::Live;
use crate::naming::Clash;
use crate::pool::PoolCounts;
use crate::server::Server;
use crate::upstream::http::address::public;
use crate::usage::Percent;
use crate::user::User;
use crate::words::Words;

/// The gateway's state in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "GatewayState"))]
pub enum Overall {
    /// Every server that should run does.
    Ok,
    /// Some are still being started for the first time.
    Initializing,
    /// At least one cannot be used, or not as it should be.
    Degraded,
}

/// The whole status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
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
    /// Which text of that file is in force.
    pub revision: Option<String>,
    /// What is wrong with the file as it is now, for which an earlier text of it is in force.
    pub config_problems: Vec<ConfigProblem>,
    /// Where the gateway keeps what it keeps.
    pub data_dir: String,
    /// Client sessions in memory.
    pub sessions: usize,
    /// What else the gateway holds at this moment.
    pub counts: Counts,
    /// How many things the doctor found wrong or worth a warning when it looked last; `null`
    /// where nobody has asked it yet.
    pub findings: Option<usize>,
    /// Clients that wait for the owner to let them in.
    pub approvals: usize,
    /// What the user should know about how the gateway runs.
    pub notices: Vec<Words>,
    /// Each server, in the order of the configuration.
    pub servers: Vec<ServerStatus>,
    /// Names that two tools or prompts wanted.
    pub clashes: Vec<Clash>,
}

/// One server's part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "Server"))]
pub struct ServerStatus {
    /// Its name.
    pub name: String,
    /// `stdio` or `http`.
    #[cfg_attr(test, ts(type = "'stdio' | 'http'"))]
    pub transport: &'static str,
    /// Which protocol is spoken with it: `legacy`, with a handshake, or `modern`, without; `null`
    /// until that is known.
    #[cfg_attr(test, ts(type = "'legacy' | 'modern' | null"))]
    pub era: Option<&'static str>,
    /// `starting`, `ready`, `degraded`, `failing`, `stopped`, `disabled` or `needsSignIn`.
    #[cfg_attr(test, ts(type = "ServerState"))]
    pub state: &'static str,
    /// Tools that it offers, filters applied.
    pub tools: usize,
    /// Tools that it has, the hidden ones included.
    pub offered: usize,
    /// Prompts that it offers.
    pub prompts: usize,
    /// Resources that it lists, templates included.
    pub resources: usize,
    /// Its connections, those of other users with accounts of their own included.
    pub pool: PoolCounts,
    /// Bytes of memory that its processes hold; `null` where there are none on this machine.
    pub memory: Option<u64>,
    /// Percent of one core that they use.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub cpu: Option<Percent>,
    /// Why it fails, or what is wrong although it is used.
    pub error: Option<Failure>,
    /// When it is started again after a failure, in seconds since 1970.
    pub retry_at: Option<u64>,
    /// What the user wrote about it.
    pub description: Option<String>,
    /// Its command line or its address, for display.
    pub target: String,
    /// It is an Alibaba Cloud service, which has no settings of its own.
    pub service: bool,
    /// It runs because there is no configuration file, and cannot be edited.
    pub built_in: bool,
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

impl Status {
    /// The same without what changes all the time, to tell whether anything else has.
    pub(crate) fn without_numbers(&self) -> Self {
        let servers = self.servers.iter().map(|server| ServerStatus {
            pool: PoolCounts {
                max: server.pool.max,
                ..PoolCounts::default()
            },
            memory: None,
            cpu: None,
            ..server.clone()
        });
        Self {
            uptime: 0,
            sessions: 0,
            counts: Counts::default(),
            servers: servers.collect(),
            ..self.clone()
        }
    }
}

/// The state in one word.
pub(crate) fn overall(core: &Core) -> Overall {
    let states: Vec<_> = core.live().servers.iter().map(|one| one.state()).collect();
    let any = |wanted: fn(&State) -> bool| states.iter().any(wanted);
    if any(State::is_first_start) {
        Overall::Initializing
    } else if any(|state| {
        matches!(
            state,
            State::Failing { .. } | State::Starting { .. } | State::Degraded { .. }
        )
    }) {
        Overall::Degraded
    } else {
        Overall::Ok
    }
}

/// One server's part.
pub(crate) fn server(core: &Core, live: &Live, server: &Server) -> ServerStatus {
    let catalog = core.board.catalog(server.owner.as_ref());
    let state = server.state();
    let offer = server.offer();
    let usage = server.history.usage();
    let config = live.config_of(&server.config.name);
    ServerStatus {
        name: server.config.name.clone(),
        transport: server.transport(),
        era: server.hello().map(|hello| match hello.era {
            Era::Legacy => "legacy",
            Era::Modern => "modern",
        }),
        state: state.word(),
        tools: catalog.view(Some(server.index())).listed_tools().len(),
        offered: offer.tools.len(),
        prompts: offer.prompts.len(),
        resources: offer.resources.len() + offer.templates.len(),
        pool: together(server.pool.counts(), of_guests(core, server)),
        memory: usage.map(|usage| usage.memory),
        cpu: usage.map(|usage| usage.cpu),
        retry_at: match &state {
            State::Failing { retry_at, .. } => retry_at.since_1970(),
            _ => None,
        },
        error: state.failure(),
        description: config.and_then(|config| config.description.clone()),
        target: target(&server.config.transport),
        service: server.config.from_services,
        built_in: live.path.is_none(),
    }
}

/// What servers may be waiting for.
fn asks_shell() -> Words {
    Words::new(
        "Your login shell is being asked for its environment; servers that need it start after that, in a few seconds",
        "正在读取登录 shell 的环境变量；需要它的服务器会在几秒后启动",
    )
}

/// What the servers of other users hold that stand in the place of a server. They are all remote,
/// so they take nothing of this machine that could be measured.
pub(crate) fn of_guests(core: &Core, server: &Server) -> PoolCounts {
    if server.owner.is_none() {
        return PoolCounts::default();
    }
    let guests = core.guests.all().into_iter();
    guests
        .filter(|guest| guest.config.name == server.config.name)
        .map(|guest| guest.pool.counts())
        .fold(PoolCounts::default(), together)
}

/// Both together. Each user has as many connections as there may be, so more than `max` of them
/// are no contradiction; where there are, they are what there may be.
fn together(one: PoolCounts, other: PoolCounts) -> PoolCounts {
    let total = one.total + other.total;
    PoolCounts {
        total,
        active: one.active + other.active,
        idle: one.idle + other.idle,
        max: one.max.max(total),
        waiting: one.waiting + other.waiting,
    }
}

fn target(transport: &Transport) -> String {
    match transport {
        Transport::Local { command, .. } => command.join(" "),
        Transport::Remote { url, .. } => public(url),
    }
}

/// The whole document.
pub(crate) fn status(core: &Core) -> Status {
    let live = core.live_full();
    let servers = live.servers.iter().map(|one| server(core, &live, one));
    Status {
        version: env!("CARGO_PKG_VERSION"),
        state: overall(core),
        uptime: core.started.elapsed().as_secs(),
        endpoint: core.endpoint(),
        config_path: live.path.as_ref().map(|path| path.display().to_string()),
        revision: live.revision.clone(),
        config_problems: core.hub.problems().to_vec(),
        data_dir: core.data_dir.display().to_string(),
        sessions: core.sessions.count(),
        counts: counts::now(core),
        findings: core.hub.findings(),
        approvals: core.oauth.facade.approvals().len(),
        notices: core
            .oauth
            .notice()
            .into_iter()
            .chain(live.notices.iter().cloned())
            .chain(environment::of_process().is_asking().then(asks_shell))
            .collect(),
        servers: servers.collect(),
        clashes: core
            .board
            .catalog(Some(&User::local()))
            .view(None)
            .clashes()
            .to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_of_several_users_are_counted_together() {
        let counts = |total, active, waiting| PoolCounts {
            total,
            active,
            idle: total - active,
            max: 2,
            waiting,
        };
        let all = [counts(2, 1, 3), counts(1, 1, 0)];
        assert_eq!(
            all.into_iter().fold(counts(0, 0, 0), together),
            PoolCounts {
                total: 3,
                active: 2,
                idle: 1,
                max: 3,
                waiting: 3,
            }
        );
    }
}
