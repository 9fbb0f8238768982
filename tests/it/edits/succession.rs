//! A server may hold what its successor needs, a port or a lock: there are never two.

use serde_json::{Value, json};
use testkit::Gateway;
use testkit::wait::until;

use super::{InFlight, open_gate, worker};
use crate::support::setup;

/// A server that takes its time to leave.
async fn slow_to_leave() -> Gateway {
    let setup = setup();
    let mut script = worker(&setup, "one");
    script["lingerMs"] = json!(700);
    let gateway = setup.fake("one", script).start().await;
    gateway.await_tools("one", 3).await;
    gateway
}

fn later(form: &mut Value) {
    let timeout = form["callTimeout"].as_u64().unwrap_or(60_000);
    form["callTimeout"] = json!(timeout + 1);
}

/// Waits until a call is answered by a process that was not there before.
async fn succeeded(gateway: &Gateway, tool: &str) {
    let journal = gateway.journal("one");
    until("its successor answers", async || {
        let answer = gateway.client().await.tool(tool, "{}").await;
        let answer: Value = serde_json::from_str(&answer.response()).expect("JSON");
        let pid = answer["result"]["content"][0]["text"].as_str();
        let first = journal.entries()[0].pid.to_string();
        pid.filter(|pid| *pid != first).map(|_| ())
    })
    .await;
    assert_eq!(journal.most_at_once(), 1, "{:#?}", journal.entries());
}

#[tokio::test]
async fn after_several_edits_while_a_call_is_in_flight() {
    let gateway = slow_to_leave().await;
    let call = InFlight::begin(&gateway, "one", "wait").await;
    for _ in 0..3 {
        gateway.api().edit("one", later).await.saved();
    }
    let finish = async {
        open_gate(&gateway, "one");
        call.text().await
    };
    let ((), text) = tokio::join!(succeeded(&gateway, "one_pid"), finish);

    assert_eq!(text, "finished");
    assert_eq!(
        gateway.journal("one").starts(),
        2,
        "those between were never needed"
    );
}

#[tokio::test]
async fn a_call_that_waited_through_several_edits_is_answered() {
    let gateway = slow_to_leave().await;
    let call = InFlight::begin(&gateway, "one", "wait").await;
    gateway.api().edit("one", later).await.saved();
    let client = gateway.client().await;
    let next = tokio::spawn(async move { client.text("one_pid", "{}").await });
    until("it waits", async || {
        (gateway.server_status("one").await["pool"]["waiting"] == 1).then_some(())
    })
    .await;
    gateway.api().edit("one", later).await.saved();

    open_gate(&gateway, "one");

    assert_eq!(call.text().await, "finished");
    assert!(next.await.expect("no panic").parse::<u32>().is_ok());
}

#[tokio::test]
async fn after_it_was_started_anew_twice() {
    let gateway = slow_to_leave().await;
    for _ in 0..2 {
        assert_eq!(gateway.api().restart("one").await.status, 200);
    }
    succeeded(&gateway, "one_pid").await;
}

#[tokio::test]
async fn after_it_was_removed_and_taken_back() {
    let gateway = slow_to_leave().await;
    let saved = gateway.api().remove("one").await.saved();
    gateway.api().undo(&saved).await.saved();
    succeeded(&gateway, "one_pid").await;
}

#[tokio::test]
async fn after_it_was_switched_off_and_on() {
    let gateway = slow_to_leave().await;
    gateway.api().enable("one", false).await.saved();
    gateway.api().enable("one", true).await.saved();
    succeeded(&gateway, "one_pid").await;
}

#[tokio::test]
async fn after_it_got_another_name() {
    let gateway = slow_to_leave().await;
    let rename = |form: &mut Value| form["name"] = json!("other");
    gateway.api().edit("one", rename).await.saved();
    succeeded(&gateway, "other_pid").await;
}

#[tokio::test]
async fn one_that_was_removed_while_it_hangs_outlives_the_gateway_not_even_briefly() {
    let setup = setup();
    let mut script = worker(&setup, "one");
    script["grandchild"] = json!(true);
    let mut gateway = setup.fake("one", script).start().await;
    gateway.await_state("one", "ready").await;
    let call = InFlight::begin(&gateway, "one", "hang").await;
    call.0.abort();
    gateway.api().remove("one").await.saved();

    let began = std::time::Instant::now();
    assert!(gateway.stop().await.success());

    assert!(
        began.elapsed() < std::time::Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    let journal = gateway.journal("one");
    assert_eq!(
        (journal.alive().len(), journal.grandchildren_alive().len()),
        (0, 0)
    );
}

#[tokio::test]
async fn one_that_waits_for_its_predecessor_is_not_started_at_the_end() {
    let mut gateway = slow_to_leave().await;
    gateway.api().restart("one").await;
    assert!(gateway.stop().await.success());
    let journal = gateway.journal("one");
    assert_eq!((journal.starts(), journal.alive().len()), (1, 0));
}
