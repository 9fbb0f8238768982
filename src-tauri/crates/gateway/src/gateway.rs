//! The composition root: builds everything, runs it, and takes it down in order.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::{AdminToken, Guard};
use crate::board::Board;
use crate::config::model::Config;
use crate::core::Core;
use crate::ledger::Ledger;
use crate::private_file;
use crate::serve::door::Door;
use crate::serve::listener::Ending;
use crate::serve::session::Sessions;
use crate::serve::session_id::SessionKey;
use crate::serve::{self, listener};
use crate::server::shelf::Shelf;
use crate::server::{self, Server};
use crate::status::{self, Status};
use crate::words::Words;

/// Calls in flight get this long at shutdown.
const DRAIN: Duration = Duration::from_secs(30);
/// Servers get this long to leave; their own steps take less.
const FAREWELL: Duration = Duration::from_secs(8);
/// Bounds of how often timeouts and idle connections are looked at.
const TIDY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// What the gateway is given by whoever runs it.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where tokens, keys and kept catalogs live; made if it does not exist.
    pub data_dir: PathBuf,
    /// The configuration file in force, for the status.
    pub config_path: Option<PathBuf>,
    /// What the user should know; shown with the status.
    pub notices: Vec<Words>,
}

/// Why the gateway could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The listen address cannot be had.
    #[error("cannot listen on {host}:{port}: {source}")]
    Listen {
        /// The address.
        host: IpAddr,
        /// The port.
        port: u16,
        /// The system's reason.
        source: io::Error,
    },
    /// The data folder cannot be used.
    #[error("cannot use the data folder {}: {source}", .path.display())]
    Data {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// A gateway that runs on the tokio runtime it was started on.
#[derive(Debug)]
pub struct Gateway {
    core: Arc<Core>,
    router: Router,
    connections: TaskTracker,
    servers: TaskTracker,
    tidying: CancellationToken,
    addresses: Vec<std::net::SocketAddr>,
}

impl StartError {
    /// For a person, with what to do.
    pub fn words(&self) -> Words {
        match self {
            Self::Listen { host, port, source } if source.kind() == io::ErrorKind::AddrInUse => {
                Words::new(
                    format!(
                        "{host}:{port} is taken by another program (perhaps another gateway); stop it, or choose another port with --port or gateway.port"
                    ),
                    format!(
                        "{host}:{port} 已被其他程序占用（可能是另一个网关）；请停止它，或用 --port 或 gateway.port 换一个端口"
                    ),
                )
            }
            Self::Listen { host, port, source } => Words::new(
                format!(
                    "cannot listen on {host}:{port}: {source}; choose another address with --host or --port"
                ),
                format!("无法监听 {host}:{port}: {source}；请用 --host 或 --port 换一个地址"),
            ),
            Self::Data { path, source } => Words::new(
                format!(
                    "cannot use the data folder {}: {source}; make it writable, or choose another with --data-dir",
                    path.display()
                ),
                format!(
                    "无法使用数据目录 {}: {source}；请使其可写，或用 --data-dir 换一个",
                    path.display()
                ),
            ),
        }
    }
}

impl Gateway {
    /// Starts listening first and the servers second, so that clients can
    /// connect at once.
    ///
    /// # Errors
    /// See [`StartError`]; nothing is left running then.
    pub async fn start(config: Config, surroundings: Surroundings) -> Result<Self, StartError> {
        let data = |source| StartError::Data {
            path: surroundings.data_dir.clone(),
            source,
        };
        let key = session_key(&surroundings).map_err(data)?;
        let admin_token = admin_token(&surroundings).map_err(data)?;
        let host = reachable(config.gateway.host);
        let port = config.gateway.port;
        let listeners = listener::bind(host, port)
            .await
            .map_err(|source| StartError::Listen { host, port, source })?;
        let addresses: Vec<_> = listeners
            .iter()
            .filter_map(|listener| listener.local_addr().ok())
            .collect();

        let tasks = TaskTracker::new();
        let ledger = Ledger::new(&surroundings.data_dir);
        let core = build(config, surroundings, key, admin_token, &tasks, &ledger);
        let core = Arc::new(core);
        if let Some(address) = addresses.first() {
            core.port.get_or_init(|| address.port());
        }
        let gateway = Self {
            router: serve::router(Arc::clone(&core)),
            core,
            connections: TaskTracker::new(),
            servers: tasks,
            tidying: CancellationToken::new(),
            addresses,
        };
        gateway.run(listeners, ledger);
        Ok(gateway)
    }

    /// The addresses listened on.
    pub fn addresses(&self) -> &[std::net::SocketAddr] {
        &self.addresses
    }

    /// The address to give to clients.
    pub fn endpoint(&self) -> String {
        self.core.endpoint()
    }

    /// The whole HTTP surface for requests from inside the process, marked with
    /// [`InProcess`](crate::InProcess). It is not guarded: never put it on a socket.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// How everything fares.
    pub fn status(&self) -> Status {
        status::status(&self.core)
    }

    /// Takes everything down; the lines are the order.
    pub async fn shutdown(self) {
        // Stop accepting; streams without a call end, requests in flight go on.
        self.core.ending.draining.cancel();
        self.core.sessions.hang_up();
        self.connections.close();
        if tokio::time::timeout(DRAIN, self.connections.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                "calls that were still in flight after {} s are dropped",
                DRAIN.as_secs()
            );
            self.core.ending.cut.cancel();
        }
        // Close the servers: end of input, then SIGTERM, then SIGKILL.
        self.tidying.cancel();
        self.core.servers.iter().for_each(|server| server.close());
        self.servers.close();
        let gone = async {
            self.connections.wait().await;
            self.core.tasks.close();
            self.core.tasks.wait().await;
            for server in &self.core.servers {
                server.inbox.tasks.wait().await;
            }
            self.servers.wait().await;
        };
        if tokio::time::timeout(FAREWELL, gone).await.is_err() {
            tracing::warn!("some servers did not leave within {} s", FAREWELL.as_secs());
        }
    }

    fn run(&self, listeners: Vec<TcpListener>, ledger: Arc<Ledger>) {
        let door = Door::new(Arc::clone(&self.core), self.router.clone());
        for listener in listeners {
            let (door, ending) = (door.clone(), self.core.ending.clone());
            let header_bytes = self.core.config.limits.header_bytes;
            self.connections.spawn(listener::accept(
                listener,
                door,
                header_bytes,
                ending,
                self.connections.clone(),
            ));
        }
        let core = Arc::clone(&self.core);
        self.servers.spawn(async move {
            // An orphan may hold what its successor needs: a port, a lock.
            ledger.reap().await;
            core.servers.iter().for_each(Server::start);
        });
        self.servers
            .spawn(tidy(Arc::clone(&self.core), self.tidying.clone()));
    }
}

