//! `POST /api/test`: a server is tried out before anything is saved.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::admin::{form_of, in_both_languages, local, remote};
use testkit::wait::until_true;
use testkit::{Gateway, HttpFake, Stream};

use crate::edits::listing;
use crate::support::{official, setup, tools};

async fn gateway() -> Gateway {
    let gateway = setup()
        .fake("sound", tools(json!([{"name": "pid", "does": ["pid"]}])))
        .start()
        .await;
    gateway.await_tools("sound", 1).await;
    gateway
}

/// What a trial told: the lines, and how it ended.
struct Told {
    lines: Vec<String>,
    outcome: (String, Value),
}

/// Waits until the server has printed something.
async fn printed(stream: &mut Stream) {
    let own = |told: &Value| {
        let mut lines = told["lines"].as_array().into_iter().flatten();
        lines.any(|line| line["source"] != "gateway")
    };
    stream.named_where("log", own).await;
}

/// Reads a trial to its end.
async fn to_the_end(mut stream: Stream) -> Told {
    assert_eq!(stream.status, 200);
    let mut lines = Vec::new();
    loop {
        let event = stream.event().await.expect("an outcome");
        let name = event.event.expect("a name");
        let document: Value = serde_json::from_slice(&event.data).expect("JSON");
        if name != "log" {
            assert!(stream.event().await.is_none(), "the outcome is the end");
            return Told {
                lines,
                outcome: (name, document),
            };
        }
        let told = document["lines"].as_array().expect("lines").iter();
        let told = told.filter(|line| line["source"] != "gateway");
        lines.extend(told.map(|line| line["text"].as_str().expect("a text").to_owned()));
    }
}

async fn tried(gateway: &Gateway, form: &Value) -> Told {
    to_the_end(gateway.api().trial(form).await).await
}

async fn failure(gateway: &Gateway, form: &Value) -> (Value, Vec<String>) {
    let told = tried(gateway, form).await;
    let (name, failure) = told.outcome;
    assert_eq!(name, "failed", "{failure:#}");
    in_both_languages(&failure["message"]);
    in_both_languages(&failure["remedy"]);
    (failure, told.lines)
}

#[tokio::test]
async fn a_real_server_tells_who_it_is_and_what_it_has() {
    let gateway = gateway().await;
    let told = tried(&gateway, &form_of(&official("everything", &[]))).await;
    let (name, ok) = told.outcome;
    assert_eq!(name, "ok", "{ok:#}");
    assert!(
        ok["name"]
            .as_str()
            .is_some_and(|name| name.contains("everything")),
        "{ok:#}"
    );
    assert!(
        ok["version"]
            .as_str()
            .is_some_and(|version| !version.is_empty())
    );
    assert_eq!(ok["protocol"], "2025-11-25");
    assert!(
        ok["prompts"].as_u64() > Some(0) && ok["resources"].as_u64() > Some(0),
        "{ok:#}"
    );
    assert!(ok["took"].as_u64() > Some(0));
    let tools = ok["tools"].as_array().expect("tools");
    let echo = tools
        .iter()
        .find(|tool| tool["own"] == "echo")
        .expect("echo");
    assert_eq!(echo["exposed"], "everything_echo");
    assert!(echo["description"].is_string());
}

