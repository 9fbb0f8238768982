//! Messages on their way to a stream, bounded in bytes; whoever adds one does not wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc;

/// What a message costs beside its own bytes.
const OVERHEAD: usize = 128;

/// The end that messages are put in.
#[derive(Debug)]
pub(crate) struct Sender {
    messages: mpsc::UnboundedSender<Bytes>,
    waiting: Arc<AtomicUsize>,
    room: usize,
}

/// The end that they come out of.
#[derive(Debug)]
pub(crate) struct Receiver {
    messages: mpsc::UnboundedReceiver<Bytes>,
    waiting: Arc<AtomicUsize>,
}

/// Why a message was not taken; it is given back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Untaken {
    /// Nobody reads any more.
    Closed(Bytes),
    /// Too much waits.
    Full(Bytes),
}

/// Both ends, with room for so many bytes.
pub(crate) fn channel(room: usize) -> (Sender, Receiver) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let sender = Sender {
        messages: sender,
        waiting: Arc::clone(&waiting),
        room,
    };
    let receiver = Receiver {
        messages: receiver,
        waiting,
    };
    (sender, receiver)
}

fn cost(message: &Bytes) -> usize {
    message.len() + OVERHEAD
}

impl Sender {
    /// Adds a message. One that is larger than all the room is let in alone.
    ///
    /// # Errors
    /// See [`Untaken`].
    pub(crate) fn send(&self, message: Bytes) -> Result<(), Untaken> {
        let cost = cost(&message);
        let enter = |waiting: usize| {
            let after = waiting.saturating_add(cost);
            (waiting == 0 || after <= self.room).then_some(after)
        };
        let order = Ordering::Relaxed;
        if self.waiting.fetch_update(order, order, enter).is_err() {
            return Err(match self.is_closed() {
                true => Untaken::Closed(message),
                false => Untaken::Full(message),
            });
        }
        let sent = self.messages.send(message);
        sent.map_err(|unsent| Untaken::Closed(unsent.0))
    }

    /// As many bytes may wait.
    pub(crate) fn room(&self) -> usize {
        self.room
    }

    /// Whether nobody reads any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.messages.is_closed()
    }
}

impl Receiver {
    /// The next message; `None` once no more will come.
    pub(crate) async fn recv(&mut self) -> Option<Bytes> {
        let message = self.messages.recv().await?;
        self.is_taken(&message);
        Some(message)
    }

    /// The next one, if it is there.
    #[cfg(test)]
    pub(crate) fn try_recv(&mut self) -> Result<Bytes, mpsc::error::TryRecvError> {
        let message = self.messages.try_recv()?;
        self.is_taken(&message);
        Ok(message)
    }

    fn is_taken(&self, message: &Bytes) {
        self.waiting.fetch_sub(cost(message), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_waits_than_there_is_room_for_but_one_message_always_may() {
        let (sender, mut receiver) = channel(2 * OVERHEAD + 2);
        let large = Bytes::from(vec![b'x'; 10 * OVERHEAD]);
        assert_eq!(sender.send(large.clone()), Ok(()));
        let small = Bytes::from_static(b"a");
        assert_eq!(
            sender.send(small.clone()),
            Err(Untaken::Full(small.clone()))
        );
        assert_eq!(receiver.try_recv(), Ok(large));
        for _ in 0..2 {
            assert_eq!(sender.send(small.clone()), Ok(()));
        }
        assert!(matches!(sender.send(small.clone()), Err(Untaken::Full(_))));
        drop(receiver);
        assert_eq!(sender.send(small.clone()), Err(Untaken::Closed(small)));
    }
}
