//! The bridge as clients start it.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::client::member;
use testkit::wait::soon;

use crate::support::{BRIDGE, StdioClient, setup, tools};

#[tokio::test]
async fn it_works_under_every_spelling_of_the_address() {
    let gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let sse = format!("{}/sse", gateway.base());
    let own = format!("{}/fake/mcp", gateway.base());
    for (args, tool) in [
        (vec![gateway.endpoint.as_str()], "fake_echo"),
        (vec!["--url", sse.as_str()], "fake_echo"),
        (vec![own.as_str()], "echo"),
    ] {
        let mut client = StdioClient::start(gateway.setup(), BRIDGE, &args);
        client.greet().await;
        client.send(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{{"n":1.0}}}}}}"#)).await;
        // News may come first.
        let line = loop {
            let line = client.line().await;
            if line.contains(r#""id":1"#) {
                break line;
            }
        };
        assert!(
            line.contains(r#""arguments":{"n":1.0}"#),
            "{args:?}: {line}"
        );
        client.leave().await;
    }
    assert_eq!(
        gateway.raw().get("/health").await.json()["sessions"],
        0,
        "every session was ended"
    );
}

#[tokio::test]
async fn the_gateways_own_stdio_mode_is_the_bridge() {
    let gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let setup = gateway.setup();
    let mut command = setup.command(env!("CARGO_BIN_EXE_mcp-gateway"));
    command.env("MCP_GATEWAY_URL", &gateway.endpoint);
    let mut client = StdioClient::from_command(command.arg("--stdio"));
    client.greet().await;
    client
        .send(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#)
        .await;
    assert_eq!(
        client.response(1).await["result"]["tools"][0]["name"],
        "fake_echo"
    );
    client.leave().await;
    assert_eq!(gateway.journal("fake").starts(), 1, "no second pool");
}

#[tokio::test]
async fn it_answers_within_milliseconds_of_its_start_and_ends_on_sigterm() {
    let gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        let mut client = StdioClient::start(gateway.setup(), BRIDGE, &[&gateway.endpoint]);
        client.greet().await;
        best = best.min(start.elapsed());
        testkit::process::terminate(client.child.id().expect("it runs"));
        let status = soon("the end", client.child.wait())
            .await
            .expect("it can be awaited");
        assert!(status.success(), "{status}");
    }
    // A debug build on a busy machine; the release build takes a few milliseconds.
    assert!(best < Duration::from_millis(250), "{best:?}");
}

#[tokio::test]
async fn a_cancellation_in_the_same_write_as_its_request_is_never_lost() {
    let script = tools(json!([{"name": "hang", "does": ["hang"]}]));
    let gateway = setup().fake("fake", script).start().await;
    let mut client = StdioClient::start(gateway.setup(), BRIDGE, &[&gateway.endpoint]);
    client.greet().await;
    for id in 1..=20 {
        let call = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"fake_hang"}}}}"#
        );
        let cancel = format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
        );
        client.send(&[call, cancel].join("\n")).await;
    }
    // It is answered after everything before it was delivered.
    client
        .send(r#"{"jsonrpc":"2.0","id":21,"method":"ping"}"#)
        .await;
    client.response(21).await;

    let start = Instant::now();
    client.leave().await;
    // A call that still runs keeps the bridge for five seconds before it cancels by itself.
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "{:?}",
        start.elapsed()
    );
    let journal = gateway.journal("fake");
    let cancelled: Vec<String> = journal
        .received_of("notifications/cancelled")
        .iter()
        .map(|message| member(&member(message, "params"), "requestId"))
        .collect();
    for call in journal.received_of("tools/call") {
        assert!(cancelled.contains(&member(&call, "id")), "{call}");
    }
}
