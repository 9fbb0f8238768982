//! What an endpoint says it has.

use serde_json::{Value, json};
use testkit::client::{McpHttp, McpModern};
use testkit::wait::{soon, until};
use wire::error_code;

use super::read;
use crate::support::setup;

/// A server with tools alone.
fn plain() -> Value {
    json!({"capabilities": {"tools": {}}, "tools": [{"name": "echo"}]})
}

/// One with prompts beside.
fn talking() -> Value {
    json!({"capabilities": {"tools": {}, "prompts": {}}, "tools": [{"name": "echo"}], "prompts": [{"name": "p"}]})
}

/// What `initialize` declares at an endpoint.
async fn declared(url: &str) -> Value {
    let mut client = McpHttp::new(url);
    let hello = client.initialize("{}", "2025-11-25").await;
    read(&hello.result())["capabilities"].clone()
}

#[tokio::test]
async fn what_joins_is_declared_and_told() {
    let gateway = setup().fake("plain", plain()).start().await;
    gateway.await_tools("plain", 1).await;
    let client = McpModern::new(&gateway.endpoint);
    let listed = json!({"listChanged": true});
    assert_eq!(
        client.discover().await["capabilities"],
        json!({"tools": listed})
    );
    assert_eq!(declared(&gateway.endpoint).await, json!({"tools": listed}));
    let refused = client.call("prompts/list", "{}").await;
    assert_eq!(
        (refused.status, &refused.error()["code"]),
        (404, &json!(error_code::METHOD_NOT_FOUND))
    );
    let mut stream = client.listen(r#"{"toolsListChanged":true}"#).await;
    soon("the acknowledgment", stream.message()).await;

    let form = gateway.setup().fake_form("talking", talking());
    gateway.api().add(&form).await.saved();

    let told = read(&soon("news", stream.message()).await);
    assert_eq!(told["method"], "notifications/tools/list_changed");
    let both = json!({"tools": listed, "prompts": listed});
    until("its prompts are declared", async || {
        (client.discover().await["capabilities"] == both).then_some(())
    })
    .await;
    let prompts = read(&client.call("prompts/list", "{}").await.result());
    assert_eq!(prompts["prompts"][0]["name"], "talking_p");
    assert_eq!(declared(&gateway.endpoint).await, both);
}

#[tokio::test]
async fn without_servers_there_are_tools_for_those_who_cannot_ask_again() {
    let gateway = setup().start().await;
    let client = McpModern::new(&gateway.endpoint);
    let listed = json!({"listChanged": true});
    assert_eq!(
        client.discover().await["capabilities"],
        json!({"tools": listed})
    );
    let listed_now = read(&client.call("tools/list", "{}").await.result());
    assert_eq!(listed_now["tools"], json!([]), "what is declared exists");
    assert_eq!(declared(&gateway.endpoint).await, json!({"tools": listed}));
}

#[tokio::test]
async fn of_a_server_that_is_not_known_everything_is_to_be_expected() {
    let gateway = setup()
        .fake("plain", plain())
        .fake("gone", json!({"start": {"exit": 1}}))
        .start()
        .await;
    gateway.await_tools("plain", 1).await;
    let everything = declared(&gateway.endpoint).await;
    for name in ["tools", "prompts", "resources", "completions", "logging"] {
        assert!(everything[name].is_object(), "{name}: {everything}");
    }
    // Many a modern client asks only once, too.
    let client = McpModern::new(&gateway.endpoint);
    assert_eq!(client.discover().await["capabilities"], everything);
    // That nobody has prompts is not known.
    let prompts = read(&client.call("prompts/list", "{}").await.result());
    assert_eq!(prompts["prompts"], json!([]), "{prompts}");
}
