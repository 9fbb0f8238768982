//! Calls whose connection is lost before they are answered: which are sent again.

use serde_json::{Value, json};
use testkit::Gateway;

use crate::support::{setup, tools};

/// A server that ends at the first call of its one tool, after `before`, and answers the second.
async fn crashing_once(annotations: Value, before: Value) -> Gateway {
    let setup = setup();
    let crashed = setup.path("crashed");
    let definition =
        json!({"name": "work", "inputSchema": {"type": "object"}, "annotations": annotations});
    let does = json!([before, {"crashOnce": crashed}, {"text": "done"}]);
    let script = tools(json!([{"name": "work", "definition": definition, "does": does}]));
    setup.fake("fake", script).start().await
}

fn arrived(gateway: &Gateway) -> usize {
    gateway.journal("fake").received_of("tools/call").len()
}

#[tokio::test]
async fn a_call_that_does_no_harm_twice_is_sent_again() {
    for hint in ["readOnlyHint", "idempotentHint"] {
        let gateway = crashing_once(json!({hint: true}), json!({"delay": 1})).await;
        let client = gateway.client().await;
        assert_eq!(client.text("fake_work", "{}").await, "done");
        assert_eq!(arrived(&gateway), 2);
    }
}

#[tokio::test]
async fn any_other_call_is_not_sent_again_and_its_client_is_told_what_that_means() {
    let gateway = crashing_once(json!({"destructiveHint": true}), json!({"delay": 1})).await;
    let client = gateway.client().await;
    let error = client.tool("fake_work", "{}").await.error();
    let message = error["message"].as_str().unwrap_or_default();
    assert!(message.contains("may or may not"), "{error}");
    assert_eq!(arrived(&gateway), 1);
    assert_eq!(client.text("fake_work", "{}").await, "done");
}

#[tokio::test]
async fn a_call_of_which_its_client_has_heard_is_not_sent_again() {
    let gateway = crashing_once(json!({"readOnlyHint": true}), json!({"progress": 1})).await;
    let client = gateway.client().await;
    let call = r#"{"name":"fake_work","_meta":{"progressToken":1}}"#;
    let answer = client.call("tools/call", call).await;
    let message = &answer.error()["message"];
    assert!(message.to_string().contains("may or may not"), "{message}");
    assert_eq!(arrived(&gateway), 1);
}

#[tokio::test]
async fn max_retries_is_how_often_a_call_is_sent_again() {
    for (retries, least, most) in [(0, 1, 1), (1, 2, 2), (5, 2, 6)] {
        let definition = json!({
            "name": "work",
            "inputSchema": {"type": "object"},
            "annotations": {"readOnlyHint": true},
        });
        let does = json!([{"delay": 1}, {"crash": 1}]);
        let script = tools(json!([{"name": "work", "definition": definition, "does": does}]));
        let gateway = setup()
            .config("pool", json!({"maxRetries": retries}))
            .fake("fake", script)
            .start()
            .await;
        let client = gateway.client().await;

        let error = client.tool("fake_work", "{}").await.error();

        // Also where the server is left alone before the last attempt.
        let message = error["message"].as_str().unwrap_or_default();
        assert!(message.contains("may or may not"), "{retries}: {error}");
        let arrived = arrived(&gateway);
        assert!((least..=most).contains(&arrived), "{retries}: {arrived}");
    }
}
