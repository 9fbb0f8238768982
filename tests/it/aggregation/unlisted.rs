//! Resources that no server lists, behind an endpoint of several that have resources.

use serde_json::{Value, json};
use testkit::Gateway;
use wire::error_code;

use super::{Front, asked};
use crate::support::setup;

const READ: &str = "resources/read";

/// A server that lists one resource and reads any.
fn open(era: &str, own: &str) -> Value {
    json!({"era": era, "tools": [], "resources": [{"uri": own, "name": "own"}]})
}

/// One that knows nothing but what it lists.
fn strict(era: &str, own: &str) -> Value {
    let code = match era {
        "legacy" => error_code::RESOURCE_NOT_FOUND,
        _ => error_code::INVALID_PARAMS,
    };
    let refused = json!({"code": code, "message": "Resource not found"});
    let mut server = open(era, own);
    server["on"] = json!({READ: [{"error": refused}]});
    server
}

/// One that has its own way to say so.
fn vague(era: &str, own: &str) -> Value {
    let mut server = open(era, own);
    server["on"] = json!({READ: [{"error": {"code": 0, "message": "Unknown resource"}}]});
    server
}

async fn behind_one(servers: [(&str, Value); 3]) -> Gateway {
    let mut setup = setup();
    for (name, server) in servers {
        setup = setup.fake(name, server);
    }
    let gateway = setup.start().await;
    for name in ["one", "two", "three"] {
        gateway.await_state(name, "ready").await;
    }
    gateway
}

#[tokio::test]
async fn a_resource_that_nobody_lists_is_read_where_it_is() {
    for era in ["legacy", "modern"] {
        let gateway = behind_one([
            ("one", strict(era, "a://a")),
            ("two", vague(era, "b://b")),
            ("three", open(era, "c://c")),
        ])
        .await;
        for _ in 0..2 {
            for front in Front::both(&gateway.endpoint).await {
                let read = front.result(READ, json!({"uri": "nobody://lists"})).await;
                assert_eq!(read["contents"][0]["text"], "content of nobody://lists");
            }
        }
        assert_eq!(asked(&gateway, "three", READ)["uri"], "nobody://lists");
        // Where it is, is remembered.
        for other in ["one", "two"] {
            assert_eq!(gateway.journal(other).received_of(READ).len(), 1, "{other}");
        }
    }
}

#[tokio::test]
async fn a_resource_that_nobody_has_is_an_error_that_names_it() {
    for era in ["legacy", "modern"] {
        let gateway = behind_one([
            ("one", strict(era, "a://a")),
            ("two", strict(era, "b://b")),
            ("three", strict(era, "c://c")),
        ])
        .await;
        let params = json!({"uri": "nowhere://a"});
        let [legacy, modern] = Front::both(&gateway.endpoint).await;
        let refused = legacy.call(READ, &params).await.error();
        assert_eq!(refused["code"], error_code::RESOURCE_NOT_FOUND);
        let message = refused["message"].as_str().expect("words");
        assert!(message.contains("nowhere://a"), "{message}");
        let refused = modern.call(READ, &params).await.error();
        assert_eq!(refused["code"], error_code::INVALID_PARAMS);
        assert_eq!(refused["data"], params);
        assert_eq!(asked(&gateway, "three", READ)["uri"], "nowhere://a");
    }
}
