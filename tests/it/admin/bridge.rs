//! The stdio bridge for clients that start a program.

use serde_json::{Value, json};
use testkit::{Gateway, Setup};

use crate::support::{BRIDGE, StdioClient, setup, tools};

const TRY: &str = "/api/bridge/try";

async fn with(setup: Setup) -> Gateway {
    let gateway = setup
        .fake("fake", tools(json!([{"name": "echo"}, {"name": "other"}])))
        .start()
        .await;
    gateway.await_tools("fake", 2).await;
    gateway
}

#[tokio::test]
async fn the_entry_for_claude_desktop_works_as_it_is() {
    let gateway = with(setup()).await;
    let info = gateway.api().json("/api/bridge").await;
    assert_eq!(info["url"], gateway.endpoint);
    assert_eq!(info["command"], BRIDGE);
    let file = gateway
        .folder()
        .join("home/.config/Claude/claude_desktop_config.json");
    assert_eq!(info["configFile"], file.to_str().expect("UTF-8"));
    let entry: Value = serde_json::from_str(info["entry"].as_str().expect("a text")).expect("JSON");
    let servers = entry["mcpServers"].as_object().expect("servers");
    let (_, server) = servers.iter().next().expect("one");
    let args: Vec<_> = server["args"]
        .as_array()
        .expect("arguments")
        .iter()
        .filter_map(Value::as_str)
        .collect();

    let program = server["command"].as_str().expect("a program");
    let mut client = StdioClient::start(gateway.setup(), program, &args);
    client.greet().await;
    client
        .send(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#)
        .await;

    assert_eq!(
        client.response(1).await["result"]["tools"][0]["name"],
        "fake_echo"
    );
    client.leave().await;
}

#[tokio::test]
async fn a_try_shows_the_tools_that_it_sees() {
    let gateway = with(setup()).await;
    let answer = gateway.api().bare("POST", TRY).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let seen = answer.json();
    assert_eq!(seen["tools"], json!(["fake_echo", "fake_other"]));
    assert!(
        seen["took"].as_u64() < Some(10_000) && seen["stderr"].is_string(),
        "{seen}"
    );
    let bridges = gateway
        .processes()
        .into_iter()
        .filter(|(_, command)| command.contains("mcp-stdio-bridge"));
    assert_eq!(bridges.count(), 0, "it has left");
    let health = gateway.raw().get("/health").await.json();
    assert_eq!(health["sessions"], 0, "and so has its session: {health:#}");
}

#[tokio::test]
async fn a_gateway_that_wants_its_token_is_tried_with_it() {
    let strict = json!({"requireToken": true});
    let gateway = with(setup().config("gateway", strict)).await;
    assert_eq!(gateway.raw().post("{}").await.status, 401);
    let answer = gateway.api().bare("POST", TRY).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["tools"], json!(["fake_echo", "fake_other"]));
    assert!(!answer.body.contains(&gateway.admin_token()));
}

#[tokio::test]
async fn a_try_without_any_server_sees_no_tools() {
    let gateway = setup().start().await;
    let answer = gateway.api().bare("POST", TRY).await;
    assert_eq!(answer.json()["tools"], json!([]), "{answer:?}");
}

#[tokio::test]
async fn a_bridge_that_is_not_installed_is_missed_in_words() {
    let folder = setup();
    let alone = folder.path("mcp-gateway");
    std::fs::copy(env!("CARGO_BIN_EXE_mcp-gateway"), &alone).expect("copied");
    let gateway = Setup::new(alone).start().await;
    let info = gateway.api().json("/api/bridge").await;
    assert_eq!(info["command"], Value::Null);
    assert!(
        info["entry"]
            .as_str()
            .is_some_and(|entry| entry.contains("mcp-stdio-bridge"))
    );
    let problem = gateway.api().bare("POST", TRY).await.problem(501);
    assert_eq!(problem["code"], "unsupported");
    assert!(problem["remedy"]["zh"].is_string(), "{problem:#}");
}

#[tokio::test]
async fn a_bridge_that_does_not_work_is_said_to_fail_with_its_words() {
    let folder = setup();
    std::fs::copy(
        env!("CARGO_BIN_EXE_mcp-gateway"),
        folder.path("mcp-gateway"),
    )
    .expect("copied");
    let bridge = folder.path("mcp-stdio-bridge");
    std::fs::write(&bridge, "#!/bin/sh\necho broken in two >&2\nexit 3\n").expect("written");
    std::fs::set_permissions(&bridge, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("chmod");
    let gateway = Setup::new(folder.path("mcp-gateway")).start().await;
    let problem = gateway.api().bare("POST", TRY).await.problem(500);
    assert_eq!(problem["code"], "failed");
    assert!(
        problem["message"]["en"]
            .as_str()
            .is_some_and(|text| text.contains("broken in two")),
        "{problem:#}"
    );
}
