//! Whoever waits for a call: a session, or one request that describes itself.

use std::sync::{Arc, Mutex, OnceLock, Weak};

use axum::http::{HeaderName, HeaderValue};
use bytes::Bytes;
use wire::{Claim, Era, string_text};

use crate::catalog::ServerIndex;
use crate::core::Core;
use crate::log_level::LogLevel;
use crate::parking::Parking;
use crate::serve::session::{Capabilities, Session};
use crate::sync::Locked;
use crate::upstream::Connection;
use crate::upstream::pending::CallId;
use crate::user::Caller;

/// A client, as its era has it.
#[derive(Debug, Clone)]
pub(crate) enum Client {
    /// Legacy: it has said hello.
    Session(Arc<Session>),
    /// Modern: nothing is known of it but what this request says.
    Exchange(Arc<Exchange>),
}

/// One modern request, for as long as its call lasts.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// What its client can be asked.
    pub(crate) capabilities: Capabilities,
    /// From which level on it wants log messages; `None` for none.
    pub(crate) log_level: Option<LogLevel>,
    /// Who made it.
    pub(crate) caller: Caller,
    /// Its `Mcp-Param-*` headers, as they came.
    pub(crate) params: Vec<(HeaderName, HeaderValue)>,
    /// The server that its endpoint stands for; empty for all.
    pub(crate) endpoint: String,
    /// Where its call waits for what its client is asked.
    pub(crate) parking: Arc<Parking>,
    /// The raw `requestState` that the server is to get in place of ours.
    pub(crate) state: OnceLock<Bytes>,
    /// Where it was sent last.
    sent: Mutex<Option<(Arc<Connection>, CallId)>>,
}

/// A client that is not kept for being remembered.
#[derive(Debug)]
pub(crate) enum Former {
    Session(Weak<Session>),
    Exchange(Weak<Exchange>),
}

// === impl Client ===

impl Client {
    /// Its session, where it has one.
    pub(crate) fn session(&self) -> Option<&Arc<Session>> {
        match self {
            Self::Session(session) => Some(session),
            Self::Exchange(_) => None,
        }
    }

    /// The era of its requests.
    pub(crate) fn era(&self) -> Era {
        match self {
            Self::Session(_) => Era::Legacy,
            Self::Exchange(_) => Era::Modern,
        }
    }

    /// Whether a log message of one of its own calls is for it.
    pub(crate) fn wants_log(&self, level: Option<LogLevel>) -> bool {
        match self {
            Self::Session(session) => session.wants_log(level, true),
            // Without a level it wants none (MCP 2026-07-28, "Logging").
            Self::Exchange(exchange) => exchange
                .log_level
                .is_some_and(|least| level.is_some_and(|level| level >= least)),
        }
    }

    /// Tells it from every other one, as long as it or a [`Former`] of it is kept.
    pub(crate) fn identity(&self) -> usize {
        match self {
            Self::Session(session) => Arc::as_ptr(session).addr(),
            Self::Exchange(exchange) => Arc::as_ptr(exchange).addr(),
        }
    }

    /// What is remembered of it once it has left.
    pub(crate) fn former(&self) -> Former {
        match self {
            Self::Session(session) => Former::Session(Arc::downgrade(session)),
            Self::Exchange(exchange) => Former::Exchange(Arc::downgrade(exchange)),
        }
    }
}

// === impl Exchange ===

impl Exchange {
    /// Of a request that was admitted: `claim` is what it says of itself.
    pub(crate) fn of(
        core: &Core,
        text: &Bytes,
        claim: &Claim,
        scope: Option<ServerIndex>,
        (caller, params): (Caller, Vec<(HeaderName, HeaderValue)>),
    ) -> Arc<Self> {
        let capabilities = claim.capabilities.map(|span| span.of(text));
        let level = claim.log_level.and_then(|span| string_text(span.of(text)));
        Arc::new(Self {
            capabilities: capabilities.map(Capabilities::read).unwrap_or_default(),
            log_level: level.and_then(|level| LogLevel::from_wire(&level)),
            caller,
            params,
            endpoint: core.scope_name(scope),
            parking: Arc::clone(&core.parking),
            state: OnceLock::new(),
            sent: Mutex::default(),
        })
    }

    /// It went there.
    pub(crate) fn went(&self, connection: &Arc<Connection>, call: CallId) {
        *self.sent.locked() = Some((Arc::clone(connection), call));
    }

    /// Where it went last, if it is still this request that waits for what comes of that.
    pub(crate) fn sent(&self) -> Option<(Arc<Connection>, CallId)> {
        self.sent.locked().clone()
    }

    /// The same; from now on it is another request that waits.
    pub(crate) fn leaves_it(&self) -> Option<(Arc<Connection>, CallId)> {
        self.sent.locked().take()
    }
}

// === impl Former ===

impl Former {
    /// That of the client it was made of.
    fn identity(&self) -> usize {
        match self {
            Self::Session(session) => session.as_ptr().addr(),
            Self::Exchange(exchange) => exchange.as_ptr().addr(),
        }
    }

    /// Whether it was this client. Nothing tells whether two modern requests are one client's: what
    /// it says of itself anybody can say, and one user may have several.
    pub(crate) fn is(&self, client: &Client) -> bool {
        self.identity() == client.identity()
    }
}
