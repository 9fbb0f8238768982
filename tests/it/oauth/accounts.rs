//! The owner signs in once and is not asked again, as long as Alibaba Cloud does not insist.

use serde_json::json;
use testkit::aliyun::{Announced, Kind, Rotation, Said, Trouble};
use testkit::{Browser, wait};

use super::town::{Town, is_safe};

#[tokio::test]
async fn from_the_click_to_a_tool_call() {
    let town = Town::start().await;
    let page = town.owner_signs_in("alice").await;
    assert_eq!(page.answer.status, 200, "{page:#?}");
    is_safe(&page);
    let account = town.account().await;
    assert_eq!(
        account["subject"],
        town.aliyun.subject("alice"),
        "{account}"
    );
    assert_eq!(account["name"], "alice", "{account}");

    let token = town.owners_token().await;
    let ecs = town.client("/ecs/mcp", &token).await;
    assert_eq!(ecs.text("whoami", "{}").await, "alice");
    let oss = town.client("/oss/mcp", &token).await;
    let told: serde_json::Value =
        serde_json::from_str(&oss.tool("whoami", "{}").await.result()).expect("JSON");
    assert_eq!(told["structuredContent"]["service"], "/id/42/mcp");
    for call in town.aliyun.calls() {
        assert_ne!(
            call.header("authorization"),
            format!("Bearer {token}"),
            "the gateway's token went upstream"
        );
    }
}

#[tokio::test]
async fn the_services_are_in_the_aggregate_once_somebody_is_signed_in() {
    let town = Town::start().await;
    let token = town.owners_token().await;
    town.owner_signs_in("alice").await;
    town.gateway.await_any_tools("ecs").await;
    town.gateway.await_any_tools("oss").await;
    let client = town.client("/mcp", &token).await;
    assert!(client.tool_names().await.contains(&"ecs_whoami".to_owned()));
    assert_eq!(client.text("oss_whoami", "{}").await, "alice");
}

#[tokio::test]
async fn a_call_that_needs_more_is_refused_alone_and_the_next_sign_in_asks_for_it() {
    let town = Town::start().await;
    let token = town.owners_token().await;
    town.owner_signs_in("alice").await;
    let client = town.client("/ecs/mcp", &token).await;
    assert_eq!(client.text("whoami", "{}").await, "alice");

    town.aliyun
        .behave(|behaviour| behaviour.mcp_scope = Some("aliuid".to_owned()));
    let refused = client.tool("whoami", "{}").await.error();
    let why = refused["message"].as_str().expect("a message");
    assert!(why.contains("needs the scope `aliuid`"), "{why}");
    let seen = town.aliyun.seen(Kind::Mcp);
    let refused = seen.iter().filter(|seen| seen.status == 403);
    assert_eq!(refused.count(), 1, "it was tried again: {seen:#?}");
    // What needs no more than was granted goes on as before.
    let server = town.gateway.server_status("ecs").await;
    assert_eq!(server["state"], "ready", "{server}");
    assert_eq!(server["pool"]["total"], 1, "{server}");
    let account = town.account().await;
    assert_eq!(account["wanted"], "aliuid", "{account}");

    let begun = town.begin_sign_in().await;
    let authorize = begun["authorizeUrl"].as_str().expect("a URL");
    assert!(authorize.contains("aliuid"), "{authorize}");
    assert!(authorize.contains("mcp-server"), "{authorize}");
    let mut browser = Browser::new();
    let login = browser.open(authorize).await;
    browser.sign_in(login, "alice").await.page();
    let answered = async || {
        let answer = client.tool("whoami", "{}").await;
        answer.body.contains("alice").then_some(())
    };
    wait::until("calls are answered again", answered).await;
    assert_eq!(town.account().await["wanted"], json!(null));
}

#[tokio::test]
async fn an_expired_token_is_refreshed_once_for_all_who_wait() {
    let town = Town::start().await;
    let token = town.owners_token().await;
    town.owner_signs_in("alice").await;
    let client = town.client("/ecs/mcp", &token).await;
    assert_eq!(client.text("whoami", "{}").await, "alice");

    town.aliyun.expire("alice");
    let calls = (0..20).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.text("whoami", "{}").await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.expect("no panic"), "alice");
    }
    let counts = town.aliyun.counts();
    assert_eq!(
        (counts.asked(Kind::Refresh), counts.refused(Kind::Refresh)),
        (1, 0)
    );
}

#[tokio::test]
async fn a_token_is_refreshed_before_its_end_and_not_only_once_it_is_refused() {
    let town = Town::start().await;
    let token = town.owners_token().await;
    town.aliyun
        .behave(|behaviour| behaviour.announced = Announced::Untrue(json!("2")));
    town.owner_signs_in("alice").await;
    town.aliyun
        .behave(|behaviour| behaviour.announced = Announced::Text);
    let client = town.client("/ecs/mcp", &token).await;
    testkit::wait::until("the token is another one", async || {
        assert_eq!(client.text("whoami", "{}").await, "alice");
        (town.aliyun.counts().asked(Kind::Refresh) == 1).then_some(())
    })
    .await;
    let refused = town.aliyun.seen(Kind::Mcp).into_iter();
    assert_eq!(refused.filter(|seen| seen.status == 401).count(), 0);
}

