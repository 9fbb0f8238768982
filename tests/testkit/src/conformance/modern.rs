//! Version 2026-07-28: every request stands alone and says itself what it may expect.

use std::sync::Arc;

use axum::http::HeaderMap;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::caller::{CAPABILITIES, CLAIM, Caller, TASKS, Way, check_level};
use super::message::{Fault, Outbox, Outcome, Stop, UNSUPPORTED_VERSION, answer};
use super::{Fixture, headers, listen, methods, server_info, tasks};

/// The one version of this era.
pub(super) const VERSION: &str = "2026-07-28";

const METHODS: [&str; 13] = [
    "server/discover",
    "subscriptions/listen",
    "tools/list",
    "tools/call",
    "prompts/list",
    "prompts/get",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "completion/complete",
    "tasks/get",
    "tasks/update",
    "tasks/cancel",
];

/// How long a list may be kept.
const FRESH_MS: u32 = 60_000;

/// Whether a request belongs to this era by what it says itself.
pub(super) fn is_claimed(request: &Value) -> bool {
    !request["params"]["_meta"][CLAIM].is_null()
}

/// Refuses what is malformed, in the order that the specification gives the errors.
pub(super) fn admit(request: &Value, headers: Option<&HeaderMap>) -> Result<(), Fault> {
    let meta = &request["params"]["_meta"];
    let Some(claim) = meta[CLAIM].as_str() else {
        return Err(Fault::invalid(format!("_meta lacks {CLAIM}")));
    };
    if !meta[CAPABILITIES].is_object() {
        return Err(Fault::invalid(format!("_meta lacks {CAPABILITIES}")));
    }
    if let Some(headers) = headers {
        headers::check(request, claim, headers)?;
    }
    if claim != VERSION {
        return Err(unsupported(claim));
    }
    check_level(meta)?;
    let method = request["method"].as_str().unwrap_or_default();
    match METHODS.contains(&method) {
        true => Ok(()),
        false => Err(Fault::unknown_method(method)),
    }
}

/// A version that is not spoken here.
pub(super) fn unsupported(requested: &str) -> Fault {
    Fault::new(UNSUPPORTED_VERSION, "this version is not supported")
        .with(json!({ "supported": [VERSION], "requested": requested }))
}

/// Works on a request that was admitted; its answer is the last message in the outbox.
pub(super) fn start(fixture: &Arc<Fixture>, request: Value, outbox: Outbox) -> JoinHandle<()> {
    let fixture = fixture.clone();
    tokio::spawn(async move {
        let id = request["id"].clone();
        let method = request["method"].as_str().unwrap_or_default();
        let params = request["params"].clone();
        let caller = Caller {
            fixture,
            id: id.clone(),
            capabilities: params["_meta"][CAPABILITIES].clone(),
            params,
            outbox: outbox.clone(),
            way: Way::Modern,
        };
        let message = match outcome(&caller, method).await {
            Ok(result) => answer(&id, dressed(method, "complete", result)),
            Err(Stop::Input(result)) => answer(&id, dressed(method, "input_required", result)),
            Err(Stop::Task(result)) => answer(&id, dressed(method, "task", result)),
            Err(Stop::Fault(fault)) => fault.answer(&id),
        };
        // Nobody waits any more: nobody misses it.
        drop(outbox.send(message));
    })
}

async fn outcome(caller: &Caller, method: &str) -> Outcome {
    match method {
        "server/discover" => Ok(discover()),
        "subscriptions/listen" => listen::listen(caller).await,
        "tasks/get" | "tasks/update" | "tasks/cancel" => tasks::call(caller, method),
        _ => methods::call(caller, method).await,
    }
}

fn discover() -> Value {
    json!({
        "supportedVersions": [VERSION],
        "capabilities": {
            "completions": {},
            "extensions": { TASKS: {} },
            "logging": {},
            "prompts": { "listChanged": true },
            "resources": { "subscribe": true },
            "tools": { "listChanged": true },
        },
    })
}

/// What this era adds to a result.
fn dressed(method: &str, kind: &str, mut result: Value) -> Value {
    result["resultType"] = kind.into();
    result["_meta"]["io.modelcontextprotocol/serverInfo"] = server_info();
    let may_be_kept =
        method.ends_with("/list") || matches!(method, "server/discover" | "resources/read");
    if may_be_kept && kind == "complete" {
        result["ttlMs"] = FRESH_MS.into();
        result["cacheScope"] = "public".into();
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, meta: Value) -> Value {
        json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": { "_meta": meta } })
    }

    fn code(request: &Value) -> Option<i64> {
        admit(request, None).err().map(|fault| fault.code)
    }

    #[test]
    fn a_request_says_itself_what_it_is() {
        let whole = json!({ CLAIM: VERSION, CAPABILITIES: {} });
        assert_eq!(code(&request("tools/list", whole.clone())), None);
        assert_eq!(code(&request("ping", whole.clone())), Some(-32601));
        assert_eq!(code(&request("initialize", whole)), Some(-32601));
        let meta = json!({ CLAIM: VERSION });
        assert_eq!(code(&request("tools/list", meta)), Some(-32602));
        let meta = json!({ CAPABILITIES: {} });
        assert_eq!(code(&request("tools/list", meta)), Some(-32602));
        let meta = json!({ CLAIM: "2025-11-25", CAPABILITIES: {} });
        assert_eq!(code(&request("tools/list", meta)), Some(-32022));
    }

    #[test]
    fn only_complete_results_may_be_kept() {
        let list = dressed("tools/list", "complete", json!({ "tools": [] }));
        assert_eq!(list["cacheScope"], "public");
        let round = dressed("resources/read", "input_required", json!({}));
        assert_eq!(round["ttlMs"], Value::Null);
    }
}
