//! A gateway for many, behind a proxy that ends TLS: people sign in at its public address.

use serde_json::json;
use testkit::{Aliyun, Browser, OAuthApp, Setup};

use super::town::{BACK, Town, browser, shown, tokens};
use super::users::signs_in_with;

const PUBLIC: &str = "https://gw.example.com";

async fn town(aliyun: Aliyun, more: impl FnOnce(Setup) -> Setup) -> Town {
    let redirect = format!("{PUBLIC}/oauth/callback");
    aliyun.allow_redirect(&redirect);
    let setup = |setup: Setup| {
        let setup = setup.env("GATEWAY_BASE_URL", PUBLIC);
        more(setup.config_in("oauth", "redirectUri", json!(redirect)))
    };
    Town::start_at(aliyun, setup).await
}

fn visitor(town: &Town) -> Browser {
    browser().proxied(PUBLIC, town.gateway.base())
}

/// A client of the service `ecs` that knows where to go.
fn app(town: &Town) -> OAuthApp {
    let (authorize, token) = (format!("{PUBLIC}/oauth/authorize"), town.at("/oauth/token"));
    let mut app = OAuthApp::new(&authorize, &token, "Story", BACK);
    app.resource = Some(format!("{PUBLIC}/ecs/mcp"));
    app
}

#[tokio::test]
async fn who_is_remembered_signs_in_again_once_the_account_was_revoked() {
    let town = town(Aliyun::start().await, |setup| setup).await;
    let app = app(&town);
    let mut browser = visitor(&town);
    let (access, _) = signs_in_with(&mut browser, &app, "bob").await;
    let bob = town.client("/ecs/mcp", &access).await;
    assert_eq!(bob.text("whoami", "{}").await, "bob");

    // As Claude Code asks: consent is wanted, a sign-in is not as long as the account works.
    let asks = app.authorize_url_with(&[("prompt", "consent")]);
    let consent = shown(browser.open(&asks).await);
    assert!(consent.text().contains("Allow Story"), "{}", consent.text());

    town.aliyun.revoke("bob");
    let refused = bob.tool("whoami", "{}").await;
    assert!(refused.body.contains("needs a sign-in"), "{refused:?}");
    assert!(refused.body.contains("/mcp in Claude Code"), "{refused:?}");
    let page = shown(browser.open(&asks).await);
    assert!(!page.text().contains("Allow Story"), "{}", page.text());
    // Alibaba Cloud still knows the browser and asks nothing.
    let consent = shown(browser.click(&page, "Alibaba Cloud").await);
    let back = browser.click(&consent, "Allow").await.application();
    let (access, _) = tokens(&app.exchange(&app.code(&back)).await);
    let bob = town.client("/ecs/mcp", &access).await;
    assert_eq!(bob.text("whoami", "{}").await, "bob");
}

#[tokio::test]
async fn who_says_no_at_the_other_site_finds_the_way_back_to_the_client() {
    let town = town(Aliyun::start().await, |setup| setup).await;
    let app = app(&town);
    let mut browser = visitor(&town);
    let page = shown(browser.open(&app.authorize_url()).await);
    let login = browser.click(&page, "Alibaba Cloud").await.page();
    let user = [("user", "bob")];
    let consent = browser.submit(&login, &login.form("login"), &user).await;
    let told = browser
        .press(&consent.page(), "decision", "deny")
        .await
        .page();
    assert!(
        told.text().contains("You are not signed in"),
        "{}",
        told.text()
    );

    let again = shown(browser.click(&told, "Back").await);
    // There they are remembered by now, and are asked nothing.
    let consent = shown(browser.click(&again, "Alibaba Cloud").await);
    let back = browser.click(&consent, "Allow").await.application();
    let (access, _) = tokens(&app.exchange(&app.code(&back)).await);
    let bob = town.client("/ecs/mcp", &access).await;
    assert_eq!(bob.text("whoami", "{}").await, "bob");
}

#[tokio::test]
async fn the_token_of_the_configuration_is_the_owners_and_others_sign_in() {
    let aliyun = Aliyun::start().await;
    let credential = aliyun.credential("alice");
    let named = |setup: Setup| setup.config_in("mcpServer", "token", json!(credential));
    let town = town(aliyun, named).await;
    let owner = town.client("/ecs/mcp", &town.owners_token().await).await;
    assert_eq!(owner.text("whoami", "{}").await, "alice");

    let (access, _) = signs_in_with(&mut visitor(&town), &app(&town), "bob").await;
    let bob = town.client("/ecs/mcp", &access).await;
    assert_eq!(bob.text("whoami", "{}").await, "bob");
    assert_eq!(owner.text("whoami", "{}").await, "alice");
    assert_eq!(town.aliyun.counts().crossed, 0);

    let api = town.gateway.api();
    let accounts = api.json("/api/accounts").await;
    let accounts = accounts["accounts"].as_array().expect("accounts");
    let is_static = |account: &serde_json::Value| account["static"] == true;
    assert_eq!(accounts.len(), 2, "{accounts:#?}");
    assert!(is_static(&accounts[0]) && !is_static(&accounts[1]));
    let (provider, user) = (&accounts[1]["provider"], &accounts[1]["user"]);
    let sign_in = async |ask| api.post("/api/accounts/sign-in", &ask).await.status;
    assert_ne!(sign_in(json!({"provider": provider})).await, 200);
    let ask = json!({"provider": provider, "user": user});
    assert_eq!(sign_in(ask).await, 200);
}
