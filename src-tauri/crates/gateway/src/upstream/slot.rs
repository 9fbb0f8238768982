//! The mailbox of one call in flight: what its server says about it, ending
//! with the answer.
//!
//! One allocation per call and no channel: almost every call gets nothing but
//! its answer.

mod ask;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use eras::{Asked, Question};
use tokio::sync::oneshot;
use wire::Span;

use crate::sync::Locked;
use crate::words::Words;
use ask::Place;

pub(crate) use ask::Ask;

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
    /// It lasted longer than `limits.callLongest`, whatever its server said meanwhile.
    TookTooLong,
    /// The client cancelled it.
    Cancelled,
}

/// What a legacy client's request brings along when it is made once more, because a modern
/// server wanted to know something.
#[derive(Debug)]
pub(crate) struct Brought {
    /// The raw `inputResponses`, if anything was asked.
    pub(crate) responses: Option<String>,
    /// The raw `requestState`, if there was one.
    pub(crate) state: Option<Bytes>,
    /// How often it was asked so far.
    pub(crate) rounds: usize,
}

/// What comes out of a slot.
#[derive(Debug)]
pub(crate) enum Event {
    /// A notification or question on behalf of this call.
    Message(Bytes),
    /// A legacy server wants to know something of a modern client.
    Asked(Vec<Ask>),
    /// What a modern server wanted to know of a legacy client; in words, why it cannot be told.
    Answered(Result<Arc<Brought>, String>),
    /// Nothing has happened for long.
    Silence,
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
    /// As many may wait for a slow client before further ones are dropped; the answer itself is
    /// never dropped.
    room: usize,
    overflowed: bool,
    outcome: Option<Result<Answer, Lost>>,
    waker: Option<Waker>,
    deaf: bool,
    /// Nobody will ever ask for anything again.
    gone: bool,
    /// A message was taken for the caller.
    spoken: bool,
    /// What hardly a call needs.
    rare: Option<Box<Rare>>,
}

/// What passes between two eras before the answer.
#[derive(Debug, Default)]
struct Rare {
    asks: Vec<Ask>,
    /// See [`Place`].
    taken: Arc<AtomicUsize>,
    /// How many questions were given a name.
    numbered: usize,
    answered: Option<Result<Arc<Brought>, String>>,
    /// What this very request brings along.
    brings: Option<Arc<Brought>>,
    /// The caller is to be shown that its call goes on.
    silent: Said,
}

/// Whether the caller knows something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Said {
    #[default]
    No,
    Due,
    Yes,
}

impl Slot {
    /// An empty slot for a caller that takes nothing but the answer.
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// An empty slot with room for so many bytes of messages.
    pub(crate) fn with_room(room: usize) -> Arc<Self> {
        let inner = Inner {
            room,
            ..Inner::default()
        };
        Arc::new(Self {
            inner: Mutex::new(inner),
        })
    }

    /// The same for a request that brings something along.
    pub(crate) fn bringing(brought: Option<Arc<Brought>>, room: usize) -> Arc<Self> {
        let slot = Self::with_room(room);
        if brought.is_some() {
            slot.inner.locked().rare().brings = brought;
        }
        slot
    }

    /// What its request brings along.
    pub(crate) fn brings(&self) -> Option<Arc<Brought>> {
        let inner = self.inner.locked();
        inner.rare.as_ref().and_then(|rare| rare.brings.clone())
    }

