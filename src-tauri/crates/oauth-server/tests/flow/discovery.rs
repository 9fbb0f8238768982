//! Clients find their way and register.

use axum::http::StatusCode;
use serde_json::json;

use crate::support::{LOCAL, World, json, text};

#[tokio::test]
async fn documents_are_where_clients_look() {
    let world = World::local();
    for (path, key, value) in [
        ("oauth-protected-resource", "resource", LOCAL.to_owned()),
        (
            "oauth-protected-resource/mcp",
            "resource",
            format!("{LOCAL}/mcp"),
        ),
        (
            "oauth-protected-resource/mcp/",
            "resource",
            format!("{LOCAL}/mcp/"),
        ),
        (
            "oauth-protected-resource/ecs/mcp",
            "resource",
            format!("{LOCAL}/ecs/mcp"),
        ),
        ("oauth-authorization-server", "issuer", LOCAL.to_owned()),
        (
            "oauth-authorization-server/ecs/mcp",
            "issuer",
            LOCAL.to_owned(),
        ),
        ("openid-configuration", "issuer", LOCAL.to_owned()),
        ("openid-configuration/mcp", "issuer", LOCAL.to_owned()),
    ] {
        let response = world.get(&format!("/.well-known/{path}")).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(text(&json(response).await, key), value, "{path}");
    }
    for path in [
        "oauth-protected-resource/rds/mcp",
        "oauth-authorization-server/x",
    ] {
        let response = world.get(&format!("/.well-known/{path}")).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_registration_is_answered_with_what_was_asked() {
    let world = World::local();
    let response = world
        .register(json!({
            "client_name": "Claude Code", "redirect_uris": ["http://localhost:1/callback"],
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
            "token_endpoint_auth_method": "none", "application_type": "native",
        }))
        .await;
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.headers()["cache-control"], "no-store");
    let document = json(response).await;
    assert_eq!(
        document["redirect_uris"],
        json!(["http://localhost:1/callback"])
    );
    assert_eq!(document["token_endpoint_auth_method"], "none");
    assert_eq!(document["application_type"], "native");
    assert!(document.get("client_secret").is_none());

    let refused = world
        .register(json!({ "redirect_uris": ["http://elsewhere.example/"] }))
        .await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(json(refused).await["error"], "invalid_redirect_uri");
    let large = world
        .register(json!({ "client_name": "x".repeat(70_000) }))
        .await;
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn registrations_are_bounded_and_make_room_for_new_ones() {
    let world = World::local();
    let document = json!({ "redirect_uris": ["http://localhost/cb"] });
    for n in 0..500 {
        let response = world.register(document.clone()).await;
        assert_eq!(response.status(), StatusCode::CREATED, "{n}");
    }
    let full = world.register(document.clone()).await;
    assert_eq!(full.status(), StatusCode::TOO_MANY_REQUESTS);
    world.pass(600);
    let pushed = world.register(document).await;
    assert_eq!(pushed.status(), StatusCode::CREATED);
}
