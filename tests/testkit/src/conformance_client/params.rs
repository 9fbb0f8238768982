//! Arguments that a tool wants to see in headers, too (MCP 2026-07-28, `x-mcp-header`). Pure.

use serde_json::Value;

use crate::header_text;

/// The headers of a call of a tool: name and value.
pub(super) fn headers(schema: &Value, arguments: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let properties = schema["properties"].as_object();
    for (name, inner) in properties.into_iter().flatten() {
        let argument = &arguments[name];
        if let Some(header) = inner["x-mcp-header"].as_str()
            && let Some(text) = text(argument)
        {
            let value = header_text::encode(&text);
            found.push((format!("mcp-param-{}", header.to_lowercase()), value));
        }
        found.extend(headers(inner, argument));
    }
    found
}

/// What a header says of an argument; nothing of one that is not there.
fn text(argument: &Value) -> Option<String> {
    match argument {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_marked_and_given_is_said_in_a_header() {
        let schema = json!({ "properties": {
            "region": { "type": "string", "x-mcp-header": "Region" },
            "count": { "type": "integer", "x-mcp-header": "Count" },
            "quiet": { "type": "boolean", "x-mcp-header": "Quiet" },
            "deep": { "properties": { "x": { "type": "string", "x-mcp-header": "X" } } },
            "plain": { "type": "string" },
        } });
        let arguments = json!({
            "region": " a", "count": 42, "quiet": null, "deep": { "x": "é" }, "plain": "p",
        });
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut found = headers(&schema, &arguments);
        found.sort();
        assert_eq!(
            found,
            [
                pair("mcp-param-count", "42"),
                pair("mcp-param-region", "=?base64?IGE=?="),
                pair("mcp-param-x", "=?base64?w6k=?="),
            ]
        );
    }
}
