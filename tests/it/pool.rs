//! The bars of the pool, both bounds.

mod copies;
mod sessions;
mod sleepers;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::Gateway;
use testkit::wait::{soon, until, until_true};

use crate::support::setup;

fn serial(tools: Value) -> Value {
    json!({"serial": true, "tools": tools})
}

async fn total(gateway: &Gateway, name: &str) -> u64 {
    gateway.server_status(name).await["pool"]["total"]
        .as_u64()
        .expect("a total")
}

#[tokio::test]
async fn five_overlapping_calls_of_a_serial_server_take_the_time_of_one() {
    let script = serial(json!([{"name": "slow", "does": [{"delay": 200}, "pid"]}]));
    let gateway = setup()
        .fake_with("fake", script, json!({"poolSize": 5}))
        .start()
        .await;
    let client = gateway.client().await;
    let five = async || {
        let start = Instant::now();
        let call = || client.text("fake_slow", "{}");
        tokio::join!(call(), call(), call(), call(), call());
        start.elapsed()
    };

    let mut rounds = 0;
    while total(&gateway, "fake").await < 5 {
        five().await;
        rounds += 1;
        assert!(
            rounds < 10,
            "it grows to five under load: {}",
            gateway.server_status("fake").await
        );
    }
    let mut times = Vec::new();
    for _ in 0..3 {
        times.push(five().await);
    }

    // The best of three: the machine may be busy with other tests.
    assert!(
        times.iter().min() < Some(&Duration::from_millis(300)),
        "{times:?}"
    );
    assert_eq!(gateway.journal("fake").alive().len(), 5);
}

#[tokio::test]
async fn twenty_clients_at_once_share_three_processes_and_each_gets_its_own_answer() {
    let script = serial(json!([{"name": "echo", "does": [{"delay": 10}, "echo"]}]));
    let gateway = setup()
        .fake_with("fake", script, json!({"poolSize": 3}))
        .start()
        .await;
    let endpoint = gateway.endpoint.clone();
    let client = |who: usize| {
        let endpoint = endpoint.clone();
        async move {
            let client = testkit::McpHttp::connect(endpoint, "{}").await;
            for call in 0..5 {
                let answer = client
                    .tool("fake_echo", &format!(r#"{{"who":"{who}.{call}"}}"#))
                    .await
                    .result();
                assert!(
                    answer.contains(&format!(r#""who":"{who}.{call}""#)),
                    "{who}.{call}: {answer}"
                );
            }
        }
    };

    let clients: Vec<_> = (0..20).map(|who| tokio::spawn(client(who))).collect();
    for client in clients {
        client.await.expect("every client is content");
    }

    let starts = gateway.journal("fake").starts();
    assert!((1..=3).contains(&starts), "{starts} processes");
}

#[tokio::test]
async fn without_a_pool_size_one_process_serves_everybody() {
    let script = serial(json!([{"name": "pid", "does": [{"delay": 5}, "pid"]}]));
    let gateway = setup().fake("fake", script).start().await;
    let client = gateway.client().await;
    let calls: Vec<_> = (0..30)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.text("fake_pid", "{}").await })
        })
        .collect();
    let mut pids = Vec::new();
    for call in calls {
        pids.push(call.await.expect("an answer"));
    }
    pids.dedup();
    assert_eq!(pids.len(), 1, "{pids:?}");
    assert_eq!(gateway.journal("fake").starts(), 1);
}

#[tokio::test]
async fn a_thousand_sequential_calls_run_on_one_process() {
    let script = json!({"tools": [{"name": "pid", "does": ["pid"]}]});
    let gateway = setup()
        .fake_with("fake", script, json!({"poolSize": 5}))
        .start()
        .await;
    let client = gateway.client().await;
    let first = client.text("fake_pid", "{}").await;
    for _ in 1..1000 {
        assert_eq!(client.text("fake_pid", "{}").await, first);
    }
    assert_eq!(gateway.journal("fake").starts(), 1);
}

