//! Client sessions of the legacy versions (MCP, "Transports / Session Management").
//!
//! A session's id describes it and carries a MAC, so a session survives a
//! restart of the gateway: a valid id that is not in memory is simply resumed.
//!
//! Except where more would be lost than memory: a session whose state a server keeps in a
//! process of its own ends for good, so that its client is told to begin anew.

mod capabilities;
mod ended;
mod said;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Instant;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use wire::Version;

pub(crate) use capabilities::Capabilities;
use ended::Ended;
pub(crate) use said::Said;

use super::outbound::Outbound;
use super::session_id::{Claims, SessionKey};
use crate::catalog::ServerIndex;
use crate::log_level::LogLevel;
use crate::mailbox::Receiver;
use crate::questions::OpenQuestions;
use crate::requests::OpenRequests;
use crate::sync::Locked;
use crate::user::{Caller, User};

/// No `logging/setLevel` was sent.
const NO_LEVEL: u8 = u8::MAX;

/// One client's session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) version: Version,
    pub(crate) capabilities: Capabilities,
    /// What its client said at `initialize`; `None` where only the id is left of that.
    said: Option<Said>,
    /// The one server it talks to; `None` for all.
    pub(crate) scope: Option<ServerIndex>,
    /// Who opened it; nobody else may use it.
    pub(crate) user: Option<User>,
    pub(crate) outbound: Outbound,
    pub(crate) questions: OpenQuestions,
    pub(crate) requests: OpenRequests,
    log_level: AtomicU8,
    /// A server that is not shared keeps state for it.
    keeps_state: AtomicBool,
    /// Cancelled when the access of the client that used it last is taken back.
    access: Mutex<Option<CancellationToken>>,
    /// Milliseconds after the table's birth.
    last_used: AtomicU64,
}

/// All sessions in memory.
#[derive(Debug)]
pub(crate) struct Sessions {
    key: SessionKey,
    /// Tells this gateway from every other one.
    instance: String,
    limit: AtomicUsize,
    born: Instant,
    open: RwLock<HashMap<String, Arc<Session>>>,
    /// Ids that must not be resumed.
    ended: Mutex<Ended>,
}

// === impl Session ===

impl Session {
    fn new(
        id: String,
        version: Version,
        (capabilities, said): (Capabilities, Option<Said>),
        scope: Option<ServerIndex>,
        user: Option<User>,
    ) -> Arc<Self> {
        Arc::new(Self {
            id,
            version,
            capabilities,
            said,
            scope,
            user,
            outbound: Outbound::default(),
            questions: OpenQuestions::default(),
            requests: OpenRequests::default(),
            log_level: AtomicU8::new(NO_LEVEL),
            keeps_state: AtomicBool::new(false),
            access: Mutex::default(),
            last_used: AtomicU64::new(0),
        })
    }

    /// Notes by which access it is used: with that it ends.
    pub(crate) fn used_by(&self, caller: &Caller) {
        if let Some(ended) = caller.ended() {
            *self.access.locked() = Some(ended.clone());
        }
    }

    fn is_taken_back(&self) -> bool {
        let access = self.access.locked();
        access.as_ref().is_some_and(CancellationToken::is_cancelled)
    }

    /// A server that is not shared keeps state for it from now on.
    pub(crate) fn has_state(&self) {
        self.keeps_state.store(true, Ordering::Relaxed);
    }

    /// Whether nothing goes on there.
    fn is_idle(&self) -> bool {
        !self.outbound.is_attached() && self.requests.is_empty() && self.questions.is_empty()
    }

    /// Whether news about a server concern this session. `owner` is whose the server is,
    /// where it is not everybody's.
    fn sees(&self, server: ServerIndex, owner: Option<&User>) -> bool {
        self.scope.is_none_or(|scope| scope == server)
            && (owner.is_none() || owner == self.user.as_ref())
    }

