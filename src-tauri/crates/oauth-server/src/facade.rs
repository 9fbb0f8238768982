//! The front door: what the gateway calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use vault::{Fault, Secret, Vault};

use crate::clock::Clock;
use crate::code::Codes;
use crate::denied::Denied;
use crate::description::Descriptions;
use crate::digest::{self, Digest};
use crate::grant;
use crate::host::Host;
use crate::listing::{Approval, Grant, Issued};
use crate::metadata;
use crate::pages::{self, Link};
use crate::pending::{Pending, Person};
use crate::resource::Audience;
use crate::routes;
use crate::store::{Op, Shut, Store};
use crate::words::{Language, Words};

/// Tokens that clients get through the browser.
pub(crate) const ACCESS: &str = "mcpg_";
/// Tokens that renew them.
pub(crate) const REFRESH: &str = "mcpr_";
/// Tokens that are made for a client by hand.
const STATIC: &str = "mcpc_";

/// The authorization server of the gateway. Clones are the same server.
#[derive(Clone)]
pub struct Facade(Arc<Inner>);

/// Who calls with a token.
#[derive(Debug, Clone)]
pub struct Caller {
    /// For whom.
    pub user: String,
    /// The client's id.
    pub client: String,
    /// The grant that allows it.
    pub grant: String,
    /// Cancelled when that grant ends: nothing more may be sent to its client.
    pub ended: CancellationToken,
}

pub(crate) struct Inner {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Clock,
    pub(crate) descriptions: Descriptions,
    pending: Mutex<Pending>,
    codes: Mutex<Codes>,
    bell: watch::Sender<u64>,
}

// === impl Facade ===

