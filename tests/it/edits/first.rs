//! The first server of somebody who has no configuration yet.

use serde_json::{Value, json};
use testkit::admin::local;
use testkit::wait::{until, until_true};
use testkit::{Gateway, Setup};

use super::{listing, mode};
use crate::support::{official, setup, tools};

/// A user who has just installed the gateway.
fn fresh() -> Setup {
    setup().without_file()
}

async fn begun() -> Gateway {
    let gateway = fresh().start().await;
    gateway.await_any_tools("demo").await;
    gateway
}

#[tokio::test]
async fn it_makes_the_file_and_its_tools_reach_who_is_connected() {
    let gateway = begun().await;
    let (api, client) = (gateway.api(), gateway.client().await);
    let mut stream = client.listen().await;
    let demo = client.tool_names().await;
    assert!(
        demo.iter().all(|name| name.starts_with("demo_")),
        "{demo:?}"
    );
    let status = api.status().await;
    assert_eq!(
        (&status["configPath"], &status["revision"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(status["servers"][0]["builtIn"], true);

    let form = gateway
        .setup()
        .fake_form("files", tools(json!([{"name": "echo"}])));
    let saved = api.add(&form).await.saved();

    let path = gateway
        .folder()
        .join("home/.config/mcp-gateway/config.json");
    assert_eq!(saved["path"], path.to_str().expect("UTF-8"));
    assert_eq!(mode(&path), 0o600);
    let text = std::fs::read_to_string(&path).expect("the file");
    assert!(
        text.contains("// The MCP servers behind the gateway."),
        "{text}"
    );
    stream.message_of("notifications/tools/list_changed").await;
    until("the new tool is listed and the demo is gone", async || {
        (client.tool_names().await == ["files_echo"]).then_some(())
    })
    .await;
    client.tool("files_echo", "{}").await.result();
    let status = api.status().await;
    assert_eq!(status["configPath"], saved["path"]);
    assert_eq!(status["revision"], saved["revision"]);
    assert_eq!(
        status["servers"].as_array().map(Vec::len),
        Some(1),
        "{status:#}"
    );
    assert_eq!(status["servers"][0]["builtIn"], false);
    until_true("the demo's process is gone", || {
        let processes = gateway.processes();
        !processes
            .iter()
            .any(|(_, command)| command.contains("demo-server"))
    })
    .await;
}

#[tokio::test]
async fn the_next_start_finds_it() {
    let mut gateway = begun().await;
    let form = gateway
        .setup()
        .fake_form("files", tools(json!([{"name": "echo"}])));
    let saved = gateway.api().add(&form).await.saved();
    assert!(gateway.stop().await.success());

    gateway.restart().await;

    assert_eq!(gateway.client().await.tool_names().await, ["files_echo"]);
    assert_eq!(gateway.status().await["revision"], saved["revision"]);
}

#[tokio::test]
async fn a_real_server_is_added_and_used() {
    let gateway = begun().await;
    let memory = official("memory", &[]);
    let mut form = testkit::admin::form_of(&memory);
    let store = gateway.folder().join("memory.jsonl");
    form["env"] = json!([{"name": "MEMORY_FILE_PATH", "value": store}]);
    form["description"] = json!("What my assistant remembers — 记忆");

    gateway.api().add(&form).await.saved();

    gateway.await_any_tools("memory").await;
    let client = gateway.client().await;
    let entities = r#"{"entities":[{"name":"x","entityType":"y","observations":[]}]}"#;
    client
        .tool("memory_create_entities", entities)
        .await
        .result();
    assert!(store.exists(), "its variable has reached it");
    let detail = gateway.api().detail("memory").await;
    assert_eq!(detail["form"]["description"], form["description"]);
    assert_eq!(
        detail["defaults"],
        json!({"callTimeout": 300_000, "poolSize": 1, "prefix": "memory"})
    );
}

#[tokio::test]
async fn what_cannot_be_used_leaves_no_file_behind() {
    let gateway = begun().await;
    let answer = gateway.api().add(&local("api", &[])).await;
    let mut fields = answer.fields();
    fields.sort();
    assert_eq!(fields, ["command", "name"]);
    assert_eq!(
        listing(&gateway.folder().join("home/.config/mcp-gateway")).len(),
        0
    );
    let status = gateway.status().await;
    assert_eq!(status["configPath"], Value::Null);
    assert_eq!(status["servers"][0]["state"], "ready", "the demo goes on");
}

#[tokio::test]
async fn the_built_in_server_cannot_be_edited_but_started_anew() {
    let gateway = begun().await;
    let api = gateway.api();
    let detail = api.detail("demo").await;
    for answer in [
        api.put("demo", &Value::Null, &detail["form"]).await,
        api.enable("demo", false).await,
        api.remove("demo").await,
        api.set_tool("demo", &json!({"tool": "demo_echo", "on": false}))
            .await,
    ] {
        let problem = answer.problem(answer.status);
        assert_eq!(problem["code"], "unsupported", "{problem:#}");
        assert!(problem["remedy"]["zh"].is_string(), "{problem:#}");
    }
    assert_eq!(
        listing(&gateway.folder().join("home/.config/mcp-gateway")).len(),
        0
    );
    assert_eq!(api.restart("demo").await.status, 200);
    gateway.await_any_tools("demo").await;
    assert!(!gateway.client().await.tool_names().await.is_empty());
}

#[tokio::test]
async fn a_file_that_somebody_wrote_meanwhile_is_added_to() {
    let gateway = begun().await;
    let folder = gateway.folder().join("home/.config/mcp-gateway");
    std::fs::create_dir_all(&folder).expect("a folder");
    let own = gateway
        .setup()
        .fake_entry("own", tools(json!([{"name": "echo"}])), &json!({}));
    let text = format!("{{ // mine\n\"servers\": [{own}] }}\n");
    std::fs::write(folder.join("config.json"), &text).expect("written");

    let form = gateway
        .setup()
        .fake_form("files", tools(json!([{"name": "echo"}])));
    gateway.api().add(&form).await.saved();

    let after = std::fs::read_to_string(folder.join("config.json")).expect("the file");
    assert!(after.starts_with("{ // mine\n"), "{after}");
    let client = gateway.client().await;
    until("both are listed", async || {
        (client.tool_names().await == ["own_echo", "files_echo"]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn taking_the_first_server_back_leaves_a_file_without_servers() {
    let gateway = begun().await;
    let api = gateway.api();
    let form = gateway
        .setup()
        .fake_form("files", tools(json!([{"name": "echo"}])));
    let saved = api.add(&form).await.saved();
    api.undo(&saved).await.saved();
    assert_eq!(api.status().await["servers"], json!([]));
    let config = api.json("/api/config").await;
    let text = config["text"].as_str().expect("a text");
    assert!(text.contains("\"servers\": []"), "{text}");
    until_true("its process is gone", || {
        gateway.journal("files").alive().is_empty()
    })
    .await;
}
