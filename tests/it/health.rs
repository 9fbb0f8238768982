//! Servers that hang, that keep ending, and that sleep until somebody calls them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::client::VERSION;
use testkit::wait::{soon, until, until_true};

use crate::support::{setup, tools};

/// A server of which one call hangs and which then does not answer `ping`, while another
/// call of it goes on. It says hello only where `gate` exists.
fn hanging(gate: &std::path::Path) -> Value {
    let step = || [json!({"delay": 200}), json!({"progress": 1})];
    let mut lively: Vec<Value> = (0..40).flat_map(|_| step()).collect();
    lively.push(json!("pid"));
    json!({
        "on": {"ping": ["hang"], "initialize": [{"gate": gate}, "default"]},
        "tools": [
            {"name": "hang", "does": ["hang"]},
            {"name": "lively", "does": lively},
            {"name": "pid", "does": ["pid"]},
        ],
    })
}

#[tokio::test]
async fn a_hung_server_is_replaced_and_loses_no_other_call() {
    let setup = setup();
    let gate = setup.path("gate");
    std::fs::write(&gate, "").expect("the gate opens");
    let script = hanging(&gate);
    // Both calls run on one connection, and there is room for a second one.
    let server = json!({"callTimeout": 1500, "poolSize": 2, "concurrent": true});
    let gateway = setup.fake_with("fake", script, server).start().await;
    let client = gateway.client().await;
    let former = client.text("fake_pid", "{}").await;
    std::fs::remove_file(&gate).expect("the gate closes");
    let begin = |name: &str| {
        let client = client.clone();
        let call = format!(r#"{{"name":"{name}","_meta":{{"progressToken":1}}}}"#);
        tokio::spawn(async move { client.call("tools/call", &call).await })
    };
    let lively = begin("fake_lively");
    let hung = begin("fake_hang");

    let status = gateway.await_state("fake", "degraded").await;
    for language in ["en", "zh"] {
        let cause = &status["error"]["message"][language];
        assert!(
            cause.as_str().is_some_and(|text| text.contains("ping")),
            "{status:#}"
        );
    }
    let error = soon("the end of the hung call", hung).await;
    assert_eq!(error.expect("no panic").error()["code"], -32001);

    std::fs::write(&gate, "").expect("the gate opens");
    let successor = client.text("fake_pid", "{}").await;
    assert_ne!(successor, former);
    let lively = soon("the end of the lively call", lively).await;
    let lively = lively.expect("no panic").result();
    assert!(lively.contains(&former), "{lively}");
    gateway.await_state("fake", "ready").await;
    until_true("the hung process has gone", || {
        gateway.journal("fake").alive().len() == 1
    })
    .await;
    assert_eq!(client.text("fake_pid", "{}").await, successor);
}

#[tokio::test]
async fn a_hung_server_has_ended_before_its_successor_starts() {
    let mut script = json!({
        "on": {"ping": ["hang"]},
        "tools": [{"name": "hang", "does": ["hang"]}, {"name": "pid", "does": ["pid"]}],
    });
    for (key, value) in [
        ("ignoreEof", true),
        ("ignoreSigterm", true),
        ("grandchild", true),
    ] {
        script[key] = json!(value);
    }
    let gateway = setup()
        .fake_with("fake", script, json!({"callTimeout": 1000}))
        .start()
        .await;
    let client = gateway.client().await;
    let former = client.text("fake_pid", "{}").await;
    let journal = gateway.journal("fake");

    let error = client.tool("fake_hang", "{}").await.error();
    assert_eq!(error["code"], -32001, "{error}");
    until_true("its successor has started", || journal.starts() == 2).await;
    let running: Vec<String> = journal.alive().iter().map(u32::to_string).collect();
    assert!(!running.contains(&former), "{former} in {running:?}");

    assert_ne!(client.text("fake_pid", "{}").await, former);
    assert_eq!(journal.alive().len(), 1);
    assert_eq!(journal.received_of("tools/call").len(), 3, "sent once each");
    gateway.await_state("fake", "ready").await;
}

#[tokio::test]
async fn where_one_process_hangs_the_calls_of_another_go_on_and_there_are_never_too_many() {
    let setup = setup();
    let gate = setup.path("gate");
    std::fs::write(&gate, "").expect("the gate opens");
    let mut script = hanging(&gate);
    script["ignoreEof"] = json!(true);
    // Not known to work on several calls at once: each call has a process of its own.
    let server = json!({"callTimeout": 1500, "poolSize": 2});
    let gateway = setup.fake_with("fake", script, server).start().await;
    let client = gateway.client().await;
    let journal = gateway.journal("fake");
    let lively = {
        let client = client.clone();
        let call = r#"{"name":"fake_lively","_meta":{"progressToken":1}}"#;
        tokio::spawn(async move { client.call("tools/call", call).await })
    };
    until_true("it is at work", || {
        journal.received_of("tools/call").len() == 1
    })
    .await;
    let [busy] = journal.alive()[..] else {
        panic!("{:?}", journal.alive());
    };

    let error = client.tool("fake_hang", "{}").await.error();
    assert_eq!(error["code"], -32001, "{error}");
    until_true("the hung one has gone", || journal.alive() == [busy]).await;
    client.text("fake_pid", "{}").await;
    assert_eq!(journal.most_at_once(), 2);
    let lively = soon("the end of the lively call", lively).await;
    let lively = lively.expect("no panic").result();
    assert!(lively.contains(&busy.to_string()), "{lively}");
}

#[tokio::test]
async fn without_room_for_a_successor_a_hung_server_is_replaced_after_its_last_lively_call() {
    let setup = setup();
    let gate = setup.path("gate");
    std::fs::write(&gate, "").expect("the gate opens");
    let script = hanging(&gate);
    let server = json!({"callTimeout": 1500, "concurrent": true});
    let gateway = setup.fake_with("fake", script, server).start().await;
    let client = gateway.client().await;
    let former = client.text("fake_pid", "{}").await;
    let lively = {
        let client = client.clone();
        let call = r#"{"name":"fake_lively","_meta":{"progressToken":1}}"#;
        tokio::spawn(async move { client.call("tools/call", call).await })
    };

    let error = client.tool("fake_hang", "{}").await.error();
    assert_eq!(error["code"], -32001, "{error}");
    let status = gateway.await_state("fake", "degraded").await;
    for (language, words) in [("en", "have ended, it is asked again"), ("zh", "再次询问")] {
        let cause = status["error"]["message"][language].to_string();
        assert!(cause.contains("ping"), "{status:#}");
        assert!(cause.contains(words), "{status:#}");
    }
    let remedy = status["error"]["remedy"]["en"].to_string();
    assert!(!remedy.contains("speaks stdio"), "it does: {remedy}");
    assert_eq!(
        client.text("fake_pid", "{}").await,
        former,
        "it is all there is"
    );
    let journal = gateway.journal("fake");
    assert_eq!(journal.starts(), 1);

    let lively = soon("the end of the lively call", lively).await;
    let lively = lively.expect("no panic").result();
    assert!(lively.contains(&former), "{lively}");
    until_true("it is replaced now that nothing is lost by that", || {
        journal.starts() == 2
    })
    .await;
    assert_ne!(client.text("fake_pid", "{}").await, former);
    assert_eq!(journal.most_at_once(), 1);
    gateway.await_state("fake", "ready").await;
}

/// Waits long enough for what happens every thirty seconds.
#[tokio::test]
async fn idle_servers_are_asked_whether_they_are_there() {
    let with = |ping: Value| {
        let tools = json!([{"name": "pid", "does": ["pid"]}]);
        json!({"on": {"ping": ping}, "tools": tools})
    };
    let fast = json!({"callTimeout": 1000});
    // It is to be found there also where the machine is slow.
    let patient = json!({"callTimeout": 5000});
    let gateway = setup()
        .fake_with("there", with(json!(["default"])), patient)
        .fake_with("frozen", with(json!(["freeze"])), fast.clone())
        .fake_with("silent", with(json!(["hang"])), fast.clone())
        .fake_with("shy", with(json!([{"crash": 1}])), fast)
        .start()
        .await;
    let client = gateway.client().await;
    for name in ["there", "silent", "shy", "frozen"] {
        gateway.await_state(name, "ready").await;
    }
    let silent = client.text("silent_pid", "{}").await;
    let frozen = client.text("frozen_pid", "{}").await;

    let patience = Instant::now() + Duration::from_secs(90);
    let told = async || {
        let silent = gateway.server_status("silent").await;
        let shy = gateway.journal("shy");
        let asked = !gateway.journal("there").received_of("ping").is_empty();
        let replaced = gateway.journal("frozen").starts() == 2;
        let all = asked && replaced && silent["state"] == "degraded" && shy.starts() == 2;
        all.then_some(silent)
    };
    let status = loop {
        match told().await {
            Some(status) => break status,
            None => assert!(Instant::now() < patience, "{}", gateway.status().await),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };

    for (language, word) in [("en", "idle"), ("zh", "空闲")] {
        let cause = &status["error"]["message"][language];
        assert!(
            cause.as_str().is_some_and(|text| text.contains(word)),
            "{status:#}"
        );
    }
    assert_eq!(gateway.server_status("there").await["state"], "ready");
    gateway.await_state("shy", "ready").await;
    // No call is lost at one that stands still.
    assert_ne!(client.text("frozen_pid", "{}").await, frozen);
    assert_eq!(gateway.journal("frozen").alive().len(), 1);
    // Leaving `ping` unanswered costs nobody its process.
    assert_eq!(client.text("silent_pid", "{}").await, silent);
    for name in ["there", "silent"] {
        assert_eq!(gateway.journal(name).starts(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_call_that_takes_too_long_costs_a_server_nothing_that_answers_ping() {
    let script =
        tools(json!([{"name": "hang", "does": ["hang"]}, {"name": "pid", "does": ["pid"]}]));
    let gateway = setup()
        .fake_with("fake", script, json!({"callTimeout": 600}))
        .start()
        .await;
    let client = gateway.client().await;
    let pid = client.text("fake_pid", "{}").await;

    client.tool("fake_hang", "{}").await.error();

    assert_eq!(client.text("fake_pid", "{}").await, pid);
    let journal = gateway.journal("fake");
    assert_eq!(journal.received_of("ping").len(), 1);
    assert_eq!(journal.starts(), 1);
    assert_eq!(gateway.server_status("fake").await["state"], "ready");
}

#[tokio::test]
async fn a_crash_loop_is_recognized_and_restart_tries_at_once() {
    let broken = json!({"start": {"stderr": ["fatal: API key missing"], "exit": 3}});
    let gateway = setup().fake("broken", broken).start().await;
    let journal = gateway.journal("broken");
    until_true("it was started often", || journal.starts() >= 4).await;

    let status = until("it is left alone", async || {
        let status = gateway.server_status("broken").await;
        let message = status["error"]["message"]["en"]
            .as_str()
            .unwrap_or_default();
        message.contains("5 times").then_some(status)
    })
    .await;

    assert_eq!(status["state"], "failing");
    let error = &status["error"];
    let zh = error["message"]["zh"].as_str().unwrap_or_default();
    assert!(zh.contains("5 次"), "{status:#}");
    let remedy = error["remedy"]["en"].as_str().unwrap_or_default();
    assert!(remedy.contains("restart"), "{status:#}");
    assert!(error["lastLines"].to_string().contains("API key missing"));
    let retry = Duration::from_secs(status["retryAt"].as_u64().expect("a time"));
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    assert!(
        retry.saturating_sub(now) > Duration::from_secs(30),
        "{status:#}"
    );
    let call = gateway.client().await.tool("broken_x", "{}").await;
    assert!(call.error()["message"].is_string());
    // The first time it may have been the probe that it did not survive.
    assert_eq!(journal.starts(), 6);

    gateway.api().restart("broken").await;
    until_true("it is started at once", || journal.starts() > 6).await;
}

#[tokio::test]
async fn a_server_that_falls_asleep_slowly_has_gone_before_it_is_woken() {
    let script = json!({"ignoreEof": true, "tools": [{"name": "pid", "does": ["pid"]}]});
    let gateway = setup()
        .config("pool", json!({"minConnections": 0, "idleTimeout": 200}))
        .fake("fake", script)
        .start()
        .await;
    let client = gateway.client().await;
    let journal = gateway.journal("fake");
    let former = client.text("fake_pid", "{}").await;
    until_true("it is asked to leave", || {
        journal.entries().iter().any(|entry| entry.event == "eof")
    })
    .await;
    assert_eq!(journal.alive().len(), 1, "it takes its time");

    assert_ne!(client.text("fake_pid", "{}").await, former);

    assert_eq!((journal.starts(), journal.most_at_once()), (2, 1));
}

#[tokio::test]
async fn a_server_that_nobody_uses_sleeps_with_its_tools_listed_and_is_woken_by_a_call() {
    let script = json!({
        "start": {"delayMs": 900},
        "instructions": "Ask me anything.",
        "tools": [{"name": "pid", "does": ["pid"]}],
    });
    // A start takes longer than a call may wait for a connection that is busy.
    let pool = json!({"minConnections": 0, "idleTimeout": 300, "acquireTimeout": 200});
    let mut gateway = setup()
        .config("pool", pool)
        .fake("fake", script)
        .start()
        .await;
    let journal = gateway.journal("fake");
    gateway.await_tools("fake", 1).await;
    let client = gateway.client().await;
    let first = client.text("fake_pid", "{}").await;
    let mut news = client.listen().await;

    gateway.await_state("fake", "stopped").await;
    until_true("its process has gone", || journal.alive().is_empty()).await;
    assert_eq!(client.tool_names().await, ["fake_pid"]);
    let second = client.text("fake_pid", "{}").await;
    assert_ne!(second, first);
    assert_eq!(gateway.server_status("fake").await["state"], "ready");

    // Waking changed nothing, so only what is different now is told.
    gateway.await_state("fake", "stopped").await;
    let change = json!({"tool": "pid", "rename": "id"});
    gateway.api().set_tool("fake", &change).await.saved();
    assert_eq!(client.tool_names().await, ["id"]);
    client.delete().await;
    let mut changes = 0;
    while let Some(event) = news.event().await {
        let told = String::from_utf8_lossy(&event.data);
        changes += usize::from(told.contains("list_changed"));
    }
    assert_eq!(changes, 1);

    // The gateway comes back and lets it sleep.
    let starts = journal.starts();
    assert!(gateway.stop().await.success());
    gateway.restart().await;
    let own = testkit::McpHttp::connect(format!("{}/fake/mcp", gateway.base()), "{}").await;
    assert_eq!(own.tool_names().await, ["id"]);
    assert_eq!(gateway.server_status("fake").await["state"], "stopped");
    let mut fresh = gateway.raw();
    let hello = fresh.initialize("{}", VERSION).await.result();
    assert!(hello.contains("Ask me anything."), "{hello}");
    assert_eq!(journal.starts(), starts);
    own.text("id", "{}").await;
    assert_eq!(journal.starts(), starts + 1);
}
