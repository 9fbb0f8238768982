//! What every request handler shares.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Guard};
use tokio::sync::{Mutex, Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::AdminToken;
use crate::admin::codes::Codes;
use crate::board::Board;
use crate::catalog::ServerIndex;
use crate::change::Undos;
use crate::config::Source;
use crate::events::Hub;
use crate::guests::Guests;
use crate::instance::Instance;
use crate::journal::Journal;
use crate::leaving::Leaving;
use crate::ledger::Ledger;
use crate::live::Live;
use crate::logs::Archive;
use crate::oauth::OAuth;
use crate::parking::Parking;
use crate::reload::Makings;
use crate::serve::listener::{Ending, Move};
use crate::serve::session::Sessions;
use crate::server::Server;
use crate::user::User;
use crate::whereabouts::Whereabouts;
use crate::words::Words;

/// For so long after the gateway's start, or its user's sign-in, a list waits for a server
/// that is still starting, so that clients which ask once see the tools. Later on a
/// server that hangs keeps nobody waiting.
const FIRST_LIST: Duration = Duration::from_secs(5);

/// Servers that may be tried out at once; each is a process or more.
const TRIALS: usize = 4;

/// See the module.
#[derive(Debug)]
pub(crate) struct Core {
    live: ArcSwap<Live>,
    pub(crate) board: Arc<Board>,
    /// Servers with accounts of other users.
    pub(crate) guests: Guests,
    pub(crate) sessions: Arc<Sessions>,
    /// Calls that wait for what their modern clients were asked.
    pub(crate) parking: Arc<Parking>,
    /// Where resources were found that nobody lists.
    pub(crate) whereabouts: Whereabouts,
    pub(crate) ledger: Arc<Ledger>,
    /// What the gateway says itself.
    pub(crate) journal: Journal,
    /// What all of them say, on its way to disk.
    pub(crate) archive: Arc<Archive>,
    pub(crate) data_dir: PathBuf,
    /// The lock on that folder.
    pub(crate) instance: Instance,
    /// Another gateway wants to go on in this one's place.
    pub(crate) asked_to_leave: CancellationToken,
    pub(crate) admin_token: AdminToken,
    pub(crate) oauth: OAuth,
    /// Where the configuration comes from; `None` where it cannot be loaded again.
    pub(crate) source: Option<Source>,
    /// The stdio bridge that is installed with this gateway.
    pub(crate) bridge: Option<PathBuf>,
    /// Held while the configuration changes, which it does once at a time; by a write that
    /// hangs, for as long as it does.
    pub(crate) changing: Arc<Mutex<Undos>>,
    /// One-time codes for browsers.
    pub(crate) codes: Codes,
    /// Servers that may be tried out at once.
    pub(crate) trials: Arc<Semaphore>,
    /// What the window and browsers are told as it happens.
    pub(crate) hub: Hub,
    /// Rung when something that a person could see is different.
    pub(crate) changed: Arc<Notify>,
    /// Sockets to listen on instead of the present ones.
    pub(crate) listen: mpsc::Sender<Move>,
    /// Servers on their way out.
    pub(crate) leaving: Leaving,
    /// Owns what is done about them, and the starts of their successors.
    pub(crate) retiring: TaskTracker,
    /// Owns the requests of HTTP+SSE clients, which are answered after their POST has been.
    pub(crate) tasks: TaskTracker,
    /// Counts the open streams that belong to no call; each holds a token of it.
    pub(crate) streams: TaskTracker,
    pub(crate) started: Instant,
    /// The port that is really listened on; 0 before.
    pub(crate) port: AtomicU16,
    /// Streams that belong to no call end when the gateway drains.
    pub(crate) ending: Ending,
}

/// What a core is made of beside what it makes itself.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) live: Live,
    pub(crate) board: Arc<Board>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) parking: Arc<Parking>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) journal: Journal,
    pub(crate) archive: Arc<Archive>,
    pub(crate) data_dir: PathBuf,
    pub(crate) instance: Instance,
    pub(crate) admin_token: AdminToken,
    pub(crate) oauth: OAuth,
    pub(crate) source: Option<Source>,
    pub(crate) bridge: Option<PathBuf>,
    pub(crate) changed: Arc<Notify>,
    pub(crate) listen: mpsc::Sender<Move>,
}

