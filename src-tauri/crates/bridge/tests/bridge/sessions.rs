//! Sessions: opened, followed, forgotten and opened again.

use std::collections::VecDeque;
use std::sync::Mutex;

use axum::http::Method;
use serde_json::json;
use tokio::sync::mpsc;

use crate::client::{Client, HELLO, INITIALIZED, until};
use crate::stub::{Reply, Seen, Stub, decent, event};

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
