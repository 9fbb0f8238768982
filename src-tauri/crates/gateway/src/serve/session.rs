//! Client sessions of the legacy versions (MCP, "Transports / Session Management").
//!
//! A session's id describes it and carries a MAC, so a session survives a
//! restart of the gateway: a valid id that is not in memory is simply resumed.
//!
//! Except where more would be lost than memory: a session whose state a server keeps in a
//! process of its own ends for good, so that its client is told to begin anew.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wire::Version;

use super::outbound::Outbound;
use super::session_id::{Claims, SessionKey};
use crate::catalog::ServerIndex;
use crate::log_level::LogLevel;
use crate::questions::OpenQuestions;
use crate::requests::OpenRequests;
use crate::sync::Locked;
use crate::user::{Caller, User};

/// No `logging/setLevel` was sent.
const NO_LEVEL: u8 = u8::MAX;

/// What a client declared at `initialize`, as far as the gateway must know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Capabilities(u8);

/// One client's session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) version: Version,
    pub(crate) capabilities: Capabilities,
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

/// The ids of sessions that have ended for good, the last ones.
#[derive(Debug, Default)]
struct Ended {
    ids: HashSet<String>,
    /// Oldest first.
    order: VecDeque<String>,
}

// === impl Capabilities ===

impl Capabilities {
    const SAMPLING: u8 = 1;
    const SAMPLING_TOOLS: u8 = 2;
    const ELICITATION_FORM: u8 = 4;
    const ELICITATION_URL: u8 = 8;
    const ROOTS: u8 = 16;

    /// From the raw `capabilities` of an `initialize` request.
    pub(crate) fn read(raw: &[u8]) -> Self {
        let member = |object: &'_ [u8], name: &str| {
            wire::members(object)
                .find(|member| member.key.of(object) == name.as_bytes())
                .map(|member| member.value)
        };
        let mut bits = 0;
        if let Some(sampling) = member(raw, "sampling") {
            bits |= Self::SAMPLING;
            if member(sampling.of(raw), "tools").is_some() {
                bits |= Self::SAMPLING_TOOLS;
            }
        }
        if member(raw, "roots").is_some() {
            bits |= Self::ROOTS;
        }
        if let Some(elicitation) = member(raw, "elicitation") {
            let elicitation = elicitation.of(raw);
            let (form, url) = (member(elicitation, "form"), member(elicitation, "url"));
            // An empty object means forms alone (MCP 2025-11-25, "Elicitation / Capabilities").
            if form.is_some() || url.is_none() {
                bits |= Self::ELICITATION_FORM;
            }
            if url.is_some() {
                bits |= Self::ELICITATION_URL;
            }
        }
        Self(bits)
    }

    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// Whether a client with these may be sent a sampling request.
    pub(crate) const fn samples(self, with_tools: bool) -> bool {
        self.0 & Self::SAMPLING != 0 && (!with_tools || self.0 & Self::SAMPLING_TOOLS != 0)
    }

    /// Whether it may be asked for its roots.
    pub(crate) const fn has_roots(self) -> bool {
        self.0 & Self::ROOTS != 0
    }

    /// Whether it may be sent an elicitation.
    pub(crate) const fn elicits(self, by_url: bool) -> bool {
        self.0
            & (if by_url {
                Self::ELICITATION_URL
            } else {
                Self::ELICITATION_FORM
            })
            != 0
    }
}

// === impl Session ===

