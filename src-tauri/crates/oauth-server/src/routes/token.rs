//! Codes and refresh tokens become access tokens (RFC 6749, sections 4.1.3 and 6).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use url::form_urlencoded;

use super::{Site, answer, error, is_form, unavailable, unwritten};
use crate::code::{NoTokens, Shown};
use crate::digest::{self, Digest};
use crate::facade::{ACCESS, REFRESH};
use crate::grant::{ACCESS_LIFE, Grant, NoRefresh, Pair};
use crate::params::{Params, Repeated};
use crate::resource::Audience;
use crate::store::{Op, Shut, State as Kept};

/// Most grants that one user has given one client; the one unused for longest goes.
const MOST_OF_ONE: usize = 20;

/// Why no tokens are given.
struct No {
    error: &'static str,
    why: String,
}

/// New tokens as they are given away.
struct Fresh {
    access: String,
    refresh: String,
}

pub(super) async fn token(State(site): State<Site>, parts: Parts, body: Bytes) -> Response {
    let given = match exchange(&site, &parts, &body).await {
        Ok(given) => given,
        Err(Shut) => return unavailable(),
    };
    match given {
        Ok((fresh, scope)) => answer(
            StatusCode::OK,
            &json!({
                "access_token": fresh.access,
                "token_type": "Bearer",
                "expires_in": ACCESS_LIFE,
                "refresh_token": fresh.refresh,
                "scope": scope,
            }),
        ),
        Err(no) => error(no.error, &no.why),
    }
}

type Given = Result<(Fresh, String), No>;

async fn exchange(site: &Site, parts: &Parts, body: &[u8]) -> Result<Given, Shut> {
    let params = Params::parse(body);
    let asked = match Asked::read(site, parts, &params) {
        Ok(asked) => asked,
        Err(no) => return Ok(Err(no)),
    };
    match asked.what {
        What::Code {
            code,
            redirect_uri,
            verifier,
            client_id,
        } => {
            by_code(
                site,
                code,
                redirect_uri,
                verifier,
                client_id,
                asked.audience,
            )
            .await
        }
        What::Refresh { token } => by_refresh(site, token, asked.client_id, asked.audience).await,
    }
}

/// A request in order.
struct Asked {
    what: What,
    client_id: Option<String>,
    audience: Option<Audience>,
}

enum What {
    Code {
        code: Digest,
        redirect_uri: String,
        verifier: String,
        client_id: String,
    },
    Refresh {
        token: Digest,
    },
}

impl Asked {
    fn read(site: &Site, parts: &Parts, params: &Params) -> Result<Self, No> {
        if !is_form(&parts.headers) {
            return Err(No::invalid(
                "the request must be application/x-www-form-urlencoded",
            ));
        }
        let one = |name| params.one(name).map_err(No::from);
        let needed = |name: &'static str| {
            one(name)?.ok_or_else(|| No::invalid(&format!("{name} is missing")))
        };
        let client_id = client_id(parts, one("client_id")?)?;
        let audience = match one("resource")? {
            None => None,
            Some(resource) => {
                let base = site.host.base(parts);
                let endpoint = |path: &str| site.host.endpoint(path);
                let audience = Audience::requested(&base, Some(resource), endpoint);
                Some(audience.ok_or_else(|| {
                    No::new(
                        "invalid_target",
                        "resource is not an endpoint of this gateway",
                    )
                })?)
            }
        };
        let what = match needed("grant_type")? {
            "authorization_code" => What::Code {
                code: Digest::of(needed("code")?),
                redirect_uri: needed("redirect_uri")?.to_owned(),
                verifier: needed("code_verifier")?.to_owned(),
                client_id: client_id
                    .clone()
                    .ok_or_else(|| No::invalid("client_id is missing"))?,
            },
            "refresh_token" => What::Refresh {
                token: Digest::of(needed("refresh_token")?),
            },
            _ => {
                return Err(No::new(
                    "unsupported_grant_type",
                    "grant_type must be authorization_code or refresh_token",
                ));
            }
        };
        Ok(Self {
            what,
            client_id,
            audience,
        })
    }
}

/// Who the client says it is. Some clients insist on HTTP Basic; their secret is not
/// looked at, because every client here is a public one.
fn client_id(parts: &Parts, in_body: Option<&str>) -> Result<Option<String>, No> {
    let basic = parts
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .map(|(_, encoded)| {
            let decoded = STANDARD.decode(encoded.trim()).ok()?;
            let colon = decoded.iter().position(|byte| *byte == b':')?;
            form_urlencoded::parse(&decoded[..colon])
                .next()
                .map(|(id, _)| id.into_owned())
        });
    match (basic, in_body) {
        (None, in_body) => Ok(in_body.map(str::to_owned)),
        (Some(Some(id)), None) => Ok(Some(id)),
        (Some(Some(id)), Some(in_body)) if id == in_body => Ok(Some(id)),
        (Some(_), _) => Err(No::invalid("the client names itself in two different ways")),
    }
}

