//! The headers of an outgoing request, read in its final bytes: whatever a gateway has rewritten
//! in the body, its headers say the same.

use crate::annotation::ParamHeader;
use crate::envelope::Envelope;
use crate::header_value::{encode, is_plain};
use crate::json::string_text;
use crate::mirrored::{name_of, values_in};
use crate::version::MODERN;

/// The headers that go with a modern message over HTTP (MCP 2026-07-28, "Streamable HTTP / Request
/// Metadata"), names in lower case and values ready to be sent. `annotations` are those of the
/// tool that is called.
///
/// A version or method that no header can carry gets none, as there is no encoding for these
/// two: the server will say that it is missing.
pub fn mirror(
    text: &[u8],
    envelope: &Envelope,
    annotations: &[ParamHeader],
) -> Vec<(String, String)> {
    let mut headers = Vec::with_capacity(3 + annotations.len());
    let mut put = |name: &str, value: String| headers.push((name.to_owned(), value));
    let params = &envelope.params;
    let claimed = params.claimed_version;
    // A notification claims no version, but every POST names one.
    let version = claimed.map_or(Some(MODERN.into()), |claimed| string_text(claimed.of(text)));
    if let Some(version) = version.filter(|version| is_plain(version)) {
        put("mcp-protocol-version", version.into_owned());
    }
    let method = envelope.method(text);
    if !method.is_empty() && is_plain(&method) {
        put("mcp-method", method.clone().into_owned());
    }
    let name = name_of(&method, params).and_then(|name| string_text(name.of(text)));
    if let Some(name) = name {
        put("mcp-name", encode(&name).into_owned());
    }
    if method == "tools/call"
        && let Some(whole) = params.whole
    {
        let found = values_in(annotations, whole.of(text));
        for (header, found) in annotations.iter().zip(found) {
            if let Some(value) = found.text() {
                put(&header.header, encode(&value).into_owned());
            }
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::param_headers;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn sent(message: &Value, schema: &Value) -> Vec<(String, String)> {
        let text = message.to_string();
        let envelope = crate::parse(text.as_bytes(), 64).expect("legal");
        let annotations = param_headers(schema.to_string().as_bytes()).expect("allowed");
        mirror(text.as_bytes(), &envelope, &annotations)
    }

    fn request(method: &str, mut params: Value) -> Value {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "ExampleClient", "version": "1.0.0"},
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    }

    fn check(message: &Value, schema: &Value, wanted: &[(&str, &str)]) {
        let found = sent(message, schema);
        let found: Vec<_> = found
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(found, wanted, "{message}");
    }

    #[test]
    fn the_examples_of_the_specification() {
        let version = ("mcp-protocol-version", "2026-07-28");
        let params = json!({"name": "get_weather", "arguments": {"location": "Seattle, WA"}});
        check(
            &request("tools/call", params),
            &json!({}),
            &[
                version,
                ("mcp-method", "tools/call"),
                ("mcp-name", "get_weather"),
            ],
        );
        let uri = "file:///projects/myapp/config.json";
        check(
            &request("resources/read", json!({"uri": uri})),
            &json!({}),
            &[version, ("mcp-method", "resources/read"), ("mcp-name", uri)],
        );
        let arguments = json!({"region": "us-west1", "query": "SELECT * FROM users"});
        check(
            &request(
                "tools/call",
                json!({"name": "execute_sql", "arguments": arguments}),
            ),
            &json!({"type": "object", "properties": {
                "region": {"type": "string", "x-mcp-header": "Region"},
                "query": {"type": "string"},
            }, "required": ["region", "query"]}),
            &[
                version,
                ("mcp-method", "tools/call"),
                ("mcp-name", "execute_sql"),
                ("mcp-param-region", "us-west1"),
            ],
        );
    }

    #[test]
    fn each_kind_of_argument_is_sent_or_left_out() {
        let names = ["text", "none", "empty", "count", "off", "padded", "gone"];
        let kinds = [
            "string", "boolean", "string", "integer", "boolean", "string", "string",
        ];
        let properties: serde_json::Map<_, _> = names
            .iter()
            .zip(kinds)
            .map(|(name, kind)| {
                (
                    (*name).to_owned(),
                    json!({"type": kind, "x-mcp-header": name}),
                )
            })
            .collect();
        let arguments = json!({"text": "Hello, 世界", "none": null, "empty": "", "count": 42, "off": false, "padded": " padded ", "query": "x"});
        let schema = json!({"properties": properties});
        let found = sent(
            &request("tools/call", json!({"name": "é", "arguments": arguments})),
            &schema,
        );
        let found: Vec<_> = found[2..]
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("mcp-name", "=?base64?w6k=?="),
                ("mcp-param-text", "=?base64?SGVsbG8sIOS4lueVjA==?="),
                ("mcp-param-empty", ""),
                ("mcp-param-count", "42"),
                ("mcp-param-off", "false"),
                ("mcp-param-padded", "=?base64?IHBhZGRlZCA=?="),
            ]
        );
        // Annotations belong to tools alone.
        let prompt = request(
            "prompts/get",
            json!({"name": "n", "arguments": {"text": "x"}}),
        );
        assert_eq!(sent(&prompt, &schema).len(), 3);
    }

    #[test]
    fn what_is_not_there_gets_no_header() {
        let version = ("mcp-protocol-version", "2026-07-28");
        check(
            &request("tasks/get", json!({"taskId": "t 1"})),
            &json!({}),
            &[version, ("mcp-method", "tasks/get"), ("mcp-name", "t 1")],
        );
        check(
            &request("tools/list", json!({"name": "n"})),
            &json!({}),
            &[version, ("mcp-method", "tools/list")],
        );
        check(
            &request("tools/call", json!({"name": 7})),
            &json!({"properties": {"a": {"type": "string", "x-mcp-header": "A"}}}),
            &[version, ("mcp-method", "tools/call")],
        );
        check(
            &json!({"jsonrpc": "2.0", "method": "notifications/x"}),
            &json!({}),
            &[version, ("mcp-method", "notifications/x")],
        );
        let claims = |version: Value| json!({"jsonrpc": "2.0", "id": 1, "method": "a\r\nb", "params": {"_meta": {"io.modelcontextprotocol/protocolVersion": version}}});
        check(&claims(json!("2026\r\nx: y")), &json!({}), &[]);
        check(&claims(json!(7)), &json!({}), &[]);
        check(
            &claims(json!("v999.0.0")),
            &json!({}),
            &[("mcp-protocol-version", "v999.0.0")],
        );
    }

    proptest! {
        /// Nothing in a body can break out of a header.
        #[test]
        fn every_value_can_be_sent(version in any::<String>(), method in any::<String>(), name in any::<String>(), value in any::<String>(), call in any::<bool>()) {
            let method = if call { "tools/call" } else { &method };
            let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {
                "name": name, "arguments": {"a": value}, "_meta": {"io.modelcontextprotocol/protocolVersion": version},
            }});
            let schema = json!({"properties": {"a": {"type": "string", "x-mcp-header": "A"}}});
            for (header, sent) in sent(&message, &schema) {
                prop_assert!(is_plain(&sent), "{}: {}", header, sent);
            }
        }
    }
}
