//! One call in each combination of eras, and what is a setting in one of them and part of each
//! request in the other.

use serde_json::{Value, json};
use testkit::client::member;
use testkit::{Answer, McpModern};

use super::{ABLE, modern, read, structured};
use crate::support::setup;

/// Spelled as no writer would spell it again.
const ARGUMENTS: &str = r#"{"n": 1.0, "t":"\u00e4\/ä", "e":1E+2}"#;

fn script(era: &str) -> Value {
    json!({"era": era, "tools": [{"name": "echo"}]})
}

#[tokio::test]
async fn arguments_and_results_cross_byte_for_byte() {
    for era in ["legacy", "modern"] {
        let gateway = setup().fake("fake", script(era)).start().await;
        let legacy = gateway.client_with(ABLE).await;
        for (client, answer) in [
            ("legacy", legacy.tool("fake_echo", ARGUMENTS).await),
            (
                "modern",
                modern(&gateway).tool("fake_echo", ARGUMENTS).await,
            ),
        ] {
            let seen = structured(&answer.result());
            assert_eq!(member(&seen, "arguments"), ARGUMENTS, "{client} to {era}");
            assert_eq!(member(&seen, "name"), r#""echo""#);
            let claims = seen.contains("io.modelcontextprotocol/protocolVersion");
            assert_eq!(claims, era == "modern", "{client} to {era}: {seen}");
        }
    }
}

#[tokio::test]
async fn a_modern_client_gets_results_of_its_era_from_a_legacy_server() {
    let tools = json!([
        {"name": "plain", "does": [{"result": {"content": []}}]},
        {"name": "missing", "does": [{"error": {"code": -32002, "message": "no such thing"}}]},
    ]);
    let gateway = setup().fake("fake", json!({"tools": tools})).start().await;
    let client = modern(&gateway);
    let result = read(&client.tool("fake_plain", "{}").await.result());
    assert_eq!(result["resultType"], "complete");
    assert_eq!(
        result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"],
        "fake"
    );
    let missing = client.tool("fake_missing", "{}").await;
    assert_eq!(
        (missing.status, &missing.error()["code"]),
        (200, &json!(-32602))
    );
}

#[tokio::test]
async fn whoever_says_nothing_of_itself_can_call_a_modern_server_too() {
    let asks = json!({"inputRequired": {
        "requests": {"e": {"method": "elicitation/create", "params": {"message": "?"}}}}});
    let script = json!({"era": "modern", "tools": [
        {"name": "ask", "does": [asks, "sawResponses"]},
    ]});
    let gateway = setup().fake("fake", script).start().await;
    gateway.await_tools("fake", 1).await;
    let call = r#"{"name":"fake_ask","arguments":{}}"#;
    let answer = gateway.raw().post_to("/tools/call", call).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(
        answer.body.contains(r#"{"e":{"action":"decline"}}"#),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_modern_server_is_told_who_the_legacy_client_is() {
    let gateway = setup().fake("fake", script("modern")).start().await;
    let client = gateway.client_with(ABLE).await;
    client
        .call("logging/setLevel", r#"{"level":"notice"}"#)
        .await
        .result();
    let seen = structured(&client.tool("fake_echo", "{}").await.result());
    let meta = member(&seen, "_meta");
    let said = |name: &str| member(&meta, &format!("io.modelcontextprotocol/{name}"));
    assert_eq!(said("protocolVersion"), r#""2026-07-28""#);
    assert_eq!(said("clientCapabilities"), ABLE);
    assert_eq!(said("clientInfo"), r#"{"name":"testkit","version":"1"}"#);
    assert_eq!(said("logLevel"), r#""notice""#);
}

/// The levels of the log messages that came with an answer.
fn logged(answer: &Answer) -> Vec<String> {
    let messages = answer.messages().into_iter().map(|raw| read(&raw));
    let messages = messages.filter(|message| message["method"] == "notifications/message");
    messages
        .map(|message| {
            message["params"]["level"]
                .as_str()
                .unwrap_or("-")
                .to_owned()
        })
        .collect()
}

#[tokio::test]
async fn log_messages_come_from_the_level_on_that_a_request_asks_for() {
    let say = |level: &str| {
        json!({"notify": {"jsonrpc": "2.0", "method": "notifications/message",
            "params": {"level": level, "data": "x"}}})
    };
    let script = json!({"tools": [
        {"name": "say", "does": [say("debug"), say("warning"), "echo"]},
    ]});
    let gateway = setup().fake("fake", script).start().await;
    let silent = modern(&gateway);
    assert!(logged(&silent.tool("fake_say", "{}").await).is_empty());
    let some = silent.clone().with_log_level("warning");
    assert_eq!(logged(&some.tool("fake_say", "{}").await), ["warning"]);
    let all = silent.clone().with_log_level("debug");
    let both = ["debug", "warning"];
    assert_eq!(logged(&all.tool("fake_say", "{}").await), both);
    assert_eq!(logged(&some.tool("fake_say", "{}").await), ["warning"]);

    let told = gateway.journal("fake").received_of("logging/setLevel");
    let told: Vec<_> = told
        .iter()
        .map(|raw| read(raw)["params"]["level"].clone())
        .collect();
    assert_eq!(told, [json!("warning"), json!("debug")], "and never raised");
}

#[tokio::test]
async fn an_address_to_visit_is_asked_as_a_question_and_the_call_made_again() {
    let elicitation = json!({"mode": "url", "elicitationId": "e1",
        "url": "https://example.com/in", "message": "Sign in"});
    let error =
        json!({"code": -32042, "message": "first", "data": {"elicitations": [elicitation]}});
    let script = json!({"tools": [{"name": "visit", "does": [{"error": error}]}]});
    let gateway = setup().fake("fake", script).start().await;
    let calls = || gateway.journal("fake").received_of("tools/call").len();

    let unable = McpModern::new(&gateway.endpoint).with_capabilities(r#"{"elicitation":{}}"#);
    let refused = unable.tool("fake_visit", "{}").await;
    assert_eq!(refused.status, 400);
    let refused = refused.error();
    assert_eq!(refused["code"], -32021);
    let wanted = json!({"requiredCapabilities": {"elicitation": {"url": {}}}});
    assert_eq!(refused["data"], wanted);

    let client = modern(&gateway);
    let first = client.tool("fake_visit", "{}").await.result();
    let state = super::state_of(&first);
    let asked = &read(&first)["inputRequests"]["q1"];
    assert_eq!(asked["method"], "elicitation/create");
    assert_eq!(asked["params"]["url"], "https://example.com/in");
    assert_eq!(calls(), 2);

    let again = async |responses| {
        let state = Some(&*state);
        client
            .tool_again("fake_visit", "{}", Some(responses), state)
            .await
    };
    let declined = again(r#"{"q1":{"action":"decline"}}"#).await.error();
    assert_eq!((&declined["code"], calls()), (&json!(-32603), 2));
    let agreed = again(r#"{"q1":{"action":"accept"}}"#).await.result();
    super::state_of(&agreed);
    assert_eq!(calls(), 3, "and it wants the same again");
}

#[tokio::test]
async fn the_folders_of_one_modern_client_are_never_those_of_another() {
    let gateway = setup()
        .fake_with("fake", super::asking("roots/list"), json!({"roots": true}))
        .start()
        .await;
    let answer = modern(&gateway).tool("fake_ask", "{}").await.result();
    let told = read(&structured(&answer));
    assert_eq!(told["result"], json!({"roots": []}));
}
