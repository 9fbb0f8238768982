//! A client walks its user through the gateway's pages and gets tokens of the gateway's own.

use serde_json::json;
use testkit::browser::parameter;
use testkit::{McpModern, OAuthApp, challenge, wait};

use super::town::{Town, browser, is_safe, shown, tokens};

/// The owner sees in the window who asks, with the code that the page shows, and answers.
pub(super) async fn owner_answers(town: &Town, shown: &str, answer: &str) {
    let approvals = town.gateway.api().json("/api/approvals").await;
    let approvals = approvals["approvals"]
        .as_array()
        .expect("approvals")
        .clone();
    assert_eq!(approvals.len(), 1, "{approvals:?}");
    let code = approvals[0]["code"].as_str().expect("a code");
    assert!(shown.contains(code), "{code} is not in {shown}");
    let id = approvals[0]["id"].as_str().expect("an id");
    let path = format!("/api/approvals/{id}/{answer}");
    let done = town.gateway.api().post(&path, &json!({})).await;
    assert_eq!(done.status, 200, "{done:?}");
}

/// From the page to the code, with the owner's consent in the window.
pub(super) async fn code(town: &Town, app: &OAuthApp) -> String {
    let mut browser = browser();
    let waiting = shown(browser.open(&app.authorize_url()).await);
    is_safe(&waiting);
    owner_answers(town, &waiting.text(), "approve").await;
    let back = browser
        .refresh(&waiting)
        .await
        .expect("the page looks again");
    let back = back.application();
    assert_eq!(
        parameter(&back, "iss").as_deref(),
        Some(town.gateway.base())
    );
    app.code(&back)
}

#[tokio::test]
async fn a_client_that_registers_itself_gets_to_a_tool_call() {
    let town = Town::start().await;
    town.owner_signs_in("alice").await;
    let app = town.app("/ecs/mcp", None).await;
    let code = code(&town, &app).await;
    let (access, _) = tokens(&app.exchange(&code).await);
    let client = town.client("/ecs/mcp", &access).await;
    assert_eq!(client.text("whoami", "{}").await, "alice");
    assert!(!town.aliyun.tokens_of("alice").access.contains(&access));
}

#[tokio::test]
async fn any_client_id_will_do_for_a_loopback_redirect() {
    let town = Town::start().await;
    town.owner_signs_in("alice").await;
    let app = town.app("/ecs/mcp", Some("mcp-gateway")).await;
    let code = code(&town, &app).await;
    let (access, _) = tokens(&app.exchange(&code).await);
    let client = town.client("/ecs/mcp", &access).await;
    assert_eq!(client.text("whoami", "{}").await, "alice");
}

#[tokio::test]
async fn the_owner_may_say_no() {
    let town = Town::start().await;
    let app = town.app("/ecs/mcp", None).await;
    let mut browser = browser();
    let waiting = shown(browser.open(&app.authorize_url()).await);
    owner_answers(&town, &waiting.text(), "deny").await;
    let back = browser
        .refresh(&waiting)
        .await
        .expect("the page looks again");
    let back = back.application();
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&back, "state"), Some(app.state));
}

#[tokio::test]
async fn nobody_gets_a_code_who_only_visits_the_page() {
    let town = Town::start().await;
    town.owner_signs_in("alice").await;
    let app = town.app("/ecs/mcp", None).await;
    let mut browser = browser();
    let waiting = shown(browser.open(&app.authorize_url()).await);
    let again = browser
        .refresh(&waiting)
        .await
        .expect("the page looks again");
    again.page();

    // Another browser has the address of the page, but not what the first one was given.
    owner_answers(&town, &waiting.text(), "approve").await;
    let address = waiting.refresh().expect("an address");
    let thief = testkit::Browser::new()
        .application(super::town::BACK)
        .open(address.as_str())
        .await;
    assert!(thief.page().answer.status >= 400);
}

#[tokio::test]
async fn a_token_is_good_where_it_was_asked_for_and_nowhere_else() {
    let town = Town::start().await;
    town.owner_signs_in("alice").await;
    let app = town.app("/ecs/mcp", None).await;
    let (access, _) = tokens(&app.exchange(&code(&town, &app).await).await);
    let elsewhere = town
        .stranger("/oss/mcp")
        .with("authorization", &format!("Bearer {access}"));
    let refused = elsewhere.call("tools/list", "{}").await;
    assert_eq!(refused.status, 401, "{refused:?}");
    assert_eq!(
        challenge(&refused, "error").as_deref(),
        Some("invalid_token")
    );
}

