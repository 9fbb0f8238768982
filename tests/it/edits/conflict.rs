//! A file that somebody changes by hand while the gateway runs.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::Gateway;
use testkit::wait::{until, until_true};

use super::{InFlight, backups, open_gate, process, worker};
use crate::support::setup;

async fn gateway() -> Gateway {
    let setup = setup();
    let (one, two) = (worker(&setup, "one"), worker(&setup, "two"));
    let gateway = setup.fake("one", one).fake("two", two).start().await;
    gateway.await_tools("one", 3).await;
    gateway.await_tools("two", 3).await;
    gateway
}

/// Gives the first server a description, as an editor does.
fn by_hand(gateway: &Gateway, words: &str) {
    gateway.setup().edit_by_hand(|text| {
        let described = format!("\"description\": \"{words}\",\n      \"name\": \"one\"");
        text.replacen("\"name\": \"one\"", &described, 1)
    });
}

#[tokio::test]
async fn who_has_seen_another_text_is_shown_the_present_one() {
    let gateway = gateway().await;
    let api = gateway.api();
    let seen = api.detail("one").await;
    by_hand(&gateway, "mine");
    let text = gateway.setup().config_text();

    let mut form = seen["form"].clone();
    form["description"] = json!("theirs");
    let problem = api.put("one", &seen["revision"], &form).await.problem(409);

    assert_eq!(problem["code"], "conflict");
    let current = &problem["current"];
    assert_eq!(current["form"]["description"], "mine");
    assert_eq!(current["revision"], problem["revision"]);
    assert_ne!(current["revision"], seen["revision"]);
    assert_eq!(gateway.setup().config_text(), text);
    assert_eq!(backups(&gateway), [""; 0]);

    let saved = api.put("one", &current["revision"], &form).await.saved();
    assert_eq!(api.detail("one").await["revision"], saved["revision"]);
    assert_eq!(api.detail("one").await["form"]["description"], "theirs");
}

#[tokio::test]
async fn who_has_seen_no_revision_is_refused_as_well() {
    let gateway = gateway().await;
    let api = gateway.api();
    let form = api.detail("one").await["form"].clone();
    for revision in [Value::Null, json!(""), json!("0")] {
        let problem = api.put("one", &revision, &form).await.problem(409);
        assert_eq!(problem["current"]["form"], form);
    }
}

