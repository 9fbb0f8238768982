//! Whose a resource is that nobody lists: a tool may hand out links to what its server never
//! lists. Where several servers could have it, they are asked.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use tokio::time::timeout;
use wire::{Span, error_code};

use crate::catalog::ServerIndex;
use crate::core::Core;
use crate::dispatch::Incoming;
use crate::pool::Claimant;
use crate::server::Server;
use crate::upstream::slot::Answer;
use crate::user::User;

/// Whoever has not answered within this time is not the one.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a server says of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// It has it.
    Has,
    /// It does not know it.
    NotFound,
    /// Something else, or nothing.
    Unclear,
}

/// Who decides about a URI that nobody lists, because a server may serve more than it lists: the
/// one of the endpoint, or the only one that has resources.
pub(super) fn decides(
    core: &Core,
    scope: Option<ServerIndex>,
    user: Option<&User>,
) -> Option<ServerIndex> {
    let mut candidates = candidates(core, scope, user).into_iter();
    match (candidates.next(), candidates.next()) {
        (Some(only), None) => Some(only.index()),
        _ => None,
    }
}

/// The same, or else who had it a short time ago.
pub(crate) fn whose(
    core: &Core,
    scope: Option<ServerIndex>,
    user: Option<&User>,
    uri: &str,
) -> Option<ServerIndex> {
    decides(core, scope, user).or_else(|| {
        let servers = candidates(core, scope, user);
        Some(known(core, &servers, user, uri)?.index())
    })
}

/// Who may have more resources than it lists: the server of the endpoint, or those that have
/// resources at all.
fn candidates(core: &Core, scope: Option<ServerIndex>, user: Option<&User>) -> Vec<Arc<Server>> {
    let mut servers = core.in_scope(scope, user);
    servers.retain(|server| {
        let has_resources = || server.hello().is_some_and(|hello| hello.has("resources"));
        server.config.enabled && (scope.is_some() || has_resources())
    });
    servers
}

/// The first server, in the order of the configuration, that has what is at `span`; else the first
/// one that does not deny it.
pub(super) async fn asked(
    core: &Core,
    incoming: &Incoming,
    span: Span,
    uri: &str,
) -> Option<Arc<Server>> {
    if incoming.scope.is_some() {
        return None;
    }
    let user = incoming.user();
    let servers = candidates(core, None, user);
    if let Some(known) = known(core, &servers, user, uri) {
        return Some(known);
    }
    let uri_as_sent = String::from_utf8_lossy(span.of(&incoming.text));
    let params = format!(r#"{{"uri":{uri_as_sent}}}"#);
    let claimant = incoming.claimant();
    let all = servers.iter();
    let mut all: FuturesOrdered<_> = all
        .map(|server| says(Arc::clone(server), claimant, &params))
        .collect();
    let mut unclear = None;
    for server in &servers {
        match all.next().await {
            Some(Says::Has) => {
                core.whereabouts.remember(user, uri, server);
                return Some(Arc::clone(server));
            }
            Some(Says::Unclear) => {
                unclear.get_or_insert(server);
            }
            Some(Says::NotFound) | None => {}
        }
    }
    unclear.cloned()
}

/// The one of these that had it a short time ago.
pub(super) fn known(
    core: &Core,
    servers: &[Arc<Server>],
    user: Option<&User>,
    uri: &str,
) -> Option<Arc<Server>> {
    let known = core.whereabouts.of(user, uri)?;
    let is_one = servers.iter().any(|server| Arc::ptr_eq(server, &known));
    is_one.then_some(known)
}

async fn says(server: Arc<Server>, claimant: Claimant<'_>, params: &str) -> Says {
    let answer = async {
        let lease = server.pool.acquire(claimant).await.ok()?;
        let asked = lease
            .connection()
            .ask_any("resources/read", params, PATIENCE);
        asked.await.ok()
    };
    match timeout(PATIENCE, answer).await {
        Ok(Some(answer)) => heard(&answer),
        Ok(None) | Err(_) => Says::Unclear,
    }
}

fn heard(answer: &Answer) -> Says {
    if !answer.failed {
        return Says::Has;
    }
    let error = answer.body.of(&answer.text);
    let code = wire::members(error).find(|member| member.key.of(error) == b"code");
    let code = code.map(|member| member.value.of(error));
    let denied = [error_code::RESOURCE_NOT_FOUND, error_code::INVALID_PARAMS];
    let is_denied = denied
        .iter()
        .any(|denied| code == Some(denied.to_string().as_bytes()));
    if is_denied {
        Says::NotFound
    } else {
        Says::Unclear
    }
}
