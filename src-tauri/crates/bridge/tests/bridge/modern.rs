//! Messages that describe themselves: no session, headers as in the body.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::client::{Client, soon, until};
use crate::stub::{Reply, Seen, Stub, decent, event};

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
const TAG: &str = "io.modelcontextprotocol/subscriptionId";

/// A request that describes itself; `params` are raw members with a comma behind each.
fn request(id: &str, method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{{params}{META}}}}}"#)
}

fn listen(id: &str) -> String {
    request(
        id,
        "subscriptions/listen",
        r#""notifications":{"toolsListChanged":true,"promptsListChanged":true},"#,
    )
}

fn acknowledged(id: &str) -> String {
    event(&format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{{"_meta":{{"{TAG}":{id}}},"notifications":{{"toolsListChanged":true}}}}}}"#
    ))
}

fn result(seen: &Seen, result: &str) -> Reply {
    let message: Value = serde_json::from_str(&seen.body).expect("JSON");
    let id = &message["id"];
    Reply::Json(format!(
        r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#
    ))
}

fn header<'a>(seen: &'a Seen, name: &str) -> Option<&'a str> {
    let value = seen.headers.get(name)?;
    Some(value.to_str().expect("plain"))
}

/// The streams that a stub opens one after the other, and how the test writes to them.
type Streams = Arc<Mutex<VecDeque<mpsc::UnboundedReceiver<String>>>>;

fn stream(streams: &Streams) -> mpsc::UnboundedSender<String> {
    let (push, pushed) = mpsc::unbounded_channel();
    streams.lock().expect("no panic").push_back(pushed);
    push
}

/// Opens the next stream, and is busy while there is none.
fn next(streams: &Streams) -> Reply {
    let stream = streams.lock().expect("no panic").pop_front();
    stream.map_or(Reply::Status(503, "busy"), Reply::Open)
}

#[tokio::test]
async fn a_request_is_posted_as_it_is_with_the_headers_that_its_body_asks_for() {
    let stub = Stub::start(|seen| {
        if header(seen, "mcp-method") == Some("gone") {
            let error = r#"{"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"no"}}"#;
            return Reply::Status(404, error);
        }
        result(seen, r#"{"resultType":"complete","n":1.0}"#)
    })
    .await;
    let mut client = Client::start(stub.port);
    let odd = format!(
        r#"{{ "params":{{"arguments":{{"b":1E+2}},{META},"name":"us é"}}, "method":"tools/call","id":"a b","jsonrpc":"2.0" }}"#
    );
    client.send(&odd).await;
    assert_eq!(
        client.line().await,
        r#"{"jsonrpc":"2.0","id":"a b","result":{"resultType":"complete","n":1.0}}"#
    );
    client.send(&request("2", "gone", "")).await;
    assert_eq!(
        client.line().await,
        r#"{"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"no"}}"#
    );
    assert_eq!(client.leave().await, Vec::<String>::new());

    let seen = stub.seen();
    assert_eq!(seen.len(), 2, "no session, no stream, no farewell");
    assert_eq!(seen[0].body, odd);
    for (name, value) in [
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "=?base64?dXMgw6k=?="),
        ("accept", "application/json, text/event-stream"),
        ("content-type", "application/json"),
        ("x-test", "yes"),
    ] {
        assert_eq!(header(&seen[0], name), Some(value));
    }
    assert_eq!(header(&seen[1], "mcp-name"), None);
    for seen in seen {
        assert_eq!(header(&seen, "mcp-session-id"), None);
    }
}

