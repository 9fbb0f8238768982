//! The session with the gateway: its headers, and what is needed to open it
//! again when the gateway has forgotten it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use reqwest::header::HeaderValue;
use tokio::sync::watch;

/// What a request carries.
#[derive(Debug, Clone, Default)]
pub(crate) struct Session {
    /// `Mcp-Session-Id`; a gateway need not give one.
    pub(crate) id: Option<HeaderValue>,
    /// The negotiated `MCP-Protocol-Version`.
    pub(crate) version: Option<HeaderValue>,
    /// Counts the sessions of this bridge, so that of several requests which
    /// find theirs gone only one opens the next.
    pub(crate) generation: u64,
}

/// The current session and what the client said to open it.
#[derive(Default)]
pub(crate) struct Sessions {
    state: Mutex<State>,
    /// Held while a session is opened again.
    pub(crate) renewal: tokio::sync::Mutex<()>,
    /// The generation whose handshake is complete; 0 before the first.
    ready: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    current: Session,
    hello: Option<Bytes>,
    initialized: Option<Bytes>,
}

impl Sessions {
    /// A snapshot for one request.
    pub(crate) fn current(&self) -> Session {
        self.state().current.clone()
    }

    /// A handshake succeeded; gives the session it replaces.
    pub(crate) fn opened(&self, id: Option<HeaderValue>, version: Option<HeaderValue>) -> Session {
        let mut state = self.state();
        let generation = state.current.generation + 1;
        std::mem::replace(
            &mut state.current,
            Session {
                id,
                version,
                generation,
            },
        )
    }

    /// Whether the client has ever opened a session.
    pub(crate) fn is_known(&self) -> bool {
        self.state().current.generation > 0
    }

    /// Remembers the client's `initialize`, which has succeeded.
    pub(crate) fn remember_hello(&self, message: Bytes) {
        let mut state = self.state();
        state.hello = Some(message);
        state.initialized = None;
    }

    /// Remembers the client's `notifications/initialized`.
    pub(crate) fn remember_initialized(&self, message: Bytes) {
        self.state().initialized = Some(message);
    }

    /// What to say to open the session again.
    pub(crate) fn remembered(&self) -> (Option<Bytes>, Option<Bytes>) {
        let state = self.state();
        (state.hello.clone(), state.initialized.clone())
    }

    /// The handshake of the current session is complete: its stream may be opened.
    pub(crate) fn set_ready(&self) {
        let generation = self.state().current.generation;
        self.ready.send_replace(generation);
    }

    /// Tells of each completed handshake.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.ready.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is a single assignment, so a panic elsewhere leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
