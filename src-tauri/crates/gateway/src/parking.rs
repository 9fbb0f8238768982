//! Calls whose modern clients have been asked something: they wait here until the client comes
//! back with its answers in another request (MCP 2026-07-28, "Multi Round-Trip Requests").
//!
//! What a client holds meanwhile is the sealed name of its call. It works once, for its user, and
//! not for longer than a person may take.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use eras::{BadState, Binding, Lifetimes, Sealed, StateKey, Tag};
use tokio::time::timeout;

use crate::config::model::Limits;
use crate::pool::Pool;
use crate::questions::ran_out;
use crate::sync::Locked;
use crate::upstream::Connection;
use crate::upstream::pending::CallId;
use crate::upstream::slot::{Ask, Slot};
use crate::user::Caller;

/// As many wait for all users together.
const MOST: usize = 1000;
/// A server whose question is refused mostly answers the call at once; it gets this long.
const WRAP_UP: Duration = Duration::from_secs(2);
/// For so many seconds a server's own state is passed back to it.
const FORWARDED: u64 = 24 * 3600;

/// The name of a call here.
pub(crate) type LotId = [u8; 16];

/// See the module.
#[derive(Debug)]
pub(crate) struct Parking {
    key: StateKey,
    lots: Mutex<Lots>,
    per_user: AtomicUsize,
    /// How long a person may take, in milliseconds.
    patience: AtomicU64,
    /// How long where others wait for the connection, in milliseconds.
    grace: AtomicU64,
}

#[derive(Debug, Default)]
struct Lots {
    waiting: HashMap<LotId, Lot>,
    /// The gateway goes: nobody can come back.
    closed: bool,
}

/// One call that waits.
#[derive(Debug)]
pub(crate) struct Lot {
    pub(crate) slot: Arc<Slot>,
    pub(crate) connection: Arc<Connection>,
    pub(crate) call: CallId,
    /// How often it may still be sent.
    pub(crate) attempts_left: u32,
    /// A former attempt may have been carried out.
    pub(crate) may_have_run: bool,
    pub(crate) asks: Vec<Ask>,
    pub(crate) caller: Caller,
    pub(crate) since: Instant,
}

// === impl Parking ===

