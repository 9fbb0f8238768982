//! Two users, and nothing crosses.

use std::sync::Arc;

use serde_json::json;
use testkit::aliyun::Kind;
use testkit::client::VERSION;
use testkit::{Browser, McpHttp, OAuthApp};
use tokio::sync::{Barrier, Semaphore};

use super::town::{BACK, Town, await_tools, browser, is_safe, shown, tokens};

/// Somebody shows at Alibaba Cloud who they are, and allows the client; gives the client's tokens.
async fn signs_in(app: &OAuthApp, user: &str) -> (String, String) {
    signs_in_with(&mut browser(), app, user).await
}

/// The same in a browser that goes on living.
pub(super) async fn signs_in_with(
    browser: &mut Browser,
    app: &OAuthApp,
    user: &str,
) -> (String, String) {
    let page = shown(browser.open(&app.authorize_url()).await);
    is_safe(&page);
    let login = browser.click(&page, "Alibaba Cloud").await;
    let consent = shown(browser.sign_in(login, user).await);
    is_safe(&consent);
    assert!(consent.text().contains("Story"), "{}", consent.text());
    let back = browser.click(&consent, "Allow").await.application();
    tokens(&app.exchange(&app.code(&back)).await)
}

#[tokio::test]
async fn everybody_calls_under_their_own_account() {
    let town = Town::start().await;
    town.owner_signs_in("alice").await;
    let owner = town.client("/ecs/mcp", &town.owners_token().await).await;
    let app = town.app("/ecs/mcp", None).await;
    let (access, _) = signs_in(&app, "bob").await;
    let bob = town.client("/ecs/mcp", &access).await;
    for _ in 0..3 {
        assert_eq!(bob.text("whoami", "{}").await, "bob");
        assert_eq!(owner.text("whoami", "{}").await, "alice");
    }
    assert_eq!(town.aliyun.counts().crossed, 0);
    let status = town.gateway.server_status("ecs").await;
    assert_eq!(status["pool"]["total"], 2, "of both users: {status:#}");

    // The session of one is nothing to the other.
    let thief = town
        .stranger("/ecs/mcp")
        .with("authorization", &format!("Bearer {access}"))
        .with("mcp-session-id", owner.session());
    let refused = thief.tool("whoami", "{}").await;
    assert!(refused.status >= 400, "{refused:?}");
}

#[tokio::test]
async fn who_shows_the_owners_account_is_the_owner() {
    let town = Town::start().await;
    town.owner_signs_in("alice").await;
    let app = town.app("/ecs/mcp", None).await;
    signs_in(&app, "alice").await;
    let grants = town.gateway.api().json("/api/grants").await;
    assert_eq!(grants["grants"][0]["user"], "local", "{grants}");
}

#[tokio::test]
async fn what_one_user_loses_no_other_does() {
    let town = Town::start().await;
    let app = town.app("/ecs/mcp", None).await;
    let (alices, _) = signs_in(&app, "alice").await;
    let (bobs, _) = signs_in(&app, "bob").await;
    let (alice, bob) = (
        town.client("/ecs/mcp", &alices).await,
        town.client("/ecs/mcp", &bobs).await,
    );
    assert_eq!(alice.text("whoami", "{}").await, "alice");
    town.aliyun.revoke("alice");
    let refused = alice.tool("whoami", "{}").await;
    assert!(!refused.body.contains("\"alice\""), "{refused:?}");
    assert_eq!(bob.text("whoami", "{}").await, "bob");

    let subject = town.aliyun.subject("bob");
    let grants = town.gateway.api().json("/api/grants").await;
    let grants = grants["grants"].as_array().expect("grants");
    let mut users = grants.iter().filter_map(|grant| grant["user"].as_str());
    let bobs_user = users.rfind(|user| user.ends_with(&subject)).expect("bob");
    let gone = town
        .gateway
        .api()
        .bare("DELETE", &format!("/api/users/{bobs_user}"))
        .await;
    assert_eq!(gone.status, 200, "{gone:?}");
    let bob = town
        .stranger("/ecs/mcp")
        .with("authorization", &format!("Bearer {bobs}"));
    assert_eq!(bob.call("tools/list", "{}").await.status, 401);
}

