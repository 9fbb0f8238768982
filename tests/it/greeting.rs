//! How it is found out in which era a server speaks, and that it is remembered.

mod events;
mod http;
mod subscriptions;

use serde_json::{Value, json};
use testkit::wait::{soon, until, until_true};
use testkit::{Gateway, Journal};

use crate::support::{setup, tools};

const DISCOVER: &str = "server/discover";
const INITIALIZE: &str = "initialize";

/// A server with one tool that echoes.
fn echoing(more: &Value) -> Value {
    let mut script = tools(json!([{"name": "echo"}]));
    for (key, value) in more.as_object().expect("an object") {
        script[key] = value.clone();
    }
    script
}

/// How often a method has arrived.
fn times(journal: &Journal, method: &str) -> usize {
    journal.received_of(method).len()
}

/// Calls the tool and gives what has arrived there.
async fn echo(gateway: &Gateway) -> String {
    let client = gateway.client().await;
    client.tool("fake_echo", r#"{"n":1.0}"#).await.result()
}

async fn restarted(gateway: &mut Gateway) {
    gateway.stop().await;
    gateway.restart().await;
}

#[tokio::test]
async fn a_server_that_refuses_the_probe_goes_on_and_is_not_asked_again() {
    let mut gateway = setup().fake("fake", echoing(&json!({}))).start().await;
    echo(&gateway).await;
    assert_eq!(gateway.server_status("fake").await["era"], "legacy");
    let journal = gateway.journal("fake");
    assert_eq!((journal.starts(), times(&journal, DISCOVER)), (1, 1));

    restarted(&mut gateway).await;
    echo(&gateway).await;
    assert_eq!((journal.starts(), times(&journal, INITIALIZE)), (2, 2));
    assert_eq!(times(&journal, DISCOVER), 1, "it is known");
}

#[tokio::test]
async fn a_server_that_ends_on_the_probe_is_started_once_more_and_no_failure_is_told() {
    for deadly in [
        json!({"exitOnUnknownMethod": true}),
        json!({"probe": "exit"}),
    ] {
        let server = json!({"poolSize": 1});
        let mut gateway = setup()
            .fake_with("fake", echoing(&deadly), server)
            .start()
            .await;
        echo(&gateway).await;
        let status = gateway.await_state("fake", "ready").await;
        assert_eq!(status["error"], Value::Null);
        let journal = gateway.journal("fake");
        assert_eq!(journal.starts(), 2, "{deadly}");
        assert_eq!(journal.most_at_once(), 1, "{deadly}");
        assert_eq!(times(&journal, INITIALIZE), 1, "{deadly}");
        let log = gateway
            .api()
            .json("/api/servers/fake/log?follow=false")
            .await;
        let log = log.to_string();
        assert!(log.contains("tried once more, with initialize"), "{log}");

        restarted(&mut gateway).await;
        echo(&gateway).await;
        assert_eq!((journal.starts(), times(&journal, DISCOVER)), (3, 1));
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_to_the_probe_is_greeted_in_a_new_process() {
    // The second one would answer `initialize` with -32022 where it had heard the probe.
    for silent in [
        json!({"probe": "silent"}),
        json!({"era": "lock", "probe": "late"}),
    ] {
        let server = json!({"callTimeout": 4000});
        let gateway = setup()
            .fake_with("fake", echoing(&silent), server)
            .start()
            .await;
        echo(&gateway).await;
        let journal = gateway.journal("fake");
        assert_eq!((journal.starts(), times(&journal, INITIALIZE)), (2, 1));
        assert_eq!(gateway.server_status("fake").await["era"], "legacy");
    }
}

#[tokio::test]
async fn a_modern_server_is_spoken_to_in_its_own_way() {
    let era = json!({"era": "modern"});
    let mut gateway = setup().fake("fake", echoing(&era)).start().await;
    let seen = echo(&gateway).await;
    assert!(seen.contains(r#""io.modelcontextprotocol/protocolVersion":"2026-07-28""#));
    assert!(seen.contains(r#""arguments":{"n":1.0}"#), "{seen}");
    assert_eq!(gateway.server_status("fake").await["era"], "modern");
    restarted(&mut gateway).await;
    echo(&gateway).await;
    let journal = gateway.journal("fake");
    assert_eq!((journal.starts(), times(&journal, INITIALIZE)), (2, 0));
}

#[tokio::test]
async fn a_server_that_refuses_its_own_version_the_first_time_is_asked_twice() {
    let refuse = json!({"code": -32022, "message": "no", "data": {"supported": ["2026-07-28"]}});
    let once = json!({"era": "modern", "on": {DISCOVER: [{"error": refuse}]}});
    let gateway = setup().fake("fake", echoing(&once)).start().await;
    let status = gateway.await_state("fake", "failing").await;
    assert!(status["error"].to_string().contains("2026-07-28"));
    let journal = gateway.journal("fake");
    // Twice and no more; nothing else was tried on a server that says what it speaks.
    assert_eq!(times(&journal, DISCOVER) % 2, 0);
    assert_eq!(times(&journal, INITIALIZE), 0);
}

#[tokio::test]
async fn a_verdict_is_forgotten_where_the_server_has_become_another_one() {
    let setup = setup();
    let script = setup.path("fake.script.json");
    let write = |era: &str| {
        let text = echoing(&json!({"era": era})).to_string();
        std::fs::write(&script, text).expect("the script is written");
    };
    let mut gateway = setup.fake("fake", echoing(&json!({}))).start().await;
    for era in ["legacy", "modern", "legacy", "lock"] {
        write(era);
        restarted(&mut gateway).await;
        echo(&gateway).await;
        // A server that speaks both is spoken to as before.
        let expected = if era == "lock" { "legacy" } else { era };
        until(&format!("it is {expected}"), async || {
            let spoken = gateway.server_status("fake").await["era"].clone();
            (spoken == expected).then_some(())
        })
        .await;
    }
}

/// Waits until it is spoken to in this era.
async fn spoken(gateway: &Gateway, era: &str) {
    until(&format!("it is {era}"), async || {
        let status = gateway.server_status("fake").await;
        (status["era"] == era && status["state"] == "ready").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_server_that_ends_on_the_handshake_it_knew_before_is_probed_anew() {
    let setup = setup();
    let script = setup.path("fake.script.json");
    let mut gateway = setup.fake("fake", echoing(&json!({}))).start().await;
    spoken(&gateway, "legacy").await;
    let updated = json!({"era": "modern", "on": {INITIALIZE: [{"crash": 4}]}});
    std::fs::write(&script, echoing(&updated).to_string()).expect("it is updated");
    restarted(&mut gateway).await;
    // Whoever calls wakes it.
    gateway.client().await.tool("fake_echo", "{}").await;
    spoken(&gateway, "modern").await;
    echo(&gateway).await;
}

#[tokio::test]
async fn a_restart_by_hand_finds_out_the_era_anew() {
    let setup = setup();
    let script = setup.path("fake.script.json");
    let gateway = setup.fake("fake", echoing(&json!({}))).start().await;
    spoken(&gateway, "legacy").await;
    let updated = json!({"era": "both"});
    std::fs::write(&script, echoing(&updated).to_string()).expect("it is updated");
    assert!(gateway.api().restart("fake").await.status < 300);
    spoken(&gateway, "modern").await;
    echo(&gateway).await;
}

#[tokio::test]
async fn the_file_says_which_era_is_spoken() {
    let start = async |era: &str, protocol: &str| {
        let server = json!({"protocol": protocol});
        let script = echoing(&json!({"era": era}));
        setup().fake_with("fake", script, server).start().await
    };
    for (protocol, method, other) in [
        ("legacy", INITIALIZE, DISCOVER),
        ("modern", DISCOVER, INITIALIZE),
    ] {
        let gateway = start("both", protocol).await;
        echo(&gateway).await;
        let journal = gateway.journal("fake");
        assert!(times(&journal, method) > 0, "{protocol}");
        assert_eq!(times(&journal, other), 0, "{protocol}");
        assert_eq!(gateway.server_status("fake").await["era"], protocol);
    }
    for (era, protocol) in [("modern", "legacy"), ("legacy", "modern")] {
        let gateway = start(era, protocol).await;
        let status = gateway.await_state("fake", "failing").await;
        for language in ["en", "zh"] {
            let message = status["error"]["message"][language].as_str();
            let message = message.expect("words");
            assert!(message.contains("`protocol`"), "{message}");
            assert!(message.contains("2026-07-28"), "{message}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_of_neither_era_is_not_started_without_end() {
    let refuse = json!({"code": -32022, "message": "no", "data": {"supported": ["2026-07-28"]}});
    let script = json!({"probe": "exit", "on": {INITIALIZE: [{"error": refuse}]}});
    let gateway = setup().fake("fake", script).start().await;
    let status = gateway.await_state("fake", "failing").await;
    assert!(status["error"]["message"]["en"].is_string());
    let journal = gateway.journal("fake");
    assert!(journal.starts() <= 3 * 2, "{}", journal.starts());
}

#[tokio::test]
async fn a_modern_server_is_asked_by_discover_whether_it_is_there() {
    let script = json!({"era": "modern", "tools": [
        {"name": "echo"}, {"name": "hang", "does": ["hang"]},
    ]});
    let server = json!({"callTimeout": 1500, "concurrent": true, "poolSize": 1});
    let gateway = setup().fake_with("fake", script, server).start().await;
    echo(&gateway).await;
    let journal = gateway.journal("fake");
    let before = times(&journal, DISCOVER);
    let client = gateway.client().await;
    let hung = soon("the end of the call", client.tool("fake_hang", "{}")).await;
    assert_eq!(hung.error()["code"], -32001);
    until_true("it was asked", || times(&journal, DISCOVER) > before).await;
    echo(&gateway).await;
    assert_eq!((journal.starts(), times(&journal, "ping")), (1, 0));
}

#[tokio::test]
async fn a_server_is_tried_out_in_its_own_era() {
    let gateway = setup().start().await;
    let script = echoing(&json!({"era": "modern"}));
    let form = gateway.setup().fake_form("tried", script);
    let mut trial = gateway.api().trial(&form).await;
    let mut told = Vec::new();
    while let Some(event) = soon("an event", trial.event()).await {
        told.push(String::from_utf8_lossy(&event.data).into_owned());
    }
    let told = told.join("\n");
    assert!(told.contains(r#""protocol":"2026-07-28""#), "{told}");
}
