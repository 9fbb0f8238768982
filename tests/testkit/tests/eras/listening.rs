//! Open listens: what they are told, and how they end.

use serde_json::{Value, json};
use testkit::McpHttp;

use crate::stdio::Piped;
use crate::{modern, refusal, setup};

fn script() -> Value {
    let push = |method: &str, params: Value| json!([{"listenPush": {"method": method, "params": params}}, {"text": "told"}]);
    json!({
        "era": "modern",
        "capabilities": {"tools": {"listChanged": true}, "resources": {"subscribe": true}},
        "tools": [
            {"name": "tools", "does": push("notifications/tools/list_changed", json!({"_meta": {"a": {}}}))},
            {"name": "mine", "does": push("notifications/resources/updated", json!({"uri": "a:mine"}))},
            {"name": "other", "does": push("notifications/resources/updated", json!({"uri": "a:other"}))},
            {"name": "bad", "does": [{"listenPush": {"method": "notifications/x", "anyway": true}}, {"text": "told"}]},
            {"name": "end", "does": [{"listenEnd": "graceful"}, {"text": "ended"}]},
            {"name": "cut", "does": [{"listenEnd": "cut"}, {"text": "ended"}]},
        ],
    })
}

#[tokio::test]
async fn a_listen_is_acknowledged_and_told_what_it_asked_for() {
    let setup = setup();
    let (_fake, client) = modern(&setup, &script());
    let filter =
        r#"{"toolsListChanged":true,"promptsListChanged":true,"resourceSubscriptions":["a:mine"]}"#;
    let mut whole = client.listen_as(r#""a\/b""#, filter).await;
    let mut tools = client.listen_as("-0", r#"{"toolsListChanged":true}"#).await;
    assert_eq!(whole.headers["content-type"], "text/event-stream");
    assert_eq!(whole.headers["x-accel-buffering"], "no");
    // Prompts are not declared.
    assert_eq!(
        whole.message().await,
        r#"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"a\/b"},"notifications":{"toolsListChanged":true,"resourceSubscriptions":["a:mine"]}}}"#
    );
    tools
        .message_of("notifications/subscriptions/acknowledged")
        .await;

    for name in ["other", "mine", "tools", "bad", "end"] {
        client.text(name, "{}").await;
    }
    assert_eq!(
        whole.message().await,
        r#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"a\/b"},"uri":"a:mine"}}"#
    );
    let changed = |id: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{{"_meta":{{"io.modelcontextprotocol/subscriptionId":{id},"a":{{}}}}}}}}"#
        )
    };
    assert_eq!(whole.message().await, changed(r#""a\/b""#));
    assert_eq!(tools.message().await, changed("-0"));
    tools.message_of("notifications/x").await;
    assert_eq!(
        tools.message().await,
        r#"{"jsonrpc":"2.0","id":-0,"result":{"_meta":{"io.modelcontextprotocol/subscriptionId":-0},"resultType":"complete"}}"#
    );
    assert!(tools.event().await.is_none() && !tools.was_cut);
}

#[tokio::test]
async fn a_listen_may_be_cut_off_and_may_be_left() {
    let setup = setup();
    let (fake, client) = modern(&setup, &script());
    let mut cut = client.listen(r#"{"toolsListChanged":true}"#).await;
    cut.message_of("notifications/subscriptions/acknowledged")
        .await;
    client.text("cut", "{}").await;
    assert!(cut.event().await.is_none());

    let mut left = client.listen("{}").await;
    left.message_of("notifications/subscriptions/acknowledged")
        .await;
    drop(left);
    testkit::wait::until_true("it sees the client leave", || {
        fake.journal()
            .closed()
            .iter()
            .any(|raw| raw.contains(r#""notifications":{}"#))
    })
    .await;

    let nothing = client.call("subscriptions/listen", "{}").await;
    assert_eq!(refusal(&nothing), (200, json!(-32602)));
}

#[tokio::test]
async fn on_pipes_a_listen_is_cancelled_by_its_id() {
    let setup = setup();
    let mut fake = Piped::start(&setup, &script());
    let filter = r#""notifications":{"toolsListChanged":true}"#;
    let tools = r#""name":"tools""#;
    for id in ["1", "2"] {
        fake.ask_modern(id, "subscriptions/listen", filter).await;
        fake.hear().await;
    }
    fake.say(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#)
        .await;
    fake.ask_modern("3", "tools/call", tools).await;
    let told = fake.hear_json().await;
    assert_eq!(
        told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"],
        2
    );
    assert_eq!(fake.hear_json().await["id"], 3);

    fake.ask_modern("4", "tools/call", r#""name":"cut""#).await;
    assert_eq!(
        fake.hear().await,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#
    );
}

#[tokio::test]
async fn in_the_other_era_news_need_no_listen() {
    let setup = setup();
    let mut script = script();
    script["era"] = json!("both");
    let (_fake, client) = modern(&setup, &script);
    let legacy = McpHttp::connect(&client.url, "{}").await;
    let mut stream = legacy.listen().await;

    legacy.text("mine", "{}").await;
    assert_eq!(
        stream.message().await,
        r#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:mine"}}"#
    );
}
