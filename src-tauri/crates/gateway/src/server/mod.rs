//! One downstream server: its configuration, its pool, what it offers and how
//! it fares.

pub(crate) mod annotations;
pub(crate) mod censor;
mod growth;
mod health;
pub(crate) mod history;
mod keeper;
mod listening;
pub(crate) mod log;
pub(crate) mod news;
mod offer;
mod opening;
mod refusal;
pub(crate) mod shelf;
mod subscribing;
pub(crate) mod subscriptions;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vault::Vault;
use wire::Era;

use crate::board::{Board, Seat};
use crate::catalog::ServerIndex;
use crate::config::model::{AliyunConfig, Limits, ServerConfig, Transport};
use crate::ledger::Ledger;
use crate::lifecycle::{Happened, State};
use crate::logs::Place;
use crate::oauth::{Credential, OAuth};
use crate::offer::Offer;
use crate::parking::Parking;
use crate::pool::Pool;
use crate::serve::session::Sessions;
use crate::server::news::News;
use crate::sync::Locked;
use crate::upstream::Hello;
use crate::upstream::inbox::Inbox;
use crate::upstream::learned::Learned;
use crate::user::User;
use crate::words::Words;
use annotations::Annotations;
use censor::Censor;
use growth::Growth;
use history::History;
use listening::Listening;
use log::Log;
use shelf::{Habits, Shelf};
use subscriptions::Subscriptions;

/// How often a server that is to leave is looked at for calls in flight.
const DRAIN_LOOK: Duration = Duration::from_millis(20);

/// See the module.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) seat: Seat,
    /// As it was started. What the configuration says about its names since is on the board.
    pub(crate) config: ServerConfig,
    /// Whose account is behind it; `None` where it is everybody's.
    pub(crate) owner: Option<User>,
    /// What it is shown by whoever uses it.
    pub(crate) credential: Option<Arc<Credential>>,
    vault: Vault,
    pub(crate) pool: Arc<Pool>,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) history: Arc<History>,
    state: watch::Sender<State>,
    hello: Mutex<Option<Hello>>,
    shelf: Shelf,
    board: Arc<Board>,
    ledger: Arc<Ledger>,
    changed: Arc<Notify>,
    /// When it was to be started first, or again after its user had signed in.
    woken: Mutex<Instant>,
    closing: CancellationToken,
    growth: Mutex<Growth>,
    listening: Listening,
    /// A list could not be read: what is known is not all.
    incomplete: AtomicBool,
    /// It ended when it was asked, idle, whether it is there.
    shies: AtomicBool,
    tasks: TaskTracker,
}

/// What every server of a gateway is given.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings<'a> {
    pub(crate) limits: Limits,
    pub(crate) sessions: &'a Arc<Sessions>,
    pub(crate) board: &'a Arc<Board>,
    pub(crate) ledger: &'a Arc<Ledger>,
    /// Rung when its state changes.
    pub(crate) changed: &'a Arc<Notify>,
    /// Accounts, and how Alibaba Cloud's are had.
    pub(crate) oauth: &'a OAuth,
    pub(crate) aliyun: Option<&'a AliyunConfig>,
}

/// What outlives a server that is started anew: its successor goes on with it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Legacy {
    log: Arc<Log>,
    history: Arc<History>,
    subscriptions: Arc<Subscriptions>,
}

impl Legacy {
    /// That of a server which is new, whose lines are kept on disk.
    pub(crate) fn kept(place: Place) -> Self {
        Self {
            log: Arc::new(Log::new(Some(place))),
            ..Self::default()
        }
    }
}

