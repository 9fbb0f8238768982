//! What the gateway tells about itself to whoever accounts for everything.

use serde_json::json;
use testkit::wait::{until, until_true};

use crate::support::{setup, tools};

#[tokio::test]
async fn streams_count_while_they_are_open() {
    let gateway = setup().start().await;
    let open = async |count: u64| {
        until(&format!("{count} streams are open"), async || {
            let status = gateway.status().await;
            let tasks = status["counts"]["tasks"].as_u64();
            assert!(tasks.is_some_and(|tasks| tasks > 0), "{status}");
            (status["counts"]["streams"] == count).then_some(())
        })
        .await;
    };
    open(0).await;
    let client = gateway.client().await;
    let own = client.listen().await;
    open(1).await;
    let sse = client.get_stream("/sse").await;
    open(2).await;
    drop(own);
    open(1).await;
    drop(sse);
    open(0).await;
}

#[tokio::test]
async fn each_finished_call_is_told_in_the_log_where_that_is_asked_for() {
    let script = tools(json!([
        {"name": "echo"},
        {"name": "fail", "does": [{"error": {"code": -32050, "message": "no"}}]},
        {"name": "die", "does": [{"crash": 1}]},
    ]));
    let gateway = setup()
        .arg("--log-level")
        .arg("info,call=debug")
        .fake("fake", script)
        .start()
        .await;
    let client = gateway.client().await;
    for (id, tool) in [("a", "echo"), ("b", "fail"), ("c", "die")] {
        let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": {"name": format!("fake_{tool}"), "arguments": {}}});
        client.post(call.to_string()).await;
    }
    for told in [
        r#"call: over id="a" server=fake end=answered"#,
        r#"call: over id="b" server=fake end=failed"#,
        r#"call: over id="c" server=fake end=died"#,
    ] {
        until_true(told, || gateway.stderr().matches(told).count() == 1).await;
    }
}
