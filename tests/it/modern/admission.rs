//! What is let in, and what is said to everything else.

use serde_json::json;
use testkit::client::{McpHttp, McpModern};
use wire::{MODERN, error_code, meta};

use crate::support::{setup, tools};

#[tokio::test]
async fn every_refusal_has_its_code_its_status_and_the_id() {
    let gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .fake("other", tools(json!([])))
        .start()
        .await;
    let client = || McpModern::new(&gateway.endpoint);
    let call = ("tools/call", r#"{"name":"fake_echo"}"#);
    let list = ("tools/list", "{}");
    let mismatch = (400, error_code::HEADER_MISMATCH);
    let invalid = (400, error_code::INVALID_PARAMS);
    let missing = (404, error_code::METHOD_NOT_FOUND);
    for (client, (method, params), (status, code)) in [
        (client().without_meta(), list, invalid),
        (
            client().not_claiming(meta::CLIENT_CAPABILITIES),
            list,
            invalid,
        ),
        (
            client().claiming(meta::CLIENT_CAPABILITIES, "[]"),
            list,
            invalid,
        ),
        (client().without("mcp-protocol-version"), list, mismatch),
        (
            client().with("mcp-protocol-version", "2025-11-25"),
            list,
            mismatch,
        ),
        (
            client().with_also("mcp-protocol-version", MODERN),
            list,
            mismatch,
        ),
        (client().without("mcp-method"), list, mismatch),
        (client().with("mcp-method", "TOOLS/LIST"), list, mismatch),
        (client().without("mcp-name"), call, mismatch),
        (client().with("mcp-name", "echo"), call, mismatch),
        (
            client().with("mcp-name", "=?base64?ZmFrZV9lY2hv!?="),
            call,
            mismatch,
        ),
        (
            client().with_version("2031-01-01"),
            list,
            (400, error_code::UNSUPPORTED_VERSION),
        ),
        // The headers are looked at first.
        (
            client()
                .with_version("2031-01-01")
                .with("mcp-protocol-version", MODERN),
            list,
            mismatch,
        ),
        (client().with_log_level("loud"), list, invalid),
        (client(), ("initialize", "{}"), missing),
        (client(), ("ping", "{}"), missing),
        (
            client(),
            ("logging/setLevel", r#"{"level":"info"}"#),
            missing,
        ),
        (
            client(),
            ("resources/subscribe", r#"{"uri":"x://a"}"#),
            missing,
        ),
        (client(), ("x/unknown", "{}"), missing),
        (
            client(),
            ("tools/call", r#"{"name":"nobody"}"#),
            (200, error_code::INVALID_PARAMS),
        ),
    ] {
        let raw = client.request_as(r#""the \u0069d""#, method, params);
        let answer = client.post(raw.clone()).await;
        let error = answer.error();
        assert_eq!(answer.status, status, "{raw}: {answer:?}");
        assert_eq!(error["code"], code, "{raw}: {answer:?}");
        assert_eq!(
            testkit::client::member(&answer.body, "id"),
            r#""the \u0069d""#
        );
        if code == error_code::UNSUPPORTED_VERSION {
            let data = json!({"supported": [MODERN], "requested": "2031-01-01"});
            assert_eq!(error["data"], data);
        }
    }
    assert!(gateway.journal("fake").received_of("tools/call").is_empty());
}

#[tokio::test]
async fn arguments_that_a_tool_wants_in_headers_are_there_and_the_same() {
    let schema = json!({"type": "object", "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "size": {"type": "integer", "x-mcp-header": "Size"},
    }});
    let script = tools(json!([
        {"name": "where", "definition": {"name": "where", "inputSchema": schema}},
    ]));
    let gateway = setup().fake("fake", script).start().await;
    let client = || McpModern::new(&gateway.endpoint);
    let region = |value: &str| client().with("mcp-param-region", value);
    for (client, arguments, status) in [
        (client(), "{}", 200),
        (client(), r#"{"region":"us"}"#, 400),
        (region("us"), r#"{"region":"us"}"#, 200),
        (region("us"), "{}", 400),
        (region("US"), r#"{"region":"us"}"#, 400),
        (region("=?base64?w7w=?="), r#"{"region":"ü"}"#, 200),
        (
            region("us").with_also("mcp-param-region", "us"),
            r#"{"region":"us"}"#,
            400,
        ),
        (
            region("us").with("mcp-param-size", "42.0"),
            r#"{"region":"us","size":42}"#,
            200,
        ),
        (client().with("mcp-param-unknown", "x"), "{}", 200),
    ] {
        let answer = client.tool("fake_where", arguments).await;
        assert_eq!(answer.status, status, "{arguments}: {answer:?}");
        if status == 400 {
            assert_eq!(answer.error()["code"], error_code::HEADER_MISMATCH);
        }
    }
}

#[tokio::test]
async fn what_is_no_request_is_taken_or_refused_as_a_whole() {
    let gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let client = McpModern::new(&gateway.endpoint);
    let taken = client
        .notify("notifications/cancelled", r#"{"requestId":1}"#)
        .await;
    assert_eq!((taken.status, &taken.body[..]), (202, ""));
    for (raw, code) in [
        (
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            error_code::INVALID_REQUEST,
        ),
        (
            r#"[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]"#,
            error_code::INVALID_REQUEST,
        ),
        ("{", error_code::PARSE_ERROR),
    ] {
        let answer = client.post(raw).await;
        assert_eq!(answer.status, 400, "{raw}: {answer:?}");
        assert_eq!(answer.error()["code"], code, "{raw}: {answer:?}");
    }
    for method in [reqwest::Method::GET, reqwest::Method::DELETE] {
        let answer = client.bare(method).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "POST"));
    }
    let mut sse = gateway.raw().get_stream("/sse").await;
    let post_to = sse.event().await.expect("the endpoint").data;
    let post_to = String::from_utf8_lossy(&post_to).into_owned();
    let answer = gateway
        .raw()
        .post_to(&post_to, client.request("tools/list", "{}"))
        .await;
    assert_eq!(answer.status, 400, "{answer:?}");
    // A batch whose version header says nothing.
    let raw = format!("[{}]", client.request("tools/list", "{}"));
    let answer = gateway.raw().post(raw).await;
    assert_eq!(answer.status, 400, "{answer:?}");
}

#[tokio::test]
async fn sessions_are_for_the_others() {
    let gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let modern = McpModern::new(&gateway.endpoint).with_also("mcp-session-id", "nobody's");
    let answer = modern.tool("fake_echo", "{}").await;
    assert_eq!((answer.status, answer.header("mcp-session-id")), (200, ""));

    // `initialize` without a claim is legacy, whatever the header says.
    let mut legacy = McpHttp::new(&gateway.endpoint).with("mcp-protocol-version", MODERN);
    legacy.initialize("{}", testkit::client::VERSION).await;
    assert!(!legacy.session().is_empty());
    legacy.tool("fake_echo", "{}").await.result();
    let dead = McpHttp::new(&gateway.endpoint).with("mcp-session-id", "nobody's");
    assert_eq!(dead.call("tools/list", "{}").await.status, 404);
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_send_the_headers() {
    let gateway = setup()
        .config(
            "gateway",
            json!({"allowedOrigins": ["https://app.example"]}),
        )
        .start()
        .await;
    let asked = "content-type, mcp-param-region, x-other, MCP-Param-A";
    let preflight = McpModern::new(&gateway.endpoint)
        .with_also("origin", "https://app.example")
        .with_also("access-control-request-method", "POST")
        .with_also("access-control-request-headers", asked);
    let answer = preflight.bare(reqwest::Method::OPTIONS).await;
    let allowed = answer.headers.get_all("access-control-allow-headers");
    let allowed: Vec<_> = allowed
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    let allowed = allowed.join(", ").to_ascii_lowercase();
    for name in [
        "mcp-method",
        "mcp-name",
        "mcp-protocol-version",
        "mcp-param-region",
        "mcp-param-a",
    ] {
        assert!(allowed.contains(name), "{name}: {allowed}");
    }
    assert!(!allowed.contains("x-other"), "{allowed}");
}

#[tokio::test]
async fn who_claims_an_earlier_version_is_told_which_there_is() {
    let gateway = setup().fake("fake", tools(json!([]))).start().await;
    let claims = || McpModern::new(&gateway.endpoint).with_version("2025-11-25");
    let refused = claims().call("tools/list", "{}").await;
    assert_eq!(refused.status, 400);
    let error = refused.error();
    assert_eq!(error["code"], error_code::UNSUPPORTED_VERSION);
    let data = json!({"supported": [MODERN], "requested": "2025-11-25"});
    assert_eq!(error["data"], data);

    let client = claims().with("mcp-protocol-version", MODERN);
    let raw = client.request_as("7", "tools/list", "{}");
    let refused = client.post(raw).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.error()["code"], error_code::HEADER_MISMATCH);
    assert_eq!(testkit::client::member(&refused.body, "id"), "7");
}

#[tokio::test]
async fn who_claims_nothing_is_told_what_is_missing() {
    let gateway = setup()
        .fake("fake", tools(json!([])))
        .fake("other", tools(json!([])))
        .start()
        .await;
    let client = gateway.client().await;
    for method in ["server/discover", "subscriptions/listen"] {
        let error = client.call(method, "{}").await.error();
        assert_eq!(error["code"], error_code::METHOD_NOT_FOUND);
        let message = error["message"].as_str().expect("words");
        assert!(message.contains(meta::VERSION), "{message}");
    }
}
