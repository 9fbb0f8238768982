//! Small pieces of raw JSON.

use std::collections::HashMap;

use serde_json::json;
use serde_json::value::RawValue;

use super::script::Tool;

pub(super) fn text(words: &str) -> String {
    format!(
        r#"{{"content":[{{"type":"text","text":{}}}]}}"#,
        json!(words)
    )
}

pub(super) fn definition(tool: &Tool) -> String {
    match &tool.definition {
        Some(raw) => raw.get().to_owned(),
        None => format!(
            r#"{{"name":{},"inputSchema":{{"type":"object"}}}}"#,
            json!(tool.name)
        ),
    }
}

pub(super) fn raws(items: &[Box<RawValue>]) -> Vec<String> {
    items.iter().map(|item| item.get().to_owned()).collect()
}

pub(super) fn raw_member(object: &str, key: &str) -> Option<String> {
    let members: HashMap<String, &RawValue> = serde_json::from_str(object).ok()?;
    members.get(key).map(|raw| raw.get().to_owned())
}

pub(super) fn argument(params: &str, path: &[&str]) -> Option<serde_json::Value> {
    let mut value: serde_json::Value = serde_json::from_str(params).ok()?;
    for key in path {
        value = value.get_mut(key)?.take();
    }
    Some(value)
}

/// The text of a raw JSON string.
pub(super) fn decoded(raw: &str) -> Option<String> {
    serde_json::from_str(raw).ok()
}

/// A raw object with more raw members in front of its own.
pub(super) fn with_first(object: &str, members: &str) -> String {
    match object.trim_start().strip_prefix('{') {
        Some(rest) if rest.trim_start().starts_with('}') => format!("{{{members}{rest}"),
        Some(rest) if !members.is_empty() => format!("{{{members},{rest}"),
        _ => object.to_owned(),
    }
}

/// `{"key":raw,…}` of those that are there.
pub(super) fn object(members: &[(&str, Option<&str>)]) -> String {
    let there: Vec<String> = members
        .iter()
        .filter_map(|(key, raw)| raw.map(|raw| format!("{}:{raw}", json!(key))))
        .collect();
    format!("{{{}}}", there.join(","))
}

/// A raw object whose member `key` has become what `change` makes of it.
pub(super) fn changed(
    object: &str,
    key: &str,
    change: impl FnOnce(&str) -> String,
) -> Option<String> {
    let members: HashMap<String, &RawValue> = serde_json::from_str(object).ok()?;
    let value = members.get(key)?.get();
    // The value is borrowed from the object, so that its address says where it stands.
    let at = value.as_ptr() as usize - object.as_ptr() as usize;
    let (before, rest) = object.split_at(at);
    Some(format!("{before}{}{}", change(value), &rest[value.len()..]))
}
