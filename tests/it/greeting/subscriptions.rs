//! The one subscription that is kept open at a modern server.

use serde_json::{Value, json};
use testkit::client::McpModern;
use testkit::wait::{soon, until, until_true};
use testkit::{Gateway, HttpFake, Journal};

use super::times;
use crate::support::setup;

const LISTEN: &str = "subscriptions/listen";

fn changing() -> Value {
    let more = json!([{"name": "grow"}, {"name": "cut"}, {"name": "new"}]);
    json!({"era": "modern", "tools": [
        {"name": "grow", "does": [
            {"tools": more},
            {"listenPush": {"method": "notifications/tools/list_changed"}},
            {"text": "grown"},
        ]},
        {"name": "cut", "does": [{"listenEnd": "cut"}, {"text": "cut"}]},
        {"name": "end", "does": [{"listenEnd": "graceful"}, {"text": "ended"}]},
        {"name": "touch", "does": [
            {"listenPush": {"method": "notifications/resources/updated", "params": {"uri": "x://1"}}},
            {"text": "touched"},
        ]},
    ], "resources": [{"uri": "x://1", "name": "one"}]})
}

/// The same over both transports.
async fn both() -> [(Gateway, Journal, Option<HttpFake>); 2] {
    let local = setup().fake("fake", changing()).start().await;
    let journal = local.journal("fake");
    let far = setup();
    let fake = HttpFake::start(&far, "fake", &changing());
    let server = json!({"name": "fake", "type": "remote", "url": fake.url});
    let remote = far.server(server).start().await;
    let far_journal = fake.journal().clone();
    [(local, journal, None), (remote, far_journal, Some(fake))]
}

#[tokio::test]
async fn what_changes_at_a_modern_server_is_read_again() {
    for (gateway, journal, _fake) in both().await {
        gateway.await_tools("fake", 4).await;
        until_true("it is listened to", || times(&journal, LISTEN) == 1).await;
        let client = gateway.client().await;
        assert_eq!(client.text("fake_grow", "{}").await, "grown");
        gateway.await_tools("fake", 3).await;
        assert_eq!(times(&journal, LISTEN), 1);
    }
}

#[tokio::test]
async fn a_subscription_that_breaks_is_opened_again_and_the_lists_are_read() {
    for (gateway, journal, _fake) in both().await {
        gateway.await_tools("fake", 4).await;
        until_true("it is listened to", || times(&journal, LISTEN) == 1).await;
        let client = gateway.client().await;
        for (tool, said, all) in [("fake_cut", "cut", 2), ("fake_end", "ended", 3)] {
            let lists = times(&journal, "tools/list");
            assert_eq!(client.text(tool, "{}").await, said);
            until_true("it is listened to again", || times(&journal, LISTEN) == all).await;
            until_true("the lists are read", || {
                times(&journal, "tools/list") > lists
            })
            .await;
        }
    }
}

#[tokio::test]
async fn a_resource_that_somebody_subscribes_to_joins_the_subscription_without_a_gap() {
    for (gateway, journal, fake) in both().await {
        gateway.await_tools("fake", 4).await;
        let client = McpModern::new(&gateway.endpoint);
        let mut stream = client
            .listen(r#"{"resourceSubscriptions":["x://1"]}"#)
            .await;
        let first = soon("a message", stream.message()).await;
        assert!(
            first.contains(r#""resourceSubscriptions":["x://1"]"#),
            "{first}"
        );
        assert!(
            journal
                .received_of(LISTEN)
                .last()
                .is_some_and(|raw| raw.contains("x://1"))
        );
        let caller = gateway.client().await;
        caller.text("fake_touch", "{}").await;
        let told = soon("a message", stream.message()).await;
        assert!(told.contains("notifications/resources/updated"), "{told}");
        drop(stream);
        until("it is asked for no longer", async || {
            let last = journal.received_of(LISTEN).pop()?;
            (!last.contains("x://1")).then_some(())
        })
        .await;
        if fake.is_some() {
            // The old one ends behind the new one's acknowledgment.
            let order: Vec<_> = journal
                .entries()
                .into_iter()
                .filter(|entry| entry.raw.contains(LISTEN))
                .map(|entry| entry.event)
                .filter(|event| event == "recv" || event == "closed")
                .collect();
            assert_eq!(order[..3], ["recv", "recv", "closed"]);
        }
    }
}

#[tokio::test]
async fn a_subscription_does_not_make_a_server_pass_for_one_that_works_on_several_calls() {
    let script = json!({"era": "modern", "serial": false, "tools": [
        {"name": "slow", "does": [{"delay": 150}, "pid"]},
    ]});
    let server = json!({"poolSize": 2});
    let gateway = setup().fake_with("fake", script, server).start().await;
    let journal = gateway.journal("fake");
    gateway.await_tools("fake", 1).await;
    until_true("it is listened to", || times(&journal, LISTEN) >= 1).await;
    let client = gateway.client().await;
    client.text("fake_slow", "{}").await;
    let other = client.clone();
    let first = tokio::spawn(async move { other.text("fake_slow", "{}").await });
    let second = client.text("fake_slow", "{}").await;
    assert_ne!(
        first.await.expect("no panic"),
        second,
        "each in a process of its own"
    );
}

#[tokio::test]
async fn many_resources_are_asked_for_together() {
    for (gateway, journal, _fake) in both().await {
        gateway.await_tools("fake", 4).await;
        until_true("it is listened to", || times(&journal, LISTEN) == 1).await;
        let all: Vec<_> = (0..200).map(|number| format!("x://{number}")).collect();
        let client = McpModern::new(&gateway.endpoint);
        let filter = json!({"resourceSubscriptions": all}).to_string();
        let mut stream = client.listen(&filter).await;
        let first = soon("a message", stream.message()).await;
        let first: Value = serde_json::from_str(&first).expect("JSON");
        let honored = &first["params"]["notifications"]["resourceSubscriptions"];
        assert_eq!(honored, &json!(all));
        assert_eq!(times(&journal, LISTEN), 2);
        // Another one that comes and goes takes nothing from it.
        let mut other = client
            .listen(r#"{"resourceSubscriptions":["x://else"]}"#)
            .await;
        soon("a message", other.message()).await;
        drop(other);
        until("it is asked for no longer", async || {
            let last = journal.received_of(LISTEN).pop()?;
            (!last.contains("x://else")).then_some(())
        })
        .await;
        gateway.client().await.text("fake_touch", "{}").await;
        let told = soon("a message", stream.message()).await;
        assert!(told.contains("notifications/resources/updated"), "{told}");
    }
}
