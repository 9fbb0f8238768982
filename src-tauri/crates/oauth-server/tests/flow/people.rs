//! People who show who they are by signing in to an account.

use axum::http::{HeaderMap, StatusCode};
use oauth_server::{Denied, Words};
use serde_json::json;

use crate::support::{Browser, PUBLIC, Seen, World, answer, authorize, text};

const ANN: &str = "aliyun:intl:ann";

/// Brings a browser up to the page that asks it to sign in, and begins that.
async fn begun(browser: &mut Browser<'_>, changes: &[(&str, &str)]) -> String {
    browser.open(&authorize(changes)).await;
    let page = browser.follow().await;
    assert!(
        page.body.contains("Continue with Alibaba Cloud"),
        "{}",
        page.body
    );
    let away = browser
        .open(&format!("{}/sign-in", browser.at.clone()))
        .await
        .location();
    answer(&away)["then"].clone()
}

/// The browser comes back as somebody.
async fn back(world: &World, browser: &mut Browser<'_>, then: &str, user: &str) -> Seen {
    let response = world.facade.signed_in(&HeaderMap::new(), then, user, "Ann");
    browser.see(response).await;
    let redeemed = browser.follow().await;
    if redeemed.status != StatusCode::SEE_OTHER {
        return redeemed;
    }
    browser.follow().await
}

#[tokio::test]
async fn a_person_signs_in_consents_and_is_remembered() {
    let world = World::public();
    let mut browser = Browser::new(&world);
    let then = begun(&mut browser, &[]).await;
    let page = back(&world, &mut browser, &then, ANN).await;
    assert!(
        page.body.contains("Allow mcp-gateway to use your tools?"),
        "{}",
        page.body
    );
    let told = answer(&browser.press(&page, "allow").await.location());
    let (_, tokens) = world.exchange(&told["code"]).await;
    let token = text(&tokens, "access_token");
    assert_eq!(
        world
            .facade
            .caller(&token, "/mcp")
            .await
            .expect("allowed")
            .user,
        ANN
    );

    // The next client needs consent, but no sign-in; also after a restart.
    let world2 = world.restarted();
    let mut again = Browser::new(&world2);
    again.cookies = browser.cookies.clone();
    again.open(&authorize(&[("prompt", "consent")])).await;
    let page = again.follow().await;
    assert!(page.body.contains("Allow mcp-gateway"), "{}", page.body);
    again.open(&authorize(&[("prompt", "login")])).await;
    let page = again.follow().await;
    assert!(page.body.contains("Sign in to continue"));
}

#[tokio::test]
async fn who_is_remembered_with_an_account_that_was_revoked_signs_in_again() {
    let world = World::public();
    let mut browser = Browser::new(&world);
    let then = begun(&mut browser, &[]).await;
    back(&world, &mut browser, &then, ANN).await;
    world.revoke_accounts(true);
    let then = begun(&mut browser, &[("prompt", "consent")]).await;
    world.revoke_accounts(false);
    let page = back(&world, &mut browser, &then, ANN).await;
    assert!(page.body.contains("Allow mcp-gateway"), "{}", page.body);
    browser.open(&authorize(&[("prompt", "consent")])).await;
    let page = browser.follow().await;
    assert!(page.body.contains("Allow mcp-gateway"), "{}", page.body);
}

#[tokio::test]
async fn a_sign_in_in_one_browser_does_not_count_in_another() {
    let world = World::public();
    // Somebody begins, and has a victim finish the sign-in.
    let mut thief = Browser::new(&world);
    let then = begun(&mut thief, &[]).await;
    let wait = thief.at.trim_end_matches("/sign-in").to_owned();
    let mut victim = Browser::new(&world);
    let page = back(&world, &mut victim, &then, ANN).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(!victim.cookies.keys().any(|name| name.contains("person")));
    let page = thief.open(&wait).await;
    assert!(page.body.contains("Sign in to continue"), "{}", page.body);
}

#[tokio::test]
async fn consent_cannot_be_forged() {
    let world = World::public();
    let mut browser = Browser::new(&world);
    let then = begun(&mut browser, &[]).await;
    let page = back(&world, &mut browser, &then, ANN).await;
    let request = page.field("request");
    let forged = browser
        .submit(&[
            ("request", &request),
            ("token", "guess"),
            ("decision", "allow"),
        ])
        .await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let without = browser
        .submit(&[("request", &request), ("decision", "allow")])
        .await;
    assert_eq!(without.status, StatusCode::BAD_REQUEST);
    // The token of one request is not good for another one of the same browser.
    browser.open(&authorize(&[("client_id", "other")])).await;
    let other = browser.follow().await;
    let crossed = browser
        .submit(&[
            ("request", &request),
            ("token", &other.field("token")),
            ("decision", "allow"),
        ])
        .await;
    assert_eq!(crossed.status, StatusCode::FORBIDDEN);
    assert!(answer(&browser.press(&page, "allow").await.location()).contains_key("code"));
    assert_eq!(browser.press(&page, "allow").await.status, StatusCode::GONE);
}

