//! One line of the gateway's log for each call that was meant for a server, once it is over:
//! which call, for which server, and how it ended. Off unless it is asked for
//! (`--log-level info,call=debug`); a call then pays for one comparison.

use std::fmt;

/// The target of these lines, for filters.
const TARGET: &str = "call";

/// How a call ended, from the gateway's point of view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The server answered with a result.
    Answered,
    /// Its modern client was asked something; it goes on with the request that brings the answer.
    Asked,
    /// The server answered with an error of its own.
    Failed,
    /// It was never sent: no connection was to be had.
    Refused,
    /// It provably never reached the server.
    Unsent,
    /// Its connection was lost while the server had it.
    Died,
    /// What the server said about it was no answer.
    Unusable,
    /// No sign of life in time.
    TimedOut,
    /// The client cancelled it.
    Cancelled,
    /// The client left before.
    Left,
}

/// Writes the line. `id` is the client's own, as it wrote it.
pub(crate) fn over(server: &str, id: &[u8], end: End) {
    if tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
        let id = String::from_utf8_lossy(id);
        tracing::debug!(target: TARGET, %id, %server, %end, "over");
    }
}

// === impl End ===

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Answered => "answered",
            Self::Asked => "asked",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Unsent => "unsent",
            Self::Died => "died",
            Self::Unusable => "unusable",
            Self::TimedOut => "timedOut",
            Self::Cancelled => "cancelled",
            Self::Left => "left",
        })
    }
}
