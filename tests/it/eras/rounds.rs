//! What a modern server wants to know before it answers, asked of a legacy client on the stream
//! of its call.

use serde_json::json;
use testkit::wait::until_true;

use super::{ABLE, read, structured};
use crate::support::setup;

/// Two rounds; key and state are spelled as no writer would spell them again.
const ROUNDS: &str = r#"{"era": "modern", "tools": [{"name": "ask", "does": [
    {"inputRequired": {
        "requests": {"k\u0031": {"method":"elicitation/create",  "params":{"message":"1.0?","n":1.0}}},
        "state": "x\/\u00e4"}},
    {"inputRequired": {"requests": {"k2": {"method":"roots/list"}}, "state": "second"}},
    "sawResponses"]}, {"name": "echo"}]}"#;

/// A modern server that asks this once.
fn asking(requests: &str) -> String {
    format!(
        r#"{{"era": "modern", "tools": [
            {{"name": "ask", "does": [{{"inputRequired": {{"requests": {requests}}}}}, "sawResponses"]}},
            {{"name": "echo"}}]}}"#
    )
}

const SAMPLING: &str =
    r#"{"s": {"method":"sampling/createMessage","params":{"messages":[],"maxTokens":1}}}"#;

#[tokio::test]
async fn each_round_is_asked_on_the_stream_and_brought_back_byte_for_byte() {
    let gateway = setup().fake("fake", ROUNDS).start().await;
    let client = gateway.client_with(ABLE).await;
    let request = client.request(
        "tools/call",
        r#"{"name":"fake_ask","arguments":{"n": 1.0}}"#,
    );
    let mut stream = client.post_stream(request).await;
    let question = stream.message_of("elicitation/create").await;
    assert_eq!(question["params"], json!({"message": "1.0?", "n": 1.0}));
    let answer = r#"{"action":"accept", "content":{"n":1.0}}"#;
    client.answer(&question["id"], answer).await;
    let question = stream.message_of("roots/list").await;
    client.answer(&question["id"], r#"{"roots":[] }"#).await;

    let result = testkit::client::result_of(&stream.response().await);
    let last = r#"{"inputResponses":{"k2":{"roots":[] }},"requestState":"second"}"#;
    assert_eq!(structured(&result), last);
    let calls = gateway.journal("fake").received_of("tools/call");
    assert_eq!(calls.len(), 3);
    let brought = format!(r#""inputResponses":{{"k\u0031":{answer}}},"requestState":"x\/\u00e4""#);
    assert!(calls[1].contains(&brought), "{}", calls[1]);
    for call in &calls {
        assert!(call.contains(r#""arguments":{"n": 1.0}"#), "{call}");
    }
}

#[tokio::test]
async fn who_cannot_be_asked_declines_or_gets_told_why_not() {
    let elicit = r#"{"e": {"method":"elicitation/create","params":{"message":"?"}}}"#;
    let declined = r#"{"inputResponses":{"e":{"action":"decline"}}}"#;
    let gateway = setup()
        .fake("asks", asking(elicit))
        .fake("samples", asking(SAMPLING))
        .start()
        .await;
    let unable = gateway.client().await;
    let deaf = gateway
        .client_with(ABLE)
        .await
        .with("accept", "application/json");
    for client in [unable, deaf] {
        let answer = client.tool("asks_ask", "{}").await;
        let asked = |raw: &String| raw.contains("elicitation/create");
        assert!(!answer.messages().iter().any(asked), "{answer:?}");
        assert_eq!(structured(&answer.result()), declined);

        let refused = client.tool("samples_ask", "{}").await.error();
        assert_eq!(refused["code"], -32603);
        let message = refused["message"].as_str().expect("words");
        assert!(message.contains("sampling/createMessage"), "{message}");
    }
    assert_eq!(
        gateway.journal("samples").received_of("tools/call").len(),
        2
    );
}

#[tokio::test]
async fn a_refusal_that_cannot_be_passed_on_ends_the_call() {
    let gateway = setup().fake("fake", asking(SAMPLING)).start().await;
    let client = gateway.client_with(ABLE).await;
    let request = client.request("tools/call", r#"{"name":"fake_ask"}"#);
    let mut stream = client.post_stream(request).await;
    let question = stream.message_of("sampling/createMessage").await;
    let no = json!({"jsonrpc": "2.0", "id": question["id"],
        "error": {"code": -1, "message": "User rejected"}});
    client.post(no.to_string()).await;
    let answer = read(&stream.response().await);
    assert_eq!(answer["error"]["code"], -32603);
    client.tool("fake_echo", "{}").await.result();
}

#[tokio::test]
async fn a_call_that_is_cancelled_while_its_client_is_asked_is_over() {
    let gateway = setup().fake("fake", ROUNDS).start().await;
    let client = gateway.client_with(ABLE).await;
    let call = r#"{"jsonrpc":"2.0","id":"one","method":"tools/call","params":{"name":"fake_ask"}}"#;
    let mut stream = client.post_stream(call).await;
    let question = stream.message_of("elicitation/create").await;
    client
        .notify("notifications/cancelled", r#"{"requestId":"one"}"#)
        .await;
    while let Some(event) = stream.event().await {
        assert!(event.data.is_empty(), "no answer: {event:?}");
    }
    client
        .answer(&question["id"], r#"{"action":"decline"}"#)
        .await;
    client.tool("fake_echo", "{}").await.result();
    let calls = gateway.journal("fake").received_of("tools/call");
    assert_eq!(calls.len(), 2, "{calls:?}");
}

#[tokio::test]
async fn a_server_that_asks_for_ever_is_left() {
    let script = json!({"era": "modern", "tools": [{"name": "ask", "does": [
        {"bare": {"resultType": "input_required", "requestState": "again"}},
    ]}]});
    let gateway = setup().fake("fake", script).start().await;
    let client = gateway.client_with(ABLE).await;
    let error = client.tool("fake_ask", "{}").await.error();
    assert_eq!(error["code"], -32603, "{error}");
    let calls = || gateway.journal("fake").received_of("tools/call").len();
    until_true("every round was made", || calls() == 33).await;
}
