//! Modern servers over HTTP: what headers say, and that there is nothing but POST.

use serde_json::{Value, json};
use testkit::wait::until_true;
use testkit::{Gateway, HttpFake, Setup};

use super::times;
use crate::support::setup;

const REGION: &str = r#"{"name":"where","inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"n":{"type":"integer","x-mcp-header":"N"}}}}"#;

fn region() -> Value {
    serde_json::from_str(REGION).expect("JSON")
}

async fn in_front_of(setup: Setup, fake: &HttpFake) -> Gateway {
    let server = json!({"name": "far", "type": "remote", "url": fake.url});
    setup.server(server).start().await
}

#[tokio::test]
async fn headers_repeat_what_the_server_gets_and_nothing_but_post_is_used() {
    for sse in [false, true] {
        let setup = setup();
        let script = json!({"era": "modern", "http": {"sse": sse}, "tools": [
            {"name": "where", "definition": region(), "does": [{"progress": 1}, "echo"]},
        ]});
        let fake = HttpFake::start(&setup, "far", &script);
        let mut gateway = in_front_of(setup, &fake).await;
        let client = gateway.client().await;
        let answer = client.tool("far_where", r#"{"region":"us é","n":7}"#).await;
        assert!(answer.result().contains(r#""region":"us é""#));

        let seen = fake.journal().mirrored_of("tools/call");
        assert_eq!(
            seen[0],
            json!({"version": "2026-07-28", "method": "tools/call", "name": "where",
                   "params": {"region": "us é", "n": "7"}})
        );
        gateway.stop().await;
        for entry in fake.journal().entries() {
            if entry.event == "recv" {
                assert_eq!(entry.http, "POST");
                assert_eq!(entry.headers["mcp-session-id"], Value::Null);
            }
        }
        assert_eq!(times(fake.journal(), "initialize"), 0);
    }
}

#[tokio::test]
async fn a_tool_whose_annotations_are_not_allowed_is_left_out_with_a_word_about_it() {
    let setup = setup();
    let bad = json!({"name": "bad", "inputSchema": {"type": "object", "properties":
        {"a": {"type": "object", "x-mcp-header": "A"}}}});
    let script = json!({"era": "modern", "tools": [
        {"name": "bad", "definition": bad}, {"name": "good"},
    ]});
    let fake = HttpFake::start(&setup, "far", &script);
    let gateway = in_front_of(setup, &fake).await;
    gateway.await_tools("far", 1).await;
    let client = gateway.client().await;
    assert_eq!(client.tool_names().await, ["far_good"]);
    let log = gateway
        .api()
        .json("/api/servers/far/log?follow=false")
        .await;
    assert!(
        log.to_string().contains("the tool `bad` is left out"),
        "{log}"
    );
}

#[tokio::test]
async fn a_call_refused_for_its_headers_is_made_once_more_with_those_it_needs() {
    let setup = setup();
    let script = json!({"era": "modern", "tools": [
        {"name": "swap", "does": [
            {"tools": [{"name": "swap"}, {"name": "where", "definition": region()}]},
            {"text": "swapped"},
        ]},
        {"name": "where"},
    ]});
    let fake = HttpFake::start(&setup, "far", &script);
    let gateway = in_front_of(setup, &fake).await;
    gateway.await_tools("far", 2).await;
    let client = gateway.client().await;
    assert_eq!(client.text("far_swap", "{}").await, "swapped");
    let answer = client.tool("far_where", r#"{"region":"here"}"#).await;
    assert!(answer.result().contains(r#""region":"here""#));
    let calls = fake.journal().received_of("tools/call");
    let calls = calls.iter().filter(|raw| raw.contains(r#""where""#));
    assert_eq!(calls.count(), 2);
    let seen = fake.journal().mirrored_of("tools/call");
    let last = seen.last().expect("a call");
    assert_eq!(last["params"], json!({"region": "here"}));
}

#[tokio::test]
async fn a_cancelled_call_is_broken_off() {
    let setup = setup();
    let script = json!({"era": "modern", "tools": [{"name": "hang", "does": ["hang"]}]});
    let fake = HttpFake::start(&setup, "far", &script);
    let gateway = in_front_of(setup, &fake).await;
    let client = gateway.client().await;
    let calling = client.clone();
    let call = r#"{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"far_hang"}}"#;
    let calling = tokio::spawn(async move { calling.post(call).await });
    let journal = fake.journal();
    until_true("the call is there", || times(journal, "tools/call") == 1).await;
    client
        .notify("notifications/cancelled", r#"{"requestId":77}"#)
        .await;
    until_true("the connection was closed", || {
        journal
            .closed()
            .iter()
            .any(|raw| raw.contains("tools/call"))
    })
    .await;
    assert_eq!(times(journal, "notifications/cancelled"), 0);
    calling.abort();
}
