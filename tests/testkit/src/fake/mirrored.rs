//! The headers that repeat what a modern request's body says (MCP 2026-07-28, "Streamable HTTP /
//! Request Metadata"), compared with that body.

use axum::http::HeaderMap;
use serde_json::{Map, Value, json};

use super::raw::argument;
use crate::header_text;

const PARAM: &str = "mcp-param-";

/// The request that the headers belong to.
pub(super) struct Body<'a> {
    pub(super) claimed: &'a str,
    pub(super) method: &'a str,
    /// Raw.
    pub(super) params: &'a str,
    /// Raw, of the tool that is called.
    pub(super) definition: Option<&'a str>,
}

/// What the headers say, for the journal; or in which of them they are wrong.
pub(super) fn check(headers: &HeaderMap, body: &Body<'_>) -> Result<Value, String> {
    let version = only(headers, "mcp-protocol-version")?;
    same(
        "MCP-Protocol-Version",
        version.as_deref(),
        Some(body.claimed),
    )?;
    let method = only(headers, "mcp-method")?;
    same("Mcp-Method", method.as_deref(), Some(body.method))?;
    let name = text(headers, "mcp-name")?;
    let key = match body.method {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        "tasks/get" | "tasks/update" | "tasks/cancel" => "taskId",
        _ => "",
    };
    if !key.is_empty() {
        let named = argument(body.params, &[key]);
        let named = named.as_ref().and_then(Value::as_str);
        same("Mcp-Name", name.as_deref(), named)?;
    }
    let params = params(headers, body)?;
    Ok(json!({"version": version, "method": method, "name": name, "params": params}))
}

/// All `Mcp-Param-*` headers, by what follows in their names; those that the tool declares are compared.
fn params(headers: &HeaderMap, body: &Body<'_>) -> Result<Map<String, Value>, String> {
    let mut declared = Vec::new();
    if let Some(schema) = body
        .definition
        .and_then(|raw| argument(raw, &["inputSchema"]))
    {
        annotated(&schema, &mut Vec::new(), &mut declared);
    }
    for (name, path) in &declared {
        let sent = text(headers, &format!("{PARAM}{name}"))?;
        let mut value = argument(body.params, &["arguments"]).unwrap_or_default();
        for key in path {
            value = value.get_mut(key).map(Value::take).unwrap_or_default();
        }
        let expected = match &value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        let number = |text: &Option<String>| text.as_ref()?.parse::<f64>().ok();
        if value.is_number() && number(&sent).is_some() && number(&sent) == number(&expected) {
            continue;
        }
        same(
            &format!("Mcp-Param-{name}"),
            sent.as_deref(),
            expected.as_deref(),
        )?;
    }
    let mut all = Map::new();
    for name in headers.keys().map(|name| name.as_str()) {
        if let Some(param) = name.strip_prefix(PARAM) {
            all.insert(param.to_owned(), json!(text(headers, name)?));
        }
    }
    Ok(all)
}

/// The annotations of a schema: header names in lower case, and where the value stands.
fn annotated(schema: &Value, path: &mut Vec<String>, into: &mut Vec<(String, Vec<String>)>) {
    let properties = schema.get("properties").and_then(Value::as_object);
    for (key, property) in properties.into_iter().flatten() {
        path.push(key.clone());
        if let Some(name) = property.get("x-mcp-header").and_then(Value::as_str) {
            into.push((name.to_ascii_lowercase(), path.clone()));
        }
        annotated(property, path, into);
        path.pop();
    }
}

/// The decoded value of a header that may be there once.
fn text(headers: &HeaderMap, name: &str) -> Result<Option<String>, String> {
    only(headers, name)?
        .map(|value| header_text::decode(&value).ok_or(format!("{name} cannot be decoded")))
        .transpose()
}

fn only(headers: &HeaderMap, name: &str) -> Result<Option<String>, String> {
    let mut values = headers.get_all(name).iter();
    let value = values
        .next()
        .map(|value| value.to_str().map(|text| text.trim().to_owned()));
    if values.next().is_some() {
        return Err(format!("{name} is there twice"));
    }
    value
        .transpose()
        .map_err(|error| format!("{name} is not readable: {error}"))
}

fn same(name: &str, sent: Option<&str>, expected: Option<&str>) -> Result<(), String> {
    if sent == expected {
        return Ok(());
    }
    Err(format!("{name} is {sent:?}, the body says {expected:?}"))
}
