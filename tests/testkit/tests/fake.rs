//! The fake server does what its script says: a test is only as good as its props.

use serde_json::json;
use testkit::{HttpFake, McpHttp, Setup};

fn setup() -> Setup {
    Setup::new("no gateway is started here")
}

#[tokio::test]
async fn it_echoes_params_byte_for_byte_and_journals_them() {
    let setup = setup();
    let fake = HttpFake::start(&setup, "fake", &json!({"tools": [{"name": "echo"}]}));
    let client = McpHttp::connect(&fake.url, "{}").await;

    let arguments = r#"{"b":1.0, "a":1E+2,"n":123456789012345678901234567890}"#;
    let result = client.tool("echo", arguments).await.result();

    assert_eq!(
        result,
        format!(
            r#"{{"content":[],"structuredContent":{{"name":"echo","arguments":{arguments}}}}}"#
        )
    );
    assert!(fake.journal().received_of("tools/call")[0].contains(arguments));
    assert_eq!(fake.journal().alive().len(), 1);
}

#[tokio::test]
async fn it_asks_reports_progress_and_pages_its_lists() {
    let setup = setup();
    let script = json!({
        "pageSize": 1,
        "http": {"sse": true, "pretty": true},
        "tools": [
            {"name": "ask", "does": [{"progress": 2}, {"ask": {"method": "roots/list"}}, "asked"]},
            {"name": "two"},
        ],
    });
    let fake = HttpFake::start(&setup, "fake", &script);
    let client = McpHttp::connect(&fake.url, "{}").await;
    assert_eq!(client.tool_names().await, ["ask", "two"]);

    let request = client.request(
        "tools/call",
        r#"{"name":"ask","_meta":{"progressToken":"t"}}"#,
    );
    let mut stream = client.post_stream(request).await;
    let progress = stream.message_of("notifications/progress").await;
    assert_eq!(progress["params"]["progressToken"], "t");
    let question = stream.message_of("roots/list").await;
    client.answer(&question["id"], r#"{"roots":[]}"#).await;

    assert!(stream.response().await.contains(r#""result":{"roots":[]}"#));
}

#[tokio::test]
async fn its_sessions_can_be_forgotten_and_its_pushes_reach_the_get_stream() {
    let setup = setup();
    let script = json!({
        "tools": [
            {"name": "forget", "does": ["forgetSessions", {"text": "gone"}]},
            {"name": "push", "does": [{"push": {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}}, {"text": "pushed"}]},
        ],
    });
    let fake = HttpFake::start(&setup, "fake", &script);
    let client = McpHttp::connect(&fake.url, "{}").await;
    let mut stream = client.listen().await;

    assert_eq!(client.text("push", "{}").await, "pushed");
    stream.message_of("notifications/tools/list_changed").await;
    assert_eq!(client.text("forget", "{}").await, "gone");

    assert_eq!(client.tool("push", "{}").await.status, 404);
}

#[tokio::test]
async fn it_lingers_after_the_end_of_its_input() {
    let setup = setup();
    let path = setup.path("fake.script.json");
    std::fs::write(&path, json!({"lingerMs": 200}).to_string()).expect("written");
    let mut command = setup.command(testkit::programs::fake_server());
    command
        .arg(path)
        .env("FAKE_JOURNAL", setup.path("fake.journal"));
    let began = std::time::Instant::now();

    let ended = testkit::run(command).await;

    assert!(ended.status.success(), "{ended:?}");
    assert!(began.elapsed() >= std::time::Duration::from_millis(200));
    assert_eq!(setup.journal("fake").most_at_once(), 1);
}
