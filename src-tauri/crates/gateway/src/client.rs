//! Whoever waits for a call: a session, or one request that describes itself.

use std::sync::{Arc, Weak};

use wire::Era;

use crate::log_level::LogLevel;
use crate::serve::session::{Capabilities, Session};
use crate::user::Caller;

/// A client, as its era has it.
#[derive(Debug, Clone)]
pub(crate) enum Client {
    /// Legacy: it has said hello.
    Session(Arc<Session>),
    /// Modern: nothing is known of it but what this request says.
    #[expect(dead_code, reason = "made where modern requests are served")]
    Exchange(Arc<Exchange>),
}

/// One modern request, for as long as its call lasts.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// What its client can be asked.
    #[expect(dead_code, reason = "read where a server asks it something")]
    pub(crate) capabilities: Capabilities,
    /// From which level on it wants log messages; `None` for none.
    pub(crate) log_level: Option<LogLevel>,
    /// Who made it.
    #[expect(dead_code, reason = "read where calls wait for answers of a person")]
    pub(crate) caller: Caller,
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

// === impl Former ===

impl Former {
    /// That of the client it was made of.
    pub(crate) fn identity(&self) -> usize {
        match self {
            Self::Session(session) => session.as_ptr().addr(),
            Self::Exchange(exchange) => exchange.as_ptr().addr(),
        }
    }
}
