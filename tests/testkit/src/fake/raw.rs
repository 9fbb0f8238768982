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
