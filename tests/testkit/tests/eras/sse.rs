//! HTTP+SSE, the transport of 2024-11-05.

use serde_json::json;
use testkit::{HttpFake, McpHttp};

use crate::setup;

#[tokio::test]
async fn answers_and_questions_come_on_the_stream() {
    let setup = setup();
    let script =
        json!({"tools": [{"name": "ask", "does": [{"ask": {"method": "roots/list"}}, "asked"]}]});
    let fake = HttpFake::start_sse(&setup, "fake", &script);
    let client = McpHttp::new(&fake.url);
    assert_eq!(client.post("{}").await.status, 405);

    let mut stream = client.listen().await;
    let endpoint = stream.event().await.expect("an event");
    assert_eq!(endpoint.event.as_deref(), Some("endpoint"));
    let place = String::from_utf8(endpoint.data).expect("UTF-8");
    let url = fake.url.replace("/sse", &place);
    let posts = McpHttp::new(&url);
    let hello = posts
        .call(
            "initialize",
            r#"{"protocolVersion":"2024-11-05","capabilities":{}}"#,
        )
        .await;
    assert_eq!(hello.status, 202);
    assert!(
        stream
            .response()
            .await
            .contains(r#""protocolVersion":"2024-11-05""#)
    );
    posts.tool("ask", "{}").await;
    let question = stream.message_of("roots/list").await;
    posts.answer(&question["id"], r#"{"roots":[]}"#).await;
    assert!(stream.response().await.contains(r#""result":{"roots":[]}"#));
    assert_eq!(fake.journal().received_of("tools/call").len(), 1);

    // Where the stream has ended, its session has.
    drop(stream);
    testkit::wait::until("the session ends", async || {
        (posts.call("ping", "{}").await.status == 404).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_endpoint_is_spelled_as_the_script_says() {
    let setup = setup();
    let place = "http://127.0.0.1:{port}/messages?session={session}";
    let fake = HttpFake::start_sse(&setup, "fake", &json!({"http": {"endpoint": place}}));
    let mut stream = McpHttp::new(&fake.url).listen().await;
    let endpoint = stream.event().await.expect("an event");
    let expected = format!("http://127.0.0.1:{}/messages?session=1", fake.port());
    assert_eq!(endpoint.data, expected.as_bytes());
}
