//! Connections to downstream MCP servers.
//!
//! A [`Connection`] belongs to one driving task (`stdio` or `http`); everybody
//! else holds a cheap handle. Whatever the transport, a message leaves through
//! [`Connection::send`] and arrives at [`inbox::receive`].

pub(crate) mod greeting;
mod hello;
pub(crate) mod http;
pub(crate) mod inbox;
pub(crate) mod learned;
mod log_messages;
pub(crate) mod outbox;
mod own_calls;
pub(crate) mod pending;
pub(crate) mod process;
pub(crate) mod slot;
pub(crate) mod stdio;

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use wire::Era;

pub(crate) use hello::Hello;
pub(crate) use own_calls::OwnCallError;

use crate::pool::Claimant;
use crate::questions;
use crate::serve::session::Session;
use crate::sync::Locked;
use crate::user::User;
use crate::words::Words;
use inbox::Inbox;
use pending::{Call, CallId, Pending};
use slot::Lost;

/// One live connection to one server.
#[derive(Debug)]
pub(crate) struct Connection {
    link: Link,
    pub(crate) pending: Pending,
    pub(crate) inbox: Arc<Inbox>,
    hello: OnceLock<Hello>,
    /// Cancelled once its process has printed something.
    spoken: CancellationToken,
    /// The id of the process behind it, where there is one on this machine.
    pub(crate) process: OnceLock<u32>,
    owner: Mutex<Owner>,
    /// The server was told that its client has roots.
    declared_roots: AtomicBool,
    in_flight: AtomicUsize,
    born: Instant,
    /// Milliseconds after `born` at which the last call ended.
    idle_since: AtomicU64,
    /// Milliseconds after `born` at which it was last asked whether it is there.
    asked_at: AtomicU64,
    /// It is being found out whether it hangs; meanwhile it gets no calls.
    suspect: AtomicBool,
    /// It did not answer when it was last asked.
    silent: AtomicBool,
    /// The least severe level of log messages that a legacy server was asked for.
    pub(crate) told_level: AtomicU8,
    /// It hangs, but is kept for calls that go on; afterwards it is asked again.
    spared: AtomicBool,
    /// Cancelled to close the connection; its driver then ends.
    pub(crate) closing: CancellationToken,
    /// It hangs and is ended without ceremony; why, for those whose calls are lost by that.
    condemned: OnceLock<Words>,
}

/// Whose connection it is, at a server that is not shared.
#[derive(Debug, Clone, Default)]
pub(crate) enum Owner {
    /// Nobody's yet.
    #[default]
    Free,
    /// That of one user's callers without a session; `None`: of those who are nobody.
    User(Option<User>),
    /// One session's, until that has ended.
    Session(Weak<Session>),
}

/// How messages leave.
#[derive(Debug)]
pub(crate) enum Link {
    Stdio(outbox::Outbox),
    Http(Box<http::HttpLink>),
    Events(Box<http::events::EventsLink>),
}

/// What a server is asked to see whether it is there.
pub(crate) const fn sign_of_life(era: Era) -> &'static str {
    match era {
        Era::Legacy => "ping",
        // There is no `ping` any more.
        Era::Modern => "server/discover",
    }
}

// === impl Connection ===

