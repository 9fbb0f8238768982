//! What the calls of one server cost those of another. How much it may be in time is measured
//! by the chaos step, where nothing else goes on.

use serde_json::json;
use testkit::wait::{soon, until};

use super::serial;
use crate::support::setup;

#[tokio::test]
async fn while_every_connection_of_one_server_sleeps_the_calls_of_another_are_answered() {
    const SLEEPERS: usize = 4;
    let setup = setup();
    let gate = setup.path("gate");
    let sleepy = serial(json!([{"name": "sleep", "does": [{"gate": gate}, {"text": "awake"}]}]));
    let quick = json!({"tools": [{"name": "echo"}]});
    let gateway = setup
        .fake_with("sleepy", sleepy, json!({"poolSize": SLEEPERS}))
        .fake("quick", quick)
        .start()
        .await;
    let (client, sleeper) = (gateway.client().await, gateway.client().await);
    let sleepers: Vec<_> = (0..SLEEPERS)
        .map(|_| {
            let sleeper = sleeper.clone();
            tokio::spawn(async move { sleeper.text("sleepy_sleep", "{}").await })
        })
        .collect();
    until("all of them sleep", async || {
        let pool = gateway.server_status("sleepy").await["pool"].clone();
        (pool["active"] == SLEEPERS && pool["waiting"] == 0).then_some(())
    })
    .await;

    for _ in 0..20 {
        client.tool("quick_echo", "{}").await.result();
    }

    assert!(!sleepers.iter().any(tokio::task::JoinHandle::is_finished));
    std::fs::write(&gate, "").expect("the gate opens");
    for sleeper in sleepers {
        let woken = soon("a sleeper wakes", sleeper).await;
        assert_eq!(woken.expect("no panic"), "awake");
    }
}