#[tokio::test]
async fn who_was_signed_in_is_so_after_a_restart() {
    let mut town = Town::start().await;
    let token = town.owners_token().await;
    town.owner_signs_in("alice").await;
    assert!(town.gateway.stop().await.success());
    town.gateway.restart().await;
    let client = town.client("/ecs/mcp", &token).await;
    assert_eq!(client.text("whoami", "{}").await, "alice");
    assert_eq!(town.aliyun.counts().asked(Kind::Exchange), 1);
}

#[tokio::test]
async fn what_was_revoked_needs_a_sign_in_and_no_storm() {
    let town = Town::start().await;
    let token = town.owners_token().await;
    town.owner_signs_in("alice").await;
    let client = town.client("/ecs/mcp", &token).await;
    assert_eq!(client.text("whoami", "{}").await, "alice");

    town.aliyun.revoke("alice");
    for _ in 0..5 {
        let refused = client.tool("whoami", "{}").await;
        assert!(refused.body.contains("needs a sign-in"), "{refused:?}");
    }
    town.await_account("needsSignIn").await;
    assert_eq!(town.aliyun.counts().asked(Kind::Refresh), 1);

    town.owner_signs_in("alice").await;
    let client = town.client("/ecs/mcp", &token).await;
    assert_eq!(client.text("whoami", "{}").await, "alice");
}

#[tokio::test]
async fn trouble_that_passes_is_no_reason_to_sign_in_again() {
    let town = Town::start().await;
    let token = town.owners_token().await;
    town.owner_signs_in("alice").await;
    let client = town.client("/ecs/mcp", &token).await;
    assert_eq!(client.text("whoami", "{}").await, "alice");

    town.aliyun.behave(|behaviour| {
        behaviour.rotation = Rotation::Grace(30);
        behaviour.always(Kind::Refresh, Trouble::Status(503));
    });
    town.aliyun.expire("alice");
    let failed = client.tool("whoami", "{}").await;
    assert!(!failed.body.contains("\"alice\""), "{failed:?}");
    assert_eq!(town.account().await["state"], "signedIn");

    town.aliyun
        .behave(|behaviour| behaviour.well(Kind::Refresh));
    testkit::wait::until("calls work again", async || {
        let answer = client.tool("whoami", "{}").await;
        answer.body.contains("\"alice\"").then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_answer_to_a_sign_in_counts_once_and_only_if_it_is_genuine() {
    let town = Town::start().await;
    let begun = town.begin_sign_in().await;
    let start = begun["authorizeUrl"].as_str().expect("a URL").to_owned();
    let mut browser = Browser::new().application(town.at("/oauth/callback"));
    town.aliyun
        .behave(|behaviour| behaviour.auto_login = Some("alice".to_owned()));

    let genuine = browser.open(&start).await.application();
    let forged = genuine.as_str().replace("state=", "state=x");
    let mut plain = Browser::new();
    let refused = plain.open(&forged).await.page();
    assert!(refused.answer.status >= 400, "{refused:#?}");
    is_safe(&refused);
    assert_eq!(town.aliyun.counts().asked(Kind::Exchange), 0);

    assert_eq!(plain.open(genuine.as_str()).await.page().answer.status, 200);
    town.await_account("signedIn").await;
    assert!(
        plain.open(genuine.as_str()).await.page().answer.status >= 400,
        "a replay"
    );
    assert_eq!(town.aliyun.counts().asked(Kind::Exchange), 1);
    assert_eq!(town.account().await["state"], "signedIn");
}

#[tokio::test]
async fn an_answer_with_another_state_or_without_consent_signs_nobody_in() {
    let town = Town::start().await;
    town.aliyun.behave(|behaviour| {
        behaviour.auto_login = Some("alice".to_owned());
        behaviour.state = Said::Wrong;
    });
    let begun = town.begin_sign_in().await;
    let page = Browser::new()
        .open(begun["authorizeUrl"].as_str().expect("a URL"))
        .await
        .page();
    assert!(page.answer.status >= 400, "{page:#?}");

    town.aliyun.behave(|behaviour| {
        behaviour.auto_login = None;
        behaviour.state = Said::Right;
    });
    let begun = town.begin_sign_in().await;
    let mut browser = Browser::new();
    let login = browser
        .open(begun["authorizeUrl"].as_str().expect("a URL"))
        .await
        .page();
    let consent = browser.press(&login, "user", "bob").await.page();
    let page = browser.press(&consent, "decision", "deny").await.page();
    is_safe(&page);
    assert_eq!(town.aliyun.counts().asked(Kind::Exchange), 0);
    assert_ne!(town.account().await["state"], "signedIn");
}

#[tokio::test]
async fn signing_out_gives_the_tokens_back() {
    let town = Town::start().await;
    town.owner_signs_in("alice").await;
    let provider = town.account().await["provider"].clone();
    let out = town
        .gateway
        .api()
        .post("/api/accounts/sign-out", &json!({"provider": provider}))
        .await;
    assert_eq!(out.status, 200, "{out:?}");
    town.await_account("signedOut").await;
    testkit::wait::until_true("the tokens are revoked", || {
        town.aliyun.tokens_of("alice").live.is_empty()
    })
    .await;
}
