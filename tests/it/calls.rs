//! What belongs to a running call: progress, cancellation, order, stray messages.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::client::member;
use testkit::wait::{until, until_true};

use crate::support::{setup, tools};

#[tokio::test]
async fn progress_comes_back_on_the_clients_own_token() {
    let script = tools(json!([{"name": "long", "does": [{"progress": 3}, {"text": "done"}]}]));
    let gateway = setup().fake("fake", script).start().await;
    let client = gateway.client().await;

    let params = r#"{"name":"fake_long","_meta":{"progressToken":"my token"}}"#;
    let answer = client.call("tools/call", params).await;

    let progress: Vec<Value> = answer
        .messages()
        .iter()
        .filter_map(|raw| serde_json::from_str(raw).ok())
        .collect();
    let progress: Vec<&Value> = progress
        .iter()
        .filter(|message| message["method"] == "notifications/progress")
        .collect();
    assert_eq!(progress.len(), 3, "{answer:?}");
    assert!(
        progress
            .iter()
            .all(|message| message["params"]["progressToken"] == "my token")
    );
    assert!(
        answer.body.contains(r#""total":3.0"#),
        "numbers stay as they were: {answer:?}"
    );
}

#[tokio::test]
async fn two_clients_with_the_same_token_and_id_are_kept_apart() {
    let setup = setup();
    let gate = setup.path("gate");
    let script =
        tools(json!([{"name": "long", "does": [{"gate": gate}, {"progress": 1}, "echo"]}]));
    let gateway = setup.fake("fake", script).start().await;
    let (one, two) = (gateway.client().await, gateway.client().await);
    let request = |who: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":"same","method":"tools/call","params":{{"name":"fake_long","arguments":{{"who":"{who}"}},"_meta":{{"progressToken":"same"}}}}}}"#
        )
    };

    let journal = gateway.journal("fake");
    let (first, second, ()) =
        tokio::join!(one.post(request("one")), two.post(request("two")), async {
            until_true("both calls arrived", || {
                journal.received_of("tools/call").len() == 2
            })
            .await;
            std::fs::write(&gate, "").expect("the gate opens");
        });

    for (answer, own, other) in [(first, "one", "two"), (second, "two", "one")] {
        assert!(
            answer.result().contains(&format!(r#""who":"{own}""#)),
            "{answer:?}"
        );
        assert!(
            !answer.body.contains(&format!(r#""who":"{other}""#)),
            "{answer:?}"
        );
        assert_eq!(
            answer.messages().len(),
            2,
            "one progress and one answer: {answer:?}"
        );
        assert_eq!(member(&answer.response(), "id"), r#""same""#);
    }
}

#[tokio::test]
async fn a_cancellation_reaches_the_server_under_its_own_id() {
    let script = tools(json!([{"name": "hang", "does": ["hang"]}, {"name": "echo"}]));
    let gateway = setup().fake("fake", script).start().await;
    let client = gateway.client().await;
    let journal = gateway.journal("fake");

    let call = client.post(
        r#"{"jsonrpc":"2.0","id":"mine","method":"tools/call","params":{"name":"fake_hang"}}"#,
    );
    let cancelling = async {
        until_true("the call arrived", || {
            !journal.received_of("tools/call").is_empty()
        })
        .await;
        client
            .notify(
                "notifications/cancelled",
                r#"{"requestId":"mine","reason":"enough"}"#,
            )
            .await;
    };
    tokio::join!(
        async {
            // Whether and how a cancelled call is answered is the gateway's affair; it must end.
            drop(call.await);
        },
        cancelling
    );

    until_true("the cancellation arrived", || {
        !journal.received_of("notifications/cancelled").is_empty()
    })
    .await;
    let sent = &journal.received_of("tools/call")[0];
    let cancelled = member(&journal.received_of("notifications/cancelled")[0], "params");
    assert_eq!(member(&cancelled, "requestId"), member(sent, "id"));
    assert_eq!(member(&cancelled, "reason"), r#""enough""#);
    assert!(
        client
            .tool("fake_echo", "{}")
            .await
            .result()
            .contains("structuredContent")
    );
}

#[tokio::test]
async fn a_concurrent_server_answers_out_of_order_on_one_process() {
    let setup = setup();
    let gate = setup.path("gate");
    let script = tools(json!([
        {"name": "slow", "does": [{"gate": gate}, {"text": "slow"}]},
        {"name": "fast", "does": [{"touch": gate}, {"text": "fast"}]},
    ]));
    let gateway = setup.fake("fake", script).start().await;
    let client = gateway.client().await;

    // The slow one ends only once the fast one has run beside it.
    let (slow, fast) = tokio::join!(
        client.text("fake_slow", "{}"),
        client.text("fake_fast", "{}")
    );

    assert_eq!((slow.as_str(), fast.as_str()), ("slow", "fast"));
    assert_eq!(gateway.journal("fake").starts(), 1);
}

// On a thread of its own the client can hang up while the gateway is being stopped.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_slow_server_does_not_delay_another() {
    let gateway = setup()
        .fake("slow", tools(json!([{"name": "hang", "does": ["hang"]}])))
        .fake("fast", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let client = gateway.client().await;
    let hanging = client.post_stream(client.request("tools/call", r#"{"name":"slow_hang"}"#));
    let hanging = tokio::time::timeout(Duration::from_millis(50), hanging);

    let start = Instant::now();
    let (_, answer) = tokio::join!(hanging, client.tool("fast_echo", "{}"));

    answer.result();
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn stray_output_of_a_server_hurts_nobody() {
    let script = tools(json!([
        {"name": "noisy", "does": [
            {"print": "Server started!"}, {"print": "{not json"}, {"print": "[]"}, {"print": "{}"},
            {"answerAs": "nobody's"}, {"answerAs": 999999}, {"answerAs": null},
            {"giant": 100000}, {"text": "fine"}, "again", "again"
        ]},
        {"name": "echo"},
    ]));
    let gateway = setup().fake("fake", script).start().await;
    let client = gateway.client().await;

    assert_eq!(client.text("fake_noisy", "{}").await, "fine");
    assert_eq!(client.text("fake_noisy", "{}").await, "fine");
    client.tool("fake_echo", "{}").await.result();
    assert_eq!(gateway.journal("fake").starts(), 1);
}

#[tokio::test]
async fn a_call_whose_server_dies_fails_clearly_and_the_next_one_works() {
    let script = tools(json!([
        {"name": "crash", "does": [{"stderr": "out of cheese"}, {"crash": 3}]},
        {"name": "last-words", "does": [{"text": "farewell"}, {"delay": 50}, {"crash": 0}]},
        {"name": "echo"},
    ]));
    let gateway = setup().fake("fake", script).start().await;
    let client = gateway.client().await;

    let error = client.tool("fake_crash", "{}").await.error();
    assert_eq!(error["code"], -32000, "{error}");
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|text| text.contains("fake")),
        "{error}"
    );
    assert_eq!(
        gateway.journal("fake").received_of("tools/call").len(),
        1,
        "never replayed blindly"
    );

    client.tool("fake_echo", "{}").await.result();
    assert_eq!(client.text("fake_last-words", "{}").await, "farewell");
    // Twice in a row so soon may cost a pause before the next start, but no more.
    until("it is back", async || {
        let answer = client.tool("fake_echo", "{}").await.response();
        answer.contains("structuredContent").then_some(())
    })
    .await;
    assert_eq!(
        gateway
            .journal("fake")
            .received_of("tools/call")
            .iter()
            .filter(|raw| raw.contains("crash"))
            .count(),
        1
    );
}

#[tokio::test]
async fn lists_in_pages_are_read_to_the_end() {
    let names: Vec<Value> = (0..25).map(|i| json!({"name": format!("t{i}")})).collect();
    let script = json!({
        "pageSize": 4,
        "tools": names,
        "prompts": [{"name": "p1"}, {"name": "p2"}, {"name": "p3"}, {"name": "p4"}, {"name": "p5"}],
        "resources": (0..9).map(|i| json!({"uri": format!("x://r{i}"), "name": "r"})).collect::<Vec<_>>(),
    });
    let gateway = setup().fake("fake", script).start().await;
    let client = gateway.client().await;

    assert_eq!(client.tool_names().await.len(), 25);
    let prompts: Value =
        serde_json::from_str(&client.call("prompts/list", "{}").await.result()).expect("JSON");
    let resources: Value =
        serde_json::from_str(&client.call("resources/list", "{}").await.result()).expect("JSON");
    assert_eq!(
        prompts["prompts"].as_array().map(Vec::len),
        Some(5),
        "{prompts}"
    );
    assert_eq!(
        resources["resources"].as_array().map(Vec::len),
        Some(9),
        "{resources}"
    );
    assert!(
        client
            .call("resources/read", r#"{"uri":"x://r8"}"#)
            .await
            .result()
            .contains("content of x://r8")
    );
}

#[tokio::test]
async fn a_call_without_a_sign_of_life_is_given_up_and_one_with_progress_is_not() {
    let step = || [json!({"delay": 200}), json!({"progress": 1})];
    let mut lively: Vec<Value> = (0..5).flat_map(|_| step()).collect();
    lively.push(json!({"text": "made it"}));
    let script =
        tools(json!([{"name": "hang", "does": ["hang"]}, {"name": "lively", "does": lively}]));
    let gateway = setup()
        .fake_with("fake", script, json!({"callTimeout": 600}))
        .start()
        .await;
    let client = gateway.client().await;

    let error = client.tool("fake_hang", "{}").await.error();
    let lively = client
        .call(
            "tools/call",
            r#"{"name":"fake_lively","_meta":{"progressToken":1}}"#,
        )
        .await;

    assert_eq!(error["code"], -32001, "{error}");
    assert!(lively.result().contains("made it"), "{lively:?}");
    let journal = gateway.journal("fake");
    until_true("the hanging call is cancelled at the server", || {
        !journal.received_of("notifications/cancelled").is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_call_ends_that_lasts_longer_than_calls_may_whatever_it_reports() {
    let step = || [json!({"delay": 200}), json!({"progress": 1})];
    let endless: Vec<Value> = (0..500).flat_map(|_| step()).collect();
    let gateway = setup()
        .fake("fake", tools(json!([{"name": "endless", "does": endless}])))
        .config_in("limits", "callLongest", json!(1000))
        .start()
        .await;
    let params = r#"{"name":"fake_endless","_meta":{"progressToken":1}}"#;
    let client = gateway.client().await;
    let error = client.call("tools/call", params).await.error();
    assert_eq!(error["code"], -32001, "{error}");
    assert!(
        error["message"].to_string().contains("limits.callLongest"),
        "{error}"
    );
    let journal = gateway.journal("fake");
    until_true("the server hears that nobody waits", || {
        !journal.received_of("notifications/cancelled").is_empty()
    })
    .await;
}

#[tokio::test]
async fn fifty_clients_at_once_get_their_own_answers() {
    let gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let clients: Vec<_> = (0..50)
        .map(|who| {
            let endpoint = gateway.endpoint.clone();
            tokio::spawn(async move {
                let client = testkit::McpHttp::connect(endpoint, "{}").await;
                for call in 0..10 {
                    let arguments = format!(r#"{{"who":"{who}.{call}"}}"#);
                    assert!(
                        client
                            .tool("fake_echo", &arguments)
                            .await
                            .result()
                            .contains(&arguments)
                    );
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("every client is content");
    }
    assert_eq!(gateway.journal("fake").starts(), 1);
}

#[tokio::test]
async fn a_call_that_is_cancelled_while_it_waits_never_reaches_the_server() {
    let setup = setup();
    let gate = setup.path("gate");
    let script = tools(json!([
        {"name": "wait", "does": [{"gate": gate}, {"text": "late"}]},
        {"name": "echo"},
    ]));
    let gateway = setup
        .config("limits", json!({"inFlight": 1}))
        .fake("fake", script)
        .start()
        .await;
    let client = gateway.client().await;
    let journal = gateway.journal("fake");
    let queued =
        r#"{"jsonrpc":"2.0","id":"queued","method":"tools/call","params":{"name":"fake_echo"}}"#;

    let (late, ()) = tokio::join!(client.text("fake_wait", "{}"), async {
        until_true("the first call arrived", || {
            journal.received_of("tools/call").len() == 1
        })
        .await;
        // Whether it comes before or after the call that it means, it counts.
        let cancelled = r#"{"requestId":"queued"}"#;
        tokio::join!(
            client.post(queued),
            client.notify("notifications/cancelled", cancelled)
        );
        std::fs::write(&gate, "").expect("the gate opens");
    });
    assert_eq!(late, "late");
    client.tool("fake_echo", r#"{"after":true}"#).await.result();

    let calls = journal.received_of("tools/call");
    assert_eq!(calls.len(), 2, "{calls:?}");
}

#[tokio::test]
async fn an_id_that_is_in_flight_is_not_taken_twice() {
    let setup = setup();
    let gate = setup.path("gate");
    let script = tools(json!([{"name": "wait", "does": [{"gate": gate}, {"text": "late"}]}]));
    let gateway = setup.fake("fake", script).start().await;
    let client = gateway.client().await;
    let call =
        r#"{"jsonrpc":"2.0","id":"twin","method":"tools/call","params":{"name":"fake_wait"}}"#;

    let (first, ()) = tokio::join!(client.post(call), async {
        until_true("the first call arrived", || {
            gateway.journal("fake").received_of("tools/call").len() == 1
        })
        .await;
        let second = client.post(call).await.error();
        assert_eq!(second["code"], -32600, "{second}");
        std::fs::write(&gate, "").expect("the gate opens");
    });

    first.result();
}

#[tokio::test]
async fn an_answer_beyond_the_limits_is_reported_at_once() {
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let script = tools(json!([
        {"name": "big", "does": [{"big": 2 << 20}]},
        {"name": "deep", "does": [{"result": {"content": [], "deep": deep}}]},
        {"name": "echo"},
    ]));
    let gateway = setup()
        .config("limits", json!({"messageBytes": 1 << 20, "depth": 64}))
        .fake("fake", script)
        .start()
        .await;
    let client = gateway.client().await;

    for (tool, limit) in [
        ("fake_big", "limits.messageBytes"),
        ("fake_deep", "limits.depth"),
    ] {
        let error = client.tool(tool, "{}").await.error();
        let message = error["message"].as_str().unwrap_or_default();
        assert!(message.contains(limit), "{tool}: {error}");
    }
    client.tool("fake_echo", "{}").await.result();
}
