//! The modern era over HTTP: headers, statuses, and leaving as cancelling.

use serde_json::json;
use testkit::wait::until_true;
use testkit::{McpHttp, McpModern};
use wire::meta;

use crate::{modern, refusal, setup};

/// A tool with parameters that are repeated in headers.
fn script() -> serde_json::Value {
    json!({"era": "modern", "tools": [
        {"name": "wo rld é", "definition": {"name": "wo rld é", "inputSchema": {"type": "object", "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "deep": {"type": "object", "properties": {"n": {"type": "integer", "x-mcp-header": "N"}}},
        }}}},
        {"name": "hang", "does": ["hang"]},
        {"name": "half", "does": [{"progress": 1}, "hang"]},
    ]})
}

const NAME: &str = "wo rld é";
const ARGUMENTS: &str = r#"{"region":"us é","deep":{"n":42}}"#;

#[tokio::test]
async fn headers_that_agree_are_written_down() {
    let setup = setup();
    let (fake, client) = modern(&setup, &script());
    let client = client
        .with("mcp-param-region", "=?base64?dXMgw6k=?=")
        .with("mcp-param-n", "42.0")
        .with("Mcp-Param-Else", "x");
    assert_eq!(client.tool(NAME, ARGUMENTS).await.status, 200);

    let said = fake.journal().mirrored_of("tools/call");
    let params = json!({"region": "us é", "n": "42.0", "else": "x"});
    assert_eq!(
        said,
        [json!({"version": "2026-07-28", "method": "tools/call", "name": NAME, "params": params})]
    );
    let entries = fake.journal().entries();
    let got = entries
        .iter()
        .find(|entry| entry.event == "recv")
        .expect("a message");
    assert_eq!(got.http, "POST");
    assert_eq!(got.headers["mcp-name"], "=?base64?d28gcmxkIMOp?=");
}

#[tokio::test]
async fn every_other_header_is_refused() {
    let setup = setup();
    let (fake, client) = modern(&setup, &script());
    let good = client
        .with("mcp-param-region", "=?base64?dXMgw6k=?=")
        .with("mcp-param-n", "42");
    let plain = good.clone();
    let bad: [(&str, McpModern); 13] = [
        ("no version", plain.clone().without("mcp-protocol-version")),
        (
            "another version",
            plain.clone().with("mcp-protocol-version", "2025-11-25"),
        ),
        ("no method", plain.clone().without("mcp-method")),
        (
            "another method",
            plain.clone().with("mcp-method", "TOOLS/CALL"),
        ),
        (
            "two methods",
            plain.clone().with_also("mcp-method", "tools/call"),
        ),
        ("no name", plain.clone().without("mcp-name")),
        ("another name", plain.clone().with("mcp-name", "half")),
        (
            "a broken name",
            plain.clone().with("mcp-name", "=?base64?d28gcmxkIMOp=?="),
        ),
        ("no parameter", plain.clone().without("mcp-param-region")),
        (
            "another parameter",
            plain.clone().with("mcp-param-region", "us"),
        ),
        ("another number", plain.clone().with("mcp-param-n", "43")),
        ("no number", plain.clone().with("mcp-param-n", "forty-two")),
        (
            "two parameters",
            plain
                .clone()
                .with_also("mcp-param-region", "=?base64?dXMgw6k=?="),
        ),
    ];
    for (what, client) in bad {
        let answer = client.tool(NAME, ARGUMENTS).await;
        assert_eq!(refusal(&answer), (400, json!(-32020)), "{what}");
        assert_eq!(
            answer.json()["id"].as_u64().map(|id| id > 0),
            Some(true),
            "{what}"
        );
    }
    // A value that is not there must not be in a header either.
    let answer = good.tool(NAME, r#"{"region":null,"deep":{"n":42}}"#).await;
    assert_eq!(refusal(&answer), (400, json!(-32020)));
    assert!(fake.journal().mirrored_of("tools/call").is_empty());
    assert_eq!(good.tool(NAME, ARGUMENTS).await.status, 200);
}

#[tokio::test]
async fn statuses_are_those_of_the_specification() {
    let setup = setup();
    let (_fake, client) = modern(&setup, &script());
    let discover = async |client: &McpModern| client.call("server/discover", "{}").await;

    let old = client.clone().with_version("2030-01-01");
    assert_eq!(refusal(&discover(&old).await), (400, json!(-32022)));
    // What a request lacks is told before what its headers lack.
    let mute = client
        .clone()
        .not_claiming(meta::CLIENT_CAPABILITIES)
        .without("mcp-method");
    assert_eq!(refusal(&discover(&mute).await), (400, json!(-32602)));
    let bare = client.clone().without_meta();
    assert_eq!(refusal(&discover(&bare).await), (400, json!(-32602)));
    assert_eq!(
        refusal(&client.call("ping", "{}").await),
        (404, json!(-32601))
    );
    assert_eq!(
        refusal(&client.call("initialize", "{}").await),
        (404, json!(-32601))
    );
    assert_eq!(
        refusal(&client.tool("none", "{}").await),
        (200, json!(-32602))
    );
    assert_eq!(client.notify("notifications/x", "{}").await.status, 202);
    let answer = client
        .post(r#"{"jsonrpc":"2.0","id":"q","result":{}}"#)
        .await;
    assert_eq!(refusal(&answer), (400, json!(-32600)));
    for method in [reqwest::Method::GET, reqwest::Method::DELETE] {
        let answer = client.bare(method).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "POST"));
    }
    let legacy = McpHttp::new(&client.url);
    let hello = legacy
        .call("initialize", r#"{"protocolVersion":"2025-11-25"}"#)
        .await;
    assert_eq!(refusal(&hello), (400, json!(-32022)));
    assert_eq!(
        hello.error()["data"],
        json!({"supported": ["2026-07-28"], "requested": "2025-11-25"})
    );
}

#[tokio::test]
async fn a_server_of_both_eras_serves_both_at_once() {
    let setup = setup();
    let (_fake, client) = modern(&setup, &json!({"era": "both", "tools": [{"name": "a"}]}));
    let legacy = McpHttp::connect(&client.url, "{}").await;
    assert_eq!(legacy.tool_names().await, ["a"]);
    assert_eq!(client.tool_names().await, ["a"]);
    // A header alone makes a request modern, and then a broken one.
    let broken = client.clone().without_meta().call("tools/list", "{}").await;
    assert_eq!(refusal(&broken), (400, json!(-32602)));
    assert_eq!(client.bare(reqwest::Method::GET).await.status, 405);
    assert_eq!(legacy.listen().await.status, 200);
    assert_eq!(legacy.delete().await.status, 200);
}

#[tokio::test]
async fn who_leaves_cancels() {
    let setup = setup();
    let (fake, client) = modern(&setup, &script());
    let reporting = client.clone().with_progress_token("0");
    let params = r#"{"name":"half"}"#;
    let mut half = reporting.stream("tools/call", params).await;
    assert_eq!(
        half.message_of("notifications/progress").await["params"]["progressToken"],
        0
    );
    drop(half);
    until_true("the half answer is given up", || {
        fake.journal().closed().len() == 1
    })
    .await;

    let waiting = tokio::spawn(async move { client.tool("hang", "{}").await });
    until_true("it hangs", || {
        fake.journal().received_of("tools/call").len() == 2
    })
    .await;
    waiting.abort();
    until_true("the silent call is given up", || {
        fake.journal().closed().len() == 2
    })
    .await;
    assert!(fake.journal().closed()[1].contains(r#""name":"hang""#));
}