impl Parking {
    /// An empty one. `key` survives a restart.
    pub(crate) fn new(key: StateKey, limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            key,
            lots: Mutex::default(),
            per_user: AtomicUsize::new(limits.parked_calls),
            patience: AtomicU64::new(millis(limits.question_timeout)),
            grace: AtomicU64::new(millis(limits.question_grace)),
        })
    }

    /// What holds from now on.
    pub(crate) fn set_limits(&self, limits: &Limits) {
        self.per_user.store(limits.parked_calls, Ordering::Relaxed);
        self.patience
            .store(millis(limits.question_timeout), Ordering::Relaxed);
        self.grace
            .store(millis(limits.question_grace), Ordering::Relaxed);
    }

    /// Seals what a client is to bring with its retry.
    pub(crate) fn seal(&self, what: &Sealed, server: &str, to: &Binding<'_>) -> String {
        self.key.seal(what, Tag::of(server), to, now())
    }

    /// Opens what a client has brought.
    ///
    /// # Errors
    /// See [`BadState`].
    pub(crate) fn open(
        &self,
        text: &str,
        server: &str,
        to: &Binding<'_>,
    ) -> Result<Sealed, BadState> {
        let lifetimes = Lifetimes {
            forwarded: FORWARDED,
            question: self.patience().as_secs().max(1),
        };
        self.key.open(text, Tag::of(server), to, &lifetimes, now())
    }

    /// Keeps a call until its client comes back; `None` where too many wait already, and then
    /// its questions are refused.
    pub(crate) fn park(&self, lot: Lot) -> Option<LotId> {
        self.expire(Instant::now());
        let mut id = [0; 16];
        if let Err(error) = getrandom::fill(&mut id) {
            tracing::warn!(%error, "a client cannot be asked anything");
            return None;
        }
        let per_user = self.per_user.load(Ordering::Relaxed);
        let mut lots = self.lots.locked();
        if lots.is_full(&lot.caller, per_user) {
            drop(lots);
            // Of what is lost nothing is left but to be told of.
            drop(self.take_all(Lot::is_lost));
            lots = self.lots.locked();
        }
        if lots.closed {
            return None;
        }
        if lots.is_full(&lot.caller, per_user) {
            drop(lots);
            tracing::warn!(
                "more calls than limits.parkedCalls ({per_user}) wait for what their clients were asked; the question of one more is refused"
            );
            return None;
        }
        lots.waiting.insert(id, lot);
        Some(id)
    }

    /// The call of a client that has come back; once.
    pub(crate) fn take(&self, id: LotId, caller: &Caller) -> Option<Lot> {
        self.expire(Instant::now());
        let mut lots = self.lots.locked();
        if lots.waiting.get(&id)?.caller != *caller {
            return None;
        }
        lots.waiting.remove(&id)
    }

    /// The server takes a question of a call back that waits.
    pub(crate) fn withdraw(&self, slot: &Arc<Slot>, asked_as: &[u8]) {
        let mut lots = self.lots.locked();
        let mut waiting = lots.waiting.values_mut();
        if let Some(lot) = waiting.find(|lot| Arc::ptr_eq(&lot.slot, slot)) {
            lot.asks.retain(|ask| ask.asked_as != asked_as);
        }
    }

    /// Ends the calls whose clients have not come back in time, or never will.
    pub(crate) fn expire(&self, now: Instant) {
        let patience = self.patience();
        let is_over = |lot: &Lot| {
            let has_left = lot.caller.ended().is_some_and(|ended| ended.is_cancelled());
            has_left || now.saturating_duration_since(lot.since) >= patience
        };
        for lot in self.take_all(is_over) {
            if now.saturating_duration_since(lot.since) >= patience {
                ran_out(&lot.connection.inbox, "in a result", patience);
            }
            lot.end("the client has not come back with an answer");
        }
    }

    /// Makes room for those who wait in vain for a connection of `pool`: ends the call there that
    /// has waited longest for its client, if that has had its time. Whether the client thinks or
    /// has gone for good cannot be told.
    pub(crate) fn give_way(&self, pool: &Pool, now: Instant) {
        if pool.counts().waiting == 0 {
            return;
        }
        let connections = pool.connections();
        let grace = self.grace();
        let oldest = {
            let mut lots = self.lots.locked();
            let there = lots.waiting.iter();
            let there = there.filter(|(_, lot)| lot.is_at(&connections));
            let oldest = there.min_by_key(|(_, lot)| lot.since);
            let due = oldest.filter(|(_, lot)| now.saturating_duration_since(lot.since) >= grace);
            let id = due.map(|(id, _)| *id);
            id.and_then(|id| lots.waiting.remove(&id))
        };
        if let Some(lot) = oldest {
            tracing::info!(
                server = %lot.connection.inbox.server,
                "a client was asked something and has not come back within limits.questionGrace; its call gives way to others that wait"
            );
            lot.give_way("the client has not come back with an answer, and others wait");
        }
    }

    /// The same for all calls there, at once: the pool goes.
    pub(crate) fn give_up_all(&self, pool: &Pool) {
        let connections = pool.connections();
        for lot in self.take_all(|lot| lot.is_at(&connections)) {
            lot.give_way("its server is being replaced or removed");
        }
    }

    /// How long a call waits for its client although others wait for its connection.
    pub(crate) fn grace(&self) -> Duration {
        Duration::from_millis(self.grace.load(Ordering::Relaxed))
    }

    fn take_all(&self, is_over: impl Fn(&Lot) -> bool) -> Vec<Lot> {
        let mut lots = self.lots.locked();
        let over = lots.waiting.extract_if(|_, lot| is_over(lot));
        over.map(|(_, lot)| lot).collect()
    }

    /// Ends all of them, and takes none any more: the gateway goes.
    pub(crate) fn close(&self) {
        let closed = Lots {
            closed: true,
            ..Lots::default()
        };
        let lots = std::mem::replace(&mut *self.lots.locked(), closed);
        for lot in lots.waiting.into_values() {
            lot.end("the gateway is shutting down");
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(self.patience.load(Ordering::Relaxed))
    }
}

// === impl Lot ===

impl Lots {
    /// Whether a caller may have no more, or nobody.
    fn is_full(&self, caller: &Caller, per_user: usize) -> bool {
        let own = self.waiting.values().filter(|lot| lot.caller == *caller);
        self.waiting.len() >= MOST || own.count() >= per_user
    }
}

impl Lot {
    /// Whether its server is gone, and has left no answer.
    fn is_lost(&self) -> bool {
        self.connection.closing.is_cancelled() && !self.slot.has_answer()
    }

    fn is_at(&self, connections: &[Arc<Connection>]) -> bool {
        let mut connections = connections.iter();
        connections.any(|one| Arc::ptr_eq(one, &self.connection))
    }

    /// Tells the server that nobody waits any more, and refuses what it has asked.
    fn end(self, why: &str) {
        if self.connection.pending.contains(self.call) {
            self.connection.cancel(self.call, why);
            self.connection.abandon(self.call);
        }
        self.slot.leave();
    }

    /// The same, but the connection is left without doubts to those who wait for it: what is
    /// asked after a call that was cancelled could still be about that call, after one that was
    /// answered it cannot. So first what was asked is refused, and whatever is asked next.
    fn give_way(mut self, why: &'static str) {
        self.asks.clear();
        self.slot.leave();
        let tasks = self.connection.inbox.tasks.clone();
        tasks.spawn(async move {
            let wrapped_up = tokio::select! {
                answered = timeout(WRAP_UP, self.slot.answer()) => answered.is_ok(),
                () = self.connection.closing.cancelled() => true,
            };
            if !wrapped_up {
                self.end(why);
            }
        });
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Seconds since the epoch; what is sealed outlives the process.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
