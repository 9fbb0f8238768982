//! Only what a change concerns is started anew, and what it is working on is finished first.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::wait::{until, until_true};
use testkit::{Gateway, HttpFake};

use super::{InFlight, open_gate, process, worker};
use crate::support::setup;

/// Two servers with a call in flight at each.
async fn busy() -> (Gateway, InFlight, InFlight) {
    let gateway = idle().await;
    let one = InFlight::begin(&gateway, "one", "wait").await;
    let two = InFlight::begin(&gateway, "two", "wait").await;
    (gateway, one, two)
}

async fn idle() -> Gateway {
    let setup = setup();
    let (one, two) = (worker(&setup, "one"), worker(&setup, "two"));
    let gateway = setup.fake("one", one).fake("two", two).start().await;
    gateway.await_tools("one", 3).await;
    gateway.await_tools("two", 3).await;
    gateway
}

#[tokio::test]
async fn an_edited_server_finishes_its_call_before_its_process_is_replaced() {
    let (gateway, call, other) = busy().await;
    let (one, two) = (process(&gateway, "one"), process(&gateway, "two"));

    let edit = |form: &mut Value| form["callTimeout"] = json!(60_000);
    gateway.api().edit("one", edit).await.saved();

    assert_eq!(process(&gateway, "one"), one, "its call is in flight");
    assert!(!call.is_over() && !other.is_over());
    open_gate(&gateway, "one");
    assert_eq!(call.text().await, "finished");
    until_true("its process is replaced", || {
        !gateway.journal("one").alive().contains(&one) && gateway.journal("one").starts() == 2
    })
    .await;
    let client = gateway.client().await;
    assert_eq!(
        client.text("one_pid", "{}").await,
        process(&gateway, "one").to_string()
    );
    assert_eq!(process(&gateway, "two"), two);
    assert_eq!(gateway.journal("two").starts(), 1);
    open_gate(&gateway, "two");
    assert_eq!(other.text().await, "finished");
}

#[tokio::test]
async fn a_call_that_comes_meanwhile_waits_for_the_new_process() {
    let (gateway, call, _other) = busy().await;
    let one = process(&gateway, "one");
    let edit = |form: &mut Value| form["callTimeout"] = json!(60_000);
    gateway.api().edit("one", edit).await.saved();

    let client = gateway.client().await;
    let next = tokio::spawn(async move { client.text("one_pid", "{}").await });
    until("it waits", async || {
        (gateway.server_status("one").await["pool"]["waiting"] == 1).then_some(())
    })
    .await;
    open_gate(&gateway, "one");

    assert_eq!(call.text().await, "finished");
    let pid: u32 = next.await.expect("no panic").parse().expect("a number");
    assert_ne!(pid, one);
    assert_eq!(process(&gateway, "one"), pid);
    open_gate(&gateway, "two");
}

#[tokio::test]
async fn a_call_that_never_ends_is_not_waited_for_for_ever() {
    let setup = setup();
    let mut script = worker(&setup, "one");
    // Far beyond the end of this test, with signs of life all the time.
    let steps = (0..300).flat_map(|_| [json!({"delay": 100}), json!({"progress": 1})]);
    script["tools"][2]["does"] = steps.collect();
    let gateway = setup
        .fake_with("one", script, json!({"callTimeout": 1500}))
        .start()
        .await;
    gateway.await_tools("one", 3).await;
    let client = gateway.client().await;
    let journal = gateway.journal("one");
    let call = tokio::spawn(async move {
        let params = r#"{"name":"one_hang","_meta":{"progressToken":1}}"#;
        client.call("tools/call", params).await.error()
    });
    until_true("the call has arrived", || {
        !journal.received_of("tools/call").is_empty()
    })
    .await;
    let began = Instant::now();
    let edit = |form: &mut Value| form["callTimeout"] = json!(60_000);
    gateway.api().edit("one", edit).await.saved();
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "the answer waits for nobody"
    );

    let error = call.await.expect("no panic").to_string();

    assert!(
        error.contains("one") && error.contains("restarted"),
        "{error}"
    );
    let waited = began.elapsed();
    assert!(
        waited > Duration::from_millis(1200) && waited < Duration::from_secs(8),
        "{waited:?}"
    );
    gateway.await_tools("one", 3).await;
    let client = gateway.client().await;
    assert_eq!(
        client.text("one_pid", "{}").await,
        process(&gateway, "one").to_string()
    );
}

