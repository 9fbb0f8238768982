//! Bad input: the right clear error each, and the gateway goes on.

use std::time::Duration;

use serde_json::json;
use testkit::{Gateway, McpHttp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{setup, tools};

async fn gateway() -> Gateway {
    setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .start()
        .await
}

async fn goes_on(gateway: &Gateway) {
    let client = gateway.client().await;
    client.tool("fake_echo", "{}").await.result();
    assert_eq!(gateway.journal("fake").starts(), 1);
}

#[tokio::test]
async fn what_is_no_message_gets_a_json_rpc_error_with_status_400() {
    let gateway = gateway().await;
    let client = gateway.client().await;
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"fake_echo","arguments":{}1{}}}}}"#,
        r#"{"a":"#.repeat(200_000),
        "}".repeat(200_000)
    );
    for (what, raw, code) in [
        ("not JSON", "hello".to_owned(), -32700),
        ("nothing", String::new(), -32700),
        (
            "half of it",
            r#"{"jsonrpc":"2.0","id":1"#.to_owned(),
            -32700,
        ),
        ("200,000 levels", deep, -32600),
        (
            "a null id",
            r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#.to_owned(),
            -32600,
        ),
        (
            "no version",
            r#"{"id":1,"method":"ping"}"#.to_owned(),
            -32600,
        ),
        ("a number", "7".to_owned(), -32600),
        ("an empty batch", "[]".to_owned(), -32600),
    ] {
        let answer = client.post(raw).await;
        assert_eq!(answer.status, 400, "{what}: {answer:?}");
        assert_eq!(answer.error()["code"], code, "{what}: {answer:?}");
    }
    goes_on(&gateway).await;
}

#[tokio::test]
async fn what_is_too_large_is_refused_without_being_kept() {
    let gateway = setup()
        .config("limits", json!({"messageBytes": 1 << 20}))
        .fake("fake", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let client = gateway.client().await;
    let before = testkit::process::resident_kib(gateway.pid());
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":"{}"}}}}"#,
        "x".repeat(50 << 20)
    );

    let http = client.with("content-length", &body.len().to_string());
    let answer = http.post(body).await;

    assert_eq!(answer.status, 413, "{}", answer.status);
    let grown = testkit::process::resident_kib(gateway.pid()).saturating_sub(before);
    assert!(grown < 20 << 10, "{grown} KiB more");
    goes_on(&gateway).await;
}

#[tokio::test]
async fn fifty_megabytes_that_are_no_json_get_an_answer() {
    let gateway = gateway().await;
    let client = gateway.client().await;
    let answer = client.post("x".repeat(50 << 20)).await;
    assert!(matches!(answer.status, 400 | 413), "{answer:?}");
    goes_on(&gateway).await;
}

#[tokio::test]
async fn unknown_methods_tools_prompts_and_resources_are_named() {
    // Without resources of its own; else a URI that is not listed may still be one that it serves.
    let script = json!({"capabilities": {"tools": {}}, "tools": [{"name": "echo"}]});
    let gateway = setup().fake("fake", script).start().await;
    let client = gateway.client().await;
    for (method, params, code, named) in [
        ("no/such-method", "{}", -32601, "no/such-method"),
        (
            "tools/call",
            r#"{"name":"no_such_tool"}"#,
            -32602,
            "no_such_tool",
        ),
        ("tools/call", "{}", -32602, "name"),
        ("tools/call", r#"{"name":7}"#, -32602, "name"),
        (
            "prompts/get",
            r#"{"name":"no_such_prompt"}"#,
            -32602,
            "no_such_prompt",
        ),
        (
            "resources/read",
            r#"{"uri":"x://none"}"#,
            -32002,
            "x://none",
        ),
    ] {
        let error = client.call(method, params).await.error();
        assert_eq!(error["code"], code, "{method} {params}: {error}");
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|text| text.contains(named)),
            "{method} {params}: {error}"
        );
    }
    goes_on(&gateway).await;
}

