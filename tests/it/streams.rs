//! Streams that are silent, and clients that do not read theirs.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::Gateway;
use testkit::client::McpModern;
use testkit::wait::{soon, until_true};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{setup, tools};

/// As long as what is silent takes to show that it goes on, on a machine that has much to do.
const SILENCE: Duration = Duration::from_secs(60);
/// A message of this size.
const LARGE: usize = 128 << 10;
/// More of them than systems keep for a client that does not read.
const MANY: usize = 100;

/// What a client of either era sends as the head of a message.
fn head(gateway: &Gateway, line: &str, headers: &[(&str, &str)], length: usize) -> String {
    let more = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    let more: String = more.collect();
    format!(
        "{line} HTTP/1.1\r\nHost: localhost:{}\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n",
        gateway.port()
    )
}

/// A client's connection with a request to the endpoint of all servers on it.
async fn sent(gateway: &Gateway, method: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
    sent_to(gateway, &format!("{method} /mcp"), headers, body).await
}

/// The same to any path.
async fn sent_to(gateway: &Gateway, line: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .set_recv_buffer_size(8 << 10)
        .expect("a small buffer");
    let address = ([127, 0, 0, 1], gateway.port()).into();
    let mut stream = socket.connect(address).await.expect("connects");
    let head = head(gateway, line, headers, body.len());
    let whole = [head.as_bytes(), body.as_bytes()].concat();
    stream.write_all(&whole).await.expect("it is sent");
    stream
}

/// The lines that come until one contains this.
async fn lines_until(stream: &mut BufReader<TcpStream>, wanted: &str) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        let read = stream.read_line(&mut line).await.expect("reads");
        assert!(read > 0, "no {wanted} in {lines:?}");
        lines.push(line);
        if lines.last().is_some_and(|line| line.contains(wanted)) {
            return lines;
        }
    }
}

/// A stream that is read so far, and then no more.
async fn begun(stream: TcpStream, wanted: &str) -> TcpStream {
    let mut stream = BufReader::new(stream);
    soon(wanted, lines_until(&mut stream, wanted)).await;
    stream.into_inner()
}

/// A request of a modern client, with its headers.
fn modern(method: &str, params: &str) -> (Vec<(&'static str, String)>, String) {
    let client = McpModern::new("");
    let body = client.request_as("1", method, params);
    let name: Value = serde_json::from_str(params).expect("JSON");
    let mut headers = vec![
        ("MCP-Protocol-Version", wire::MODERN.to_owned()),
        ("Mcp-Method", method.to_owned()),
    ];
    if let Some(name) = name["name"].as_str() {
        headers.push(("Mcp-Name", name.to_owned()));
    }
    (headers, body)
}

fn borrowed<'a>(headers: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    headers
        .iter()
        .map(|(name, value)| (*name, &value[..]))
        .collect()
}

#[tokio::test]
async fn a_silent_call_shows_that_it_goes_on_in_either_era() {
    let setup = setup();
    let gate = setup.path("gate");
    let script = tools(json!([{"name": "wait", "does": [{"gate": gate}, {"text": "late"}]}]));
    let gateway = setup.fake("fake", script).start().await;
    let call = r#"{"name":"fake_wait"}"#;
    let (claimed, described) = modern("tools/call", call);
    let session = gateway.client().await;
    let legacy = session.request("tools/call", call);
    let legacy_headers = [("Mcp-Session-Id", session.session())];
    let streams = [
        sent(&gateway, "POST", &borrowed(&claimed), &described).await,
        sent(&gateway, "POST", &legacy_headers, &legacy).await,
    ];
    let mut streams = streams.map(BufReader::new);
    for stream in &mut streams {
        let begun = tokio::time::timeout(SILENCE, lines_until(stream, ": keep-alive"));
        let lines = begun.await.expect("a comment");
        assert!(lines[0].starts_with("HTTP/1.1 200 "), "{lines:?}");
        assert!(
            lines.iter().any(|line| line.contains("text/event-stream")),
            "{lines:?}"
        );
    }
    std::fs::write(&gate, "").expect("the gate opens");
    for stream in &mut streams {
        let lines = soon("the answer", lines_until(stream, "data: ")).await;
        assert!(lines.last().is_some_and(|line| line.contains("late")));
    }
}

#[tokio::test]
async fn streams_without_news_are_kept_alive() {
    let gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let client = gateway.client().await;
    let session = [("Mcp-Session-Id", client.session())];
    let (headers, listen) = modern(
        "subscriptions/listen",
        r#"{"notifications":{"toolsListChanged":true}}"#,
    );
    let get = sent(&gateway, "GET", &session, "").await;
    let streams = [
        // The first comment says that the stream is open.
        begun(get, ": keep-alive").await,
        sent(&gateway, "POST", &borrowed(&headers), &listen).await,
        sent_to(&gateway, "GET /sse", &[], "").await,
    ];
    for stream in streams {
        let mut stream = BufReader::new(stream);
        let comment = tokio::time::timeout(SILENCE, lines_until(&mut stream, ": keep-alive"));
        comment.await.expect("a comment");
    }
}

/// A server that says much: in news about a resource, and in calls.
fn talkative() -> Value {
    let filler = "x".repeat(LARGE);
    let updated = json!({"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": "x://a", "_meta": {"filler": filler}}});
    let said = json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "error", "data": filler}});
    let steps = (0..MANY).map(|_| json!({"notify": said}));
    let steps: Vec<_> = steps.chain([json!({"text": "over"})]).collect();
    json!({
        "resources": [{"uri": "x://a", "name": "a"}],
        "tools": [
            {"name": "update", "does": [{"push": updated}, {"text": "ok"}]},
            {"name": "talk", "does": steps},
            {"name": "echo"},
        ],
    })
}

