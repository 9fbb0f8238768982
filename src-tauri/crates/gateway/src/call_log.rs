//! One line of the gateway's log for each call that was meant for a server, once it is over:
//! which call, for which server, and how it ended. Off unless it is asked for, with everything
//! else (`--log-level debug`) or alone (`info,call=debug`); a call then pays for one comparison.

use std::borrow::Cow;
use std::fmt;

/// The target of these lines, for filters.
const TARGET: &str = "call";

/// So many bytes of a client's id are written: it may be as long as a message.
const ID: usize = 100;

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
        let id = cut(id);
        tracing::debug!(target: TARGET, %id, %server, %end, "over");
    }
}

fn cut(id: &[u8]) -> Cow<'_, str> {
    match id.get(..ID) {
        Some(begin) if id.len() > ID => {
            // Half a character at the end is none.
            let begin = String::from_utf8_lossy(begin);
            Cow::Owned(format!("{}…", begin.trim_end_matches('\u{fffd}')))
        }
        _ => String::from_utf8_lossy(id),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_id_is_cut() {
        assert_eq!(cut(br#""abc""#), r#""abc""#);
        assert_eq!(cut(&[b'1'; ID]), "1".repeat(ID));
        assert_eq!(cut(&[b'1'; 5000]), "1".repeat(ID) + "…");
        let chinese = format!("1{}", "号".repeat(50));
        let kept = cut(chinese.as_bytes());
        assert_eq!(kept, format!("1{}…", "号".repeat(33)));
    }
}