#[tokio::test]
async fn what_it_prints_is_told_while_it_starts() {
    let gateway = gateway().await;
    let setup = gateway.setup();
    let gate = setup.path("gate");
    let script = json!({
        "start": {"stderr": ["downloading"]},
        "tools": [{"name": "read"}, {"name": "write"}],
        "on": {"initialize": [{"stderr": "hello"}, {"gate": gate}, {"stderr": "ready"}, "default"]},
    });
    let mut form = setup.fake_form("new", script);
    form["prefix"] = json!("n");
    form["rename"] = json!([{"tool": "read", "name": "open"}]);
    form["exclude"] = json!(["write"]);
    let mut stream = gateway.api().trial(&form).await;
    let mut lines = Vec::new();
    while lines.len() < 2 {
        let told = stream.named("log").await;
        let told = told["lines"].as_array().expect("lines").iter();
        lines.extend(told.filter(|line| line["source"] != "gateway").cloned());
    }
    assert_eq!(
        (&lines[0]["text"], &lines[1]["text"]),
        (&json!("downloading"), &json!("hello"))
    );
    assert_eq!((&lines[0]["seq"], &lines[1]["seq"]), (&json!(2), &json!(3)));

    std::fs::write(gate, "").expect("the gate opens");

    let told = to_the_end(stream).await;
    assert_eq!(told.lines, ["ready"], "before the outcome");
    let (name, ok) = told.outcome;
    assert_eq!(name, "ok");
    assert_eq!(
        (&ok["name"], &ok["version"]),
        (&json!("fake"), &json!("1.0"))
    );
    let exposed: Vec<_> = ok["tools"]
        .as_array()
        .expect("tools")
        .iter()
        .map(|tool| &tool["exposed"])
        .collect();
    assert_eq!(
        exposed,
        [&json!("open"), &Value::Null],
        "as the form would have it"
    );
    until_true("its process is gone", || {
        gateway.journal("new").alive().is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_command_that_does_not_exist_is_named() {
    let gateway = gateway().await;
    let began = Instant::now();
    let (failure, _) = failure(&gateway, &local("new", &["no-such-program-anywhere"])).await;
    let text = failure["message"]["en"].as_str().unwrap_or_default();
    assert!(text.contains("no-such-program-anywhere"), "{failure:#}");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_server_that_ends_at_once_leaves_its_last_words() {
    let gateway = gateway().await;
    let script =
        json!({"start": {"stderr": ["reading settings", "fatal: API key missing"], "exit": 3}});
    let form = gateway.setup().fake_form("new", script);
    let (failure, lines) = failure(&gateway, &form).await;
    assert!(
        lines.contains(&"fatal: API key missing".to_owned()),
        "{lines:?}"
    );
    assert_eq!(
        failure["lastLines"][1], "fatal: API key missing",
        "{failure:#}"
    );
    // It may have been the probe that it did not survive.
    let starts = gateway.journal("new").starts();
    assert_eq!(starts, 2, "it is tried once in each era");
}

#[tokio::test]
async fn a_folder_that_does_not_exist_is_named() {
    let gateway = gateway().await;
    let mut form = gateway.setup().fake_form("new", tools(json!([])));
    form["cwd"] = json!("/no/such/folder");
    let (failure, _) = failure(&gateway, &form).await;
    let text = failure["message"]["en"].as_str().unwrap_or_default();
    assert!(text.contains("/no/such/folder"), "{failure:#}");
}

#[tokio::test]
async fn closing_the_stream_ends_a_server_that_hangs() {
    let gateway = gateway().await;
    let script = json!({"grandchild": true, "on": {"initialize": [{"stderr": "waiting"}, "hang"]}});
    let form = gateway.setup().fake_form("new", script);
    let mut stream = gateway.api().trial(&form).await;
    printed(&mut stream).await;
    let journal = gateway.journal("new");
    assert_eq!(
        (journal.alive().len(), journal.grandchildren_alive().len()),
        (1, 1)
    );

    drop(stream);

    until_true("it is gone with all that it started", || {
        journal.alive().is_empty() && journal.grandchildren_alive().is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_trial_under_way_does_not_hold_up_the_end() {
    let mut gateway = gateway().await;
    let script = json!({"ignoreEof": true, "on": {"initialize": [{"stderr": "waiting"}, "hang"]}});
    let form = gateway.setup().fake_form("new", script);
    let mut stream = gateway.api().trial(&form).await;
    printed(&mut stream).await;
    let began = Instant::now();
    let (ended, rest) = tokio::join!(gateway.stop(), stream.rest());
    assert!(ended.success());
    assert!(rest.is_empty(), "{rest:?}");
    assert!(
        began.elapsed() < Duration::from_secs(6),
        "{:?}",
        began.elapsed()
    );
    assert!(gateway.journal("new").alive().is_empty());
}

#[tokio::test]
async fn a_form_that_cannot_be_used_is_refused_with_its_fields() {
    let gateway = gateway().await;
    let mut form = local("new", &[]);
    form["env"] = json!([{"name": "A=B", "value": ""}]);
    form["poolSize"] = json!(0);
    let mut fields = gateway.api().trial(&form).await.answer().await.fields();
    fields.sort();
    assert_eq!(fields, ["command", "env", "poolSize"]);
    let far = gateway.api().trial(&remote("new", "not a url")).await;
    assert_eq!(far.answer().await.fields(), ["url"]);
}

#[tokio::test]
async fn a_form_without_a_name_or_switched_off_is_tried_all_the_same() {
    let gateway = gateway().await;
    let mut form = gateway
        .setup()
        .fake_form("new", tools(json!([{"name": "echo"}])));
    form["name"] = json!("");
    form["enabled"] = json!(false);
    assert_eq!(tried(&gateway, &form).await.outcome.0, "ok");
    form["sharing"] = json!("session");
    assert_eq!(tried(&gateway, &form).await.outcome.0, "ok");
}

#[tokio::test]
async fn nothing_of_a_trial_is_seen_or_kept() {
    let gateway = gateway().await;
    let (api, client) = (gateway.api(), gateway.client().await);
    let (text, status) = (gateway.setup().config_text(), api.status().await);
    let gate = gateway.setup().path("gate");
    let script = json!({"tools": [{"name": "echo"}], "on": {"tools/list": [{"stderr": "asked"}, {"gate": gate}, "default"]}});
    let form = gateway.setup().fake_form("new", script);
    let mut news = client.listen().await;
    let mut events = api.events().await;
    events.named("status").await;
    let mut stream = api.trial(&form).await;
    printed(&mut stream).await;
    let seen = async || {
        assert_eq!(client.tool_names().await, ["sound_pid"]);
        let rest = gateway.raw().get("/tools").await.json();
        assert_eq!(rest["tools"].as_array().map(Vec::len), Some(1), "{rest:#}");
        let own = testkit::McpHttp::new(format!("{}/new/mcp", gateway.base()));
        assert_eq!(own.call("ping", "{}").await.status, 404);
        assert_eq!(api.status().await["servers"], status["servers"]);
    };
    seen().await;
    std::fs::write(gate, "").expect("the gate opens");
    assert_eq!(to_the_end(stream).await.outcome.0, "ok");
    seen().await;
    until_true("its process is gone", || {
        gateway.journal("new").alive().is_empty()
    })
    .await;
    assert_eq!(gateway.setup().config_text(), text);
    let kept = listing(&gateway.folder().join("data/catalog"));
    assert_eq!(kept.len(), 1, "{kept:?}");
    // Whatever was told would have come before these.
    api.set_tool("sound", &json!({"tool": "pid", "rename": "id"}))
        .await
        .saved();
    let told = news.message().await;
    assert!(told.contains("list_changed"), "{told}");
    assert_eq!(client.tool_names().await, ["id"]);
    let next = events.named("status").await;
    assert_eq!(next["servers"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_server_that_runs_under_the_same_name_goes_on() {
    let gateway = gateway().await;
    let client = gateway.client().await;
    let pid = client.text("sound_pid", "{}").await;
    let mut script = tools(json!([{"name": "other"}]));
    script["start"] = json!({"stderr": ["trial"]});
    let mut form = gateway.setup().fake_form("trial", script);
    form["name"] = json!("sound");
    let told = tried(&gateway, &form).await;
    assert_eq!(told.outcome.1["tools"][0]["exposed"], "sound_other");
    assert_eq!(client.text("sound_pid", "{}").await, pid);
    assert_eq!(client.tool_names().await, ["sound_pid"]);
    let until_gone = || gateway.journal("trial").alive().is_empty();
    until_true("the trial's process is gone", until_gone).await;
    assert_eq!(client.text("sound_pid", "{}").await, pid);
    assert_eq!(gateway.journal("sound").starts(), 1);
    let detail = gateway.api().detail("sound").await;
    assert_eq!(detail["server"]["tools"], 1);
    let children = listing(&gateway.folder().join("data/children"));
    let ledger = std::fs::read_to_string(&children[0]).expect("the ledger");
    assert!(
        ledger.contains(&pid),
        "its process is still in the books: {ledger}"
    );
}

#[tokio::test]
async fn a_remote_server_is_tried_as_well() {
    let gateway = gateway().await;
    let script = tools(json!([{"name": "echo"}]));
    let fake = HttpFake::start(gateway.setup(), "far", &script);
    let mut form = remote("far", &fake.url);
    form["headers"] = json!([{"name": "X-Key", "value": "abc"}]);
    let (name, ok) = tried(&gateway, &form).await.outcome;
    assert_eq!(
        (name.as_str(), &ok["tools"][0]["exposed"]),
        ("ok", &json!("far_echo"))
    );
    assert_eq!(fake.journal().entries()[1].headers["x-key"], "abc");
    let port = fake.port();
    drop(fake);
    let (failure, _) = failure(
        &gateway,
        &remote("far", &format!("http://localhost:{port}/mcp")),
    )
    .await;
    assert!(
        failure["message"]["en"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
}

#[tokio::test]
async fn several_trials_run_side_by_side() {
    let gateway = gateway().await;
    let trials = (0..4).map(|number| {
        let form = gateway
            .setup()
            .fake_form(&format!("t{number}"), tools(json!([{"name": "echo"}])));
        let api = gateway.api();
        tokio::spawn(async move { to_the_end(api.trial(&form).await).await.outcome })
    });
    for (number, trial) in trials.collect::<Vec<_>>().into_iter().enumerate() {
        let (name, ok) = trial.await.expect("no panic");
        assert_eq!(name, "ok");
        assert_eq!(ok["tools"][0]["exposed"], format!("t{number}_echo"));
    }
}
