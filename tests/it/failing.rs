//! A server that fails leaves the others untouched and says why.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::client::{McpHttp, McpModern};
use testkit::wait::{soon, until};
use wire::error_code;

use crate::support::{setup, tools};

fn explained(status: &Value) -> &Value {
    let error = &status["error"];
    for language in ["en", "zh"] {
        assert!(
            error["message"][language]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{status:#}"
        );
    }
    error
}

#[tokio::test]
async fn a_server_that_dies_at_start_says_why_with_its_last_lines() {
    let broken =
        json!({"start": {"stderr": ["reading settings", "fatal: API key missing"], "exit": 3}});
    let gateway = setup()
        .fake("broken", broken)
        .fake("sound", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let client = gateway.client().await;

    client.tool("sound_echo", "{}").await.result();
    let status = gateway.await_state("broken", "failing").await;

    let lines: Vec<&str> = explained(&status)["lastLines"]
        .as_array()
        .expect("lines")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("fatal: API key missing")),
        "{lines:?}"
    );
    assert_eq!(gateway.server_status("sound").await["state"], "ready");
    assert_eq!(client.tool_names().await, ["sound_echo"]);
    let starts = gateway.journal("broken").starts();
    assert!(starts <= 10, "it backs off: {starts} starts");
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_named_with_a_remedy() {
    let gateway = setup()
        .server(json!({"name": "missing", "type": "local", "command": ["no-such-program-anywhere", "--x"]}))
        .fake("sound", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let status = gateway.await_state("missing", "failing").await;
    let error = explained(&status);
    assert!(
        error["message"]["en"]
            .as_str()
            .is_some_and(|text| text.contains("no-such-program-anywhere")),
        "{error:#}"
    );
    assert!(
        error["remedy"]["en"].is_string() && error["remedy"]["zh"].is_string(),
        "{error:#}"
    );
    gateway
        .client()
        .await
        .tool("sound_echo", "{}")
        .await
        .result();
}

#[tokio::test]
async fn a_slow_handshake_delays_only_its_own_server() {
    let setup = setup();
    let gate = setup.path("gate");
    let slow =
        json!({"tools": [{"name": "echo"}], "on": {"initialize": [{"gate": gate}, "default"]}});
    let gateway = setup
        .fake("slow", slow)
        .fake("fast", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    gateway.await_tools("fast", 1).await;
    let client = gateway.client().await;

    let start = Instant::now();
    client.tool("fast_echo", "{}").await.result();
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(gateway.server_status("slow").await["state"], "starting");

    std::fs::write(&gate, "").expect("the gate opens");
    gateway.await_state("slow", "ready").await;
    client.tool("slow_echo", "{}").await.result();
}

#[tokio::test]
async fn a_server_that_exits_on_a_method_it_does_not_know_is_still_served() {
    let script = json!({"exitOnUnknownMethod": true, "tools": [{"name": "echo"}]});
    let gateway = setup().fake("touchy", script).start().await;
    let client = gateway.client().await;
    client.tool("touchy_echo", "{}").await.result();
}

#[tokio::test]
async fn a_server_with_nothing_but_tools_is_asked_for_nothing_else() {
    let script = json!({"capabilities": {"tools": {}}, "exitOnUnknownMethod": true, "tools": [{"name": "echo"}]});
    let gateway = setup().fake("fake", script).start().await;
    let client = gateway.client().await;
    client.tool("fake_echo", "{}").await.result();
    let prompts: Value =
        serde_json::from_str(&client.call("prompts/list", "{}").await.result()).expect("JSON");
    assert_eq!(prompts["prompts"], json!([]));
    assert!(
        gateway
            .journal("fake")
            .received_of("prompts/list")
            .is_empty()
    );
    assert!(
        gateway
            .journal("fake")
            .received_of("resources/list")
            .is_empty()
    );
}

#[tokio::test]
async fn a_server_that_is_repaired_comes_back_by_itself() {
    let setup = setup();
    let program = setup.path("program");
    let script = setup.path("late.script.json");
    std::fs::write(&script, tools(json!([{"name": "echo"}])).to_string()).expect("written");
    let gateway = setup
        .server(json!({"name": "late", "type": "local", "command": [program, script]}))
        .start()
        .await;
    gateway.await_state("late", "failing").await;

    std::os::unix::fs::symlink(
        testkit::programs::fake_server(),
        gateway.folder().join("program"),
    )
    .expect("a link");
    let client = gateway.client().await;
    until("it is served", async || {
        client
            .tool_names()
            .await
            .contains(&"late_echo".to_owned())
            .then_some(())
    })
    .await;
    client.tool("late_echo", "{}").await.result();
}

#[tokio::test]
async fn servers_that_end_as_soon_as_they_have_started_are_seen_to() {
    // Their end may be noticed before, while or after they join the pool.
    let script = r#"read line; echo '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"brief","version":"1"}}}'"#;
    let names: Vec<String> = (0..12).map(|number| format!("brief{number}")).collect();
    let mut setup = setup().fake("sound", tools(json!([{"name": "echo"}])));
    for name in &names {
        setup = setup.server(json!({"name": name, "command": ["sh", "-c", script]}));
    }
    let gateway = setup.start().await;

    for name in &names {
        explained(&gateway.await_state(name, "failing").await);
    }
    let client = gateway.client().await;
    client.tool("sound_echo", "{}").await.result();
}

#[tokio::test]
async fn a_server_that_hangs_at_its_start_delays_nobody_elses_calls() {
    let hanging = json!({"on": {"initialize": ["hang"]}});
    let gateway = setup()
        .fake("hanging", hanging)
        .fake("sound", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    gateway.await_tools("sound", 1).await;
    let client = gateway.client().await;
    client.tool("sound_echo", "{}").await.result();

    let start = Instant::now();
    client.tool("sound_echo", "{}").await.result();
    let call = r#"{"name":"sound_echo","arguments":{}}"#;
    let rest = gateway.raw().post_to("/tools/call", call).await;

    assert_eq!(rest.status, 200, "{rest:?}");
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn who_comes_before_a_server_works_learns_why_and_is_told_when_it_does() {
    let setup = setup();
    let script = setup.path("late.script.json");
    let gateway = setup
        .fake(
            "late",
            json!({"start": {"stderr": ["no licence"], "exit": 3}}),
        )
        .start()
        .await;
    gateway.await_state("late", "failing").await;
    let own = format!("{}/late/mcp", gateway.base());
    let mut listening = Vec::new();
    for url in [gateway.endpoint.clone(), own.clone()] {
        let client = McpModern::new(&url);
        let capabilities = client.discover().await["capabilities"].clone();
        assert_eq!(capabilities["tools"]["listChanged"], true, "{url}");
        let mut stream = client
            .listen(r#"{"toolsListChanged":true,"promptsListChanged":true}"#)
            .await;
        let honored = soon("the acknowledgment", stream.message()).await;
        for list in ["toolsListChanged", "promptsListChanged"] {
            assert!(honored.contains(list), "{url}: {honored}");
        }
        listening.push((client, stream));
    }
    let mut session = McpHttp::new(&own);
    let hello = session.initialize("{}", "2025-11-25").await.result();
    assert!(
        hello.contains(r#""prompts":{"listChanged":true}"#),
        "{hello}"
    );
    // At its own endpoint whose tool it is is clear; among others it may be anybody's.
    for (answer, code) in [
        (
            session.tool("echo", "{}").await,
            error_code::UPSTREAM_UNAVAILABLE,
        ),
        (
            McpModern::new(&own).tool("echo", "{}").await,
            error_code::INTERNAL_ERROR,
        ),
    ] {
        let error = answer.error();
        assert_eq!(error["code"], code, "{error}");
        let words = error["message"].to_string();
        assert!(words.contains("`late` is not available"), "{words}");
    }
    let answer = gateway.client().await.tool("late_echo", "{}").await;
    let error = answer.error();
    assert_eq!(error["code"], error_code::INVALID_PARAMS, "{error}");
    assert!(error["message"].to_string().contains("`late` is not"));

    std::fs::write(&script, tools(json!([{"name": "echo"}])).to_string()).expect("mended");
    assert!(gateway.api().restart("late").await.status < 300);

    for ((client, mut stream), name) in listening.into_iter().zip(["late_echo", "echo"]) {
        let told = soon("news", stream.message()).await;
        assert!(told.contains("notifications/tools/list_changed"), "{told}");
        assert_eq!(client.tool_names().await, [name]);
    }
}

#[tokio::test]
async fn a_call_at_the_endpoint_of_a_server_that_still_starts_waits_for_it() {
    let setup = setup();
    let gate = setup.path("gate");
    // Its first attempt fails, so that nobody waits for its lists any more.
    let script = setup.path("slow.script.json");
    let gateway = setup
        .fake("slow", json!({"start": {"exit": 3}}))
        .start()
        .await;
    gateway.await_state("slow", "failing").await;
    let slow =
        json!({"tools": [{"name": "echo"}], "on": {"initialize": [{"gate": gate}, "default"]}});
    std::fs::write(&script, slow.to_string()).expect("mended");
    assert!(gateway.api().restart("slow").await.status < 300);
    let journal = gateway.journal("slow");
    until("it is greeted", async || {
        (!journal.received_of("initialize").is_empty()).then_some(())
    })
    .await;
    let client = McpModern::new(format!("{}/slow/mcp", gateway.base()));
    let call = client.tool("echo", "{}");
    let open = async {
        // The call has come by then, or waits no longer than any that comes later.
        gateway.await_state("slow", "starting").await;
        std::fs::write(&gate, "").expect("the gate opens");
    };
    let (answer, ()) = tokio::join!(call, open);
    answer.result();
}