#[tokio::test]
async fn somebody_else_may_use_the_browser() {
    let world = World::public();
    let mut browser = Browser::new(&world);
    let then = begun(&mut browser, &[]).await;
    let page = back(&world, &mut browser, &then, ANN).await;
    assert!(browser.cookies.keys().any(|name| name.contains("person")));
    browser.press(&page, "switch").await;
    assert!(!browser.cookies.keys().any(|name| name.contains("person")));
    let page = browser.follow().await;
    assert!(page.body.contains("Sign in to continue"), "{}", page.body);
    let page = back(&world, &mut browser, &then, "aliyun:intl:bob").await;
    let told = answer(&browser.press(&page, "allow").await.location());
    let (_, tokens) = world.exchange(&told["code"]).await;
    let token = text(&tokens, "access_token");
    assert_eq!(
        world
            .facade
            .caller(&token, "/mcp")
            .await
            .expect("allowed")
            .user,
        "aliyun:intl:bob"
    );
}

#[tokio::test]
async fn a_failed_sign_in_may_be_tried_again() {
    let world = World::public();
    let mut browser = Browser::new(&world);
    let then = begun(&mut browser, &[]).await;
    let why = Words::new("You refused.", "您已拒绝。");
    let response = world.facade.sign_in_failed(&HeaderMap::new(), &then, &why);
    let page = browser.see(response).await;
    assert!(page.body.contains("You refused."));
    assert!(page.body.contains(&format!("{PUBLIC}/oauth/wait/{then}")));
    let lost = world
        .facade
        .signed_in(&HeaderMap::new(), "unknown", ANN, "Ann");
    assert_eq!(lost.status(), StatusCode::GONE);
}

#[tokio::test]
async fn a_user_that_is_thrown_out_has_nothing_left() {
    let world = World::public();
    let mut browser = Browser::new(&world);
    let then = begun(&mut browser, &[]).await;
    let page = back(&world, &mut browser, &then, ANN).await;
    let told = answer(&browser.press(&page, "allow").await.location());
    let (_, tokens) = world.exchange(&told["code"]).await;
    browser.open(&authorize(&[])).await;
    let asked = browser.follow().await;
    assert!(asked.body.contains("Allow mcp-gateway"));
    let kept = world.facade.issue("local", "Cursor").await.expect("issued");

    assert_eq!(world.facade.revoke_user(ANN).await, Ok(1));
    let token = text(&tokens, "access_token");
    assert_eq!(
        world.facade.caller(&token, "/mcp").await,
        Err(Denied::Unknown)
    );
    assert_eq!(
        browser.press(&asked, "allow").await.status,
        StatusCode::BAD_REQUEST
    );
    browser.open(&authorize(&[])).await;
    assert!(browser.follow().await.body.contains("Sign in to continue"));
    assert!(
        world
            .facade
            .caller(kept.token.reveal(), "/mcp")
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn where_nobody_can_sign_in_the_page_says_so() {
    let world = World::with(PUBLIC, vault::Vault::in_memory());
    let page = Browser::new(&world).open(&authorize(&[])).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.body.contains("mcp-gateway token new LABEL"));
}

#[tokio::test]
async fn on_plain_http_nobody_is_remembered() {
    let world = World::local();
    world.offer_account();
    let mut browser = Browser::new(&world);
    browser.open(&authorize(&[])).await;
    let page = browser.follow().await;
    assert!(page.body.contains("Sign in with Alibaba Cloud instead"));
    let away = browser
        .open(&format!("{}/sign-in", browser.at.clone()))
        .await
        .location();
    let then = answer(&away)["then"].clone();
    let page = back(&world, &mut browser, &then, ANN).await;
    assert!(world.facade.approvals().is_empty());
    assert!(answer(&browser.press(&page, "allow").await.location()).contains_key("code"));
    assert_eq!(
        browser.cookies.keys().collect::<Vec<_>>(),
        ["mcp_gateway_visit"]
    );
}

#[tokio::test]
async fn a_hundred_people_at_once_stay_apart() {
    let world = World::public();
    let one = async |n: usize| {
        let user = format!("aliyun:intl:{n}");
        let mut browser = Browser::new(&world);
        let then = begun(&mut browser, &[]).await;
        let page = back(&world, &mut browser, &then, &user).await;
        let told = answer(&browser.press(&page, "allow").await.location());
        let (status, tokens) = world.exchange(&told["code"]).await;
        assert_eq!(status, StatusCode::OK);
        let (_, next) = world.refresh(&text(&tokens, "refresh_token")).await;
        for tokens in [tokens, next] {
            let token = text(&tokens, "access_token");
            assert_eq!(
                world
                    .facade
                    .caller(&token, "/mcp")
                    .await
                    .expect("allowed")
                    .user,
                user
            );
        }
    };
    futures_util::future::join_all((0..100).map(one)).await;
    assert_eq!(world.facade.grants().await.expect("readable").len(), 100);
    let registered = world
        .register(json!({ "redirect_uris": ["http://localhost/"] }))
        .await;
    assert_eq!(registered.status(), StatusCode::CREATED);
}