#[tokio::test]
async fn a_strange_host_or_origin_is_refused_on_every_route() {
    let gateway = gateway().await;
    for path in [
        "/mcp",
        "/fake/mcp",
        "/sse",
        "/tools",
        "/health",
        "/api/status",
        "/",
    ] {
        for (header, value) in [
            ("host", "evil.example"),
            ("host", "127.0.0.1.evil.example"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            let answer = gateway.raw().with(header, value).get(path).await;
            assert_eq!(
                answer.status, 403,
                "{path} with {header} {value}: {answer:?}"
            );
            assert!(!answer.body.is_empty(), "it says why");
        }
    }
    let own = format!("http://localhost:{}", gateway.port());
    assert_eq!(
        gateway
            .raw()
            .with("origin", &own)
            .get("/health")
            .await
            .status,
        200
    );
    goes_on(&gateway).await;
}

#[tokio::test]
async fn an_unknown_service_is_answered_with_those_there_are() {
    let gateway = gateway().await;
    let answer = gateway
        .raw()
        .post_to("/nobody/mcp", r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)
        .await;
    assert_eq!(answer.status, 404);
    let body = answer.json();
    assert_eq!(body["error"], "Service not found");
    assert_eq!(body["availableServices"], json!(["fake"]));
    assert!(body["message"].is_string());
    goes_on(&gateway).await;
}

#[tokio::test]
async fn a_session_that_is_unknown_forged_or_over_gets_404() {
    let gateway = gateway().await;
    let client = gateway.client().await;
    let id = client.session().to_owned();
    assert!(id.len() > 20, "{id}");
    let mut forged = id.clone().into_bytes();
    let middle = forged.len() / 2;
    forged[middle] = if forged[middle] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).expect("UTF-8");
    for bad in [
        "nonsense",
        "00000000-0000-0000-0000-000000000000",
        forged.as_str(),
    ] {
        let answer = gateway
            .raw()
            .with("mcp-session-id", bad)
            .call("tools/list", "{}")
            .await;
        assert_eq!(answer.status, 404, "{bad}: {answer:?}");
    }
    assert!(client.delete().await.status < 300);
    assert_eq!(client.call("tools/list", "{}").await.status, 404);
    goes_on(&gateway).await;
}

#[tokio::test]
async fn a_protocol_version_that_nobody_speaks_is_refused() {
    let gateway = gateway().await;
    let client: McpHttp = gateway
        .client()
        .await
        .with("mcp-protocol-version", "1999-01-01");
    let answer = client.call("tools/list", "{}").await;
    assert_eq!(answer.status, 400, "{answer:?}");
    goes_on(&gateway).await;
}

#[tokio::test]
async fn an_endless_head_is_refused() {
    let gateway = gateway().await;
    let answer = gateway
        .raw()
        .with("x-long", &"x".repeat(200 << 10))
        .get("/health")
        .await;
    assert!(matches!(answer.status, 400 | 431), "{}", answer.status);
    goes_on(&gateway).await;
}

/// Many clients send the head and the body apart: an answer between the two must not end a
/// connection of which the client thinks that it goes on.
#[tokio::test]
async fn a_refusal_of_a_head_lets_the_connection_live() {
    let gateway = setup()
        .config("gateway", json!({"requireToken": true}))
        .start()
        .await;
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let admin = format!("Authorization: Bearer {}\r\n", gateway.admin_token());
    for (status, target, host, headers) in [
        (401, "POST /mcp", "localhost", ""),
        (403, "POST /mcp", "evil.example", ""),
        (415, "POST /mcp", "localhost", "Content-Type: text/html\r\n"),
        (404, "POST /nothing/mcp", "localhost", ""),
        (404, "POST /nothing", "localhost", ""),
        (405, "POST /health", "localhost", ""),
        (
            404,
            "DELETE /mcp",
            "localhost",
            "Mcp-Session-Id: made-up\r\n",
        ),
    ] {
        let token = if status == 401 { "" } else { &admin };
        let length = body.len();
        let head = format!(
            "{target} HTTP/1.1\r\nHost: {host}\r\n{token}{headers}Content-Length: {length}\r\n\r\n"
        );
        let next = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let mut stream = TcpStream::connect(("127.0.0.1", gateway.port()))
            .await
            .expect("connects");
        stream.write_all(head.as_bytes()).await.expect("the head");
        // Long enough for an answer to the head alone.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let rest = format!("{body}{next}");
        stream.write_all(rest.as_bytes()).await.expect("the rest");
        let mut answers = String::new();
        let read = stream.read_to_string(&mut answers).await;
        assert!(
            answers.starts_with(&format!("HTTP/1.1 {status} ")),
            "{target}: {read:?}, {answers}"
        );
        assert!(
            answers.contains("HTTP/1.1 200 OK"),
            "{target}: {read:?}, {answers}"
        );
    }
}

/// A client that waits until it is asked for the body, and one that never sends it, learn that
/// the connection ends.
#[tokio::test]
async fn a_body_that_nobody_waits_for_ends_the_connection_in_words() {
    let gateway = gateway().await;
    for expects in ["Expect: 100-continue\r\n", ""] {
        let head = format!(
            "POST /nothing HTTP/1.1\r\nHost: localhost\r\n{expects}Content-Length: 5\r\n\r\n"
        );
        let mut stream = TcpStream::connect(("127.0.0.1", gateway.port()))
            .await
            .expect("connects");
        stream.write_all(head.as_bytes()).await.expect("the head");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("reads");
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    }
}

#[tokio::test]
async fn a_head_has_at_most_a_hundred_headers() {
    let gateway = gateway().await;
    for (count, status) in [(99, 200), (101, 431)] {
        let headers: String = (1..count).map(|n| format!("x-{n}: y\r\n")).collect();
        let head = format!("GET /health HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        let mut stream = TcpStream::connect(("127.0.0.1", gateway.port()))
            .await
            .expect("connects");
        stream.write_all(head.as_bytes()).await.expect("the head");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.expect("reads");
        let answer = String::from_utf8_lossy(&answer);
        assert_eq!(answer, format!("HTTP/1.1 {status}"), "{count}");
    }
}
