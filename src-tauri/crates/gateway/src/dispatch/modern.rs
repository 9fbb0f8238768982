//! What the methods are that modern requests alone have, and those that they have no more (MCP
//! 2026-07-28, "Key Changes").

use wire::{Span, error_code};

use super::{Incoming, Reply, error};
use crate::call::Final;
use crate::core::Core;
use crate::serve::{discover, listen, offered};

/// Methods of earlier versions.
const REMOVED: [&str; 10] = [
    "initialize",
    "ping",
    "logging/setLevel",
    "resources/subscribe",
    "resources/unsubscribe",
    "tasks/list",
    "tasks/result",
    "notifications/initialized",
    "notifications/roots/list_changed",
    "notifications/elicitation/complete",
];

/// The reply to a request with one of these methods; `None` for all others, which both eras have.
pub(super) async fn reply(
    core: &Core,
    incoming: &Incoming,
    id: Span,
    method: &str,
) -> Option<Reply> {
    match method {
        "server/discover" => {
            let result = discover::result(core, incoming).await;
            let id = id.of(&incoming.text);
            Some(Reply::Answer(Final::result(id, result.as_bytes())))
        }
        "subscriptions/listen" if incoming.streams => {
            Some(match listen::open(core, incoming, id).await {
                Ok(subscription) => Reply::Listen(Box::new(subscription)),
                Err(refusal) => Reply::Answer(refusal),
            })
        }
        "subscriptions/listen" => {
            let message = "a subscription is an event stream: send Accept: application/json, text/event-stream";
            Some(error(incoming, id, error_code::INVALID_REQUEST, message))
        }
        _ if REMOVED.contains(&method) => {
            let message = format!(
                "Method not found: {method} does not exist in MCP {}, which this request is made in",
                wire::MODERN
            );
            Some(error(incoming, id, error_code::METHOD_NOT_FOUND, &message))
        }
        _ => {
            let capability = needed(method)?;
            let (scope, user) = (incoming.scope, incoming.caller.user());
            core.settled(scope, user).await;
            if offered::of(core, scope, user).has(capability) {
                return None;
            }
            let message = format!(
                "Method not found: {method}. No server behind this endpoint has the capability `{capability}`; server/discover tells which there are"
            );
            Some(error(incoming, id, error_code::METHOD_NOT_FOUND, &message))
        }
    }
}

/// The capability without which a method does not exist.
fn needed(method: &str) -> Option<&'static str> {
    match method {
        "tools/list" => Some("tools"),
        "prompts/list" => Some("prompts"),
        "resources/list" | "resources/templates/list" => Some("resources"),
        "completion/complete" => Some("completions"),
        _ => None,
    }
}

/// A result of the gateway's own.
pub(super) fn answer(incoming: &Incoming, id: Span, result: &[u8]) -> Reply {
    let result = crate::serve::own_result::complete(result, Default::default());
    Reply::Answer(Final::result(id.of(&incoming.text), &result))
}
