//! One server's connections and the calls that share them.
//!
//! A call takes an idle connection. If none is idle, a server that is known to
//! work on several calls at once gets it pipelined on its least loaded
//! connection; any other waits for whichever comes first, a connection that
//! frees or a new one, as long as the pool may grow. At the maximum, calls are
//! pipelined too, up to the in-flight limit, and then queue in order.
//!
//! The pool decides; `server::keeper` starts and stops connections.

mod lease;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, oneshot};

pub(crate) use lease::Lease;

use crate::config::model::PoolLimits;
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
pub struct PoolCounts {
    /// Live connections.
    pub total: usize,
    /// Those with a call in flight.
    pub active: usize,
    /// Those without.
    pub idle: usize,
    /// As many as there may be.
    pub max: usize,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Pool {
    limits: PoolLimits,
    in_flight_limit: usize,
    inbox: Arc<Inbox>,
    state: Mutex<State>,
    waiting: AtomicUsize,
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

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    give: oneshot::Sender<Result<Lease, Words>>,
}

impl Pool {
    pub(crate) fn new(limits: PoolLimits, in_flight_limit: usize, inbox: Arc<Inbox>) -> Arc<Self> {
        Arc::new(Self {
            limits,
            in_flight_limit,
            inbox,
            state: Mutex::default(),
            waiting: AtomicUsize::new(0),
            needs_keeper: Notify::new(),
        })
    }

    /// A connection for one call.
    ///
    /// # Errors
    /// See [`Refused`].
    pub(crate) async fn acquire(self: &Arc<Self>) -> Result<Lease, Refused> {
        let (ticket, given) = {
            let mut state = self.state.locked();
            if state.queue.is_empty()
                && let Some(connection) = self.pick(&state)
            {
                return Ok(Lease::take(self, connection));
            }
            if state.connections.is_empty()
                && let Some(refusal) = &state.refusal
            {
                return Err(Refused::Unavailable(refusal.clone()));
            }
            let (give, given) = oneshot::channel();
            state.last_ticket += 1;
            let ticket = state.last_ticket;
            state.queue.push_back(Waiter { ticket, give });
            self.waiting.fetch_add(1, Ordering::SeqCst);
            (ticket, given)
        };
        self.needs_keeper.notify_one();
        // A connection may have come free between the look and the queueing.
        self.serve_queue();
        match tokio::time::timeout(self.limits.acquire_timeout, given).await {
            Ok(Ok(Ok(lease))) => Ok(lease),
            Ok(Ok(Err(why))) => Err(Refused::Unavailable(why)),
            Ok(Err(_)) => Err(Refused::Unavailable(Words::new(
                "the gateway is shutting down",
                "网关正在关闭",
            ))),
            Err(_) => {
                let mut state = self.state.locked();
                let before = state.queue.len();
                state.queue.retain(|waiter| waiter.ticket != ticket);
                self.waiting
                    .fetch_sub(before - state.queue.len(), Ordering::SeqCst);
                Err(Refused::Busy)
            }
        }
    }

    /// Adds a connection that is ready for calls.
    pub(crate) fn add(self: &Arc<Self>, connection: Arc<Connection>) {
        let mut state = self.state.locked();
        state.refusal = None;
        state.connections.push(connection);
        drop(state);
        self.serve_queue();
    }

    /// Removes a connection that is gone; how many are left.
    pub(crate) fn remove(&self, connection: &Arc<Connection>) -> usize {
        let mut state = self.state.locked();
        state
            .connections
            .retain(|other| !Arc::ptr_eq(other, connection));
        let left = state.connections.len();
        drop(state);
        self.needs_keeper.notify_one();
        left
    }

    /// No connection can be had for now: without one, whoever waits is told.
    pub(crate) fn refuse(self: &Arc<Self>, why: &Words) {
        let mut state = self.state.locked();
        state.refusal = Some(why.clone());
        let turned_away = if state.connections.is_empty() {
            std::mem::take(&mut state.queue)
        } else {
            VecDeque::new()
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
        let open = state.connections.len();
        open < self.limits.min_connections
            || (!state.queue.is_empty() && open < self.limits.max_connections)
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

    /// All connections.
    pub(crate) fn connections(&self) -> Vec<Arc<Connection>> {
        self.state.locked().connections.clone()
    }

    /// Takes out the connections above the minimum that have been idle for
    /// `idleTimeout`; never the primary one while there is another.
    pub(crate) fn evict(&self) -> Vec<Arc<Connection>> {
        let mut state = self.state.locked();
        let mut surplus = state
            .connections
            .len()
            .saturating_sub(self.limits.min_connections);
        let mut evicted = Vec::new();
        for position in (0..state.connections.len()).rev() {
            if surplus == 0 {
                break;
            }
            if state.connections[position].idle_for() >= self.limits.idle_timeout {
                evicted.push(state.connections.remove(position));
                surplus -= 1;
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
            .filter(|connection| connection.in_flight() > 0)
            .count();
        let total = state.connections.len();
        PoolCounts {
            total,
            active,
            idle: total - active,
            max: self.limits.max_connections,
        }
    }

    /// A connection that takes one more call, by the rules above.
    fn pick(&self, state: &State) -> Option<Arc<Connection>> {
        let open = state
            .connections
            .iter()
            .filter(|connection| connection.is_open());
        let best = open.min_by_key(|connection| connection.in_flight())?;
        let load = best.in_flight();
        let learned = &self.inbox.learned;
        let may_grow =
            state.connections.len() < self.limits.max_connections && state.refusal.is_none();
        let takes = match load {
            0 => true,
            _ if learned.asks.load(Ordering::Relaxed) => false,
            _ if may_grow && !learned.concurrent.load(Ordering::Relaxed) => false,
            _ => load < self.in_flight_limit,
        };
        takes.then(|| Arc::clone(best))
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
                if state.queue.is_empty() {
                    return;
                }
                let Some(connection) = self.pick(&state) else {
                    return;
                };
                let waiter = state
                    .queue
                    .pop_front()
                    .expect("BUG: the queue was not empty");
                self.waiting.fetch_sub(1, Ordering::SeqCst);
                (waiter, Lease::take(self, connection))
            };
            // Outside the lock: a lease that nobody takes any more returns here.
            drop(waiter.give.send(Ok(lease)));
        }
    }

    /// A lease has come back.
    fn returned(self: &Arc<Self>) {
        // Ordered against the queueing in `acquire`: either the waiter sees the
        // free connection in its second look, or its count is seen here.
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.serve_queue();
        }
    }
}
