//! Who may ask, and what is answered to a request that cannot be done.

use serde_json::json;
use testkit::Admin;
use testkit::admin::local;
use testkit::wait::until;

use crate::support::{setup, tools};

/// Every route with a method that it answers. The server `fake` is there.
const ROUTES: [(&str, &str); 21] = [
    ("GET", "/api/status"),
    ("GET", "/api/events"),
    ("POST", "/api/servers"),
    ("GET", "/api/servers/fake"),
    ("PUT", "/api/servers/fake"),
    ("PATCH", "/api/servers/fake"),
    ("DELETE", "/api/servers/fake"),
    ("POST", "/api/servers/fake/restart"),
    ("GET", "/api/servers/fake/tools"),
    ("PATCH", "/api/servers/fake/tools"),
    ("GET", "/api/servers/fake/log"),
    ("GET", "/api/servers/fake/history"),
    ("POST", "/api/test"),
    ("POST", "/api/undo"),
    ("GET", "/api/config"),
    ("POST", "/api/config/reload"),
    ("GET", "/api/settings"),
    ("PATCH", "/api/settings"),
    ("GET", "/api/bridge"),
    ("POST", "/api/bridge/try"),
    ("POST", "/api/codes"),
];

/// Those that take a document.
const WITH_BODY: [(&str, &str); 8] = [
    ("POST", "/api/servers"),
    ("PUT", "/api/servers/fake"),
    ("PATCH", "/api/servers/fake"),
    ("PATCH", "/api/servers/fake/tools"),
    ("POST", "/api/test"),
    ("POST", "/api/undo"),
    ("PATCH", "/api/settings"),
    ("POST", "/api/codes/redeem"),
];

const JSON: &str = "application/json";

#[tokio::test]
async fn every_route_wants_the_token_and_says_so() {
    let gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let before = gateway.setup().config_text();
    let strangers = [
        Admin::new(gateway.base()),
        Admin::new(gateway.base()).with_token("wrong"),
        Admin::new(gateway.base()).with("authorization", &gateway.admin_token()),
    ];
    let unknown = [("GET", "/api/nothing"), ("POST", "/api/status")];
    for stranger in &strangers {
        for (method, path) in ROUTES.into_iter().chain(unknown) {
            let answer = stranger.send(method, path, &json!({})).await;
            let problem = answer.problem(401);
            assert_eq!(problem["code"], "unauthorized", "{method} {path}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    assert_eq!(gateway.setup().config_text(), before);
    let api = gateway.api();
    for (method, path) in ROUTES {
        let streams = ["/api/events", "/api/servers/fake/log"].contains(&path);
        let status = match streams {
            true => api.stream(path).await.status,
            false => api.send(method, path, &json!([])).await.status,
        };
        assert!(status != 401 && status < 500, "{method} {path}: {status}");
        if path == "/api/servers/fake" && method == "DELETE" {
            let back = gateway.setup().fake_form("fake", tools(json!([])));
            api.add(&back).await.saved();
        }
    }
}

#[tokio::test]
async fn what_is_no_address_or_no_method_of_the_api_is_named() {
    let gateway = setup().start().await;
    let api = gateway.api();
    for path in ["/api/nothing", "/api/servers/", "/api/servers/a/b/c"] {
        let problem = api.get(path).await.problem(404);
        assert_eq!(problem["code"], "notFound", "{path}");
        assert!(
            problem["error"]
                .as_str()
                .is_some_and(|text| text.contains(path)),
            "{problem:#}"
        );
    }
    for (method, path) in [
        ("POST", "/api/status"),
        ("GET", "/api/test"),
        ("PUT", "/api/servers"),
        ("POST", "/api/servers/fake"),
        ("DELETE", "/api/config"),
        ("GET", "/api/codes"),
        ("GET", "/api/codes/redeem"),
    ] {
        let problem = api.bare(method, path).await.problem(405);
        let text = problem["error"].as_str().unwrap_or_default();
        assert!(text.contains(method) && text.contains(path), "{problem:#}");
    }
}

#[tokio::test]
async fn what_is_no_document_is_refused_and_changes_nothing() {
    let gateway = setup()
        .fake("fake", tools(json!([{"name": "echo"}])))
        .start()
        .await;
    let (api, before) = (gateway.api(), gateway.setup().config_text());
    for (method, path) in WITH_BODY {
        let send = async |kind: &str, body: &str| {
            let answer = api.raw(method, path, kind, body.to_owned()).await;
            let problem = answer.problem(answer.status);
            assert_eq!(problem["code"], "invalid", "{method} {path}: {problem:#}");
            answer.status
        };
        for bad in [
            "",
            "{",
            "[]",
            "null",
            "{}",
            r#"{"form":3}"#,
            "{\"port\":\"x\"}",
            "\u{feff}{}",
        ] {
            let status = send(JSON, bad).await;
            assert_eq!(status, 400, "{method} {path} {bad}");
        }
        // What a page elsewhere can send without being asked for leave.
        assert_eq!(send("text/plain", "{}").await, 415, "{method} {path}");
        let huge = format!("{{\"x\":\"{}\"}}", "x".repeat(1 << 20));
        assert_eq!(send(JSON, &huge).await, 413, "{method} {path}");
    }
    let odd = json!({"form": {"name": "x", "kind": "local", "command": ["x"], "callTimeout": -1}});
    assert_eq!(api.post("/api/test", &odd).await.status, 400);
    assert_eq!(gateway.setup().config_text(), before);
    assert_eq!(gateway.server_status("fake").await["name"], "fake");
}

#[tokio::test]
async fn an_unknown_server_is_named_with_a_remedy() {
    let gateway = setup().start().await;
    let api = gateway.api();
    let revision = api.status().await["revision"].clone();
    let name = "not there 没有";
    let answers = [
        api.put(name, &revision, &local(name, &["x"])).await,
        api.enable(name, false).await,
        api.remove(name).await,
        api.restart(name).await,
        api.set_tool(name, &json!({"tool": "x", "on": false})).await,
        api.log(name).await.answer().await,
        api.get("/api/servers/not%20there%20%E6%B2%A1%E6%9C%89")
            .await,
        api.get("/api/servers/not%20there%20%E6%B2%A1%E6%9C%89/tools")
            .await,
        api.get("/api/servers/not%20there%20%E6%B2%A1%E6%9C%89/history")
            .await,
    ];
    for answer in answers {
        let problem = answer.problem(404);
        assert_eq!(problem["code"], "notFound");
        for language in ["en", "zh"] {
            let text = problem["message"][language].as_str().unwrap_or_default();
            assert!(text.contains(name), "{problem:#}");
        }
        assert!(problem["remedy"]["en"].is_string(), "{problem:#}");
    }
}

#[tokio::test]
async fn a_server_may_have_a_name_in_any_language() {
    let gateway = setup().start().await;
    let (api, name) = (gateway.api(), "我的 文件+&\"服务器\"");
    let mut form = gateway
        .setup()
        .fake_form("fake", tools(json!([{"name": "echo"}])));
    form["name"] = json!(name);
    api.add(&form).await.saved();
    gateway.await_state(name, "ready").await;
    assert_eq!(api.detail(name).await["form"]["name"], name);
    until("its tools are known", async || {
        (api.tools(name).await.len() == 1).then_some(())
    })
    .await;
    api.enable(name, false).await.saved();
    api.remove(name).await.saved();
    assert_eq!(api.status().await["servers"], json!([]));
}
