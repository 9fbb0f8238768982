//! Servers over HTTP+SSE, the transport of 2024-11-05.

use serde_json::{Value, json};
use testkit::wait::{soon, until_true};
use testkit::{Gateway, HttpFake, Setup};

use super::times;
use crate::support::setup;

fn script(http: &Value) -> Value {
    json!({"http": http, "tools": [
        {"name": "echo", "does": [{"progress": 1}, "echo"]},
        {"name": "ask", "does": [{"ask": {"method": "sampling/createMessage", "params": {}}}, "asked"]},
    ]})
}

async fn in_front_of(setup: Setup, fake: &HttpFake) -> Gateway {
    let server =
        json!({"name": "far", "type": "remote", "url": fake.url, "headers": {"X-Key": "k-1"}});
    setup.server(server).start().await
}

#[tokio::test]
async fn calls_and_questions_pass_and_the_transport_is_remembered() {
    for pretty in [false, true] {
        let setup = setup();
        let fake = HttpFake::start_sse(&setup, "far", &script(&json!({"pretty": pretty})));
        let mut gateway = in_front_of(setup, &fake).await;
        let client = gateway.client_with(r#"{"sampling":{}}"#).await;
        let answer = client.tool("far_echo", r#"{"n":1.0}"#).await;
        assert!(answer.result().contains(r#"{"n":1.0}"#));
        let call = client.request("tools/call", r#"{"name":"far_ask","arguments":{}}"#);
        let mut stream = client.post_stream(call).await;
        let question = soon("the question", stream.message()).await;
        let question: Value = serde_json::from_str(&question).expect("JSON");
        assert_eq!(question["method"], "sampling/createMessage");
        client.answer(&question["id"], r#"{"model":"m"}"#).await;
        let last = soon("the answer", stream.message()).await;
        assert!(last.contains(r#""model":"m""#), "{last}");
        for entry in fake.journal().entries() {
            if entry.event == "recv" {
                assert_eq!(entry.headers["x-key"], "k-1");
            }
        }

        let journal = fake.journal();
        let before = times(journal, "initialize");
        gateway.stop().await;
        gateway.restart().await;
        let client = gateway.client().await;
        client.tool("far_echo", "{}").await.result();
        // Straight to the stream: no POST without an endpoint comes first.
        assert_eq!(times(journal, "initialize"), before + 1);
        assert_eq!(gateway.server_status("far").await["era"], "legacy");
    }
}

#[tokio::test]
async fn a_stream_that_ends_ends_the_connection_and_another_one_is_opened() {
    let setup = setup();
    let fake = HttpFake::start_sse(&setup, "far", &script(&json!({})));
    let port = fake.port();
    let gateway = in_front_of(setup, &fake).await;
    let client = gateway.client().await;
    client.tool("far_echo", "{}").await.result();
    drop(fake);
    let fake = HttpFake::start_sse_on(gateway.setup(), "far", &script(&json!({})), port);
    let before = times(fake.journal(), "initialize");
    until_true("it is greeted again", || {
        let client = client.clone();
        tokio::spawn(async move { client.tool("far_echo", "{}").await });
        times(fake.journal(), "initialize") > before
    })
    .await;
    gateway.await_state("far", "ready").await;
    client.tool("far_echo", "{}").await.result();
}

#[tokio::test]
async fn messages_are_not_posted_to_another_server() {
    let setup = setup();
    let elsewhere = json!({"endpoint": "http://127.0.0.2:{port}/messages?session={session}"});
    let fake = HttpFake::start_sse(&setup, "far", &script(&elsewhere));
    let gateway = in_front_of(setup, &fake).await;
    let status = gateway.await_state("far", "failing").await;
    let message = status["error"]["message"]["en"].as_str().expect("words");
    assert!(message.contains("posted to another server"), "{message}");
    assert!(
        fake.journal()
            .entries()
            .iter()
            .all(|entry| entry.http != "POST" || entry.raw.is_empty())
    );
}
