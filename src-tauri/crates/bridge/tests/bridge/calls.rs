//! Calls within a session, and what goes wrong with them.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::client::{Client, HELLO, INITIALIZED, soon, until};
use crate::stub::{Reply, Seen, Stub, TOO_LARGE, decent, event};

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
