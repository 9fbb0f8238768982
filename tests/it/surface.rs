//! The other doors: HTTP+SSE, REST, health, one server's own endpoint.

use serde_json::{Value, json};
use testkit::client::member;
use testkit::wait::{until, until_true};
use testkit::{Gateway, Stream};

use crate::support::{setup, tools};

async fn gateway() -> Gateway {
    let script = tools(json!([
        {"name": "echo"},
        {"name": "fail", "does": [{"result": {"content": [{"type": "text", "text": "no luck"}], "isError": true}}]},
        {"name": "error", "does": [{"error": {"code": -32050, "message": "broken inside"}}]},
        {"name": "picture", "does": [{"result": {"content": [{"type": "image", "data": "AAAA", "mimeType": "image/png"}]}}]},
    ]));
    let gateway = setup().fake("fake", script).start().await;
    gateway.await_tools("fake", 4).await;
    gateway
}

#[tokio::test]
async fn the_older_transport_opens_with_both_first_events_and_answers_on_its_stream() {
    let gateway = gateway().await;
    let mut stream = gateway.raw().get_stream("/sse").await;
    let endpoint = stream.event().await.expect("an event");
    assert_eq!(endpoint.event.as_deref(), Some("endpoint"));
    let path = String::from_utf8(endpoint.data).expect("UTF-8");
    assert!(path.contains("/messages?sessionId="), "{path}");
    let connected = stream.event().await.expect("an event");
    assert_eq!(connected.event.as_deref(), Some("connected"));
    let id: Value = serde_json::from_slice(&connected.data).expect("JSON");
    assert!(path.ends_with(id["sessionId"].as_str().expect("an id")));

    let path = &path[path.find("/messages").unwrap_or(0)..];
    let raw = gateway.raw();
    let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    assert_eq!(raw.post_to(path, hello).await.status, 202);
    let answer: Value = serde_json::from_str(&stream.response().await).expect("JSON");
    assert_eq!(answer["result"]["protocolVersion"], "2024-11-05");
    raw.post_to(
        path,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    )
    .await;
    let call = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"fake_echo","arguments":{"n":1.0}}}"#;
    raw.post_to(path, call).await;
    assert!(stream.response().await.contains(r#""arguments":{"n":1.0}"#));
    assert_eq!(
        raw.post_to("/messages?sessionId=nobody", call).await.status,
        404
    );
}

#[tokio::test]
async fn every_version_is_negotiated_and_an_unknown_one_gets_the_newest() {
    let gateway = gateway().await;
    for (asked, given) in [
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2099-01-01", "2025-11-25"),
    ] {
        let mut client = gateway.raw();
        let answer = client.initialize("{}", asked).await.result();
        assert_eq!(member(&answer, "protocolVersion"), format!("\"{given}\""));
    }
}

#[tokio::test]
async fn a_batch_of_the_version_that_had_them_is_answered() {
    let gateway = gateway().await;
    let client = testkit::McpHttp::connect_as(&gateway.endpoint, "{}", "2025-03-26").await;
    let answer = client
        .post(r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"tools/list"},{"jsonrpc":"2.0","method":"notifications/x"}]"#)
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(
        answer.body.contains("fake_echo") && answer.body.contains(r#""id":1"#),
        "{answer:?}"
    );
}

#[tokio::test]
async fn rest_lists_and_calls() {
    let gateway = gateway().await;
    let raw = gateway.raw();
    let list = raw.get("/tools").await.json();
    let echo = &list["tools"][0];
    assert_eq!(
        (&echo["name"], &echo["serverName"]),
        (&json!("fake_echo"), &json!("fake")),
        "{list:#}"
    );
    assert!(
        echo["inputSchema"].is_object() && echo.get("description").is_some(),
        "{echo}"
    );

    let call = async |name: &str| {
        raw.post_to(
            "/tools/call",
            json!({"name": name, "arguments": {"n": 1}}).to_string(),
        )
        .await
    };
    let answer = call("fake_echo").await;
    assert_eq!(
        (
            answer.status,
            &answer.json()["result"]["structuredContent"]["arguments"]
        ),
        (200, &json!({"n": 1}))
    );
    assert_eq!(
        call("fake_picture").await.json()["result"]["content"][0]["type"],
        "image"
    );
    assert_eq!(call("fake_fail").await.json()["result"]["isError"], true);
    let error = call("fake_error").await;
    assert_eq!(error.status, 502, "{error:?}");
    assert!(
        error.json()["error"]
            .as_str()
            .is_some_and(|text| text.contains("broken inside")),
        "{error:?}"
    );
    assert_eq!(call("nobody").await.status, 404);
    for bad in [
        "",
        "[]",
        "{}",
        r#"{"name":7}"#,
        r#"{"name":"fake_echo","arguments":3}"#,
    ] {
        let answer = raw.post_to("/tools/call", bad).await;
        assert_eq!(answer.status, 400, "{bad}: {answer:?}");
        assert!(answer.json()["error"].is_string());
    }
}

#[tokio::test]
async fn health_tells_state_version_and_pools() {
    let gateway = gateway().await;
    let _client = gateway.client().await;
    let health = gateway.raw().get("/health").await;
    assert_eq!(health.status, 200);
    let health = health.json();
    assert_eq!(
        (&health["status"], &health["ready"]),
        (&json!("ok"), &json!(true)),
        "{health:#}"
    );
    assert!(
        health["version"].is_string() && health["uptime"].is_number(),
        "{health:#}"
    );
    assert_eq!(health["sessions"], 1, "{health:#}");
    assert_eq!(health["pool"]["fake"]["total"], 1, "{health:#}");
}

#[tokio::test]
async fn the_admin_api_wants_its_token() {
    let gateway = gateway().await;
    assert_eq!(gateway.raw().get("/api/status").await.status, 401);
    assert_eq!(
        gateway
            .raw()
            .with("authorization", "Bearer wrong")
            .get("/api/status")
            .await
            .status,
        401
    );
    assert_eq!(gateway.status().await["servers"][0]["tools"], 4);
    let mode = std::os::unix::fs::MetadataExt::mode(
        &std::fs::metadata(gateway.folder().join("data/admin.token")).expect("the token"),
    );
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn the_stream_is_one_per_session_and_ends_with_it() {
    let gateway = gateway().await;
    let client = gateway.client().await;
    let mut stream = client.listen().await;
    assert_eq!(stream.status, 200);
    assert!(client.delete().await.status < 300);
    while stream.event().await.is_some() {}
}

/// A client of the older transport that has said hello.
async fn older_client(gateway: &Gateway) -> (Stream, String) {
    let mut stream = gateway.raw().get_stream("/sse").await;
    let endpoint = stream.event().await.expect("an event");
    let path = String::from_utf8(endpoint.data).expect("UTF-8");
    hello(gateway, &mut stream, &path).await;
    (stream, path)
}

async fn hello(gateway: &Gateway, stream: &mut Stream, path: &str) {
    let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    assert_eq!(gateway.raw().post_to(path, hello).await.status, 202);
    // The first event of a stream may still be predecessor B's.
    assert!(stream.response().await.contains("protocolVersion"));
}

#[tokio::test]
async fn a_call_over_the_older_transport_is_answered_before_the_gateway_ends() {
    let setup = setup();
    let gate = setup.path("gate");
    let script = tools(json!([{"name": "wait", "does": [{"gate": gate}, {"text": "done"}]}]));
    let mut gateway = setup.fake("fake", script).start().await;
    gateway.await_state("fake", "ready").await;
    let (mut busy, path) = older_client(&gateway).await;
    let (mut idle, _) = older_client(&gateway).await;
    let call = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"fake_wait"}}"#;
    gateway.raw().post_to(&path, call).await;
    let journal = gateway.journal("fake");
    until_true("the call has arrived", || {
        !journal.received_of("tools/call").is_empty()
    })
    .await;

    let story = async {
        while idle.event().await.is_some() {}
        std::fs::write(&gate, "").expect("the gate opens");
        let answer = busy.response().await;
        while busy.event().await.is_some() {}
        answer
    };
    let (ended, answer) = tokio::join!(gateway.stop(), story);
    assert!(answer.contains("done"), "{answer}");
    assert!(ended.success(), "{ended}");
}

