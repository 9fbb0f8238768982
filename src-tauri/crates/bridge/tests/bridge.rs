//! The bridge between in-memory pipes and a small HTTP server that plays the
//! gateway, as each test needs it.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bridge::{BridgeError, Target};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf,
};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

const SOON: Duration = Duration::from_secs(10);
const HELLO: &str = r#"{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

// === The stub gateway ===

/// What the stub saw.
#[derive(Debug, Clone)]
struct Seen {
    method: Method,
    headers: HeaderMap,
    body: String,
}

enum Reply {
    Json(String),
    /// An event stream with these blocks, then its end.
    Events(String),
    /// An event stream that goes on as long as the sender lives.
    Open(mpsc::UnboundedReceiver<String>),
    Status(u16, &'static str),
    Hang,
}

type Behaviour = dyn Fn(&Seen) -> Reply + Send + Sync;

struct Stub {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    seen: Arc<Mutex<Vec<Seen>>>,
    behaviour: Arc<Behaviour>,
}

impl Stub {
    async fn start(behaviour: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_on(0, behaviour).await
    }

    async fn start_on(
        port: u16,
        behaviour: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Shared {
            seen: Arc::default(),
            behaviour: Arc::new(behaviour),
        };
        let seen = shared.seen.clone();
        let router = Router::new().fallback(answer).with_state(shared);
        let server =
            tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { port, seen, server }
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic").clone()
    }

    fn posts(&self) -> Vec<String> {
        self.seen()
            .into_iter()
            .filter(|seen| seen.method == Method::POST)
            .map(|seen| seen.body)
            .collect()
    }

    fn count(&self, method: Method) -> usize {
        self.seen()
            .iter()
            .filter(|seen| seen.method == method)
            .count()
    }
}

/// The stub never reads what is larger, so that the connection fills up.
const TOO_LARGE: usize = 32 << 20;

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if body.size_hint().lower() > TOO_LARGE as u64 {
        return std::future::pending().await;
    }
    let body = axum::body::to_bytes(body, usize::MAX)
        .await
        .expect("a body");
    let seen = Seen {
        method: parts.method,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).expect("UTF-8"),
    };
    let reply = (shared.behaviour)(&seen);
    let is_hello = seen.body.contains(r#""initialize""#);
    shared.seen.lock().expect("no panic").push(seen);
    let mut response = match reply {
        Reply::Json(body) => ([("content-type", "application/json")], body).into_response(),
        Reply::Events(blocks) => ([("content-type", "text/event-stream")], blocks).into_response(),
        Reply::Open(blocks) => {
            let blocks = stream::unfold(blocks, |mut blocks| async move {
                let block = blocks.recv().await?;
                Some((Ok::<_, Infallible>(block), blocks))
            });
            (
                [("content-type", "text/event-stream")],
                Body::from_stream(blocks),
            )
                .into_response()
        }
        Reply::Status(status, body) => {
            (StatusCode::from_u16(status).expect("a status"), body).into_response()
        }
        Reply::Hang => std::future::pending().await,
    };
    if is_hello {
        response
            .headers_mut()
            .insert("mcp-session-id", "s-1".parse().expect("a header"));
    }
    response
}

/// A decent gateway: a handshake, no GET stream, an echo of the params.
fn decent(seen: &Seen) -> Reply {
    if seen.method == Method::GET {
        return Reply::Status(405, "");
    }
    if seen.method == Method::DELETE {
        return Reply::Status(200, "");
    }
    let Ok(message) = serde_json::from_str::<Value>(&seen.body) else {
        return Reply::Status(400, "no JSON");
    };
    match (message["method"].as_str(), &message["id"]) {
        (Some("initialize"), id) => Reply::Json(hello_answer(id)),
        (None, _) | (_, Value::Null) => Reply::Status(202, ""),
        (_, id) => Reply::Json(format!(
            r#"{{"jsonrpc":"2.0","id":{id},"result":{{"ok":1.0}}}}"#
        )),
    }
}