impl Facade {
    /// A facade that keeps what it must in the vault. Nothing is read before it is needed.
    pub fn new(vault: Vault, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            store: Arc::new(Store::new(vault, clock.clone())),
            clock,
            descriptions: Descriptions::new(),
            pending: Mutex::default(),
            codes: Mutex::default(),
            bell: watch::Sender::new(0),
        }))
    }

    /// Its routes: `/.well-known/oauth-…` and `/oauth/…`, except `/oauth/callback`.
    pub fn routes(&self, host: Arc<dyn Host>) -> Router {
        routes::router(Arc::clone(&self.0), host)
    }

    /// Reads what is kept into memory. For whoever runs the gateway to cause, at its start
    /// and when the owner comes: it may ask for the key of the vault.
    pub async fn open(&self) -> Result<(), Fault> {
        self.0.store.open().await
    }

    /// Why what is kept could not be read the last time: then nobody's token is known.
    pub fn fault(&self) -> Option<Fault> {
        self.0.store.fault()
    }

    /// Who calls with this token at `resource`, a path such as `/ecs/mcp` or its URL. Looks
    /// into memory alone and asks nobody for a key, because anybody can call; it waits for
    /// the [first look](Self::open) at most.
    pub async fn caller(&self, bearer: &str, resource: &str) -> Result<Caller, Denied> {
        let inner = &self.0;
        let at_hand = inner.store.at_hand().await;
        at_hand.map_err(|Shut| Denied::Unavailable)?;
        let entry = inner
            .store
            .live
            .get(Digest::of(bearer))
            .ok_or(Denied::Unknown)?;
        let now = inner.clock.now();
        if entry.expires_at.is_some_and(|end| end <= now) {
            return Err(Denied::Expired);
        }
        if !entry.of.audience.admits(resource) {
            return Err(Denied::WrongAudience);
        }
        entry.of.touch(now);
        Ok(Caller {
            user: entry.of.user.clone(),
            client: entry.of.client_id.clone(),
            grant: entry.of.grant.clone(),
            ended: entry.of.ended.clone(),
        })
    }

    /// The `WWW-Authenticate` header of a 401 or 403 at an endpoint. `error` is a code
    /// such as `invalid_token` ([`Denied::code`]) or `insufficient_scope`.
    pub fn challenge(&self, base: &str, path: &str, error: Option<&str>) -> HeaderValue {
        HeaderValue::from_str(&metadata::challenge(base, path, error))
            .unwrap_or(HeaderValue::from_static("Bearer"))
    }

    /// A token for a client that is configured by hand: good for every endpoint until
    /// it is revoked.
    pub async fn issue(&self, user: &str, label: &str) -> Result<Issued, Fault> {
        let token = digest::fresh(STATIC);
        let id = digest::name();
        let issued = Issued {
            id: id.clone(),
            token: Secret::new(token.clone()),
        };
        let access = grant::Access {
            digest: Digest::of(&token),
            expires_at: None,
        };
        let (user, label) = (user.to_owned(), label.to_owned());
        self.0
            .store
            .change(move |_, now| {
                let grant = grant::Grant {
                    id,
                    user,
                    client_id: label.clone(),
                    client_name: label,
                    audience: Audience::Everything,
                    resource: None,
                    scope: crate::authorize::SCOPE.to_owned(),
                    created: now,
                    last_used: None,
                    access: vec![access],
                    refresh: None,
                    code: None,
                };
                (vec![Op::PutGrant(Box::new(grant))], ())
            })
            .await?;
        self.0.ring();
        Ok(issued)
    }

    /// Tells that the sign-in begun for `then` is done, and who the person is. The answer
    /// goes to the browser that brought the news.
    pub fn signed_in(
        &self,
        headers: &HeaderMap,
        then: &str,
        user: &str,
        shown_name: &str,
    ) -> Response {
        let person = Person {
            user: user.to_owned(),
            name: shown_name.to_owned(),
        };
        let now = self.0.clock.now();
        match self.0.pending().signed_in(then, person, now) {
            Some((base, ticket)) => {
                routes::see_other(&format!("{base}/oauth/wait/{then}?ticket={ticket}"))
            }
            None => routes::ended(Language::of(headers)),
        }
    }

    /// Tells that the sign-in begun for `then` came to nothing; the person is told why
    /// and may try again.
    pub fn sign_in_failed(&self, headers: &HeaderMap, then: &str, why: &Words) -> Response {
        let now = self.0.clock.now();
        let base = self.0.pending().base_of(then, now);
        let link = base.map(|base| Link {
            text: Words::new("Back", "返回"),
            href: format!("{base}/oauth/wait/{then}"),
        });
        pages::notice(
            Language::of(headers),
            StatusCode::BAD_REQUEST,
            &Words::new("You are not signed in", "登录未完成"),
            why,
            link.as_ref(),
        )
        .into_response()
    }

    /// Who waits for the owner's word, the oldest first.
    pub fn approvals(&self) -> Vec<Approval> {
        self.0.pending().approvals(self.0.clock.now())
    }

    /// Allows what waits; `false` if it does not wait any more.
    pub fn approve(&self, id: &str) -> bool {
        self.answer(id, true)
    }

    /// Refuses what waits; `false` if it does not wait any more.
    pub fn deny(&self, id: &str) -> bool {
        self.answer(id, false)
    }

    /// Who has access, the oldest first.
    pub async fn grants(&self) -> Result<Vec<Grant>, Fault> {
        let now = self.0.clock.now();
        let state = self.0.store.read().await?;
        let mut grants: Vec<Grant> = state
            .grants()
            .filter(|(grant, _)| !grant.is_over(now))
            .map(|(grant, last_used)| Grant {
                id: grant.id.clone(),
                user: grant.user.clone(),
                client_name: grant.client_name.clone(),
                client_id: grant.client_id.clone(),
                resource: grant.resource.clone(),
                created: grant.created,
                last_used,
                expires_at: grant.expires_at(),
            })
            .collect();
        grants.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(grants)
    }

    /// Ends a grant and all its tokens at once; `false` if there is none of this id.
    pub async fn revoke(&self, id: &str) -> Result<bool, Fault> {
        self.0.revoke(id.to_owned()).await
    }

    /// Ends everything that a user allowed, and what is remembered of the user's
    /// browsers. Says how many grants there were.
    pub async fn revoke_user(&self, user: &str) -> Result<usize, Fault> {
        self.0.pending().forget_user(user);
        self.0.codes().forget_user(user);
        let user = user.to_owned();
        let count = self
            .0
            .store
            .change(move |state, _| {
                let mut ops: Vec<Op> = state
                    .grants()
                    .filter(|(grant, _)| grant.user == user)
                    .map(|(grant, _)| Op::DropGrant(grant.id.clone()))
                    .collect();
                let count = ops.len();
                let browsers = state
                    .browsers
                    .iter()
                    .filter(|(_, known)| known.user == user);
                ops.extend(browsers.map(|(digest, _)| Op::DropBrowser(*digest)));
                (ops, count)
            })
            .await?;
        self.0.ring();
        Ok(count)
    }

    /// Changes whenever approvals or grants do.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.0.bell.subscribe()
    }

    /// Writes down when grants were last used. To be called before the vault is closed.
    pub async fn close(&self) -> Result<(), Fault> {
        self.0.store.note_uses().await
    }

    fn answer(&self, id: &str, allowed: bool) -> bool {
        let answered = self.0.pending().answer(id, allowed, self.0.clock.now());
        if answered {
            self.0.ring();
        }
        answered
    }
}

impl std::fmt::Debug for Facade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Facade")
    }
}

// === impl Caller ===

impl PartialEq for Caller {
    fn eq(&self, other: &Self) -> bool {
        (&self.user, &self.client, &self.grant) == (&other.user, &other.client, &other.grant)
    }
}

impl Eq for Caller {}

// === impl Inner ===

impl Inner {
    pub(crate) fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn codes(&self) -> MutexGuard<'_, Codes> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn ring(&self) {
        self.bell.send_modify(|count| *count += 1);
    }

    pub(crate) async fn revoke(&self, id: String) -> Result<bool, Fault> {
        let known = self
            .store
            .change(move |state, _| match state.grant(&id) {
                Some(_) => (vec![Op::DropGrant(id)], true),
                None => (Vec::new(), false),
            })
            .await?;
        if known {
            self.ring();
        }
        Ok(known)
    }
}
