//! Servers of which each session has a process of its own.

use serde_json::json;

use crate::support::{setup, tools};

#[tokio::test]
async fn a_session_that_does_nothing_makes_room_and_one_that_listens_keeps_its_process() {
    let script = tools(json!([{"name": "pid", "does": ["pid"]}]));
    let gateway = setup()
        .config("pool", json!({"idleTimeout": 300, "acquireTimeout": 5000}))
        .fake_with("fake", script, json!({"sharing": "session", "poolSize": 2}))
        .start()
        .await;
    let (listens, idle) = (gateway.client().await, gateway.client().await);
    let stream = listens.listen().await;
    let first = listens.text("fake_pid", "{}").await;
    let second = idle.text("fake_pid", "{}").await;
    assert_ne!(first, second);

    let newcomer = gateway.client().await;
    let third = newcomer.text("fake_pid", "{}").await;

    assert_ne!(third, first);
    assert_eq!(listens.text("fake_pid", "{}").await, first);
    let running = gateway.journal("fake").alive();
    let running: Vec<String> = running.iter().map(u32::to_string).collect();
    assert_eq!(running.len(), 2, "{running:?}");
    assert!(!running.contains(&second), "{second} in {running:?}");
    drop(stream);
}