fn hello_answer(id: &Value) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"result":{{"protocolVersion":"2025-06-18","capabilities":{{}},"serverInfo":{{"name":"g","version":"1"}}}}}}"#
    )
}

// === The client at the other end ===

struct Client {
    stdin: Option<WriteHalf<DuplexStream>>,
    stdout: Lines<BufReader<ReadHalf<DuplexStream>>>,
    bridge: JoinHandle<Result<(), BridgeError>>,
}

impl Client {
    fn start(port: u16) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let (stdout, stdin) = tokio::io::split(ours);
        let (reader, writer) = tokio::io::split(theirs);
        let target = Target::new(&format!("http://127.0.0.1:{port}/mcp")).expect("an address");
        let target = target.with_header("X-Test: yes").expect("a header");
        let bridge = tokio::spawn(bridge::run(reader, writer, target));
        Self {
            stdin: Some(stdin),
            stdout: BufReader::new(stdout).lines(),
            bridge,
        }
    }

    /// One that has said hello.
    async fn greeted(port: u16) -> Self {
        let mut client = Self::start(port);
        client.send(HELLO).await;
        assert!(client.line().await.contains(r#""id":"hello""#));
        client.send(INITIALIZED).await;
        client
    }

    async fn send(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin
            .write_all(format!("{line}\n").as_bytes())
            .await
            .expect("the bridge reads");
    }

    async fn line(&mut self) -> String {
        soon(self.stdout.next_line())
            .await
            .expect("the bridge writes")
            .expect("stdout is open")
    }

    async fn json(&mut self) -> Value {
        serde_json::from_str(&self.line().await).expect("only JSON on stdout")
    }

    /// Closes stdin and gives what is left on stdout.
    async fn leave(mut self) -> Vec<String> {
        self.stdin
            .take()
            .expect("stdin is open")
            .shutdown()
            .await
            .expect("the pipe closes");
        let mut rest = Vec::new();
        while let Some(line) = soon(self.stdout.next_line())
            .await
            .expect("the bridge writes")
        {
            rest.push(line);
        }
        soon(self.bridge)
            .await
            .expect("no panic")
            .expect("a clean end");
        rest
    }
}

async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, work).await.expect("in time")
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < SOON, "in vain until {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn event(message: &str) -> String {
    format!("event: message\ndata: {message}\n\n")
}

// === The stories ===

#[tokio::test]
async fn messages_pass_byte_for_byte_with_the_sessions_headers() {
    let stub = Stub::start(decent).await;
    let mut client = Client::greeted(stub.port).await;
    let odd = r#"{ "id":12345678901234567890123, "method":"x/y","jsonrpc":"2.0","params":{"b":1E+2,"a":"\u00e9\n"},"z":[1.0] }"#;

    client.send(odd).await;
    assert_eq!(
        client.line().await,
        r#"{"jsonrpc":"2.0","id":12345678901234567890123,"result":{"ok":1.0}}"#
    );
    assert_eq!(client.leave().await, Vec::<String>::new());

    assert_eq!(stub.posts(), [HELLO, INITIALIZED, odd]);
    for seen in stub.seen().iter().skip(1) {
        assert_eq!(seen.headers["mcp-session-id"], "s-1", "{seen:?}");
        assert_eq!(seen.headers["mcp-protocol-version"], "2025-06-18");
        assert_eq!(seen.headers["x-test"], "yes");
    }
    assert_eq!(stub.count(Method::DELETE), 1);
}

