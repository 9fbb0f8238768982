//! Requests that are out of order: told on a page, or to the client.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use crate::support::{Browser, CALLBACK, LOCAL, World, answer, authorize, encoded, json};

#[tokio::test]
async fn what_cannot_be_trusted_is_told_on_a_page() {
    let world = World::local();
    for changes in [
        [("client_id", ""), ("x", "")],
        [("redirect_uri", ""), ("x", "")],
        [("redirect_uri", "javascript:alert(1)"), ("x", "")],
        [("redirect_uri", "data:text/html,x"), ("x", "")],
        [("redirect_uri", "http://evil.example/cb"), ("x", "")],
        [("redirect_uri", "https://evil.example/cb"), ("x", "")],
        [("redirect_uri", "evil://cb"), ("x", "")],
        [("redirect_uri", "http://localhost:1/cb#x"), ("x", "")],
        [
            ("redirect_uri", "http://localhost:1@evil.example/"),
            ("x", ""),
        ],
        [("client_id", "https://10.0.0.1/client.json"), ("x", "")],
    ] {
        let mut browser = Browser::new(&world);
        let page = browser.open(&authorize(&changes)).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{changes:?}");
        assert!(page.headers.get("location").is_none(), "{changes:?}");
        assert!(page.body.contains("<h1>"), "{changes:?}");
        assert!(!page.body.contains("evil.example"), "{changes:?}");
    }
    let twice = format!(
        "{}&{}",
        authorize(&[]),
        encoded(&[("redirect_uri", CALLBACK)])
    );
    assert_eq!(
        Browser::new(&world).open(&twice).await.status,
        StatusCode::BAD_REQUEST
    );
    let long = format!("{}&x={}", authorize(&[]), "x".repeat(20_000));
    assert_eq!(
        Browser::new(&world).open(&long).await.status,
        StatusCode::BAD_REQUEST
    );
    assert!(world.facade.approvals().is_empty());
}

#[tokio::test]
async fn the_rest_is_told_to_the_client() {
    let world = World::local();
    for (changes, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", ""), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (
            ("resource", "https://elsewhere.example/mcp"),
            "invalid_target",
        ),
        (
            ("resource", "http://localhost:4298/nothing"),
            "invalid_target",
        ),
        (("prompt", "none"), "consent_required"),
    ] {
        let told = Browser::new(&world)
            .open(&authorize(&[changes]))
            .await
            .location();
        assert!(told.starts_with(CALLBACK), "{changes:?}");
        let told = answer(&told);
        assert_eq!(told["error"], error, "{changes:?}");
        assert_eq!(
            (told["state"].as_str(), told["iss"].as_str()),
            ("xyz", LOCAL)
        );
    }
    let twice = format!("{}&scope=a&scope=b", authorize(&[]));
    let told = answer(&Browser::new(&world).open(&twice).await.location());
    assert_eq!(told["error"], "invalid_request");
    assert!(world.facade.approvals().is_empty());
}

/// `mcp-remote` looks at the address before it opens the browser there.
#[tokio::test]
async fn a_program_that_looks_first_asks_nobody() {
    let world = World::local();
    for (changes, status, error) in [
        (
            ("x", ""),
            StatusCode::NOT_ACCEPTABLE,
            "interaction_required",
        ),
        (
            ("redirect_uri", "https://evil.example/cb"),
            StatusCode::BAD_REQUEST,
            "invalid_client",
        ),
        (
            ("redirect_uri", ""),
            StatusCode::BAD_REQUEST,
            "invalid_request",
        ),
        (
            ("code_challenge", ""),
            StatusCode::BAD_REQUEST,
            "invalid_request",
        ),
    ] {
        let look = Request::get(authorize(&[changes]))
            .header("accept", "application/json")
            .body(Body::empty())
            .expect("a request");
        let response = world.send(look).await;
        assert_eq!(response.status(), status, "{changes:?}");
        assert!(response.headers().get("set-cookie").is_none());
        assert_eq!(json(response).await["error"], error, "{changes:?}");
    }
    assert!(world.facade.approvals().is_empty());
}

#[tokio::test]
async fn a_look_at_the_head_uses_nothing_up() {
    let world = World::local();
    let mut browser = Browser::new(&world);
    browser.open(&authorize(&[])).await;
    world.facade.approve(&world.facade.approvals()[0].id);
    let head = Request::head(&browser.at)
        .body(Body::empty())
        .expect("a request");
    assert_eq!(
        world.send(head).await.status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
    assert!(answer(&browser.follow().await.location()).contains_key("code"));
}

#[tokio::test]
async fn forms_are_forms_and_small() {
    let world = World::local();
    for path in ["/oauth/token", "/oauth/revoke"] {
        let json = Request::post(path)
            .header("content-type", "application/json")
            .body("{}".into())
            .expect("a request");
        assert_eq!(world.send(json).await.status(), StatusCode::BAD_REQUEST);
        let large = "x".repeat(70_000);
        let response = world.post(path, &[("token", &large)]).await;
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
