//! Who makes a request: by the token that it shows, never by what it says of itself.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, header};
use oauth_server::Denied as Refused;

use crate::access::forwarded::{self, Via};
use crate::access::{Denied, bearer};
use crate::core::Core;
use crate::user::{Caller, User};

/// Predecessor A's header for users.
const USER_ID: HeaderName = HeaderName::from_static("x-user-id");
/// Longest name in it.
const LONGEST_NAME: usize = 128;

/// Where a request comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sender {
    /// Whose socket it is.
    pub(super) peer: IpAddr,
    /// It was sent to this machine by name, not to a public address.
    pub(super) is_here: bool,
}

/// Marks a request that somebody on this machine has sent to the gateway itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FromHere;

impl Sender {
    /// Whether somebody on this machine has sent it to the gateway itself, with nobody between.
    pub(super) fn is_from_here(self, core: &Core, headers: &HeaderMap) -> bool {
        let live = core.live();
        let trusted = &live.config.gateway.trusted_proxies;
        self.is_here && forwarded::sender(self.peer, headers, trusted).is_local()
    }
}

/// Finds out who makes a request to `path`.
///
/// # Errors
/// Where the token is no good, or there has to be one.
pub(super) async fn identify(
    core: &Core,
    (path, headers): (&str, &HeaderMap),
    sender: Sender,
) -> Result<Caller, Denied> {
    let authorization = text(headers, header::AUTHORIZATION);
    // Nearly every request on a developer's machine shows nothing and needs nothing.
    let caller = match authorization {
        None => Caller::default(),
        Some(shown) => shown_by(core, shown, path).await?,
    };
    let live = core.live();
    let Sender { peer, is_here } = sender;
    let sender = forwarded::sender(peer, headers, &live.config.gateway.trusted_proxies);
    let named = || text(headers, USER_ID).filter(|name| is_name(name));
    if caller.user().is_some() {
        let account = named().filter(|_| sender.is_local());
        return Ok(match account {
            // Next to a token of the gateway's own it names one of its user's accounts.
            Some(name) if !core.admin_token.is_in(authorization) => caller.under(name),
            _ => caller,
        });
    }
    if is_here && sender.is_local() && !live.guard.require_token {
        return Ok(caller);
    }
    // A proxy that the configuration names has found out itself who it is. On this machine any
    // program could be that proxy.
    if sender.via == Via::TrustedProxy
        && !peer.to_canonical().is_loopback()
        && let Some(name) = named()
    {
        return Ok(Caller::proved(User::new(&format!("proxy:{name}"))));
    }
    if is_open(path) {
        Ok(caller)
    } else {
        Err(Denied::Token)
    }
}

async fn shown_by(core: &Core, authorization: &str, path: &str) -> Result<Caller, Denied> {
    if core.admin_token.is_in(Some(authorization)) {
        return Ok(Caller::proved(User::local()));
    }
    // The OAuth endpoints answer for themselves what they are shown.
    let token = bearer(authorization).filter(|token| is_ours(token) && !is_open(path));
    let Some(token) = token else {
        return Ok(Caller::default());
    };
    match core.oauth.facade.caller(token, path).await {
        Ok(caller) => Ok(Caller::proved(User::new(&caller.user)).until(caller.ended)),
        Err(Refused::Unknown) => Err(Denied::Unknown("")),
        Err(Refused::Expired) => Err(Denied::Unknown(", because it has expired")),
        Err(Refused::WrongAudience) => Err(Denied::Unknown(
            ", because it was given for another endpoint",
        )),
        Err(Refused::Unavailable) => Err(Denied::Unchecked),
    }
}

/// Whether a token has the form of those that this gateway gives out. What else clients
/// send along was never asked for.
fn is_ours(token: &str) -> bool {
    token.starts_with("mcpg_") || token.starts_with("mcpc_")
}

/// Pages, health and the way to a token carry nothing of anybody's; /api always wants its
/// token and checks it itself.
fn is_open(path: &str) -> bool {
    matches!(path, "/health" | "/" | "/ui")
        || ["/ui/", "/api/", "/oauth/", "/.well-known/"]
            .iter()
            .any(|open| path.starts_with(open))
}

fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"@._-+".contains(&byte))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
