//! For whom a connection is wanted.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::serve::session::Session;
use crate::user::User;

/// Whoever wants a connection; at a server that is not shared each has one of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Claimant<'a> {
    Session(&'a Arc<Session>),
    /// Who calls without a session: nothing tells the clients of one user apart.
    User(Option<&'a User>),
}

/// The same while it waits. It holds its session, so that no other can take its place in
/// memory meanwhile.
#[derive(Debug)]
pub(super) enum Waits {
    Session(Arc<Session>),
    User(Option<User>),
}

impl Claimant<'_> {
    /// The gateway itself, and whoever has not proved who it is.
    pub(crate) const NOBODY: Self = Self::User(None);

    /// For as long as it waits.
    pub(super) fn waits(self) -> Waits {
        match self {
            Self::Session(session) => Waits::Session(Arc::clone(session)),
            Self::User(user) => Waits::User(user.cloned()),
        }
    }

    /// Tells it from the others that wait.
    pub(super) fn number(self) -> u64 {
        let mut hasher = DefaultHasher::new();
        match self {
            Self::Session(session) => Arc::as_ptr(session).hash(&mut hasher),
            Self::User(user) => user.hash(&mut hasher),
        }
        hasher.finish()
    }
}

impl Waits {
    pub(super) fn claimant(&self) -> Claimant<'_> {
        match self {
            Self::Session(session) => Claimant::Session(session),
            Self::User(user) => Claimant::User(user.as_ref()),
        }
    }
}
