//! What servers say without being asked reaches those it concerns.

use serde_json::{Value, json};
use testkit::client::McpHttp;
use testkit::wait::until;

use crate::support::{BRIDGE, StdioClient, setup};

fn changing() -> Value {
    json!({"tools": [
        {"name": "change", "does": [
            {"tools": [{"name": "new"}]},
            {"push": {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}},
            {"text": "changed"},
        ]},
    ]})
}

#[tokio::test]
async fn a_changed_list_reaches_every_client_and_is_the_new_one() {
    let gateway = setup().fake("fake", changing()).start().await;
    let (one, two) = (gateway.client().await, gateway.client().await);
    let own = McpHttp::connect(format!("{}/fake/mcp", gateway.base()), "{}").await;
    let (mut first, mut second, mut third) =
        (one.listen().await, two.listen().await, own.listen().await);
    let mut sse = gateway.raw().get_stream("/sse").await;
    let mut bridged = StdioClient::start(gateway.setup(), BRIDGE, &[&gateway.endpoint]);
    bridged.greet().await;
    bridged
        .send(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#)
        .await;
    bridged.response(1).await;
    assert_eq!(one.tool_names().await, ["fake_change"]);
    // The stream of the bridge opens beside its requests.
    until("all three streams and the bridge's are open", async || {
        (gateway.status().await["sessions"].as_u64() >= Some(4)).then_some(())
    })
    .await;

    assert_eq!(one.text("fake_change", "{}").await, "changed");

    let changed = "notifications/tools/list_changed";
    first.message_of(changed).await;
    second.message_of(changed).await;
    third.message_of(changed).await;
    assert_eq!(two.tool_names().await, ["fake_new"]);
    assert_eq!(own.tool_names().await, ["new"]);
    let mut told = Value::Null;
    while told["method"] != changed {
        told = bridged.message().await;
    }
    bridged.leave().await;
    assert!(sse.event().await.is_some());
}

#[tokio::test]
async fn an_updated_resource_reaches_its_subscribers_only() {
    let update = |uri: &str| json!({"push": {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": uri}}});
    let script = json!({
        "resources": [{"uri": "x://a", "name": "a"}, {"uri": "x://b", "name": "b"}],
        "tools": [{"name": "update", "does": [update("x://b"), update("x://a"), {"text": "ok"}]}],
    });
    let gateway = setup().fake("fake", script).start().await;
    let (subscriber, other) = (gateway.client().await, gateway.client().await);
    let (mut heard, mut unheard) = (subscriber.listen().await, other.listen().await);
    subscriber
        .call("resources/subscribe", r#"{"uri":"x://a"}"#)
        .await
        .result();
    other
        .call("resources/subscribe", r#"{"uri":"x://b"}"#)
        .await
        .result();

    subscriber.text("fake_update", "{}").await;

    let updated = "notifications/resources/updated";
    assert_eq!(heard.message_of(updated).await["params"]["uri"], "x://a");
    assert_eq!(unheard.message_of(updated).await["params"]["uri"], "x://b");

    subscriber
        .call("resources/unsubscribe", r#"{"uri":"x://a"}"#)
        .await
        .result();
    let journal = gateway.journal("fake");
    testkit::wait::until_true("the last subscriber's leave reaches the server", || {
        journal.received_of("resources/unsubscribe").len() == 1
    })
    .await;
}

#[tokio::test]
async fn subscriptions_outlive_the_server_they_were_made_at() {
    let script = json!({
        "resources": [{"uri": "x://a", "name": "a"}],
        "tools": [{"name": "crash", "does": [{"crash": 1}]}, {"name": "echo"}],
    });
    let gateway = setup().fake("fake", script).start().await;
    let client = gateway.client().await;
    client
        .call("resources/subscribe", r#"{"uri":"x://a"}"#)
        .await
        .result();
    client.tool("fake_crash", "{}").await.error();
    client.tool("fake_echo", "{}").await.result();
    let journal = gateway.journal("fake");
    testkit::wait::until_true("the new process knows the subscription", || {
        journal.received_of("resources/subscribe").len() == 2
    })
    .await;
}

#[tokio::test]
async fn log_messages_of_a_call_go_to_its_client_by_its_level() {
    let log = |level: &str| json!({"notify": {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": level, "data": level}}});
    let script =
        json!({"tools": [{"name": "log", "does": [log("debug"), log("error"), {"text": "ok"}]}]});
    let gateway = setup().fake("fake", script).start().await;
    for (level, expected) in [("debug", vec!["debug", "error"]), ("error", vec!["error"])] {
        let client = gateway.client().await;
        let params = format!(r#"{{"level":"{level}"}}"#);
        client.call("logging/setLevel", &params).await.result();

        let answer = client.tool("fake_log", "{}").await;

        let levels: Vec<String> = answer
            .messages()
            .iter()
            .filter_map(|raw| serde_json::from_str::<Value>(raw).ok())
            .filter_map(|message| message["params"]["level"].as_str().map(str::to_owned))
            .collect();
        assert_eq!(levels, expected, "{answer:?}");
    }
}

#[tokio::test]
async fn log_messages_outside_of_a_call_reach_every_client_by_its_level() {
    let log = |level: &str| json!({"push": {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": level, "data": level}}});
    let script = json!({"on": {"notifications/x-go": [log("debug"), log("error")]}});
    let gateway = setup().fake("fake", script).start().await;
    let own = McpHttp::connect(format!("{}/fake/mcp", gateway.base()), "{}").await;
    let (all, few) = (gateway.client().await, gateway.client().await);
    let (mut everything, mut errors) = (all.listen().await, few.listen().await);
    all.call("logging/setLevel", r#"{"level":"debug"}"#)
        .await
        .result();
    few.call("logging/setLevel", r#"{"level":"error"}"#)
        .await
        .result();

    own.notify("notifications/x-go", "{}").await;

    let message = "notifications/message";
    assert_eq!(
        everything.message_of(message).await["params"]["level"],
        "debug"
    );
    assert_eq!(
        everything.message_of(message).await["params"]["level"],
        "error"
    );
    assert_eq!(errors.message_of(message).await["params"]["level"], "error");
}

#[tokio::test]
async fn completion_goes_to_the_server_that_owns_the_prompt_or_template() {
    let script = json!({"prompts": [{"name": "p", "arguments": [{"name": "a"}]}], "templates": [{"uriTemplate": "x://{id}", "name": "t"}]});
    let gateway = setup()
        .fake("fake", script)
        .fake("other", json!({"prompts": [{"name": "q"}]}))
        .start()
        .await;
    gateway.await_state("fake", "ready").await;
    let client = gateway.client().await;
    for reference in [
        r#"{"type":"ref/prompt","name":"fake_p"}"#,
        r#"{"type":"ref/resource","uri":"x://{id}"}"#,
    ] {
        let params = format!(r#"{{"ref":{reference},"argument":{{"name":"a","value":"o"}}}}"#);
        assert!(
            client
                .call("completion/complete", &params)
                .await
                .result()
                .contains(r#""one""#)
        );
    }
    let received = gateway.journal("fake").received_of("completion/complete");
    assert_eq!(received.len(), 2);
    assert!(received[0].contains(r#""name":"p""#), "{received:?}");
    assert!(
        gateway
            .journal("other")
            .received_of("completion/complete")
            .is_empty()
    );
}
