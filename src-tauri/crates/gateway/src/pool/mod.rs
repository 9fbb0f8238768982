//! One server's connections and the calls that share them.
//!
//! A call takes an idle connection. If none is idle, a server that is known to
//! work on several calls at once gets it pipelined on its least loaded
//! connection; any other waits for whichever comes first, a connection that
//! frees or a new one, as long as the pool may grow. At the maximum, calls are
//! pipelined too, up to the in-flight limit, and then queue: clients take turns.
//!
//! A server that is not shared (`"sharing": "session"`) gives each client
//! session a connection that is its alone until the session ends.
//!
//! A connection that hangs is set aside: it gets no more calls and does not count, while
//! those that it has go on.
//!
//! The pool decides; `server::keeper` starts and stops connections.

mod choice;
mod lease;
mod queue;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

pub(crate) use lease::Lease;
use queue::Queue;

use crate::config::model::{PoolLimits, Sharing};
use crate::lifecycle::START_DEADLINE;
use crate::serve::session::Session;
use crate::sync::Locked;
use crate::upstream::Connection;
use crate::upstream::inbox::Inbox;
use crate::words::Words;

/// Why a call got no connection.
#[derive(Debug, Clone)]
pub(crate) enum Refused {
    /// The server cannot be used; why.
    Unavailable(Words),
    /// All connections stayed busy, or none was ready, for `acquireTimeout`.
    Busy,
}

/// What a pool looks like at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "Pool"))]
pub struct PoolCounts {
    /// Live connections.
    pub total: usize,
    /// Those with a call in flight.
    pub active: usize,
    /// Those without.
    pub idle: usize,
    /// As many as there may be.
    pub max: usize,
    /// Calls that wait for one.
    pub waiting: usize,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Pool {
    limits: PoolLimits,
    sharing: Sharing,
    in_flight_limit: usize,
    inbox: Arc<Inbox>,
    state: Mutex<State>,
    waiting: AtomicUsize,
    finished: AtomicU64,
    /// Its server may be started. Until its predecessor has gone, the wait for a
    /// connection does not count.
    begun: CancellationToken,
    /// Rung for those who wait for a connection to be started.
    arrived: Notify,
    /// Rung when a connection may have to be started.
    pub(crate) needs_keeper: Notify,
}

#[derive(Debug, Default)]
struct State {
    connections: Vec<Arc<Connection>>,
    /// Those that hang.
    aside: Vec<Arc<Connection>>,
    queue: Queue<Waiter>,
    /// No connection is to be had for now; why.
    refusal: Option<Words>,
    /// None ever will be again.
    is_shut: bool,
}

/// What taking a connection out has left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Removed {
    /// Subscriptions lived there.
    pub(crate) was_primary: bool,
    /// Other connections.
    pub(crate) left: usize,
}

#[derive(Debug)]
struct Waiter {
    client: Option<Arc<Session>>,
    give: oneshot::Sender<Result<Lease, Words>>,
}

impl State {
    fn all(&self) -> impl Iterator<Item = &Arc<Connection>> {
        self.connections.iter().chain(&self.aside)
    }

    fn take_out(&mut self, connection: &Arc<Connection>) -> Option<Removed> {
        let mut connections = self.connections.iter();
        let position = connections.position(|other| Arc::ptr_eq(other, connection))?;
        self.connections.remove(position);
        Some(Removed {
            was_primary: position == 0,
            left: self.connections.len(),
        })
    }

    /// Whether a connection is left that is not on its way out.
    fn has_open(&self) -> bool {
        self.connections.iter().any(|one| one.is_open())
    }
}

impl Pool {
    pub(crate) fn new(
        limits: PoolLimits,
        sharing: Sharing,
        in_flight_limit: usize,
        inbox: Arc<Inbox>,
    ) -> Arc<Self> {
        Arc::new(Self {
            limits,
            sharing,
            in_flight_limit,
            inbox,
            state: Mutex::default(),
            waiting: AtomicUsize::new(0),
            finished: AtomicU64::new(0),
            begun: CancellationToken::new(),
            arrived: Notify::new(),
            needs_keeper: Notify::new(),
        })
    }

