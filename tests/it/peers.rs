//! The official SDKs in front of the gateway, the official servers behind it.

use std::ffi::OsStr;

use serde_json::{Value, json};
use testkit::Gateway;

use crate::support::{BRIDGE, official, peers, python, setup};

async fn everything() -> Gateway {
    let gateway = setup()
        .server(official("everything", &["stdio"]))
        .start()
        .await;
    // On a busy machine node needs longer than a first list waits.
    gateway.await_any_tools("everything").await;
    gateway
}

async fn report(
    gateway: &Gateway,
    program: impl AsRef<OsStr>,
    script: &str,
    args: &[&str],
) -> Value {
    let mut command = gateway.setup().command(program);
    command
        .arg(peers().join(script))
        .args(args)
        .args(["--prefix", "everything_"]);
    let ended = testkit::run(command).await;
    assert!(
        ended.status.success(),
        "{}\n{}\n{}",
        ended.stderr,
        ended.stdout,
        gateway.stderr()
    );
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.stdout))
}

/// What every client must have seen, whichever way it came.
fn check(report: &Value) {
    let has = |key: &str, part: &str| {
        let text = report[key]
            .as_str()
            .unwrap_or_else(|| panic!("no {key} in {report:#}"));
        assert!(text.contains(part), "{key}: {text}");
    };
    let tools: Vec<&str> = report["tools"]
        .as_array()
        .expect("tools")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(tools.contains(&"everything_echo"), "{tools:?}");
    assert!(
        tools.iter().all(|tool| tool.starts_with("everything_")),
        "{tools:?}"
    );
    assert_eq!(report["echo"], "Echo: héllo 世界");
    has("sum", "42");
    assert_eq!(report["structured"]["humidity"], 82);
    assert_eq!(report["image"], json!(["text", "image", "text"]));
    has("long", "completed");
    // The TypeScript SDK forgets a token with the answer, so the last report may
    // be lost inside it when both arrive together.
    let progress = report["progress"].as_array().expect("progress");
    assert!((3..=4).contains(&progress.len()), "{progress:?}");
    assert!(
        progress
            .iter()
            .zip(1_u64..)
            .all(|(step, expected)| step.as_f64() == Some(expected as f64)),
        "{progress:?}"
    );
    has("prompt", "Paris");
    assert_eq!(report["completion"], json!(["Engineering"]));
    has("readDynamic", "Resource 7");
    assert_eq!(report["resources"].as_array().map(Vec::len), Some(7));
    assert_eq!(report["templates"].as_array().map(Vec::len), Some(2));
    assert_eq!(report["concurrent"], true);
}

fn check_with_questions(report: &Value) {
    check(report);
    assert_eq!(
        report["asked"],
        json!(["sampling/createMessage", "elicitation/create"])
    );
    assert!(
        report["sampling"]
            .as_str()
            .is_some_and(|text| text.contains("sampled here")),
        "{report:#}"
    );
    assert!(
        report["elicitation"]
            .as_str()
            .is_some_and(|text| text.contains("Ada Lovelace")),
        "{report:#}"
    );
    assert_eq!(report["updated"], true);
    assert!(report["logged"].is_string());
}

#[tokio::test]
async fn the_typescript_sdk_does_everything_over_streamable_http() {
    let gateway = everything().await;
    let report = report(
        &gateway,
        "node",
        "ts-client.mjs",
        &["http", &gateway.endpoint],
    )
    .await;
    check_with_questions(&report);
    assert_eq!(report["errors"], json!([]));
    assert!(
        report["cancelled"]["afterMs"]
            .as_u64()
            .is_some_and(|ms| ms < 10_000),
        "{report:#}"
    );
    assert!(
        report["unknownTool"]["message"]
            .as_str()
            .is_some_and(|text| text.contains("no-such-tool")),
        "{report:#}"
    );
    assert_eq!(report["badArguments"]["isError"], true);
}

#[tokio::test]
async fn the_typescript_sdk_does_everything_over_http_sse() {
    let gateway = everything().await;
    let url = format!("{}/sse", gateway.base());
    let report = report(&gateway, "node", "ts-client.mjs", &["sse", &url]).await;
    check_with_questions(&report);
}

#[tokio::test]
async fn the_typescript_sdk_does_everything_through_the_bridge() {
    let gateway = everything().await;
    let report = report(
        &gateway,
        "node",
        "ts-client.mjs",
        &["stdio", BRIDGE, &gateway.endpoint],
    )
    .await;
    check_with_questions(&report);
}

#[tokio::test]
async fn a_client_that_answers_no_questions_gets_a_refusal_on_its_behalf() {
    let gateway = everything().await;
    let report = report(
        &gateway,
        "node",
        "ts-client.mjs",
        &["http", &gateway.endpoint, "--mute"],
    )
    .await;
    check(&report);
    assert_eq!(report["asked"], json!([]));
    let refused = &report["samplingRefused"];
    assert!(
        refused["isError"] == true || refused["code"].is_number(),
        "{refused}"
    );
}

#[tokio::test]
async fn the_python_sdk_does_everything_over_streamable_http() {
    let gateway = everything().await;
    check_with_questions(
        &report(
            &gateway,
            python(),
            "py-client.py",
            &["http", &gateway.endpoint],
        )
        .await,
    );
}

#[tokio::test]
async fn the_python_sdk_does_everything_over_http_sse() {
    let gateway = everything().await;
    let url = format!("{}/sse", gateway.base());
    check_with_questions(&report(&gateway, python(), "py-client.py", &["sse", &url]).await);
}

#[tokio::test]
async fn the_python_sdk_does_everything_through_the_bridge() {
    let gateway = everything().await;
    check_with_questions(
        &report(
            &gateway,
            python(),
            "py-client.py",
            &["stdio", BRIDGE, &gateway.endpoint],
        )
        .await,
    );
}

#[tokio::test]
async fn a_python_client_that_tries_the_modern_era_first_finds_its_way() {
    let gateway = everything().await;
    check(
        &report(
            &gateway,
            python(),
            "py-client.py",
            &["http", &gateway.endpoint, "--mode", "auto"],
        )
        .await,
    );
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

#[tokio::test]
async fn all_three_servers_stand_side_by_side() {
    let setup = setup();
    let home = setup.path("home");
    let gateway = setup
        .server(official("everything", &["stdio"]))
        .server(official("filesystem", &[home.to_str().expect("UTF-8")]))
        .server(official("memory", &[]))
        .start()
        .await;
    for server in ["everything", "filesystem", "memory"] {
        gateway.await_any_tools(server).await;
    }
    let names = gateway.client().await.tool_names().await;
    for (server, at_least) in [("everything", 13), ("filesystem", 14), ("memory", 9)] {
        let count = names
            .iter()
            .filter(|name| name.starts_with(&format!("{server}_")))
            .count();
        assert!(count >= at_least, "{server}: {count} of {names:?}");
        gateway.await_state(server, "ready").await;
    }
}
