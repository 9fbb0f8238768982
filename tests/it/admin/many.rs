//! Two hundred servers: everything stays quick, and nothing is left of them.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::wait::until;

use crate::support::{setup, tools};

const MANY: usize = 200;

/// Runs something and fails where it takes longer than two busy cores explain.
async fn quick<T>(what: &str, most: Duration, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let value = work.await;
    assert!(began.elapsed() < most, "{what} took {:?}", began.elapsed());
    value
}

#[tokio::test]
async fn two_hundred_servers_are_no_burden() {
    let mut setup = setup();
    let script = tools(json!(
        (0..25)
            .map(|tool| json!({"name": format!("tool{tool}")}))
            .collect::<Vec<_>>()
    ));
    for number in 0..MANY {
        setup = setup.fake(&format!("s{number}"), &script);
    }
    let mut gateway = setup.start().await;
    let api = gateway.api();
    until("all are ready", async || {
        let status = api.status().await;
        let servers = status["servers"].as_array().expect("servers");
        let ready = servers
            .iter()
            .filter(|server| server["tools"] == 25)
            .count();
        (ready == MANY).then_some(())
    })
    .await;

    let second = Duration::from_secs(1);
    quick("a status", second, api.status()).await;
    let mut events = quick("a stream", second, api.events()).await;
    quick("the first event", second, events.named("status")).await;
    let pulse = quick("a pulse", 3 * second, events.named("pulse")).await;
    assert_eq!(
        pulse["servers"].as_object().map(serde_json::Map::len),
        Some(MANY)
    );

    gateway
        .setup()
        .edit_by_hand(|text| format!("// a remark\n{text}"));
    quick("a reload", second, api.reload()).await.saved();
    let edit = async || {
        api.edit("s77", |form| form["description"] = json!("changed"))
            .await
    };
    let saved = quick("an edit", 2 * second, edit()).await.saved();
    let told = events.named_where("status", |status| status["revision"] == saved["revision"]);
    quick("its news", 2 * second, told).await;
    let off = json!({"tool": "tool3", "on": false});
    quick("a switch", 2 * second, api.set_tool("s123", &off))
        .await
        .saved();
    quick("a restart", second, api.restart("s5")).await;
    gateway.await_state("s5", "ready").await;
    let client = gateway.client().await;
    assert_eq!(
        quick("a list", second, client.tool_names()).await.len(),
        MANY * 25 - 1
    );
    for name in ["s0", "s77", "s199"] {
        assert_eq!(gateway.journal(name).starts(), 1);
    }

    let began = Instant::now();
    assert!(gateway.stop().await.success());
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    assert!(gateway.processes().is_empty());
}