impl Server {
    /// A server that has not been started. `shelf` is where its catalog is
    /// kept, `kept` what was learned about it in an earlier run.
    pub(crate) fn new(
        seat: Seat,
        config: ServerConfig,
        owner: Option<User>,
        shelf: Shelf,
        kept: Option<Habits>,
        legacy: Legacy,
        given: &Surroundings<'_>,
    ) -> Arc<Self> {
        let kept = kept.unwrap_or_default();
        // A remote endpoint is a web server: it works on several calls at once.
        let remote = matches!(config.transport, Transport::Remote { .. });
        let learned = Learned::new(
            config.concurrent.unwrap_or(remote || kept.concurrent),
            kept.asks,
            kept.manner,
        );
        let inbox = Arc::new(Inbox {
            server: config.name.as_str().into(),
            index: seat.index,
            owner: owner.clone(),
            limits: given.limits,
            sessions: Arc::clone(given.sessions),
            subscriptions: legacy.subscriptions,
            log: legacy.log,
            censor: Censor::of(&config),
            news: News::default(),
            annotations: Annotations::default(),
            learned,
            leaving: OnceLock::new(),
            tasks: TaskTracker::new(),
        });
        // Whether an account is missing shows only once it is tried.
        let may_sleep =
            kept.may_sleep && config.pool.min_connections == 0 && !config.wants_account();
        let state = match (config.enabled, may_sleep) {
            (false, _) => State::Disabled,
            (true, true) => State::stopped(),
            (true, false) => State::first(),
        };
        Arc::new(Self {
            seat,
            pool: Pool::new(
                config.pool,
                config.sharing,
                given.limits.in_flight,
                Arc::clone(&inbox),
            ),
            credential: given
                .oauth
                .credential(&config, given.aliyun, owner.as_ref())
                .map(Arc::new),
            vault: given.oauth.vault.clone(),
            config,
            owner,
            inbox,
            history: legacy.history,
            state: watch::Sender::new(state),
            hello: Mutex::new(kept.hello),
            shelf,
            board: Arc::clone(given.board),
            ledger: Arc::clone(given.ledger),
            changed: Arc::clone(given.changed),
            woken: Mutex::new(Instant::now()),
            closing: CancellationToken::new(),
            growth: Mutex::default(),
            listening: Listening::default(),
            incomplete: AtomicBool::new(false),
            shies: AtomicBool::new(false),
            tasks: TaskTracker::new(),
        })
    }

    /// Its index.
    pub(crate) fn index(&self) -> ServerIndex {
        self.seat.index
    }

    /// What a successor of the same name goes on with.
    pub(crate) fn legacy(&self) -> Legacy {
        Legacy {
            log: Arc::clone(&self.inbox.log),
            history: Arc::clone(&self.history),
            subscriptions: Arc::clone(&self.inbox.subscriptions),
        }
    }

    /// Starts the tasks that keep its connections and its offer; nothing where it was
    /// closed before.
    pub(crate) fn start(self: &Arc<Self>) {
        self.pool.begin();
        if self.closing.is_cancelled() {
            return;
        }
        if !self.config.enabled {
            self.pool
                .refuse(&Words::new("the server is disabled", "该服务器已停用"));
            return;
        }
        self.tasks.spawn(keeper::keep(Arc::clone(self)));
        self.tasks.spawn(offer::follow(Arc::clone(self)));
        self.tasks.spawn(listening::keep(Arc::clone(self)));
    }

    /// Asks every task and connection to end; see [`Self::ended`]. `why` is what those
    /// are told whose calls are lost by that.
    pub(crate) fn close(&self, why: &Words) {
        if self.board.is_known(self.index()) && !self.incomplete.load(Ordering::Relaxed) {
            // What was learned since its lists were read is kept, too.
            let hello = self.hello();
            self.shelf
                .write(&self.offer(), &self.inbox.learned, hello.as_ref());
        }
        self.inbox.leaves(why);
        self.closing.cancel();
        self.pool.begin();
        self.inbox.tasks.close();
        self.pool
            .all_connections()
            .iter()
            .for_each(|connection| connection.closing.cancel());
        // Nobody will serve those who wait for a connection.
        self.pool.shut(why);
    }

    /// Cancelled when it is closed.
    pub(crate) fn closing(&self) -> &CancellationToken {
        &self.closing
    }

