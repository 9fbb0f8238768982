//! The front door: sign-ins, accounts, and tokens that are good for use.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{OnceCell, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vault::{Secret, Vault};

use crate::account::{Account, AccountState, Next};
use crate::challenge::Challenge;
use crate::clock::Clock;
use crate::fault::{Cause, Fault, Why};
use crate::http::Http;
use crate::login::{Begun, Finished, Login};
use crate::params::Params;
use crate::pending::Pending;
use crate::provider::{AccountId, Provider};
use crate::refresh::landed;

/// How long a call waits for a refresh while the old token is still good.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often a call looks again after a refresh that somebody else began.
const LOOKS: usize = 3;
/// How long closing waits for refreshes under way, so that no rotation is lost.
const FAREWELL: Duration = Duration::from_secs(10);

/// How authorization servers are spoken to.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// The value of `User-Agent`.
    pub user_agent: String,
    /// What time it is.
    pub clock: Clock,
}

/// What became of the tokens at the server when an account signed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// The server has revoked them.
    Done,
    /// There were none, or the server has no way to revoke them: they expire.
    None,
    /// The server did not do it; why, in English. They expire.
    Failed(String),
}

/// Every account of every user, and the sign-ins under way. A cheap handle.
#[derive(Clone)]
pub struct Accounts {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) vault: Vault,
    pub(crate) http: Arc<Http>,
    pub(crate) clock: Clock,
    pub(crate) pending: Mutex<Pending<Begun>>,
    pub(crate) accounts: Mutex<HashMap<AccountId, Arc<Account>>>,
    /// Set once the accounts have been read from the store.
    pub(crate) loaded: OnceCell<()>,
    pub(crate) changed: watch::Sender<u64>,
    pub(crate) tasks: TaskTracker,
    pub(crate) closing: CancellationToken,
}

impl Accounts {
    /// The accounts that this vault keeps. Nothing is read or asked yet.
    pub fn new(vault: Vault, http: HttpOptions) -> Self {
        Self {
            inner: Arc::new(Inner {
                vault,
                http: Arc::new(Http::new(http.user_agent)),
                clock: http.clock,
                pending: Mutex::default(),
                accounts: Mutex::default(),
                loaded: OnceCell::new(),
                changed: watch::Sender::new(0),
                tasks: TaskTracker::new(),
                closing: CancellationToken::new(),
            }),
        }
    }

    /// Begins a sign-in: finds the server, registers if need be, and says where
    /// to send the browser. `then` is opaque and comes back at the end. Without
    /// a user it is found out who signs in; see [`keep`](Self::keep).
    ///
    /// # Errors
    /// [`Fault::Misconfigured`] names what must change; [`Fault::Temporary`].
    pub async fn begin(
        &self,
        user: Option<&str>,
        provider: &Provider,
        redirect_uri: &str,
        then: String,
    ) -> Result<Login, Fault> {
        self.inner.begin(user, provider, redirect_uri, then).await
    }

    /// Ends a sign-in with what the browser brought back. Goes on to its end
    /// even if the caller does not wait for it: the code can be used only once.
    ///
    /// # Errors
    /// [`Fault::Login`]: the answer is forged, replayed, late, or a refusal;
    /// nothing has changed.
    pub async fn finish(&self, answer: &Params) -> Result<Finished, Fault> {
        let (inner, answer) = (Arc::clone(&self.inner), answer.clone());
        self.to_the_end(async move { inner.finish(answer).await })
            .await
    }

    /// What was given as `then` when the sign-in was begun that this answers; `None` where it
    /// answers none, or one that has been answered.
    pub async fn then_of(&self, answer: &Params) -> Option<String> {
        // Whoever finishes it is told why the store cannot be read.
        self.inner.load().await.ok()?;
        let state = answer.state.as_ref()?;
        let pending = self.inner.pending();
        Some(pending.value(state.reveal())?.then.clone())
    }