    /// Sends a message that belongs to no call.
    pub(crate) fn notify(&self, message: Bytes) {
        self.outbound.push(message);
    }

    /// Opens the stream for messages that belong to no call; an older one ends.
    /// As many bytes may wait there.
    pub(crate) fn listen(&self, room: usize) -> Receiver {
        self.outbound.attach(room)
    }

    /// `logging/setLevel`.
    pub(crate) fn set_log_level(&self, level: LogLevel) {
        self.log_level.store(level as u8, Ordering::Relaxed);
    }

    /// Whether a log message is for this client: one that never set a level
    /// gets what belongs to its own calls alone.
    pub(crate) fn wants_log(&self, level: Option<LogLevel>, own_call: bool) -> bool {
        match self.log_level.load(Ordering::Relaxed) {
            NO_LEVEL => own_call,
            least => level.is_none_or(|level| level as u8 >= least),
        }
    }

    /// What its requests say of themselves at a modern server: the raw members of `_meta`.
    pub(crate) fn claim(&self) -> String {
        let level = self.chosen_level().and_then(LogLevel::of_severity);
        let level = level.map(LogLevel::as_str);
        match &self.said {
            Some(said) => said.claim(level),
            // What else it said is not known any more.
            None => eras::claim_of(&self.capabilities.written(), None, level),
        }
    }

    fn chosen_level(&self) -> Option<u8> {
        Some(self.log_level.load(Ordering::Relaxed)).filter(|level| *level != NO_LEVEL)
    }
}

// === impl Sessions ===

impl Sessions {
    pub(crate) fn new(key: SessionKey, limit: usize) -> Arc<Self> {
        let mut random = [0; 16];
        if let Err(error) = getrandom::fill(&mut random) {
            tracing::warn!(%error, "this gateway cannot be told from others");
        }
        Arc::new(Self {
            instance: random.iter().map(|byte| format!("{byte:02x}")).collect(),
            key,
            limit: AtomicUsize::new(limit),
            born: Instant::now(),
            open: RwLock::default(),
            ended: Mutex::default(),
        })
    }

    /// Opens a session for a user. `scope_name` is the service it was opened at, empty for all.
    pub(crate) fn open(
        &self,
        version: Version,
        said: Said,
        scope: Option<ServerIndex>,
        scope_name: &str,
        user: Option<&User>,
    ) -> Result<Arc<Session>, getrandom::Error> {
        let capabilities = Capabilities::read(said.capabilities.as_bytes());
        let id = self
            .key
            .issue(&Claims::new(version, capabilities, scope_name, user))?;
        let said = (capabilities, Some(said).filter(Said::is_modest));
        let session = Session::new(id, version, said, scope, user.cloned());
        self.keep(&session);
        Ok(session)
    }

    /// The session of an id, resumed where only its id is left; `None` for an
    /// id that is forged, expired, deleted, or of another endpoint or user.
    pub(crate) fn find(
        &self,
        id: &str,
        scope: Option<ServerIndex>,
        user: Option<&User>,
        scope_name: impl FnOnce() -> String,
    ) -> Option<Arc<Session>> {
        let known = self.open.read().ok()?.get(id).cloned();
        if let Some(session) = known {
            session.last_used.store(self.now(), Ordering::Relaxed);
            let is_own = session.scope == scope && session.user.as_ref() == user;
            return is_own.then_some(session);
        }
        let claims = self.key.verify(id)?;
        if !claims.is_for(&scope_name(), user) || self.ended.locked().contains(id) {
            return None;
        }
        tracing::debug!("a session of an earlier run is resumed");
        let session = Session::new(
            id.to_owned(),
            claims.version,
            (claims.capabilities, None),
            scope,
            user.cloned(),
        );
        self.keep(&session);
        Some(session)
    }

    /// Ends a session for good.
    pub(crate) fn close(&self, session: &Session) {
        self.forget(&session.id);
        self.ended.locked().add(&session.id, self.limit());
    }