#[tokio::test]
async fn a_stream_of_the_older_transport_has_one_session_however_often_it_says_hello() {
    let gateway = gateway().await;
    let (mut stream, path) = older_client(&gateway).await;
    for _ in 0..3 {
        hello(&gateway, &mut stream, &path).await;
    }
    let health = gateway.raw().get("/health").await.json();
    assert_eq!(health["sessions"], 1, "{health:#}");
    drop(stream);
    until("its session is forgotten", async || {
        let health = gateway.raw().get("/health").await.json();
        (health["sessions"] == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_batch_is_bounded_and_answered_in_order() {
    let gateway = gateway().await;
    let client = testkit::McpHttp::connect_as(&gateway.endpoint, "{}", "2025-03-26").await;
    let batch = |count: usize| {
        let pings: Vec<_> = (0..count)
            .map(|id| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#))
            .collect();
        format!("[{}]", pings.join(","))
    };
    let answers = client.post(batch(1000)).await.json();
    let ids: Vec<_> = answers
        .as_array()
        .expect("answers")
        .iter()
        .map(|answer| answer["id"].as_u64().expect("an id"))
        .collect();
    assert_eq!(ids, (0..1000).collect::<Vec<_>>());

    let refused = client.post(batch(1001)).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    let error = refused.error();
    assert_eq!(error["code"], -32600);
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|text| text.contains("1000")),
        "{error}"
    );
}