    /// Keeps the tokens of a sign-in that was begun without a user.
    ///
    /// # Errors
    /// The store's.
    pub async fn keep(&self, finished: Finished, user: &str) -> Result<(), Fault> {
        let inner = Arc::clone(&self.inner);
        let id = AccountId::new(finished.provider, user);
        self.to_the_end(async move { inner.store(&id, *finished.document).await })
            .await
    }

    /// Gives up the sign-ins of a user at a provider; how many there were. Within
    /// a runtime.
    pub fn cancel(&self, provider: &str, user: Option<&str>) -> usize {
        let count = self.inner.pending().cancel(provider, user);
        if count > 0 {
            self.inner.bump();
            let inner = Arc::clone(&self.inner);
            self.inner.tasks.spawn(async move {
                if let Err(fault) = inner.keep_logins(Vec::new()).await {
                    tracing::warn!(%fault, "a cancelled sign-in could not be forgotten");
                }
            });
        }
        count
    }

    /// Whether a sign-in of this user at this provider is under way.
    pub fn signing_in(&self, provider: &str, user: Option<&str>) -> bool {
        let now = self.inner.clock.now();
        self.inner.pending().under_way(provider, user, now)
    }

    /// A token that is good for use, refreshed before its end. However many
    /// ask, the server is asked once; who stops waiting disturbs nobody.
    ///
    /// # Errors
    /// [`Fault::NeedsSignIn`]: only the user can help, and nothing is asked
    /// until then. [`Fault::Temporary`]: the token is over and the server does
    /// not answer.
    pub async fn bearer(&self, id: &AccountId, provider: &Provider) -> Result<Secret, Fault> {
        let inner = &self.inner;
        let Some(account) = inner.account(id).await? else {
            return Err(signed_out(id));
        };
        for _ in 0..LOOKS {
            let (flight, meanwhile) = {
                let mut live = account.live();
                match live.next(provider, inner.clock.now(), Instant::now()) {
                    Next::Use(token) => return Ok(token),
                    Next::Refuse(fault) => return Err(fault),
                    Next::Refresh { meanwhile } => (
                        inner.refresh(&account, &mut live, provider, false)?,
                        meanwhile,
                    ),
                }
            };
            let Some(token) = meanwhile else {
                landed(flight).await?;
                continue;
            };
            match timeout(PATIENCE, landed(flight)).await {
                Ok(Ok(())) => {}
                Ok(Err(fault @ Fault::NeedsSignIn { .. })) => return Err(fault),
                // It is tried again at the next call; this one need not wait.
                Ok(Err(_)) | Err(_) => return Ok(token),
            }
        }
        Err(unsettled(id))
    }

    /// After a 401 or 403 to `used`: a token to try once more with, or why
    /// there is none. At most one refresh, shared by all; where new tokens are refused
    /// again and again it ends in [`Fault::NeedsSignIn`], not in a loop.
    ///
    /// # Errors
    /// As [`bearer`](Self::bearer); after `insufficient_scope` (RFC 6750,
    /// section 3.1) always [`Why::Scope`], and the next sign-in asks for the
    /// scopes as well.
    pub async fn rejected(
        &self,
        id: &AccountId,
        provider: &Provider,
        used: &Secret,
        www_authenticate: Option<&str>,
    ) -> Result<Secret, Fault> {
        let inner = &self.inner;
        let Some(account) = inner.account(id).await? else {
            return Err(signed_out(id));
        };
        let challenge = www_authenticate
            .and_then(Challenge::bearer)
            .unwrap_or_default();
        if challenge.error.as_deref() == Some("insufficient_scope") {
            let scope = challenge.scope.unwrap_or_default();
            let (keeper, kept, needed) = (Arc::clone(inner), Arc::clone(&account), scope.clone());
            self.to_the_end(async move { keeper.want(&kept, &needed).await })
                .await?;
            return Err(account.needs_sign_in(Why::Scope(scope)));
        }
        for _ in 0..LOOKS {
            let flight = {
                let mut live = account.live();
                let (now, at) = (inner.clock.now(), Instant::now());
                match live.after_refusal(provider, used, now, at) {
                    Next::Use(token) => return Ok(token),
                    Next::Refuse(fault) => {
                        if live.refuse_from_now_on(&fault) {
                            inner.bump();
                        }
                        return Err(fault);
                    }
                    Next::Refresh { .. } => inner.refresh(&account, &mut live, provider, true)?,
                }
            };
            landed(flight).await?;
        }
        Err(unsettled(id))
    }