#[tokio::test]
async fn it_grows_to_its_maximum_under_load_and_is_back_at_its_minimum_after_the_idle_timeout() {
    let script = serial(json!([{"name": "slow", "does": [{"delay": 100}, "pid"]}]));
    let gateway = setup()
        .config("pool", json!({"minConnections": 1, "idleTimeout": 1500}))
        .fake_with("fake", script, json!({"poolSize": 4}))
        .start()
        .await;
    let client = gateway.client().await;
    let journal = gateway.journal("fake");
    let call = || client.text("fake_slow", "{}");
    until("it has grown to its maximum", async || {
        tokio::join!(call(), call(), call(), call(), call(), call());
        (total(&gateway, "fake").await == 4).then_some(())
    })
    .await;
    assert_eq!(journal.alive().len(), 4);

    until_true("one process is left", || journal.alive().len() == 1).await;
    assert_eq!(total(&gateway, "fake").await, 1);
    call().await;
    assert_eq!(journal.alive().len(), 1);
    let most = journal.most_at_once();
    assert_eq!(most, 4, "never more than the maximum");
}

#[tokio::test]
async fn beyond_the_in_flight_limit_a_call_waits_no_longer_than_the_acquire_timeout() {
    let setup = setup();
    let gate = setup.path("gate");
    let script = json!({"tools": [{"name": "wait", "does": [{"gate": gate}, {"text": "late"}]}, {"name": "echo"}]});
    let gateway = setup
        .config("pool", json!({"acquireTimeout": 300}))
        .config("limits", json!({"inFlight": 1}))
        .fake("fake", script)
        .start()
        .await;
    let client = gateway.client().await;
    let journal = gateway.journal("fake");

    let (late, refused) = tokio::join!(client.text("fake_wait", "{}"), async {
        until_true("the first call arrived", || {
            journal.received_of("tools/call").len() == 1
        })
        .await;
        let start = Instant::now();
        let refused = client.tool("fake_echo", "{}").await.error();
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "{:?}",
            start.elapsed()
        );
        std::fs::write(&gate, "").expect("the gate opens");
        refused
    });

    assert_eq!(late, "late");
    assert!(
        refused["message"]
            .as_str()
            .is_some_and(|text| text.contains("fake")),
        "{refused}"
    );
    client.tool("fake_echo", "{}").await.result();
}

#[tokio::test]
async fn a_session_shared_server_gives_each_client_a_process_of_its_own() {
    let script = json!({"tools": [{"name": "pid", "does": [{"delay": 5}, "pid"]}]});
    let gateway = setup()
        .fake_with("fake", script, json!({"sharing": "session", "poolSize": 4}))
        .start()
        .await;
    let clients = [
        gateway.client().await,
        gateway.client().await,
        gateway.client().await,
    ];
    let mut own = Vec::new();
    for client in &clients {
        own.push(client.text("fake_pid", "{}").await);
    }
    let all: std::collections::HashSet<_> = own.iter().collect();
    assert_eq!(all.len(), 3, "{own:?}");

    // One after the other, and several calls of each at once.
    let mut calls = Vec::new();
    for (client, own) in clients.iter().zip(&own).cycle().take(30) {
        assert_eq!(&client.text("fake_pid", "{}").await, own);
        let (client, own) = (client.clone(), own.clone());
        let call = async move { (client.text("fake_pid", "{}").await, own) };
        calls.push(tokio::spawn(call));
    }
    for call in calls {
        let (met, own) = soon("an answer", call).await.expect("no panic");
        assert_eq!(met, own);
    }
    assert_eq!(gateway.journal("fake").starts(), 3);
}

