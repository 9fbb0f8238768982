//! What HTTP servers of the legacy era answer to a probe that they do not know.

use std::sync::Mutex;

use serde_json::json;

use super::awkward::{Awkward, Reply, answer};
use crate::support::setup;

fn remote(fake: &Awkward) -> serde_json::Value {
    json!({"name": "far", "type": "remote", "url": format!("http://127.0.0.1:{}/mcp", fake.port)})
}

#[tokio::test]
async fn a_probe_that_is_refused_in_any_way_is_followed_by_initialize() {
    for status in [
        "400 Bad Request",
        "404 Not Found",
        "405 Method Not Allowed",
        "406 Not Acceptable",
        "500 Internal Server Error",
        "503 Service Unavailable",
    ] {
        let fake = Awkward::start(move |seen| match seen.body["method"].as_str() {
            Some("server/discover") => Reply::Status(status, ""),
            _ => Reply::Usual,
        })
        .await;
        let gateway = setup().server(remote(&fake)).start().await;
        let client = gateway.client().await;
        assert_eq!(client.text("far_work", "{}").await, "usual", "{status}");
        assert_eq!(fake.seen("initialize").len(), 1, "{status}");
        assert_eq!(fake.seen("server/discover").len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_server_that_wants_authorization_is_not_taken_for_an_old_one() {
    let fake = Awkward::start(|_| Reply::Status("401 Unauthorized", "")).await;
    let gateway = setup().server(remote(&fake)).start().await;
    let status = gateway.await_state("far", "failing").await;
    let message = status["error"]["message"]["en"].as_str().expect("words");
    assert!(message.contains("wants authorization"), "{message}");
    assert!(fake.seen("initialize").is_empty());
    assert!(fake.seen("GET").is_empty());
}

#[tokio::test]
async fn an_address_where_nothing_is_says_so_in_every_way_it_was_tried() {
    let fake = Awkward::start(|_| Reply::Status("404 Not Found", "")).await;
    let gateway = setup().server(remote(&fake)).start().await;
    let status = gateway.await_state("far", "failing").await;
    for language in ["en", "zh"] {
        let message = status["error"]["message"][language].as_str();
        let message = message.expect("words");
        assert!(message.contains("HTTP 404"), "{message}");
        assert!(message.contains("HTTP+SSE"), "{message}");
    }
}

#[tokio::test]
async fn a_server_that_has_its_reasons_once_is_greeted_in_its_era_the_next_time() {
    let first = Mutex::new(true);
    let fake = Awkward::start(move |seen| {
        let mut first = first.lock().expect("nothing panics here");
        match seen.body["method"].as_str() {
            Some("server/discover") if std::mem::take(&mut *first) => {
                Reply::Status("500 Internal Server Error", "")
            }
            Some("server/discover") => {
                let result =
                    json!({"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}});
                Reply::Json(
                    json!({"jsonrpc": "2.0", "id": seen.body["id"], "result": result}).to_string(),
                )
            }
            Some("initialize") => {
                let data = json!({"supported": ["2026-07-28"], "requested": "2025-11-25"});
                let error = json!({"code": -32022, "message": "no", "data": data});
                Reply::Json(
                    json!({"jsonrpc": "2.0", "id": seen.body["id"], "error": error}).to_string(),
                )
            }
            Some("tools/call") => Reply::Json(answer(&seen.body, "modern").to_string()),
            _ => Reply::Usual,
        }
    })
    .await;
    let gateway = setup().server(remote(&fake)).start().await;
    let client = gateway.client().await;
    assert_eq!(client.text("far_work", "{}").await, "modern");
    assert_eq!(gateway.server_status("far").await["era"], "modern");
}
