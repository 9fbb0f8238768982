//! Real servers of both eras, each called by a client of either.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use testkit::{Answer, Gateway, McpModern, Setup};

use crate::support::{new_node, official, peers, python, setup};

/// A server: its name here, the era that is found, how many tools it has at least, and a call of
/// one of them with what its answer says.
struct Real {
    config: Value,
    era: &'static str,
    tools: usize,
    call: (&'static str, Value, &'static str),
}

fn local(name: &str, command: Value) -> Value {
    json!({"name": name, "type": "local", "command": command})
}

/// A Python server that was installed beside the SDK.
pub(crate) fn of_python(name: &str, args: &[&str]) -> Value {
    let module = format!("mcp_server_{name}");
    let mut command = vec![json!(python()), json!("-m"), json!(module)];
    command.extend(args.iter().map(|arg| json!(arg)));
    local(name, command.into())
}

/// Speaks both eras, and wants a newer Node than the others. Nobody listens where it searches.
pub(crate) fn searxng() -> Value {
    let script = peers().join("node_modules/mcp-searxng/dist/cli.js");
    let mut server = local("searxng", json!([new_node(), script]));
    server["env"] = json!({"SEARXNG_URL": "http://127.0.0.1:9"});
    server
}

/// Has more tools than most clients have ever seen. Nobody listens where it asks.
fn devops() -> Value {
    let script = peers().join("node_modules/alibabacloud-devops-mcp-server/dist/index.js");
    let mut server = local("devops", json!(["node", script]));
    server["env"] = json!({
        "YUNXIAO_ACCESS_TOKEN": "none",
        "YUNXIAO_API_BASE_URL": "http://127.0.0.1:9",
    });
    server
}

/// A repository with one file that is not in it yet.
pub(crate) fn repository(folder: &Path) {
    let made = Command::new("git")
        .args(["init", "--quiet", "--initial-branch", "main"])
        .arg(folder)
        .status();
    assert!(made.is_ok_and(|status| status.success()), "git init");
    std::fs::write(folder.join("new.txt"), "new").expect("a file");
}

fn all(setup: &Setup) -> Vec<Real> {
    let files = setup.path("files");
    repository(&files);
    let folder = files.to_str().expect("UTF-8");
    let real = |config, era, tools, call| Real {
        config,
        era,
        tools,
        call,
    };
    let in_utc = &["--local-timezone=UTC"];
    let noon = json!({"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"});
    vec![
        real(
            official("everything", &["stdio"]),
            "legacy",
            13,
            ("echo", json!({"message": "héllo"}), "Echo: héllo"),
        ),
        real(
            official("filesystem", &[folder]),
            "legacy",
            14,
            ("list_directory", json!({"path": files}), "new.txt"),
        ),
        real(
            official("memory", &[]),
            "legacy",
            9,
            ("read_graph", json!({}), "entities"),
        ),
        real(
            searxng(),
            "modern",
            2,
            ("searxng_web_search", json!({"query": "x"}), "SearXNG"),
        ),
        real(
            devops(),
            "legacy",
            203,
            ("get_current_user", json!({}), "fetch failed"),
        ),
        real(
            of_python("time", in_utc),
            "modern",
            2,
            ("convert_time", noon, "+9.0h"),
        ),
        real(
            of_python("git", &[]),
            "modern",
            12,
            ("git_status", json!({"repo_path": files}), "new.txt"),
        ),
    ]
}

fn name_of(server: &Value) -> &str {
    server["name"].as_str().expect("a name")
}

/// What was answered, without what says how a modern client is to read it.
fn plain(answer: &Answer) -> Value {
    let mut response: Value = serde_json::from_str(&answer.response()).expect("JSON");
    if response.get("error").is_some() {
        return response["error"].take();
    }
    let members = response["result"].as_object_mut().expect("an object");
    let is_complete = members.shift_remove("resultType");
    assert!(is_complete.is_none_or(|it| it == "complete"));
    if let Some(meta) = members.get_mut("_meta").and_then(Value::as_object_mut) {
        meta.shift_remove(wire::meta::SERVER_INFO);
        if meta.is_empty() {
            members.shift_remove("_meta");
        }
    }
    response["result"].take()
}

#[tokio::test]
async fn legacy_servers_stand_side_by_side_and_serve_clients_of_both_eras() {
    all_serve("legacy", 4).await;
}

