//! A client on the owner's machine: the owner compares a code and allows it.

use axum::http::StatusCode;
use serde_json::json;

use crate::support::{
    Browser, CALLBACK, CHALLENGE, LOCAL, VERIFIER, World, answer, authorize, code_form, json, text,
};

#[tokio::test]
async fn claude_code_signs_in() {
    let world = World::local();
    let registered = json(
        world
            .register(json!({ "client_name": "Claude Code", "redirect_uris": ["http://localhost:1/callback"] }))
            .await,
    )
    .await;
    let client_id = text(&registered, "client_id");
    let mut browser = Browser::new(&world);
    let resource = format!("{LOCAL}/ecs/mcp");
    browser
        .open(&authorize(&[
            ("client_id", &client_id),
            ("resource", &resource),
            ("prompt", "consent"),
            ("scope", "mcp"),
        ]))
        .await;

    let page = browser.follow().await;
    assert_eq!(page.status, StatusCode::OK);
    let asked = world.facade.approvals();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].client_name, "Claude Code");
    assert_eq!(asked[0].redirect_host, "localhost:33418");
    assert_eq!(asked[0].resource, resource);
    assert!(page.body.contains(&asked[0].code));
    assert_eq!(page.headers["refresh"], "2");
    let policy = page.headers["content-security-policy"]
        .to_str()
        .expect("text");
    assert!(
        policy.contains("form-action 'self' http://localhost:33418;"),
        "{policy}"
    );

    let still = browser.reload().await;
    assert_eq!(still.status, StatusCode::OK);
    let mut changes = world.facade.watch();
    changes.mark_unchanged();
    assert!(world.facade.approve(&asked[0].id));
    assert!(changes.has_changed().expect("open"));

    let done = answer(&browser.reload().await.location());
    assert_eq!(done["state"], "xyz");
    assert_eq!(done["iss"], LOCAL);
    let (status, tokens) = world
        .token(&[
            ("grant_type", "authorization_code"),
            ("code", &done["code"]),
            ("redirect_uri", CALLBACK),
            ("client_id", &client_id),
            ("code_verifier", VERIFIER),
            ("resource", &resource),
        ])
        .await;
    assert_eq!(status, StatusCode::OK, "{tokens}");
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 3600);
    assert_eq!(tokens["scope"], "mcp");
    let access = text(&tokens, "access_token");
    assert!(access.starts_with("mcpg_"));
    let caller = world
        .facade
        .caller(&access, "/ecs/mcp")
        .await
        .expect("allowed");
    assert_eq!(
        (caller.user.as_str(), caller.client.as_str()),
        ("local", client_id.as_str())
    );

    let ended = browser.reload().await;
    assert_eq!(ended.status, StatusCode::GONE);
    assert!(world.facade.approvals().is_empty());
}

#[tokio::test]
async fn a_refusal_reaches_the_client() {
    let world = World::local();
    let mut browser = Browser::new(&world);
    browser.open(&authorize(&[])).await;
    browser.follow().await;
    assert!(world.facade.deny(&world.facade.approvals()[0].id));
    let told = answer(&browser.reload().await.location());
    assert_eq!(told["error"], "access_denied");
    assert_eq!(
        (told["state"].as_str(), told["iss"].as_str()),
        ("xyz", LOCAL)
    );
}

#[tokio::test]
async fn the_person_at_the_browser_may_cancel_but_not_allow() {
    let world = World::local();
    let mut browser = Browser::new(&world);
    browser.open(&authorize(&[])).await;
    let page = browser.follow().await;
    let refused = browser.press(&page, "allow").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.facade.approvals().len(), 1);
    let told = answer(&browser.press(&page, "deny").await.location());
    assert_eq!(told["error"], "access_denied");
    assert!(world.facade.approvals().is_empty());
}

#[tokio::test]
async fn another_browser_gets_nothing_of_it() {
    let world = World::local();
    let mut mine = Browser::new(&world);
    mine.open(&authorize(&[])).await;
    let page = mine.follow().await;
    world.facade.approve(&world.facade.approvals()[0].id);

    let mut other = Browser::new(&world);
    other.open(&authorize(&[])).await;
    let seen = other.open(&mine.at).await;
    assert_eq!(seen.status, StatusCode::GONE);
    let pressed = other.press(&page, "deny").await;
    assert_eq!(pressed.status, StatusCode::GONE);
    assert!(answer(&mine.reload().await.location()).contains_key("code"));
}

