//! One server's connections and the calls that share them.
//!
//! A call takes an idle connection. If none is idle, a server that is known to
//! work on several calls at once gets it pipelined on its least loaded
//! connection; any other waits for whichever comes first, a connection that
//! frees or a new one, as long as the pool may grow. At the maximum, calls are
//! pipelined too, up to the in-flight limit, and then queue in order.
//!
//! A server that is not shared (`"sharing": "session"`) gives each client
//! session a connection that is its alone until the session ends.
//!
//! The pool decides; `server::keeper` starts and stops connections.

mod lease;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

pub(crate) use lease::Lease;

use crate::config::model::{PoolLimits, Sharing};
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

/// Sessions that a server which is not shared may have at once where the file
/// names no number: asking for it is asking for more than one process.
const SESSIONS_AT_ONCE: usize = 16;
/// A session's own connection holds its client's state; it is closed only
/// after this long without a call or an open stream.
const SESSION_IDLE: Duration = Duration::from_secs(30 * 60);

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
    /// Rung when a connection may have to be started.
    pub(crate) needs_keeper: Notify,
}

#[derive(Debug, Default)]
struct State {
    connections: Vec<Arc<Connection>>,
    queue: VecDeque<Waiter>,
    last_ticket: u64,
    /// No connection is to be had for now; why.
    refusal: Option<Words>,
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
    ticket: u64,
    client: Option<Arc<Session>>,
    give: oneshot::Sender<Result<Lease, Words>>,
}

