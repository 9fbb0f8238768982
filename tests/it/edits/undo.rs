//! Taking a change back.

use serde_json::{Value, json};
use testkit::Gateway;
use testkit::admin::local;
use testkit::wait::{until, until_true};

use super::{backups, process};
use crate::support::{setup, tools};

/// Three servers, the one in the middle with remarks and entries of its own elsewhere.
async fn gateway() -> Gateway {
    let setup = setup();
    let script = || tools(json!([{"name": "echo"}]));
    let entry = |name: &str| setup.fake_entry(name, script(), &json!({}));
    let (one, two, three) = (entry("one"), entry("two"), entry("three"));
    let text = format!(
        "{{\n  \"servers\": [\n    {one}, // first\n    // about two\n    {two}, // second\n    {three}\n  ],\n  \"mapping\": {{ \"two\": {{ \"prefix\": \"second\" }} }},\n  \"toolFilters\": {{\n    // not these\n    \"two\": {{ \"exclude\": [\"rm\"] }}\n  }}\n}}\n"
    );
    let gateway = setup.text(text).start().await;
    for name in ["one", "two", "three"] {
        gateway.await_state(name, "ready").await;
    }
    gateway
}

#[tokio::test]
async fn a_removed_server_comes_back_as_it_stood() {
    let gateway = gateway().await;
    let (api, client) = (gateway.api(), gateway.client().await);
    let before = gateway.setup().config_text();
    let listed = client.tool_names().await;
    let saved = api.remove("two").await.saved();
    assert_eq!(client.tool_names().await, ["one_echo", "three_echo"]);
    until_true("its process is gone", || {
        gateway.journal("two").alive().is_empty()
    })
    .await;

    let undone = api.undo(&saved).await.saved();

    assert_eq!(gateway.setup().config_text(), before);
    assert_eq!(undone["undo"], Value::Null);
    gateway.await_tools("two", 1).await;
    until("its tools are back, in their place", async || {
        (client.tool_names().await == listed).then_some(())
    })
    .await;
    client.tool("second_echo", "{}").await.result();
    for name in ["one", "three"] {
        assert_eq!(gateway.journal(name).starts(), 1, "{name} was left alone");
    }
}

#[tokio::test]
async fn it_comes_back_after_other_changes_and_they_stay() {
    let gateway = gateway().await;
    let api = gateway.api();
    let removed = api.remove("two").await.saved();
    let mut other = local("other", &["none"]);
    other["enabled"] = json!(false);
    api.add(&other).await.saved();
    api.edit("one", |form| form["description"] = json!("edited"))
        .await
        .saved();
    gateway
        .setup()
        .edit_by_hand(|text| format!("// by hand\n{text}"));

    api.undo(&removed).await.saved();

    let text = gateway.setup().config_text();
    for part in [
        "// by hand\n",
        "\"edited\"",
        "// about two",
        "// second",
        "// not these",
        "\"other\"",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let status = gateway.status().await;
    let names: Vec<_> = status["servers"]
        .as_array()
        .expect("servers")
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["one", "two", "three", "other"]);
    let form = &api.detail("two").await["form"];
    assert_eq!(
        (&form["prefix"], &form["exclude"]),
        (&json!("second"), &json!(["rm"]))
    );
    gateway.await_tools("two", 1).await;
}

#[tokio::test]
async fn nothing_is_taken_back_twice_or_at_random() {
    let gateway = gateway().await;
    let api = gateway.api();
    let removed = api.remove("two").await.saved();
    api.undo(&removed).await.saved();
    let text = gateway.setup().config_text();
    for undo in [removed["undo"].clone(), json!("0"), json!("x"), json!("")] {
        let problem = api.undo(&json!({"undo": undo})).await.problem(409);
        assert_eq!(problem["code"], "conflict");
        assert!(
            problem["remedy"]["en"]
                .as_str()
                .is_some_and(|text| text.contains("backups"))
        );
    }
    assert_eq!(gateway.setup().config_text(), text);
}

#[tokio::test]
async fn two_who_take_the_same_back_at_once_do_it_once() {
    let gateway = gateway().await;
    let removed = gateway.api().remove("two").await.saved();
    let (one, two) = (gateway.api(), gateway.api());
    let (first, second) = tokio::join!(one.undo(&removed), two.undo(&removed));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
async fn every_kind_of_change_can_be_taken_back() {
    let gateway = gateway().await;
    let api = gateway.api();
    let before = gateway.setup().config_text();
    let mut other = local("other", &["none"]);
    other["enabled"] = json!(false);
    let changes = [
        api.add(&other).await,
        api.edit("one", |form| form["callTimeout"] = json!(5000))
            .await,
        api.edit("two", |form| form["name"] = json!("zwei")).await,
        api.enable("three", false).await,
        api.set_tool(
            "zwei",
            &json!({"tool": "echo", "rename": "say", "on": false}),
        )
        .await,
    ];
    for change in changes.iter().rev() {
        api.undo(&change.saved()).await.saved();
    }
    assert_eq!(gateway.setup().config_text(), before);
    for name in ["one", "two", "three"] {
        gateway.await_state(name, "ready").await;
    }
    assert_eq!(
        gateway.client().await.tool_names().await,
        ["one_echo", "second_echo", "three_echo"]
    );
    assert_eq!(backups(&gateway).len(), 10);
}

#[tokio::test]
async fn a_change_by_hand_is_not_taken_back_along_with_an_edit() {
    let gateway = gateway().await;
    let api = gateway.api();
    let edited = api
        .edit("one", |form| form["description"] = json!("edited"))
        .await
        .saved();
    gateway
        .setup()
        .edit_by_hand(|text| text.replace("// first", "// by hand"));
    let text = gateway.setup().config_text();
    let one = process(&gateway, "one");

    let problem = api.undo(&edited).await.problem(409);

    assert_eq!(problem["code"], "conflict");
    let present = api.json("/api/config").await;
    assert_eq!(
        (&problem["revision"], &present["text"]),
        (&present["revision"], &json!(text))
    );
    assert_eq!(process(&gateway, "one"), one);
    gateway
        .setup()
        .edit_by_hand(|text| text.replace("// by hand", "// first"));
    api.undo(&edited).await.saved();
}

#[tokio::test]
async fn a_removed_server_whose_name_is_taken_stays_away() {
    let gateway = gateway().await;
    let api = gateway.api();
    let removed = api.remove("two").await.saved();
    let mut other = local("two", &["none"]);
    other["enabled"] = json!(false);
    api.add(&other).await.saved();
    let text = gateway.setup().config_text();
    let problem = api.undo(&removed).await.problem(422);
    assert_eq!(problem["fields"][0]["field"], "name");
    assert_eq!(gateway.setup().config_text(), text);
    api.remove("two").await.saved();
    api.undo(&removed).await.saved();
    assert_eq!(api.detail("two").await["form"]["prefix"], "second");
}

#[tokio::test]
async fn the_latest_twenty_changes_can_be_taken_back() {
    let gateway = gateway().await;
    let api = gateway.api();
    let first = api.remove("two").await.saved();
    for round in 0..20 {
        let edit = |form: &mut Value| form["description"] = json!(format!("{round}"));
        api.edit("one", edit).await.saved();
    }
    assert_eq!(api.undo(&first).await.problem(409)["code"], "conflict");
}