#[tokio::test]
async fn two_clients_at_once_do_not_meet() {
    let world = World::local();
    let mut browser = Browser::new(&world);
    browser
        .open(&authorize(&[("client_id", "one"), ("state", "1")]))
        .await;
    let first = browser.at.clone();
    browser
        .open(&authorize(&[("client_id", "two"), ("state", "2")]))
        .await;
    let second = browser.at.clone();
    let asked = world.facade.approvals();
    let two = asked
        .iter()
        .find(|approval| approval.client_id == "two")
        .expect("asked");
    assert!(world.facade.approve(&two.id));
    assert_eq!(browser.open(&first).await.status, StatusCode::OK);
    assert_eq!(
        answer(&browser.open(&second).await.location())["state"],
        "2"
    );
}

#[tokio::test]
async fn a_request_that_nobody_answers_ends() {
    let world = World::local();
    let mut browser = Browser::new(&world);
    browser.open(&authorize(&[])).await;
    browser.follow().await;
    let asked = world.facade.approvals();
    world.pass(600);
    assert!(world.facade.approvals().is_empty());
    assert!(!world.facade.approve(&asked[0].id));
    assert_eq!(browser.reload().await.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_flood_of_requests_is_bounded_and_keeps_nobody_out() {
    let world = World::local();
    let flood = async || {
        for _ in 0..300 {
            let mut browser = Browser::new(&world);
            browser.open(&authorize(&[])).await;
        }
    };
    flood().await;
    // Who comes now gets in, and stays for as long as the page is watched.
    let mut browser = Browser::new(&world);
    browser.open(&authorize(&[])).await;
    assert_eq!(browser.follow().await.status, StatusCode::OK);
    world.pass(20);
    flood().await;
    assert_eq!(world.facade.approvals().len(), 20);
    assert_eq!(browser.reload().await.status, StatusCode::OK);
}

#[tokio::test]
async fn pages_speak_the_browsers_language_and_escape_names() {
    let world = World::local();
    let mut browser = Browser::new(&world);
    browser.language = "zh-CN,zh;q=0.9";
    let name = "<script>alert(1)</script>\"'&";
    browser.open(&authorize(&[("client_id", name)])).await;
    let page = browser.follow().await;
    assert!(page.body.contains("请在 MCP Gateway 中确认"));
    assert!(!page.body.contains("<script"));
    assert!(
        page.body
            .contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;")
    );
}

#[tokio::test]
async fn a_registered_client_keeps_to_its_addresses() {
    let world = World::local();
    let document = json!({ "redirect_uris": ["cursor://anysphere/cb", "https://a.example/cb"] });
    let client_id = text(&json(world.register(document).await).await, "client_id");
    for (redirect, expected) in [
        ("cursor://anysphere/cb", StatusCode::SEE_OTHER),
        ("https://a.example/cb", StatusCode::SEE_OTHER),
        ("cursor://anysphere/other", StatusCode::BAD_REQUEST),
        ("https://a.example/cb/", StatusCode::BAD_REQUEST),
        (CALLBACK, StatusCode::BAD_REQUEST),
    ] {
        let mut browser = Browser::new(&world);
        let path = authorize(&[("client_id", &client_id), ("redirect_uri", redirect)]);
        assert_eq!(browser.open(&path).await.status, expected, "{redirect}");
    }
}

#[tokio::test]
async fn without_pkce_there_is_no_code_and_without_the_secret_no_token() {
    let world = World::local();
    let mut browser = Browser::new(&world);
    let told = browser
        .open(&authorize(&[("code_challenge", "")]))
        .await
        .location();
    assert_eq!(answer(&told)["error"], "invalid_request");
    let code = world.code(&[("code_challenge", CHALLENGE)]).await;
    let mut form = code_form(&code);
    form[4] = (
        "code_verifier",
        "wrong-wrong-wrong-wrong-wrong-wrong-wrong-wrong",
    );
    let (status, refused) = world.token(&form).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(refused["error"], "invalid_grant");
}
