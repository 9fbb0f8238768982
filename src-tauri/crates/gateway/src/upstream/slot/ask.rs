//! A question of a legacy server to a modern client, and the room that it takes until it is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use eras::Asked;
use tokio::sync::oneshot;

/// Something that a legacy server wants to know of a modern client before it answers.
#[derive(Debug)]
pub(crate) struct Ask {
    /// The question, under the name by which it is answered.
    pub(crate) asked: Asked,
    /// The id under which the server asked, as written.
    pub(crate) asked_as: Bytes,
    /// Takes the raw result; whoever drops it refuses.
    pub(crate) reply: oneshot::Sender<Bytes>,
    pub(super) _place: Place,
}

/// What an open question takes of its call's room; whoever drops it gives it back.
#[derive(Debug)]
pub(super) struct Place {
    /// Bytes of all that are open; each has one share in it.
    taken: Arc<AtomicUsize>,
    bytes: usize,
}

/// So many questions of one call may be open at once.
pub(super) const MOST: usize = 64;

impl Place {
    /// One more; `None` where too many are open, or this one has no room.
    pub(super) fn among(taken: &Arc<AtomicUsize>, bytes: usize, left: usize) -> Option<Self> {
        let before = taken.load(Ordering::Relaxed);
        // One share is the call's own.
        if Arc::strong_count(taken) > MOST || before + bytes > left {
            tracing::debug!("a question is refused: too many of its call are open");
            return None;
        }
        taken.fetch_add(bytes, Ordering::Relaxed);
        Some(Self {
            taken: Arc::clone(taken),
            bytes,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
