//! The composition root: builds everything, runs it, and takes it down in order.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vault::Vault;

use crate::access::AdminToken;
use crate::board::Board;
use crate::by_hand;
use crate::config::{Loaded, Source};
use crate::core::{Core, Parts};
use crate::environment;
use crate::events;
use crate::instance::{self, ClaimError, Instance, Occupant, PortHolder};
use crate::journal::Journal;
use crate::ledger::Ledger;
use crate::logs::{self, Archive};
use crate::oauth::OAuth;
use crate::parking::Parking;
use crate::private_file;
use crate::reload::{self, Makings};
use crate::serve::door::Door;
use crate::serve::listener::Move;
use crate::serve::session::Sessions;
use crate::serve::session_id::SessionKey;
use crate::serve::{self, listener};
use crate::server::Server;
use crate::status::{self, Status};
use crate::usage;
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
    /// How it was started.
    pub kind: instance::Kind,
    /// Where the configuration came from, so that it can be changed and read again;
    /// `None` where it cannot.
    pub source: Option<Source>,
    /// The stdio bridge that is installed with this gateway.
    pub bridge: Option<PathBuf>,
    /// Where secrets and accounts are kept, and with which key.
    pub vault: vault::Options,
    /// What this process says; it is kept in the data folder once that is the gateway's.
    pub journal: Journal,
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
        /// Who has it, where it is taken.
        holder: Option<PortHolder>,
    },
    /// Another gateway runs on the data folder.
    #[error("another gateway runs on the data folder {}", .folder.display())]
    Running {
        /// Which one; unknown while it starts or stops.
        occupant: Option<Box<Occupant>>,
        /// The folder.
        folder: PathBuf,
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
    /// The gateway's own tasks, which run until `ending`.
    keeping: TaskTracker,
    ending: CancellationToken,
    addresses: Vec<SocketAddr>,
}

impl StartError {
    async fn listen(host: IpAddr, port: u16, source: io::Error) -> Self {
        let holder = instance::holder_after(&source, port).await;
        Self::Listen {
            host,
            port,
            source,
            holder,
        }
    }