    /// Where an account stands.
    ///
    /// # Errors
    /// The store's.
    pub async fn state(&self, id: &AccountId) -> Result<AccountState, Fault> {
        let now = self.inner.clock.now();
        Ok(match self.inner.account(id).await? {
            Some(account) => state(&account, now),
            None => AccountState::SignedOut,
        })
    }

    /// Every account that is or was signed in, in order.
    ///
    /// # Errors
    /// The store's.
    pub async fn list(&self) -> Result<Vec<(AccountId, AccountState)>, Fault> {
        self.inner.load().await?;
        let now = self.inner.clock.now();
        let accounts: Vec<Arc<Account>> = self.inner.accounts().values().cloned().collect();
        let mut list: Vec<_> = accounts
            .iter()
            .map(|account| (account.id.clone(), state(account, now)))
            .filter(|(_, state)| *state != AccountState::SignedOut)
            .collect();
        list.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(list)
    }

    /// Forgets the account's tokens, then has the server revoke them. The
    /// provider, if the config still has it, is there for a client's secret.
    ///
    /// # Errors
    /// The store's: then nothing is forgotten.
    pub async fn sign_out(
        &self,
        id: &AccountId,
        provider: Option<&Provider>,
    ) -> Result<Revocation, Fault> {
        self.cancel(&id.provider, Some(&id.user));
        let Some(account) = self.inner.account(id).await? else {
            return Ok(Revocation::None);
        };
        let inner = Arc::clone(&self.inner);
        let document = self
            .to_the_end(async move { inner.forget(&account).await })
            .await?;
        let Some(document) = document else {
            return Ok(Revocation::None);
        };
        tracing::info!(provider = id.provider, user = id.user, "signed out");
        let secret = provider.and_then(Provider::client_secret);
        Ok(match self.inner.revoke(&document, secret).await {
            Ok(true) => Revocation::Done,
            Ok(false) => Revocation::None,
            Err(why) => Revocation::Failed(why),
        })
    }

    /// Rises with every change of an account or a sign-in.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// Begins nothing more, and waits for what is under way (10 s at most): a
    /// rotation that is not stored would cost a sign-in.
    pub async fn close(&self) {
        self.inner.closing.cancel();
        self.inner.tasks.close();
        if timeout(FAREWELL, self.inner.tasks.wait()).await.is_err() {
            tracing::warn!("a refresh was under way for too long and is left");
        }
    }

    /// What is stored and what is used must not part because a caller stopped
    /// waiting in between.
    async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Fault>> + Send + 'static,
    ) -> Result<T, Fault> {
        match self.inner.tasks.spawn(work).await {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // Tasks are aborted only with their runtime.
            Err(_) => std::future::pending().await,
        }
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").finish_non_exhaustive()
    }
}

fn state(account: &Account, now: i64) -> AccountState {
    account
        .live()
        .document
        .as_ref()
        .map_or(AccountState::SignedOut, |document| document.state(now))
}

fn signed_out(id: &AccountId) -> Fault {
    Fault::NeedsSignIn {
        provider: id.provider.clone(),
        why: Why::SignedOut,
    }
}

/// The account changes faster than one can look.
fn unsettled(id: &AccountId) -> Fault {
    Fault::Temporary {
        provider: id.provider.clone(),
        cause: Cause::NotUnderstood,
        retry_after: None,
    }
}