#[tokio::test]
async fn modern_servers_stand_side_by_side_and_serve_clients_of_both_eras() {
    all_serve("modern", 3).await;
}

async fn all_serve(era: &str, count: usize) {
    let mut setup = setup();
    let mut servers = all(&setup);
    servers.retain(|real| real.era == era);
    assert_eq!(servers.len(), count);
    for real in &servers {
        setup = setup.server(real.config.clone());
    }
    let gateway = setup.start().await;
    for real in &servers {
        let name = name_of(&real.config);
        gateway.await_any_tools(name).await;
        let status = gateway.server_status(name).await;
        assert_eq!(status["era"], real.era, "{status:#}");
    }
    let legacy = gateway.client().await;
    let modern = McpModern::new(&gateway.endpoint);
    let names = legacy.tool_names().await;
    assert_eq!(modern.tool_names().await, names);
    fine(&names);
    for real in &servers {
        let prefix = format!("{}_", name_of(&real.config));
        let there = names.iter().filter(|name| name.starts_with(&prefix));
        let count = there.count();
        assert!(count >= real.tools, "{prefix} has {count}: {names:?}");
        let (tool, arguments, said) = &real.call;
        let (tool, arguments) = (format!("{prefix}{tool}"), arguments.to_string());
        let (one, other) = tokio::join!(
            legacy.tool(&tool, &arguments),
            modern.tool(&tool, &arguments)
        );
        assert!(one.response().contains(said), "{tool}: {one:?}");
        assert_eq!(plain(&one), plain(&other), "{tool}");
    }
}

/// Every host takes these names, and none twice.
fn fine(names: &[String]) {
    let mut seen = std::collections::HashSet::new();
    for name in names {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        assert!(name.len() <= 64 && name.bytes().all(legal), "{name}");
        assert!(seen.insert(name), "{name} twice");
    }
}

#[tokio::test]
async fn two_hundred_tools_come_whole_and_in_pages_to_clients_of_both_eras() {
    let gateway = setup().server(devops()).start().await;
    gateway.await_tools("devops", 203).await;
    let whole = gateway.client().await.tool_names().await;
    assert_eq!(whole.len(), 203);
    fine(&whole);

    let mut gateway = gateway;
    paged(&mut gateway).await;
    gateway.await_tools("devops", 203).await;
    let client = gateway.client().await;
    let first: Value =
        serde_json::from_str(&client.call("tools/list", "{}").await.result()).expect("JSON");
    assert_eq!(first["tools"].as_array().map(Vec::len), Some(50));
    assert_eq!(client.tool_names().await, whole);
    let modern = McpModern::new(&gateway.endpoint);
    assert_eq!(modern.tool_names().await, whole);
}

/// Starts the gateway again with small pages.
async fn paged(gateway: &mut Gateway) {
    assert!(gateway.stop().await.success());
    gateway.setup().edit_by_hand(|text| {
        let mut config: Value = serde_json::from_str(&text).expect("JSON");
        config["limits"] = json!({"listPage": 50});
        config.to_string()
    });
    gateway.restart().await;
}

#[tokio::test]
async fn files_and_memories_are_really_written() {
    let setup = setup();
    let files = setup.path("files");
    std::fs::create_dir(&files).expect("a folder");
    let memory = setup.path("memory.jsonl");
    let mut memory_server = official("memory", &[]);
    memory_server["env"] = json!({"MEMORY_FILE_PATH": memory});
    let filesystem = official("filesystem", &[files.to_str().expect("UTF-8")]);
    let gateway = setup.server(filesystem).server(memory_server).start().await;
    gateway.await_any_tools("filesystem").await;
    gateway.await_any_tools("memory").await;
    let client = gateway.client().await;

    let path = files.join("note.txt");
    let arguments = json!({"path": path, "content": "written through the gateway"}).to_string();
    client
        .tool("filesystem_write_file", &arguments)
        .await
        .result();
    let entities = r#"{"entities":[{"name":"Ada","entityType":"person","observations":["wrote the first program"]}]}"#;
    client
        .tool("memory_create_entities", entities)
        .await
        .result();

    assert_eq!(
        std::fs::read_to_string(path).expect("the file"),
        "written through the gateway"
    );
    assert!(
        client
            .tool("memory_read_graph", "{}")
            .await
            .result()
            .contains("wrote the first program")
    );
    assert!(
        std::fs::read_to_string(memory)
            .expect("the file")
            .contains("Ada")
    );
}