#[tokio::test]
async fn a_server_that_was_removed_by_hand_is_not_shown_as_present() {
    let gateway = gateway().await;
    let api = gateway.api();
    let seen = api.detail("one").await;
    gateway
        .setup()
        .edit_by_hand(|_| r#"{"servers": []}"#.to_owned());
    let problem = api
        .put("one", &seen["revision"], &seen["form"])
        .await
        .problem(409);
    assert_eq!(
        problem["current"],
        Value::Null,
        "the file says nothing about it"
    );
}

#[tokio::test]
async fn a_file_with_mistakes_is_not_offered_to_choose_from() {
    let gateway = gateway().await;
    let api = gateway.api();
    let seen = api.detail("one").await;
    gateway
        .setup()
        .edit_by_hand(|text| text.replacen("\"two\"", "\"api\"", 1));
    let text = gateway.setup().config_text();
    let answer = api.put("one", &seen["revision"], &seen["form"]).await;
    let problem = answer.problem(422);
    let place = problem["fields"][0]["message"]["en"].as_str();
    assert!(
        place.is_some_and(|text| text.contains("line ")),
        "{problem:#}"
    );
    assert_eq!(gateway.setup().config_text(), text);
}

#[tokio::test]
async fn a_change_of_the_gateways_own_is_never_taken_for_one_by_hand() {
    let gateway = gateway().await;
    let api = gateway.api();
    let end = Instant::now() + Duration::from_secs(3);
    let mut round = 0;
    while Instant::now() < end {
        round += 1;
        api.edit("one", |form| {
            form["description"] = json!(format!("{round}"))
        })
        .await
        .saved();
    }
    // Whatever is still to be noticed of them is noticed before a change that is one by hand.
    gateway
        .setup()
        .edit_by_hand(|text| format!("// by hand\n{text}"));
    until_true("the file was read again", || {
        gateway.stderr().contains("was read again")
    })
    .await;
    assert_eq!(gateway.stderr().matches("was read again").count(), 1);
}

#[tokio::test]
async fn a_broken_file_is_refused_with_every_mistake_and_the_former_one_goes_on() {
    let gateway = gateway().await;
    let (api, client) = (gateway.api(), gateway.client().await);
    let call = InFlight::begin(&gateway, "one", "wait").await;
    let (one, before) = (process(&gateway, "one"), api.status().await);
    gateway.setup().edit_by_hand(|text| {
        text.replacen(
            "\"name\": \"one\"",
            "\"callTimeout\": -3, \"name\": \"one\"",
            1,
        )
        .replacen("\"name\": \"two\"", "\"name\": \"api\"", 1)
        .replacen('{', r#"{ "mapping": { "one": { "prefix": 7 } },"#, 1)
    });

    let answer = api.reload().await;

    let problem = answer.problem(422);
    let fields = problem["fields"].as_array().expect("fields");
    assert_eq!(fields.len(), 3, "{problem:#}");
    for (field, part) in fields.iter().zip(["prefix", "callTimeout", "api"]) {
        let text = field["message"]["en"].as_str().unwrap_or_default();
        assert!(text.contains(part) && text.contains("line "), "{problem:#}");
    }
    let edit = api.enable("two", false).await;
    assert_eq!(
        edit.problem(422)["code"],
        "invalid",
        "nothing is built on it"
    );
    assert_eq!(api.status().await["revision"], before["revision"]);
    assert_eq!(process(&gateway, "one"), one);
    assert_eq!(
        client.text("two_pid", "{}").await,
        process(&gateway, "two").to_string()
    );
    open_gate(&gateway, "one");
    assert_eq!(call.text().await, "finished");
}

#[tokio::test]
async fn a_file_that_is_gone_or_no_text_is_said_to_be_so() {
    let gateway = gateway().await;
    let api = gateway.api();
    let path = gateway.folder().join("config.json");
    std::fs::write(&path, [b'{', 0xff, b'}']).expect("written");
    for answer in [api.reload().await, api.enable("two", false).await] {
        let problem = answer.problem(answer.status);
        assert!(
            problem["error"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
        assert!(answer.status == 422 || answer.status == 500, "{problem:#}");
    }
    std::fs::remove_file(&path).expect("removed");
    let problem = api.reload().await.problem(500);
    assert!(
        problem["error"]
            .as_str()
            .is_some_and(|text| text.contains("config.json")),
        "{problem:#}"
    );
    assert!(!path.exists());
    let client = gateway.client().await;
    assert_eq!(
        client.text("two_pid", "{}").await,
        process(&gateway, "two").to_string()
    );
}

#[tokio::test]
async fn a_switch_keeps_what_was_changed_by_hand() {
    let gateway = gateway().await;
    let api = gateway.api();
    by_hand(&gateway, "mine");
    api.enable("two", false).await.saved();
    let status = api.status().await;
    assert_eq!(status["servers"][0]["description"], "mine");
    assert_eq!(status["servers"][1]["state"], "disabled");
    assert_eq!(status["configProblems"], json!([]));
}

#[tokio::test]
async fn who_may_call_is_as_the_file_says() {
    let gateway = gateway().await;
    let client = gateway.client().await;
    assert_eq!(client.call("ping", "{}").await.status, 200);
    gateway
        .setup()
        .edit_by_hand(|text| text.replacen('{', r#"{ "gateway": { "requireToken": true },"#, 1));
    until("the file is in force", async || {
        (client.call("ping", "{}").await.status == 401).then_some(())
    })
    .await;
    let bearer = format!("Bearer {}", gateway.admin_token());
    // A session is its user's alone: nobody's does not become the owner's.
    let former = client.with("authorization", &bearer);
    assert_eq!(former.call("ping", "{}").await.status, 404);
    let owner = gateway.raw().with("authorization", &bearer);
    assert_eq!(owner.call("ping", "{}").await.status, 200);
}
