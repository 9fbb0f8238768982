//! What a change must never lead to.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::wait::until_true;

use super::{InFlight, open_gate, process, worker};
use crate::support::{setup, tools};

#[tokio::test]
async fn a_gateway_that_lists_itself_says_so_and_does_not_grow() {
    let gateway = setup()
        .fake("files", tools(json!([{"name": "read"}])))
        .start()
        .await;
    gateway.await_tools("files", 1).await;
    let itself =
        json!({"name": "itself", "kind": "remote", "url": format!("{}/mcp", gateway.base())});
    gateway.api().add(&itself).await.saved();
    let status = gateway.await_state("itself", "failing").await;
    let why = status["error"]["message"]["en"].as_str().expect("words");
    assert!(why.contains("leads back to this gateway"), "{why}");
    let client = gateway.client().await;
    assert_eq!(client.tool_names().await, ["files_read"]);
}

#[tokio::test]
async fn a_key_that_a_server_prints_is_shown_nowhere() {
    let script = "echo \"fatal: bad key $API_KEY\" >&2; exit 1";
    let gateway = setup()
        .server(json!({
            "name": "leaky",
            "command": ["sh", "-c", script],
            "env": {"API_KEY": "s3cr3t-0123456789"},
        }))
        .start()
        .await;
    let status = gateway.await_state("leaky", "failing").await.to_string();
    assert!(status.contains("fatal: bad key …"), "{status}");
    let mut log = gateway.api().log("leaky").await;
    let lines = log.named("lines").await.to_string();
    for text in [
        status,
        lines,
        gateway.stderr(),
        gateway.status().await.to_string(),
    ] {
        assert!(!text.contains("s3cr3t"), "{text}");
    }
}

#[tokio::test]
async fn nothing_is_given_up_for_a_file_that_is_gone() {
    let gateway = setup()
        .fake("files", tools(json!([{"name": "read"}])))
        .start()
        .await;
    gateway.await_tools("files", 1).await;
    let before = gateway.status().await;
    let path = before["configPath"].as_str().expect("a path").to_owned();
    std::fs::rename(&path, format!("{path}.away")).expect("moved");
    let answer = gateway.api().reload().await;
    assert_eq!(answer.status, 500);
    assert!(answer.body.contains("the file is gone"), "{}", answer.body);
    let after = gateway.status().await;
    assert_eq!(after["endpoint"], before["endpoint"]);
    assert_eq!(after["servers"][0]["state"], "ready");
    std::fs::rename(format!("{path}.away"), path).expect("moved back");
    gateway.api().reload().await.saved();
}

#[tokio::test]
async fn waiting_for_a_predecessor_does_not_count_as_waiting_for_a_connection() {
    let setup = setup().config("pool", json!({"acquireTimeout": 300}));
    let script = worker(&setup, "one");
    let gateway = setup.fake("one", script).start().await;
    gateway.await_tools("one", 3).await;
    let before = process(&gateway, "one");
    let call = InFlight::begin(&gateway, "one", "wait").await;
    let edit = |form: &mut Value| form["callTimeout"] = json!(60_000);
    gateway.api().edit("one", edit).await.saved();
    let client = gateway.client().await;
    let next = tokio::spawn(async move { client.text("one_pid", "{}").await });
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert!(!next.is_finished(), "the former process still works");
    open_gate(&gateway, "one");
    assert_eq!(call.text().await, "finished");
    let pid = testkit::wait::soon("the answer", next).await;
    assert_ne!(pid.expect("no panic"), before.to_string());
    until_true("one process is left", || {
        gateway.journal("one").alive().len() == 1
    })
    .await;
}
