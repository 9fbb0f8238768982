//! What the calls of one server cost those of another.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::wait::{soon, until};

use super::serial;
use crate::support::setup;

/// Alternates so often between the two situations that whatever else the machine does
/// meanwhile hits both alike, and compares medians: of the p99s of several parts of the run.
#[tokio::test]
async fn while_every_connection_of_one_server_sleeps_another_is_as_fast_as_before() {
    const PARTS: usize = 9;
    const TURNS: usize = 10;
    const CALLS: usize = 20;
    let setup = setup();
    let gate = setup.path("gate");
    let sleepy = serial(json!([{"name": "sleep", "does": [{"gate": gate}, {"text": "awake"}]}]));
    let quick = json!({"tools": [{"name": "echo"}]});
    let gateway = setup
        .fake_with("sleepy", sleepy, json!({"poolSize": 4}))
        .fake("quick", quick)
        .start()
        .await;
    let (client, sleeper) = (gateway.client().await, gateway.client().await);
    let busy = async |count: u64, waiting: u64| {
        until(&format!("{count} sleep"), async || {
            let pool = gateway.server_status("sleepy").await["pool"].clone();
            (pool["active"] == count && pool["waiting"] == waiting).then_some(())
        })
        .await;
    };
    let fall_asleep = async || {
        std::fs::remove_file(&gate).ok();
        let sleepers: Vec<_> = (0..4)
            .map(|_| {
                let sleeper = sleeper.clone();
                tokio::spawn(async move { sleeper.tool("sleepy_sleep", "{}").await })
            })
            .collect();
        busy(4, 0).await;
        sleepers
    };
    let wake = async |sleepers: Vec<tokio::task::JoinHandle<_>>| {
        std::fs::write(&gate, "").expect("the gate opens");
        for sleeper in sleepers {
            let _: testkit::Answer = soon("a sleeper wakes", sleeper).await.expect("no panic");
        }
        busy(0, 0).await;
    };
    let calls = async |times: &mut Vec<Duration>| {
        // What goes to sleep or wakes is over by then.
        for _ in 0..3 {
            client.tool("quick_echo", "{}").await.result();
        }
        for _ in 0..CALLS {
            let start = Instant::now();
            client.tool("quick_echo", "{}").await.result();
            times.push(start.elapsed());
        }
    };
    let p99 = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() * 99 / 100]
    };
    wake(fall_asleep().await).await;
    calls(&mut Vec::new()).await;

    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..PARTS {
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            calls(&mut without).await;
            let sleepers = fall_asleep().await;
            calls(&mut with).await;
            wake(sleepers).await;
        }
        alone.push(p99(&mut without));
        beside.push(p99(&mut with));
    }
    alone.sort();
    beside.sort();

    let (alone, beside) = (alone[PARTS / 2], beside[PARTS / 2]);
    println!("p99 alone {alone:?}, beside the sleepers {beside:?}");
    assert!(beside <= alone.mul_f64(1.5), "{alone:?} {beside:?}");
}
