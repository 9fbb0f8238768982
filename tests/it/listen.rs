//! `subscriptions/listen`: what a modern client asks to be told, and nothing else.

use serde_json::{Value, json};
use testkit::Stream;
use testkit::client::McpModern;
use testkit::wait::{soon, until, until_true};
use wire::{error_code, meta};

use crate::support::{setup, tools};

const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

fn changing(new: &str) -> Value {
    json!({"tools": [{"name": "change", "does": [
        {"tools": [{"name": "change"}, {"name": new}]},
        {"push": {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}},
        {"text": "changed"},
    ]}]})
}

async fn next(stream: &mut Stream) -> Value {
    let raw = soon("a message", stream.message()).await;
    serde_json::from_str(&raw).expect("JSON")
}

fn id_of(message: &Value) -> &Value {
    &message["params"]["_meta"][meta::SUBSCRIPTION_ID]
}

#[tokio::test]
async fn what_is_asked_for_is_acknowledged_first_and_told_under_its_id() {
    let gateway = setup().fake("fake", changing("new")).start().await;
    let client = McpModern::new(&gateway.endpoint);
    let all = r#"{"toolsListChanged":true,"promptsListChanged":false,"resourcesListChanged":true}"#;
    let mut streams = Vec::new();
    for id in ["0", "-7", r#""a""#] {
        let mut stream = client.listen_as(id, all).await;
        assert_eq!(stream.status, 200);
        let acknowledged = next(&mut stream).await;
        assert_eq!(acknowledged["method"], ACKNOWLEDGED);
        assert_eq!(id_of(&acknowledged).to_string(), id);
        assert_eq!(
            acknowledged["params"]["notifications"],
            json!({"toolsListChanged": true, "resourcesListChanged": true})
        );
        streams.push((id, stream));
    }
    let mut deaf = client.listen(r#"{"promptsListChanged":true}"#).await;
    next(&mut deaf).await;

    client.tool("fake_change", "{}").await.result();

    for (id, stream) in &mut streams {
        let told = next(stream).await;
        assert_eq!(told["method"], "notifications/tools/list_changed");
        assert_eq!(&id_of(&told).to_string(), id);
    }
    assert_eq!(client.tool_names().await, ["fake_change", "fake_new"]);
    drop(streams);
    // Whoever did not ask for tools was told nothing: the next thing is the end.
    let mut gateway = gateway;
    let stopping = gateway.stop();
    let (end, _) = tokio::join!(next(&mut deaf), stopping);
    assert_eq!(end["result"]["resultType"], "complete", "{end}");
}

#[tokio::test]
async fn the_servers_of_an_endpoint_are_heard_and_no_other() {
    let gateway = setup()
        .fake("one", changing("a"))
        .fake("two", changing("b"))
        .fake("three", changing("c"))
        .start()
        .await;
    let tools = r#"{"toolsListChanged":true}"#;
    let all = McpModern::new(&gateway.endpoint);
    let own = McpModern::new(format!("{}/two/mcp", gateway.base()));
    let (mut heard, mut of_two) = (all.listen(tools).await, own.listen(tools).await);
    next(&mut heard).await;
    next(&mut of_two).await;
    for server in ["one", "three", "two"] {
        all.tool(&format!("{server}_change"), "{}").await.result();
        assert_eq!(
            next(&mut heard).await["method"],
            "notifications/tools/list_changed"
        );
        let names = all.tool_names().await;
        assert!(
            names.iter().any(|name| name.starts_with(server)),
            "{names:?}"
        );
    }
    assert_eq!(
        next(&mut of_two).await["method"],
        "notifications/tools/list_changed"
    );
}

#[tokio::test]
async fn updates_of_resources_are_asked_for_at_their_server_and_taken_back() {
    let update = |uri: &str| json!({"push": {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": uri}}});
    let script = json!({
        "resources": [{"uri": "x://a", "name": "a"}, {"uri": "x://b", "name": "b"}],
        "tools": [{"name": "update", "does": [update("x://b"), update("x://a"), {"text": "ok"}]}],
    });
    // Of two servers it could be either that has what nobody lists.
    let other = json!({"resources": [{"uri": "y://a", "name": "a"}]});
    let gateway = setup()
        .fake("fake", script)
        .fake("other", other)
        .start()
        .await;
    gateway.await_state("fake", "ready").await;
    gateway.await_state("other", "ready").await;
    let client = McpModern::new(&gateway.endpoint);
    let mut stream = client
        .listen(r#"{"resourceSubscriptions":["x://a","x://unknown"]}"#)
        .await;
    assert_eq!(
        next(&mut stream).await["params"]["notifications"],
        json!({"resourceSubscriptions": ["x://a"]})
    );
    let journal = gateway.journal("fake");
    assert_eq!(journal.received_of("resources/subscribe").len(), 1);

    client.tool("fake_update", "{}").await.result();

    let told = next(&mut stream).await;
    assert_eq!(told["params"]["uri"], "x://a");
    assert!(!id_of(&told).is_null());
    drop(stream);
    until_true("the server hears that nobody wants it", || {
        journal.received_of("resources/unsubscribe").len() == 1
    })
    .await;
}

#[tokio::test]
async fn a_subscription_that_cannot_be_is_refused_in_words() {
    let gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .config_in("limits", "streams", json!(1))
        .start()
        .await;
    let client = McpModern::new(&gateway.endpoint);
    for params in ["{}", r#"{"notifications":{"toolsListChanged":1}}"#] {
        let answer = client.call("subscriptions/listen", params).await;
        assert_eq!(answer.error()["code"], error_code::INVALID_PARAMS);
    }
    let many: Vec<_> = (0..1_001).map(|number| format!("x://{number}")).collect();
    let many = json!({"notifications": {"resourceSubscriptions": many}}).to_string();
    let answer = client.call("subscriptions/listen", &many).await;
    assert_eq!(answer.error()["code"], error_code::INVALID_PARAMS);
    let words = answer.error()["message"].to_string();
    assert!(words.contains("1000"), "{words}");
    let mut first = client.listen(r#"{"toolsListChanged":true}"#).await;
    next(&mut first).await;
    let refused = client.listen(r#"{"toolsListChanged":true}"#).await;
    let refused = refused.answer().await;
    assert_eq!(refused.status, 503, "{refused:?}");
    let words = refused.error()["message"].to_string();
    assert!(words.contains("limits.streams"), "{words}");
    drop(first);
    until("there is room again", async || {
        let again = client.listen(r#"{"toolsListChanged":true}"#).await;
        (again.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_change_of_the_configuration_is_told_like_any_other() {
    let gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .fake("leaving", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let client = McpModern::new(&gateway.endpoint);
    let mut stream = client.listen(r#"{"toolsListChanged":true}"#).await;
    next(&mut stream).await;
    gateway
        .setup()
        .edit_by_hand(|text| text.replace(r#""leaving""#, r#""renamed""#));
    let told = next(&mut stream).await;
    assert_eq!(told["method"], "notifications/tools/list_changed");
}

/// A server that answers to no `resources/subscribe` before there is this file.
fn reluctant(gate: &std::path::Path) -> Value {
    let mut script = changing("new");
    script["resources"] = json!([{"uri": "x://a", "name": "a"}]);
    script["on"] = json!({"resources/subscribe": [{"gate": gate}, "default"]});
    script
}

#[tokio::test]
async fn who_leaves_before_the_acknowledgment_leaves_no_subscription_behind() {
    let setup = setup();
    let gate = setup.path("gate");
    let gateway = setup.fake("fake", reluctant(&gate)).start().await;
    gateway.await_tools("fake", 1).await;
    let journal = gateway.journal("fake");
    let client = McpModern::new(&gateway.endpoint);
    let asking = tokio::spawn(async move {
        client
            .listen(r#"{"resourceSubscriptions":["x://a"]}"#)
            .await
    });
    until_true("the server is asked", || {
        journal.received_of("resources/subscribe").len() == 1
    })
    .await;

    asking.abort();

    until_true("it is taken back", || {
        journal.received_of("resources/unsubscribe").len() == 1
    })
    .await;
    std::fs::write(&gate, "").expect("the gate opens");
}

#[tokio::test]
async fn what_changes_before_the_acknowledgment_is_told_behind_it() {
    let setup = setup();
    let gate = setup.path("gate");
    let script = reluctant(&gate);
    let gateway = setup.fake("fake", script).start().await;
    gateway.await_tools("fake", 1).await;
    let journal = gateway.journal("fake");
    let client = McpModern::new(&gateway.endpoint);
    let asking = client.clone();
    let asking = tokio::spawn(async move {
        let filter = r#"{"toolsListChanged":true,"resourceSubscriptions":["x://a"]}"#;
        asking.listen(filter).await
    });
    until_true("the server is asked", || {
        journal.received_of("resources/subscribe").len() == 1
    })
    .await;

    client.tool("fake_change", "{}").await.result();
    gateway.await_tools("fake", 2).await;
    std::fs::write(&gate, "").expect("the gate opens");

    let mut stream = asking.await.expect("no panic");
    assert_eq!(next(&mut stream).await["method"], ACKNOWLEDGED);
    let told = next(&mut stream).await;
    assert_eq!(told["method"], "notifications/tools/list_changed");
}

#[tokio::test]
async fn a_client_that_wants_no_more_takes_nothing_from_one_that_has_come_since() {
    let setup = setup();
    let gate = setup.path("gate");
    let script = json!({
        "resources": [{"uri": "x://a", "name": "a"}],
        "tools": [
            {"name": "work", "does": [{"gate": gate}, {"text": "done"}]},
            {"name": "touch", "does": [
                {"listenPush": {"method": "notifications/resources/updated", "params": {"uri": "x://a"}}},
                {"text": "touched"},
            ]},
        ],
    });
    let gateway = setup
        .config("limits", json!({"inFlight": 1}))
        .fake("fake", script)
        .start()
        .await;
    gateway.await_tools("fake", 2).await;
    let journal = gateway.journal("fake");
    let former = gateway.client().await;
    let a = r#"{"uri":"x://a"}"#;
    former.call("resources/subscribe", a).await.result();
    let (busy, leaving) = (former.clone(), former.clone());
    let work = tokio::spawn(async move { busy.text("fake_work", "{}").await });
    until_true("it works", || journal.received_of("tools/call").len() == 1).await;
    let leaving =
        tokio::spawn(async move { leaving.call("resources/unsubscribe", a).await.result() });
    until("it waits for its turn", async || {
        let status = gateway.server_status("fake").await;
        (status["pool"]["waiting"] == 1).then_some(())
    })
    .await;
    let client = McpModern::new(&gateway.endpoint);
    let mut stream = client
        .listen(r#"{"resourceSubscriptions":["x://a"]}"#)
        .await;
    assert_eq!(next(&mut stream).await["method"], ACKNOWLEDGED);

    std::fs::write(&gate, "").expect("the gate opens");

    work.await.expect("no panic");
    assert_eq!(leaving.await.expect("no panic"), "{}");
    client.tool("fake_touch", "{}").await.result();
    assert_eq!(next(&mut stream).await["params"]["uri"], "x://a");
    assert!(journal.received_of("resources/unsubscribe").is_empty());
}

#[tokio::test]
async fn a_server_does_not_fall_asleep_over_a_subscription() {
    let script = json!({
        "resources": [{"uri": "x://a", "name": "a"}],
        "tools": [{"name": "echo"}],
    });
    let gateway = setup()
        .config("pool", json!({"minConnections": 0, "idleTimeout": 300}))
        .fake("fake", script)
        .fake("other", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    gateway.await_tools("fake", 1).await;
    gateway.await_tools("other", 1).await;
    let client = McpModern::new(&gateway.endpoint);
    let mut stream = client
        .listen(r#"{"resourceSubscriptions":["x://a"]}"#)
        .await;
    let acknowledged = next(&mut stream).await;
    assert_eq!(
        acknowledged["params"]["notifications"],
        json!({"resourceSubscriptions": ["x://a"]})
    );
    let pids = gateway.journal("fake").alive();

    // It is used later than the one that is listened to.
    client.tool("other_echo", "{}").await.result();
    gateway.await_state("other", "stopped").await;
    assert_eq!(gateway.journal("fake").alive(), pids);

    drop(stream);
    gateway.await_state("fake", "stopped").await;
}

#[tokio::test]
async fn a_server_that_calls_each_reading_a_change_is_not_read_without_a_pause() {
    let changed = json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"});
    let script = json!({
        "tools": [{"name": "echo"}],
        "on": {"tools/list": [{"push": changed}, "default"]},
    });
    let begun = std::time::Instant::now();
    let gateway = setup().fake("fake", script).start().await;
    let journal = gateway.journal("fake");
    until_true("it is read six times", || {
        journal.received_of("tools/list").len() >= 6
    })
    .await;
    assert!(
        begun.elapsed() >= std::time::Duration::from_millis(1_500),
        "at a growing distance"
    );
}
