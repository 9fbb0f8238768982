//! Servers of which there cannot be two.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Gateway, McpHttp, Setup};

use super::serial;
use crate::support::setup;

fn slow() -> Value {
    serial(json!([{"name": "slow", "does": [{"delay": 100}, "pid"]}]))
}

/// A server of which one process runs at a time: a further one finds the lock of the first
/// and does as `second` says. Every start leaves a line in `attempts`.
fn single(setup: &Setup, script: &Value, second: &str, more: Value) -> Value {
    let mut entry = setup.fake_entry("fake", script, &more);
    let (lock, attempts) = (setup.path("lock"), setup.path("attempts"));
    let command: Vec<String> = serde_json::from_value(entry["command"].clone()).expect("words");
    let start = format!(
        "echo >> '{}'; mkdir '{}' || {{ {second}; }}; exec '{}' '{}'",
        attempts.display(),
        lock.display(),
        command[0],
        command[1]
    );
    entry["command"] = json!(["sh", "-c", start]);
    entry
}

fn attempts(gateway: &Gateway) -> usize {
    let text = std::fs::read_to_string(gateway.folder().join("attempts"));
    text.unwrap_or_default().lines().count()
}

/// Three calls at a time, fifteen times: what each was answered.
async fn load(client: &McpHttp) -> Vec<String> {
    let call = async || client.tool("fake_slow", "{}").await.response();
    let mut answers = Vec::new();
    for _ in 0..15 {
        let (one, two, three) = tokio::join!(call(), call(), call());
        answers.extend([one, two, three]);
    }
    answers
}

#[tokio::test]
async fn a_copy_that_cannot_be_started_is_not_tried_without_end() {
    let setup = setup();
    let second = "echo 'the profile is in use' >&2; exit 3";
    let server = single(&setup, &slow(), second, json!({"poolSize": 4}));
    let gateway = setup.server(server).start().await;
    let client = gateway.client().await;
    let first = client.text("fake_slow", "{}").await;

    for answer in load(&client).await {
        assert!(answer.contains(&format!("\"{first}\"")), "{answer}");
    }

    assert_eq!(attempts(&gateway), 2);
    let status = gateway.await_state("fake", "degraded").await;
    let cause = status["error"]["message"]["en"].to_string();
    assert!(cause.contains("exit status: 3"), "{status:#}");
}

#[tokio::test]
async fn a_copy_that_ends_at_once_is_not_started_without_end() {
    let setup = setup();
    let hello = r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"brief","version":"1"}}}"#;
    let second = format!("read line; echo '{hello}'; exit 4");
    let server = single(&setup, &slow(), &second, json!({"poolSize": 4}));
    let gateway = setup.server(server).start().await;
    let client = gateway.client().await;
    let first = client.text("fake_slow", "{}").await;

    let mut lost = 0;
    for answer in load(&client).await {
        if answer.contains("exit status: 4") {
            lost += 1;
        } else {
            assert!(answer.contains(&format!("\"{first}\"")), "{answer}");
        }
    }

    // Once is forgiven, and others may have begun before the end of one was known.
    let attempts = attempts(&gateway);
    assert!((2..=6).contains(&attempts), "{attempts} starts");
    assert!(lost < attempts, "{lost} calls lost at {attempts} starts");
    assert_eq!(client.text("fake_slow", "{}").await, first);
}

#[tokio::test]
async fn a_session_that_gets_no_process_of_its_own_is_told_why_and_the_others_go_on() {
    let setup = setup();
    let script = json!({"tools": [{"name": "pid", "does": ["pid"]}]});
    let more = json!({"sharing": "session", "poolSize": 4});
    let server = single(
        &setup,
        &script,
        "echo 'the profile is in use' >&2; exit 3",
        more,
    );
    let gateway = setup.server(server).start().await;
    let (one, two) = (gateway.client().await, gateway.client().await);
    let first = one.text("fake_pid", "{}").await;
    let began = Instant::now();

    for _ in 0..2 {
        let error = two.tool("fake_pid", "{}").await.error();
        let message = error["message"].as_str().unwrap_or_default();
        assert!(message.contains("exit status: 3"), "{error}");
    }

    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(one.text("fake_pid", "{}").await, first);
    assert_eq!(attempts(&gateway), 2);
}
