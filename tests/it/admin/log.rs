//! What a server printed, as it prints it, and its numbers over time.

use serde_json::{Value, json};
use testkit::wait::until;
use testkit::{Gateway, Stream};

use crate::support::{setup, tools};

async fn gateway() -> Gateway {
    let script = json!({
        "start": {"stderr": ["first words", "日志第二行"]},
        "tools": [
            {"name": "say", "does": [{"stderr": "said"}, {"text": "ok"}]},
            {"name": "echo"},
        ],
    });
    let gateway = setup().fake("fake", script).start().await;
    gateway.await_any_tools("fake").await;
    gateway
}

/// The next lines of a log, without what the gateway has to say: `(seq, text)`.
async fn lines(stream: &mut Stream) -> Vec<(u64, String)> {
    let told = stream
        .named_where("lines", |told| own_lines(told).next().is_some())
        .await;
    let line = |line: &Value| {
        assert!(line["at"].as_u64() > Some(1_700_000_000_000), "{line}");
        let text = line["text"].as_str().expect("a text").to_owned();
        (line["seq"].as_u64().expect("a number"), text)
    };
    own_lines(&told).map(line).collect()
}

fn own_lines(told: &Value) -> impl Iterator<Item = &Value> {
    let lines = told["lines"].as_array().into_iter().flatten();
    lines.filter(|line| line["source"] != "gateway")
}

/// Reads until there are as many lines.
async fn at_least(stream: &mut Stream, count: usize) -> Vec<(u64, String)> {
    let mut all = Vec::new();
    while all.len() < count {
        all.extend(lines(stream).await);
    }
    all
}

fn texts(lines: &[(u64, String)]) -> Vec<&str> {
    lines.iter().map(|(_, text)| text.as_str()).collect()
}

#[tokio::test]
async fn what_was_printed_comes_first_and_what_is_printed_follows() {
    let gateway = gateway().await;
    let mut log = gateway.api().log("fake").await;
    assert_eq!(log.status, 200);
    let backlog = at_least(&mut log, 2).await;
    assert_eq!(
        backlog,
        [(2, "first words".to_owned()), (3, "日志第二行".to_owned())]
    );

    let client = gateway.client().await;
    client.text("fake_say", "{}").await;
    assert_eq!(lines(&mut log).await, [(4, "said".to_owned())]);
    client.text("fake_say", "{}").await;
    assert_eq!(lines(&mut log).await, [(5, "said".to_owned())]);

    let mut late = gateway.api().log("fake").await;
    let all = at_least(&mut late, 4).await;
    assert_eq!(
        all.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(),
        [2, 3, 4, 5]
    );
}

#[tokio::test]
async fn its_numbers_go_on_when_the_server_is_started_anew_or_changed() {
    let gateway = gateway().await;
    let api = gateway.api();
    let mut log = api.log("fake").await;
    at_least(&mut log, 2).await;

    api.restart("fake").await;

    let again = at_least(&mut log, 2).await;
    assert_eq!(
        again,
        [(6, "first words".to_owned()), (7, "日志第二行".to_owned())]
    );
    api.edit("fake", |form| form["callTimeout"] = json!(60_000))
        .await
        .saved();
    let edited = at_least(&mut log, 2).await;
    assert_eq!(
        edited.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(),
        [10, 11]
    );
    let mut late = api.log("fake").await;
    assert_eq!(
        at_least(&mut late, 6).await.len(),
        6,
        "nothing is forgotten"
    );
}

#[tokio::test]
async fn a_log_without_lines_is_open_and_waits() {
    let script = tools(json!([{"name": "say", "does": [{"stderr": "said"}, {"text": "ok"}]}]));
    let gateway = setup().fake("fake", script).start().await;
    let mut log = gateway.api().log("fake").await;
    assert_eq!(log.status, 200);
    gateway.client().await.text("fake_say", "{}").await;
    assert_eq!(texts(&lines(&mut log).await), ["said"]);
}

#[tokio::test]
async fn the_last_lines_of_a_server_that_failed_can_be_read() {
    let broken =
        json!({"start": {"stderr": ["reading settings", "fatal: API key missing"], "exit": 3}});
    let gateway = setup().fake("broken", broken).start().await;
    gateway.await_state("broken", "failing").await;
    let mut log = gateway.api().log("broken").await;
    let lines = at_least(&mut log, 2).await;
    assert_eq!(
        texts(&lines)[..2],
        ["reading settings", "fatal: API key missing"]
    );
}

#[tokio::test]
async fn a_log_that_grows_without_end_keeps_its_last_lines() {
    let words = (0..700).map(|line| json!({"stderr": format!("line {line}")}));
    let does: Vec<_> = words.chain([json!({"text": "ok"})]).collect();
    let script = tools(json!([{"name": "chatter", "does": does}]));
    let gateway = setup().fake("fake", script).start().await;
    gateway.client().await.text("fake_chatter", "{}").await;
    let mut log = gateway.api().log("fake").await;
    let mut all = lines(&mut log).await;
    while all.last().is_none_or(|(seq, _)| *seq < 701) {
        all.extend(lines(&mut log).await);
    }
    assert!(all.len() >= 500, "{}", all.len());
    let (first, last) = (&all[all.len() - 500], &all[all.len() - 1]);
    assert_eq!((first.0, first.1.as_str()), (202, "line 200"));
    assert_eq!((last.0, last.1.as_str()), (701, "line 699"));
}

#[tokio::test]
async fn the_numbers_of_a_server_grow_by_one_a_second_and_outlive_it() {
    let gateway = gateway().await;
    let (api, client) = (gateway.api(), gateway.client().await);
    let history = async || {
        let history = api.json("/api/servers/fake/history").await;
        assert_eq!(history["step"], 1000);
        let samples = history["samples"].as_array().expect("samples").clone();
        let sample = |sample: &Value| -> Vec<u64> {
            // What its processes take comes after these.
            let numbers = sample.as_array().expect("an array").iter().take(5);
            numbers
                .map(|number| number.as_u64().expect("a number"))
                .collect()
        };
        samples.iter().map(sample).collect::<Vec<_>>()
    };
    let calls = |samples: &[Vec<u64>]| samples.iter().map(|sample| sample[4]).sum::<u64>();
    for _ in 0..5 {
        client.tool("fake_echo", "{}").await.result();
    }
    let grown = until("it has grown and carries the calls", async || {
        let samples = history().await;
        (samples.len() >= 3 && calls(&samples) == 5).then_some(samples)
    })
    .await;
    assert!(
        grown.windows(2).all(|pair| pair[0][0] < pair[1][0]),
        "{grown:?}"
    );
    assert!(
        grown.iter().any(|sample| sample[2] == 1),
        "a connection is open: {grown:?}"
    );

    api.restart("fake").await;
    gateway.await_any_tools("fake").await;
    client.tool("fake_echo", "{}").await.result();
    let later = until("the next call is counted, too", async || {
        let samples = history().await;
        (calls(&samples) == 6).then_some(samples)
    })
    .await;
    assert_eq!(later[0], grown[0], "the former numbers stay");
}