    /// Ends the sessions of clients whose access was taken back.
    pub(crate) fn close_taken_back(&self) {
        let mut over = Vec::new();
        if let Ok(open) = self.open.read() {
            over.extend(open.values().filter(|one| one.is_taken_back()).cloned());
        }
        for session in over {
            tracing::info!("a session ends, because its client's access was taken back");
            self.close(&session);
        }
    }

    /// How many are in memory.
    pub(crate) fn count(&self) -> usize {
        self.open.read().map_or(0, |open| open.len())
    }

    /// What a client of this gateway is told at `initialize`, so that the gateway
    /// recognizes itself where it is its own client.
    pub(crate) fn instance(&self) -> &str {
        &self.instance
    }

    /// How many may be in memory from now on.
    pub(crate) fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Sends a message to every session that sees a server.
    pub(crate) fn broadcast(&self, server: ServerIndex, owner: Option<&User>, message: &Bytes) {
        self.each(|session| {
            if session.sees(server, owner) {
                session.notify(message.clone());
            }
        });
    }

    /// Sends a message to the sessions of one endpoint, as far as their users are concerned.
    pub(crate) fn tell(
        &self,
        scope: Option<ServerIndex>,
        concerned: impl Fn(Option<&User>) -> bool,
        message: &Bytes,
    ) {
        self.each(|session| {
            if session.scope == scope && concerned(session.user.as_ref()) {
                session.notify(message.clone());
            }
        });
    }

    /// Sends a log message to every session that asked for its level.
    pub(crate) fn broadcast_log(
        &self,
        server: ServerIndex,
        owner: Option<&User>,
        level: Option<LogLevel>,
        message: &Bytes,
    ) {
        self.each(|session| {
            if session.sees(server, owner) && session.wants_log(level, false) {
                session.notify(message.clone());
            }
        });
    }

    /// The least severe level that any session asked for that sees a server.
    pub(crate) fn lowest_log_level(
        &self,
        server: ServerIndex,
        owner: Option<&User>,
    ) -> Option<LogLevel> {
        let mut lowest = None;
        self.each(|session| {
            if session.sees(server, owner)
                && let Some(level) = session.chosen_level()
            {
                lowest = Some(lowest.map_or(level, |other: u8| other.min(level)));
            }
        });
        lowest.and_then(LogLevel::of_severity)
    }

    /// Ends every stream, so that a shutdown need not wait for them.
    pub(crate) fn hang_up(&self) {
        self.each(|session| session.outbound.detach());
    }

    fn each(&self, mut visit: impl FnMut(&Session)) {
        if let Ok(open) = self.open.read() {
            open.values().for_each(|session| visit(session));
        }
    }

    fn keep(&self, session: &Arc<Session>) {
        session.last_used.store(self.now(), Ordering::Relaxed);
        let Ok(mut open) = self.open.write() else {
            return;
        };
        if open.len() >= self.limit() {
            // A session that is forgotten is resumed from its id when it is used again; not so
            // where a process is behind it, which goes with it.
            let idle = open.values().filter(|one| one.is_idle());
            let state = |one: &Session| one.keeps_state.load(Ordering::Relaxed);
            let oldest = idle
                .min_by_key(|one| (state(one), one.last_used.load(Ordering::Relaxed)))
                .map(|one| (one.id.clone(), state(one)));
            if let Some((oldest, had_state)) = oldest {
                open.remove(&oldest);
                if had_state {
                    tracing::info!("a session ends, because there are more than limits.sessions");
                    self.ended.locked().add(&oldest, self.limit());
                }
            }
        }
        open.insert(session.id.clone(), Arc::clone(session));
    }

    /// Drops a session from memory.
    pub(crate) fn forget(&self, id: &str) {
        if let Ok(mut open) = self.open.write()
            && let Some(session) = open.remove(id)
        {
            session.outbound.detach();
        }
    }
}

#[cfg(test)]
mod tests;