impl Core {
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            live: ArcSwap::from_pointee(parts.live),
            board: parts.board,
            guests: Guests::default(),
            sessions: parts.sessions,
            parking: parts.parking,
            whereabouts: Whereabouts::default(),
            ledger: parts.ledger,
            journal: parts.journal,
            archive: parts.archive,
            data_dir: parts.data_dir,
            instance: parts.instance,
            asked_to_leave: CancellationToken::new(),
            admin_token: parts.admin_token,
            oauth: parts.oauth,
            source: parts.source,
            bridge: parts.bridge,
            changing: Arc::default(),
            codes: Codes::default(),
            trials: Arc::new(Semaphore::new(TRIALS)),
            hub: Hub::default(),
            changed: parts.changed,
            listen: parts.listen,
            leaving: Leaving::default(),
            retiring: TaskTracker::new(),
            tasks: TaskTracker::new(),
            streams: TaskTracker::new(),
            started: Instant::now(),
            port: AtomicU16::new(0),
            ending: Ending::default(),
        })
    }

    /// The present snapshot, for a look; not to be held across an await.
    pub(crate) fn live(&self) -> Guard<Arc<Live>> {
        self.live.load()
    }

    /// The present snapshot, to be kept.
    pub(crate) fn live_full(&self) -> Arc<Live> {
        self.live.load_full()
    }

    /// Puts another snapshot in force.
    pub(crate) fn replace(&self, live: Live) {
        self.live.store(Arc::new(live));
        self.changed.notify_one();
    }

    /// The address to give to clients.
    pub(crate) fn endpoint(&self) -> String {
        let port = match self.port.load(Ordering::Relaxed) {
            0 => self.live().config.gateway.port,
            port => port,
        };
        format!("http://localhost:{port}/mcp")
    }

    /// The server of an index; `None` for one that was removed.
    pub(crate) fn server(&self, index: ServerIndex) -> Option<Arc<Server>> {
        let own = self.live().server(index).cloned();
        own.or_else(|| self.guests.server(index))
    }

    /// Which server stands behind a name for a user; `None` where it wants to know the user
    /// and there is none.
    pub(crate) fn place_of(&self, index: ServerIndex, user: Option<&User>) -> Option<ServerIndex> {
        let owner = self.server(index)?.owner.clone();
        if owner.is_none() {
            return user.is_none_or(User::is_invited).then_some(index);
        }
        if owner.as_ref() == user {
            return Some(index);
        }
        let mut own = self.guests.of(user?).into_iter();
        own.find(|(place, _)| *place == index)
            .map(|(_, guest)| guest.index())
    }

    /// The servers that an endpoint reaches for a user, in the order of the configuration.
    pub(crate) fn in_scope(
        &self,
        scope: Option<ServerIndex>,
        user: Option<&User>,
    ) -> Vec<Arc<Server>> {
        if let Some(index) = scope {
            return self.server(index).into_iter().collect();
        }
        let guests = user.map_or_else(Vec::new, |user| self.guests.of(user));
        let live = self.live();
        let servers = live.servers.iter().filter_map(|server| {
            let is_shared = server.owner.is_none() && user.is_none_or(User::is_invited);
            let is_own = server.owner.is_some() && server.owner.as_ref() == user;
            if is_shared || is_own {
                return Some(Arc::clone(server));
            }
            let own = guests.iter().find(|(place, _)| *place == server.index());
            own.map(|(_, guest)| Arc::clone(guest))
        });
        servers.collect()
    }

    /// The name of an endpoint's one server, empty for the endpoint of all.
    pub(crate) fn scope_name(&self, scope: Option<ServerIndex>) -> String {
        let server = scope.and_then(|index| self.server(index));
        server.map_or_else(String::new, |server| server.config.name.clone())
    }

    /// Starts a server that can be found by now, unless the gateway ends. Whoever takes that
    /// down sets its mark first and looks for servers then: one of both sees the other.
    pub(crate) fn start(&self, server: &Arc<Server>) {
        if self.ending.servers.is_cancelled() {
            server.close(&Self::farewell());
        } else {
            server.start();
        }
    }

    /// Why calls end when the gateway does.
    pub(crate) fn farewell() -> Words {
        Words::new("the gateway is shutting down", "网关正在关闭")
    }

    /// Every server that there is.
    pub(crate) fn all_servers(&self) -> Vec<Arc<Server>> {
        let mut all = self.live().servers.clone();
        all.extend(self.guests.all());
        all
    }

    /// What servers are made of.
    pub(crate) fn makings(&self) -> Makings<'_> {
        Makings {
            data_dir: &self.data_dir,
            sessions: &self.sessions,
            board: &self.board,
            ledger: &self.ledger,
            archive: &self.archive,
            changed: &self.changed,
            oauth: &self.oauth,
        }
    }

    /// Waits, within reason, until it is known what the servers offer a user.
    pub(crate) async fn settled(&self, scope: Option<ServerIndex>, user: Option<&User>) {
        for server in self.in_scope(scope, user) {
            // Whoever is not ready by then joins through list_changed.
            let start = server.woken().unwrap_or(self.started);
            let window = tokio::time::Instant::from_std(start + FIRST_LIST);
            drop(tokio::time::timeout_at(window, server.settled()).await);
        }
    }
}
