//! What the methods are that modern requests alone have, and those that they have no more (MCP
//! 2026-07-28, "Key Changes").

use serde_json::{Value, json};
use wire::{Claim, Span, error_code};

use super::{Incoming, Reply, error};
use crate::call::Final;
use crate::core::Core;
use crate::serve::own_result::{self, Keep};
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

/// Whether [`reply`] has to look at it: not at what clients want most of the time.
pub(super) fn may_differ(method: &str) -> bool {
    !matches!(method, "tools/call" | "prompts/get" | "resources/read")
}

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
            // Where a server has not been greeted yet, nobody knows: its lists are empty so far.
            if offered::promised(core, scope, user).has(capability) {
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
    answer_kept(incoming, id, result, Keep::default())
}

/// One that may be kept.
pub(super) fn answer_kept(incoming: &Incoming, id: Span, result: &[u8], keep: Keep) -> Reply {
    let result = own_result::complete(result, keep);
    Reply::Answer(Final::result(id.of(&incoming.text), &result))
}

/// The extension for work that outlasts its request (SEP-2663).
pub(crate) const TASKS: &str = "io.modelcontextprotocol/tasks";

/// Whether a request says that its client knows an extension.
pub(crate) fn declares(incoming: &Incoming, extension: &str) -> bool {
    let text = &incoming.text;
    let claim = Claim::read(text, &incoming.envelope.params);
    let declared = claim.capabilities.map(|span| span.of(text));
    let declared = declared.and_then(|raw| serde_json::from_slice::<Value>(raw).ok());
    declared.is_some_and(|declared| declared["extensions"][extension].is_object())
}

/// The refusal of a request that makes sense only with an extension that it does not declare.
pub(crate) fn undeclared(incoming: &Incoming, id: Span, extension: &str) -> Final {
    let data = json!({ "requiredCapabilities": { "extensions": { extension: {} } } });
    let data = serde_json::value::to_raw_value(&data).ok();
    let code = error_code::MISSING_CAPABILITY;
    let message = format!(
        "Missing required client capability: declare the extension {extension} in the request's clientCapabilities"
    );
    let id = id.of(&incoming.text);
    Final {
        text: wire::error_response(id, code, &message, data.as_deref()).into(),
        code: Some(code.into()),
    }
}
