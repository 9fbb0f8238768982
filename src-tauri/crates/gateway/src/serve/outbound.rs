//! The stream of one session for messages that belong to no call.

use std::collections::VecDeque;
use std::sync::Mutex;

use bytes::Bytes;

use crate::mailbox::{self, Receiver, Sender, Untaken};
use crate::sync::Locked;

/// Messages kept for a client whose stream is not open, and their bytes; the oldest go first.
const KEPT: (usize, usize) = (64, 1 << 20);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Outbound {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    stream: Option<Sender>,
    kept: VecDeque<Bytes>,
}

impl Outbound {
    /// Sends a message, or keeps it until a stream opens. What would be
    /// repeated word for word (list_changed) is kept once.
    pub(crate) fn push(&self, message: Bytes) {
        let mut state = self.state.locked();
        let message = match &state.stream {
            None => message,
            Some(stream) => match stream.send(message) {
                Ok(()) => return,
                Err(Untaken::Closed(message)) => message,
                Err(Untaken::Full(message)) => {
                    tracing::warn!(
                        "a session's stream ends, because its client reads too slowly: {} bytes wait for it (limits.waitingBytes)",
                        stream.room()
                    );
                    message
                }
            },
        };
        state.stream = None;
        state.keep(message);
    }

    /// Opens the stream, where so many bytes may wait; an older one ends. Kept messages come
    /// first.
    pub(crate) fn attach(&self, room: usize) -> Receiver {
        let (sender, receiver) = mailbox::channel(room);
        let mut state = self.state.locked();
        let mut kept = std::mem::take(&mut state.kept).into_iter();
        for message in kept.by_ref() {
            if let Err(Untaken::Closed(message) | Untaken::Full(message)) = sender.send(message) {
                // For the stream that comes after this one.
                state.kept.push_back(message);
                break;
            }
        }
        state.kept.extend(kept);
        let is_short = !state.kept.is_empty();
        state.stream = (!is_short).then_some(sender);
        receiver
    }

    /// Ends the stream.
    pub(crate) fn detach(&self) {
        self.state.locked().stream = None;
    }

    /// Whether somebody reads.
    pub(crate) fn is_attached(&self) -> bool {
        self.state
            .locked()
            .stream
            .as_ref()
            .is_some_and(|stream| !stream.is_closed())
    }
}

// === impl State ===

impl State {
    fn keep(&mut self, message: Bytes) {
        if self.kept.contains(&message) || message.len() > KEPT.1 {
            return;
        }
        self.kept.push_back(message);
        let mut bytes: usize = self.kept.iter().map(Bytes::len).sum();
        while self.kept.len() > KEPT.0 || bytes > KEPT.1 {
            let oldest = self.kept.pop_front();
            bytes -= oldest.map_or(0, |oldest| oldest.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_wait_for_the_stream_and_repeats_are_kept_once() {
        let outbound = Outbound::default();
        for text in ["a", "b", "a"] {
            outbound.push(Bytes::from_static(text.as_bytes()));
        }
        let mut stream = outbound.attach(1000);
        outbound.push(Bytes::from_static(b"c"));
        outbound.detach();
        let mut got = Vec::new();
        while let Ok(message) = stream.try_recv() {
            got.push(message);
        }
        assert_eq!(got, ["a", "b", "c"]);
        assert!(!outbound.is_attached());
    }

    #[test]
    fn a_stream_ends_where_too_much_waits_and_what_came_then_is_kept() {
        let outbound = Outbound::default();
        let mut stream = outbound.attach(1000);
        for size in [400, 401, 402] {
            outbound.push(Bytes::from(vec![b'x'; size]));
        }
        assert!(!outbound.is_attached());
        assert_eq!(stream.try_recv().map(|message| message.len()), Ok(400));
        let mut next = outbound.attach(1000);
        assert_eq!(next.try_recv().map(|message| message.len()), Ok(401));
    }

    #[test]
    fn what_is_kept_is_bounded_in_bytes() {
        let outbound = Outbound::default();
        outbound.push(Bytes::from(vec![b'x'; KEPT.1 + 1]));
        for fill in [b'a', b'b', b'c'] {
            outbound.push(Bytes::from(vec![fill; KEPT.1 / 2]));
        }
        let kept = outbound.state.locked();
        let first: Vec<u8> = kept.kept.iter().map(|message| message[0]).collect();
        assert_eq!(first, b"bc");
    }
}
