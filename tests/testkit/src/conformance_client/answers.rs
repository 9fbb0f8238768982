//! What the client answers to questions: it agrees to everything. Pure.

use serde_json::{Map, Value, json};

/// The result of a request of the server's.
pub(super) fn to(method: &str, params: &Value) -> Value {
    match method {
        "elicitation/create" => {
            let properties = params["requestedSchema"]["properties"].as_object();
            json!({ "action": "accept", "content": properties.map_or_else(Map::new, filled) })
        }
        "sampling/createMessage" => json!({
            "role": "assistant",
            "content": { "type": "text", "text": "as you say" },
            "model": "none",
            "stopReason": "endTurn",
        }),
        "roots/list" => json!({ "roots": [{ "uri": "file:///workspace", "name": "workspace" }] }),
        _ => json!({}),
    }
}

/// A value for every property of a schema.
pub(super) fn filled(properties: &Map<String, Value>) -> Map<String, Value> {
    let mut next = 2;
    let filled = properties.iter().map(|(name, schema)| {
        let value = value(schema, next);
        next += 1;
        (name.clone(), value)
    });
    filled.collect()
}

/// The schema's default, else the first of its words, else `number` as its type wants it.
fn value(schema: &Value, number: u32) -> Value {
    if let Some(default) = schema.get("default") {
        return default.clone();
    }
    if let Some(word) = schema["enum"].get(0) {
        return word.clone();
    }
    match schema["type"].as_str() {
        Some("integer" | "number") => number.into(),
        Some("boolean") => true.into(),
        Some("array") => json!([]),
        Some("object") => match schema["properties"].as_object() {
            Some(inner) => filled(inner).into(),
            None => json!({}),
        },
        Some("null") => Value::Null,
        _ => format!("word {number}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_answered_with_its_own_defaults() {
        let asked = json!({ "requestedSchema": { "properties": {
            "name": { "type": "string", "default": "John Doe" },
            "kind": { "type": "string", "enum": ["a", "b"] },
            "sure": { "type": "boolean" },
        } } });
        let answer = to("elicitation/create", &asked);
        let content = json!({ "name": "John Doe", "kind": "a", "sure": true });
        assert_eq!(answer, json!({ "action": "accept", "content": content }));
    }

    #[test]
    fn arguments_are_of_the_types_that_a_schema_names() {
        let schema = json!({
            "a": { "type": "number" },
            "b": { "type": "object", "properties": { "c": { "type": "integer" } } },
        });
        let arguments = filled(schema.as_object().expect("an object"));
        assert_eq!(Value::from(arguments), json!({ "a": 2, "b": { "c": 2 } }));
    }
}
