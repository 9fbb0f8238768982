//! Which connection a call gets, and which are no longer needed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Pool, State};
use crate::config::model::Sharing;
use crate::serve::session::Session;
use crate::sync::Locked;
use crate::upstream::Connection;

/// Sessions that a server which is not shared may have at once where the file
/// names no number: asking for it is asking for more than one process.
const SESSIONS_AT_ONCE: usize = 16;
/// A session's own connection holds its client's state; it is closed only
/// after this long without a call or an open stream.
const SESSION_IDLE: Duration = Duration::from_secs(30 * 60);

impl Pool {
    /// Takes out the connections that are no longer needed: above the minimum
    /// after `idleTimeout`, never the primary one while there is another, and
    /// those whose session has ended. They count until they are gone.
    pub(crate) fn evict(&self) -> Vec<Arc<Connection>> {
        let mut state = self.state.locked();
        let mut surplus = state
            .connections
            .len()
            .saturating_sub(self.limits.min_connections);
        let mut evicted = Vec::new();
        for position in (0..state.connections.len()).rev() {
            let connection = &state.connections[position];
            // What one session has used is of no use to another.
            let left = connection.owner().has_left();
            if position == 0 && state.connections.len() > 1 && !left {
                // Subscriptions live on the primary one.
                continue;
            }
            // What the gateway itself asks of it is a use of it.
            let is_asked = connection.pending.has_own();
            if (surplus > 0 || left) && !is_asked && self.is_spent(connection) {
                evicted.push(state.connections.remove(position));
                surplus = surplus.saturating_sub(1);
            }
        }
        state.passing.extend(evicted.iter().cloned());
        evicted
    }

    /// A connection that takes one more call, by the rules above.
    pub(super) fn pick(
        &self,
        state: &State,
        client: Option<&Arc<Session>>,
    ) -> Option<Arc<Connection>> {
        let open = || state.connections.iter().filter(|one| one.takes_calls());
        if self.sharing == Sharing::Session {
            let mut all = state.connections.iter().filter(|one| one.is_open());
            if let Some(own) = all.find(|one| one.owner().is(client)) {
                let takes = own.takes_calls() && own.in_flight() < self.in_flight_limit;
                return takes.then(|| Arc::clone(own));
            }
            let free = open().find(|one| one.owner().is_free())?;
            free.give_to(client);
            return Some(Arc::clone(free));
        }
        // One that was silent when it was asked is the last resort.
        let best = open().min_by_key(|one| (one.is_silent(), one.in_flight()))?;
        let load = best.in_flight();
        let learned = &self.inbox.learned;
        let may_grow = state.counted() < self.most() && state.refusal.is_none();
        let takes = match load {
            0 => true,
            _ if learned.asks.load(Ordering::Relaxed) => false,
            _ if may_grow && !learned.concurrent.load(Ordering::Relaxed) => false,
            _ => load < self.in_flight_limit,
        };
        takes.then(|| Arc::clone(best))
    }

    /// Whether a caller may in time be served by a connection that is there.
    pub(super) fn may_be_served(&self, state: &State, client: Option<&Arc<Session>>) -> bool {
        match self.sharing {
            Sharing::Shared => state.open() > 0,
            Sharing::Session => {
                let mut takes = state.connections.iter().filter(|one| one.takes_calls());
                state.has_own(client) || takes.any(|one| one.owner().is_free())
            }
        }
    }

    /// As many connections as there may be.
    pub(super) fn most(&self) -> usize {
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
}
