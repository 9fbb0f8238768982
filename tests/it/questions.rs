//! A server's question goes to the client whose call is in flight.

use serde_json::{Value, json};
use testkit::client::{member, result_of};
use testkit::wait::until_true;

use crate::support::setup;

const ABLE: &str = r#"{"sampling":{},"elicitation":{},"roots":{}}"#;

fn asking(method: &str) -> Value {
    json!({"tools": [{"name": "ask", "does": [
        {"ask": {"method": method, "params": {"messages": [], "maxTokens": 1}}}, "asked",
    ]}, {"name": "echo"}]})
}

/// What the server was told, as it is in the answer of the tool.
fn told(response: &str) -> Value {
    serde_json::from_str(&member(&result_of(response), "structuredContent")).expect("JSON")
}

#[tokio::test]
async fn each_question_reaches_the_client_that_called() {
    let gateway = setup()
        .fake("fake", asking("sampling/createMessage"))
        .start()
        .await;
    let (one, two) = (
        gateway.client_with(ABLE).await,
        gateway.client_with(ABLE).await,
    );
    for (client, name) in [(&one, "one"), (&two, "two"), (&one, "again")] {
        let mut stream = client
            .post_stream(client.request("tools/call", r#"{"name":"fake_ask"}"#))
            .await;
        let question = stream.message_of("sampling/createMessage").await;
        client
            .answer(&question["id"], &format!(r#"{{"from":"{name}"}}"#))
            .await;
        assert_eq!(told(&stream.response().await)["result"]["from"], name);
    }
}

#[tokio::test]
async fn overlapping_calls_never_swap_their_questions() {
    let gateway = setup()
        .fake("fake", asking("elicitation/create"))
        .start()
        .await;
    // From the first question on, the server's calls run one at a time.
    let first = gateway.client_with(ABLE).await;
    let mut stream = first
        .post_stream(first.request("tools/call", r#"{"name":"fake_ask"}"#))
        .await;
    let question = stream.message_of("elicitation/create").await;
    first
        .answer(&question["id"], r#"{"action":"decline"}"#)
        .await;
    stream.response().await;

    let calls: Vec<_> = (0..6)
        .map(|who| {
            let endpoint = gateway.endpoint.clone();
            tokio::spawn(async move {
                let client = testkit::McpHttp::connect(endpoint, ABLE).await;
                let mut stream = client
                    .post_stream(client.request("tools/call", r#"{"name":"fake_ask"}"#))
                    .await;
                let question = stream.message_of("elicitation/create").await;
                client
                    .answer(
                        &question["id"],
                        &format!(r#"{{"action":"accept","content":{{"who":"{who}"}}}}"#),
                    )
                    .await;
                assert_eq!(
                    told(&stream.response().await)["result"]["content"]["who"],
                    who.to_string()
                );
            })
        })
        .collect();
    for call in calls {
        call.await.expect("its own answer");
    }
}

#[tokio::test]
async fn a_client_that_cannot_answer_is_declined_for() {
    for (method, declined) in [
        ("sampling/createMessage", "error"),
        ("elicitation/create", "either"),
        ("roots/list", "error"),
    ] {
        let gateway = setup().fake("fake", asking(method)).start().await;
        let client = gateway.client().await;
        let answer = client.tool("fake_ask", "{}").await;
        assert!(
            answer.messages().iter().all(|raw| !raw.contains(method)),
            "the client is not bothered: {answer:?}"
        );
        let told = told(&answer.response());
        let is_error = told["error"]["code"].is_number();
        let is_refusal =
            told["result"]["action"] == "decline" || told["result"]["action"] == "cancel";
        assert!(
            is_error || (declined == "either" && is_refusal),
            "{method}: {told}"
        );
    }
}

#[tokio::test]
async fn a_ping_of_the_server_is_answered_by_the_gateway() {
    let gateway = setup().fake("fake", asking("ping")).start().await;
    let answer = gateway.client().await.tool("fake_ask", "{}").await;
    assert_eq!(told(&answer.response())["result"], json!({}));
}

#[tokio::test]
async fn roots_are_asked_of_the_client_only_where_the_file_allows_it() {
    let gateway = setup()
        .fake_with("fake", asking("roots/list"), json!({"roots": true}))
        .start()
        .await;
    let client = gateway.client_with(ABLE).await;
    let mut stream = client
        .post_stream(client.request("tools/call", r#"{"name":"fake_ask"}"#))
        .await;
    let question = stream.message_of("roots/list").await;
    client
        .answer(&question["id"], r#"{"roots":[{"uri":"file:///mine"}]}"#)
        .await;
    assert_eq!(
        told(&stream.response().await)["result"]["roots"][0]["uri"],
        "file:///mine"
    );
    let hello = &gateway.journal("fake").received_of("initialize")[0];
    assert!(hello.contains(r#""roots""#), "{hello}");
}

#[tokio::test]
async fn the_gateway_declares_sampling_and_elicitation_but_no_roots() {
    let gateway = setup().fake("fake", asking("ping")).start().await;
    gateway.await_state("fake", "ready").await;
    let hello: Value =
        serde_json::from_str(&gateway.journal("fake").received_of("initialize")[0]).expect("JSON");
    let capabilities = &hello["params"]["capabilities"];
    assert!(
        capabilities["sampling"].is_object() && capabilities["elicitation"].is_object(),
        "{capabilities}"
    );
    assert!(capabilities.get("roots").is_none(), "{capabilities}");
}

#[tokio::test]
async fn a_question_whose_client_has_left_is_not_awaited_for_ever() {
    let gateway = setup()
        .fake("fake", asking("sampling/createMessage"))
        .start()
        .await;
    let client = gateway.client_with(ABLE).await;
    let mut stream = client
        .post_stream(client.request("tools/call", r#"{"name":"fake_ask"}"#))
        .await;
    stream.message_of("sampling/createMessage").await;
    drop(stream);
    client.delete().await;

    gateway
        .client()
        .await
        .tool("fake_echo", "{}")
        .await
        .result();
    let journal = gateway.journal("fake");
    until_true("the server is told", || {
        let answered = journal.received().iter().any(|raw| raw.contains("ask-1"));
        answered || !journal.received_of("notifications/cancelled").is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_late_question_of_a_cancelled_call_reaches_nobody_else() {
    let ask =
        json!({"ask": {"method": "elicitation/create", "params": {"message": "secret of one"}}});
    let script = json!({"tools": [
        {"name": "late", "does": [{"delay": 400}, ask, "asked"]},
        {"name": "slow", "does": [{"delay": 1200}, {"text": "done"}]},
    ]});
    let gateway = setup().fake("fake", script).start().await;
    let (one, two) = (
        gateway.client_with(ABLE).await,
        gateway.client_with(ABLE).await,
    );
    let journal = gateway.journal("fake");

    let call =
        r#"{"jsonrpc":"2.0","id":"one","method":"tools/call","params":{"name":"fake_late"}}"#;
    let stream = one.post_stream(call).await;
    until_true("the call arrived", || {
        journal.received_of("tools/call").len() == 1
    })
    .await;
    one.notify("notifications/cancelled", r#"{"requestId":"one"}"#)
        .await;
    let answer = two.tool("fake_slow", "{}").await;
    drop(stream);

    let leaked = answer.messages().iter().any(|raw| raw.contains("secret"));
    assert!(!leaked, "{answer:?}");
    let refused = journal.received().iter().any(|raw| raw.contains("ask-1"));
    assert!(refused, "the server was told no");
}