/// Reads what is still there, to the end that comes before the answer.
async fn read_to_the_end(mut stream: TcpStream) -> String {
    let mut rest = Vec::new();
    soon("the end of the stream", stream.read_to_end(&mut rest))
        .await
        .expect("it ends");
    String::from_utf8_lossy(&rest).into_owned()
}

#[tokio::test]
async fn who_reads_nothing_loses_the_stream_of_news_and_others_lose_nothing() {
    let gateway = setup()
        .fake("fake", talkative())
        .config_in("limits", "slowReader", json!(300))
        .start()
        .await;
    let client = gateway.client().await;
    let subscribe = r#"{"uri":"x://a"}"#;
    client.call("resources/subscribe", subscribe).await.result();
    let session = [("Mcp-Session-Id", client.session())];
    let deaf = sent(&gateway, "GET", &session, "").await;
    let deaf = begun(deaf, ": keep-alive").await;
    let (headers, listen) = modern(
        "subscriptions/listen",
        r#"{"notifications":{"resourceSubscriptions":["x://a"]}}"#,
    );
    let deaf_too = sent(&gateway, "POST", &borrowed(&headers), &listen).await;
    let deaf_too = begun(deaf_too, "acknowledged").await;
    let mut listening = McpModern::new(&gateway.endpoint)
        .listen(r#"{"resourceSubscriptions":["x://a"]}"#)
        .await;
    soon("the acknowledgement", listening.message()).await;

    let caller = gateway.client().await;
    for _ in 0..MANY {
        caller.tool("fake_update", "{}").await.result();
        let told = soon("the news", listening.message()).await;
        assert!(told.len() > LARGE);
    }

    for who in ["a session's stream", "a subscription"] {
        until_true(&format!("the client of {who} is hung up on"), || {
            let said = gateway.stderr();
            let mut lines = said.lines();
            lines.any(|line| line.contains(who) && line.contains("limits.slowReader"))
        })
        .await;
    }
    let rest = read_to_the_end(deaf).await;
    assert!(rest.len() < MANY * LARGE, "{}", rest.len());
    read_to_the_end(deaf_too).await;
    caller.tool("fake_update", "{}").await.result();
    soon("the news", listening.message()).await;
}

#[tokio::test]
async fn who_reads_nothing_over_http_and_sse_is_hung_up_on() {
    let gateway = setup()
        .fake("fake", talkative())
        .config(
            "limits",
            json!({"slowReader": 300, "messageBytes": 1 << 20}),
        )
        .start()
        .await;
    let mut deaf = BufReader::new(sent_to(&gateway, "GET /sse", &[], "").await);
    let lines = soon("the endpoint", lines_until(&mut deaf, "/messages")).await;
    let endpoint = lines.last().and_then(|line| line.split_once("data: "));
    let endpoint = endpoint.expect("an endpoint").1.trim();
    let client = gateway.raw();
    let initialize = client.request(
        "initialize",
        r#"{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"t","version":"1"}}"#,
    );
    let subscribe = client.request("resources/subscribe", r#"{"uri":"x://a"}"#);
    for (request, answered) in [
        (initialize, "protocolVersion"),
        (subscribe, r#""result":{}"#),
    ] {
        assert_eq!(client.post_to(endpoint, request).await.status, 202);
        soon(answered, lines_until(&mut deaf, answered)).await;
    }
    let caller = gateway.client().await;
    for _ in 0..MANY {
        caller.tool("fake_update", "{}").await.result();
    }
    until_true("the client is hung up on", || {
        let said = gateway.stderr();
        let mut lines = said.lines();
        lines.any(|line| line.contains("HTTP+SSE") && line.contains("limits.slowReader"))
    })
    .await;
    read_to_the_end(deaf.into_inner()).await;
}

#[tokio::test]
async fn who_reads_nothing_loses_the_stream_of_a_call() {
    let gateway = setup()
        .fake("fake", talkative())
        .config_in("limits", "slowReader", json!(300))
        .start()
        .await;
    let client = gateway.client().await;
    client
        .call("logging/setLevel", r#"{"level":"debug"}"#)
        .await
        .result();
    let session = [("Mcp-Session-Id", client.session())];
    let call = client.request("tools/call", r#"{"name":"fake_talk"}"#);
    let deaf = sent(&gateway, "POST", &session, &call).await;
    until_true("the client is hung up on", || {
        let said = gateway.stderr();
        let mut lines = said.lines();
        lines
            .any(|line| line.contains("the client of a call") && line.contains("limits.slowReader"))
    })
    .await;
    assert!(!read_to_the_end(deaf).await.contains("over"));
    // The server was not disturbed, and others are served.
    gateway
        .client()
        .await
        .tool("fake_echo", "{}")
        .await
        .result();
}

#[tokio::test]
async fn no_more_waits_for_who_does_not_read_than_may() {
    let gateway = setup()
        .fake("fake", talkative())
        .config_in("limits", "waitingBytes", json!(1 << 20))
        .start()
        .await;
    let client = gateway.client().await;
    let subscribe = r#"{"uri":"x://a"}"#;
    client.call("resources/subscribe", subscribe).await.result();
    let session = [("Mcp-Session-Id", client.session())];
    let deaf = sent(&gateway, "GET", &session, "").await;
    let deaf = begun(deaf, ": keep-alive").await;
    let caller = gateway.client().await;
    let mut stopped = false;
    for _ in 0..MANY {
        caller.tool("fake_update", "{}").await.result();
        stopped = gateway.stderr().contains("limits.waitingBytes");
        if stopped {
            break;
        }
    }
    assert!(stopped, "{}", gateway.stderr());
    // What waited is had, then it ends.
    assert!(read_to_the_end(deaf).await.len() > LARGE);
}
