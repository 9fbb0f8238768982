//! Clients and servers of different eras: nothing is lost between them, and what the one wants to
//! know of the other arrives.

mod crossed;
mod parked;
mod replaced;
mod rounds;
mod sealed;

use serde_json::{Value, json};
use testkit::client::member;
use testkit::{Gateway, McpModern};

/// What a client can be asked, all of it.
const ABLE: &str = r#"{"sampling":{},"elicitation":{"form":{},"url":{}},"roots":{}}"#;

/// A modern client that can be asked everything.
fn modern(gateway: &Gateway) -> McpModern {
    McpModern::new(&gateway.endpoint).with_capabilities(ABLE)
}

fn read(raw: &str) -> Value {
    serde_json::from_str(raw).unwrap_or_else(|error| panic!("{error} in {raw}"))
}

/// A legacy server that asks and tells what it was told.
fn asking(method: &str) -> Value {
    json!({"tools": [
        {"name": "ask", "does": [
            {"ask": {"method": method, "params": {"message": "?", "messages": [], "maxTokens": 1}}},
            "asked",
        ]},
        {"name": "echo"},
    ]})
}

/// The state in a raw result that wants input, as the raw JSON string it is.
fn state_of(result: &str) -> String {
    assert_eq!(
        read(result)["resultType"],
        "input_required",
        "it asks first: {result}"
    );
    member(result, "requestState")
}

/// What a tool has answered with, byte for byte.
fn structured(result: &str) -> String {
    member(result, "structuredContent")
}
