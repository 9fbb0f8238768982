//! Lists in pages, and how long they may be kept.

use serde_json::{Value, json};
use testkit::client::McpModern;
use wire::error_code;

use super::{Front, read};
use crate::support::setup;

/// A server of so many tools.
fn many(tools: usize, more: Value) -> Value {
    let tools = (0..tools).map(|number| json!({"name": format!("tool_{number}")}));
    let mut script = json!({"tools": tools.collect::<Vec<_>>()});
    for (key, value) in more.as_object().expect("an object") {
        script[key] = value.clone();
    }
    script
}

#[tokio::test]
async fn a_client_that_follows_the_cursors_sees_every_tool_once_and_in_order() {
    let gateway = setup()
        .fake("one", many(203, json!({"pageSize": 10})))
        .fake("two", many(20, json!({"era": "modern"})))
        .config_in("limits", "listPage", json!(50))
        .start()
        .await;
    gateway.await_tools("one", 203).await;
    gateway.await_tools("two", 20).await;
    let names = |server: &'static str, count| {
        (0..count).map(move |number| format!("{server}_tool_{number}"))
    };
    let all: Vec<_> = names("one", 203).chain(names("two", 20)).collect();
    for front in Front::both(&gateway.endpoint).await {
        let seen = match &front {
            Front::Legacy(client) => client.tool_names().await,
            Front::Modern(client) => client.tool_names().await,
        };
        assert_eq!(seen, all);
        let first = front.result("tools/list", json!({})).await;
        assert_eq!(first["tools"].as_array().expect("tools").len(), 50);
        let next = first["nextCursor"].as_str().expect("a cursor");
        // It is as good a second time, and none of another list.
        let page = |cursor: Value| json!({"cursor": cursor});
        let second = front.result("tools/list", page(json!(next))).await;
        assert_eq!(second["tools"][0]["name"], "one_tool_50");
        for (method, cursor) in [
            ("prompts/list", json!(next)),
            ("tools/list", json!("")),
            ("tools/list", json!("x")),
            ("tools/list", json!(1)),
        ] {
            let refused = front.call(method, &page(cursor)).await.error();
            assert_eq!(refused["code"], error_code::INVALID_PARAMS, "{method}");
        }
    }
}

#[tokio::test]
async fn a_list_may_be_kept_as_long_as_each_of_its_servers_says() {
    let hints = |ttl: u64, scope: &str| json!({"era": "modern", "hints": {"ttlMs": ttl, "cacheScope": scope}});
    let gateway = setup()
        .fake("long", many(1, hints(9_000, "public")))
        .fake("short", many(1, hints(500, "private")))
        .start()
        .await;
    gateway.await_tools("long", 1).await;
    gateway.await_tools("short", 1).await;
    let ttl = async |path: &str| {
        let client = McpModern::new(format!("{}{path}", gateway.base()));
        let list = read(&client.call("tools/list", "{}").await.result());
        list["ttlMs"].as_u64()
    };
    assert_eq!(ttl("/mcp").await, Some(500));
    assert_eq!(ttl("/long/mcp").await, Some(9_000));

    let silent = gateway.setup().fake_form("silent", many(1, json!({})));
    gateway.api().add(&silent).await.saved();
    gateway.await_tools("silent", 1).await;
    assert_eq!(ttl("/mcp").await, Some(0));
    assert_eq!(ttl("/long/mcp").await, Some(9_000));
}

#[tokio::test]
async fn how_long_a_list_may_be_kept_is_still_known_after_a_restart() {
    let setup = setup();
    let gate = setup.path("gate");
    std::fs::write(&gate, "").expect("written");
    let script = json!({
        "era": "modern",
        "hints": {"ttlMs": 7_000, "cacheScope": "private"},
        "on": {"server/discover": [{"gate": gate}, "default"]},
    });
    let mut gateway = setup.fake("fake", many(1, script)).start().await;
    gateway.await_state("fake", "ready").await;
    gateway.await_tools("fake", 1).await;
    assert!(gateway.stop().await.success());
    std::fs::remove_file(&gate).expect("removed");

    gateway.restart().await;

    let client = McpModern::new(&gateway.endpoint);
    let list = read(&client.call("tools/list", "{}").await.result());
    assert_eq!(list["tools"][0]["name"], "fake_tool_0", "{list}");
    assert_eq!(list["ttlMs"], 7_000, "{list}");
    std::fs::write(&gate, "").expect("written");
}

#[tokio::test]
async fn arguments_that_headers_repeat_are_compared_with_them() {
    let schema = json!({"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}});
    let tool = json!({"name": "go", "definition": {"name": "go", "inputSchema": schema}});
    let gateway = setup()
        .fake("fake", json!({"era": "modern", "tools": [tool]}))
        .start()
        .await;
    gateway.await_tools("fake", 1).await;
    let client = McpModern::new(&gateway.endpoint);
    let arguments = r#"{"region":"eu"}"#;
    let refused = client.tool("fake_go", arguments).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    assert_eq!(refused.error()["code"], error_code::HEADER_MISMATCH);
    let refused = client.clone().with("mcp-param-region", "us");
    let refused = refused.tool("fake_go", arguments).await;
    assert_eq!(refused.error()["code"], error_code::HEADER_MISMATCH);
    let agreed = client.clone().with("Mcp-Param-Region", "eu");
    agreed.tool("fake_go", arguments).await.result();
    // Nothing to be repeated.
    client.tool("fake_go", "{}").await.result();
    assert_eq!(gateway.journal("fake").received_of("tools/call").len(), 2);
}
