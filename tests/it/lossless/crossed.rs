//! The corpus in all four combinations of eras.

use serde_json::json;
use testkit::client::member;
use wire::Span;

use super::{ERAS, Front, SERVER, arrived, claimed, corpus, sent};
use crate::support::setup;

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

/// Between the eras the white space goes that a claim stands in, or would.
fn close_to_its_brace(raw: &str) -> String {
    let params = member(raw, "params");
    match params.strip_prefix('{') {
        Some(rest) => raw.replacen(&params, &format!("{{{}", rest.trim_start()), 1),
        None => raw.to_owned(),
    }
}

#[tokio::test]
async fn calls_reach_the_server_and_come_back_byte_for_byte() {
    for server in ERAS {
        let script = json!({"era": server, "tools": [{"name": "echo"}]});
        let gateway = setup().fake("fake", script).start().await;
        for client in ERAS {
            let front = Front::of(client, &gateway).await;
            for (name, raw) in corpus("call-") {
                let combination = format!("{name}, {client} to {server}");
                let exposed = raw.replacen(r#""echo""#, r#""fake_echo""#, 1);
                let of = |era, raw: String| match era {
                    "modern" => claimed(&raw),
                    _ => raw,
                };
                let answer = front.post(of(client, exposed)).await;
                let wanted = match (client, server) {
                    (one, other) if one == other => of(server, raw),
                    _ => of(server, close_to_its_brace(&raw)),
                };
                let received = gateway
                    .journal("fake")
                    .received_of("tools/call")
                    .pop()
                    .expect("it arrived");
                assert_eq!(
                    blanked(&received),
                    blanked(&wanted),
                    "{combination}, on its way in"
                );
                let echoed = member(&answer.result(), "structuredContent");
                let params = member(&received, "params");
                assert_eq!(echoed, params, "{combination}, on its way out");
                assert_eq!(member(&answer.response(), "id"), "1", "{combination}");
            }
        }
    }
}

#[tokio::test]
async fn results_and_errors_reach_the_client_byte_for_byte() {
    let results = corpus("result-");
    let errors = corpus("error-");
    for server in ERAS {
        let tool = |name: &str, key: &str, raw: &str| {
            format!(r#"{{"name":"{name}","does":[{{"{key}":{raw}}}]}}"#)
        };
        let tools: Vec<String> = results
            .iter()
            .map(|(name, raw)| tool(name, "result", &sent(&member(raw, "result"), server)))
            .chain(
                errors
                    .iter()
                    .map(|(name, raw)| tool(name, "error", &member(raw, "error"))),
            )
            .collect();
        let script = format!(r#"{{"era":"{server}","tools":[{}]}}"#, tools.join(","));
        let gateway = setup().fake("fake", script).start().await;
        for client in ERAS {
            let front = Front::of(client, &gateway).await;
            for (name, raw) in &results {
                let answer = front.tool(&format!("fake_{name}")).await;
                let sent = sent(&member(raw, "result"), server);
                let wanted = arrived(&sent, client, server, SERVER);
                assert_eq!(answer.result(), wanted, "{name}, {client} to {server}");
            }
            for (name, raw) in &errors {
                // What a legacy server tells in this error a modern client is asked.
                if raw.contains("-32042") && (client, server) == ("modern", "legacy") {
                    continue;
                }
                let answer = front.tool(&format!("fake_{name}")).await;
                assert_eq!(
                    member(&answer.response(), "error"),
                    member(raw, "error"),
                    "{name}, {client} to {server}"
                );
            }
        }
    }
}

#[tokio::test]
async fn definitions_of_tools_keep_every_byte_but_the_name() {
    let cases = corpus("tool-");
    let tools: Vec<String> = cases
        .iter()
        .map(|(_, raw)| format!(r#"{{"name":{},"definition":{raw}}}"#, member(raw, "name")))
        .collect();
    for server in ERAS {
        let script = format!(r#"{{"era":"{server}","tools":[{}]}}"#, tools.join(","));
        let gateway = setup().fake("fake", script).start().await;
        for client in ERAS {
            let front = Front::of(client, &gateway).await;
            let list = front.call("tools/list").await.result();
            for (name, raw) in &cases {
                let expected = raw.replacen(r#""name":""#, r#""name":"fake_"#, 1);
                assert!(
                    list.contains(&expected),
                    "{name}, {client} to {server}: {list}"
                );
            }
        }
    }
}