    /// Waits until all that belongs to it has ended; only after [`Self::close`].
    pub(crate) async fn ended(&self) {
        self.inbox.tasks.wait().await;
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Takes it down gently: calls in flight get until `patience` to finish, unless it
    /// has to be `at_once`. Those that wait in `parking` for their clients do not get it:
    /// whoever wants the successor would wait for a person.
    pub(crate) async fn retire(
        self: &Arc<Self>,
        parking: &Parking,
        why: &Words,
        patience: Duration,
        at_once: &CancellationToken,
    ) {
        let idle = async {
            // Nobody else looks after it any more. One that is parked later gives way, too.
            loop {
                parking.give_up_all(&self.pool);
                if !self.pool.is_busy() {
                    return;
                }
                self.tidy();
                tokio::time::sleep(DRAIN_LOOK).await;
            }
        };
        tokio::select! {
            () = idle => {}
            () = tokio::time::sleep(patience) => {}
            () = at_once.cancelled() => {}
        }
        self.close(why);
        self.ended().await;
    }

    /// Follows its state.
    pub(crate) fn watch_state(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// How it fares.
    pub(crate) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Whether it is stopped until somebody calls it.
    fn is_asleep(&self) -> bool {
        matches!(*self.state.borrow(), State::Stopped { .. })
    }

    /// What it offers, as far as is known.
    pub(crate) fn offer(&self) -> Arc<Offer> {
        self.board.offer(self.index())
    }

    /// What it said when it was greeted last.
    pub(crate) fn hello(&self) -> Option<Hello> {
        self.hello.locked().clone()
    }

    /// In which era it was greeted last; legacy before.
    pub(crate) fn era(&self) -> Era {
        let hello = self.hello.locked();
        hello.as_ref().map_or(Era::Legacy, |hello| hello.era)
    }

    /// Its user has signed in.
    pub(crate) fn wake(&self) {
        *self.woken.locked() = Instant::now();
        self.happened(Happened::SignedIn);
    }

    /// When it was to be started, where that is not the gateway's start.
    pub(crate) fn woken(&self) -> Option<Instant> {
        self.owner.as_ref().map(|_| *self.woken.locked())
    }

    /// Waits until it is known what it offers, or that this will take longer.
    pub(crate) async fn settled(&self) {
        let (mut state, mut published) = (self.state.subscribe(), self.board.watch());
        loop {
            let waiting = match &*state.borrow_and_update() {
                state @ State::Starting { .. } if !state.is_first_start() => false,
                State::Starting { .. } | State::Ready { .. } | State::Degraded { .. } => {
                    !self.board.is_known(self.index())
                }
                _ => false,
            };
            if !waiting {
                return;
            }
            tokio::select! {
                changed = state.changed() => if changed.is_err() { return },
                changed = published.changed() => if changed.is_err() { return },
            }
        }
    }

    /// `stdio` or `http`.
    pub(crate) fn transport(&self) -> &'static str {
        match self.config.transport {
            Transport::Local { .. } => "stdio",
            Transport::Remote { .. } => "http",
        }
    }

    /// The clients' log level has changed, or a connection is new.
    pub(crate) fn apply_log_level(&self) {
        let Some(level) = self
            .inbox
            .sessions
            .lowest_log_level(self.index(), self.owner.as_ref())
        else {
            return;
        };
        for connection in self.pool.connections() {
            let sets = |hello: &Hello| hello.era == Era::Legacy && hello.has("logging");
            if connection.hello().is_some_and(sets) {
                let connection = Arc::clone(&connection);
                connection.told_level.store(level as u8, Ordering::Relaxed);
                let params = format!(r#"{{"level":"{}"}}"#, level.as_str());
                let patience = self.config.call_timeout;
                let server = Arc::clone(&self.inbox.server);
                self.tasks.spawn(async move {
                    if let Err(error) = connection.ask("logging/setLevel", &params, patience).await
                    {
                        tracing::warn!(%server, %error, "the log level could not be set");
                    }
                });
            }
        }
    }

    fn happened(&self, happened: Happened) {
        let is_news = self.state.send_if_modified(|state| {
            let after = state.clone().next(happened);
            let is_news = after != *state;
            *state = after;
            is_news
        });
        if is_news {
            self.changed.notify_one();
        }
    }
}