#[tokio::test]
async fn a_hundred_users_at_once() {
    let town = Town::start().await;
    let first = town.app("/ecs/mcp", None).await;
    // On the owner's own machine only so many may ask for the owner's word at once.
    let asking = Arc::new(Semaphore::new(15));
    let everybody = Arc::new(Barrier::new(100));
    let walks = (0..100).map(|number| {
        let (asking, everybody) = (Arc::clone(&asking), Arc::clone(&everybody));
        let (authorize, token) = (&first.authorization_endpoint, &first.token_endpoint);
        let mut app = OAuthApp::new(authorize, token, &first.client_id, BACK);
        app.resource = first.resource.clone();
        let endpoint = town.at("/ecs/mcp");
        tokio::spawn(async move {
            let user = format!("user-{number}");
            let turn = asking.acquire().await.expect("open");
            let (access, _) = signs_in(&app, &user).await;
            drop(turn);
            everybody.wait().await;
            let mut client =
                McpHttp::new(endpoint).with("authorization", &format!("Bearer {access}"));
            client.initialize("{}", VERSION).await;
            await_tools(&client).await;
            for _ in 0..3 {
                assert_eq!(client.text("whoami", "{}").await, user);
            }
        })
    });
    for walk in walks.collect::<Vec<_>>() {
        walk.await.expect("each gets their own");
    }
    let counts = town.aliyun.counts();
    assert_eq!((counts.crossed, counts.asked(Kind::Exchange)), (0, 100));
}

#[tokio::test]
async fn a_name_in_a_header_makes_nobody() {
    let town = Town::start().await;
    town.owner_signs_in("alice").await;
    let app = town.app("/ecs/mcp", None).await;
    let (access, _) = signs_in(&app, "bob").await;
    let subject = town.aliyun.subject("alice");
    let forged = town
        .stranger("/ecs/mcp")
        .with("authorization", &format!("Bearer {access}"))
        .with("x-user-id", "local");
    let mut forged = forged.with("x-forwarded-user", &subject);
    forged.initialize("{}", VERSION).await;
    let answer = forged.tool("whoami", "{}").await;
    assert!(!answer.body.contains("\"alice\""), "{answer:?}");
    assert_eq!(town.aliyun.counts().crossed, 0);
}

#[tokio::test]
async fn beside_a_clients_token_the_header_names_one_more_account_of_its_user() {
    let town = Town::start().await;
    town.owner_signs_in("alice").await;
    let token = town.owners_token().await;
    let at_work = || {
        town.stranger("/ecs/mcp")
            .with("authorization", &format!("Bearer {token}"))
            .with("x-user-id", "work")
    };
    let mut early = at_work();
    early.initialize("{}", VERSION).await;
    let refused = early.tool("whoami", "{}").await;
    assert!(refused.body.contains("needs a sign-in"), "{refused:?}");
    assert!(refused.body.contains("--user local/work"), "{refused:?}");

    signs_in_as(&town, "local/work", "carol").await;
    let mut work = at_work();
    work.initialize("{}", VERSION).await;
    await_tools(&work).await;
    assert_eq!(work.text("whoami", "{}").await, "carol");
    let owner = town.client("/ecs/mcp", &token).await;
    assert_eq!(owner.text("whoami", "{}").await, "alice");
    assert_eq!(town.aliyun.counts().crossed, 0);
}

/// The owner begins a sign-in for another user, who goes through with it.
async fn signs_in_as(town: &Town, user: &str, person: &str) {
    let provider = town.account().await["provider"].clone();
    let ask = json!({"provider": provider, "user": user});
    let api = town.gateway.api();
    let begun = api.post("/api/accounts/sign-in", &ask).await.json();
    let address = begun["authorizeUrl"].as_str().expect("a URL").to_owned();
    let mut browser = Browser::new();
    let login = browser.open(&address).await;
    shown(browser.sign_in(login, person).await);
}

#[tokio::test]
async fn who_is_removed_leaves_no_account_behind() {
    let town = Town::start().await;
    let api = town.gateway.api();
    for (user, person) in [("bob", "bob"), ("bob/work", "carol"), ("bobby", "dave")] {
        signs_in_as(&town, user, person).await;
        let ask = json!({"label": "Story", "user": user});
        assert_eq!(api.post("/api/grants", &ask).await.status, 200);
    }
    let gone = api.bare("DELETE", "/api/users/bob").await;
    assert_eq!(gone.status, 200, "{gone:?}");
    let users = async |path: &str, list: &str| {
        let all = api.json(path).await;
        let all = all[list].as_array().expect("a list").clone();
        let users = all
            .iter()
            .map(|one| one["user"].as_str().map(str::to_owned));
        users.collect::<Option<Vec<_>>>().expect("users")
    };
    assert_eq!(users("/api/accounts", "accounts").await, ["local", "bobby"]);
    assert_eq!(users("/api/grants", "grants").await, ["bobby"]);
}