    /// Adds a message for the caller; false where nobody takes it any more, or it had to be dropped.
    pub(crate) fn push(&self, message: Bytes) -> bool {
        let mut inner = self.inner.locked();
        if inner.deaf || inner.outcome.is_some() {
            return false;
        }
        if inner.waiting + message.len() > inner.room {
            if !std::mem::replace(&mut inner.overflowed, true) {
                tracing::warn!(
                    "a client reads its call's messages too slowly; what is more than limits.waitingBytes ({}) is dropped",
                    inner.room
                );
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

    /// Takes messages again.
    pub(crate) fn hear(&self) {
        let mut inner = self.inner.locked();
        inner.deaf = false;
        if let Some(rare) = &mut inner.rare {
            rare.silent = Said::No;
        }
    }

    /// Nothing has come for long: who takes messages is shown once that its call goes on.
    pub(crate) fn is_silent(&self) {
        let mut inner = self.inner.locked();
        if inner.deaf || inner.outcome.is_some() || inner.rare().silent != Said::No {
            return;
        }
        inner.rare().silent = Said::Due;
        inner.ring();
    }

    /// The caller is gone for good.
    pub(crate) fn leave(&self) {
        let mut inner = self.inner.locked();
        inner.deaf = true;
        inner.gone = true;
        inner.messages.clear();
        inner.waiting = 0;
        let rare = inner.rare.take();
        drop(inner);
        // Whoever asked is refused.
        drop(rare);
    }

    /// Asks a modern client something, whatever its transport; what the server is to be told
    /// comes out of the receiver. `None` where there is nobody to be asked any more, or too much is
    /// open already.
    pub(crate) fn ask(
        &self,
        question: Question,
        params: Option<Bytes>,
        asked_as: Bytes,
    ) -> Option<oneshot::Receiver<Bytes>> {
        let mut inner = self.inner.locked();
        if inner.gone || inner.outcome.is_some() {
            return None;
        }
        let left = inner.room.saturating_sub(inner.waiting);
        let bytes = params.as_ref().map_or(0, Bytes::len);
        let rare = inner.rare();
        let place = Place::among(&rare.taken, bytes, left)?;
        rare.numbered += 1;
        let (reply, answered) = oneshot::channel();
        rare.asks.push(Ask {
            asked: Asked::numbered(rare.numbered, question, params),
            asked_as,
            reply,
            _place: place,
        });
        inner.spoken = true;
        inner.ring();
        Some(answered)
    }

    /// Asks again what has not been answered.
    pub(crate) fn ask_again(&self, ask: Ask) {
        let mut inner = self.inner.locked();
        if !inner.gone && inner.outcome.is_none() {
            inner.rare().asks.push(ask);
            inner.ring();
        }
    }

    /// The server takes a question back; false where it is none of those that wait here.
    pub(crate) fn withdraw(&self, asked_as: &[u8]) -> bool {
        let mut inner = self.inner.locked();
        let Some(rare) = &mut inner.rare else {
            return false;
        };
        let found = rare.asks.iter().position(|ask| ask.asked_as == asked_as);
        found.map(|at| rare.asks.remove(at)).is_some()
    }

    /// What a modern server wanted to know.
    pub(crate) fn answered(&self, brought: Result<Brought, String>) {
        let mut inner = self.inner.locked();
        inner.rare().answered = Some(brought.map(Arc::new));
        inner.ring();
    }

    /// Whether the server's answer waits here.
    pub(crate) fn has_answer(&self) -> bool {
        matches!(self.inner.locked().outcome, Some(Ok(_)))
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
        if let Some(event) = inner.rare.as_mut().and_then(|rare| rare.next()) {
            return Poll::Ready(event);
        }
        match &mut inner.waker {
            Some(waker) => waker.clone_from(context.waker()),
            empty => *empty = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

// === impl Inner ===

impl Inner {
    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Wakes who waits; the lock is held for that, which is rare.
    fn ring(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Rare {
    fn next(&mut self) -> Option<Event> {
        if let Some(answered) = self.answered.take() {
            return Some(Event::Answered(answered));
        }
        let asks = std::mem::take(&mut self.asks);
        if !asks.is_empty() {
            return Some(Event::Asked(asks));
        }
        let is_due = self.silent == Said::Due;
        is_due.then(|| {
            self.silent = Said::Yes;
            Event::Silence
        })
    }
}

#[cfg(test)]
mod tests;
