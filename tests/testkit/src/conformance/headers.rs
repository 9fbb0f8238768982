//! The headers of version 2026-07-28, which repeat what the body says.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::message::{Fault, HEADER_MISMATCH};
use super::tools;

/// Refuses headers that are missing, doubled, malformed or at odds with the body.
pub(super) fn check(request: &Value, claim: &str, headers: &HeaderMap) -> Result<(), Fault> {
    let method = request["method"].as_str().unwrap_or_default();
    let params = &request["params"];
    expect(headers, "mcp-protocol-version", Some(claim))?;
    expect(headers, "mcp-method", Some(method))?;
    if let Some(name) = named(method, params) {
        expect(headers, "mcp-name", Some(name))?;
    }
    if method == "tools/call" {
        for (header, property) in tools::headers(params["name"].as_str().unwrap_or_default()) {
            let value = params["arguments"][property].as_str();
            expect(headers, &format!("mcp-param-{header}"), value)?;
        }
    }
    Ok(())
}

/// What `Mcp-Name` repeats.
fn named<'a>(method: &str, params: &'a Value) -> Option<&'a str> {
    let member = match method {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        "tasks/get" | "tasks/update" | "tasks/cancel" => "taskId",
        _ => return None,
    };
    params[member].as_str()
}

fn expect(headers: &HeaderMap, name: &str, value: Option<&str>) -> Result<(), Fault> {
    let mismatch = |why: &str| Fault::new(HEADER_MISMATCH, format!("{name} {why}"));
    let mut found = headers.get_all(name).iter();
    let header = match (found.next(), found.next()) {
        (None, _) if value.is_none() => return Ok(()),
        (None, _) => return Err(mismatch("is missing")),
        (Some(_), Some(_)) => return Err(mismatch("is there twice")),
        (Some(header), None) => header.to_str().map_err(|_| mismatch("is no text"))?,
    };
    let said = decode(header.trim_matches([' ', '\t']));
    match said {
        Some(said) if Some(said.as_str()) == value => Ok(()),
        Some(_) => Err(mismatch("differs from the body")),
        None => Err(mismatch("is encoded wrongly")),
    }
}

/// A value as it was before it was made fit for a header.
fn decode(value: &str) -> Option<String> {
    let encoded = value
        .strip_prefix("=?base64?")
        .and_then(|rest| rest.strip_suffix("?="));
    match encoded {
        None => Some(value.to_owned()),
        Some(encoded) => String::from_utf8(STANDARD.decode(encoded).ok()?).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(name: &str, headers: &[(&'static str, &str)]) -> Result<(), i64> {
        let arguments = json!({ "region": "Hello" });
        let params = json!({ "name": name, "arguments": arguments });
        let request = json!({ "method": "tools/call", "params": params });
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    (*name).parse().expect("a name"),
                    value.parse().expect("a value"),
                )
            })
            .collect();
        check(&request, "2026-07-28", &headers).map_err(|fault| fault.code)
    }

    const GOOD: [(&str, &str); 3] = [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", " test_header_param "),
    ];

    #[test]
    fn headers_repeat_the_body() {
        let with = |value| [&GOOD[..], &[("mcp-param-region", value)]].concat();
        assert_eq!(call("test_header_param", &with("Hello")), Ok(()));
        assert_eq!(
            call("test_header_param", &with("=?base64?SGVsbG8=?=")),
            Ok(())
        );
        for wrong in ["hello", "=?base64?SGVsbG8?=", "=?base64?SGVs!!!bG8=?="] {
            assert_eq!(
                call("test_header_param", &with(wrong)),
                Err(-32020),
                "{wrong}"
            );
        }
        assert_eq!(
            call("test_header_param", &GOOD),
            Err(-32020),
            "no Mcp-Param-Region"
        );
        assert_eq!(call("other", &with("Hello")), Err(-32020), "another name");
        assert_eq!(
            call("test_header_param", &GOOD[..2]),
            Err(-32020),
            "no name"
        );
    }
}