#[tokio::test]
async fn progress_comes_in_order_before_the_answer_and_a_broken_stream_is_an_error() {
    let progress = |n: u8| {
        event(&format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":1,"progress":{n}}}}}"#
        ))
    };
    let stub = Stub::start(move |seen| {
        let answer = event(r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete"}}"#);
        match seen.body.contains("breaks") {
            true => Reply::Events(format!("id: 1\n{}", progress(9))),
            false => Reply::Events([progress(1), progress(2), answer].concat()),
        }
    })
    .await;
    let mut client = Client::start(stub.port);
    client
        .send(&request("1", "tools/call", r#""name":"slow","#))
        .await;
    assert_eq!(client.json().await["params"]["progress"], 1);
    assert_eq!(client.json().await["params"]["progress"], 2);
    assert_eq!(client.json().await["id"], 1);

    client
        .send(&request("2", "tools/call", r#""name":"breaks","#))
        .await;
    assert_eq!(client.json().await["params"]["progress"], 9);
    let broken = client.json().await;
    assert_eq!(
        (&broken["id"], &broken["error"]["code"]),
        (&json!(2), &json!(-32603))
    );
    assert_eq!(stub.count(Method::GET), 0, "it is not taken up");
    client.leave().await;
}

#[tokio::test]
async fn a_cancelled_request_is_broken_off_and_nothing_is_posted_or_answered() {
    let streams = Streams::default();
    let (running, hung) = (stream(&streams), Arc::new(Mutex::new(0)));
    let stub = Stub::start({
        let hung = Arc::clone(&hung);
        move |seen| match header(seen, "mcp-name") {
            Some("runs") => next(&streams),
            Some("hangs") => {
                *hung.lock().expect("no panic") += 1;
                Reply::Hang
            }
            _ => result(seen, "{}"),
        }
    })
    .await;
    let mut client = Client::start(stub.port);
    let cancel = |id: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
        )
    };
    client
        .send(&request("1", "tools/call", r#""name":"runs","#))
        .await;
    running
        .send(event(r#"{"jsonrpc":"2.0","method":"x"}"#))
        .expect("open");
    assert_eq!(client.json().await["method"], "x");
    client
        .send(&request("\"h\"", "tools/call", r#""name":"hangs","#))
        .await;
    until("both arrived", || *hung.lock().expect("no panic") == 1).await;

    let start = Instant::now();
    client.send(&cancel("1")).await;
    client.send(&cancel("\"h\"")).await;
    // What is answered already, or never was asked, is no matter.
    client.send(&cancel("77")).await;
    soon(running.closed()).await;
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    client.send(&request("3", "server/discover", "")).await;
    assert_eq!(client.json().await["id"], 3);
    let start = Instant::now();
    assert_eq!(client.leave().await, Vec::<String>::new());
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "nothing runs any more"
    );
    assert_eq!(stub.posts().len(), 3);
}

#[tokio::test]
async fn arguments_that_headers_repeat_are_learned_from_lists() {
    let listed = r#"{"resultType":"complete","tools":[{"name":"q","inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}}}]}"#;
    let stub = Stub::start(move |seen| match header(seen, "mcp-method") {
        Some("tools/list") if seen.body.contains("cursor") => result(seen, listed),
        Some("tools/list") => result(seen, r#"{"tools":[],"nextCursor":"p 2"}"#),
        _ if header(seen, "mcp-param-region") == Some("eu") => result(seen, "{}"),
        _ => Reply::Status(
            400,
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32020,"message":"a header is missing"}}"#,
        ),
    })
    .await;
    let call = |id: &str, region: &str| {
        let params = format!(r#""name":"q","arguments":{{"region":"{region}"}},"#);
        request(id, "tools/call", &params)
    };
    let mut client = Client::start(stub.port);
    client.send(&call("1", "eu")).await;
    assert!(
        client.json().await.get("result").is_some(),
        "listed once, called again"
    );
    let methods = |stub: &Stub| -> Vec<String> {
        let all = stub.seen();
        let methods = all.iter().map(|seen| header(seen, "mcp-method"));
        methods
            .map(|method| method.unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(
        methods(&stub),
        ["tools/call", "tools/list", "tools/list", "tools/call"]
    );
    client.send(&call("2", "eu")).await;
    assert!(client.json().await.get("result").is_some());
    assert_eq!(methods(&stub).len(), 5, "known by now");
    client.send(&call("3", "us")).await;
    assert_eq!(
        client.json().await["error"]["code"],
        -32020,
        "once, and no more"
    );
    assert_eq!(client.leave().await, Vec::<String>::new());

    let mut client = Client::start(stub.port);
    client.send(&request("1", "tools/list", "")).await;
    client.line().await;
    client
        .send(&request("2", "tools/list", r#""cursor":"p 2","#))
        .await;
    assert!(client.line().await.contains(listed));
    let before = methods(&stub).len();
    client.send(&call("4", "eu")).await;
    assert!(client.json().await.get("result").is_some());
    assert_eq!(
        methods(&stub).len(),
        before + 1,
        "learned from the client's own lists"
    );
    client.leave().await;
}

#[tokio::test]
async fn a_subscription_outlives_the_gateway_with_a_single_acknowledgment() {
    let streams = Streams::default();
    let first = stream(&streams);
    let answer = {
        let streams = Arc::clone(&streams);
        move |seen: &Seen| match header(seen, "mcp-method") {
            Some("subscriptions/listen") => next(&streams),
            _ => result(seen, "{}"),
        }
    };
    let stub = Stub::start(answer.clone()).await;
    let mut client = Client::start(stub.port);
    client.send(&listen("7")).await;
    let changed = |id: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{{"_meta":{{"{TAG}":{id}}}}}}}"#
        )
    };
    first.send(acknowledged("7")).expect("open");
    first.send(event(&changed("7"))).expect("open");
    assert_eq!(
        client.json().await["method"],
        "notifications/subscriptions/acknowledged"
    );
    assert_eq!(client.line().await, changed("7"));

    // It goes away in good order, is busy for a while, and drops the next stream.
    let end = format!(
        r#"{{"jsonrpc":"2.0","id":7,"result":{{"resultType":"complete","_meta":{{"{TAG}":7}}}}}}"#
    );
    first.send(event(&end)).expect("open");
    drop(first);
    until("it was asked again", || stub.posts().len() >= 2).await;
    let second = stream(&streams);
    second.send(acknowledged("7")).expect("open");
    assert_eq!(
        client.line().await,
        changed("7"),
        "what may have been missed"
    );
    let port = stub.port;
    stub.server.abort();
    drop(second);
    let third = stream(&streams);
    third.send(acknowledged("7")).expect("open");
    stub.server.await.expect_err("aborted");
    let stub = Stub::start_on(port, answer).await;
    assert_eq!(client.line().await, changed("7"));
    third.send(event(&changed("7"))).expect("open");
    assert_eq!(client.line().await, changed("7"));
    assert_eq!(stub.posts(), [listen("7")]);

    let start = Instant::now();
    assert_eq!(client.leave().await, Vec::<String>::new());
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "nobody waits for a subscription"
    );
    soon(third.closed()).await;
}

#[tokio::test]
async fn a_subscription_that_is_refused_later_is_torn_down_and_one_refused_at_once_fails() {
    let streams = Streams::default();
    let first = stream(&streams);
    let refuses = Arc::new(Mutex::new(false));
    let stub = Stub::start({
        let refuses = Arc::clone(&refuses);
        move |_| match *refuses.lock().expect("no panic") {
            true => Reply::Status(401, "a token, please"),
            false => next(&streams),
        }
    })
    .await;
    let mut client = Client::start(stub.port);
    client.send(&listen("\"s\"")).await;
    first.send(acknowledged("\"s\"")).expect("open");
    client.line().await;
    *refuses.lock().expect("no panic") = true;
    drop(first);
    let torn_down = client.json().await;
    assert_eq!(torn_down["method"], "notifications/cancelled");
    assert_eq!(torn_down["params"]["requestId"], "s");
    let reason = torn_down["params"]["reason"].as_str();
    assert!(
        reason.is_some_and(|reason| reason.contains("401")),
        "{torn_down}"
    );

    client.send(&listen("2")).await;
    let failed = client.json().await;
    assert_eq!(
        (&failed["id"], &failed["error"]["code"]),
        (&json!(2), &json!(-32603))
    );
    assert_eq!(client.leave().await, Vec::<String>::new());
}

#[tokio::test]
async fn both_eras_go_through_one_pipe() {
    let stub = Stub::start(decent).await;
    let mut client = Client::start(stub.port);
    client.send(&request("1", "server/discover", "")).await;
    assert_eq!(client.json().await["id"], 1);
    let unknown = r#"{"jsonrpc":"2.0","method":"notifications/x"}"#;
    client.send(unknown).await;
    until("it arrived", || stub.posts().len() == 2).await;
    assert_eq!(client.leave().await, Vec::<String>::new());
    let seen = stub.seen();
    assert_eq!(header(&seen[1], "mcp-protocol-version"), Some("2026-07-28"));
    assert_eq!(header(&seen[1], "mcp-method"), Some("notifications/x"));

    let mut client = Client::greeted(stub.port).await;
    client.send(&request("2", "tools/list", "")).await;
    assert_eq!(client.json().await["id"], 2);
    client
        .send(r#"{"jsonrpc":"2.0","id":3,"method":"tools/list"}"#)
        .await;
    assert_eq!(client.json().await["id"], 3);
    client.send(unknown).await;
    client.leave().await;
    let seen = stub.seen();
    let of = |text: &str| {
        seen.iter()
            .rfind(|seen| seen.body.contains(text))
            .expect("posted")
    };
    let modern = of(r#""id":2"#);
    assert_eq!(header(modern, "mcp-session-id"), None);
    assert_eq!(header(modern, "mcp-protocol-version"), Some("2026-07-28"));
    for legacy in [of(r#""id":3"#), of("notifications/x")] {
        assert_eq!(header(legacy, "mcp-session-id"), Some("s-1"));
        assert_eq!(header(legacy, "mcp-protocol-version"), Some("2025-06-18"));
        assert_eq!(header(legacy, "mcp-method"), None);
    }
}
