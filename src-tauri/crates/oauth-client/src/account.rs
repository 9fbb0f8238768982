//! One account: what is kept of it, and what a call that needs its token does
//! next. Pure, but for the locks.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;
use url::Url;
use vault::Secret;

use crate::client::Client;
use crate::fault::{Fault, Why};
use crate::provider::{AccountId, Provider};
use crate::tokens::{Freshness, Tokens};

/// The kind of the documents that hold accounts.
pub(crate) const ACCOUNT: &str = "account";
/// Refused tokens are replaced so often within this time; a further refusal shows that it
/// does not help. One may be a server's moment of weakness, and must not cost the sign-in.
const REPLACED_MOST: usize = 2;
const REFUSED_AGAIN: Duration = Duration::from_secs(60);

/// An account as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Document {
    /// What the tokens are for ([`Provider::binding`]).
    pub(crate) binding: String,
    pub(crate) subject: String,
    pub(crate) name: Option<String>,
    pub(crate) site: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) resource: Option<String>,
    pub(crate) token_endpoint: Url,
    pub(crate) revocation_endpoint: Option<Url>,
    pub(crate) client: Client,
    /// None once the sign-in is over.
    pub(crate) tokens: Option<Tokens>,
    /// In unix seconds of this machine's clock; 0 where that was not noted.
    #[serde(default)]
    pub(crate) signed_in_at: i64,
    /// Why it is over.
    pub(crate) over: Option<Why>,
    /// Scopes that calls have needed and that the next sign-in asks for.
    pub(crate) wanted: Option<String>,
}

/// Where an account stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountState {
    /// Nobody is signed in.
    SignedOut,
    /// There are tokens.
    SignedIn {
        /// Unique and lasting at its provider.
        subject: String,
        /// To be shown.
        name: Option<String>,
        /// When that was, in unix seconds of this machine's clock; 0: not known.
        signed_in_at: i64,
        /// The provider's site.
        site: Option<String>,
        /// What was granted, separated by spaces.
        scope: Option<String>,
        /// When the access token ends, in unix seconds of this machine's clock.
        expires_at: Option<i64>,
        /// Whether it is then refreshed without the user.
        refreshable: bool,
        /// Scopes that calls needed and that were not granted: a new sign-in asks for them.
        wanted: Option<String>,
    },
    /// Only the user can help.
    NeedsSignIn {
        /// What happened.
        why: Why,
        /// Who was signed in.
        subject: String,
        /// To be shown.
        name: Option<String>,
    },
}

/// An account at work.
pub(crate) struct Account {
    pub(crate) id: AccountId,
    live: Mutex<Live>,
    /// One change of the document at a time, so that what is stored and what
    /// is used never part.
    pub(crate) writer: tokio::sync::Mutex<()>,
}

/// What an account's callers share.
#[derive(Default)]
pub(crate) struct Live {
    pub(crate) document: Option<Document>,
    /// Rises with every sign-in and sign-out; a refresh of an earlier one is void.
    pub(crate) generation: u64,
    pub(crate) flight: Option<Flight>,
    /// After a refresh that failed for a while.
    pub(crate) retry: Option<Retry>,
    /// Refreshed, but not stored yet: the store failed.
    pub(crate) unsaved: Option<Tokens>,
    /// When refused tokens were replaced lately.
    replaced: Vec<Instant>,
}

/// A refresh under way; tells its end. The receiver of a refresh that died
/// without an end is closed.
pub(crate) type Flight = watch::Receiver<Option<Result<(), Fault>>>;

/// When the next refresh may be tried.
pub(crate) struct Retry {
    pub(crate) not_before: Instant,
    pub(crate) failures: u32,
    pub(crate) fault: Fault,
}

/// What a call that needs a token does next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Use this one.
    Use(Secret),
    /// Wait for a refresh; `meanwhile` is still good should that take long.
    Refresh { meanwhile: Option<Secret> },
    /// There is none.
    Refuse(Fault),
}