async fn by_code(
    site: &Site,
    digest: Digest,
    redirect_uri: String,
    verifier: String,
    client_id: String,
    audience: Option<Audience>,
) -> Result<Given, Shut> {
    // A code that is known came of a person's consent; a made-up one opens nothing.
    if !site.inner.codes().holds(digest) {
        site.inner.store.at_hand().await?;
    }
    let inner = Arc::clone(&site.inner);
    let given = site
        .inner
        .store
        .change(move |state, now| {
            // Taken while no other change runs: whoever comes second with the same code
            // finds the grant that the first one got.
            let taken = inner.codes().take(digest);
            let Some(code) = taken else {
                return match state.by_code(digest) {
                    Some(grant) => {
                        warn_of_theft(grant, "a code was used twice");
                        let drop = vec![Op::DropGrant(grant.id.clone())];
                        (
                            drop,
                            Err(No::grant(
                                "the code was used before; its tokens are revoked",
                            )),
                        )
                    }
                    None => (
                        Vec::new(),
                        Err(No::grant("the code is not known, or it has expired")),
                    ),
                };
            };
            let shown = Shown {
                client_id: &client_id,
                redirect_uri: &redirect_uri,
                verifier: &verifier,
                audience: audience.as_ref(),
            };
            if let Err(no) = code.check(shown, now) {
                return (Vec::new(), Err(no.into()));
            }
            let fresh = Fresh::new();
            let mut grant = Grant {
                id: digest::name(),
                user: code.user,
                client_id: code.client_id,
                client_name: code.client_name,
                resource: code.audience.path().is_some().then_some(code.resource),
                audience: code.audience,
                scope: code.scope,
                created: now,
                last_used: None,
                access: Vec::new(),
                refresh: None,
                code: Some(digest),
            };
            grant.open(fresh.pair(), now);
            let mut ops = surplus(state, &grant);
            if let Some(client) = state.clients.get(&grant.client_id) {
                let mut client = client.clone();
                client.last_granted = Some(now);
                ops.push(Op::PutClient(client));
            }
            let scope = grant.scope.clone();
            ops.push(Op::PutGrant(Box::new(grant)));
            (ops, Ok((fresh, scope)))
        })
        .await;
    site.inner.ring();
    given.map_err(unwritten)
}

async fn by_refresh(
    site: &Site,
    used: Digest,
    client_id: Option<String>,
    audience: Option<Audience>,
) -> Result<Given, Shut> {
    let inner = Arc::clone(&site.inner);
    site.inner
        .store
        .change_at_hand(move |state, now| {
            let Some(grant) = state.by_refresh(used) else {
                let why = "the refresh token is not known, or it was revoked; sign in again";
                return (Vec::new(), Err(No::grant(why)));
            };
            if client_id.is_some_and(|id| id != grant.client_id) {
                let why = "the refresh token was issued to another client";
                return (Vec::new(), Err(No::grant(why)));
            }
            if audience.is_some_and(|audience| audience != grant.audience) {
                let why = "resource is not the one that was authorized";
                return (Vec::new(), Err(No::new("invalid_target", why)));
            }
            let fresh = Fresh::new();
            let mut next = grant.clone();
            match next.rotate(used, fresh.pair(), now) {
                Ok(()) => {
                    let scope = next.scope.clone();
                    (vec![Op::PutGrant(Box::new(next))], Ok((fresh, scope)))
                }
                Err(NoRefresh::Reused) => {
                    warn_of_theft(grant, "a refresh token was used twice");
                    inner.ring();
                    let why = "the refresh token was used before; all tokens of this sign-in are revoked, sign in again";
                    (vec![Op::DropGrant(grant.id.clone())], Err(No::grant(why)))
                }
                Err(NoRefresh::Expired | NoRefresh::Unknown) => {
                    let why = "the refresh token has expired; sign in again";
                    (Vec::new(), Err(No::grant(why)))
                }
            }
        })
        .await
}

/// The grants that make way for one more of the same user and client.
fn surplus(state: &Kept, new: &Grant) -> Vec<Op> {
    let mut others: Vec<(u64, &str)> = state
        .grants()
        .filter(|(grant, _)| grant.user == new.user && grant.client_id == new.client_id)
        .map(|(grant, used)| (used.unwrap_or(grant.created), grant.id.as_str()))
        .collect();
    others.sort_unstable();
    let surplus = (others.len() + 1).saturating_sub(MOST_OF_ONE);
    others[..surplus]
        .iter()
        .map(|(_, id)| Op::DropGrant((*id).to_owned()))
        .collect()
}

fn warn_of_theft(grant: &Grant, what: &str) {
    tracing::warn!(
        grant = %grant.id,
        user = %grant.user,
        client = %grant.client_name,
        "{what}: somebody may have a copy; the client has to sign in again"
    );
}

// === impl Fresh ===

impl Fresh {
    fn new() -> Self {
        Self {
            access: digest::fresh(ACCESS),
            refresh: digest::fresh(REFRESH),
        }
    }

    fn pair(&self) -> Pair {
        Pair {
            access: Digest::of(&self.access),
            refresh: Digest::of(&self.refresh),
        }
    }
}

// === impl No ===

impl No {
    fn new(error: &'static str, why: &str) -> Self {
        Self {
            error,
            why: why.to_owned(),
        }
    }

    fn invalid(why: &str) -> Self {
        Self::new("invalid_request", why)
    }

    fn grant(why: &str) -> Self {
        Self::new("invalid_grant", why)
    }
}

impl From<Repeated> for No {
    fn from(Repeated(name): Repeated) -> Self {
        Self::invalid(&format!("{name} was sent more than once"))
    }
}

impl From<NoTokens> for No {
    fn from(no: NoTokens) -> Self {
        match no {
            NoTokens::Resource => Self::new("invalid_target", no.why()),
            _ => Self::grant(no.why()),
        }
    }
}
