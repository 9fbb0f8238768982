//! Clients of MCP 2026-07-28: each request describes itself.

mod admission;

use serde_json::{Value, json};
use testkit::client::McpModern;
use testkit::wait::until_true;
use wire::{MODERN, error_code, meta};

use crate::support::{setup, tools};

fn read(raw: &str) -> Value {
    serde_json::from_str(raw).expect("JSON")
}

#[tokio::test]
async fn discover_tells_what_is_behind_and_nothing_else() {
    let talkative = json!({
        "name": "talkative",
        "instructions": "Ask nicely.",
        "capabilities": {"tools": {}, "resources": {"subscribe": true}, "tasks": {"list": {}}, "experimental": {"x": {}}},
        "tools": [{"name": "echo"}],
    });
    let gateway = setup()
        .fake("one", tools(json!([])).to_string())
        .fake("two", talkative)
        .start()
        .await;
    let all = McpModern::new(&gateway.endpoint).discover().await;
    assert_eq!(all["resultType"], "complete");
    assert_eq!(all["supportedVersions"], json!([MODERN]));
    assert_eq!(
        all["capabilities"],
        json!({
            "tools": {"listChanged": true},
            "prompts": {"listChanged": true},
            "resources": {"listChanged": true, "subscribe": true},
            "completions": {},
            "logging": {},
        })
    );
    assert_eq!(all["_meta"][meta::SERVER_INFO]["name"], "mcp-gateway");
    assert!(all["ttlMs"].is_u64() && all["cacheScope"] == "private");
    assert_eq!(all["instructions"], "## two\n\nAsk nicely.");

    let own = McpModern::new(format!("{}/two/mcp", gateway.base()))
        .discover()
        .await;
    assert_eq!(
        own["capabilities"],
        json!({"tools": {}, "resources": {"subscribe": true}, "experimental": {"x": {}}})
    );
    assert_eq!(own["_meta"][meta::SERVER_INFO]["name"], "talkative");
    assert_eq!(own["instructions"], "Ask nicely.");
}

#[tokio::test]
async fn what_no_server_has_does_not_exist() {
    let script = json!({"capabilities": {"tools": {}}, "tools": [{"name": "echo"}]});
    let gateway = setup().fake("fake", script).start().await;
    let client = McpModern::new(&gateway.endpoint);
    assert_eq!(
        client.discover().await["capabilities"],
        json!({"tools": {"listChanged": true}})
    );
    client.call("tools/list", "{}").await.result();
    for method in [
        "prompts/list",
        "resources/list",
        "resources/templates/list",
        "completion/complete",
    ] {
        let answer = client.call(method, "{}").await;
        assert_eq!(answer.status, 404, "{method}: {answer:?}");
        assert_eq!(answer.error()["code"], error_code::METHOD_NOT_FOUND);
    }
    // Clients of earlier versions list whatever comes.
    let legacy = gateway.client().await;
    assert_eq!(
        legacy.call("prompts/list", "{}").await.result(),
        r#"{"prompts":[]}"#
    );
}

