//! From the click to the account.

use std::time::Duration;

use oauth_client::{
    AccountId, AccountState, Fault, LoginFault, Params, Problem, Provider, Revocation, Why,
};
use serde_json::json;

use crate::server::Behaviour;
use crate::world::{REDIRECT, World, answer, browse};

#[tokio::test]
async fn a_first_sign_in_gives_a_token_that_the_endpoint_takes() {
    let world = World::new(Behaviour::default()).await;
    let finished = world.sign_in(Some("local")).await.unwrap();

    assert_eq!(finished.identity.subject, "subject-1");
    assert_eq!(finished.identity.name.as_deref(), Some("Lin"));
    assert_eq!(finished.then, "then");
    assert!(world.server.takes(&world.bearer().await.unwrap()));
    let asked = world.server.seen(|seen| seen.last_authorize.clone());
    assert_eq!(asked["resource"], world.server.endpoint());
    assert_eq!(asked["scope"], "tools");
}

#[tokio::test]
async fn an_aliyun_sign_in_with_its_quirks() {
    let world = World::new(Behaviour {
        expires_in: json!("3600"),
        id_token: false,
        ..Behaviour::default()
    })
    .await;
    world.server.know("4161800", REDIRECT);
    let provider = Provider::Fixed(world.fixed());
    let finished = world.sign_in_to(&provider, None).await.unwrap();
    let random = finished.identity.subject.clone();
    assert!(random.len() >= 16, "{random}");

    // Nobody has an account before it is kept for somebody.
    assert!(world.accounts.list().await.unwrap().is_empty());
    let user = format!("aliyun:intl:{random}");
    world.accounts.keep(finished, &user).await.unwrap();

    let id = AccountId::new("aliyun:intl", user);
    let state = world.accounts.state(&id).await.unwrap();
    let AccountState::SignedIn {
        subject,
        site,
        scope,
        expires_at,
        refreshable,
        ..
    } = state
    else {
        panic!("{state:?}")
    };
    assert_eq!((subject, site.as_deref()), (random, Some("intl")));
    assert_eq!(scope.as_deref(), Some("/acs/mcp-server"));
    assert!(expires_at.is_some() && refreshable);
    let form = world.server.seen(|seen| seen.last_token.clone());
    assert_eq!(form["client_id"], "4161800");
    assert_eq!(form["redirect_uri"], REDIRECT);
}

#[tokio::test]
async fn userinfo_says_who_signed_in_where_it_may() {
    let world = World::new(Behaviour {
        id_token: false,
        userinfo: Some(json!({"uid": 2891, "aid": "5", "login_name": "lin@corp"})),
        ..Behaviour::default()
    })
    .await;
    let identity = world.sign_in(None).await.unwrap().identity;
    assert_eq!(identity.subject, "2891");
    assert_eq!(identity.name.as_deref(), Some("lin@corp"));
}

#[tokio::test]
async fn without_a_client_id_the_fault_says_what_is_missing() {
    let world = World::new(Behaviour::default()).await;
    let mut fixed = world.fixed();
    fixed.client_id = None;
    let fault = world.sign_in_to(&Provider::Fixed(fixed), None).await;
    assert!(matches!(
        fault,
        Err(Fault::Misconfigured {
            problem: Problem::NoClientId { .. },
            ..
        })
    ));
}

#[tokio::test]
async fn an_answer_is_good_once() {
    let world = World::new(Behaviour::default()).await;
    let provider = world.provider();
    let begin = world
        .accounts
        .begin(Some("local"), &provider, REDIRECT, String::new());
    let back = browse(&begin.await.unwrap()).await;
    world.accounts.finish(&answer(&back)).await.unwrap();
    let before = world.bearer().await.unwrap();

    let replayed = world.accounts.finish(&answer(&back)).await;
    assert!(matches!(replayed, Err(Fault::Login(LoginFault::Used))));
    assert_eq!(world.bearer().await.unwrap(), before);
    assert_eq!(world.server.seen(|seen| seen.code_requests), 1);
}

