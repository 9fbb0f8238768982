//! Questions inside of results, and what comes back with the retry.

use serde_json::json;
use testkit::client::{McpHttp, member};
use testkit::wait::soon;

use crate::{modern, setup};

/// Two rounds; key and states are spelled as no writer would spell them again.
const ROUNDS: &str = r#"{"era": "both", "http": {"sse": true}, "tools": [{"name": "ask", "does": [
    {"inputRequired": {
        "requests": {"k\u0031": {"method":"elicitation/create",  "params":{"message":"1.0?","requestedSchema":{"type":"object","n":1.0}}}},
        "state": "x\/\u00e4"}},
    {"inputRequired": {"requests": {"k2": {"method":"roots/list"}}, "state": "second"}},
    "sawResponses"]}]}"#;

#[tokio::test]
async fn rounds_are_asked_and_seen_byte_for_byte() {
    let setup = setup();
    let (fake, client) = modern(&setup, ROUNDS);

    let first = client.tool("ask", "{}").await.result();
    assert_eq!(
        first,
        r#"{"resultType":"input_required","inputRequests":{"k\u0031": {"method":"elicitation/create",  "params":{"message":"1.0?","requestedSchema":{"type":"object","n":1.0}}}},"requestState":"x\/\u00e4"}"#
    );
    let again = async |responses, state| {
        client
            .tool_again("ask", "{}", Some(responses), Some(state))
            .await
    };
    // Whoever answers something else is asked again; a state is the same however it is spelled.
    assert_eq!(again(r#"{"other":{}}"#, r#""x/ä""#).await.result(), first);
    let responses = r#"{"k1":{"action":"accept","content":{"n":1.0}}}"#;
    let state = member(&first, "requestState");
    let second = again(responses, &state).await.result();
    assert_eq!(member(&second, "requestState"), r#""second""#);

    let last = r#"{"k2": {"roots":[]}, "more":1E+2}"#;
    let seen = again(last, r#""s\u0065cond""#).await.result();
    assert_eq!(
        member(&seen, "structuredContent"),
        format!(r#"{{"inputResponses":{last},"requestState":"s\u0065cond"}}"#)
    );
    let raw = fake
        .journal()
        .received_of("tools/call")
        .pop()
        .expect("a call");
    assert!(raw.contains(r#""requestState":"s\u0065cond""#), "{raw}");

    let forged = again(responses, r#""forged""#).await;
    assert_eq!(forged.error()["code"], -32602);
}

#[tokio::test]
async fn in_the_other_era_the_same_rounds_are_requests() {
    let setup = setup();
    let (fake, _) = modern(&setup, ROUNDS);
    let client = McpHttp::connect(&fake.url, r#"{"elicitation":{},"roots":{}}"#).await;

    let request = client.request("tools/call", r#"{"name":"ask"}"#);
    let mut stream = client.post_stream(request).await;
    let question = stream.message_of("elicitation/create").await;
    assert_eq!(question["params"]["message"], "1.0?");
    client
        .answer(&question["id"], r#"{"action":"decline"}"#)
        .await;
    let question = stream.message_of("roots/list").await;
    client.answer(&question["id"], r#"{"roots":[]}"#).await;

    let seen = soon("the answer", stream.response()).await;
    assert!(
        seen.contains(r#"{"inputResponses":{"k2":{"roots":[]}}}"#),
        "{seen}"
    );
}

#[tokio::test]
async fn results_are_dressed_once_and_never_a_bare_one() {
    let setup = setup();
    let info = r#""_meta":{"io.modelcontextprotocol/serverInfo":{"name":"fake","version":"1.0"}}"#;
    let (_fake, client) = modern(
        &setup,
        &json!({"era": "modern", "tools": [
            {"name": "plain", "does": [{"result": {"content": []}}]},
            {"name": "own", "does": [{"result": {"_meta": {"a": 1}, "content": []}}]},
            {"name": "bare", "does": [{"bare": {}}]},
            {"name": "legacy", "does": [{"ask": {"method": "roots/list"}}, "asked"]},
        ]}),
    );

    assert_eq!(
        client.tool("plain", "{}").await.result(),
        format!(r#"{{"resultType":"complete",{info},"content":[]}}"#)
    );
    assert_eq!(
        client.tool("own", "{}").await.result(),
        r#"{"resultType":"complete","_meta":{"a":1},"content":[]}"#
    );
    assert_eq!(client.tool("bare", "{}").await.result(), "{}");
    assert_eq!(client.tool("legacy", "{}").await.error()["code"], -32603);
    let read = client
        .call("resources/read", r#"{"uri":"a:b"}"#)
        .await
        .result();
    assert_eq!(member(&read, "cacheScope"), r#""private""#);
    assert_eq!(
        client.tool_names().await,
        ["plain", "own", "bare", "legacy"]
    );
}
