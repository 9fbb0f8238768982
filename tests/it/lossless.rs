//! Odd but legal messages (`tests/corpus`) reach the other side byte for byte,
//! except names, ids and tokens.

use std::path::PathBuf;

use serde_json::json;
use testkit::client::{member, result_of};
use testkit::{McpHttp, programs};
use wire::Span;

use crate::support::setup;

fn corpus(kind: &str) -> Vec<(String, String)> {
    let folder: PathBuf = programs::repository().join("tests/corpus");
    let mut found: Vec<(String, String)> = std::fs::read_dir(&folder)
        .expect("the corpus")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(kind))
        .map(|name| {
            (
                name.clone(),
                std::fs::read_to_string(folder.join(&name))
                    .expect("a file")
                    .trim_end()
                    .to_owned(),
            )
        })
        .collect();
    found.sort();
    assert!(!found.is_empty(), "no {kind} in the corpus");
    found
}

/// The message with its id and its tool's name blanked, on one line.
fn blanked(raw: &str) -> String {
    let envelope =
        wire::parse(raw.as_bytes(), 1000).unwrap_or_else(|error| panic!("{error}: {raw}"));
    let mut spans: Vec<Span> = envelope
        .id()
        .into_iter()
        .chain(envelope.params.name)
        .collect();
    spans.sort_by_key(|span| std::cmp::Reverse(span.start));
    let mut text = raw.to_owned();
    for span in spans {
        text.replace_range(span.range(), "_");
    }
    String::from_utf8(wire::one_line(text.as_bytes()).into_owned()).expect("UTF-8")
}

#[tokio::test]
async fn calls_reach_the_server_and_come_back_byte_for_byte() {
    let gateway = setup()
        .fake("fake", r#"{"tools":[{"name":"echo"}]}"#)
        .start()
        .await;
    let client = gateway.client().await;
    for (name, raw) in corpus("call-") {
        let sent = raw.replacen(r#""echo""#, r#""fake_echo""#, 1);
        let answer = client.post(sent).await;
        let received = gateway
            .journal("fake")
            .received_of("tools/call")
            .pop()
            .expect("it arrived");
        assert_eq!(blanked(&received), blanked(&raw), "{name} on its way in");
        let echoed = member(&answer.result(), "structuredContent");
        assert_eq!(echoed, member(&received, "params"), "{name} on its way out");
        assert_eq!(member(&answer.response(), "id"), "1", "{name}");
    }
}

#[tokio::test]
async fn results_and_errors_reach_the_client_byte_for_byte() {
    let results = corpus("result-");
    let errors = corpus("error-");
    let tool = |(name, raw): &(String, String), key: &str| {
        format!(
            r#"{{"name":"{name}","does":[{{"{key}":{}}}]}}"#,
            member(raw, key)
        )
    };
    let tools: Vec<String> = results
        .iter()
        .map(|case| tool(case, "result"))
        .chain(errors.iter().map(|case| tool(case, "error")))
        .collect();
    let gateway = setup()
        .fake("fake", format!(r#"{{"tools":[{}]}}"#, tools.join(",")))
        .start()
        .await;
    let client = gateway.client().await;
    for (name, raw) in results {
        let answer = client.tool(&format!("fake_{name}"), "{}").await;
        assert_eq!(answer.result(), member(&raw, "result"), "{name}");
    }
    for (name, raw) in errors {
        let answer = client.tool(&format!("fake_{name}"), "{}").await;
        assert_eq!(
            member(&answer.response(), "error"),
            member(&raw, "error"),
            "{name}"
        );
    }
}

#[tokio::test]
async fn definitions_of_tools_keep_every_byte_but_the_name() {
    let cases = corpus("tool-");
    let tools: Vec<String> = cases
        .iter()
        .map(|(_, raw)| format!(r#"{{"name":{},"definition":{raw}}}"#, member(raw, "name")))
        .collect();
    let gateway = setup()
        .fake("fake", format!(r#"{{"tools":[{}]}}"#, tools.join(",")))
        .start()
        .await;
    let list = gateway
        .client()
        .await
        .call("tools/list", "{}")
        .await
        .result();
    for (name, raw) in cases {
        let expected = raw.replacen(r#""name":""#, r#""name":"fake_"#, 1);
        assert!(list.contains(&expected), "{name}: {list}");
    }
}

#[tokio::test]
async fn questions_and_their_answers_pass_byte_for_byte() {
    let params = r#"{ "mode":"form","message":"\u00e9","requestedSchema":{"type":"object","properties":{"n":{"type":"number","minimum":-1.0}}},"x-unknown":[12345678901234567890123] }"#;
    let script = format!(
        r#"{{"tools":[{{"name":"ask","does":[{{"ask":{{"method":"elicitation/create","params":{params}}}}},"asked"]}}]}}"#
    );
    let gateway = setup().fake("fake", script).start().await;
    let client = gateway.client_with(r#"{"elicitation":{}}"#).await;

    let mut stream = client
        .post_stream(client.request("tools/call", r#"{"name":"fake_ask"}"#))
        .await;
    let question = stream.message().await;
    assert_eq!(member(&question, "params"), params);
    let result = r#"{ "action":"accept", "content":{"n":1E+2,"s":"\u00e9"},"x":1.0}"#;
    client
        .post(wire::result_response(
            member(&question, "id").as_bytes(),
            result.as_bytes(),
        ))
        .await;

    let answer = member(&result_of(&stream.response().await), "structuredContent");
    assert_eq!(member(&answer, "result"), result);
}

#[tokio::test]
async fn methods_and_notifications_that_nobody_knows_yet_pass_at_a_servers_own_endpoint() {
    let script = json!({"on": {
        "x/custom": [{"notify": {"jsonrpc": "2.0", "method": "notifications/x-news", "params": {"n": 1}}}, "echo"],
    }});
    let gateway = setup().fake("fake", script).start().await;
    let client = McpHttp::connect(format!("{}/fake/mcp", gateway.base()), "{}").await;

    let params = r#"{"a":1.0, "b":[12345678901234567890123]}"#;
    let answer = client.call("x/custom", params).await;

    assert_eq!(member(&answer.result(), "structuredContent"), params);
    client.notify("notifications/x-hello", r#"{"k":1.0}"#).await;
    let journal = gateway.journal("fake");
    testkit::wait::until_true("the notification arrived", || {
        !journal.received_of("notifications/x-hello").is_empty()
    })
    .await;
    assert!(journal.received_of("notifications/x-hello")[0].contains(r#""params":{"k":1.0}"#));
}

#[tokio::test]
async fn three_megabytes_pass_in_both_directions() {
    let gateway = setup()
        .fake("fake", r#"{"tools":[{"name":"echo"}]}"#)
        .start()
        .await;
    let client = gateway.client().await;
    let text = "é\\n😀x".repeat(300_000);
    let arguments = format!(r#"{{"text":"{text}"}}"#);
    let answer = client.tool("fake_echo", &arguments).await;
    assert!(answer.result().contains(&arguments));
}