#[tokio::test]
async fn a_forged_answer_does_nothing() {
    let world = World::new(Behaviour::default()).await;
    let provider = world.provider();
    let begin = world
        .accounts
        .begin(Some("local"), &provider, REDIRECT, String::new());
    let login = begin.await.unwrap();
    let forged = Params::from_query("state=0123456789abcdef&code=stolen").unwrap();
    let fault = world.accounts.finish(&forged).await;
    assert!(matches!(fault, Err(Fault::Login(LoginFault::Unknown))));
    assert_eq!(world.server.seen(|seen| seen.code_requests), 0);

    // And the real one still works.
    let back = browse(&login).await;
    assert!(world.accounts.finish(&answer(&back)).await.is_ok());
}

#[tokio::test]
async fn a_late_or_cancelled_answer_does_nothing() {
    let world = World::new(Behaviour::default()).await;
    let provider = world.provider();
    let begin = || {
        world
            .accounts
            .begin(Some("local"), &provider, REDIRECT, String::new())
    };

    let back = browse(&begin().await.unwrap()).await;
    assert!(world.accounts.signing_in("server:x", Some("local")));
    world.turn(601);
    assert!(!world.accounts.signing_in("server:x", Some("local")));
    let late = world.accounts.finish(&answer(&back)).await;
    assert!(matches!(late, Err(Fault::Login(LoginFault::Expired))));

    let back = browse(&begin().await.unwrap()).await;
    assert_eq!(world.accounts.cancel("server:x", Some("local")), 1);
    let cancelled = world.accounts.finish(&answer(&back)).await;
    assert!(matches!(
        cancelled,
        Err(Fault::Login(LoginFault::Cancelled))
    ));
    assert_eq!(world.server.seen(|seen| seen.code_requests), 0);
}

