//! Single tools: hidden, shown, and under other names.

use serde_json::{Value, json};
use testkit::{Gateway, McpHttp};

use crate::support::{official, setup};

async fn gateway() -> Gateway {
    let definition = |name: &str, more: Value| {
        let mut definition = json!({"name": name, "inputSchema": {"type": "object"}});
        for (key, value) in more.as_object().expect("an object") {
            definition[key] = value.clone();
        }
        json!({"name": name, "definition": definition, "does": [{"text": name}]})
    };
    let script = json!({"tools": [
        definition("read", json!({"title": "Read a file", "description": "Reads.", "annotations": {"readOnlyHint": true}})),
        definition("write", json!({"annotations": {"title": "Write a file", "destructiveHint": true}})),
        definition("list", json!({})),
    ]});
    let gateway = setup().fake("files", script).start().await;
    gateway.await_tools("files", 3).await;
    gateway
}

async fn change(gateway: &Gateway, change: Value) {
    gateway.api().set_tool("files", &change).await.saved();
}

/// One tool's row.
async fn row(gateway: &Gateway, own: &str) -> Value {
    let rows = gateway.api().tools("files").await;
    let found = rows.iter().find(|row| row["own"] == own);
    found
        .unwrap_or_else(|| panic!("no {own} in {rows:?}"))
        .clone()
}

#[tokio::test]
async fn they_are_listed_with_what_the_server_says_about_them() {
    let gateway = gateway().await;
    let rows = gateway.api().tools("files").await;
    let exposed: Vec<_> = rows.iter().map(|row| &row["exposed"]).collect();
    assert_eq!(exposed, ["files_read", "files_write", "files_list"]);
    assert_eq!(
        rows[0],
        json!({"own": "read", "exposed": "files_read", "on": true, "rename": null, "title": "Read a file",
            "description": "Reads.", "readOnly": true, "destructive": null})
    );
    assert_eq!(
        (&rows[1]["title"], &rows[1]["destructive"]),
        (&json!("Write a file"), &json!(true))
    );
}

#[tokio::test]
async fn one_that_is_switched_off_is_neither_listed_nor_called() {
    let gateway = gateway().await;
    let client = gateway.client().await;
    let mut stream = client.listen().await;

    change(&gateway, json!({"tool": "write", "on": false})).await;

    stream.message_of("notifications/tools/list_changed").await;
    assert_eq!(client.tool_names().await, ["files_read", "files_list"]);
    let error = client.tool("files_write", "{}").await.error();
    assert_eq!(error["code"], -32602, "{error}");
    let own = McpHttp::connect(format!("{}/files/mcp", gateway.base()), "{}").await;
    assert!(own.tool("write", "{}").await.error()["message"].is_string());
    let rest = gateway
        .raw()
        .post_to("/tools/call", r#"{"name":"files_write"}"#)
        .await;
    assert_eq!(rest.status, 404, "{rest:?}");
    assert!(
        gateway
            .journal("files")
            .received_of("tools/call")
            .is_empty()
    );
    let off = row(&gateway, "write").await;
    assert_eq!((&off["on"], &off["exposed"]), (&json!(false), &Value::Null));
    let status = gateway.server_status("files").await;
    assert_eq!(
        (&status["tools"], &status["offered"]),
        (&json!(2), &json!(3))
    );

    change(&gateway, json!({"tool": "write", "on": true})).await;

    stream.message_of("notifications/tools/list_changed").await;
    assert_eq!(client.text("files_write", "{}").await, "write");
}

#[tokio::test]
async fn one_under_another_name_answers_to_it_alone() {
    let gateway = gateway().await;
    let client = gateway.client().await;
    change(&gateway, json!({"tool": "read", "rename": "open"})).await;

    assert_eq!(
        client.tool_names().await,
        ["open", "files_write", "files_list"]
    );
    assert_eq!(client.text("open", "{}").await, "read");
    assert!(client.tool("files_read", "{}").await.error()["message"].is_string());
    let renamed = row(&gateway, "read").await;
    assert_eq!(
        (&renamed["exposed"], &renamed["rename"]),
        (&json!("open"), &json!("open"))
    );

    change(&gateway, json!({"tool": "read", "on": false})).await;
    assert_eq!(
        row(&gateway, "read").await["rename"],
        "open",
        "one does not undo the other"
    );
    change(
        &gateway,
        json!({"tool": "read", "on": true, "rename": null}),
    )
    .await;
    assert_eq!(client.text("files_read", "{}").await, "read");
    assert_eq!(row(&gateway, "read").await["rename"], Value::Null);
}

#[tokio::test]
async fn where_the_file_lists_those_to_include_that_list_is_changed() {
    let gateway = gateway().await;
    let api = gateway.api();
    api.edit("files", |form| form["include"] = json!(["read"]))
        .await
        .saved();
    let client = gateway.client().await;
    assert_eq!(client.tool_names().await, ["files_read"]);

    change(&gateway, json!({"tool": "write", "on": true})).await;
    assert_eq!(client.tool_names().await, ["files_read", "files_write"]);
    change(&gateway, json!({"tool": "read", "on": false})).await;
    change(&gateway, json!({"tool": "write", "on": false})).await;

    assert_eq!(
        client.tool_names().await,
        [""; 0],
        "an empty list is none, not all"
    );
    let form = &api.detail("files").await["form"];
    assert_eq!(
        (&form["include"], &form["exclude"]),
        (&json!([]), &json!([]))
    );
}

#[tokio::test]
async fn a_name_that_another_tool_has_in_the_file_is_refused() {
    let gateway = gateway().await;
    change(&gateway, json!({"tool": "read", "rename": "open"})).await;
    let before = gateway.setup().config_text();
    let taken = json!({"tool": "write", "rename": "open"});
    let answer = gateway.api().set_tool("files", &taken).await;
    assert_eq!(answer.fields(), ["rename"]);
    let empty = json!({"tool": "write", "rename": ""});
    assert_eq!(
        gateway.api().set_tool("files", &empty).await.fields(),
        ["rename"]
    );
    assert_eq!(gateway.setup().config_text(), before);
}

#[tokio::test]
async fn a_tool_of_a_real_server_is_hidden_while_it_runs() {
    let gateway = setup().server(official("everything", &[])).start().await;
    gateway.await_any_tools("everything").await;
    let (api, client) = (gateway.api(), gateway.client().await);
    assert!(
        client
            .tool_names()
            .await
            .contains(&"everything_echo".to_owned())
    );
    api.set_tool("everything", &json!({"tool": "echo", "on": false}))
        .await
        .saved();
    assert!(
        !client
            .tool_names()
            .await
            .contains(&"everything_echo".to_owned())
    );
    api.set_tool(
        "everything",
        &json!({"tool": "echo", "on": true, "rename": "say"}),
    )
    .await
    .saved();
    assert_eq!(client.text("say", r#"{"message":"hi"}"#).await, "Echo: hi");
}