#[tokio::test]
async fn an_event_stream_brings_questions_progress_and_the_answer_on_single_lines() {
    let stub = Stub::start(|seen| match seen.body.contains("tools/call") {
        true => Reply::Events(
            [
                ": comment\n\nid: 1\ndata:\n\n",
                &event(r#"{"jsonrpc":"2.0","id":"q","method":"sampling/createMessage","params":{}}"#),
                "data: {\"jsonrpc\":\"2.0\",\r\ndata:   \"id\":1,\r\ndata: \"result\":{\"n\":1.0}}\r\n\r\n",
            ]
            .concat(),
        ),
        false => decent(seen),
    })
    .await;
    let mut client = Client::greeted(stub.port).await;

    client
        .send(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#)
        .await;
    assert_eq!(client.json().await["method"], "sampling/createMessage");
    assert_eq!(
        client.line().await,
        r#"{"jsonrpc":"2.0",   "id":1, "result":{"n":1.0}}"#
    );
    let answer = r#"{"jsonrpc":"2.0","id":"q","result":{"role":"assistant"}}"#;
    client.send(answer).await;
    client.leave().await;

    assert_eq!(stub.posts().last().map(String::as_str), Some(answer));
}

#[tokio::test]
async fn requests_run_side_by_side_and_initialize_alone() {
    let (slow, waiting) = mpsc::unbounded_channel();
    let waiting = Mutex::new(Some(waiting));
    let stub = Stub::start(move |seen| match seen.body.contains("slow") {
        true => Reply::Open(
            waiting
                .lock()
                .expect("no panic")
                .take()
                .expect("one slow call"),
        ),
        false => decent(seen),
    })
    .await;
    let mut client = Client::start(stub.port);
    client
        .send(
            &[
                HELLO,
                INITIALIZED,
                r#"{"jsonrpc":"2.0","id":1,"method":"slow"}"#,
            ]
            .join("\n"),
        )
        .await;
    client
        .send(r#"{"jsonrpc":"2.0","id":2,"method":"fast"}"#)
        .await;

    assert_eq!(client.json().await["id"], "hello");
    assert_eq!(client.json().await["id"], 2);
    slow.send(event(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#))
        .expect("the call waits");
    assert_eq!(client.json().await["id"], 1);
    assert_eq!(stub.posts()[0], HELLO);
    client.leave().await;
}

#[tokio::test]
async fn the_get_stream_is_opened_after_the_handshake_and_again_when_it_breaks() {
    let (push, pushed) = mpsc::unbounded_channel();
    let streams = Mutex::new(VecDeque::from([
        Reply::Events(format!(
            "id: e-7\n{}",
            event(r#"{"jsonrpc":"2.0","method":"first"}"#)
        )),
        Reply::Status(503, "busy"),
        Reply::Open(pushed),
    ]));
    let stub = Stub::start(move |seen| match seen.method == Method::GET {
        true => streams
            .lock()
            .expect("no panic")
            .pop_front()
            .unwrap_or(Reply::Status(405, "")),
        false => decent(seen),
    })
    .await;
    let mut client = Client::greeted(stub.port).await;

    assert_eq!(client.json().await["method"], "first");
    push.send(event(r#"{"jsonrpc":"2.0","id":9,"method":"ping"}"#))
        .expect("the stub lives");
    assert_eq!(client.json().await["method"], "ping");

    let gets: Vec<Seen> = stub
        .seen()
        .into_iter()
        .filter(|seen| seen.method == Method::GET)
        .collect();
    assert!(!gets[0].headers.contains_key("last-event-id"));
    assert_eq!(gets[2].headers["last-event-id"], "e-7");
    let order = stub.seen();
    let initialized = order.iter().position(|seen| seen.body == INITIALIZED);
    assert!(order.iter().position(|seen| seen.method == Method::GET) > initialized);
    client.leave().await;
}

#[tokio::test]
async fn a_gateway_without_a_get_stream_is_asked_for_it_once() {
    let stub = Stub::start(decent).await;
    let mut client = Client::greeted(stub.port).await;
    until("the stream was asked for", || stub.count(Method::GET) == 1).await;
    for id in 0..20 {
        client
            .send(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#))
            .await;
        client.line().await;
    }
    client.leave().await;
    assert_eq!(stub.count(Method::GET), 1);
}

#[tokio::test]
async fn a_forgotten_session_is_opened_again_and_the_request_repeated_once() {
    let forgotten = Mutex::new(false);
    let stub = Stub::start(move |seen| {
        let mut forgotten = forgotten.lock().expect("no panic");
        if seen.body == HELLO {
            *forgotten = false;
        }
        if *forgotten && seen.method == Method::POST {
            return Reply::Status(404, "no such session");
        }
        if seen.body.contains("forget") {
            *forgotten = true;
        }
        decent(seen)
    })
    .await;
    let mut client = Client::greeted(stub.port).await;
    client
        .send(r#"{"jsonrpc":"2.0","id":1,"method":"forget"}"#)
        .await;
    assert_eq!(client.json().await["id"], 1);

    let calls: Vec<String> = (2..6)
        .map(|id| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"x"}}"#))
        .collect();
    client.send(&calls.join("\n")).await;
    let mut answered = Vec::new();
    for _ in &calls {
        let answer = client.json().await;
        assert!(answer.get("result").is_some(), "{answer}");
        answered.push(answer["id"].as_u64().expect("an id"));
    }
    answered.sort_unstable();

    assert_eq!(answered, [2, 3, 4, 5]);
    assert_eq!(
        client.leave().await,
        Vec::<String>::new(),
        "the second answer to initialize is swallowed"
    );
    let posts = stub.posts();
    assert_eq!(
        posts.iter().filter(|post| *post == HELLO).count(),
        2,
        "one renewal for all of them"
    );
    assert_eq!(posts.iter().filter(|post| *post == INITIALIZED).count(), 2);
}

#[tokio::test]
async fn a_session_that_stays_gone_ends_in_an_error_not_in_a_loop() {
    let stub = Stub::start(|seen| match seen.body.contains(r#""method":"x""#) {
        true => Reply::Status(404, ""),
        false => decent(seen),
    })
    .await;
    let mut client = Client::greeted(stub.port).await;
    client
        .send(r#"{"jsonrpc":"2.0","id":1,"method":"x"}"#)
        .await;
    assert_eq!(client.json().await["error"]["code"], -32000);
    client.leave().await;
    assert_eq!(
        stub.posts()
            .iter()
            .filter(|post| post.contains(r#""method":"x""#))
            .count(),
        2
    );
}

#[tokio::test]
async fn a_cancelled_request_is_not_repeated_in_the_next_session() {
    let hellos = Mutex::new(0);
    let stub = Stub::start(move |seen| {
        let mut hellos = hellos.lock().expect("no panic");
        *hellos += usize::from(seen.body == HELLO);
        let is_opening = [HELLO, INITIALIZED].contains(&seen.body.as_str());
        match seen.method == Method::POST && !is_opening && *hellos == 1 {
            true => Reply::Status(404, "no such session"),
            false => decent(seen),
        }
    })
    .await;
    let mut client = Client::greeted(stub.port).await;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#;
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    client.send(&[call, cancel].join("\n")).await;
    until("the session is open again", || {
        stub.posts().iter().filter(|post| *post == HELLO).count() == 2
    })
    .await;

    assert_eq!(client.leave().await, Vec::<String>::new());
    let posts = stub.posts();
    assert_eq!(posts.iter().filter(|post| *post == call).count(), 1);
}

#[tokio::test]
async fn while_the_gateway_is_away_each_request_gets_an_error_and_then_all_is_well_again() {
    let stub = Stub::start(decent).await;
    let port = stub.port;
    stub.server.abort();
    stub.server.await.expect_err("aborted");
    let mut client = Client::start(port);

    client.send(HELLO).await;
    let answer = client.json().await;
    assert_eq!(
        (&answer["id"], &answer["error"]["code"]),
        (&json!("hello"), &json!(-32000))
    );
    let text = answer["error"]["message"].as_str().expect("a message");
    assert!(
        text.contains(&format!("http://127.0.0.1:{port}/mcp")) && text.contains("refused"),
        "{text}"
    );
    client.send(INITIALIZED).await;
    client
        .send(r#"{"jsonrpc":"2.0","id":1,"method":"x"}"#)
        .await;
    assert_eq!(client.json().await["error"]["code"], -32000);

    let _stub = Stub::start_on(port, decent).await;
    client.send(HELLO).await;
    assert!(client.json().await.get("result").is_some());
    client
        .send(r#"{"jsonrpc":"2.0","id":2,"method":"x"}"#)
        .await;
    assert!(client.json().await.get("result").is_some());
    client.leave().await;
}

#[tokio::test]
async fn a_refusal_keeps_the_gateways_own_error_or_says_what_it_said() {
    let stub = Stub::start(|seen| {
        if seen.body.contains(r#""own""#) {
            Reply::Status(
                400,
                r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32602,"message":"no","data":1.0}}"#,
            )
        } else if seen.body.contains(r#""plain""#) {
            Reply::Status(502, "upstream is down")
        } else if seen.body.contains(r#""mute""#) {
            Reply::Events(String::new())
        } else {
            decent(seen)
        }
    })
    .await;
    let mut client = Client::greeted(stub.port).await;

    client
        .send(r#"{"jsonrpc":"2.0","id":1,"method":"own"}"#)
        .await;
    assert_eq!(
        client.line().await,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no","data":1.0}}"#
    );
    client
        .send(r#"{"jsonrpc":"2.0","id":2,"method":"plain"}"#)
        .await;
    let answer = client.json().await;
    assert!(
        answer["error"]["message"]
            .as_str()
            .is_some_and(|text| text.contains("502") && text.contains("upstream is down"))
    );
    client
        .send(r#"{"jsonrpc":"2.0","id":3,"method":"mute"}"#)
        .await;
    assert_eq!(client.json().await["error"]["code"], -32000);
    client.leave().await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_taken_up_where_the_gateway_allows_it() {
    let stub = Stub::start(|seen| {
        if seen.method == Method::GET {
            return match seen.headers.get("last-event-id") {
                Some(id) if id == "call-1" => {
                    Reply::Events(event(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#))
                }
                _ => Reply::Status(405, ""),
            };
        }
        match seen.body.contains("tools/call") {
            true => Reply::Events("id: call-1\nretry: 1\ndata:\n\n".to_owned()),
            false => decent(seen),
        }
    })
    .await;
    let mut client = Client::greeted(stub.port).await;
    client
        .send(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#)
        .await;
    assert!(client.json().await.get("result").is_some());
    client.leave().await;
}

#[tokio::test]
async fn lines_that_are_no_message_get_an_error_and_life_goes_on() {
    let stub = Stub::start(decent).await;
    let mut client = Client::greeted(stub.port).await;
    for (line, id, code) in [
        ("nonsense", json!(null), -32700),
        (
            r#"{"jsonrpc":"2.0","id":null,"method":"x"}"#,
            json!(null),
            -32600,
        ),
        (r#"{"id":7,"method":"x"}"#, json!(7), -32600),
        ("[]", json!(null), -32600),
        (r#"{"jsonrpc":"2.0","method":"x"} {}"#, json!(null), -32700),
    ] {
        client.send(line).await;
        let answer = client.json().await;
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&id, &json!(code)),
            "{line}"
        );
    }
    let deep = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"x","params":{}{}}}"#,
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    client.send(&deep).await;
    assert_eq!(client.json().await["error"]["code"], -32700);
    client.send("\r\n\n").await;
    client.send(r#"[{"jsonrpc":"2.0","id":1,"method":"x"},{"jsonrpc":"2.0","method":"notifications/y"}]"#).await;
    assert!(
        client.json().await.get("result").is_some(),
        "a batch is answered element by element"
    );
    client.leave().await;
}

#[tokio::test]
async fn the_gateways_garbage_never_reaches_stdout() {
    let stub = Stub::start(|seen| match seen.body.contains("tools/call") {
        true => Reply::Events(
            [
                "data: oops\n\n",
                &event(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#),
            ]
            .concat(),
        ),
        false => decent(seen),
    })
    .await;
    let mut client = Client::greeted(stub.port).await;
    client
        .send(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#)
        .await;
    assert_eq!(client.json().await["id"], 1);
    client.leave().await;
}

#[tokio::test]
async fn a_cancelled_request_stays_unanswered_and_the_cancellation_is_handed_on() {
    let (hold, held) = mpsc::unbounded_channel::<String>();
    let held = Mutex::new(Some(held));
    let stub = Stub::start(move |seen| match seen.body.contains("tools/call") {
        true => Reply::Open(held.lock().expect("no panic").take().expect("one call")),
        false => decent(seen),
    })
    .await;
    let mut client = Client::greeted(stub.port).await;
    client
        .send(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#)
        .await;
    until("the call arrived", || stub.posts().len() == 3).await;
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    client.send(cancel).await;
    until("the cancellation arrived", || {
        stub.posts().iter().any(|post| post == cancel)
    })
    .await;
    drop(hold);
    assert_eq!(client.leave().await, Vec::<String>::new());
}

/// A gateway whose calls run until they are cancelled. A cancellation that
/// comes before its call is lost.
fn cancellable() -> impl Fn(&Seen) -> Reply + Send + Sync + 'static {
    let running = Mutex::new(HashMap::new());
    move |seen| {
        let message: Value = serde_json::from_str(&seen.body).unwrap_or_default();
        let mut running = running.lock().expect("no panic");
        match message["method"].as_str() {
            Some("tools/call") => {
                let (hold, held) = mpsc::unbounded_channel();
                running.insert(message["id"].to_string(), hold);
                Reply::Open(held)
            }
            Some("notifications/cancelled") => {
                running.remove(&message["params"]["requestId"].to_string());
                Reply::Status(202, "")
            }
            Some("still running") => Reply::Json(
                json!({"jsonrpc": "2.0", "id": message["id"], "result": running.len()}).to_string(),
            ),
            _ => decent(seen),
        }
    }
}

#[tokio::test]
async fn a_cancellation_in_the_same_write_never_overtakes_its_request() {
    let stub = Stub::start(cancellable()).await;
    let mut client = Client::greeted(stub.port).await;
    until("the session is open", || stub.posts().len() == 2).await;
    let mut written = Vec::new();
    for id in 0..20 {
        // Some fill the connection's buffers, some come in company.
        let text = "x".repeat(if id % 5 == 0 { 1 << 20 } else { 1 });
        let mut messages: Vec<String> = (0..=id % 3)
            .map(|n| format!(r#"{{"jsonrpc":"2.0","id":"{id}-{n}","method":"tools/call","params":{{"name":"{text}"}}}}"#))
            .collect();
        messages.extend((0..=id % 3).map(|n| format!(r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":"{id}-{n}"}}}}"#)));
        client.send(&messages.join("\n")).await;
        written.extend(messages);
    }
    client
        .send(r#"{"jsonrpc":"2.0","id":"all","method":"still running"}"#)
        .await;

    assert_eq!(
        client.json().await,
        json!({"jsonrpc": "2.0", "id": "all", "result": 0})
    );
    assert_eq!(client.leave().await, Vec::<String>::new());
    let posts = stub.posts();
    let arrived = &posts[2..posts.len() - 1];
    assert_eq!(arrived.len(), written.len());
    let place = |message: &String| arrived.iter().position(|post| post == message);
    for (at, cancel) in written.iter().enumerate() {
        if cancel.contains("notifications/cancelled") {
            assert_eq!(
                place(cancel),
                Some(at),
                "after all that was written before it"
            );
        }
    }
}

#[tokio::test]
async fn progress_in_the_same_write_follows_the_request_before_it() {
    let stub = Stub::start(decent).await;
    let mut client = Client::greeted(stub.port).await;
    let mut written = vec![HELLO.to_owned(), INITIALIZED.to_owned()];
    for id in 0..20 {
        let pair = [
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call"}}"#),
            format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":1,"progress":{id}}}}}"#
            ),
        ];
        client.send(&pair.join("\n")).await;
        assert_eq!(client.json().await["id"], id);
        written.extend(pair);
    }
    client.leave().await;
    assert_eq!(stub.posts(), written);
}

#[tokio::test]
async fn a_request_that_does_not_get_through_holds_up_the_rest_only_for_seconds() {
    let stub = Stub::start(decent).await;
    let mut client = Client::greeted(stub.port).await;
    let big = "x".repeat(TOO_LARGE);
    client
        .send(&format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":"{big}"}}"#
        ))
        .await;
    client
        .send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#)
        .await;
    client
        .send(r#"{"jsonrpc":"2.0","id":2,"method":"x"}"#)
        .await;
    let start = Instant::now();
    assert_eq!(client.json().await["id"], 2);
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    client.bridge.abort();
}

#[tokio::test]
async fn at_the_end_running_calls_may_finish() {
    let (slow, waiting) = mpsc::unbounded_channel();
    let waiting = Mutex::new(Some(waiting));
    let stub = Stub::start(move |seen| match seen.body.contains("slow") {
        true => Reply::Open(
            waiting
                .lock()
                .expect("no panic")
                .take()
                .expect("one slow call"),
        ),
        false => decent(seen),
    })
    .await;
    let mut client = Client::greeted(stub.port).await;
    client
        .send(r#"{"jsonrpc":"2.0","id":1,"method":"slow"}"#)
        .await;
    until("the call arrived", || stub.posts().len() == 3).await;
    let leaving = tokio::spawn(client.leave());
    slow.send(event(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#))
        .expect("the call waits");
    assert_eq!(soon(leaving).await.expect("no panic").len(), 1);
    assert_eq!(stub.count(Method::DELETE), 1);
}

#[tokio::test]
async fn at_the_end_calls_that_hang_are_cancelled() {
    let stub = Stub::start(|seen| match seen.body.contains("tools/call") {
        true => Reply::Hang,
        false => decent(seen),
    })
    .await;
    let mut client = Client::greeted(stub.port).await;
    client
        .send(r#"{"jsonrpc":"2.0","id":"h","method":"tools/call"}"#)
        .await;
    // The stub notes a request before it hangs.
    until("the call arrived", || stub.posts().len() == 3).await;
    assert_eq!(client.leave().await, Vec::<String>::new());
    let cancelled = stub
        .posts()
        .into_iter()
        .find(|post| post.contains("notifications/cancelled"));
    assert!(cancelled.is_some_and(|post| post.contains(r#""requestId":"h""#)));
    assert_eq!(stub.count(Method::DELETE), 1);
}

#[tokio::test]
async fn large_messages_pass_in_both_directions() {
    let stub = Stub::start(|seen| match seen.body.contains("tools/call") {
        true => Reply::Json(format!(
            r#"{{"jsonrpc":"2.0","id":1,"result":{{"text":"{}"}}}}"#,
            "y".repeat(3 << 20)
        )),
        false => decent(seen),
    })
    .await;
    let mut client = Client::greeted(stub.port).await;
    let big = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"text":"{}"}}}}"#,
        "x".repeat(3 << 20)
    );
    client.send(&big).await;
    assert!(client.line().await.len() > 3 << 20);
    client.leave().await;
    assert_eq!(stub.posts()[2], big);
}
