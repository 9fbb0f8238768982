//! Calls in flight on one connection: upstream ids ↔ who waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::slot::{Answer, Lost, Slot};
use crate::client::{Client, Former};
use crate::pool::Lease;
use crate::sync::Locked;

/// Id of a request on one connection; also its progress token there.
pub(crate) type CallId = u64;

/// One call as its connection knows it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) slot: Arc<Slot>,
    /// The progress token that the client chose, as written.
    pub(crate) progress_token: Option<Bytes>,
    /// Who asked; `None` for the gateway itself and for REST.
    pub(crate) client: Option<Client>,
    /// Held until the server has answered, even if the caller left; `None` for
    /// the gateway's own requests.
    pub(crate) lease: Option<Lease>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    last_id: CallId,
    calls: HashMap<CallId, Entry>,
    closed: Option<Lost>,
    /// A call was abandoned, and nothing has been answered since.
    owes: bool,
}

#[derive(Debug)]
struct Entry {
    call: Call,
    /// When it was sent, later by as long as a person was asked meanwhile.
    begun: Instant,
    last_sign: Instant,
    /// From when on whoever waits now has been shown nothing.
    silent_since: Instant,
    /// Something was heard of it since it was sent.
    heard_of: bool,
    /// Parked on so many questions that a person has to answer; not timed out.
    parked: u32,
    parked_since: Option<Instant>,
    /// A client's, not one of the gateway's own.
    of_client: bool,
    /// It is answered only when it is over for good: a subscription.
    lasting: bool,
    /// Nobody waits any more, but the server may still be working on it, and
    /// what it asks meanwhile must not be taken for somebody else's.
    abandoned: Option<Instant>,
    /// Who asked, once it is abandoned: whoever has left is not kept for that.
    former: Option<Former>,
}

/// An abandoned call is remembered this long: until then a question could be its.
const ABANDONED: Duration = Duration::from_secs(15);

/// A call that a message of the server may belong to.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) id: CallId,
    pub(crate) slot: Arc<Slot>,
    pub(crate) client: Option<Client>,
}

/// How an answer relates to the calls before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// No earlier call is still waiting.
    InOrder,
    /// An earlier call is: the server works on several at once.
    Overtook,
}

impl Pending {
    /// Registers a call and gives it an id.
    ///
    /// # Errors
    /// Gives the call back, with the reason, where the connection is closed.
    pub(crate) fn register(&self, call: Call) -> Result<CallId, Box<(Call, Lost)>> {
        self.enter(call, false)
    }

    /// The same for a subscription of the gateway's own.
    pub(super) fn register_lasting(&self, call: Call) -> Result<CallId, Box<(Call, Lost)>> {
        self.enter(call, true)
    }

    fn enter(&self, call: Call, lasting: bool) -> Result<CallId, Box<(Call, Lost)>> {
        let mut table = self.table.locked();
        if let Some(lost) = &table.closed {
            let lost = lost.clone();
            return Err(Box::new((call, lost)));
        }
        table.last_id += 1;
        let id = table.last_id;
        let now = Instant::now();
        let entry = Entry {
            of_client: call.lease.is_some(),
            lasting,
            call,
            begun: now,
            last_sign: now,
            silent_since: now,
            heard_of: false,
            parked: 0,
            parked_since: None,
            abandoned: None,
            former: None,
        };
        table.calls.insert(id, entry);
        Ok(id)
    }

    /// Hands an answer to its caller; `None` where no call has this id. The
    /// order is looked at only where `watch_order` says that it matters.
    pub(crate) fn complete(&self, id: CallId, answer: Answer, watch_order: bool) -> Option<Order> {
        let mut table = self.table.locked();
        table.owes = false;
        let entry = table.calls.remove(&id)?;
        // A cancelled call is mostly never answered: passing it proves nothing.
        let waits = |(&other, one): (&CallId, &Entry)| {
            other < id && one.abandoned.is_none() && !one.lasting
        };
        let overtook = watch_order && table.calls.iter().any(waits);
        drop(table);
        let Call { slot, lease, .. } = entry.call;
        // First: who has the answer may ask again at once, and must find the connection free.
        drop(lease);
        slot.finish(Ok(answer));
        Some(if overtook {
            Order::Overtook
        } else {
            Order::InOrder
        })
    }

