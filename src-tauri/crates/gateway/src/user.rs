//! Who a request is made for. Pure.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::Extensions;
use axum::http::request::Parts;
use tokio_util::sync::CancellationToken;

/// A user of the gateway: the owner of this machine, or somebody who has shown an
/// account elsewhere.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct User(Arc<str>);

impl User {
    /// The name of the user who owns the gateway.
    pub(crate) const LOCAL: &'static str = "local";

    pub(crate) fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The user who owns the gateway.
    pub(crate) fn local() -> Self {
        Self::new(Self::LOCAL)
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// Whether the owner has let this user in. Who has only shown an account elsewhere uses
    /// that account and nothing of the owner's.
    pub(crate) fn is_invited(&self) -> bool {
        !self.0.starts_with("aliyun:")
    }

    pub(crate) fn is_local(&self) -> bool {
        &*self.0 == Self::LOCAL
    }

    /// Whether it is the owner, be it under one of the owner's accounts.
    pub(crate) fn is_owners(&self) -> bool {
        Self::local().covers(&self.0)
    }

    /// Whether a name is this user's, or that of one of this user's accounts; see
    /// [`Caller::under`].
    pub(crate) fn covers(&self, name: &str) -> bool {
        let rest = name.strip_prefix(&*self.0);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who makes a request, as far as that is proved. Without a token nobody is: such a
/// caller reaches what needs no account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller {
    user: Option<User>,
    /// Cancelled when the access that proved it is taken back.
    ended: Option<CancellationToken>,
}

impl Caller {
    /// Somebody who has proved to be this user.
    pub(crate) fn proved(user: User) -> Self {
        Self {
            user: Some(user),
            ended: None,
        }
    }

    /// The same for as long as what has proved it lasts.
    pub(crate) fn until(self, ended: CancellationToken) -> Self {
        Self {
            ended: Some(ended),
            ..self
        }
    }

    /// The same client for an account of its user.
    pub(crate) fn under(self, account: &str) -> Self {
        let user = self
            .user
            .map(|user| User::new(&format!("{user}/{account}")));
        Self { user, ..self }
    }

    /// What the guard has found out about a request; nobody, where it found nothing.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_default()
    }

    /// The user, where it is proved.
    pub(crate) fn user(&self) -> Option<&User> {
        self.user.as_ref()
    }

    /// Cancelled when the access of its client is taken back; `None` where it lasts.
    pub(crate) fn ended(&self) -> Option<&CancellationToken> {
        self.ended.as_ref()
    }
}

/// Callers are the same who are the same user, whichever of that user's tokens they show.
impl PartialEq for Caller {
    fn eq(&self, other: &Self) -> bool {
        self.user == other.user
    }
}

impl Eq for Caller {}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_covers_the_accounts_under_it_and_nobody_with_a_similar_name() {
        let bob = User::new("bob");
        assert!(bob.covers("bob") && bob.covers("bob/work"));
        assert!(!bob.covers("bobby") && !bob.covers("bo") && !bob.covers("ann/bob"));
        assert!(User::new("local/work").is_owners() && !User::new("locals").is_owners());
    }
}
