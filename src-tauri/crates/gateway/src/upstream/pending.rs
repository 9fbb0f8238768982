//! Calls in flight on one connection: upstream ids ↔ who waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::slot::{Answer, Lost, Slot};
use crate::pool::Lease;
use crate::serve::session::Session;
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
    pub(crate) client: Option<Arc<Session>>,
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
}

#[derive(Debug)]
struct Entry {
    call: Call,
    last_sign: Instant,
    /// Parked on a question that a person has to answer; not timed out.
    parked: u32,
    /// A client's, not one of the gateway's own.
    of_client: bool,
    /// Nobody waits any more, but the server may still be working on it, and
    /// what it asks meanwhile must not be taken for somebody else's.
    abandoned: Option<Instant>,
}

/// An abandoned call keeps its lease this long where a server asks questions,
/// so that its late question finds no other call to be mistaken for.
const LEASE_OF_ABANDONED: Duration = Duration::from_secs(5);
/// Afterwards it is remembered this long: questions are in doubt until then.
const ABANDONED: Duration = Duration::from_secs(60);

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
    pub(crate) fn register(&self, call: Call) -> Result<CallId, (Call, Lost)> {
        let mut table = self.table.locked();
        if let Some(lost) = &table.closed {
            let lost = lost.clone();
            return Err((call, lost));
        }
        table.last_id += 1;
        let id = table.last_id;
        let entry = Entry {
            of_client: call.lease.is_some(),
            call,
            last_sign: Instant::now(),
            parked: 0,
            abandoned: None,
        };
        table.calls.insert(id, entry);
        Ok(id)
    }

    /// Hands an answer to its caller; `None` where no call has this id. The
    /// order is looked at only where `watch_order` says that it matters.
    pub(crate) fn complete(&self, id: CallId, answer: Answer, watch_order: bool) -> Option<Order> {
        let mut table = self.table.locked();
        let entry = table.calls.remove(&id)?;
        let overtook = watch_order && table.calls.keys().any(|&other| other < id);
        drop(table);
        entry.call.slot.finish(Ok(answer));
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

    /// Ends a call for its caller while the server may still work on it. Its
    /// lease ends with it unless `keep_lease`; then it does a little later.
    pub(crate) fn abandon(&self, id: CallId, lost: Lost, keep_lease: bool) {
        let mut table = self.table.locked();
        let Some(entry) = table.calls.get_mut(&id) else {
            return;
        };
        entry.abandoned.get_or_insert_with(Instant::now);
        let lease = if keep_lease {
            None
        } else {
            entry.call.lease.take()
        };
        let slot = Arc::clone(&entry.call.slot);
        drop(table);
        slot.finish(Err(lost));
        drop(lease);
    }

    /// Passes a progress notification to its caller under the client's token.
    pub(crate) fn progress(&self, id: CallId, with_token: impl FnOnce(&[u8]) -> Bytes) -> bool {
        let mut table = self.table.locked();
        let Some(entry) = table.calls.get_mut(&id) else {
            return false;
        };
        entry.last_sign = Instant::now();
        let slot = Arc::clone(&entry.call.slot);
        let token = entry.call.progress_token.clone();
        drop(table);
        token.is_some_and(|token| slot.push(with_token(&token)))
    }

    /// Whether a call is still waiting.
    pub(crate) fn contains(&self, id: CallId) -> bool {
        let table = self.table.locked();
        let entry = table.calls.get(&id);
        entry.is_some_and(|entry| entry.abandoned.is_none())
    }

    /// The one call in flight, if there is exactly one. The gateway's own
    /// requests do not count: no client is behind them. Abandoned ones do.
    pub(crate) fn only(&self) -> Option<(CallId, Arc<Slot>, Option<Arc<Session>>)> {
        let table = self.table.locked();
        let mut calls = table.calls.iter().filter(|(_, entry)| entry.of_client);
        let (&id, entry) = calls.next()?;
        calls.next().is_none().then(|| {
            let call = &entry.call;
            (id, Arc::clone(&call.slot), call.client.clone())
        })
    }

    /// The call that was begun last, not counting the gateway's own.
    pub(crate) fn latest(&self) -> Option<(CallId, Arc<Slot>)> {
        let table = self.table.locked();
        let clients = table.calls.iter().filter(|(_, entry)| entry.of_client);
        let (&id, entry) = clients.max_by_key(|(id, _)| **id)?;
        Some((id, Arc::clone(&entry.call.slot)))
    }

    /// Stops or restarts the clock of a call while a person is asked.
    pub(crate) fn park(&self, id: CallId, parked: bool) {
        if let Some(entry) = self.table.locked().calls.get_mut(&id) {
            entry.parked = if parked {
                entry.parked + 1
            } else {
                entry.parked.saturating_sub(1)
            };
            entry.last_sign = Instant::now();
        }
    }

    /// The calls that have shown no sign of life for `patience`, and time for
    /// those that were abandoned to be forgotten.
    pub(crate) fn late(&self, patience: Duration) -> Vec<CallId> {
        let now = Instant::now();
        let age = |since: Option<Instant>| since.map(|since| now.duration_since(since));
        let mut table = self.table.locked();
        let mut leases = Vec::new();
        for entry in table.calls.values_mut() {
            if age(entry.abandoned).is_some_and(|age| age >= LEASE_OF_ABANDONED) {
                leases.extend(entry.call.lease.take());
            }
        }
        table
            .calls
            .retain(|_, entry| age(entry.abandoned).is_none_or(|age| age < ABANDONED));
        let is_late = |entry: &Entry| {
            entry.parked == 0
                && entry.abandoned.is_none()
                && now.duration_since(entry.last_sign) >= patience
        };
        let late = table
            .calls
            .iter()
            .filter(|(_, entry)| is_late(entry))
            .map(|(&id, _)| id)
            .collect();
        drop(table);
        // Outside the lock: whoever waits for a connection is served by this.
        drop(leases);
        late
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