    /// A connection for one call of a client (`None`: of nobody in particular).
    ///
    /// # Errors
    /// See [`Refused`].
    pub(crate) async fn acquire(
        self: &Arc<Self>,
        client: Option<&Arc<Session>>,
    ) -> Result<Lease, Refused> {
        let (ticket, given) = {
            let mut state = self.state.locked();
            if (state.queue.is_empty() || self.sharing == Sharing::Session)
                && let Some(connection) = self.pick(&state, client)
            {
                return Ok(Lease::take(self, connection));
            }
            if !state.has_open()
                && let Some(refusal) = &state.refusal
            {
                return Err(Refused::Unavailable(refusal.clone()));
            }
            let (give, given) = oneshot::channel();
            let waiter = Waiter {
                client: client.cloned(),
                give,
            };
            let whose = client.map_or(0, |client| Arc::as_ptr(client).addr());
            let ticket = state.queue.push(whose, waiter);
            self.count_waiting(&state);
            (ticket, given)
        };
        self.needs_keeper.notify_one();
        // A connection may have come free between the look and the queueing.
        self.serve_queue();
        let served = tokio::select! {
            biased;
            given = given => Some(given),
            () = self.too_long() => None,
        };
        match served {
            Some(Ok(Ok(lease))) => Ok(lease),
            Some(Ok(Err(why))) => Err(Refused::Unavailable(why)),
            Some(Err(_)) => Err(Refused::Unavailable(Words::new(
                "the gateway is shutting down",
                "网关正在关闭",
            ))),
            None => {
                let mut state = self.state.locked();
                state.queue.remove(ticket);
                self.count_waiting(&state);
                Err(Refused::Busy)
            }
        }
    }

    /// Ends when a call has waited long enough. `acquireTimeout` is for connections that are
    /// busy. Where there is none yet, because its server is still being started or is woken
    /// by this very call, the start may take as long as starts may, and the clock runs anew
    /// once it has come.
    async fn too_long(&self) {
        self.begun.cancelled().await;
        let started = Instant::now() + START_DEADLINE;
        sleep(self.limits.acquire_timeout).await;
        let arrival = self.arrived.notified();
        if !self.state.locked().has_open() {
            tokio::select! {
                () = arrival => sleep(self.limits.acquire_timeout).await,
                () = sleep_until(started) => {}
            }
        }
    }

    /// For the look at the return of a lease, which takes no lock.
    fn count_waiting(&self, state: &State) {
        self.waiting.store(state.queue.len(), Ordering::SeqCst);
    }

    /// Its server may be started now, or never will be.
    pub(crate) fn begin(&self) {
        self.begun.cancel();
    }

    /// Adds a connection that is ready for calls; false where it has ended already.
    pub(crate) fn add(self: &Arc<Self>, connection: Arc<Connection>) -> bool {
        let mut state = self.state.locked();
        // Its driver closes it before it takes it out: one that is open here
        // will be found there.
        if !connection.is_open() {
            return false;
        }
        if !state.is_shut {
            state.refusal = None;
        }
        // Its start is no time in which nobody wanted it.
        connection.is_wanted();
        state.connections.push(connection);
        drop(state);
        self.serve_queue();
        self.arrived.notify_waiters();
        true
    }

    /// Takes out a connection that is gone; `None` where it was not (or no longer) in use.
    pub(crate) fn remove(&self, connection: &Arc<Connection>) -> Option<Removed> {
        let mut state = self.state.locked();
        state.aside.retain(|other| !Arc::ptr_eq(other, connection));
        state.take_out(connection)
    }

    /// Keeps a connection that hangs from getting calls, now and later; `None` where it was
    /// not in use any more.
    pub(crate) fn set_aside(&self, connection: &Arc<Connection>) -> Option<Removed> {
        let mut state = self.state.locked();
        let removed = state.take_out(connection)?;
        state.aside.push(Arc::clone(connection));
        Some(removed)
    }

    /// Those that were set aside and have no call in flight any more.
    pub(crate) fn done_with(&self) -> Vec<Arc<Connection>> {
        let state = self.state.locked();
        let aside = state.aside.iter();
        aside
            .filter(|connection| connection.in_flight() == 0)
            .cloned()
            .collect()
    }

    /// A connection may be given calls again.
    pub(crate) fn reinstate(self: &Arc<Self>, connection: &Connection) {
        connection.trust();
        self.serve_queue();
    }