#[tokio::test]
async fn a_call_to_a_legacy_server_says_there_nothing_of_the_other_era() {
    let gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let client = McpModern::new(&gateway.endpoint)
        .claiming("traceparent", r#""00-a""#)
        .with_progress_token("-1");

    let answer = client.tool("fake_echo", r#"{"n":1.0}"#).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("mcp-session-id"), "");
    let result = read(&answer.result());
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["_meta"][meta::SERVER_INFO]["name"], "fake");
    let sent = read(&gateway.journal("fake").received_of("tools/call")[0]);
    let of_meta = sent["params"]["_meta"].as_object().expect("_meta");
    let keys: Vec<_> = of_meta.keys().collect();
    assert_eq!(keys.len(), 2, "{sent}");
    assert!(of_meta.contains_key("traceparent") && of_meta.contains_key("progressToken"));
}

#[tokio::test]
async fn lists_reads_prompts_and_completions_are_complete_results() {
    let script = json!({
        "tools": [{"name": "echo"}],
        "prompts": [{"name": "p"}],
        "resources": [{"uri": "x://ü", "name": "a"}],
        "templates": [{"uriTemplate": "t://{id}", "name": "t"}],
    });
    let gateway = setup().fake("fake", script).start().await;
    let client = McpModern::new(&gateway.endpoint);
    let kept = [
        ("tools/list", "{}"),
        ("prompts/list", "{}"),
        ("resources/list", "{}"),
        ("resources/templates/list", "{}"),
        ("resources/read", r#"{"uri":"x://ü"}"#),
    ];
    let others = [
        ("prompts/get", r#"{"name":"fake_p"}"#),
        (
            "completion/complete",
            r#"{"ref":{"type":"ref/prompt","name":"fake_p"},"argument":{"name":"a","value":""}}"#,
        ),
    ];
    for (method, params) in kept.into_iter().chain(others) {
        let answer = client.call(method, params).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let result = read(&answer.result());
        assert_eq!(result["resultType"], "complete", "{method}");
        assert!(result["_meta"][meta::SERVER_INFO].is_object(), "{method}");
        let is_kept = kept.contains(&(method, params));
        assert_eq!(result["ttlMs"].is_u64(), is_kept, "{method}");
        assert_eq!(result["cacheScope"].is_string(), is_kept, "{method}");
    }
}

#[tokio::test]
async fn closing_the_stream_cancels_and_a_legacy_client_leaves_without_that() {
    let script = tools(json!([
        {"name": "hang", "does": ["hang"]},
        {"name": "long", "does": [{"progress": 1}, "hang"]},
        {"name": "echo"},
    ]));
    let gateway = setup().fake("fake", script).start().await;
    let journal = gateway.journal("fake");
    let calls = |count: usize| {
        let journal = gateway.journal("fake");
        until_true("the call has arrived", move || {
            journal.received_of("tools/call").len() == count
        })
    };
    let legacy = gateway.client().await;
    tokio::select! {
        answer = legacy.tool("fake_hang", "{}") => panic!("{answer:?}"),
        () = calls(1) => {}
    }
    let client = McpModern::new(&gateway.endpoint).with_progress_token("1");
    tokio::select! {
        answer = client.tool("fake_hang", "{}") => panic!("{answer:?}"),
        () = calls(2) => {}
    }
    let cancelled = |count: usize| {
        let journal = gateway.journal("fake");
        until_true("the cancellation has arrived", move || {
            journal.received_of("notifications/cancelled").len() == count
        })
    };
    cancelled(1).await;
    let mut stream = client.stream("tools/call", r#"{"name":"fake_long"}"#).await;
    stream.message_of("notifications/progress").await;
    drop(stream);
    cancelled(2).await;

    client.tool("fake_echo", "{}").await.result();
    let called: Vec<_> = journal
        .received_of("tools/call")
        .iter()
        .map(|raw| read(raw)["id"].clone())
        .collect();
    let cancelled: Vec<_> = journal
        .received_of("notifications/cancelled")
        .iter()
        .map(|raw| read(raw)["params"]["requestId"].clone())
        .collect();
    assert_eq!(cancelled, called[1..3], "the two modern ones");
}

#[tokio::test]
async fn log_messages_come_where_they_are_asked_for() {
    let log = |level: &str| json!({"notify": {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": level, "data": level}}});
    let script =
        tools(json!([{"name": "log", "does": [log("debug"), log("error"), {"text": "ok"}]}]));
    let gateway = setup().fake("fake", script).start().await;
    let client = McpModern::new(&gateway.endpoint);
    for (client, wanted) in [
        (client.clone(), vec![]),
        (client.clone().with_log_level("error"), vec!["error"]),
        (client.with_log_level("debug"), vec!["debug", "error"]),
    ] {
        let answer = client.tool("fake_log", "{}").await;
        let levels: Vec<Value> = answer
            .messages()
            .iter()
            .filter_map(|raw| Some(read(raw)["params"].get("level")?.clone()))
            .collect();
        assert_eq!(levels, wanted, "{answer:?}");
    }
}

#[tokio::test]
async fn errors_of_servers_have_the_status_and_the_codes_of_this_version() {
    let script = json!({
        "tools": [{"name": "crash", "does": [{"crash": 1}]}],
        "on": {"x/y": [{"error": {"code": -32002, "message": "gone", "data": {"uri": "x"}}}]},
    });
    let gateway = setup().fake("fake", script).start().await;
    let client = McpModern::new(format!("{}/fake/mcp", gateway.base()));
    let gone = client.call("x/y", "{}").await;
    assert_eq!(gone.status, 200, "{gone:?}");
    assert_eq!(
        gone.error(),
        json!({"code": -32602, "message": "gone", "data": {"uri": "x"}})
    );
    let unknown = client.call("x/z", "{}").await;
    assert_eq!(unknown.status, 404, "{unknown:?}");
    let died = client.tool("crash", "{}").await;
    assert_eq!(died.error()["code"], error_code::INTERNAL_ERROR, "{died:?}");
}
