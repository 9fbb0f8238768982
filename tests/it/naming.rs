//! What tools are called towards clients.

use serde_json::{Value, json};

use crate::support::{setup, tools};

#[tokio::test]
async fn prefixes_renames_and_filters_hold_in_lists_and_in_calls() {
    let three =
        || tools(json!([{"name": "analyze_image"}, {"name": "secret"}, {"name": "old-name"}]));
    let gateway = setup()
        .fake("zai-mcp-server", three())
        .fake("bare", three())
        .fake("plain", three())
        .config(
            "mapping",
            json!({
                "zai-mcp-server": {"prefix": "zhipu", "rename": {"old-name": "brand_new"}},
                "bare": {"prefix": ""},
            }),
        )
        .config(
            "toolFilters",
            json!({
                "zai-mcp-server": {"exclude": ["secret"]},
                "bare": {"include": ["secret"]},
            }),
        )
        .start()
        .await;
    let client = gateway.client().await;

    let mut names = client.tool_names().await;
    names.sort();

    assert_eq!(
        names,
        [
            "brand_new",
            "plain_analyze_image",
            "plain_old-name",
            "plain_secret",
            "secret",
            "zhipu_analyze_image"
        ]
    );
    for (exposed, own) in [
        ("brand_new", "old-name"),
        ("zhipu_analyze_image", "analyze_image"),
        ("secret", "secret"),
    ] {
        let echoed: Value =
            serde_json::from_str(&client.tool(exposed, "{}").await.result()).expect("JSON");
        assert_eq!(echoed["structuredContent"]["name"], own);
    }
    for hidden in [
        "zhipu_secret",
        "bare_secret",
        "analyze_image",
        "zhipu_old-name",
    ] {
        assert_eq!(
            client.tool(hidden, "{}").await.error()["code"],
            -32602,
            "{hidden}"
        );
    }
}

#[tokio::test]
async fn a_server_whose_own_names_are_exposed_keeps_them() {
    let gateway = setup()
        .fake("fake", tools(json!([{"name": "fake_echo"}])))
        .config(
            "mapping",
            json!({"fake": {"prefix": "fake", "stripPrefix": false}}),
        )
        .start()
        .await;
    let client = gateway.client().await;
    assert_eq!(client.tool_names().await, ["fake_echo"]);
    assert!(
        client
            .tool("fake_echo", "{}")
            .await
            .result()
            .contains(r#""name":"fake_echo""#)
    );
}

#[tokio::test]
async fn tools_that_collide_are_both_reachable_and_the_clash_is_reported() {
    let script = |who: &str| tools(json!([{"name": "search", "does": [{"text": who}]}]));
    let gateway = setup()
        .fake("one", script("one"))
        .fake("two", script("two"))
        .config(
            "mapping",
            json!({"one": {"prefix": ""}, "two": {"prefix": ""}}),
        )
        .start()
        .await;
    gateway.await_state("one", "ready").await;
    gateway.await_state("two", "ready").await;
    let client = gateway.client().await;

    let names = client.tool_names().await;
    let mut answers = Vec::new();
    for name in &names {
        answers.push(client.text(name, "{}").await);
    }
    answers.sort();
    let status = gateway.status().await;

    assert_eq!(answers, ["one", "two"], "{names:?}");
    assert!(
        names.contains(&"search".to_owned()),
        "the first keeps the name: {names:?}"
    );
    assert_eq!(
        status["clashes"].as_array().map(Vec::len),
        Some(1),
        "{status:#}"
    );
    assert_eq!(status["clashes"][0]["name"], "search");
    assert!(
        names
            .iter()
            .any(|name| status["clashes"][0]["exposedAs"] == name.as_str())
    );
}

#[tokio::test]
async fn long_names_are_shortened_by_server_and_tool_alone() {
    let long = |letter: &str| {
        format!(
            "a-tool-with-a-name-that-goes-on-and-on-{}-{letter}",
            "and-on-".repeat(4)
        )
    };
    let names = async |more: bool| {
        let mut setup = setup();
        if more {
            setup = setup.fake("another", tools(json!([{"name": "echo"}])));
        }
        let script = tools(json!([{"name": long("a")}, {"name": long("b")}]));
        let gateway = setup.fake("server", script).start().await;
        gateway.await_state("server", "ready").await;
        let client = gateway.client().await;
        let names: Vec<String> = client
            .tool_names()
            .await
            .into_iter()
            .filter(|name| name.starts_with("server"))
            .collect();
        for (name, letter) in names.iter().zip(["a", "b"]) {
            assert!(
                client
                    .tool(name, "{}")
                    .await
                    .result()
                    .contains(&long(letter))
            );
        }
        names
    };

    let alone = names(false).await;

    assert_eq!(alone.len(), 2);
    assert!(alone.iter().all(|name| name.len() <= 64), "{alone:?}");
    assert_ne!(alone[0], alone[1]);
    assert_eq!(names(true).await, alone);
}

#[tokio::test]
async fn at_its_own_endpoint_a_server_needs_no_prefix() {
    let gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let client = testkit::McpHttp::connect(format!("{}/fake/mcp", gateway.base()), "{}").await;
    assert_eq!(client.tool_names().await, ["echo"]);
    client.tool("echo", "{}").await.result();
}
