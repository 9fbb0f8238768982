//! Tokens: used, renewed, stolen, revoked, and after a restart.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use oauth_server::Denied;
use serde_json::{Value, json};

use crate::support::{LOCAL, World, code_form, json, text};

#[tokio::test]
async fn a_token_is_good_where_it_was_meant_to_be() {
    let world = World::local();
    let root = text(&world.signed_in().await, "access_token");
    for place in [
        "/mcp",
        "/sse",
        "/messages",
        "/tools",
        "/tools/call",
        "http://127.0.0.1:4298/mcp",
    ] {
        assert!(world.facade.caller(&root, place).await.is_ok(), "{place}");
    }
    assert_eq!(
        world.facade.caller(&root, "/ecs/mcp").await,
        Err(Denied::WrongAudience)
    );
    assert_eq!(
        world.facade.caller("mcpg_guess", "/mcp").await,
        Err(Denied::Unknown)
    );

    let code = world.code(&[("resource", LOCAL)]).await;
    let (_, tokens) = world.exchange(&code).await;
    let all = text(&tokens, "access_token");
    assert!(world.facade.caller(&all, "/ecs/mcp").await.is_ok());
    assert!(world.facade.caller(&all, "/mcp").await.is_ok());
}

#[tokio::test]
async fn a_token_expires_and_is_renewed() {
    let world = World::local();
    let first = world.signed_in().await;
    world.pass(3600);
    let old = text(&first, "access_token");
    assert_eq!(
        world.facade.caller(&old, "/mcp").await,
        Err(Denied::Expired)
    );
    let (status, next) = world.refresh(&text(&first, "refresh_token")).await;
    assert_eq!(status, StatusCode::OK);
    assert_ne!(next["refresh_token"], first["refresh_token"]);
    let new = text(&next, "access_token");
    assert!(world.facade.caller(&new, "/mcp").await.is_ok());
    assert_eq!(world.facade.grants().await.expect("readable").len(), 1);
}

