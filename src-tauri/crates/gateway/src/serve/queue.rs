//! The messages on their way to one client, bounded in bytes.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::sync::Locked;

/// What a message costs beside its own bytes.
const OVERHEAD: usize = 128;

/// `None`: nothing comes after it. That a receiver is closed would wake nobody who waits there.
type Item = Option<(Bytes, OwnedSemaphorePermit)>;

/// See the module.
#[derive(Debug)]
pub(super) struct Queue {
    sender: mpsc::UnboundedSender<Item>,
    /// `None` once the queue was given up; what waited is freed with it.
    receiver: Mutex<Option<mpsc::UnboundedReceiver<Item>>>,
    room: Arc<Semaphore>,
    size: usize,
    taken: AtomicU64,
    patience: Duration,
}

/// The client has taken nothing for too long while its queue was full.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stalled;

impl Queue {
    /// A queue of so many bytes, whose client must take something every
    /// `patience` while it is full.
    pub(super) fn new(bytes: usize, patience: Duration) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let size = bytes.min(Semaphore::MAX_PERMITS).min(u32::MAX as usize);
        Self {
            sender,
            receiver: Mutex::new(Some(receiver)),
            room: Arc::new(Semaphore::new(size)),
            size,
            taken: AtomicU64::new(0),
            patience,
        }
    }

    /// How long its client may take nothing while it is full.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Adds a message, once there is room for it. One that is larger than the
    /// whole queue is let in alone.
    ///
    /// # Errors
    /// [`Stalled`].
    pub(super) async fn push(&self, message: Bytes) -> Result<(), Stalled> {
        let cost = (message.len() + OVERHEAD).min(self.size);
        let cost = u32::try_from(cost).expect("BUG: a queue holds at most u32::MAX bytes");
        let room = Arc::clone(&self.room).acquire_many_owned(cost);
        tokio::pin!(room);
        let permit = loop {
            let taken = self.taken.load(Ordering::Relaxed);
            match tokio::time::timeout(self.patience, room.as_mut()).await {
                Ok(permit) => break permit.map_err(|_| Stalled)?,
                Err(_) if self.taken.load(Ordering::Relaxed) == taken => return Err(Stalled),
                Err(_) => {}
            }
        };
        self.sender
            .send(Some((message, permit)))
            .map_err(|_| Stalled)
    }

    /// The next message; `None` once the queue is finished or was given up. One task takes.
    pub(super) async fn take(&self) -> Option<Bytes> {
        let item = poll_fn(|context| match self.receiver.locked().as_mut() {
            Some(receiver) => receiver.poll_recv(context),
            None => std::task::Poll::Ready(None),
        })
        .await?;
        self.taken(item)
    }

    /// The next message, if one is waiting.
    pub(super) fn take_waiting(&self) -> Option<Bytes> {
        let item = self.receiver.locked().as_mut()?.try_recv().ok()?;
        self.taken(item)
    }

    fn taken(&self, item: Item) -> Option<Bytes> {
        let Some((message, _)) = item else {
            self.give_up();
            return None;
        };
        self.taken.fetch_add(1, Ordering::Relaxed);
        Some(message)
    }

    /// Takes nothing more; what waits is still had.
    pub(super) fn finish(&self) {
        // Given up: nobody takes anything.
        drop(self.sender.send(None));
    }

    /// Frees what waits and takes nothing more.
    pub(super) fn give_up(&self) {
        self.room.close();
        let receiver = self.receiver.locked().take();
        drop(receiver);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 1000;

    fn message(bytes: usize) -> Bytes {
        Bytes::from(vec![b'x'; bytes])
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_given_up_and_nothing_is_kept_for_it() {
        let queue = Queue::new(SIZE, Duration::from_millis(20));
        assert_eq!(queue.push(message(10 * SIZE)).await, Ok(()), "alone");
        assert_eq!(queue.push(message(1)).await, Err(Stalled));
        queue.give_up();
        assert_eq!(queue.push(message(1)).await, Err(Stalled));
        assert_eq!(queue.take().await, None);
    }

    #[tokio::test]
    async fn whoever_waits_is_told_at_once_that_nothing_more_comes() {
        let queue = Arc::new(Queue::new(SIZE, Duration::from_secs(20)));
        let filling = Arc::clone(&queue);
        let taking = async {
            assert_eq!(queue.take().await, Some(message(1)));
            queue.take().await
        };
        let filling = async {
            assert_eq!(filling.push(message(1)).await, Ok(()));
            tokio::task::yield_now().await;
            filling.finish();
        };
        let (taken, ()) = tokio::join!(taking, filling);
        assert_eq!(taken, None);
        assert_eq!(queue.push(message(1)).await, Err(Stalled));
    }

    #[tokio::test]
    async fn a_slow_client_gets_everything_in_order() {
        let queue = Arc::new(Queue::new(SIZE, Duration::from_secs(20)));
        let filling = Arc::clone(&queue);
        let filler = tokio::spawn(async move {
            for bytes in 1..=100 {
                assert_eq!(filling.push(message(bytes)).await, Ok(()));
            }
        });
        for bytes in 1..=100 {
            assert_eq!(queue.take().await.map(|message| message.len()), Some(bytes));
        }
        filler.await.expect("it ends well");
        assert_eq!(queue.take_waiting(), None);
    }
}