#[tokio::test]
async fn whoever_starts_a_server_anew_does_not_wait_for_its_predecessors_calls_either() {
    let gateway = idle().await;
    let call = InFlight::begin(&gateway, "one", "hang").await;
    let one = process(&gateway, "one");
    let edit = |form: &mut Value| form["callTimeout"] = json!(60_000);
    gateway.api().edit("one", edit).await.saved();
    assert_eq!(process(&gateway, "one"), one, "its call is in flight");

    let began = Instant::now();
    assert_eq!(gateway.api().restart("one").await.json(), json!({}));

    let error = call.error().await;
    assert!(error.contains("restarted"), "{error}");
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    let client = gateway.client().await;
    assert_ne!(client.text("one_pid", "{}").await, one.to_string());
}

#[tokio::test]
async fn a_long_call_is_finished_first_and_the_gateway_need_not_wait_for_it_at_its_end() {
    let (mut gateway, call, other) = busy().await;
    let edit = |form: &mut Value| form["callTimeout"] = json!(60_000);
    gateway.api().edit("one", edit).await.saved();
    gateway.api().remove("two").await.saved();
    // Longer than calls get at a server that nobody follows.
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert!(!call.is_over());
    let error = other.error().await;
    assert!(error.contains("removed"), "{error}");
    open_gate(&gateway, "one");
    assert_eq!(call.text().await, "finished");

    gateway.await_tools("one", 3).await;
    let call = InFlight::begin(&gateway, "one", "hang").await;
    let edit = |form: &mut Value| form["callTimeout"] = json!(90_000);
    gateway.api().edit("one", edit).await.saved();
    call.0.abort();
    let began = Instant::now();
    assert!(gateway.stop().await.success());
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    for server in ["one", "two"] {
        assert!(gateway.journal(server).alive().is_empty(), "{server}");
    }
}

#[tokio::test]
async fn what_concerns_names_alone_starts_nobody_anew() {
    let (gateway, call, other) = busy().await;
    let api = gateway.api();
    let (one, two) = (process(&gateway, "one"), process(&gateway, "two"));
    api.set_tool("one", &json!({"tool": "pid", "on": false}))
        .await
        .saved();
    api.set_tool("one", &json!({"tool": "hang", "rename": "stuck"}))
        .await
        .saved();
    api.edit("one", |form| {
        form["description"] = json!("words");
        form["prefix"] = json!("first");
        form["stripPrefix"] = json!(false);
        form["include"] = json!(["wait", "hang"]);
    })
    .await
    .saved();

    assert_eq!(
        (process(&gateway, "one"), process(&gateway, "two")),
        (one, two)
    );
    open_gate(&gateway, "one");
    assert_eq!(call.text().await, "finished");
    open_gate(&gateway, "two");
    assert_eq!(other.text().await, "finished");
    assert_eq!(gateway.journal("one").starts(), 1);
    assert_eq!(gateway.server_status("one").await["description"], "words");
}

#[tokio::test]
async fn what_concerns_all_starts_all_anew() {
    let gateway = idle().await;
    let (one, two) = (process(&gateway, "one"), process(&gateway, "two"));
    gateway
        .setup()
        .edit_by_hand(|text| text.replacen('{', "{ \"limits\": { \"inFlight\": 7 },", 1));
    gateway.api().reload().await.saved();
    for (name, former) in [("one", one), ("two", two)] {
        until_true("it is replaced", || {
            let journal = gateway.journal(name);
            journal.starts() == 2 && !journal.alive().contains(&former)
        })
        .await;
        gateway.await_state(name, "ready").await;
    }
}

