//! Streamable HTTP servers behind the gateway.

use serde_json::{Value, json};
use testkit::client::member;
use testkit::wait::{until, until_true};
use testkit::{Gateway, HttpFake, Setup};

use crate::support::setup;

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
