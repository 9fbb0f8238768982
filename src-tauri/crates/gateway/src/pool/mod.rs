//! One server's connections and the calls that share them.
//!
//! A call takes an idle connection. If none is idle, a server that is known to
//! work on several calls at once gets it pipelined on its least loaded
//! connection; any other waits for whichever comes first, a connection that
//! frees or a new one, as long as the pool may grow. At the maximum, calls are
//! pipelined too, up to the in-flight limit, and then queue: clients take turns.
//!
//! A server that is not shared (`"sharing": "session"`) gives each client
//! session a connection that is its alone until the session ends, and callers without a session
//! one for each user. Where no further one may be
//! started, a session that comes new gets the place of one that does nothing.
//!
//! A connection that hangs is set aside: it gets no more calls, while those of it that show
//! signs of life go on.
//!
//! Whatever may have a process counts against the maximum: what is being started, what hangs,
//! and what has been asked to leave until it has gone. So there are never more processes than
//! the most; where it is reached, a new connection begins with the end of one that leaves.
//!
//! The pool decides; `server::keeper` starts and stops connections.

mod choice;
mod claimant;
mod lease;
mod queue;
mod state;
#[cfg(test)]
mod tests;
mod waiting;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

pub(crate) use claimant::Claimant;
pub(crate) use lease::Lease;
use state::{State, strike};
use waiting::{Place, Waiter};

use crate::config::model::{PoolLimits, Sharing};
use crate::sync::Locked;
use crate::upstream::Connection;
use crate::upstream::inbox::Inbox;
use crate::words::Words;

/// Why a call got no connection.
#[derive(Debug, Clone)]
pub(crate) enum Refused {
    /// The server cannot be used; why.
    Unavailable(Words),
    /// No connection was to be had in time.
    TooLong {
        scarcity: Scarcity,
        waited: Duration,
    },
}

/// Why nobody could be served in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scarcity {
    /// All connections stayed busy.
    Busy,
    /// All stayed busy, one of them as a client had been asked something.
    Asking,
    /// All belong to other sessions.
    Taken,
    /// None is there: one has not gone yet, or its successor is not ready.
    Absent,
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

/// What taking a connection out has left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Removed {
    /// Subscriptions lived there.
    pub(crate) was_primary: bool,
    /// Other connections.
    pub(crate) left: usize,
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

    /// A connection for one call of a client.
    ///
    /// # Errors
    /// See [`Refused`].
    pub(crate) async fn acquire(self: &Arc<Self>, client: Claimant<'_>) -> Result<Lease, Refused> {
        let (place, given) = {
            let mut state = self.state.locked();
            if (state.queue.is_empty() || self.sharing == Sharing::Session)
                && let Some(connection) = self.pick(&state, client)
            {
                return Ok(Lease::take(self, connection));
            }
            if let Some(refusal) = &state.refusal
                && !self.may_be_served(&state, client)
            {
                return Err(Refused::Unavailable(refusal.clone()));
            }
            let (give, given) = oneshot::channel();
            let waiter = Waiter {
                client: client.waits(),
                give,
            };
            let ticket = state.queue.push(client.number(), waiter);
            self.count_waiting(&state);
            (Place { pool: self, ticket }, given)
        };
        let asked = Instant::now();
        self.needs_keeper.notify_one();
        // A connection may have come free between the look and the queueing.
        self.serve_queue();
        let served = tokio::select! {
            biased;
            given = given => Some(given),
            () = self.too_long(client) => None,
        };
        drop(place);
        match served {
            Some(Ok(Ok(lease))) => Ok(lease),
            Some(Ok(Err(why))) => Err(Refused::Unavailable(why)),
            Some(Err(_)) => Err(Refused::Unavailable(Words::new(
                "the gateway is shutting down",
                "网关正在关闭",
            ))),
            None => Err(Refused::TooLong {
                scarcity: self.scarcity(client),
                waited: asked.elapsed(),
            }),
        }
    }

    /// Its server may be started now, or never will be.
    pub(crate) fn begin(&self) {
        self.begun.cancel();
    }

    /// A connection is being started. It counts until [`Self::remove`] says that it is gone.
    pub(crate) fn expect(&self, connection: &Arc<Connection>) {
        self.state.locked().passing.push(Arc::clone(connection));
    }

    /// Adds a connection that is ready for calls; false where it has ended already.
    pub(crate) fn add(self: &Arc<Self>, connection: Arc<Connection>) -> bool {
        let mut state = self.state.locked();
        // Its driver closes it before it takes it out: one that is open here
        // will be found there.
        if !connection.is_open() {
            return false;
        }
        strike(&mut state.passing, &connection);
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
        strike(&mut state.aside, connection);
        strike(&mut state.passing, connection);
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

    /// Whether one more may be started.
    pub(crate) fn has_room(&self) -> bool {
        self.state.locked().counted() < self.most()
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

    /// Whether another connection is to be started now.
    pub(crate) fn wants_another(&self) -> bool {
        let state = self.state.locked();
        if state.counted() >= self.most() {
            return false;
        }
        let would_help = |waiter: &Waiter| match self.sharing {
            Sharing::Shared => true,
            // Whoever has one waits for that.
            Sharing::Session => !state.has_own(waiter.client.claimant()),
        };
        state.open() < self.limits.min_connections || state.queue.iter().any(would_help)
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

    /// The connections that calls run on, those that were set aside included.
    pub(crate) fn connections(&self) -> Vec<Arc<Connection>> {
        let state = self.state.locked();
        state.all().cloned().collect()
    }

    /// Every connection that may have a process.
    pub(crate) fn all_connections(&self) -> Vec<Arc<Connection>> {
        let state = self.state.locked();
        state.all().chain(&state.passing).cloned().collect()
    }

    /// For the status.
    pub(crate) fn counts(&self) -> PoolCounts {
        let state = self.state.locked();
        let active = state
            .connections
            .iter()
            .filter(|one| one.is_open() && one.in_flight() > 0)
            .count();
        let total = state.open();
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