#[tokio::test]
async fn a_remark_or_another_servers_entry_concerns_nobody_who_runs() {
    let gateway = idle().await;
    gateway.setup().edit_by_hand(|text| {
        let entry = r#"{"name": "off", "command": ["x"], "enabled": false}"#;
        text.replacen(
            "\"servers\": [",
            &format!("// a remark\n\"servers\": [{entry},"),
            1,
        )
    });
    gateway.api().reload().await.saved();
    let status = gateway.status().await;
    let names: Vec<_> = status["servers"]
        .as_array()
        .expect("servers")
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["off", "one", "two"]);
    let client = gateway.client().await;
    for name in ["one", "two"] {
        let pid = process(&gateway, name).to_string();
        assert_eq!(client.text(&format!("{name}_pid"), "{}").await, pid);
        assert_eq!(gateway.journal(name).starts(), 1);
    }
}

#[tokio::test]
async fn a_server_is_switched_off_and_on() {
    let gateway = idle().await;
    let (api, client) = (gateway.api(), gateway.client().await);
    let mut stream = client.listen().await;
    let two = process(&gateway, "two");

    api.enable("one", false).await.saved();

    stream.message_of("notifications/tools/list_changed").await;
    assert!(
        client
            .tool_names()
            .await
            .iter()
            .all(|name| name.starts_with("two_"))
    );
    assert_eq!(gateway.server_status("one").await["state"], "disabled");
    until_true("its process is gone", || {
        gateway.journal("one").alive().is_empty()
    })
    .await;
    assert!(client.tool("one_pid", "{}").await.error()["message"].is_string());
    let own = format!("{}/one/mcp", gateway.base());
    let answer = testkit::McpHttp::new(own).call("ping", "{}").await;
    assert_eq!(answer.status, 404, "{answer:?}");

    api.enable("one", true).await.saved();

    gateway.await_tools("one", 3).await;
    until("its tools are back", async || {
        client
            .tool_names()
            .await
            .contains(&"one_pid".to_owned())
            .then_some(())
    })
    .await;
    assert_eq!(
        client.text("one_pid", "{}").await,
        process(&gateway, "one").to_string()
    );
    assert_eq!(process(&gateway, "two"), two);
}

#[tokio::test]
async fn a_server_that_hangs_is_started_anew_at_once() {
    let setup = setup();
    let (mut one, two) = (worker(&setup, "one"), worker(&setup, "two"));
    one["ignoreEof"] = json!(true);
    let gateway = setup.fake("one", one).fake("two", two).start().await;
    gateway.await_tools("one", 3).await;
    gateway.await_tools("two", 3).await;
    let call = InFlight::begin(&gateway, "one", "hang").await;
    let other = InFlight::begin(&gateway, "two", "wait").await;
    let (one, two) = (process(&gateway, "one"), process(&gateway, "two"));

    assert_eq!(gateway.api().restart("one").await.json(), json!({}));

    let error = call.error().await;
    assert_eq!(process(&gateway, "one"), one, "nobody waits for its end");
    assert!(
        error.contains("one") && error.contains("restarted"),
        "it says what happened: {error}"
    );
    let client = gateway.client().await;
    assert_ne!(client.text("one_pid", "{}").await, one.to_string());
    assert_eq!(process(&gateway, "two"), two);
    open_gate(&gateway, "two");
    assert_eq!(other.text().await, "finished");
}

#[tokio::test]
async fn a_call_that_waits_for_a_server_that_hangs_at_its_start_is_told() {
    let setup = setup();
    let gate = setup.path("gate");
    std::fs::write(&gate, "").expect("the gate is open");
    let script = json!({
        "tools": [{"name": "echo"}, {"name": "crash", "does": [{"crash": 1}]}],
        "on": {"initialize": [{"gate": gate}, "default"]},
    });
    let gateway = setup.fake("fake", script).start().await;
    gateway.await_tools("fake", 2).await;
    let client = gateway.client().await;
    std::fs::remove_file(&gate).expect("the gate is shut");
    client.tool("fake_crash", "{}").await.error();
    let began = Instant::now();
    let waiting = tokio::spawn(async move { client.tool("fake_echo", "{}").await.error() });
    until("it waits", async || {
        (gateway.server_status("fake").await["pool"]["waiting"] == 1).then_some(())
    })
    .await;

    gateway.api().restart("fake").await;

    let error = waiting.await.expect("no panic");
    let text = error["message"].as_str().unwrap_or_default();
    assert!(text.contains("restarted"), "{error}");
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "it would have waited for so long in any case"
    );
    std::fs::write(&gate, "").expect("the gate opens");
}

