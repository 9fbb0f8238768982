//! Streamable HTTP servers behind the gateway.

mod awkward;
mod greeting;

use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::client::member;
use testkit::wait::{until, until_true};
use testkit::{Gateway, HttpFake, Setup};

use crate::support::setup;
use awkward::{Awkward, Reply, answer};

async fn in_front_of(setup: Setup, fake: &HttpFake) -> Gateway {
    setup
        .server(
            json!({"name": "far", "type": "remote", "url": fake.url, "headers": {"X-Key": "k-1"}}),
        )
        .start()
        .await
}

#[tokio::test]
async fn json_and_event_streams_pass_with_the_headers_of_the_file() {
    for http in [
        json!({}),
        json!({"sse": true}),
        json!({"sse": true, "pretty": true}),
        json!({"sessions": false, "get": false}),
    ] {
        let setup = setup();
        let fake = HttpFake::start(
            &setup,
            "far",
            &json!({"http": http, "tools": [{"name": "echo", "does": [{"progress": 2}, "echo"]}]}),
        );
        let gateway = in_front_of(setup, &fake).await;
        let client = gateway.client().await;

        let params = r#"{"name":"far_echo","arguments":{"n":1.0,"big":12345678901234567890123},"_meta":{"progressToken":7}}"#;
        let answer = client.call("tools/call", params).await;

        let echoed = member(&member(&answer.result(), "structuredContent"), "arguments");
        assert_eq!(
            echoed, r#"{"n":1.0,"big":12345678901234567890123}"#,
            "{http}"
        );
        let calls: Vec<_> = fake
            .journal()
            .entries()
            .into_iter()
            .filter(|entry| entry.raw.contains("tools/call"))
            .collect();
        assert_eq!(calls[0].headers["x-key"], "k-1");
        assert_eq!(
            calls[0].headers["mcp-protocol-version"], "2025-11-25",
            "{http}"
        );
    }
}

#[tokio::test]
async fn a_session_that_the_server_forgot_is_opened_again() {
    let setup = setup();
    let script = json!({"tools": [{"name": "forget", "does": ["forgetSessions", {"text": "gone"}]}, {"name": "echo"}]});
    let fake = HttpFake::start(&setup, "far", &script);
    let gateway = in_front_of(setup, &fake).await;
    let client = gateway.client().await;
    assert_eq!(client.text("far_forget", "{}").await, "gone");
    client.tool("far_echo", "{}").await.result();
    assert_eq!(fake.journal().received_of("initialize").len(), 2);
}