impl Account {
    pub(crate) fn new(id: AccountId, document: Option<Document>) -> Self {
        Self {
            id,
            live: Mutex::new(Live {
                document,
                ..Live::default()
            }),
            writer: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn needs_sign_in(&self, why: Why) -> Fault {
        Fault::NeedsSignIn {
            provider: self.id.provider.clone(),
            why,
        }
    }
}

impl Document {
    /// Where the account stands at `now`, in this machine's clock.
    pub(crate) fn state(&self, now: i64) -> AccountState {
        let (subject, name) = (self.subject.clone(), self.name.clone());
        match self.tokens(now) {
            Ok(tokens) => AccountState::SignedIn {
                subject,
                name,
                signed_in_at: self.signed_in_at,
                site: self.site.clone(),
                scope: tokens.scope.clone(),
                expires_at: tokens.expires_here(),
                refreshable: tokens.refresh.is_some(),
                wanted: self.wanted.clone(),
            },
            Err(why) => AccountState::NeedsSignIn { why, subject, name },
        }
    }

    /// The tokens, unless the sign-in is over.
    pub(crate) fn tokens(&self, now: i64) -> Result<&Tokens, Why> {
        if let Some(why) = &self.over {
            return Err(why.clone());
        }
        let tokens = self.tokens.as_ref().ok_or(Why::SignedOut)?;
        // Not kept as the end: should the clock be wrong, a right one brings
        // the token back.
        if tokens.refresh.is_none() && tokens.freshness(now) == Freshness::Expired {
            return Err(Why::Expired);
        }
        Ok(tokens)
    }

    /// The sign-in is over; who it was stays.
    pub(crate) fn end(&mut self, why: Why) {
        self.tokens = None;
        self.over = Some(why);
    }
}

impl Live {
    /// The tokens that may be used for this provider.
    fn tokens(&self, provider: &Provider, now: i64) -> Result<&Tokens, Why> {
        let document = self.document.as_ref().ok_or(Why::SignedOut)?;
        if document.binding != provider.binding() {
            return Err(Why::Changed);
        }
        document.tokens(now)
    }

    /// What a call does that needs a token.
    pub(crate) fn next(&self, provider: &Provider, now: i64, at: Instant) -> Next {
        let tokens = match self.tokens(provider, now) {
            Ok(tokens) => tokens,
            Err(why) => return self.refuse(provider, why),
        };
        let waiting = self.retry.as_ref().filter(|retry| retry.not_before > at);
        let freshness = tokens.freshness(now);
        let good = (freshness != Freshness::Expired).then(|| tokens.access.clone());
        let due = freshness != Freshness::Fresh && tokens.refresh.is_some();
        match (due || self.unsaved.is_some(), good, waiting) {
            (false, Some(token), _) | (true, Some(token), Some(_)) => Next::Use(token),
            (_, None, Some(retry)) => Next::Refuse(retry.now(at)),
            (_, meanwhile, None) => Next::Refresh { meanwhile },
        }
    }

    /// What a call does whose token `used` was refused; `Refresh` if nothing
    /// but another token can help.
    pub(crate) fn after_refusal(
        &self,
        provider: &Provider,
        used: &Secret,
        now: i64,
        at: Instant,
    ) -> Next {
        let tokens = match self.tokens(provider, now) {
            Ok(tokens) => tokens,
            Err(why) => return self.refuse(provider, why),
        };
        if tokens.access != *used {
            // Another call has had it replaced meanwhile.
            return self.next(provider, now, at);
        }
        let lately = |replaced: &&Instant| at.duration_since(**replaced) < REFUSED_AGAIN;
        let in_vain = self.replaced.iter().filter(lately).count() >= REPLACED_MOST;
        if in_vain || tokens.refresh.is_none() {
            return self.refuse(provider, Why::Refused);
        }
        match self.retry.as_ref().filter(|retry| retry.not_before > at) {
            Some(retry) => Next::Refuse(retry.now(at)),
            None => Next::Refresh { meanwhile: None },
        }
    }

    /// Remembers that new tokens are refused, until a sign-in or a restart: a
    /// server that refuses everybody for a while must not cost the sign-in for
    /// good. Whether that is news.
    pub(crate) fn refuse_from_now_on(&mut self, fault: &Fault) -> bool {
        let refused = matches!(
            fault,
            Fault::NeedsSignIn {
                why: Why::Refused,
                ..
            }
        );
        match &mut self.document {
            Some(document) if refused && document.over.is_none() => {
                document.over = Some(Why::Refused);
                true
            }
            _ => false,
        }
    }

    /// A refused token has been replaced.
    pub(crate) fn has_replaced(&mut self, at: Instant) {
        let lately = |replaced: &Instant| at.duration_since(*replaced) < REFUSED_AGAIN;
        self.replaced.retain(lately);
        self.replaced.push(at);
    }

    /// Another sign-in, or none: whatever was under way is void.
    pub(crate) fn replace(&mut self, document: Option<Document>) -> Option<Document> {
        self.generation += 1;
        self.retry = None;
        self.replaced.clear();
        let mut old = std::mem::replace(&mut self.document, document);
        if let (Some(old), Some(unsaved)) = (&mut old, self.unsaved.take()) {
            old.tokens = Some(unsaved);
        }
        old
    }

    /// The refresh under way, if it lives.
    pub(crate) fn under_way(&self) -> Option<Flight> {
        self.flight
            .as_ref()
            .filter(|flight| flight.has_changed().is_ok())
            .cloned()
    }

    fn refuse(&self, provider: &Provider, why: Why) -> Next {
        Next::Refuse(Fault::NeedsSignIn {
            provider: provider.name().to_owned(),
            why,
        })
    }
}

impl Retry {
    /// The fault of the last try, with the time that is left to wait.
    fn now(&self, at: Instant) -> Fault {
        match &self.fault {
            Fault::Temporary {
                provider, cause, ..
            } => Fault::Temporary {
                provider: provider.clone(),
                cause: cause.clone(),
                retry_after: Some(self.not_before.duration_since(at)),
            },
            fault => fault.clone(),
        }
    }
}