impl Connection {
    pub(crate) fn new(link: Link, inbox: Arc<Inbox>, closing: CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            link,
            pending: Pending::default(),
            inbox,
            hello: OnceLock::new(),
            spoken: CancellationToken::new(),
            process: OnceLock::new(),
            owner: Mutex::default(),
            declared_roots: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            born: Instant::now(),
            idle_since: AtomicU64::new(0),
            asked_at: AtomicU64::new(0),
            suspect: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            told_level: AtomicU8::new(u8::MAX),
            spared: AtomicBool::new(false),
            closing,
            condemned: OnceLock::new(),
        })
    }

    /// Calls that were leased this connection and are not over.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// Closes it because it hangs: it will not hear that it is asked to leave.
    pub(crate) fn condemn(&self, why: &Words) {
        self.condemned.get_or_init(|| why.clone());
        self.closing.cancel();
    }

    /// Whether it is closed because it hangs.
    pub(crate) fn is_condemned(&self) -> bool {
        self.condemned.get().is_some()
    }

    /// Why calls end with it, where it was closed on purpose.
    pub(crate) fn farewell(&self) -> Words {
        let condemned = self.condemned.get().cloned();
        condemned.unwrap_or_else(|| self.inbox.farewell())
    }

    /// Whether it is not on its way out.
    pub(crate) fn is_open(&self) -> bool {
        !self.closing.is_cancelled()
    }

    /// Whether calls may be given to it now.
    pub(crate) fn takes_calls(&self) -> bool {
        !self.suspect.load(Ordering::Relaxed) && self.is_open()
    }

    /// Gives it no calls until it is trusted again; false where that is so already.
    pub(crate) fn distrust(&self) -> bool {
        self.spared.store(false, Ordering::SeqCst);
        !self.suspect.swap(true, Ordering::SeqCst)
    }

    /// It may be given calls again.
    pub(crate) fn trust(&self) {
        self.suspect.store(false, Ordering::SeqCst);
    }

    /// Keeps it, although it hangs, for the calls that go on there.
    pub(crate) fn spare(&self) {
        self.spared.store(true, Ordering::SeqCst);
    }

    /// Whether it is kept so.
    pub(crate) fn is_spared(&self) -> bool {
        self.spared.load(Ordering::SeqCst)
    }

    /// Whether it did not answer when it was last asked if it is there.
    pub(crate) fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }

    /// Somebody is about to ask whether it is there.
    pub(crate) fn is_being_asked(&self) {
        self.asked_at.store(self.age(), Ordering::Relaxed);
    }

    /// Asks whether it is there; `None` where it ended meanwhile.
    pub(crate) async fn answers(self: &Arc<Self>, patience: Duration) -> Option<bool> {
        self.is_being_asked();
        let question = sign_of_life(self.era());
        // An error is an answer, too.
        let answers = match self.ask_any(question, "", patience).await {
            Ok(_) => true,
            Err(OwnCallError::Timeout { .. }) => false,
            Err(_) => return None,
        };
        self.silent.store(!answers, Ordering::Relaxed);
        Some(answers)
    }

    /// Counts one more call.
    pub(crate) fn occupy(&self) {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
    }

    /// It is idle from now on, not since it was started.
    pub(crate) fn is_wanted(&self) {
        self.idle_since.store(self.age(), Ordering::Relaxed);
    }

    /// Counts one call less.
    pub(crate) fn vacate(&self) {
        self.is_wanted();
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
    }

    /// How long nothing has used it.
    pub(crate) fn idle_for(&self) -> Duration {
        if self.in_flight() > 0 {
            return Duration::ZERO;
        }
        self.born.elapsed().saturating_sub(Duration::from_millis(
            self.idle_since.load(Ordering::Relaxed),
        ))
    }

    /// How long it has neither been used nor asked whether it is there.
    pub(crate) fn unheard_for(&self) -> Duration {
        let asked = Duration::from_millis(self.asked_at.load(Ordering::Relaxed));
        self.idle_for()
            .min(self.born.elapsed().saturating_sub(asked))
    }

    /// Milliseconds after `born`.
    fn age(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whose it is.
    pub(crate) fn owner(&self) -> Owner {
        self.owner.locked().clone()
    }

    /// Whether the server was told that its client has roots.
    pub(crate) fn knows_of_roots(&self) -> bool {
        self.declared_roots.load(Ordering::Relaxed)
    }

    /// Gives it to a caller for good. A server that knows of roots is told to
    /// ask for this caller's.
    pub(crate) fn give_to(self: &Arc<Self>, client: Claimant<'_>) {
        *self.owner.locked() = match client {
            Claimant::User(user) => Owner::User(user.cloned()),
            Claimant::Session(session) => {
                session.has_state();
                Owner::Session(Arc::downgrade(session))
            }
        };
        if let Claimant::Session(session) = client
            && self.knows_of_roots()
            && session.capabilities.has_roots()
        {
            questions::roots_changed(self);
        }
    }

    /// What the server said when it was greeted; `None` until it has.
    pub(crate) fn hello(&self) -> Option<&Hello> {
        self.hello.get()
    }

    /// In which era it is spoken to.
    pub(crate) fn era(&self) -> Era {
        self.hello().map_or(Era::Legacy, |hello| hello.era)
    }

    /// The process behind it has printed something.
    pub(crate) fn has_spoken(&self) {
        self.spoken.cancel();
    }

    /// Queues a message. `id` is that of a registered call, which is lost if
    /// the message cannot be delivered; for anything else delivery is best effort.
    pub(crate) fn send(self: &Arc<Self>, message: Vec<u8>, id: Option<CallId>) {
        match &self.link {
            Link::Stdio(outbox) => self.put(outbox, &message),
            Link::Http(link) => link.post(self, message, id),
            Link::Events(link) => link.post(self, message, id),
        }
    }

    fn put(&self, outbox: &outbox::Outbox, message: &[u8]) {
        if outbox.push(message).is_err() {
            let server = &self.inbox.server;
            tracing::warn!(%server, "does not read what it is sent: its connection is closed");
            self.closing.cancel();
        }
    }

    /// Registers and sends a call whose text is written once its id is known.
    ///
    /// # Errors
    /// Where the connection is closed; nothing was sent then.
    pub(crate) fn start(
        self: &Arc<Self>,
        call: Call,
        write: impl FnOnce(&str) -> Vec<u8>,
    ) -> Result<CallId, Box<(Call, Lost)>> {
        let id = self.pending.register(call)?;
        self.send(write(&id.to_string()), Some(id));
        Ok(id)
    }

    /// Tells the server that a call is no longer wanted.
    pub(crate) fn cancel(self: &Arc<Self>, id: CallId, reason: &str) {
        self.cancel_by(id, || {
            let params = format!(r#"{{"requestId":{id},"reason":{}}}"#, wire::quote(reason));
            wire::notification("notifications/cancelled", &params)
        });
    }

    /// The same by a notification that somebody else has written.
    pub(crate) fn cancel_by(self: &Arc<Self>, id: CallId, write: impl FnOnce() -> Vec<u8>) {
        if let Link::Http(link) = &self.link
            && link.break_off(id)
        {
            return;
        }
        self.send(write(), None);
    }

    /// Ends a call that its client has cancelled.
    pub(crate) fn abandon(&self, id: CallId) {
        self.pending.abandon(id, Lost::Cancelled);
    }

    /// Ends a call that has shown no sign of life. A server that asks questions
    /// is not trusted with another call on this connection: what it asks next
    /// could still be about this one.
    pub(crate) fn give_up(self: &Arc<Self>, id: CallId) {
        self.cancel(id, "no sign of life within the call timeout");
        self.end(id, Lost::TimedOut);
    }

    /// Ends a call that has lasted as long as calls may; about questions as with one that is
    /// given up.
    pub(crate) fn cut_short(self: &Arc<Self>, id: CallId) {
        self.cancel(id, "it lasted longer than calls may");
        self.end(id, Lost::TookTooLong);
    }

    fn end(&self, id: CallId, lost: Lost) {
        self.pending.abandon(id, lost);
        if self.inbox.learned.asks.load(Ordering::Relaxed) {
            self.closing.cancel();
        }
    }
}

// === impl Owner ===

impl Owner {
    /// Whether a caller is this owner.
    pub(crate) fn is(&self, client: Claimant<'_>) -> bool {
        match (self, client) {
            (Self::User(own), Claimant::User(user)) => own.as_ref() == user,
            (Self::Session(own), Claimant::Session(client)) => {
                std::ptr::eq(own.as_ptr(), Arc::as_ptr(client))
            }
            _ => false,
        }
    }

    /// Whether it may be given away.
    pub(crate) fn is_free(&self) -> bool {
        matches!(self, Self::Free)
    }

    /// Whether a session owned it and has ended.
    pub(crate) fn has_left(&self) -> bool {
        matches!(self, Self::Session(session) if session.strong_count() == 0)
    }

    /// The session that owns it.
    pub(crate) fn session(&self) -> Option<Arc<Session>> {
        match self {
            Self::Session(session) => session.upgrade(),
            Self::Free | Self::User(_) => None,
        }
    }
}

// === impl Lost ===

impl Lost {
    /// For a person.
    pub(crate) fn words(&self) -> Words {
        match self {
            Self::Unsent(words) | Self::Died(words) | Self::Unusable(words) => words.clone(),
            Self::TimedOut => Words::new(
                "no sign of life within the call timeout",
                "在调用超时时间内没有任何响应",
            ),
            Self::TookTooLong => Words::new(
                "it lasted longer than limits.callLongest allows",
                "持续时间超过 limits.callLongest 的上限",
            ),
            Self::Cancelled => Words::new("cancelled by the client", "已被客户端取消"),
        }
    }
}
