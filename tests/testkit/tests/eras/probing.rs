//! Which era a server is in, and what it does when asked for it.

use serde_json::{Value, json};
use testkit::wait::until_true;

use crate::setup;
use crate::stdio::{Piped, verdict};

/// What a server of an era says to a probe, then to an `initialize`, then to a claim again.
async fn says(era: &str, order: &[&str]) -> Vec<Value> {
    let setup = setup();
    let mut fake = Piped::start(&setup, &json!({"era": era}));
    let mut said = Vec::new();
    for method in order {
        match *method {
            "initialize" => fake.ask_initialize("1").await,
            method => fake.ask_modern("1", method, "").await,
        }
        said.push(verdict(&mut fake).await);
    }
    said
}

#[tokio::test]
async fn each_era_answers_both_ways_of_beginning() {
    let (old, new) = ("2025-11-25", "2026-07-28");
    let probe_first = ["server/discover", "initialize"];
    assert_eq!(
        says("legacy", &probe_first).await,
        [json!(-32601), json!(old)]
    );
    assert_eq!(
        says("modern", &probe_first).await,
        [json!(new), json!(-32022)]
    );
    assert_eq!(says("both", &probe_first).await, [json!(new), json!(old)]);
    assert_eq!(
        says("lock", &probe_first).await,
        [json!(new), json!(-32022)]
    );

    let probe_last = ["initialize", "server/discover"];
    assert_eq!(says("both", &probe_last).await, [json!(old), json!(new)]);
    assert_eq!(says("lock", &probe_last).await, [json!(old), json!(-32601)]);

    // What only the other era has is unknown, also where it is claimed.
    assert_eq!(says("both", &["ping"]).await, [json!(-32601)]);
    assert_eq!(says("legacy", &["ping"]).await, [json!("none")]);
}

#[tokio::test]
async fn it_says_of_itself_what_it_is_told() {
    let setup = setup();
    let script = json!({
        "era": "modern",
        "name": "it",
        "capabilities": {"tools": {}},
        "instructions": "Ask.",
        "supported": ["2026-07-28", "2027-01-01"],
        "hints": {"ttlMs": 5, "cacheScope": "public"},
    });
    let mut fake = Piped::start(&setup, &script);

    fake.ask_modern("\"p\"", "server/discover", "").await;
    assert_eq!(
        fake.hear().await,
        r#"{"jsonrpc":"2.0","id":"p","result":{"resultType":"complete","ttlMs":5,"cacheScope":"public","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"it","version":"1.0"}},"supportedVersions":["2026-07-28","2027-01-01"],"capabilities":{"tools":{}},"instructions":"Ask."}}"#
    );
    // What is not declared is not there.
    fake.ask_modern("2", "prompts/list", "").await;
    assert_eq!(verdict(&mut fake).await, -32601);
}

#[tokio::test]
async fn a_request_must_say_what_it_is() {
    let setup = setup();
    let mut fake = Piped::start(&setup, &json!({"era": "modern"}));
    fake.say(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#)
        .await;
    assert_eq!(verdict(&mut fake).await, -32602);
    fake.say(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#).await;
    assert_eq!(verdict(&mut fake).await, -32602);
    fake.say(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2030-01-01","io.modelcontextprotocol/clientCapabilities":{}}}}"#).await;
    let error = fake.hear_json().await["error"].clone();
    assert_eq!(error["code"], -32022);
    assert_eq!(
        error["data"],
        json!({"supported": ["2026-07-28"], "requested": "2030-01-01"})
    );
}

#[tokio::test]
async fn a_probe_may_meet_with_silence_with_an_end_or_with_a_late_answer() {
    let silent = setup();
    let mut fake = Piped::start(&silent, &json!({"era": "lock", "probe": "silent"}));
    fake.ask_modern("1", "server/discover", "").await;
    fake.ask_initialize("2").await;
    assert_eq!(fake.hear_json().await["id"], 2);

    let gone = setup();
    let mut fake = Piped::start(&gone, &json!({"probe": "exit"}));
    fake.ask_modern("1", "server/discover", "").await;
    assert_eq!(fake.ended().await, Some(1));

    let late = setup();
    let mut fake = Piped::start(&late, &json!({"era": "lock", "probe": "late"}));
    fake.ask_modern("1", "server/discover", "").await;
    let journal = late.journal("fake");
    until_true("it has the probe", || !journal.received().is_empty()).await;
    fake.ask_initialize("2").await;
    let mut answers = [fake.hear_json().await, fake.hear_json().await];
    answers.sort_by_key(|answer| answer["id"].as_u64());
    assert_eq!(
        answers[0]["result"]["supportedVersions"],
        json!(["2026-07-28"])
    );
    assert_eq!(answers[1]["error"]["code"], -32022);
}