#[tokio::test]
async fn a_lost_answer_does_not_sign_anybody_out() {
    let world = World::local();
    let first = text(&world.signed_in().await, "refresh_token");
    let (_, lost) = world.refresh(&first).await;
    world.pass(30);
    let (status, again) = world.refresh(&first).await;
    assert_eq!(status, StatusCode::OK);
    for token in [text(&lost, "access_token"), text(&again, "access_token")] {
        assert!(world.facade.caller(&token, "/mcp").await.is_ok());
    }
    let (status, _) = world.refresh(&text(&again, "refresh_token")).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_refresh_token_used_twice_ends_the_grant() {
    let world = World::local();
    let first = text(&world.signed_in().await, "refresh_token");
    let (_, next) = world.refresh(&first).await;
    world.pass(31);
    let (status, refused) = world.refresh(&first).await;
    assert_eq!(
        (status, &refused["error"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_grant"))
    );
    let token = text(&next, "access_token");
    assert_eq!(
        world.facade.caller(&token, "/mcp").await,
        Err(Denied::Unknown)
    );
    let (status, _) = world.refresh(&text(&next, "refresh_token")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(world.facade.grants().await.expect("readable").is_empty());
}

#[tokio::test]
async fn a_code_used_twice_takes_back_what_it_gave() {
    let world = World::local();
    let code = world.code(&[]).await;
    let (form, again) = (code_form(&code), code_form(&code));
    let ((one, a), (two, b)) = tokio::join!(world.token(&form), world.token(&again));
    let tokens = if one == StatusCode::OK { a } else { b };
    assert_eq!(
        [one, two]
            .iter()
            .filter(|status| **status == StatusCode::OK)
            .count(),
        1
    );
    let token = text(&tokens, "access_token");
    assert_eq!(
        world.facade.caller(&token, "/mcp").await,
        Err(Denied::Unknown)
    );
}

#[tokio::test]
async fn a_stolen_code_is_worth_nothing() {
    let world = World::local();
    for (at, value, error) in [
        (
            2,
            ("redirect_uri", "http://localhost:1/callback"),
            "invalid_grant",
        ),
        (3, ("client_id", "another"), "invalid_grant"),
        (
            4,
            (
                "code_verifier",
                "a-verifier-that-is-long-enough-but-not-the-one",
            ),
            "invalid_grant",
        ),
        (0, ("grant_type", "password"), "unsupported_grant_type"),
        (
            0,
            ("resource", "http://localhost:4298/mcp"),
            "invalid_request",
        ),
        (1, ("x", "y"), "invalid_request"),
        (2, ("x", "y"), "invalid_request"),
        (3, ("x", "y"), "invalid_request"),
        (4, ("x", "y"), "invalid_request"),
        (4, ("client_id", "mcp-gateway"), "invalid_request"),
    ] {
        let code = world.code(&[]).await;
        let mut form = code_form(&code);
        form[at] = value;
        let (status, refused) = world.token(&form).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{value:?}");
        assert_eq!(refused["error"], error, "{value:?}");
    }
    for resource in [
        "http://localhost:4298/ecs/mcp",
        "http://elsewhere.example/mcp",
    ] {
        let code = world.code(&[]).await;
        let mut form = code_form(&code).to_vec();
        form.push(("resource", resource));
        assert_eq!(world.token(&form).await.1["error"], "invalid_target");
    }
    let code = world.code(&[]).await;
    world.pass(60);
    assert_eq!(world.exchange(&code).await.1["error"], "invalid_grant");
    assert_eq!(world.exchange("guess").await.1["error"], "invalid_grant");
    assert!(world.facade.grants().await.expect("readable").is_empty());
}

#[tokio::test]
async fn a_refresh_is_for_its_own_client_and_endpoint() {
    let world = World::local();
    let token = text(&world.signed_in().await, "refresh_token");
    let check = |extra: Vec<(&'static str, &'static str)>, error: &'static str| {
        let (world, token) = (&world, token.clone());
        async move {
            let mut form = vec![
                ("grant_type", "refresh_token"),
                ("refresh_token", token.as_str()),
            ];
            form.extend(extra);
            assert_eq!(world.token(&form).await.1["error"], error);
        }
    };
    check(vec![("client_id", "another")], "invalid_grant").await;
    check(
        vec![("resource", "http://localhost:4298/ecs/mcp")],
        "invalid_target",
    )
    .await;
    check(vec![("refresh_token", "x")], "invalid_request").await;
    // None of that has cost the client its token.
    assert_eq!(world.refresh(&token).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_restart_signs_nobody_out() {
    let world = World::local();
    let tokens = world.signed_in().await;
    let made = world.facade.issue("local", "Cursor").await.expect("issued");
    let access = text(&tokens, "access_token");
    world.facade.caller(&access, "/mcp").await.expect("allowed");
    world.facade.close().await.expect("written");

    let world = world.restarted();
    let listed = world.facade.grants().await.expect("readable");
    assert_eq!(listed.len(), 2);
    assert!(
        listed
            .iter()
            .any(|grant| grant.last_used == Some(1_000_000))
    );
    assert!(world.facade.caller(&access, "/mcp").await.is_ok());
    let made = made.token.reveal();
    assert_eq!(
        world
            .facade
            .caller(made, "/ecs/mcp")
            .await
            .expect("allowed")
            .client,
        "Cursor"
    );
    let (status, _) = world.refresh(&text(&tokens, "refresh_token")).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn reuse_is_noticed_across_a_restart() {
    let world = World::local();
    let first = text(&world.signed_in().await, "refresh_token");
    let (_, next) = world.refresh(&first).await;
    let world = world.restarted();
    world.pass(31);
    assert_eq!(world.refresh(&first).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(
        world.refresh(&text(&next, "refresh_token")).await.0,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn tokens_made_by_hand_last_until_they_are_revoked() {
    let world = World::local();
    let made = world.facade.issue("local", "Cursor").await.expect("issued");
    let token = made.token.reveal();
    assert!(token.starts_with("mcpc_"));
    world.pass(10 * 365 * 24 * 3600);
    assert!(world.facade.caller(token, "/ecs/mcp").await.is_ok());
    assert_eq!(world.facade.revoke(&made.id).await, Ok(true));
    assert_eq!(world.facade.revoke(&made.id).await, Ok(false));
    assert_eq!(
        world.facade.caller(token, "/mcp").await,
        Err(Denied::Unknown)
    );
}

#[tokio::test]
async fn a_client_gives_its_tokens_back() {
    let world = World::local();
    let tokens = world.signed_in().await;
    let (access, refresh) = (
        text(&tokens, "access_token"),
        text(&tokens, "refresh_token"),
    );
    let foreign = world
        .post(
            "/oauth/revoke",
            &[("token", &refresh), ("client_id", "another")],
        )
        .await;
    assert_eq!(foreign.status(), StatusCode::BAD_REQUEST);
    let unknown = world.post("/oauth/revoke", &[("token", "x")]).await;
    assert_eq!(unknown.status(), StatusCode::OK);

    world.post("/oauth/revoke", &[("token", &access)]).await;
    assert_eq!(
        world.facade.caller(&access, "/mcp").await,
        Err(Denied::Unknown)
    );
    let (status, next) = world.refresh(&refresh).await;
    assert_eq!(status, StatusCode::OK);
    let (access, refresh) = (text(&next, "access_token"), text(&next, "refresh_token"));
    world
        .post(
            "/oauth/revoke",
            &[("token", &refresh), ("client_id", "mcp-gateway")],
        )
        .await;
    assert_eq!(
        world.facade.caller(&access, "/mcp").await,
        Err(Denied::Unknown)
    );
    assert!(world.facade.grants().await.expect("readable").is_empty());
}

#[tokio::test]
async fn status_tells_the_holder_and_nobody_else() {
    let world = World::local();
    let token = text(&world.signed_in().await, "access_token");
    let with = |method: &str, path: &str, token: &str| {
        Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {token}"))
            .body(Body::empty())
            .expect("a request")
    };
    let status = |token: String| {
        let request = with("GET", "/oauth/status", &token);
        async { json(world.send(request).await).await }
    };
    let nobody = json!({ "authenticated": false });
    assert_eq!(json(world.get("/oauth/status").await).await, nobody);
    assert_eq!(status("mcpg_guess".to_owned()).await, nobody);
    assert_eq!(
        status(token.clone()).await,
        json!({ "authenticated": true, "user": "local", "client": "mcp-gateway", "expiresAt": 1_003_600 })
    );
    world.send(with("POST", "/oauth/logout", &token)).await;
    assert_eq!(status(token).await, nobody);
    assert!(world.facade.grants().await.expect("readable").is_empty());
}

#[tokio::test]
async fn a_client_that_insists_on_basic_authentication_is_served() {
    let world = World::local();
    let code = world.code(&[]).await;
    let body = crate::support::encoded(
        &code_form(&code)
            .into_iter()
            .filter(|(name, _)| *name != "client_id")
            .collect::<Vec<_>>(),
    );
    let request = Request::post("/oauth/token")
        .header("content-type", "application/x-www-form-urlencoded")
        // "mcp-gateway:secret"
        .header("authorization", "Basic bWNwLWdhdGV3YXk6c2VjcmV0")
        .body(body.into())
        .expect("a request");
    let tokens: Value = json(world.send(request).await).await;
    assert!(tokens["access_token"].is_string(), "{tokens}");
}

#[tokio::test]
async fn a_challenge_leads_to_the_documents() {
    let world = World::local();
    let header = world
        .facade
        .challenge(LOCAL, "/ecs/mcp", Denied::Expired.code());
    let header = header.to_str().expect("text").to_owned();
    let url = header.split('"').nth(1).expect("a URL");
    let found = world.get(&url[LOCAL.len()..]).await;
    assert_eq!(found.status(), StatusCode::OK);
    assert!(header.contains("error=\"invalid_token\""));
}
