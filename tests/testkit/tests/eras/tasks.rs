//! Calls that go on after their answer.

use serde_json::json;
use testkit::McpModern;
use testkit::client::member;

use crate::{modern, refusal, setup};

#[tokio::test]
async fn a_task_works_asks_and_ends() {
    let setup = setup();
    let script = r#"{"era": "modern", "tools": [{"name": "long", "does": [{"taskStart": {
        "id": "t\/1", "requests": {"q": {"method": "roots/list"}}}}]},
        {"name": "told", "does": [{"listenPush": {"method": "notifications/tasks", "params": {"taskId": "t/1"}}}, "echo"]}]}"#;
    let (fake, client) = modern(&setup, script);
    let discovered = client.discover().await;
    assert_eq!(
        discovered["capabilities"]["extensions"],
        json!({"io.modelcontextprotocol/tasks": {}})
    );

    let started = client.tool("long", "{}").await.result();
    assert_eq!(member(&started, "resultType"), r#""task""#);
    assert_eq!(member(&started, "taskId"), r#""t\/1""#);
    let task = r#"{"taskId":"t/1"}"#;
    let status = async || {
        let found = client.call("tasks/get", task).await.result();
        assert_eq!(member(&found, "resultType"), r#""complete""#);
        (member(&found, "status"), found)
    };
    assert_eq!(status().await.0, r#""working""#);
    let (asking, found) = status().await;
    assert_eq!(asking, r#""input_required""#);
    assert_eq!(
        member(&found, "inputRequests"),
        r#"{"q": {"method": "roots/list"}}"#
    );
    let update = r#"{"taskId":"t/1","inputResponses":{"q":{"roots":[ ]}}}"#;
    client.call("tasks/update", update).await.result();
    let (ended, found) = status().await;
    assert_eq!(ended, r#""completed""#);
    assert!(found.contains(r#""structuredContent":{"inputResponses":{"q":{"roots":[ ]}}}"#));

    let mut listen = client.listen(r#"{"taskIds":["t/1"]}"#).await;
    client.tool("told", "{}").await;
    let told = listen.message_of("notifications/tasks").await;
    assert_eq!(told["params"]["taskId"], "t/1");
    client.call("tasks/cancel", task).await.result();
    assert_eq!(status().await.0, r#""cancelled""#);
    assert_eq!(fake.journal().mirrored_of("tasks/cancel")[0]["name"], "t/1");
    let unknown = client.call("tasks/get", r#"{"taskId":"none"}"#).await;
    assert_eq!(refusal(&unknown), (200, json!(-32602)));
}

#[tokio::test]
async fn who_does_not_know_tasks_gets_none() {
    let setup = setup();
    let script = json!({"era": "modern", "tools": [{"name": "long", "does": [{"taskStart": {}}]}]});
    let (_fake, client) = modern(&setup, &script);
    let plain = McpModern::new(&client.url);

    let refused = plain.tool("long", "{}").await;
    assert_eq!(refusal(&refused), (400, json!(-32021)));
    assert_eq!(
        refused.error()["data"]["requiredCapabilities"],
        json!({"extensions": {"io.modelcontextprotocol/tasks": {}}})
    );
    for (method, params) in [
        ("tasks/get", r#"{"taskId":"task-1"}"#),
        (
            "subscriptions/listen",
            r#"{"notifications":{"taskIds":["task-1"]}}"#,
        ),
    ] {
        assert_eq!(
            refusal(&plain.call(method, params).await),
            (400, json!(-32021)),
            "{method}"
        );
    }
}