#[tokio::test]
async fn the_connection_that_holds_the_subscriptions_outlives_a_busier_one() {
    let setup = setup();
    let gate = setup.path("gate");
    let script = json!({"serial": true,
    "resources": [{"uri": "x://a", "name": "a"}],
    "tools": [
        {"name": "short", "does": [{"delay": 200}, {"text": "short"}]},
        {"name": "long", "does": [{"gate": gate}, {"text": "long"}]},
    ]});
    let gateway = setup
        .config("pool", json!({"idleTimeout": 300}))
        .fake_with("fake", script, json!({"poolSize": 2}))
        .start()
        .await;
    let client = gateway.client().await;
    let journal = gateway.journal("fake");
    let subscribe = client.request("resources/subscribe", r#"{"uri":"x://a"}"#);
    client.post(subscribe).await.result();
    let subscribed = journal.alive();
    assert_eq!(subscribed.len(), 1);

    // The second call runs on a second process, which stays busy while the
    // first one has long been idle.
    let (_, long, ()) = tokio::join!(
        client.text("fake_short", "{}"),
        client.text("fake_long", "{}"),
        async {
            until_true("there are two processes", || journal.alive().len() == 2).await;
            until_true("the first one is idle", || {
                journal.received_of("tools/call").len() == 2
            })
            .await;
            // Four times the idle timeout, in which nothing may happen.
            tokio::time::sleep(Duration::from_millis(1200)).await;
            assert!(journal.alive().contains(&subscribed[0]));
            std::fs::write(&gate, "").expect("the gate opens");
        }
    );

    assert_eq!(long, "long");
    until_true("one process is left", || journal.alive().len() == 1).await;
    assert_eq!(journal.alive(), subscribed);
}

#[tokio::test]
async fn a_client_with_a_thousand_calls_makes_another_wait_for_one() {
    let setup = setup();
    let gate = setup.path("gate");
    let script =
        serial(json!([{"name": "work", "does": [{"gate": gate}, "echo"]}, {"name": "echo"}]));
    let gateway = setup
        .config("pool", json!({"acquireTimeout": 60_000}))
        .config("limits", json!({"inFlight": 1}))
        .fake("fake", script)
        .start()
        .await;
    let (busy, other) = (gateway.client().await, gateway.client().await);
    let waiting = async |count: u64| {
        until("they wait", async || {
            let status = gateway.server_status("fake").await;
            (status["pool"]["waiting"] == count).then_some(())
        })
        .await;
    };
    let mut calls = Vec::new();
    for _ in 0..100 {
        let client = busy.clone();
        calls.push(tokio::spawn(async move {
            client.tool("fake_work", "{}").await.result()
        }));
    }
    waiting(99).await;
    calls.push(tokio::spawn(async move {
        other.tool("fake_echo", r#"{"who":"other"}"#).await.result()
    }));
    waiting(100).await;

    std::fs::write(&gate, "").expect("the gate opens");
    for call in calls {
        soon("an answer", call).await.expect("no panic");
    }

    let order = gateway.journal("fake").received_of("tools/call");
    let place = order.iter().position(|call| call.contains("other"));
    assert!(place.is_some_and(|place| place <= 2), "{place:?}");
}

#[tokio::test]
async fn twenty_clients_on_ten_servers_without_overlap_make_ten_processes() {
    let names: Vec<String> = (0..10).map(|number| format!("fake{number}")).collect();
    let script = serial(json!([{"name": "pid", "does": [{"delay": 20}, "pid"]}]));
    let mut setup = setup();
    for name in &names {
        setup = setup.fake_with(name, &script, json!({"poolSize": 5}));
    }
    let gateway = setup.start().await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(gateway.client().await);
    }
    let mut seen = vec![Vec::new(); names.len()];
    // Two clients for each server, who take turns there while ten are at work at once.
    for _ in 0..6 {
        for shift in clients.chunks(names.len()) {
            let calls: Vec<_> = shift
                .iter()
                .zip(&names)
                .map(|(client, name)| {
                    let (client, tool) = (client.clone(), format!("{name}_pid"));
                    tokio::spawn(async move { client.text(&tool, "{}").await })
                })
                .collect();
            for (call, seen) in calls.into_iter().zip(&mut seen) {
                seen.push(soon("an answer", call).await.expect("no panic"));
            }
        }
    }
    let mut processes = std::collections::HashSet::new();
    for (name, mut pids) in names.iter().zip(seen) {
        assert_eq!(pids.len(), 12);
        pids.dedup();
        assert_eq!(pids.len(), 1, "{name}: {pids:?}");
        assert_eq!(gateway.journal(name).starts(), 1, "{name}");
        processes.extend(pids);
    }
    assert_eq!(processes.len(), 10);
}

#[tokio::test]
async fn a_session_beyond_the_limit_goes_with_its_process_and_its_client_begins_anew() {
    let script = json!({"tools": [{"name": "pid", "does": ["pid"]}]});
    let gateway = setup()
        .config("limits", json!({"sessions": 2}))
        .config("pool", json!({"minConnections": 0}))
        .fake_with("fake", script, json!({"sharing": "session", "poolSize": 4}))
        .start()
        .await;
    let journal = gateway.journal("fake");
    let first = gateway.client().await;
    let former = first.text("fake_pid", "{}").await;
    let second = gateway.client().await;
    second.text("fake_pid", "{}").await;
    let third = gateway.client().await;
    third.text("fake_pid", "{}").await;

    until_true("its process has gone", || {
        !journal.alive().iter().any(|pid| pid.to_string() == former)
    })
    .await;
    let refused = first.tool("fake_pid", "{}").await;
    assert_eq!(refused.status, 404, "{refused:?}");

    let anew = gateway.client().await;
    assert_ne!(anew.text("fake_pid", "{}").await, former);
}
