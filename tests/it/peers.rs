//! The official SDKs in front of the gateway, real servers behind it.

pub(crate) mod servers;

use std::ffi::OsStr;

use serde_json::{Value, json};
use testkit::Gateway;

use crate::support::{BRIDGE, fixture, official, peers, python, setup};

/// The official server of the legacy era, and that of the conformance suite in the modern one.
async fn everything() -> Gateway {
    let gateway = setup()
        .server(official("everything", &["stdio"]))
        .server(fixture("fixture", "modern"))
        .start()
        .await;
    // On a busy machine node needs longer than a first list waits.
    for (server, era) in [("everything", "legacy"), ("fixture", "modern")] {
        gateway.await_any_tools(server).await;
        assert_eq!(gateway.server_status(server).await["era"], era);
    }
    gateway
}

async fn report(
    gateway: &Gateway,
    program: impl AsRef<OsStr>,
    script: &str,
    args: &[&str],
) -> Value {
    let mut command = gateway.setup().command(program);
    command.arg(peers().join(script)).args(args).args([
        "--prefix",
        "everything_",
        "--fixture",
        "fixture_",
    ]);
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
    assert!(tools.contains(&"fixture_test_simple_text"), "{tools:?}");
    assert_eq!(report["echo"], "Echo: héllo 世界");
    has("sum", "42");
    assert_eq!(report["structured"]["humidity"], 82);
    assert_eq!(report["image"], json!(["text", "image", "text"]));
    has("long", "completed");
    reported(&report["progress"], &[1.0, 2.0, 3.0, 4.0]);
    has("prompt", "Paris");
    assert_eq!(report["completion"], json!(["Engineering"]));
    has("readDynamic", "Resource 7");
    assert_eq!(report["resources"].as_array().map(Vec::len), Some(10));
    assert_eq!(report["templates"].as_array().map(Vec::len), Some(3));
    assert_eq!(report["concurrent"], true);
    assert_eq!(report["updated"], true);

    let beyond = &report["fixture"];
    assert_eq!(
        beyond["text"],
        "This is a simple text response for testing."
    );
    assert_eq!(beyond["failed"], true);
    reported(&beyond["progress"], &[0.0, 50.0, 100.0]);
    assert_eq!(beyond["logged"], "info");
    assert_eq!(
        (&beyond["added"], &beyond["removed"]),
        (&json!(true), &json!(false))
    );
}

/// The TypeScript SDK forgets a token with the answer, so the last report may be lost inside it
/// when both arrive together.
fn reported(progress: &Value, wanted: &[f64]) {
    let steps: Option<Vec<f64>> = progress
        .as_array()
        .and_then(|steps| steps.iter().map(Value::as_f64).collect());
    let steps = steps.unwrap_or_else(|| panic!("no progress: {progress}"));
    assert!(steps.len() + 1 >= wanted.len(), "{steps:?}");
    assert_eq!(steps[..], wanted[..steps.len()]);
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
    let beyond = &report["fixture"];
    let form = "elicitation/create";
    assert_eq!(
        beyond["asked"],
        json!(["sampling/createMessage", form, form, form])
    );
    assert_eq!(beyond["sampling"], "LLM response: sampled here");
    assert!(
        beyond["elicitation"]
            .as_str()
            .is_some_and(|text| text.contains("ada@example.com")),
        "{beyond:#}"
    );
    assert_eq!(beyond["rounds"], "Ada Lovelace likes blue.");
}

fn check_legacy(report: &Value) {
    check_with_questions(report);
    assert_eq!(report["modern"], false);
    assert!(report["logged"].is_string());
}

fn check_modern(report: &Value) {
    check_with_questions(report);
    assert_eq!(report["modern"], true, "{report:#}");
}

/// How a client reaches the gateway.
#[derive(Clone, Copy)]
enum Way {
    Http,
    Sse,
    Bridge,
    /// Through `mcp-remote`, which speaks HTTP for clients that cannot.
    Remote,
}

