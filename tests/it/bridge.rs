//! The bridge as clients start it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::client::member;
use testkit::wait::{soon, until_true};
use wire::meta;

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

/// A request that describes itself; `params` are raw members with a comma behind each.
fn describing_itself(id: u64, method: &str, params: &str) -> String {
    let (version, capabilities) = (meta::VERSION, meta::CLIENT_CAPABILITIES);
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{{params}"_meta":{{"{version}":"2026-07-28","{capabilities}":{{}}}}}}}}"#
    )
}

/// The next message with this method; others are passed over.
async fn told(client: &mut StdioClient, method: &str) -> Value {
    loop {
        let message = client.message().await;
        if message["method"] == method {
            return message;
        }
    }
}

#[tokio::test]
async fn a_client_without_a_handshake_is_served_and_its_cancellation_reaches_the_server() {
    let script = tools(json!([{"name": "echo"}, {"name": "hang", "does": ["hang"]}]));
    let gateway = setup().fake("fake", script).start().await;
    let mut client = StdioClient::start(gateway.setup(), BRIDGE, &[&gateway.endpoint]);
    client
        .send(&describing_itself(1, "server/discover", ""))
        .await;
    assert_eq!(
        client.response(1).await["result"]["supportedVersions"],
        json!(["2026-07-28"])
    );
    let echo = r#""name":"fake_echo","arguments":{"n":1.0},"#;
    client.send(&describing_itself(2, "tools/call", echo)).await;
    let answer = client.response(2).await;
    assert_eq!(answer["result"]["resultType"], "complete", "{answer}");

    let hang = r#""name":"fake_hang","#;
    client.send(&describing_itself(3, "tools/call", hang)).await;
    let journal = gateway.journal("fake");
    until_true("the server has the call", || {
        journal.received_of("tools/call").len() == 2
    })
    .await;
    client
        .send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3}}"#)
        .await;
    until_true("the server hears that nobody waits", || {
        journal.received_of("notifications/cancelled").len() == 1
    })
    .await;
    assert_eq!(
        gateway.raw().get("/health").await.json()["sessions"],
        0,
        "none was ever open"
    );
    client.leave().await;
}

#[tokio::test]
async fn a_subscription_through_the_bridge_outlives_the_gateway() {
    let script = json!({"tools": [{"name": "change", "does": [
        {"tools": [{"name": "change"}, {"name": "new"}]},
        {"push": {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}},
        {"text": "changed"},
    ]}]});
    let mut gateway = setup().fake("fake", script).start().await;
    let mut client = StdioClient::start(gateway.setup(), BRIDGE, &[&gateway.endpoint]);
    let tools = r#""notifications":{"toolsListChanged":true},"#;
    client
        .send(&describing_itself(7, "subscriptions/listen", tools))
        .await;
    let acknowledged = client.message().await;
    assert_eq!(
        acknowledged["method"],
        "notifications/subscriptions/acknowledged"
    );
    let changed = "notifications/tools/list_changed";

    // In good order, then without a word.
    assert!(gateway.stop().await.success());
    gateway.restart().await;
    told(&mut client, changed).await;
    gateway.kill();
    gateway.restart().await;
    let missed = told(&mut client, changed).await;
    assert_eq!(missed["params"]["_meta"][meta::SUBSCRIPTION_ID], 7);

    let change = r#""name":"fake_change","#;
    client
        .send(&describing_itself(8, "tools/call", change))
        .await;
    for list in 100.. {
        client
            .send(&describing_itself(list, "tools/list", ""))
            .await;
        let mut news = false;
        let listed = loop {
            let message = client.message().await;
            news |= message["method"] == changed;
            if message["id"] == list {
                break message["result"]["tools"].as_array().map(Vec::len);
            }
        };
        if listed == Some(2) {
            break;
        }
        if !news {
            told(&mut client, changed).await;
        }
    }
    let start = Instant::now();
    client.leave().await;
    assert!(start.elapsed() < Duration::from_secs(4));
}