impl State {
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
            state.last_ticket += 1;
            let ticket = state.last_ticket;
            state.queue.push_back(Waiter {
                ticket,
                client: client.cloned(),
                give,
            });
            self.waiting.fetch_add(1, Ordering::SeqCst);
            (ticket, given)
        };
        self.needs_keeper.notify_one();
        // A connection may have come free between the look and the queueing.
        self.serve_queue();
        let too_long = async {
            self.begun.cancelled().await;
            tokio::time::sleep(self.limits.acquire_timeout).await;
        };
        let served = tokio::select! {
            biased;
            given = given => Some(given),
            () = too_long => None,
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
                let before = state.queue.len();
                state.queue.retain(|waiter| waiter.ticket != ticket);
                self.waiting
                    .fetch_sub(before - state.queue.len(), Ordering::SeqCst);
                Err(Refused::Busy)
            }
        }
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
        state.refusal = None;
        state.connections.push(connection);
        drop(state);
        self.serve_queue();
        true
    }

    /// Takes out a connection that is gone; `None` where it was not (or no longer) in.
    pub(crate) fn remove(&self, connection: &Arc<Connection>) -> Option<Removed> {
        let mut state = self.state.locked();
        let position = state
            .connections
            .iter()
            .position(|other| Arc::ptr_eq(other, connection));
        let position = position?;
        state.connections.remove(position);
        Some(Removed {
            was_primary: position == 0,
            left: state.connections.len(),
        })
    }

    /// No connection can be had for now: without one, whoever waits is told.
    pub(crate) fn refuse(self: &Arc<Self>, why: &Words) {
        let mut state = self.state.locked();
        state.refusal = Some(why.clone());
        let turned_away = if state.has_open() {
            VecDeque::new()
        } else {
            std::mem::take(&mut state.queue)
        };
        self.waiting.fetch_sub(turned_away.len(), Ordering::SeqCst);
        drop(state);
        for waiter in turned_away {
            // A waiter that has given up meanwhile needs no answer.
            drop(waiter.give.send(Err(why.clone())));
        }
        // Where connections are left, calls need no longer wait for a new one.
        self.serve_queue();
    }

    /// Lets calls wait for a connection again.
    pub(crate) fn allow(&self) {
        self.state.locked().refusal = None;
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

    /// All connections.
    pub(crate) fn connections(&self) -> Vec<Arc<Connection>> {
        self.state.locked().connections.clone()
    }

    /// Takes out the connections that are no longer needed: above the minimum
    /// after `idleTimeout`, never the primary one while there is another, and
    /// those whose session has ended.
    pub(crate) fn evict(&self) -> Vec<Arc<Connection>> {
        let mut state = self.state.locked();
        let mut surplus = state
            .connections
            .len()
            .saturating_sub(self.limits.min_connections);
        let mut evicted = Vec::new();
        for position in (0..state.connections.len()).rev() {
            if position == 0 && state.connections.len() > 1 {
                // Subscriptions live on the primary one.
                continue;
            }
            let connection = &state.connections[position];
            // What one session has used is of no use to another.
            let left = connection.owner().has_left();
            if (surplus > 0 || left) && self.is_spent(connection) {
                evicted.push(state.connections.remove(position));
                surplus = surplus.saturating_sub(1);
            }
        }
        evicted
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
        !state.queue.is_empty() || state.connections.iter().any(|one| one.in_flight() > 0)
    }

    /// A connection that takes one more call, by the rules above.
    fn pick(&self, state: &State, client: Option<&Arc<Session>>) -> Option<Arc<Connection>> {
        let open = || state.connections.iter().filter(|one| one.is_open());
        if self.sharing == Sharing::Session {
            let own = open().find(|one| one.owner().is(client));
            if let Some(own) = own {
                return (own.in_flight() < self.in_flight_limit).then(|| Arc::clone(own));
            }
            let free = open().find(|one| one.owner().is_free())?;
            free.give_to(client);
            return Some(Arc::clone(free));
        }
        let best = open().min_by_key(|connection| connection.in_flight())?;
        let load = best.in_flight();
        let learned = &self.inbox.learned;
        let may_grow = state.connections.len() < self.most() && state.refusal.is_none();
        let takes = match load {
            0 => true,
            _ if learned.asks.load(Ordering::Relaxed) => false,
            _ if may_grow && !learned.concurrent.load(Ordering::Relaxed) => false,
            _ => load < self.in_flight_limit,
        };
        takes.then(|| Arc::clone(best))
    }

    /// As many connections as there may be.
    fn most(&self) -> usize {
        match self.sharing {
            Sharing::Session if self.limits.max_connections == 1 => SESSIONS_AT_ONCE,
            _ => self.limits.max_connections,
        }
    }

    /// Whether a connection has done its service.
    fn is_spent(&self, connection: &Connection) -> bool {
        let owner = connection.owner();
        let idle = connection.idle_for();
        match (owner.has_left(), owner.session()) {
            (true, _) => connection.in_flight() == 0,
            (false, None) => idle >= self.limits.idle_timeout,
            (false, Some(session)) => {
                !session.outbound.is_attached()
                    && idle >= self.limits.idle_timeout.max(SESSION_IDLE)
            }
        }
    }

    /// Gives connections to whoever waits longest, as far as they go.
    fn serve_queue(self: &Arc<Self>) {
        loop {
            let (waiter, lease) = {
                let mut state = self.state.locked();
                while state
                    .queue
                    .front()
                    .is_some_and(|waiter| waiter.give.is_closed())
                {
                    state.queue.pop_front();
                    self.waiting.fetch_sub(1, Ordering::SeqCst);
                }
                // Who waits longest comes first; where each session has its own
                // connection, nobody stands in another's way.
                let reach = match self.sharing {
                    Sharing::Shared => 1,
                    Sharing::Session => state.queue.len(),
                };
                let served = state
                    .queue
                    .iter()
                    .take(reach)
                    .enumerate()
                    .find_map(|(at, waiter)| {
                        Some((at, self.pick(&state, waiter.client.as_ref())?))
                    });
                let Some((at, connection)) = served else {
                    return;
                };
                let waiter = state
                    .queue
                    .remove(at)
                    .expect("BUG: the waiter was just found there");
                self.waiting.fetch_sub(1, Ordering::SeqCst);
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