    /// Ends one call without an answer; false where it had ended already.
    pub(crate) fn lose(&self, id: CallId, lost: Lost) -> bool {
        let Some(entry) = self.table.locked().calls.remove(&id) else {
            return false;
        };
        entry.call.slot.finish(Err(lost));
        true
    }

    /// Ends a call, and its lease, while the server may still work on it.
    pub(crate) fn abandon(&self, id: CallId, lost: Lost) {
        let mut table = self.table.locked();
        let Some(entry) = table.calls.get_mut(&id) else {
            return;
        };
        entry.abandoned.get_or_insert_with(Instant::now);
        let client = entry.call.client.take();
        if let Some(client) = &client {
            entry.former = Some(client.former());
        }
        let lease = entry.call.lease.take();
        let slot = Arc::clone(&entry.call.slot);
        table.owes = true;
        drop(table);
        slot.finish(Err(lost));
        drop((lease, client));
    }

    /// Passes a progress notification to its caller under the client's token.
    pub(crate) fn progress(&self, id: CallId, with_token: impl FnOnce(&[u8]) -> Bytes) -> bool {
        let mut table = self.table.locked();
        let Some(entry) = table.calls.get_mut(&id) else {
            return false;
        };
        entry.last_sign = Instant::now();
        entry.heard_of = true;
        let slot = Arc::clone(&entry.call.slot);
        let token = entry.call.progress_token.clone();
        drop(table);
        token.is_some_and(|token| slot.push(with_token(&token)))
    }

    /// From now on another request of its client waits for a call, with a token of its own; `None`
    /// for none, and then reports are signs of life and nothing more.
    pub(crate) fn hand_over(&self, id: CallId, client: Option<Client>, token: Option<Bytes>) {
        let mut table = self.table.locked();
        let Some(entry) = table.calls.get_mut(&id) else {
            return;
        };
        entry.call.progress_token = token;
        entry.silent_since = Instant::now();
        let before = client.and_then(|client| entry.call.client.replace(client));
        drop(table);
        drop(before);
    }

    /// Whether a call is still waiting.
    pub(crate) fn contains(&self, id: CallId) -> bool {
        let table = self.table.locked();
        let entry = table.calls.get(&id);
        entry.is_some_and(|entry| entry.abandoned.is_none())
    }

    /// The call that a message belongs to, where it is beyond doubt whose: every
    /// call that the server may be working on is one client's. Of several the
    /// latest counts. The gateway's own requests do not: no client is behind
    /// them; abandoned ones do.
    pub(crate) fn undoubted(&self) -> Option<Candidate> {
        let table = self.table.locked();
        let latest = Self::latest_of(&table)?;
        let mut calls = table.calls.values().filter(|entry| entry.of_client);
        let is_sure = match &latest.client {
            Some(client) => calls.all(|entry| entry.is_of(client)),
            None => calls.count() == 1,
        };
        is_sure.then_some(latest)
    }

    /// The call of an id, as long as it goes on.
    pub(super) fn candidate(&self, id: CallId) -> Option<Candidate> {
        let table = self.table.locked();
        let entry = table.calls.get(&id)?;
        entry.abandoned.is_none().then(|| Candidate {
            id,
            slot: Arc::clone(&entry.call.slot),
            client: entry.call.client.clone(),
        })
    }

    /// Whether a call is a subscription of the gateway's own.
    pub(super) fn is_lasting(&self, id: CallId) -> bool {
        let table = self.table.locked();
        table.calls.get(&id).is_some_and(|entry| entry.lasting)
    }

    /// Whether it still has a request of the gateway's own to answer.
    pub(crate) fn has_own(&self) -> bool {
        let table = self.table.locked();
        let mut calls = table.calls.values();
        calls.any(|entry| !entry.of_client && !entry.lasting)
    }

    /// Whether the server may be working although no client's call is under way: on a request of
    /// the gateway's own, or on a call that nobody waits for any more.
    pub(crate) fn may_be_at_work(&self) -> bool {
        let table = self.table.locked();
        table.owes || table.calls.values().any(|entry| !entry.of_client)
    }

    /// The call that was begun last and goes on, not counting the gateway's own.
    pub(crate) fn latest(&self) -> Option<Candidate> {
        Self::latest_of(&self.table.locked())
    }

