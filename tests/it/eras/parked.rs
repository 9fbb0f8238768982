//! A legacy server's question to a modern client, which is asked in the answer to its call and
//! answers with its next request. The call waits meanwhile.

use serde_json::{Value, json};
use testkit::wait::until_true;
use testkit::{Answer, Gateway, McpModern, process};

use super::{asking, modern, read, state_of, structured};
use crate::support::setup;

const ACCEPTED: &str = r#"{"q1":{"action":"accept","content":{"n": 1.0}}}"#;

async fn again(client: &McpModern, responses: &str, state: &str) -> Answer {
    client
        .tool_again("fake_ask", "{}", Some(responses), Some(state))
        .await
}

/// What the server was told, as it is in the answer of the tool.
fn told(result: &str) -> Value {
    read(&structured(result))
}

async fn eliciting() -> Gateway {
    let script = asking("elicitation/create");
    setup().fake("fake", script).start().await
}

#[tokio::test]
async fn a_question_is_a_result_and_its_answer_comes_with_the_retry() {
    for (method, answer) in [
        (
            "elicitation/create",
            r#"{"action":"accept","content":{"n": 1.0}}"#,
        ),
        (
            "sampling/createMessage",
            r#"{"role":"assistant","content":{"n": 1.0}}"#,
        ),
    ] {
        let gateway = setup().fake("fake", asking(method)).start().await;
        let client = modern(&gateway);
        let first = client.tool("fake_ask", "{}").await;
        assert_eq!(first.status, 200);
        let state = state_of(&first.result());
        let asked = &read(&first.result())["inputRequests"];
        let params = json!({"message": "?", "messages": [], "maxTokens": 1});
        assert_eq!(*asked, json!({"q1": {"method": method, "params": params}}));

        let responses = format!(r#"{{"q1":{answer}}}"#);
        let result = again(&client, &responses, &state).await.result();
        assert_eq!(read(&result)["resultType"], "complete");
        let seen = structured(&result);
        assert!(seen.contains(answer), "byte for byte: {seen}");
        assert_eq!(gateway.journal("fake").received_of("tools/call").len(), 1);
    }
}

#[tokio::test]
async fn what_is_missing_is_asked_again_and_what_is_too_much_left_alone() {
    let gateway = eliciting().await;
    let client = modern(&gateway);
    let first = client.tool("fake_ask", "{}").await.result();
    let second = again(&client, r#"{"other":{}}"#, &state_of(&first))
        .await
        .result();
    assert_eq!(
        read(&second)["inputRequests"],
        read(&first)["inputRequests"]
    );
    assert_ne!(state_of(&second), state_of(&first));
    let third = again(&client, r#"{"q1":"text"}"#, &state_of(&second))
        .await
        .result();
    let all = r#"{"other":{},"q1":{"action":"cancel"}}"#;
    let last = again(&client, all, &state_of(&third)).await.result();
    assert_eq!(told(&last)["result"]["action"], "cancel");
}

#[tokio::test]
async fn a_state_works_once_and_for_the_same_request_alone() {
    let gateway = eliciting().await;
    let client = modern(&gateway);
    let state = state_of(&client.tool("fake_ask", "{}").await.result());
    let (one, state) = (Some(ACCEPTED), Some(&*state));
    let other = client.tool_again("fake_echo", "{}", one, state).await;
    assert_eq!(other.error()["code"], -32602);
    let other = client
        .tool_again("fake_ask", r#"{"a":1}"#, one, state)
        .await;
    assert_eq!(other.error()["code"], -32602);

    let same = client.tool_again("fake_ask", "{}", one, state).await;
    assert_eq!(told(&same.result())["result"]["action"], "accept");
    let twice = client.tool_again("fake_ask", "{}", one, state).await;
    assert_eq!(twice.error()["code"], -32602);
    assert_eq!(gateway.journal("fake").received_of("tools/call").len(), 1);
}

#[tokio::test]
async fn a_client_that_cannot_be_asked_is_not_asked() {
    let gateway = eliciting().await;
    let unable = McpModern::new(&gateway.endpoint);
    let first = modern(&gateway).tool("fake_ask", "{}").await.result();
    let state = state_of(&first);
    // The one before does not lend it what it can.
    let answer = unable.tool("fake_ask", "{}");
    let other = modern(&gateway);
    let done = again(&other, ACCEPTED, &state);
    let (answer, done) = tokio::join!(answer, done);
    assert_eq!(told(&answer.result())["result"]["action"], "decline");
    assert_eq!(told(&done.result())["result"]["action"], "accept");
}

#[tokio::test]
async fn who_does_not_come_back_is_refused_for_and_the_server_told() {
    let gateway = setup()
        .fake("fake", asking("elicitation/create"))
        .config_in("limits", "questionTimeout", json!(1000))
        .start()
        .await;
    let client = modern(&gateway);
    let state = state_of(&client.tool("fake_ask", "{}").await.result());
    let journal = gateway.journal("fake");
    until_true("the server is told", || {
        let answered = |raw: &String| raw.contains("ask-1") && raw.contains("decline");
        !journal.received_of("notifications/cancelled").is_empty()
            && journal.received().iter().any(answered)
    })
    .await;
    let late = again(&client, ACCEPTED, &state).await.error();
    assert_eq!(late["code"], -32602);
    client.tool("fake_echo", "{}").await.result();
}

#[tokio::test]
async fn who_does_not_come_back_gives_way_to_those_who_wait() {
    let gateway = setup()
        .fake_with("fake", asking("elicitation/create"), json!({"poolSize": 1}))
        .config_in("limits", "questionGrace", json!(1000))
        .start()
        .await;
    let client = modern(&gateway);
    let first = client.tool("fake_ask", "{}").await.result();
    // The person may take as long as nobody waits, and the other is served in the end: asked, too,
    // because a call that was refused and answered leaves no doubt about whose the question is.
    let info = r#"{"name":"another","version":"1"}"#;
    let other = modern(&gateway).claiming(wire::meta::CLIENT_INFO, info);
    state_of(&other.tool("fake_ask", "{}").await.result());
    let late = again(&client, ACCEPTED, &state_of(&first)).await.error();
    assert_eq!(late["code"], -32602);
}

#[tokio::test]
async fn after_a_call_that_was_cancelled_nobody_is_asked_what_could_be_about_it() {
    let mut script = asking("elicitation/create");
    let tools = script["tools"].as_array_mut().expect("tools");
    tools.push(json!({"name": "hang", "does": [{"progress": 1}, "hang"]}));
    let gateway = setup()
        .fake_with("fake", script, json!({"poolSize": 1}))
        .start()
        .await;
    let client = modern(&gateway);
    let reporting = client.clone().with_progress_token("1");
    let mut left = reporting
        .stream("tools/call", r#"{"name":"fake_hang"}"#)
        .await;
    left.message_of("notifications/progress").await;
    drop(left);
    let journal = gateway.journal("fake");
    until_true("the server is told", || {
        !journal.received_of("notifications/cancelled").is_empty()
    })
    .await;

    // What a client says of itself does not make it the one that has cancelled.
    let info = r#"{"name":"another","version":"1"}"#;
    let other = modern(&gateway).claiming(wire::meta::CLIENT_INFO, info);
    for next in [&client, &other] {
        let refused = next.tool("fake_ask", "{}").await.result();
        assert_eq!(told(&refused)["result"]["action"], "decline");
    }
}

#[tokio::test]
async fn who_has_its_time_left_keeps_its_connection_and_the_other_is_told_why() {
    let gateway = setup()
        .fake_with("fake", asking("elicitation/create"), json!({"poolSize": 1}))
        .config_in("pool", "acquireTimeout", json!(500))
        .start()
        .await;
    let client = modern(&gateway);
    let first = client.tool("fake_ask", "{}").await.result();
    let refused = modern(&gateway).tool("fake_echo", "{}").await.error();
    let why = refused["message"].as_str().unwrap_or_default();
    assert!(why.contains("what its client was asked"), "{why}");
    let done = again(&client, ACCEPTED, &state_of(&first)).await.result();
    assert_eq!(told(&done)["result"]["action"], "accept");
}

#[tokio::test]
async fn more_than_may_wait_are_refused_for() {
    let gateway = setup()
        .fake("one", asking("elicitation/create"))
        .fake("two", asking("elicitation/create"))
        .config_in("limits", "parkedCalls", json!(1))
        .start()
        .await;
    let client = modern(&gateway);
    let waits = client.tool("one_ask", "{}").await.result();
    state_of(&waits);
    let refused = client.tool("two_ask", "{}").await.result();
    assert_eq!(told(&refused)["result"]["action"], "decline");
}

#[tokio::test]
async fn after_a_restart_a_harmless_call_is_made_anew_and_no_other() {
    let mut script = asking("elicitation/create");
    let mut calm = script["tools"][0].clone();
    calm["name"] = json!("calm");
    calm["definition"] = json!({"name": "calm", "inputSchema": {"type": "object"},
        "annotations": {"readOnlyHint": true}});
    script["tools"].as_array_mut().expect("tools").push(calm);
    let two = json!({"poolSize": 2});
    let mut gateway = setup().fake_with("fake", script, two).start().await;
    let client = modern(&gateway);
    let harmful = state_of(&client.tool("fake_ask", "{}").await.result());
    let harmless = state_of(&client.tool("fake_calm", "{}").await.result());
    gateway.kill();
    gateway.restart().await;

    let client = modern(&gateway);
    let refused = again(&client, ACCEPTED, &harmful).await.error();
    assert_eq!(refused["code"], -32602);
    let (one, state) = (Some(ACCEPTED), Some(&*harmless));
    let anew = client.tool_again("fake_calm", "{}", one, state).await;
    state_of(&anew.result());
}

#[tokio::test]
async fn reports_come_under_the_token_of_the_request_that_waits() {
    let question = json!({"ask": {"method": "elicitation/create", "params": {"message": "?"}}});
    let script = json!({"tools": [{"name": "ask", "does": [
        {"progress": 1}, question, {"progress": 1}, "asked",
    ]}]});
    let gateway = setup().fake("fake", script).start().await;
    let first = modern(&gateway).with_progress_token(r#""first""#);
    let answer = first.tool("fake_ask", "{}").await;
    let tokens = |answer: &Answer| {
        let messages = answer.messages().into_iter().map(|raw| read(&raw));
        let tokens = messages.map(|message| message["params"]["progressToken"].clone());
        tokens.filter(|token| !token.is_null()).collect::<Vec<_>>()
    };
    assert_eq!(tokens(&answer), ["first"]);
    let second = modern(&gateway).with_progress_token("0");
    let last = again(&second, ACCEPTED, &state_of(&answer.result())).await;
    assert_eq!(tokens(&last), [json!(0)]);
    last.result();
}

#[tokio::test]
async fn a_server_that_dies_meanwhile_is_told_about() {
    let gateway = eliciting().await;
    let client = modern(&gateway);
    let state = state_of(&client.tool("fake_ask", "{}").await.result());
    let journal = gateway.journal("fake");
    let alive = journal.alive();
    alive.iter().for_each(|pid| process::kill(*pid));
    until_true("it is gone", || {
        alive.iter().all(|pid| !process::is_alive(*pid))
    })
    .await;
    let lost = again(&client, ACCEPTED, &state).await.error();
    assert_eq!(lost["code"], -32603);
    let words = lost["message"].as_str().expect("words");
    assert!(words.contains("may or may not"), "{words}");
}

#[tokio::test]
async fn one_question_after_the_other_is_asked_and_each_answer_finds_its_own() {
    let question =
        |words: &str| json!({"method": "elicitation/create", "params": {"message": words}});
    let mut beside = question("beside");
    beside["jsonrpc"] = json!("2.0");
    beside["id"] = json!("beside");
    let script = json!({"tools": [{"name": "ask", "does": [
        {"push": beside}, {"ask": question("one")}, {"ask": question("two")}, "asked",
    ]}]});
    let gateway = setup().fake("fake", script).start().await;
    let client = modern(&gateway);
    let mut result = client.tool("fake_ask", "{}").await.result();
    let mut words = Vec::new();
    while read(&result)["resultType"] == "input_required" {
        let asked = read(&result)["inputRequests"].clone();
        let asked = asked.as_object().expect("questions");
        let mut responses = json!({});
        for (key, question) in asked {
            let said = &question["params"]["message"];
            responses[key] = json!({"action": "accept", "content": {"to": said}});
            words.push(said.as_str().expect("words").to_owned());
        }
        result = again(&client, &responses.to_string(), &state_of(&result))
            .await
            .result();
    }
    assert_eq!(told(&result)["result"]["content"]["to"], "two");
    words.sort();
    assert_eq!(words, ["beside", "one", "two"]);
    let received = gateway.journal("fake").received();
    let is_own =
        |raw: &String| raw.contains(r#""id":"beside""#) && raw.contains(r#""to":"beside""#);
    assert!(received.iter().any(is_own), "{received:?}");
}
