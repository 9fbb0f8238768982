//! A modern client's retry at a modern server: the state goes back exactly as the server wrote
//! it, and only with the request that it was given for.

use testkit::client::member;

use super::{modern, read, state_of, structured};
use crate::support::setup;

/// Key and states are spelled as no writer would spell them again.
const ROUNDS: &str = r#"{"era": "modern", "tools": [
    {"name": "ask", "does": [
        {"inputRequired": {
            "requests": {"k\u0031": {"method":"elicitation/create",  "params":{"message":"1.0?","n":1.0}}},
            "state": "x\/\u00e4"}},
        "sawResponses"]},
    {"name": "other", "does": [{"inputRequired": {"state": "x\/\u00e4"}}, "sawResponses"]},
    {"name": "stateless", "does": [
        {"inputRequired": {"requests": {"a": {"method":"roots/list"}}}}, "sawResponses"]}]}"#;

const ANSWERS: &str = r#"{"k\u0031": {"action":"accept","content":{"n":1.0}}, "more":{}}"#;

#[tokio::test]
async fn a_state_comes_back_to_its_server_byte_for_byte() {
    let mut gateway = setup().fake("fake", ROUNDS).start().await;
    let client = modern(&gateway);
    let first = client.tool("fake_ask", "{}").await.result();
    let asked =
        r#"{"k\u0031": {"method":"elicitation/create",  "params":{"message":"1.0?","n":1.0}}}"#;
    assert_eq!(member(&first, "inputRequests"), asked);
    let state = state_of(&first);
    assert_ne!(state, r#""x\/\u00e4""#);

    let again = async || {
        let state = Some(&*state);
        client
            .tool_again("fake_ask", "{}", Some(ANSWERS), state)
            .await
    };
    let seen = format!(r#"{{"inputResponses":{ANSWERS},"requestState":"x\/\u00e4"}}"#);
    assert_eq!(structured(&again().await.result()), seen);

    assert!(gateway.stop().await.success());
    gateway.restart().await;
    let client = modern(&gateway);
    let state = Some(&*state);
    let again = client
        .tool_again("fake_ask", "{}", Some(ANSWERS), state)
        .await;
    assert_eq!(structured(&again.result()), seen, "after a restart");
}

#[tokio::test]
async fn a_state_is_good_for_its_own_request_alone() {
    let gateway = setup().fake("fake", ROUNDS).start().await;
    let client = modern(&gateway);
    let state = state_of(&client.tool("fake_ask", "{}").await.result());
    let calls = || gateway.journal("fake").received_of("tools/call").len();
    let before = calls();
    let tampered = state.replace(
        &state[1..4],
        if state[1..4] == *"AQE" { "AQI" } else { "AQE" },
    );
    for (name, state) in [
        ("fake_other", &state),
        ("fake_ask", &tampered),
        ("fake_ask", &r#""x\/\u00e4""#.to_owned()),
        ("fake_ask", &"7".to_owned()),
    ] {
        let answer = client
            .tool_again(name, "{}", Some(ANSWERS), Some(state))
            .await;
        assert_eq!(answer.error()["code"], -32602, "{name} {state}");
    }
    assert_eq!(calls(), before, "nothing of that has reached the server");
}

#[tokio::test]
async fn where_there_is_no_state_none_is_given() {
    let gateway = setup().fake("fake", ROUNDS).start().await;
    let client = modern(&gateway);
    let first = read(&client.tool("fake_stateless", "{}").await.result());
    assert_eq!(first["resultType"], "input_required");
    assert_eq!(first.get("requestState"), None);
    let responses = r#"{"a":{"roots":[]}}"#;
    let again = client.tool_again("fake_stateless", "{}", Some(responses), None);
    let seen = structured(&again.await.result());
    assert_eq!(seen, format!(r#"{{"inputResponses":{responses}}}"#));
}