impl Session {
    fn new(
        id: String,
        version: Version,
        capabilities: Capabilities,
        scope: Option<ServerIndex>,
        user: Option<User>,
    ) -> Arc<Self> {
        Arc::new(Self {
            id,
            version,
            capabilities,
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
    pub(crate) fn listen(&self) -> mpsc::Receiver<Bytes> {
        self.outbound.attach()
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
        capabilities: Capabilities,
        scope: Option<ServerIndex>,
        scope_name: &str,
        user: Option<&User>,
    ) -> Result<Arc<Session>, getrandom::Error> {
        let id = self
            .key
            .issue(&Claims::new(version, capabilities, scope_name, user))?;
        let session = Session::new(id, version, capabilities, scope, user.cloned());
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
        if !claims.is_for(&scope_name(), user) || self.ended.locked().ids.contains(id) {
            return None;
        }
        tracing::debug!("a session of an earlier run is resumed");
        let session = Session::new(
            id.to_owned(),
            claims.version,
            claims.capabilities,
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
        let all = [
            "debug",
            "info",
            "notice",
            "warning",
            "error",
            "critical",
            "alert",
            "emergency",
        ];
        LogLevel::from_wire(all.get(usize::from(lowest?))?)
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

// === impl Ended ===

impl Ended {
    /// Adds one; of more than `limit` the oldest go.
    fn add(&mut self, id: &str, limit: usize) {
        if self.ids.insert(id.to_owned()) {
            self.order.push_back(id.to_owned());
        }
        while self.order.len() > limit.max(1) {
            if let Some(oldest) = self.order.pop_front() {
                self.ids.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_read_as_the_specification_defines_them() {
        let read = |raw: &str| Capabilities::read(raw.as_bytes());
        assert!(!read("{}").samples(false) && !read("{}").elicits(false));
        assert!(
            read(r#"{"sampling":{}}"#).samples(false) && !read(r#"{"sampling":{}}"#).samples(true)
        );
        assert!(read(r#"{"sampling":{"tools":{}}}"#).samples(true));
        let forms = read(r#"{"elicitation":{}}"#);
        assert!(forms.elicits(false) && !forms.elicits(true));
        let urls = read(r#"{"elicitation":{"url":{}}}"#);
        assert!(!urls.elicits(false) && urls.elicits(true));
    }

    #[test]
    fn a_session_is_resumed_by_its_id_alone_but_not_after_its_end() {
        let key = || SessionKey::from_bytes([7; 32]);
        let before = Sessions::new(key(), 10);
        let session = before
            .open(
                Version::V2025_06_18,
                Capabilities::from_bits(5),
                None,
                "",
                None,
            )
            .expect("random");
        let after = Sessions::new(key(), 10);
        let resumed = after
            .find(&session.id, None, None, String::new)
            .expect("resumed");
        assert_eq!(
            (resumed.version, resumed.capabilities),
            (Version::V2025_06_18, Capabilities::from_bits(5))
        );
        assert!(
            after
                .find(&session.id, Some(0), None, || "other".to_owned())
                .is_none(),
            "another endpoint"
        );
        let stranger = User::new("stranger");
        for sessions in [&before, &after, &Sessions::new(key(), 10)] {
            let found = sessions.find(&session.id, None, Some(&stranger), String::new);
            assert!(found.is_none(), "another user");
        }
        after.close(&resumed);
        assert!(
            after.find(&session.id, None, None, String::new).is_none(),
            "deleted"
        );
        assert!(
            Sessions::new(SessionKey::from_bytes([8; 32]), 10)
                .find(&session.id, None, None, String::new)
                .is_none(),
            "forged"
        );
    }

    #[test]
    fn a_server_is_told_the_level_of_those_who_see_it() {
        let sessions = Sessions::new(SessionKey::from_bytes([7; 32]), 10);
        let (ann, ben) = (User::new("ann"), User::new("ben"));
        let open = |scope, user| {
            let none = Capabilities::default();
            let session = sessions.open(Version::LATEST, none, scope, "", user);
            session.expect("random")
        };
        let level = |name: &str| LogLevel::from_wire(name).expect("a level");
        open(None, Some(&ann)).set_log_level(level("debug"));
        open(Some(7), Some(&ben)).set_log_level(level("error"));
        open(None, None);
        for (server, owner, lowest) in [
            (1, Some(&ann), Some("debug")),
            (1, None, Some("debug")),
            (1, Some(&ben), None),
            (7, Some(&ben), Some("error")),
        ] {
            assert_eq!(
                sessions.lowest_log_level(server, owner),
                lowest.map(level),
                "{server} of {owner:?}"
            );
        }
    }

    #[test]
    fn a_session_ends_with_the_access_that_it_is_used_by() {
        let sessions = Sessions::new(SessionKey::from_bytes([7; 32]), 10);
        let user = User::new("ann");
        let open = || {
            let none = Capabilities::default();
            let session = sessions.open(Version::LATEST, none, None, "", Some(&user));
            session.expect("random")
        };
        let access = CancellationToken::new();
        let caller = Caller::proved(user.clone()).until(access.clone());
        let (gone, stays) = (open(), open());
        gone.used_by(&caller);
        sessions.close_taken_back();
        assert_eq!(sessions.count(), 2);

        access.cancel();
        sessions.close_taken_back();
        let found = |id: &str| sessions.find(id, None, Some(&user), String::new).is_some();
        assert!(!found(&gone.id) && found(&stays.id));
    }

    #[test]
    fn memory_is_bounded_and_nothing_is_lost_by_it() {
        let sessions = Sessions::new(SessionKey::from_bytes([7; 32]), 2);
        let open = || {
            sessions
                .open(Version::LATEST, Capabilities::default(), None, "", None)
                .expect("random")
        };
        let first = open();
        open();
        open();
        assert_eq!(sessions.count(), 2);
        assert!(sessions.find(&first.id, None, None, String::new).is_some());
    }

    #[test]
    fn a_session_with_state_goes_last_and_for_good() {
        let sessions = Sessions::new(SessionKey::from_bytes([7; 32]), 2);
        let open = || {
            let none = Capabilities::default();
            let session = sessions.open(Version::LATEST, none, None, "", None);
            session.expect("random")
        };
        let found = |session: &Session| sessions.find(&session.id, None, None, String::new);
        let first = open();
        first.has_state();
        let second = open();
        let third = open();
        third.has_state();
        assert!(found(&first).is_some(), "it has more to lose");
        assert!(found(&second).is_some(), "resumed, at the cost of another");
        let left = [&first, &third].map(|one| found(one).is_some());
        assert_ne!(left[0], left[1], "one of them has ended for good");
        assert_eq!(sessions.count(), 2);
    }

    #[test]
    fn those_that_ended_last_are_remembered() {
        let mut ended = Ended::default();
        for id in ["a", "b", "b", "c"] {
            ended.add(id, 2);
        }
        assert!(!ended.ids.contains("a"));
        assert!(ended.ids.contains("b") && ended.ids.contains("c"));
        assert_eq!((ended.ids.len(), ended.order.len()), (2, 2));
    }
}
