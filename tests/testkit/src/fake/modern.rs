//! The era in which each request describes itself: what a request has to claim, what is refused,
//! and what every result carries.

use serde_json::{Value, json};

use super::raw::{argument, decoded, object, raw_member, with_first};
use super::script::{Script, Step};

pub(super) const VERSION: &str = "2026-07-28";
pub(super) const TASKS: &str = "io.modelcontextprotocol/tasks";

const CLAIMED_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// Methods of the other era, which are unknown here.
const REMOVED: [&str; 7] = [
    "initialize",
    "ping",
    "logging/setLevel",
    "resources/subscribe",
    "resources/unsubscribe",
    "tasks/list",
    "tasks/result",
];

/// Whose results say for how long they hold.
const CACHEABLE: [&str; 6] = [
    "server/discover",
    "tools/list",
    "prompts/list",
    "resources/list",
    "resources/templates/list",
    "resources/read",
];

/// Whether params carry a claim, however broken.
pub(super) fn has_claim(params: &str) -> bool {
    raw_member(params, "_meta").is_some_and(|meta| raw_member(&meta, CLAIMED_VERSION).is_some())
}

/// The version that a request claims, or the error of one that lacks what it must say.
pub(super) fn claimed(params: &str) -> Result<String, String> {
    let meta = raw_member(params, "_meta").unwrap_or_default();
    let version = raw_member(&meta, CLAIMED_VERSION).and_then(|raw| decoded(&raw));
    let capabilities = raw_member(&meta, CAPABILITIES);
    match version {
        Some(version) if capabilities.is_some_and(|raw| raw.starts_with('{')) => Ok(version),
        _ => Err(error(
            -32602,
            "The request's _meta lacks its version or its client's capabilities",
            None,
        )),
    }
}

/// Whether a request may be performed at all; the error else.
pub(super) fn admit(script: &Script, method: &str, params: &str) -> Result<(), String> {
    if method == "initialize" && !has_claim(params) {
        let requested = argument(params, &["protocolVersion"]).unwrap_or_default();
        return Err(unsupported(script, &requested));
    }
    let version = claimed(params)?;
    if !script.supported.0.contains(&version) {
        return Err(unsupported(script, &json!(version)));
    }
    let declared = capabilities(script);
    let needed = match method.split('/').next().unwrap_or_default() {
        "completion" => "/completions".to_owned(),
        "tasks" => "/extensions/io.modelcontextprotocol~1tasks".to_owned(),
        kind @ ("tools" | "prompts" | "resources") => format!("/{kind}"),
        _ => String::new(),
    };
    match declared.pointer(&needed) {
        Some(_) if !REMOVED.contains(&method) => Ok(()),
        _ => Err(error(-32601, &format!("Method not found: {method}"), None)),
    }
}

/// What the client can do with a request of this kind: whether it has declared an extension in it.
pub(super) fn declares(params: &str, extension: &str) -> bool {
    argument(params, &["_meta", CAPABILITIES, "extensions", extension]).is_some()
}

/// The refusal of a request whose client lacks the tasks extension.
pub(super) fn tasks_needed() -> String {
    let data = json!({"requiredCapabilities": {"extensions": {TASKS: {}}}});
    error(-32021, "This needs a client that knows tasks", Some(&data))
}

pub(super) fn capabilities(script: &Script) -> Value {
    if let Some(raw) = &script.capabilities {
        return serde_json::from_str(raw.get()).unwrap_or_default();
    }
    let mut usual = json!({
        "tools": {"listChanged": true},
        "prompts": {"listChanged": true},
        "resources": {"subscribe": true, "listChanged": true},
        "logging": {},
        "completions": {},
    });
    let starts = |steps: &Vec<Step>| steps.iter().any(|step| matches!(step, Step::TaskStart(_)));
    if script.has_tasks || script.on.values().any(starts) {
        usual["extensions"] = json!({TASKS: {}});
    }
    usual
}

pub(super) fn discovered(script: &Script) -> String {
    let instructions = script
        .instructions
        .as_ref()
        .map(|words| json!(words).to_string());
    let declared = match &script.capabilities {
        Some(raw) => raw.get().to_owned(),
        None => capabilities(script).to_string(),
    };
    object(&[
        (
            "supportedVersions",
            Some(&json!(script.supported.0).to_string()),
        ),
        ("capabilities", Some(&declared)),
        ("instructions", instructions.as_deref()),
    ])
}

/// A result with what every one of this era has; one that names its type is complete as it is.
pub(super) fn dressed(script: &Script, method: &str, result: &str) -> String {
    if raw_member(result, "resultType").is_some() {
        return result.to_owned();
    }
    let mut members = vec![r#""resultType":"complete""#.to_owned()];
    if CACHEABLE.contains(&method) && raw_member(result, "ttlMs").is_none() {
        members.push(format!(
            r#""ttlMs":{},"cacheScope":{}"#,
            script.hints.ttl_ms,
            json!(script.hints.cache_scope)
        ));
    }
    if raw_member(result, "_meta").is_none() {
        let name = script.name.as_deref().unwrap_or("fake");
        let info = json!({SERVER_INFO: {"name": name, "version": "1.0"}});
        members.push(format!(r#""_meta":{info}"#));
    }
    with_first(result, &members.join(","))
}

/// A raw error.
pub(super) fn error(code: i32, message: &str, data: Option<&Value>) -> String {
    let data = data.map(Value::to_string);
    object(&[
        ("code", Some(&code.to_string())),
        ("message", Some(&json!(message).to_string())),
        ("data", data.as_deref()),
    ])
}

fn unsupported(script: &Script, requested: &Value) -> String {
    let data = json!({"supported": script.supported.0, "requested": requested});
    error(-32022, "Unsupported protocol version", Some(&data))
}