/// Does everything as one of the SDKs, by one way, with more arguments.
async fn does_everything(script: &str, way: Way, more: &[&str]) -> Value {
    let gateway = everything().await;
    let sse = format!("{}/sse", gateway.base());
    let remote = peers().join("node_modules/mcp-remote/dist/proxy.js");
    let remote = remote.to_str().expect("UTF-8");
    let mut args = match way {
        Way::Http => vec!["http", &*gateway.endpoint],
        Way::Sse => vec!["sse", &*sse],
        Way::Bridge => vec!["stdio", BRIDGE, &*gateway.endpoint],
        Way::Remote => vec!["stdio", "node", remote, &*gateway.endpoint],
    };
    args.extend(more);
    let program = match script.ends_with(".py") {
        true => python(),
        false => "node".into(),
    };
    report(&gateway, program, script, &args).await
}

#[tokio::test]
async fn the_typescript_sdk_does_everything_over_streamable_http() {
    let report = does_everything("ts-client.mjs", Way::Http, &[]).await;
    check_legacy(&report);
    assert_eq!(report["errors"], json!([]));
    check_refusals(&report);
}

/// What both TypeScript SDKs tell of calls that fail or are given up.
fn check_refusals(report: &Value) {
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
    check_legacy(&does_everything("ts-client.mjs", Way::Sse, &[]).await);
}

#[tokio::test]
async fn the_typescript_sdk_does_everything_through_the_bridge() {
    check_legacy(&does_everything("ts-client.mjs", Way::Bridge, &[]).await);
}

#[tokio::test]
async fn the_typescript_sdk_does_everything_through_mcp_remote() {
    check_legacy(&does_everything("ts-client.mjs", Way::Remote, &[]).await);
}

async fn as_second_typescript(way: Way, mode: &str) -> Value {
    let report = does_everything("ts2-client.mjs", way, &["--mode", mode]).await;
    check_refusals(&report);
    report
}

#[tokio::test]
async fn the_second_typescript_sdk_does_everything_in_the_legacy_era() {
    check_legacy(&as_second_typescript(Way::Http, "legacy").await);
}

#[tokio::test]
async fn the_second_typescript_sdk_finds_the_modern_era_by_itself() {
    check_modern(&as_second_typescript(Way::Http, "auto").await);
}

#[tokio::test]
async fn the_second_typescript_sdk_insists_on_the_modern_era() {
    check_modern(&as_second_typescript(Way::Http, wire::MODERN).await);
}

#[tokio::test]
async fn the_second_typescript_sdk_finds_the_modern_era_through_the_bridge() {
    check_modern(&as_second_typescript(Way::Bridge, "auto").await);
}

#[tokio::test]
async fn the_second_typescript_sdk_insists_on_the_modern_era_through_the_bridge() {
    check_modern(&as_second_typescript(Way::Bridge, wire::MODERN).await);
}

#[tokio::test]
async fn a_client_that_answers_no_questions_gets_a_refusal_on_its_behalf() {
    let gateway = everything().await;
    let args = ["http", &gateway.endpoint, "--mute"];
    let report = report(&gateway, "node", "ts-client.mjs", &args).await;
    check(&report);
    assert_eq!(report["fixture"]["asked"], json!([]));
    assert_eq!(report["asked"], json!([]));
    let refused = &report["samplingRefused"];
    assert!(
        refused["isError"] == true || refused["code"].is_number(),
        "{refused}"
    );
}

async fn as_python(way: Way, mode: &str) -> Value {
    does_everything("py-client.py", way, &["--mode", mode]).await
}

#[tokio::test]
async fn the_python_sdk_does_everything_over_streamable_http() {
    check_legacy(&as_python(Way::Http, "legacy").await);
}

#[tokio::test]
async fn the_python_sdk_does_everything_over_http_sse() {
    check_legacy(&as_python(Way::Sse, "legacy").await);
}

#[tokio::test]
async fn the_python_sdk_does_everything_through_the_bridge() {
    check_legacy(&as_python(Way::Bridge, "legacy").await);
}

#[tokio::test]
async fn the_python_sdk_finds_the_modern_era_by_itself() {
    check_modern(&as_python(Way::Http, "auto").await);
}

#[tokio::test]
async fn the_python_sdk_adopts_the_modern_era_unasked() {
    check_modern(&as_python(Way::Http, wire::MODERN).await);
}

#[tokio::test]
async fn the_python_sdk_finds_the_modern_era_through_the_bridge() {
    check_modern(&as_python(Way::Bridge, "auto").await);
}
