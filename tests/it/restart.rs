//! The gateway goes and comes back; its clients hardly notice.

use serde_json::json;

use crate::support::{BRIDGE, StdioClient, setup, tools};

#[tokio::test]
async fn after_a_kill_and_a_restart_sessions_go_on() {
    let mut gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let client = gateway.client_with(r#"{"sampling":{}}"#).await;
    client.tool("fake_echo", "{}").await.result();

    gateway.kill();
    gateway.restart().await;

    client
        .tool("fake_echo", r#"{"still":"here"}"#)
        .await
        .result();
    assert_eq!(client.listen().await.status, 200);
}

#[tokio::test]
async fn after_a_restart_with_another_data_folder_a_session_is_unknown() {
    let mut gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let client = gateway.client().await;
    gateway.kill();
    std::fs::remove_dir_all(gateway.folder().join("data")).expect("removed");
    gateway.restart().await;
    assert_eq!(client.call("tools/list", "{}").await.status, 404);
}

#[tokio::test]
async fn the_last_catalog_is_served_at_once_after_a_restart() {
    let setup = setup();
    let gate = setup.path("gate");
    std::fs::write(&gate, "").expect("written");
    let script =
        json!({"tools": [{"name": "echo"}], "on": {"initialize": [{"gate": gate}, "default"]}});
    let mut gateway = setup.fake("fake", script).start().await;
    gateway.await_state("fake", "ready").await;
    let client = gateway.client().await;
    assert_eq!(client.tool_names().await, ["fake_echo"]);
    assert!(gateway.stop().await.success());
    std::fs::remove_file(&gate).expect("removed");

    gateway.restart().await;

    assert_eq!(
        client.tool_names().await,
        ["fake_echo"],
        "although the server has not said hello yet"
    );
    std::fs::write(&gate, "").expect("written");
    client.tool("fake_echo", "{}").await.result();
}

#[tokio::test]
async fn the_bridge_lives_through_a_restart() {
    let mut gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let mut client = StdioClient::start(gateway.setup(), BRIDGE, &[&gateway.endpoint]);
    client.greet().await;
    let call = |id: u64| {
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"fake_echo"}}}}"#
        )
    };
    client.send(&call(1)).await;
    assert!(client.response(1).await.get("result").is_some());

    gateway.kill();
    client.send(&call(2)).await;
    let refused = client.response(2).await;
    assert_eq!(refused["error"]["code"], -32000, "{refused}");
    std::fs::remove_dir_all(gateway.folder().join("data")).expect("removed");
    gateway.restart().await;

    client.send(&call(3)).await;
    assert!(
        client.response(3).await.get("result").is_some(),
        "its session was opened again unseen"
    );
    client.leave().await;
}