fn build(
    config: Config,
    given: Surroundings,
    key: SessionKey,
    admin_token: AdminToken,
    tasks: &TaskTracker,
    ledger: &Arc<Ledger>,
) -> Core {
    let sessions = Sessions::new(key, config.limits.sessions);
    let mut kept = Vec::new();
    let mut shelves = Vec::new();
    for server in &config.servers {
        let shelf = Shelf::new(&given.data_dir, server);
        let (offer, habits) = shelf.read().filter(|_| server.enabled).unzip();
        kept.push((server.clone(), offer));
        shelves.push((shelf, habits));
    }
    let board = Board::new(kept, Arc::clone(&sessions));
    let surroundings = server::Surroundings {
        limits: config.limits,
        sessions: &sessions,
        board: &board,
        ledger,
        tasks,
    };
    let servers: Vec<_> = config
        .servers
        .iter()
        .zip(shelves)
        .enumerate()
        .map(|(index, (server, (shelf, habits)))| {
            Server::new(index, server.clone(), shelf, habits, &surroundings)
        })
        .collect();
    let by_name: HashMap<_, _> = servers
        .iter()
        .filter(|server| server.config.enabled)
        .map(|server| (server.config.name.clone(), server.index))
        .collect();
    let mut hosts = config.gateway.allowed_hosts.clone();
    if let Some((_, public)) = config
        .gateway
        .base_url
        .as_deref()
        .and_then(|url| url.split_once("://"))
    {
        hosts.push(
            public
                .split('/')
                .next()
                .unwrap_or(public)
                .to_ascii_lowercase(),
        );
    }
    let guard = Guard {
        hosts,
        origins: config.gateway.allowed_origins.clone(),
        require_token: config.gateway.require_token,
        admin_token,
    };
    Core {
        config,
        config_path: given.config_path,
        notices: given.notices,
        servers,
        by_name,
        board,
        sessions,
        guard,
        tasks: TaskTracker::new(),
        started: Instant::now(),
        port: OnceLock::new(),
        ending: Ending::default(),
    }
}

/// Beyond loopback nothing is opened until clients can authenticate.
fn reachable(asked: IpAddr) -> IpAddr {
    if asked.is_loopback() {
        asked
    } else {
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    }
}

fn session_key(given: &Surroundings) -> io::Result<SessionKey> {
    let path = given.data_dir.join("session.key");
    let key = private_file::read_or_create(&path, || random::<32>().map(|key| key.to_vec()))?;
    match key.as_slice().try_into() {
        Ok(key) => Ok(SessionKey::from_bytes(key)),
        Err(_) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "session.key is not 32 bytes long; delete it to get a new one",
        )),
    }
}

fn admin_token(given: &Surroundings) -> io::Result<AdminToken> {
    let path = given.data_dir.join("admin.token");
    let token = private_file::read_or_create(&path, || {
        random::<32>().map(|bytes| URL_SAFE_NO_PAD.encode(bytes).into_bytes())
    })?;
    match String::from_utf8(token) {
        Ok(token) if token.trim().len() >= 32 => Ok(AdminToken::new(token.trim().to_owned())),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "admin.token is no token; delete it to get a new one",
        )),
    }
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

/// Looks after timeouts and idle connections, as often as the shortest of them needs.
async fn tidy(core: Arc<Core>, end: CancellationToken) {
    let shortest = core
        .servers
        .iter()
        .map(|server| {
            server
                .config
                .call_timeout
                .min(server.config.pool.idle_timeout)
        })
        .min();
    let Some(shortest) = shortest else { return };
    let mut ticks = tokio::time::interval((shortest / 4).clamp(TIDY.0, TIDY.1));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = ticks.tick() => core.servers.iter().for_each(|server| server.tidy()),
        }
    }
}