    /// Whether somebody else has the listen address.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse)
    }

    /// For a person, with what to do.
    pub fn words(&self) -> Words {
        match self {
            Self::Running { occupant, folder } => Occupant::refusal(occupant.as_deref(), folder),
            Self::Listen {
                host, port, holder, ..
            } if self.is_taken() => {
                let who = PortHolder::name_of(holder.as_ref());
                Words::new(
                    format!(
                        "{host}:{port} is taken by {}; stop it, or choose another port with --port or gateway.port",
                        who.en
                    ),
                    format!(
                        "{host}:{port} 已被{}占用；请停止它，或用 --port 或 gateway.port 换一个端口",
                        who.zh
                    ),
                )
            }
            Self::Listen {
                host, port, source, ..
            } => Words::new(
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
    pub async fn start(loaded: Loaded, surroundings: Surroundings) -> Result<Self, StartError> {
        let data = |source| StartError::Data {
            path: surroundings.data_dir.clone(),
            source,
        };
        // Before anything is read that another gateway may be writing.
        let claimed = Instance::claim(&surroundings.data_dir, surroundings.kind.clone()).await;
        let instance = claimed.map_err(|error| match error {
            ClaimError::Taken(occupant) => StartError::Running {
                occupant,
                folder: surroundings.data_dir.clone(),
            },
            ClaimError::Io(source) => data(source),
        })?;
        let key = session_key(&surroundings).map_err(data)?;
        let admin_token = admin_token(&surroundings).map_err(data)?;
        let oauth = OAuth::new(Vault::new(surroundings.vault.clone()));
        let open = oauth.opens(&loaded.config).await;
        let host = listener::reachable(loaded.config.gateway.host, open);
        let port = loaded.config.gateway.port;
        let listeners = match listener::bind(host, port).await {
            Ok(listeners) => listeners,
            Err(source) => return Err(StartError::listen(host, port, source).await),
        };
        let addresses = listener::addresses(&listeners);
        instance.listens_at(addresses.clone()).map_err(data)?;
        let (listen, asked_to_listen) = mpsc::channel(1);
        let core = build(
            loaded,
            surroundings,
            Own {
                oauth,
                key,
                admin_token,
                listen,
                instance,
            },
        );
        if let Some(address) = addresses.first() {
            core.port.store(address.port(), Ordering::Relaxed);
        }
        let gateway = Self {
            router: serve::router(Arc::clone(&core)),
            core,
            connections: TaskTracker::new(),
            keeping: TaskTracker::new(),
            ending: CancellationToken::new(),
            addresses,
        };
        gateway.run(listeners, asked_to_listen);
        Ok(gateway)
    }

    #[cfg(test)]
    pub(crate) fn core(&self) -> Arc<Core> {
        Arc::clone(&self.core)
    }

    /// The addresses listened on at the start.
    pub fn addresses(&self) -> &[SocketAddr] {
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

    /// Waits until another gateway wants to go on in this one's place.
    pub async fn asked_to_leave(&self) {
        self.core.asked_to_leave.cancelled().await;
    }

    /// Takes everything down; the lines are the order.
    pub async fn shutdown(self) {
        // Stop accepting; streams without a call end, requests in flight go on.
        self.core.ending.draining.cancel();
        self.core.instance.leaves();
        self.core.sessions.hang_up();
        self.core.parking.close();
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
        self.ending.cancel();
        self.core.ending.servers.cancel();
        let servers = self.core.all_servers();
        servers
            .iter()
            .for_each(|server| server.close(&Core::farewell()));
        let gone = async {
            self.connections.wait().await;
            self.core.tasks.close();
            self.core.tasks.wait().await;
            for server in &servers {
                server.ended().await;
            }
            self.core.retiring.close();
            self.core.retiring.wait().await;
            // Nobody is left to print anything.
            self.core.archive.close();
            self.keeping.close();
            self.keeping.wait().await;
            self.core.oauth.close().await;
        };
        if tokio::time::timeout(FAREWELL, gone).await.is_err() {
            tracing::warn!("some servers did not leave within {} s", FAREWELL.as_secs());
        }
        // Only now: two gateways that wrote one store would undo each other's changes.
        self.core.instance.release();
    }

    fn run(&self, listeners: Vec<TcpListener>, asked: mpsc::Receiver<Move>) {
        let door = Door::new(Arc::clone(&self.core), self.router.clone());
        let (core, connections) = (Arc::clone(&self.core), self.connections.clone());
        self.connections
            .spawn(listener::listen(listeners, asked, door, core, connections));
        let core = Arc::clone(&self.core);
        let live = core.live_full();
        let present = live.servers.iter().map(|one| one.config.name.clone());
        let archive = Arc::clone(&core.archive);
        self.keeping.spawn(logs::keep(archive, present.collect()));
        let ending = self.ending.clone();
        self.keeping.spawn(async move {
            // An orphan may hold what its successor needs: a port, a lock.
            core.ledger.reap().await;
            let surroundings = environment::of_process();
            surroundings.enter_in(&core.ledger);
            live.servers.iter().for_each(Server::start);
            // That it waits for a shell can be seen, and that it does no longer.
            core.changed.notify_one();
            surroundings.prepare(&core.ledger, ending).await;
            core.changed.notify_one();
        });
        let end = || self.ending.clone();
        self.keeping.spawn(tidy(Arc::clone(&self.core), end()));
        self.keeping
            .spawn(events::beat(Arc::clone(&self.core), end()));
        let core = Arc::clone(&self.core);
        self.keeping.spawn(events::follow_accounts(core, end()));
        self.keeping
            .spawn(usage::watch(Arc::clone(&self.core), end()));
        let core = Arc::clone(&self.core);
        // What is saved while it leaves is its successor's.
        let draining = core.ending.draining.clone();
        self.keeping.spawn(by_hand::follow(core, draining));
        let (core, ending) = (Arc::clone(&self.core), end());
        self.keeping.spawn(async move {
            core.oauth.read_in(&core.changed, ending).await;
        });
    }
}

/// What the data folder and the system have given this gateway.
struct Own {
    oauth: OAuth,
    key: SessionKey,
    admin_token: AdminToken,
    listen: mpsc::Sender<Move>,
    instance: Instance,
}

fn build(loaded: Loaded, given: Surroundings, own: Own) -> Arc<Core> {
    let Own {
        oauth,
        key,
        admin_token,
        listen,
        instance,
    } = own;
    let parking = Parking::new(key.for_states(), &loaded.config.limits);
    let sessions = Sessions::new(key, loaded.config.limits.sessions);
    let changed = Arc::new(Notify::new());
    let board = Board::new(Arc::clone(&sessions), Arc::clone(&changed));
    let ledger = Ledger::new(&given.data_dir);
    let archive = Archive::new(&given.data_dir);
    given.journal.keep_in(&archive);
    let makings = Makings {
        data_dir: &given.data_dir,
        sessions: &sessions,
        board: &board,
        ledger: &ledger,
        archive: &archive,
        changed: &changed,
        oauth: &oauth,
    };
    let mut first = reload::arrange(makings, None, loaded, None);
    first.list_first(&board);
    Core::new(Parts {
        live: first.live,
        board,
        sessions,
        parking,
        ledger,
        journal: given.journal,
        archive,
        data_dir: given.data_dir,
        instance,
        admin_token,
        oauth,
        source: given.source,
        bridge: given.bridge,
        changed,
        listen,
    })
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
    loop {
        let live = core.live_full();
        let shortest = live.servers.iter().map(|server| {
            let config = &server.config;
            config.call_timeout.min(config.pool.idle_timeout)
        });
        let pause = shortest.fold(core.parking.grace(), Duration::min) / 4;
        tokio::select! {
            () = end.cancelled() => return,
            () = tokio::time::sleep(pause.clamp(TIDY.0, TIDY.1)) => {}
        }
        live.servers
            .iter()
            .chain(&core.guests.all())
            .for_each(|server| {
                server.tidy();
                core.parking.give_way(&server.pool, Instant::now());
            });
        core.parking.expire(Instant::now());
    }
}
