//! Tasks and skills (extensions) of several servers.

use serde_json::{Value, json};
use testkit::client::McpModern;
use testkit::wait::soon;
use wire::error_code;

use super::{qualified, read};
use crate::support::{setup, tools};

const TASKS: &str = r#"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#;

/// Every server counts its tasks from one.
fn working() -> Value {
    let done = json!({"content": [{"type": "text", "text": "done"}]});
    let task = json!({"taskStart": {"polls": 1, "result": done}});
    json!({"era": "modern", "tools": [{"name": "work", "does": [task]}]})
}

async fn started(client: &McpModern, tool: &str) -> String {
    let task = read(&client.tool(tool, "{}").await.result());
    assert_eq!(task["resultType"], "task", "{task}");
    task["taskId"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn the_tasks_of_two_servers_are_told_apart_by_their_ids() {
    let gateway = setup()
        .fake("one", working())
        .fake("two", working())
        .fake("old", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    for server in ["one", "two", "old"] {
        gateway.await_tools(server, 1).await;
    }
    let client = McpModern::new(&gateway.endpoint).with_capabilities(TASKS);
    let capabilities = &client.discover().await["capabilities"];
    assert!(capabilities["extensions"]["io.modelcontextprotocol/tasks"].is_object());
    let one = started(&client, "one_work").await;
    let two = started(&client, "two_work").await;
    assert_ne!(one, two);
    for (server, id) in [("one", &one), ("two", &two)] {
        let params = json!({"taskId": id}).to_string();
        let task = read(&client.call("tasks/get", &params).await.result());
        assert_eq!(task["taskId"], **id);
        assert_eq!(task["resultType"], "complete");
        let received = gateway.journal(server).received_of("tasks/get");
        let own = read(&received[0])["params"]["taskId"].clone();
        assert!(id.ends_with(&format!(".{}", own.as_str().expect("an id"))));
        let mut status = task["status"].clone();
        while status == "working" {
            let task = client.call("tasks/get", &params).await.result();
            status = read(&task)["status"].clone();
        }
        assert_eq!(status, "completed");
    }
    let cancelled = json!({"taskId": two}).to_string();
    client.call("tasks/cancel", &cancelled).await.result();
    assert_eq!(gateway.journal("two").received_of("tasks/cancel").len(), 1);
    assert!(
        gateway
            .journal("one")
            .received_of("tasks/cancel")
            .is_empty()
    );

    for unknown in ["task-1", "00000000.task-1", ""] {
        let params = json!({"taskId": unknown}).to_string();
        let refused = client.call("tasks/get", &params).await;
        assert_eq!(refused.error()["code"], error_code::INVALID_PARAMS);
    }

    // At the server's own endpoint its ids are its own.
    let own = McpModern::new(format!("{}/two/mcp", gateway.base())).with_capabilities(TASKS);
    let id = started(&own, "work").await;
    assert!(eras::Tag::taken_off(&id).is_none(), "{id}");
    let params = json!({"taskId": id}).to_string();
    assert_eq!(
        read(&own.call("tasks/get", &params).await.result())["taskId"],
        id
    );
}

#[tokio::test]
async fn what_becomes_of_a_task_is_told_to_who_asked_and_under_the_id_it_has_there() {
    let push = |id: &str| json!({"listenPush": {"method": "notifications/tasks", "params": {"taskId": id, "status": "completed"}}});
    let mut script = working();
    let push = json!({"name": "push", "does": [push("task-2"), push("task-1"), {"text": "ok"}]});
    script["tools"].as_array_mut().expect("tools").push(push);
    let gateway = setup()
        .fake("one", &script)
        .fake("two", &script)
        .start()
        .await;
    gateway.await_tools("one", 2).await;
    gateway.await_tools("two", 2).await;
    let client = McpModern::new(&gateway.endpoint).with_capabilities(TASKS);
    started(&client, "one_work").await;
    let task = started(&client, "two_work").await;
    let filter = json!({"taskIds": [task, "00000000.task-1"]}).to_string();
    let mut stream = client.listen(&filter).await;
    let acknowledged = read(&soon("the acknowledgment", stream.message()).await);
    assert_eq!(
        acknowledged["params"]["notifications"],
        json!({"taskIds": [task]})
    );

    client.tool("one_push", "{}").await.result();
    client.tool("two_push", "{}").await.result();

    let told = read(&soon("news of the task", stream.message()).await);
    assert_eq!(told["method"], "notifications/tasks");
    assert_eq!(told["params"]["taskId"], task);
    assert_eq!(told["params"]["status"], "completed");
}

#[tokio::test]
async fn who_does_not_know_tasks_is_told_what_is_missing() {
    let gateway = setup().fake("one", working()).start().await;
    gateway.await_tools("one", 1).await;
    let client = McpModern::new(&gateway.endpoint);
    let refused = client.call("tasks/get", r#"{"taskId":"x"}"#).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    assert_eq!(refused.error()["code"], error_code::MISSING_CAPABILITY);
    let required = &refused.error()["data"]["requiredCapabilities"];
    assert!(required["extensions"]["io.modelcontextprotocol/tasks"].is_object());

    let gateway = setup().fake("old", tools(json!([]))).start().await;
    let client = McpModern::new(&gateway.endpoint).with_capabilities(TASKS);
    let refused = client.call("tasks/get", r#"{"taskId":"x"}"#).await;
    assert_eq!(refused.status, 404, "{refused:?}");
    assert_eq!(refused.error()["code"], error_code::METHOD_NOT_FOUND);
}

#[tokio::test]
async fn skills_go_to_the_server_that_has_them() {
    let skilled = |text: &str| {
        json!({
            "era": "modern",
            "resources": [{"uri": "skill://a", "name": "a"}],
            "on": {"skills/get": [{"result": {"text": text}}], "skills/list": [{"result": {"skills": []}}]},
        })
    };
    let gateway = setup()
        .fake("one", skilled("first"))
        .fake("two", skilled("second"))
        .start()
        .await;
    let client = McpModern::new(&gateway.endpoint);
    for (uri, text) in [
        ("skill://a", "first"),
        (&qualified("two", "skill://a"), "second"),
    ] {
        let params = json!({"uri": uri}).to_string();
        let got = client.call("skills/get", &params).await.result();
        assert_eq!(read(&got)["text"], text);
    }
    for (method, params) in [
        ("skills/get", r#"{"uri":"skill://b"}"#),
        ("skills/list", "{}"),
    ] {
        let refused = client.call(method, params).await;
        assert_eq!(refused.error()["code"], error_code::METHOD_NOT_FOUND);
    }
    let own = McpModern::new(format!("{}/two/mcp", gateway.base()));
    own.call("skills/list", "{}").await.result();
}
