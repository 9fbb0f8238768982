//! Which connection a call gets, and which are no longer needed.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Claimant, Pool, Scarcity, State};
use crate::config::model::Sharing;
use crate::sync::Locked;
use crate::upstream::{Connection, Owner};

/// Sessions that a server which is not shared may have at once where the file
/// names no number: asking for it is asking for more than one process.
const SESSIONS_AT_ONCE: usize = 16;
/// A session's own connection holds its client's state; it is closed only
/// after this long without a call or an open stream.
const SESSION_IDLE: Duration = Duration::from_secs(30 * 60);

impl Pool {
    /// Takes out the connections that are no longer needed: above the minimum
    /// after `idleTimeout`, never the primary one while there is another, and
    /// those whose session has ended; and where sessions wait and none is left for them,
    /// those that were used longest ago. They count until they are gone.
    pub(crate) fn evict(&self) -> Vec<Arc<Connection>> {
        let mut state = self.state.locked();
        let mut evicted = self.make_room(&mut state);
        let mut surplus = state
            .connections
            .len()
            .saturating_sub(self.limits.min_connections);
        for position in (0..state.connections.len()).rev() {
            let connection = &state.connections[position];
            // What one session has used is of no use to another.
            let owner = connection.owner();
            let left = owner.has_left();
            if position == 0 && state.connections.len() > 1 && !left {
                // Subscriptions live on the primary one.
                continue;
            }
            // What the gateway itself asks of it is a use of it.
            let is_asked = connection.pending.has_own() || self.is_listened_to(position, &owner);
            if (surplus > 0 || left) && !is_asked && self.is_spent(connection) {
                evicted.push(state.connections.remove(position));
                surplus = surplus.saturating_sub(1);
            }
        }
        state.passing.extend(evicted.iter().cloned());
        evicted
    }

    /// Whether a connection is still needed, though idle, for what happens at its server to be
    /// told. That is where subscriptions live which belong to no session.
    fn is_listened_to(&self, position: usize, owner: &Owner) -> bool {
        let is_there = match self.sharing {
            Sharing::Shared => position == 0,
            Sharing::Session => matches!(owner, Owner::User(None)),
        };
        is_there && self.inbox.subscriptions.any()
    }

    /// A connection that takes one more call, by the rules above.
    pub(super) fn pick(&self, state: &State, client: Claimant<'_>) -> Option<Arc<Connection>> {
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
        // Also while one is being started or leaves: that is what the call waits for. One that
        // was set aside for a call that goes on makes room nobody knows when.
        let may_grow = state.open() + state.lingering() < self.most() && state.refusal.is_none();
        let takes = match load {
            0 => true,
            _ if learned.asks.load(Ordering::Relaxed) => false,
            _ if may_grow && !learned.concurrent.load(Ordering::Relaxed) => false,
            _ => load < self.in_flight_limit,
        };
        takes.then(|| Arc::clone(best))
    }

    /// Whether a caller may in time be served by a connection that is there.
    pub(super) fn may_be_served(&self, state: &State, client: Claimant<'_>) -> bool {
        match self.sharing {
            Sharing::Shared => state.open() > 0,
            Sharing::Session => {
                let mut takes = state.connections.iter().filter(|one| one.takes_calls());
                state.has_own(client) || takes.any(|one| one.owner().is_free())
            }
        }
    }

    /// Takes out connections whose sessions do nothing, the longest idle first, so that each
    /// session that waits for one may get it.
    fn make_room(&self, state: &mut State) -> Vec<Arc<Connection>> {
        let mut evicted = Vec::new();
        for _ in 0..self.short_by(state) {
            let all = state.connections.iter().enumerate();
            let longest = all
                .filter(|(_, one)| self.may_be_given_up(one))
                .max_by_key(|(_, one)| one.idle_for());
            let Some((position, _)) = longest else {
                break;
            };
            evicted.push(state.connections.remove(position));
        }
        evicted
    }

    /// How many sessions wait for a connection of their own beyond those that will come.
    fn short_by(&self, state: &State) -> usize {
        if self.sharing == Sharing::Shared || state.queue.is_empty() {
            return 0;
        }
        let newcomers: HashSet<_> = state
            .queue
            .iter()
            .map(|waiter| waiter.client.claimant())
            .filter(|client| !state.has_own(*client))
            .map(Claimant::number)
            .collect();
        let ending = state.all().filter(|one| !one.is_open()).count();
        let room = self.most().saturating_sub(state.counted());
        newcomers
            .len()
            .saturating_sub(room + ending + state.passing.len())
    }

    /// Whether another session may have the place of a connection: its own has no stream
    /// open and has left it alone for `idleTimeout`.
    fn may_be_given_up(&self, connection: &Connection) -> bool {
        let owner = connection.owner();
        let listens = owner
            .session()
            .is_some_and(|one| one.outbound.is_attached());
        connection.is_open()
            && !owner.is_free()
            && !listens
            && !connection.pending.has_own()
            && connection.in_flight() == 0
            && connection.idle_for() >= self.limits.idle_timeout
    }

    /// What a caller waited for in vain.
    pub(super) fn scarcity(&self, client: Claimant<'_>) -> Scarcity {
        let state = self.state.locked();
        if self.may_be_served(&state, client) {
            let mut open = state.connections.iter();
            match open.any(|one| one.pending.asks()) {
                true => Scarcity::Asking,
                false => Scarcity::Busy,
            }
        } else if self.sharing == Sharing::Session && state.open() >= self.most() {
            Scarcity::Taken
        } else {
            Scarcity::Absent
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
        let long = self.limits.idle_timeout.max(SESSION_IDLE);
        match (&owner, owner.session()) {
            _ if owner.has_left() => connection.in_flight() == 0,
            (_, Some(session)) => !session.outbound.is_attached() && idle >= long,
            // What it remembers is a user's; whether that one comes back cannot be known.
            (Owner::User(Some(_)), None) => idle >= long,
            _ => idle >= self.limits.idle_timeout,
        }
    }
}
