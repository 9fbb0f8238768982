//! Forms that cannot be used: each mistake at its field, and nothing is touched.

use serde_json::{Value, json};
use testkit::Gateway;
use testkit::admin::{local, remote};

use super::{backups, process};
use crate::support::{setup, tools};

async fn gateway() -> Gateway {
    let gateway = setup()
        .fake("one", tools(json!([{"name": "echo"}])))
        .fake("two", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    gateway.await_tools("one", 1).await;
    gateway.await_tools("two", 1).await;
    gateway
}

/// A form with one value put in.
fn with(mut form: Value, key: &str, value: Value) -> Value {
    form[key] = value;
    form
}

#[tokio::test]
async fn each_mistake_is_at_its_field() {
    let gateway = gateway().await;
    let (api, before) = (gateway.api(), gateway.setup().config_text());
    let (process_one, process_two) = (process(&gateway, "one"), process(&gateway, "two"));
    let fine = || local("new", &["program"]);
    let far = || remote("new", "https://mcp.example.com/mcp");
    let pair = |name: &str, value: &str| json!([{"name": name, "value": value}]);
    for (form, field) in [
        (local("one", &["program"]), "name"),
        (local("", &["program"]), "name"),
        (local("api", &["program"]), "name"),
        (local("mcp", &["program"]), "name"),
        (local("a/b", &["program"]), "name"),
        (local("new", &[]), "command"),
        (local("new", &["  "]), "command"),
        (remote("new", ""), "url"),
        (remote("new", "not a url"), "url"),
        (remote("new", "ftp://example.com"), "url"),
        (with(fine(), "callTimeout", json!(0)), "callTimeout"),
        (with(fine(), "poolSize", json!(0)), "poolSize"),
        (with(fine(), "poolSize", json!(1000)), "poolSize"),
        (with(fine(), "env", pair("", "x")), "env"),
        (with(fine(), "env", pair("A=B", "x")), "env"),
        (with(fine(), "cwd", json!("a\u{0}b")), "cwd"),
        (with(far(), "headers", pair("no name", "x")), "headers"),
        (
            with(far(), "headers", pair("X-Key", "two\nlines")),
            "headers",
        ),
        (
            with(
                fine(),
                "rename",
                json!([{"tool": "a", "name": "x"}, {"tool": "b", "name": "x"}]),
            ),
            "rename",
        ),
    ] {
        for answer in [
            api.add(&form).await,
            api.put("two", &api.detail("two").await["revision"], &form)
                .await,
        ] {
            assert_eq!(answer.fields(), [field], "{form}: {answer:?}");
            assert_eq!(answer.json()["code"], "invalid");
        }
    }
    assert_eq!(gateway.setup().config_text(), before);
    assert_eq!(backups(&gateway), [""; 0]);
    assert_eq!(process(&gateway, "one"), process_one);
    assert_eq!(process(&gateway, "two"), process_two);
}

#[tokio::test]
async fn all_mistakes_are_told_at_once() {
    let gateway = gateway().await;
    let mut form = local("one", &[]);
    form["callTimeout"] = json!(0);
    form["env"] = json!([{"name": "", "value": ""}]);
    let mut fields = gateway.api().add(&form).await.fields();
    fields.sort();
    assert_eq!(fields, ["callTimeout", "command", "env", "name"]);
}

#[tokio::test]
async fn a_secret_in_a_refused_form_is_not_repeated() {
    let gateway = gateway().await;
    let mut form = remote("new", "https://mcp.example.com/mcp");
    form["headers"] = json!([{"name": "Authorization", "value": "Bearer hunter2\n"}]);
    let answer = gateway.api().add(&form).await;
    assert_eq!(answer.fields(), ["headers"]);
    assert!(!answer.body.contains("hunter2"), "{answer:?}");
    assert!(!gateway.stderr().contains("hunter2"));
}

#[tokio::test]
async fn a_server_cannot_take_the_name_of_another() {
    let gateway = gateway().await;
    let api = gateway.api();
    let answer = api.edit("two", |form| form["name"] = json!("one")).await;
    assert_eq!(answer.fields(), ["name"]);
    let client = gateway.client().await;
    assert_eq!(client.tool_names().await, ["one_echo", "two_echo"]);
}

#[tokio::test]
async fn a_name_that_two_tools_want_is_told_as_a_clash() {
    let gateway = gateway().await;
    let api = gateway.api();
    api.edit("two", |form| form["prefix"] = json!("one"))
        .await
        .saved();
    let status = api.status().await;
    assert_eq!(
        status["clashes"].as_array().map(Vec::len),
        Some(1),
        "{status:#}"
    );
}
