//! Odd but legal messages (`tests/corpus`), and what real servers have said
//! (`tests/corpus/recorded`), reach the other side byte for byte, except names, ids and tokens;
//! between the eras what each of them has to say is added or taken out, and nothing else.

mod crossed;
mod recorded;

use std::path::PathBuf;

use serde_json::json;
use testkit::client::{member, result_of};
use testkit::{Answer, Gateway, McpHttp, McpModern, programs};
use wire::meta;

use crate::support::setup;

const ERAS: [&str; 2] = ["legacy", "modern"];

/// Who the clients are, in either era.
const CLIENT: &str = r#"{"name":"testkit","version":"1"}"#;

/// Who the fake server is.
const SERVER: &str = r#"{"name":"fake","version":"1.0"}"#;

/// A client of either era that can be asked nothing.
enum Front {
    Legacy(McpHttp),
    Modern(McpModern),
}

impl Front {
    async fn of(era: &str, gateway: &Gateway) -> Self {
        match era {
            "legacy" => Self::Legacy(gateway.client().await),
            _ => Self::Modern(McpModern::new(&gateway.endpoint)),
        }
    }

    /// Posts this, which says what its era has to say.
    async fn post(&self, raw: String) -> Answer {
        match self {
            Self::Legacy(client) => client.post(raw).await,
            Self::Modern(client) => client.post(raw).await,
        }
    }

    async fn call(&self, method: &str) -> Answer {
        match self {
            Self::Legacy(client) => client.call(method, "{}").await,
            Self::Modern(client) => client.call(method, "{}").await,
        }
    }

    async fn tool(&self, name: &str) -> Answer {
        match self {
            Self::Legacy(client) => client.tool(name, "{}").await,
            Self::Modern(client) => client.tool(name, "{}").await,
        }
    }
}

/// A legacy request as a modern client sends it, and as the gateway does for a legacy one: it
/// describes itself, first of all.
fn claimed(raw: &str) -> String {
    let version = wire::quote(wire::MODERN);
    let claim = format!(
        r#""{}":{version},"{}":{{}},"{}":{CLIENT}"#,
        meta::VERSION,
        meta::CLIENT_CAPABILITIES,
        meta::CLIENT_INFO
    );
    let params = member(raw, "params");
    let with = match params.contains(r#""_meta":{"#) {
        true => params.replacen(r#""_meta":{"#, &format!(r#""_meta":{{{claim},"#), 1),
        false if params == "{}" => format!(r#"{{"_meta":{{{claim}}}}}"#),
        false => params.replacen('{', &format!(r#"{{"_meta":{{{claim}}},"#), 1),
    };
    raw.replacen(&params, &with, 1)
}

/// A result as a server of an era sends it.
fn sent(raw: &str, era: &str) -> String {
    match era == "legacy" || raw.contains(r#""resultType":"#) {
        true => raw.to_owned(),
        false => raw.replacen('{', r#"{"resultType":"complete","#, 1),
    }
}

/// What a client of an era gets where the server, of its own era, has sent this result: from a
/// legacy one a modern client learns what a modern one would have said.
fn arrived(sent: &str, client: &str, server: &str, info: &str) -> String {
    if (client, server) != ("modern", "legacy") {
        return sent.to_owned();
    }
    let mut result = sent.to_owned();
    let info = format!(r#""{}":{info}"#, meta::SERVER_INFO);
    let mut first = String::new();
    if !sent.contains(r#""resultType":"#) {
        first += r#""resultType":"complete","#;
    }
    if !sent.contains(r#""_meta":{"#) {
        first += &format!(r#""_meta":{{{info}}},"#);
    } else if !sent.contains(meta::SERVER_INFO) {
        result = result.replacen(r#""_meta":{"#, &format!(r#""_meta":{{{info},"#), 1);
    }
    result.replacen('{', &format!("{{{first}"), 1)
}

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