    fn latest_of(table: &Table) -> Option<Candidate> {
        let live = table
            .calls
            .iter()
            .filter(|(_, entry)| entry.of_client && entry.abandoned.is_none());
        let (&id, entry) = live.max_by_key(|(id, _)| **id)?;
        Some(Candidate {
            id,
            slot: Arc::clone(&entry.call.slot),
            client: entry.call.client.clone(),
        })
    }

    /// Stops or restarts the clock of a call while a person is asked.
    pub(crate) fn park(&self, id: CallId, parked: bool) {
        if let Some(entry) = self.table.locked().calls.get_mut(&id) {
            let now = Instant::now();
            if parked {
                entry.parked += 1;
                entry.parked_since.get_or_insert(now);
            } else {
                entry.parked = entry.parked.saturating_sub(1);
                if let Some(since) = entry.parked_since.take_if(|_| entry.parked == 0) {
                    entry.begun += now.duration_since(since);
                }
            }
            entry.heard_of = true;
            entry.last_sign = now;
            entry.silent_since = now;
        }
    }

    /// Whether a call goes on whose client has been asked something.
    pub(crate) fn asks(&self) -> bool {
        let table = self.table.locked();
        let mut calls = table.calls.values();
        calls.any(|entry| entry.parked > 0 && entry.abandoned.is_none())
    }

    /// The clients' calls that have shown no sign of life for `patience`, and time for
    /// those that were abandoned to be forgotten. The gateway's own have deadlines of
    /// their own.
    pub(crate) fn late(&self, patience: Duration) -> Vec<CallId> {
        let now = Instant::now();
        let age = |since: Option<Instant>| since.map(|since| now.duration_since(since));
        let mut table = self.table.locked();
        table
            .calls
            .retain(|_, entry| age(entry.abandoned).is_none_or(|age| age < ABANDONED));
        let is_late = |entry: &Entry| {
            entry.of_client
                && entry.parked == 0
                && entry.abandoned.is_none()
                && now.duration_since(entry.last_sign) >= patience
        };
        table
            .calls
            .iter()
            .filter(|(_, entry)| is_late(entry))
            .map(|(&id, _)| id)
            .collect()
    }

    /// The clients' calls that have lasted for so long, whatever was heard of them, without the
    /// time that a person took.
    pub(crate) fn older_than(&self, longest: Duration) -> Vec<CallId> {
        let table = self.table.locked();
        let is_older = |entry: &Entry| {
            entry.of_client
                && entry.parked == 0
                && entry.abandoned.is_none()
                && entry.begun.elapsed() >= longest
        };
        let calls = table.calls.iter().filter(|(_, entry)| is_older(entry));
        calls.map(|(&id, _)| id).collect()
    }

    /// Who has waited for so long is shown that its call goes on, where its transport can show
    /// that; not while a person is asked.
    pub(crate) fn tell_of_silence(&self, silence: Duration) {
        let table = self.table.locked();
        let is_silent = |entry: &&Entry| {
            entry.of_client
                && entry.parked == 0
                && entry.abandoned.is_none()
                && entry.silent_since.elapsed() >= silence
        };
        for entry in table.calls.values().filter(is_silent) {
            entry.call.slot.is_silent();
        }
    }

    /// Whether a client's call goes on that has shown a sign of life since then, or waits for
    /// a person. That it was sent since is no sign.
    pub(crate) fn is_lively_since(&self, then: Instant) -> bool {
        let table = self.table.locked();
        let mut calls = table.calls.values();
        calls.any(|entry| {
            entry.of_client
                && entry.abandoned.is_none()
                && (entry.parked > 0 || (entry.heard_of && entry.last_sign >= then))
        })
    }

    /// Ends every call, now and later.
    pub(crate) fn close(&self, lost: &Lost) {
        let mut table = self.table.locked();
        if table.closed.is_none() {
            table.closed = Some(match lost {
                Lost::Died(words) => Lost::Unsent(words.clone()),
                other => other.clone(),
            });
        }
        let entries: Vec<_> = table.calls.drain().map(|(_, entry)| entry).collect();
        drop(table);
        for entry in entries {
            entry.call.slot.finish(Err(lost.clone()));
        }
    }
}

impl Entry {
    /// Whether it is this client's, beyond doubt.
    fn is_of(&self, client: &Client) -> bool {
        match (&self.call.client, &self.former) {
            (Some(present), _) => present.identity() == client.identity(),
            (None, Some(former)) => former.is(client),
            (None, None) => false,
        }
    }
}

#[cfg(test)]
mod tests;
