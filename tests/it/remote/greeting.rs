//! What HTTP servers of the legacy era answer to a probe that they do not know.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use testkit::wait::until;

use super::awkward::{Awkward, Reply, Seen, answer};
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
    assert!(message.contains(r#""auth": "oauth""#), "{message}");
    // The address is right: nothing is to be said of it.
    assert_eq!(status["error"]["remedy"], Value::Null);
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
        assert!(!message.contains("Not Found:"), "{message}");
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

/// As a server of the modern era and none other answers.
fn modern(seen: &Seen) -> Reply {
    let result = match seen.body["method"].as_str() {
        _ if seen.body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"].is_null() => {
            let error = json!({"code": -32602, "message": "no protocolVersion in _meta"});
            let refusal = json!({"jsonrpc": "2.0", "id": seen.body["id"], "error": error});
            return Reply::Refusal("400 Bad Request", refusal.to_string());
        }
        Some("server/discover") => {
            json!({"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}})
        }
        Some("tools/call") => return Reply::Json(answer(&seen.body, "modern").to_string()),
        _ => return Reply::Usual,
    };
    Reply::Json(json!({"jsonrpc": "2.0", "id": seen.body["id"], "result": result}).to_string())
}

/// As one of the legacy era answers that looks for a session, or for words that it knows.
fn legacy(seen: &Seen, refusal: &'static str) -> Reply {
    match seen.body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] {
        Value::Null => Reply::Usual,
        _ => Reply::Refusal("400 Bad Request", refusal.to_owned()),
    }
}

#[tokio::test]
async fn a_server_that_changes_its_era_while_it_is_used_is_greeted_anew() {
    for refusal in [
        "",
        "Bad Request",
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: no valid session ID"}}"#,
    ] {
        for (before, after) in [("modern", "legacy"), ("legacy", "modern")] {
            let is_modern = Arc::new(AtomicBool::new(before == "modern"));
            let era = Arc::clone(&is_modern);
            let fake = Awkward::start(move |seen| match seen.method.as_str() {
                "POST" if era.load(Ordering::SeqCst) => modern(seen),
                "POST" => legacy(seen, refusal),
                _ => Reply::Usual,
            })
            .await;
            let gateway = setup().server(remote(&fake)).start().await;
            let client = gateway.client().await;
            for era in [before, after] {
                is_modern.store(era == "modern", Ordering::SeqCst);
                let text = if era == "modern" { era } else { "usual" };
                assert_eq!(client.text("far_work", "{}").await, text, "{refusal}");
                // Told once its lists have been read.
                until("the era is told", async || {
                    let status = gateway.server_status("far").await;
                    (status["era"] == era).then_some(())
                })
                .await;
            }
        }
    }
}

#[tokio::test]
async fn what_a_server_refuses_once_in_a_while_costs_it_nothing() {
    let fake = Awkward::start(|seen| match seen.body["params"]["arguments"]["bad"] {
        Value::Null => modern(seen),
        _ => Reply::Status("400 Bad Request", ""),
    })
    .await;
    let gateway = setup().server(remote(&fake)).start().await;
    let client = gateway.client().await;
    assert_eq!(client.text("far_work", "{}").await, "modern");
    for _ in 0..3 {
        let error = client.tool("far_work", r#"{"bad":true}"#).await.error();
        let message = error["message"].as_str().expect("words");
        assert!(message.contains("HTTP 400"), "{message}");
    }
    assert_eq!(fake.seen("initialize").len(), 0);
    // The greeting, and one look whether it is what it was.
    assert_eq!(fake.seen("server/discover").len(), 2);
}
