//! The mailbox of one call in flight: what its server says about it, ending
//! with the answer.
//!
//! One allocation per call and no channel: almost every call gets nothing but
//! its answer.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use wire::Span;

use crate::sync::Locked;
use crate::words::Words;

/// Bytes of messages that may wait for a slow client before further ones are
/// dropped; the answer itself is never dropped.
const BYTES_WAITING: usize = 16 * 1024 * 1024;

/// A response that arrived, still under the gateway's own id.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) text: Bytes,
    pub(crate) id: Span,
    pub(crate) body: Span,
    pub(crate) failed: bool,
    pub(crate) result_type: Option<Span>,
}

impl Answer {
    /// As the translation between the eras sees it.
    pub(crate) fn seen(&self) -> eras::Answer<'_> {
        eras::Answer {
            text: &self.text,
            id: self.id,
            body: self.body,
            failed: self.failed,
            result_type: self.result_type,
        }
    }
}

/// Why a call gets no answer.
#[derive(Debug, Clone)]
pub(crate) enum Lost {
    /// It provably never reached the server; trying again is safe.
    Unsent(Words),
    /// The connection went away while it was under way.
    Died(Words),
    /// The server did something about it, and nothing came of that which is an answer.
    Unusable(Words),
    /// No sign of life within the server's `callTimeout`.
    TimedOut,
    /// The client cancelled it.
    Cancelled,
}

/// What comes out of a slot.
#[derive(Debug)]
pub(crate) enum Event {
    /// A notification or question on behalf of this call.
    Message(Bytes),
    /// The end.
    Done(Result<Answer, Lost>),
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    messages: VecDeque<Bytes>,
    /// Bytes in `messages`.
    waiting: usize,
    overflowed: bool,
    outcome: Option<Result<Answer, Lost>>,
    waker: Option<Waker>,
    deaf: bool,
    /// A message was taken for the caller.
    spoken: bool,
}

impl Slot {
    /// An empty slot.
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Adds a message for the caller; false where nobody takes it any more, or it had to be dropped.
    pub(crate) fn push(&self, message: Bytes) -> bool {
        let mut inner = self.inner.locked();
        if inner.deaf || inner.outcome.is_some() {
            return false;
        }
        if inner.waiting + message.len() > BYTES_WAITING {
            if !std::mem::replace(&mut inner.overflowed, true) {
                tracing::warn!("a client reads its call's messages too slowly; some are dropped");
            }
            return false;
        }
        inner.waiting += message.len();
        inner.spoken = true;
        inner.messages.push_back(message);
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }

    /// Ends the call; the first end counts.
    pub(crate) fn finish(&self, outcome: Result<Answer, Lost>) {
        let mut inner = self.inner.locked();
        if inner.outcome.is_none() {
            inner.outcome = Some(outcome);
        }
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Says that the caller takes nothing but the answer: its transport has no
    /// stream, or it is gone.
    pub(crate) fn deafen(&self) {
        let mut inner = self.inner.locked();
        inner.deaf = true;
        inner.messages.clear();
        inner.waiting = 0;
    }

    /// Whether the caller has been sent nothing.
    pub(crate) fn is_untold(&self) -> bool {
        !self.inner.locked().spoken
    }

    /// Whether messages still find a taker.
    pub(crate) fn listens(&self) -> bool {
        let inner = self.inner.locked();
        !inner.deaf && inner.outcome.is_none()
    }

    /// The next event. One task may wait at a time; after `Done` it waits forever.
    pub(crate) async fn next(&self) -> Event {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// The answer, whatever is said before it being ignored.
    pub(crate) async fn answer(&self) -> Result<Answer, Lost> {
        loop {
            if let Event::Done(outcome) = self.next().await {
                return outcome;
            }
        }
    }

    fn poll_next(&self, context: &mut Context<'_>) -> Poll<Event> {
        let mut inner = self.inner.locked();
        if let Some(message) = inner.messages.pop_front() {
            inner.waiting -= message.len();
            return Poll::Ready(Event::Message(message));
        }
        if let Some(outcome) = inner.outcome.take() {
            inner.deaf = true;
            return Poll::Ready(Event::Done(outcome));
        }
        match &mut inner.waker {
            Some(waker) => waker.clone_from(context.waker()),
            empty => *empty = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}