#[tokio::test]
async fn answers_of_two_servers_are_not_mixed_up() {
    for says_issuer in [true, false] {
        let behaviour = Behaviour {
            says_issuer,
            ..Behaviour::default()
        };
        let world = World::new(behaviour.clone()).await;
        let other = World::new(behaviour).await;
        let mut evil = other.discovered();
        evil.name = "server:evil".into();

        let honest = world
            .accounts
            .begin(Some("local"), &world.provider(), REDIRECT, String::new())
            .await
            .unwrap();
        let evil = world
            .accounts
            .begin(
                Some("local"),
                &Provider::Discovered(evil),
                REDIRECT,
                String::new(),
            )
            .await
            .unwrap();
        // The honest server's code under the other's state, and the other way round.
        let code_of_honest = browse(&honest).await;
        let code_of_evil = browse(&evil).await;
        for (state, back) in [(&evil, code_of_honest), (&honest, code_of_evil)] {
            let mut url = url::Url::parse(&back).unwrap();
            let pairs: Vec<(String, String)> = url
                .query_pairs()
                .filter(|(name, _)| name != "state")
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect();
            url.query_pairs_mut()
                .clear()
                .extend_pairs(pairs)
                .append_pair("state", state.state.reveal());
            let fault = world.accounts.finish(&answer(url.as_str())).await;
            match fault {
                Err(Fault::Login(LoginFault::WrongIssuer { .. })) if says_issuer => {}
                Err(Fault::Login(LoginFault::Refused { code, .. })) if !says_issuer => {
                    assert_eq!(code, "invalid_grant");
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(world.accounts.list().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_answer_by_another_way_than_asked_for_is_refused() {
    let world = World::new(Behaviour::default()).await;
    let provider = world.provider();
    let begin = world
        .accounts
        .begin(Some("local"), &provider, REDIRECT, String::new());
    let back = browse(&begin.await.unwrap()).await;
    let elsewhere = back.replace(REDIRECT, "http://localhost:4298/oauth/callback");
    let fault = world.accounts.finish(&answer(&elsewhere)).await;
    assert!(matches!(fault, Err(Fault::Login(LoginFault::WrongAddress))));
    assert_eq!(world.server.seen(|seen| seen.code_requests), 0);
}

#[tokio::test]
async fn a_promised_issuer_must_be_there() {
    let world = World::new(Behaviour::default()).await;
    let provider = world.provider();
    let begin = world
        .accounts
        .begin(Some("local"), &provider, REDIRECT, String::new());
    let back = browse(&begin.await.unwrap()).await;
    let without = back.split("&iss=").next().unwrap();
    let fault = world.accounts.finish(&answer(without)).await;
    assert!(matches!(
        fault,
        Err(Fault::Login(LoginFault::WrongIssuer { found: None, .. }))
    ));
    assert_eq!(world.server.seen(|seen| seen.code_requests), 0);
}

#[tokio::test]
async fn an_issuer_with_a_slash_more_is_another() {
    let world = World::new(Behaviour::default()).await;
    let provider = world.provider();
    let begin = world
        .accounts
        .begin(Some("local"), &provider, REDIRECT, String::new());
    let back = browse(&begin.await.unwrap()).await;
    let (before, iss) = back.split_once("&iss=").unwrap();
    let iss = iss.split('&').next().unwrap();
    let fault = world
        .accounts
        .finish(&answer(&format!("{before}&iss={iss}%2F")))
        .await;
    assert!(matches!(
        fault,
        Err(Fault::Login(LoginFault::WrongIssuer { found: Some(_), .. }))
    ));
    assert_eq!(world.server.seen(|seen| seen.code_requests), 0);
}

#[tokio::test]
async fn who_declines_is_told_so() {
    let world = World::new(Behaviour {
        says_issuer: false,
        ..Behaviour::default()
    })
    .await;
    let provider = world.provider();
    let begin = world
        .accounts
        .begin(Some("local"), &provider, REDIRECT, String::new());
    let state = begin.await.unwrap().state;
    let query = format!(
        "error=access_denied&error_description=Not%20now&state={}",
        state.reveal()
    );
    let declined = world
        .accounts
        .finish(&Params::from_query(&query).unwrap())
        .await;
    let Err(fault) = declined else { panic!() };
    assert_eq!(fault.to_string(), "the sign-in was declined (Not now)");
    assert_eq!(fault.chinese(), "登录被拒绝（Not now）");
}

#[tokio::test]
async fn a_sign_in_goes_on_when_the_browser_hangs_up() {
    let world = World::new(Behaviour {
        slow: Duration::from_millis(300),
        ..Behaviour::default()
    })
    .await;
    let provider = world.provider();
    let begin = world
        .accounts
        .begin(Some("local"), &provider, REDIRECT, String::new());
    let back = answer(&browse(&begin.await.unwrap()).await);
    let mut news = world.accounts.watch();
    news.mark_unchanged();
    let hung_up = tokio::time::timeout(Duration::from_millis(50), world.accounts.finish(&back));
    assert!(hung_up.await.is_err());
    while world.bearer().await.is_err() {
        news.changed().await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_that_starts_the_app_is_good_once() {
    let mut world = World::new(Behaviour::default()).await;
    let provider = world.provider();
    let begin = world
        .accounts
        .begin(Some("local"), &provider, REDIRECT, "then".into());
    let back = browse(&begin.await.unwrap()).await;
    world.kill();
    let finished = world.accounts.finish(&answer(&back)).await.unwrap();
    assert_eq!(finished.then, "then");
    assert!(world.server.takes(&world.bearer().await.unwrap()));

    world.kill();
    let replayed = world.accounts.finish(&answer(&back)).await;
    assert!(matches!(replayed, Err(Fault::Login(LoginFault::Unknown))));
    assert_eq!(world.server.seen(|seen| seen.code_requests), 1);
    assert!(world.server.takes(&world.bearer().await.unwrap()));
}

#[tokio::test]
async fn a_restart_makes_nothing_good_that_is_over() {
    let mut world = World::new(Behaviour::default()).await;
    let provider = world.provider();
    let mut backs = Vec::new();
    for user in ["late", "cancelled"] {
        let begin = world
            .accounts
            .begin(Some(user), &provider, REDIRECT, String::new());
        backs.push(browse(&begin.await.unwrap()).await);
    }
    world.accounts.cancel("server:x", Some("cancelled"));
    world.restart().await;
    // Reading is at the first use: the one is still good, the other is not.
    world.accounts.list().await.unwrap();
    assert!(world.accounts.signing_in("server:x", Some("late")));
    assert!(!world.accounts.signing_in("server:x", Some("cancelled")));
    world.turn(601);
    world.restart().await;
    for back in backs {
        let fault = world.accounts.finish(&answer(&back)).await;
        assert!(matches!(fault, Err(Fault::Login(LoginFault::Unknown))));
    }
    let kept: Vec<(String, serde_json::Value)> = world.vault.all("login").await.unwrap();
    assert!(kept.is_empty());
    assert_eq!(world.server.seen(|seen| seen.code_requests), 0);
}

#[tokio::test]
async fn a_restart_keeps_everybody_signed_in() {
    let mut world = World::signed_in(Behaviour::default()).await;
    world.sign_in(Some("aliyun:intl:7")).await.unwrap();
    let before = world.bearer().await.unwrap();
    world.restart().await;
    assert_eq!(world.bearer().await.unwrap(), before);
    assert_eq!(world.accounts.list().await.unwrap().len(), 2);
    assert_eq!(world.server.seen(|seen| seen.refreshes), 0);
}

#[tokio::test]
async fn signing_out_revokes_and_forgets() {
    let mut world = World::signed_in(Behaviour::default()).await;
    let provider = world.provider();
    let out = world.accounts.sign_out(&world.id(), Some(&provider)).await;
    assert_eq!(out.unwrap(), Revocation::Done);
    assert_eq!(world.server.seen(|seen| seen.revoked), 1);

    world.restart().await;
    let bearer = world.bearer().await;
    assert!(matches!(
        bearer,
        Err(Fault::NeedsSignIn {
            why: Why::SignedOut,
            ..
        })
    ));
    let state = world.accounts.state(&world.id()).await.unwrap();
    assert_eq!(state, AccountState::SignedOut);
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let world = World::new(Behaviour::default()).await;
    let provider = world.provider();
    let begin = world
        .accounts
        .begin(Some("local"), &provider, REDIRECT, String::new());
    let login = begin.await.unwrap();
    let params = answer(&browse(&login).await);
    let mut shown = format!("{login:?} {params:?}");
    let finished = world.accounts.finish(&params).await.unwrap();
    let bearer = world.accounts.bearer(&world.id(), &provider).await;
    shown += &format!("{finished:?} {bearer:?} {:?}", world.accounts.list().await);
    world.server.revoke_all();
    world.turn(3600);
    shown += &format!("{:?}", world.bearer().await);
    assert!(!shown.contains("planted"), "{shown}");
    assert!(!shown.contains(login.state.reveal()), "{shown}");
}

#[tokio::test]
async fn an_answer_in_another_servers_name_is_refused_without_an_issuer_too() {
    let world = World::new(Behaviour::default()).await;
    world.server.know("4161800", REDIRECT);
    let provider = Provider::Fixed(world.fixed());
    for (iss, is_taken) in [
        ("https://attacker.example", false),
        (world.server.base(), true),
    ] {
        let begin = world
            .accounts
            .begin(Some("local"), &provider, REDIRECT, String::new());
        let back = browse(&begin.await.unwrap()).await;
        let mut url = url::Url::parse(back.split("&iss=").next().unwrap()).unwrap();
        url.query_pairs_mut().append_pair("iss", iss);
        let outcome = world.accounts.finish(&answer(url.as_str())).await;
        assert_eq!(outcome.is_ok(), is_taken, "{iss}: {outcome:?}");
    }
}
