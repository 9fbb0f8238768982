//! The requests that a session's client has in flight, so that they can be
//! cancelled from the moment they arrive.
//!
//! A request may wait for a server to start or a connection to come free long
//! before it is sent, and over HTTP its cancellation may even arrive first.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::serve::session::Session;
use crate::sync::Locked;
use crate::upstream::Connection;
use crate::upstream::pending::CallId;
use crate::upstream::slot::{Lost, Slot};

/// A cancellation waits this long for its request.
const EARLY: Duration = Duration::from_secs(5);
/// As many of them are remembered.
const EARLY_KEPT: usize = 32;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct OpenRequests {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: HashMap<Bytes, Progress>,
    early: VecDeque<(Bytes, Instant)>,
}

/// How far a request has come.
#[derive(Debug)]
enum Progress {
    Waiting,
    Cancelled,
    Sent {
        connection: Arc<Connection>,
        call: CallId,
    },
    /// The server has answered with questions, which the client has not answered yet.
    Asking(Arc<Slot>),
}

/// Keeps a request open until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenRequest {
    client: Arc<Session>,
    id: Bytes,
}

/// Why a request cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Another one with this id is in flight.
    Duplicate,
    /// Its cancellation came before it.
    Cancelled,
}

impl OpenRequests {
    /// Cancels a request. `forward` rewrites the client's notification for the
    /// server, given the call's id there.
    pub(crate) fn cancel(&self, id: Bytes, forward: impl FnOnce(&str) -> Vec<u8>) {
        let mut state = self.state.locked();
        let Some(progress) = state.open.get_mut(&id) else {
            if state.early.len() == EARLY_KEPT {
                state.early.pop_front();
            }
            state.early.push_back((id, Instant::now()));
            return;
        };
        match std::mem::replace(progress, Progress::Cancelled) {
            Progress::Waiting | Progress::Cancelled => {}
            Progress::Sent { connection, call } => {
                drop(state);
                connection.cancel_by(call, || forward(&call.to_string()));
                connection.abandon(call);
            }
            Progress::Asking(slot) => {
                drop(state);
                slot.finish(Err(Lost::Cancelled));
            }
        }
    }

    /// Whether none is in flight.
    pub(crate) fn is_empty(&self) -> bool {
        self.state.locked().open.is_empty()
    }
}

impl OpenRequest {
    /// Opens a request of a client.
    ///
    /// # Errors
    /// See [`Refused`].
    pub(crate) fn new(client: &Arc<Session>, id: Bytes) -> Result<Self, Refused> {
        let mut state = client.requests.state.locked();
        let state = &mut *state;
        let Entry::Vacant(place) = state.open.entry(id.clone()) else {
            return Err(Refused::Duplicate);
        };
        if !state.early.is_empty() {
            state.early.retain(|(_, at)| at.elapsed() < EARLY);
            if let Some(at) = state.early.iter().position(|(early, _)| *early == id) {
                state.early.remove(at);
                return Err(Refused::Cancelled);
            }
        }
        place.insert(Progress::Waiting);
        Ok(Self {
            client: Arc::clone(client),
            id,
        })
    }

    /// Whether it was cancelled before it was sent.
    pub(crate) fn is_cancelled(&self) -> bool {
        let state = self.client.requests.state.locked();
        matches!(state.open.get(&self.id), Some(Progress::Cancelled))
    }

    /// Remembers where it went; false where it was cancelled meanwhile.
    pub(crate) fn sent(&self, connection: &Arc<Connection>, call: CallId) -> bool {
        self.has_come_to(|| Progress::Sent {
            connection: Arc::clone(connection),
            call,
        })
    }

    /// Its client is asked something first; false where that has cancelled it meanwhile.
    pub(crate) fn asks(&self, slot: &Arc<Slot>) -> bool {
        self.has_come_to(|| Progress::Asking(Arc::clone(slot)))
    }

    fn has_come_to(&self, now: impl FnOnce() -> Progress) -> bool {
        let mut state = self.client.requests.state.locked();
        match state.open.get_mut(&self.id) {
            Some(Progress::Cancelled) => false,
            Some(progress) => {
                *progress = now();
                true
            }
            None => true,
        }
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.client.requests.state.locked().open.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::session::{Said, Sessions};
    use crate::serve::session_id::SessionKey;

    fn session() -> Arc<Session> {
        Sessions::new(SessionKey::from_bytes([1; 32]), 10)
            .open(wire::Version::LATEST, Said::default(), None, "", None)
            .expect("random")
    }

    #[test]
    fn an_id_is_open_once_and_free_again_afterwards() {
        let client = session();
        let id = || Bytes::from_static(b"1");
        let first = OpenRequest::new(&client, id()).expect("free");
        assert_eq!(
            OpenRequest::new(&client, id()).map(drop),
            Err(Refused::Duplicate)
        );
        drop(first);
        assert!(OpenRequest::new(&client, id()).is_ok());
        assert!(client.requests.is_empty());
    }

    #[test]
    fn a_cancellation_is_heeded_before_the_request_is_sent_and_even_before_it_comes() {
        let client = session();
        let id = || Bytes::from_static(b"\"a\"");
        let waiting = OpenRequest::new(&client, id()).expect("free");
        client.requests.cancel(id(), |_| Vec::new());
        assert!(waiting.is_cancelled());
        drop(waiting);
        client.requests.cancel(id(), |_| Vec::new());
        assert_eq!(
            OpenRequest::new(&client, id()).map(drop),
            Err(Refused::Cancelled)
        );
        assert!(OpenRequest::new(&client, id()).is_ok(), "once");
    }

    #[tokio::test]
    async fn a_cancellation_ends_the_wait_for_answers_of_the_client() {
        let client = session();
        let request = OpenRequest::new(&client, Bytes::from_static(b"1")).expect("free");
        let slot = Slot::new();
        assert!(request.asks(&slot));
        client
            .requests
            .cancel(Bytes::from_static(b"1"), |_| Vec::new());
        let cancelled = slot.answer().await;
        assert!(matches!(cancelled, Err(Lost::Cancelled)));
        assert!(!request.asks(&Slot::new()), "not once more");
    }
}