#[tokio::test]
async fn news_and_questions_of_a_remote_server_arrive() {
    let setup = setup();
    let script = json!({"http": {"sse": true}, "tools": [
        {"name": "ask", "does": [{"ask": {"method": "sampling/createMessage", "params": {}}}, "asked"]},
        {"name": "change", "does": [{"tools": [{"name": "new"}]}, {"push": {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}}, {"text": "ok"}]},
    ]});
    let fake = HttpFake::start(&setup, "far", &script);
    let gateway = in_front_of(setup, &fake).await;
    gateway.await_state("far", "ready").await;
    let client = gateway.client_with(r#"{"sampling":{}}"#).await;
    let mut news = client.listen().await;

    let mut stream = client
        .post_stream(client.request("tools/call", r#"{"name":"far_ask"}"#))
        .await;
    let question = stream.message_of("sampling/createMessage").await;
    client.answer(&question["id"], r#"{"from":"client"}"#).await;
    assert!(stream.response().await.contains(r#""from":"client""#));

    client.text("far_change", "{}").await;
    // The first news may still be of the server's start. Whoever lists again
    // after each ends up with the new list.
    loop {
        news.message_of("notifications/tools/list_changed").await;
        if client.tool_names().await == ["far_new"] {
            break;
        }
    }
}

#[tokio::test]
async fn a_remote_server_that_is_down_is_named_and_comes_back_by_itself() {
    let setup = setup();
    let script = json!({"tools": [{"name": "echo"}]});
    let fake = HttpFake::start(&setup, "far", &script);
    let port = fake.port();
    let gateway = in_front_of(setup, &fake).await;
    let client = gateway.client().await;
    client.tool("far_echo", "{}").await.result();
    drop(fake);

    let error = client.tool("far_echo", "{}").await.error();
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|text| text.contains("far")),
        "{error}"
    );
    let _fake = HttpFake::start_on(gateway.setup(), "far", &script, port);
    until("it works again", async || {
        let answer: Value =
            serde_json::from_str(&client.tool("far_echo", "{}").await.response()).ok()?;
        answer.get("result").map(drop)
    })
    .await;
}

#[tokio::test]
async fn the_session_with_a_remote_server_is_ended_at_the_end() {
    let setup = setup();
    let fake = HttpFake::start(&setup, "far", &json!({"tools": [{"name": "echo"}]}));
    let mut gateway = in_front_of(setup, &fake).await;
    gateway.client().await.tool("far_echo", "{}").await.result();
    assert!(gateway.stop().await.success());
    let text = std::fs::read_to_string(fake.journal().path()).expect("a journal");
    until_true("the session was deleted", || {
        text.contains(r#""http":"DELETE""#)
    })
    .await;
}

async fn in_front_of_awkward(fake: &Awkward) -> Gateway {
    let url = format!("http://127.0.0.1:{}/mcp", fake.port);
    let server = json!({"name": "far", "type": "remote", "url": url});
    let gateway = setup().server(server).start().await;
    gateway.await_state("far", "ready").await;
    gateway
}

#[tokio::test]
async fn no_secret_of_an_address_is_shown_anywhere() {
    let moved = Awkward::start(|seen| match seen.method.as_str() {
        "POST" => Reply::Status(
            "307 Temporary Redirect",
            "location: http://bob:s3cret@else.example/new?key=t0ken\r\n",
        ),
        _ => Reply::Usual,
    })
    .await;
    let gone = Awkward::start(|_| Reply::Usual).await.port;
    let remote = |name: &str, port: u16| json!({"name": name, "type": "remote", "url": format!("http://ann:s3cret@127.0.0.1:{port}/mcp?key=t0ken")});
    let setup = setup()
        .server(remote("moved", moved.port))
        .server(remote("gone", gone));
    let gateway = setup.start().await;
    let status = gateway.await_state("gone", "failing").await.to_string();
    assert!(
        status.contains(&format!("http://127.0.0.1:{gone}/mcp cannot be reached")),
        "{status}"
    );
    let status = gateway.await_state("moved", "failing").await.to_string();
    assert!(
        status.contains("has moved to http://else.example/new;"),
        "{status}"
    );
    let call = gateway.client().await.tool("gone_work", "{}").await;
    let shown = [
        gateway.status().await.to_string(),
        gateway.stderr(),
        gateway.stdout(),
        call.body,
    ];
    for text in shown {
        assert!(
            !text.contains("s3cret") && !text.contains("t0ken"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_stream_that_ends_before_the_answer_is_taken_up_again() {
    let call = Mutex::new((Value::Null, 0));
    let fake = Awkward::start(move |seen| {
        let mut call = call.lock().expect("nothing panics here");
        match (seen.body["method"].as_str(), seen.last_event_id.as_deref()) {
            (Some("tools/call"), _) => {
                call.0 = seen.body.clone();
                Reply::Events("id: one\nretry: 250\ndata:\n\n".to_owned())
            }
            (_, Some("one")) => Reply::Events("id: two\ndata:\n\n".to_owned()),
            (_, Some("two")) => {
                call.1 += 1;
                match call.1 {
                    1 => Reply::Status("503 Service Unavailable", ""),
                    _ => Reply::Events(format!("data: {}\n\n", answer(&call.0, "at last"))),
                }
            }
            _ => Reply::Usual,
        }
    })
    .await;
    let gateway = in_front_of_awkward(&fake).await;
    let client = gateway.client().await;
    assert_eq!(client.text("far_work", "{}").await, "at last");
    assert_eq!(fake.seen("tools/call").len(), 1, "it was called once");
}

#[tokio::test]
async fn a_listening_stream_that_ends_at_once_is_opened_again_ever_more_slowly() {
    let fake = Awkward::start(|seen| match seen.method.as_str() {
        "GET" => Reply::Events("id: here\nretry: 0\ndata:\n\n".to_owned()),
        _ => Reply::Usual,
    })
    .await;
    let _gateway = in_front_of_awkward(&fake).await;
    until_true("it was opened three times", || fake.seen("GET").len() == 3).await;
    let opened = fake.seen("GET");
    let places: Vec<_> = opened
        .iter()
        .map(|seen| seen.last_event_id.as_deref())
        .collect();
    assert_eq!(places, [None, Some("here"), Some("here")]);
    let waits = [opened[1].at - opened[0].at, opened[2].at - opened[1].at];
    assert!(waits[0] >= Duration::from_millis(900), "{waits:?}");
    assert!(waits[1] >= Duration::from_millis(1900), "{waits:?}");
}

#[tokio::test]
async fn a_connection_under_suspicion_is_used_again_where_ping_is_refused() {
    let fake = Awkward::start(|seen| {
        let slow = seen.body["params"]["arguments"]["slow"] == true;
        match seen.body["method"].as_str() {
            Some("tools/call") if slow => Reply::Hang,
            Some("ping") => Reply::Status("405 Method Not Allowed", ""),
            _ => Reply::Usual,
        }
    })
    .await;
    let url = format!("http://127.0.0.1:{}/mcp", fake.port);
    let server = json!({"name": "far", "type": "remote", "url": url, "callTimeout": 1000});
    let gateway = setup().server(server).start().await;
    gateway.await_state("far", "ready").await;
    let client = gateway.client().await;
    client.text("far_work", "{}").await;

    let error = client.tool("far_work", r#"{"slow":true}"#).await.error();
    assert_eq!(error["code"], -32001, "{error}");
    client.text("far_work", "{}").await;

    assert_eq!(fake.seen("ping").len(), 1);
    assert_eq!(fake.seen("initialize").len(), 1, "the same connection");
    assert_eq!(gateway.server_status("far").await["state"], "ready");
}

#[tokio::test]
async fn a_call_that_is_over_leaves_no_request_behind() {
    let fake = Awkward::start(|seen| match seen.body["method"].as_str() {
        Some("tools/call") => Reply::Hang,
        _ => Reply::Usual,
    })
    .await;
    let gateway = in_front_of_awkward(&fake).await;
    let client = gateway.client().await;
    let call = r#"{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"far_work"}}"#;
    let calling = client.clone();
    let calling = tokio::spawn(async move { calling.post(call).await });
    until_true("the call has arrived", || {
        fake.seen("tools/call").len() == 1
    })
    .await;
    client
        .notify("notifications/cancelled", r#"{"requestId":77}"#)
        .await;
    until_true("its connection is closed", || {
        fake.seen("tools/call")[0].left
    })
    .await;
    calling.await.expect("it ends");
}

#[tokio::test]
async fn a_failure_to_connect_spares_the_calls_in_flight() {
    let setup = setup();
    let gate = setup.path("gate");
    let waiting = gate.clone();
    let fake = Awkward::start(move |seen| match seen.body["method"].as_str() {
        Some("tools/call") => Reply::Wait(waiting.clone()),
        _ => Reply::Usual,
    })
    .await;
    let gateway = in_front_of_awkward(&fake).await;
    let client = gateway.client().await;
    let calling = client.clone();
    let calling = tokio::spawn(async move { calling.text("far_work", "{}").await });
    until_true("the call has arrived", || {
        fake.seen("tools/call").len() == 1
    })
    .await;
    drop(fake);

    let error = client.tool("far_work", "{}").await.error().to_string();
    assert!(error.contains("cannot be reached"), "{error}");
    std::fs::write(&gate, "").expect("the gate opens");
    assert_eq!(calling.await.expect("it ends"), "usual");

    // With nothing in flight any more the next failure is the server's.
    client.tool("far_work", "{}").await.error();
    gateway.await_state("far", "failing").await;
}