    /// No connection can be had for now: without one, whoever waits is told.
    pub(crate) fn refuse(self: &Arc<Self>, why: &Words) {
        let mut state = self.state.locked();
        if !state.is_shut {
            state.refusal = Some(why.clone());
        }
        let turned_away = if state.has_open() {
            Vec::new()
        } else {
            state.queue.drain()
        };
        self.count_waiting(&state);
        drop(state);
        for waiter in turned_away {
            // A waiter that has given up meanwhile needs no answer.
            drop(waiter.give.send(Err(why.clone())));
        }
        // Where connections are left, calls need no longer wait for a new one.
        self.serve_queue();
    }

    /// The same for good.
    pub(crate) fn shut(self: &Arc<Self>, why: &Words) {
        // In one step: nothing may let calls wait in between.
        let mut state = self.state.locked();
        state.refusal = Some(why.clone());
        state.is_shut = true;
        drop(state);
        self.refuse(why);
    }

    /// Lets calls wait for a connection again.
    pub(crate) fn allow(&self) {
        let mut state = self.state.locked();
        if !state.is_shut {
            state.refusal = None;
        }
    }

    /// Whether another connection is to be started now.
    pub(crate) fn wants_another(&self) -> bool {
        let state = self.state.locked();
        // One that is still stopping is a process, too: never more than the most.
        if state.connections.len() >= self.most() {
            return false;
        }
        let open = state.connections.iter().filter(|one| one.is_open()).count();
        open < self.limits.min_connections || !state.queue.is_empty()
    }

    /// The oldest connection: subscriptions and questions about the server live there.
    pub(crate) fn primary(&self) -> Option<Arc<Connection>> {
        self.state
            .locked()
            .connections
            .iter()
            .find(|connection| connection.is_open())
            .cloned()
    }

    /// The connection for what outlasts the call that holds `lease`: the
    /// primary one, or the caller's own.
    pub(crate) fn lasting(&self, lease: &Lease) -> Arc<Connection> {
        match self.sharing {
            Sharing::Shared => self
                .primary()
                .unwrap_or_else(|| Arc::clone(lease.connection())),
            Sharing::Session => Arc::clone(lease.connection()),
        }
    }

    /// All connections, those that were set aside included.
    pub(crate) fn connections(&self) -> Vec<Arc<Connection>> {
        let state = self.state.locked();
        state.all().cloned().collect()
    }

    /// For the status.
    pub(crate) fn counts(&self) -> PoolCounts {
        let state = self.state.locked();
        let active = state
            .connections
            .iter()
            .filter(|one| one.is_open() && one.in_flight() > 0)
            .count();
        let total = state.connections.iter().filter(|one| one.is_open()).count();
        PoolCounts {
            total,
            active,
            idle: total - active,
            max: self.most(),
            waiting: state.queue.len(),
        }
    }

    /// Calls that have had a connection and are over, since the beginning.
    pub(crate) fn finished(&self) -> u64 {
        self.finished.load(Ordering::Relaxed)
    }

    /// Whether any call is in flight, on a connection that is open or not.
    pub(crate) fn is_busy(&self) -> bool {
        let state = self.state.locked();
        !state.queue.is_empty() || state.all().any(|one| one.in_flight() > 0)
    }

    /// Gives connections to those who wait, as far as they go.
    fn serve_queue(self: &Arc<Self>) {
        loop {
            let (waiter, lease) = {
                let mut guard = self.state.locked();
                let state = &mut *guard;
                // Whoever is next in turn comes first; where each session has its own
                // connection, nobody stands in another's way.
                let reach = match self.sharing {
                    Sharing::Shared => 1,
                    Sharing::Session => usize::MAX,
                };
                let mut queue = std::mem::take(&mut state.queue);
                let has_left = |waiter: &Waiter| waiter.give.is_closed();
                let served = queue.serve(reach, has_left, |waiter| {
                    self.pick(state, waiter.client.as_ref())
                });
                state.queue = queue;
                self.count_waiting(state);
                let Some((waiter, connection)) = served else {
                    return;
                };
                (waiter, Lease::take(self, connection))
            };
            // Outside the lock: a lease that nobody takes any more returns here.
            drop(waiter.give.send(Ok(lease)));
        }
    }

    /// A lease has come back.
    fn returned(self: &Arc<Self>) {
        self.finished.fetch_add(1, Ordering::Relaxed);
        // Ordered against the queueing in `acquire`: either the waiter sees the
        // free connection in its second look, or its count is seen here.
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.serve_queue();
        }
    }
}
