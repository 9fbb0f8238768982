//! Children die with the gateway. That no process is left is also asserted at
//! the end of every other test.

use serde_json::json;
use testkit::wait::until_true;

use crate::support::{official, setup, tools};

#[tokio::test]
async fn a_server_that_ignores_everything_goes_with_its_whole_family() {
    let stubborn = json!({"ignoreEof": true, "ignoreSigterm": true, "grandchild": true, "tools": [{"name": "echo"}]});
    let mut gateway = setup().fake("stubborn", stubborn).start().await;
    gateway
        .client()
        .await
        .tool("stubborn_echo", "{}")
        .await
        .result();
    let journal = gateway.journal("stubborn");
    assert_eq!(journal.grandchildren_alive().len(), 1);

    assert!(gateway.stop().await.success());

    assert_eq!(
        (journal.alive().len(), journal.grandchildren_alive().len()),
        (0, 0)
    );
    let events: Vec<String> = journal
        .entries()
        .into_iter()
        .map(|entry| entry.event)
        .collect();
    let position = |event: &str| {
        events
            .iter()
            .position(|found| found == event)
            .unwrap_or_else(|| panic!("no {event} in {events:?}"))
    };
    assert!(
        position("eof") < position("sigterm"),
        "asked politely first: {events:?}"
    );
}

#[tokio::test]
async fn whoever_left_the_group_of_a_server_goes_with_it_however_it_leaves() {
    // At the end of its input at once, and only when it is killed.
    let decent = json!({"detached": true, "grandchild": true, "tools": [{"name": "echo"}]});
    let mut stubborn = decent.clone();
    stubborn["ignoreEof"] = json!(true);
    stubborn["ignoreSigterm"] = json!(true);
    let setup = setup().fake("decent", decent).fake("stubborn", stubborn);
    let mut gateway = setup.start().await;
    for name in ["decent", "stubborn"] {
        gateway.await_tools(name, 1).await;
        assert_eq!(gateway.journal(name).grandchildren_alive().len(), 2);
    }
    assert!(gateway.stop().await.success());
    for name in ["decent", "stubborn"] {
        let journal = gateway.journal(name);
        assert_eq!(
            (journal.alive().len(), journal.grandchildren_alive().len()),
            (0, 0)
        );
    }
}

#[tokio::test]
async fn whoever_left_the_group_of_a_killed_gateways_server_is_ended_at_the_next_start() {
    let script = json!({"detached": true, "tools": [{"name": "echo"}]});
    let mut gateway = setup().fake("parent", script).start().await;
    gateway.await_tools("parent", 1).await;
    let journal = gateway.journal("parent");
    let [orphan] = journal.grandchildren_alive()[..] else {
        panic!("one is there");
    };
    let children = gateway.folder().join("data/children");
    let is_noted = |pid: u32| {
        let pages = std::fs::read_dir(&children).expect("a folder");
        pages
            .filter_map(|page| std::fs::read_to_string(page.ok()?.path()).ok())
            .any(|page| page.contains(&format!(":{pid},")))
    };
    until_true("it is in the ledger", || is_noted(orphan)).await;

    gateway.kill();
    until_true("the server itself has left", || journal.alive().is_empty()).await;
    assert_eq!(journal.grandchildren_alive(), [orphan]);
    gateway.restart().await;

    until_true("the orphan is gone", || {
        !journal.grandchildren_alive().contains(&orphan)
    })
    .await;
    // Who leaves its group in the very moment of the end is not seen doing so.
    until_true("the next one is in the ledger", || {
        let alive = journal.grandchildren_alive();
        alive.len() == 1 && is_noted(alive[0])
    })
    .await;
}

#[tokio::test]
async fn a_decent_server_leaves_at_the_end_of_its_stdin() {
    let mut gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    gateway
        .client()
        .await
        .tool("fake_echo", "{}")
        .await
        .result();
    assert!(gateway.stop().await.success());
    let last = gateway.journal("fake").entries().pop().expect("entries");
    assert_eq!((last.event.as_str(), last.raw.as_str()), ("exit", "eof"));
}

#[tokio::test]
async fn real_servers_leave_when_the_gateway_is_killed() {
    let setup = setup();
    let home = setup.path("home");
    let filesystem = official("filesystem", &[home.to_str().expect("UTF-8")]);
    let mut gateway = setup
        .server(filesystem)
        .server(official("memory", &[]))
        .start()
        .await;
    gateway.await_state("filesystem", "ready").await;
    gateway.await_state("memory", "ready").await;
    assert!(gateway.processes().len() >= 3);
    gateway.kill();
    until_true("they have left", || gateway.processes().is_empty()).await;
}

#[tokio::test]
async fn a_stubborn_orphan_of_a_killed_gateway_is_reaped_at_the_next_start() {
    let stubborn = json!({"ignoreEof": true, "ignoreSigterm": true, "grandchild": true, "tools": [{"name": "echo"}]});
    let mut gateway = setup().fake("stubborn", stubborn).start().await;
    gateway
        .client()
        .await
        .tool("stubborn_echo", "{}")
        .await
        .result();
    let journal = gateway.journal("stubborn");
    let orphans = journal.alive();

    gateway.kill();
    assert_eq!(journal.alive(), orphans, "nobody is there to end it");
    gateway.restart().await;

    until_true("the orphan is gone", || {
        orphans.iter().all(|pid| !journal.alive().contains(pid))
    })
    .await;
}

#[tokio::test]
async fn a_running_call_may_finish_while_the_gateway_stops() {
    let setup = setup();
    let gate = setup.path("gate");
    let script = tools(json!([{"name": "wait", "does": [{"gate": gate}, {"text": "finished"}]}]));
    let mut gateway = setup.fake("fake", script).start().await;
    let client = gateway.client().await;
    let journal = gateway.journal("fake");
    let call = tokio::spawn(async move { client.text("fake_wait", "{}").await });
    until_true("the call arrived", || {
        !journal.received_of("tools/call").is_empty()
    })
    .await;

    let (stopped, answer) = tokio::join!(gateway.stop(), async {
        std::fs::write(&gate, "").expect("the gate opens");
        call.await.expect("an answer")
    });

    assert_eq!(answer, "finished");
    assert!(stopped.success());
}

#[tokio::test]
async fn a_child_sees_its_own_variables_and_none_of_the_gateways_secrets() {
    let script = tools(json!([
        {"name": "own", "does": [{"env": "FAKE_JOURNAL"}]},
        {"name": "path", "does": [{"env": "PATH"}]},
        {"name": "key", "does": [{"env": "MCP_GATEWAY_KEY"}]},
        {"name": "token", "does": [{"env": "MCP_GATEWAY_TOKEN"}]},
    ]));
    let key = "c2l4dGVlbiBieXRlcyBhbmQgc2l4dGVlbiBtb3JlISE=";
    let setup = setup()
        .env("MCP_GATEWAY_KEY", key)
        .env("MCP_GATEWAY_TOKEN", "of-a-client");
    let gateway = setup.fake("fake", script).start().await;
    let client = gateway.client().await;
    assert!(
        client
            .text("fake_own", "{}")
            .await
            .ends_with("fake.journal")
    );
    assert!(client.text("fake_path", "{}").await.contains("/bin"));
    for secret in ["fake_key", "fake_token"] {
        assert_eq!(client.text(secret, "{}").await, "", "{secret}");
    }
}
