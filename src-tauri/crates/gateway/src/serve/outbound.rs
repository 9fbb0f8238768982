//! The stream of one session for messages that belong to no call.

use std::collections::VecDeque;
use std::sync::Mutex;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::sync::Locked;

/// Messages kept for a client whose stream is not open.
const KEPT: usize = 64;
/// Messages on their way to a client before it counts as too slow.
const UNDER_WAY: usize = 1024;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Outbound {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    stream: Option<mpsc::Sender<Bytes>>,
    kept: VecDeque<Bytes>,
}

impl Outbound {
    /// Sends a message, or keeps it until a stream opens. What would be
    /// repeated word for word (list_changed) is kept once.
    pub(crate) fn push(&self, message: Bytes) {
        let mut state = self.state.locked();
        let message = match &state.stream {
            None => message,
            Some(stream) => match stream.try_send(message) {
                Ok(()) => return,
                Err(
                    mpsc::error::TrySendError::Closed(message)
                    | mpsc::error::TrySendError::Full(message),
                ) => message,
            },
        };
        // Closed, or a reader so slow that its stream ends here.
        state.stream = None;
        if !state.kept.contains(&message) {
            if state.kept.len() == KEPT {
                state.kept.pop_front();
            }
            state.kept.push_back(message);
        }
    }

    /// Opens the stream; an older one ends. Kept messages come first.
    pub(crate) fn attach(&self) -> mpsc::Receiver<Bytes> {
        let (sender, receiver) = mpsc::channel(UNDER_WAY);
        let mut state = self.state.locked();
        for message in state.kept.drain(..) {
            sender
                .try_send(message)
                .expect("BUG: fewer messages are kept than fit");
        }
        state.stream = Some(sender);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_wait_for_the_stream_and_repeats_are_kept_once() {
        let outbound = Outbound::default();
        for text in ["a", "b", "a"] {
            outbound.push(Bytes::from_static(text.as_bytes()));
        }
        let mut stream = outbound.attach();
        outbound.push(Bytes::from_static(b"c"));
        outbound.detach();
        let mut got = Vec::new();
        while let Ok(message) = stream.try_recv() {
            got.push(message);
        }
        assert_eq!(got, ["a", "b", "c"]);
        assert!(!outbound.is_attached());
    }
}