#[tokio::test]
async fn a_code_is_bound_to_its_client_and_used_up() {
    let town = Town::start().await;
    town.owner_signs_in("alice").await;
    let app = town.app("/ecs/mcp", None).await;
    for stolen in [
        (
            "code_verifier",
            "guessed-guessed-guessed-guessed-guessed-guessed",
        ),
        ("code_verifier", ""),
        ("client_id", "mcp-gateway"),
        ("redirect_uri", "http://localhost:10/callback"),
    ] {
        let refused = app.exchange_with(&code(&town, &app).await, &[stolen]).await;
        assert_eq!(refused.status, 400, "{stolen:?}: {refused:?}");
    }
    let code = code(&town, &app).await;
    let (access, refresh) = tokens(&app.exchange(&code).await);
    assert_eq!(app.exchange(&code).await.json()["error"], "invalid_grant");
    let client = town
        .stranger("/ecs/mcp")
        .with("authorization", &format!("Bearer {access}"));
    assert_eq!(
        client.call("tools/list", "{}").await.status,
        401,
        "what a replayed code gave is over"
    );
    assert_eq!(app.refresh(&refresh).await.status, 400);
}

#[tokio::test]
async fn tokens_rotate_and_can_be_given_back() {
    let town = Town::start().await;
    town.owner_signs_in("alice").await;
    let app = town.app("/ecs/mcp", None).await;
    let (_, first) = tokens(&app.exchange(&code(&town, &app).await).await);
    let (access, second) = tokens(&app.refresh(&first).await);
    assert_ne!(first, second);
    town.client("/ecs/mcp", &access).await;

    let endpoint = app.metadata["revocation_endpoint"]
        .as_str()
        .expect("an endpoint")
        .to_owned();
    assert_eq!(app.revoke(&endpoint, &second).await.status, 200);
    let client = town
        .stranger("/ecs/mcp")
        .with("authorization", &format!("Bearer {access}"));
    assert_eq!(client.call("tools/list", "{}").await.status, 401);
    assert_eq!(app.refresh(&second).await.status, 400);
}

#[tokio::test]
async fn the_owner_sees_grants_and_takes_them_back() {
    let town = Town::start().await;
    town.owner_signs_in("alice").await;
    let app = town.app("/ecs/mcp", None).await;
    let (access, _) = tokens(&app.exchange(&code(&town, &app).await).await);
    let grants = town.gateway.api().json("/api/grants").await;
    let grant = &grants["grants"][0];
    assert_eq!(
        (&grant["clientName"], &grant["user"]),
        (&json!("Story"), &json!("local")),
        "{grants}"
    );
    assert!(!grants.to_string().contains(&access));
    let path = format!("/api/grants/{}", grant["id"].as_str().expect("an id"));
    assert_eq!(town.gateway.api().bare("DELETE", &path).await.status, 200);
    let client = town
        .stranger("/ecs/mcp")
        .with("authorization", &format!("Bearer {access}"));
    assert_eq!(client.call("tools/list", "{}").await.status, 401);
}

#[tokio::test]
async fn what_is_open_to_a_client_ends_with_its_access() {
    let town = Town::start().await;
    town.owner_signs_in("alice").await;
    let app = town.app("/ecs/mcp", None).await;
    let (access, _) = tokens(&app.exchange(&code(&town, &app).await).await);
    let grants = town.gateway.api().json("/api/grants").await;
    let id = grants["grants"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let client = town.client("/ecs/mcp", &access).await;
    let mut stream = client.listen().await;
    let modern = McpModern::new(&client.url).with("authorization", &format!("Bearer {access}"));
    let mut subscription = modern.listen(r#"{"toolsListChanged":true}"#).await;
    subscription.message().await;
    let other = town.client("/mcp", &town.owners_token().await).await;
    let _stays = other.listen().await;

    let path = format!("/api/grants/{id}");
    assert_eq!(town.gateway.api().bare("DELETE", &path).await.status, 200);
    stream.rest().await;
    subscription.rest().await;
    let is_over = async || {
        let status = town.gateway.api().json("/api/status").await;
        (status["sessions"] == 1).then_some(())
    };
    wait::until("the session is gone", is_over).await;
    assert_eq!(other.call("ping", "{}").await.status, 200);
}

#[tokio::test]
async fn clients_keep_their_tokens_over_a_restart() {
    let mut town = Town::start().await;
    town.owner_signs_in("alice").await;
    let app = town.app("/ecs/mcp", None).await;
    let (access, refresh) = tokens(&app.exchange(&code(&town, &app).await).await);
    assert!(town.gateway.stop().await.success());
    town.gateway.restart().await;
    let client = town.client("/ecs/mcp", &access).await;
    assert_eq!(client.text("whoami", "{}").await, "alice");
    tokens(&app.refresh(&refresh).await);
}