#[tokio::test]
async fn a_remote_servers_call_is_finished_before_its_session_ends() {
    let setup = setup();
    let gate = setup.path("gate");
    let script =
        json!({"tools": [{"name": "wait", "does": [{"gate": gate}, {"text": "finished"}]}]});
    let fake = HttpFake::start(&setup, "far", &script);
    let gateway = setup
        .server(json!({"name": "far", "url": fake.url}))
        .start()
        .await;
    gateway.await_tools("far", 1).await;
    let call = InFlight::begin(&gateway, "far", "wait").await;
    let headers = json!([{"name": "X-New", "value": "yes"}]);
    let edit = |form: &mut Value| form["headers"] = headers;
    gateway.api().edit("far", edit).await.saved();
    assert!(!call.is_over());
    std::fs::write(&gate, "").expect("the gate opens");
    assert_eq!(call.text().await, "finished");
    until_true("it is greeted anew, with the new header", || {
        let entries = fake.journal().entries();
        entries.iter().any(|entry| entry.headers["x-new"] == "yes")
    })
    .await;
}

#[tokio::test]
async fn who_has_subscribed_to_a_resource_still_has_afterwards() {
    let update = json!({"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": "x://a"}});
    let script = json!({
        "resources": [{"uri": "x://a", "name": "a"}],
        "tools": [{"name": "update", "does": [{"push": update}, {"text": "ok"}]}],
    });
    let gateway = setup().fake("fake", script).start().await;
    gateway.await_tools("fake", 1).await;
    let client = gateway.client().await;
    let mut stream = client.listen().await;
    let wanted = r#"{"uri":"x://a"}"#;
    client.call("resources/subscribe", wanted).await.result();
    let later = |form: &mut Value| form["callTimeout"] = json!(60_000);
    gateway.api().edit("fake", later).await.saved();
    let journal = gateway.journal("fake");
    until_true("the new process knows of it", || {
        journal.starts() == 2 && journal.received_of("resources/subscribe").len() == 2
    })
    .await;
    client.text("fake_update", "{}").await;
    stream.message_of("notifications/resources/updated").await;
}

#[tokio::test]
async fn a_client_on_the_endpoint_of_a_removed_server_is_let_in_again_when_it_is_back() {
    let gateway = idle().await;
    let own = format!("{}/one/mcp", gateway.base());
    let client = testkit::McpHttp::connect(own, "{}").await;
    let removed = gateway.api().remove("one").await.saved();
    assert_eq!(client.call("tools/list", "{}").await.status, 404);
    gateway.api().undo(&removed).await.saved();
    gateway.await_tools("one", 3).await;
    let pid = process(&gateway, "one").to_string();
    assert_eq!(client.text("pid", "{}").await, pid);
}

#[tokio::test]
async fn a_failing_server_is_tried_at_once_when_it_is_started_anew() {
    let setup = setup();
    let program = setup.path("program");
    let gateway = setup
        .server(json!({"name": "late", "command": [program, "--tools", "echo"]}))
        .start()
        .await;
    gateway.await_state("late", "failing").await;
    let path = gateway.folder().join("program");
    std::os::unix::fs::symlink(testkit::programs::fake_server(), path).expect("a link");
    gateway.api().restart("late").await;
    gateway.await_tools("late", 1).await;
    gateway
        .client()
        .await
        .tool("late_echo", "{}")
        .await
        .result();
}

#[tokio::test]
async fn a_client_on_a_servers_own_endpoint_stays_connected() {
    let gateway = idle().await;
    let own = format!("{}/one/mcp", gateway.base());
    let client = testkit::McpHttp::connect(own, "{}").await;
    let before = client.text("pid", "{}").await;
    let edit = |form: &mut Value| form["callTimeout"] = json!(60_000);
    gateway.api().edit("one", edit).await.saved();
    until_true("its process is replaced", || {
        gateway.journal("one").starts() == 2
    })
    .await;
    assert_ne!(client.text("pid", "{}").await, before);
}
