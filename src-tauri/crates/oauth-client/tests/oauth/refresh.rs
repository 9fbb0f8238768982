//! Tokens that stay fresh without anybody noticing.

use std::time::{Duration, Instant};

use oauth_client::{AccountState, Fault, Why};

use crate::server::Behaviour;
use crate::world::World;

/// So much later, a token of an hour is due.
const DUE: i64 = 3600 - 30;
const OVER: i64 = 3600 + 1;

#[tokio::test]
async fn fifty_callers_make_one_refresh() {
    let world = World::signed_in(Behaviour {
        slow: Duration::from_millis(200),
        ..Behaviour::default()
    })
    .await;
    let old = world.bearer().await.unwrap();
    world.turn(OVER);
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (accounts, id, provider) = (world.accounts.clone(), world.id(), world.provider());
        callers.spawn(async move { accounts.bearer(&id, &provider).await });
    }
    let tokens: Vec<_> = callers.join_all().await;
    let first = tokens[0].as_ref().unwrap();
    assert_ne!(first.reveal(), old);
    assert!(tokens.iter().all(|token| token.as_ref().unwrap() == first));
    assert_eq!(world.server.seen(|seen| seen.refreshes), 1);
}

#[tokio::test]
async fn a_caller_that_leaves_harms_nobody() {
    let world = World::signed_in(Behaviour {
        slow: Duration::from_millis(300),
        ..Behaviour::default()
    })
    .await;
    world.turn(OVER);
    let (accounts, id, provider) = (world.accounts.clone(), world.id(), world.provider());
    let first = tokio::spawn(async move { accounts.bearer(&id, &provider).await });
    world.refreshing().await;
    first.abort();
    assert!(world.server.takes(&world.bearer().await.unwrap()));
    assert_eq!(world.server.seen(|seen| seen.refreshes), 1);
}

#[tokio::test]
async fn a_token_is_replaced_before_its_end() {
    let world = World::signed_in(Behaviour::default()).await;
    let old = world.bearer().await.unwrap();
    world.turn(DUE);
    assert_ne!(world.bearer().await.unwrap(), old);
    assert_eq!(world.server.seen(|seen| seen.refreshes), 1);
}

#[tokio::test]
async fn a_rotation_survives_a_kill() {
    let mut world = World::signed_in(Behaviour::default()).await;
    for refreshes in 1..=3 {
        world.turn(OVER);
        world.bearer().await.unwrap();
        world.kill();
        assert_eq!(world.server.seen(|seen| seen.refreshes), refreshes);
    }
    assert!(world.server.takes(&world.bearer().await.unwrap()));
}

#[tokio::test]
async fn what_cannot_be_stored_is_not_handed_out() {
    let world = World::signed_in(Behaviour::default()).await;
    let old = world.bearer().await.unwrap();
    world.vault.close().await;
    world.turn(DUE);
    assert_eq!(world.bearer().await.unwrap(), old);
    world.turn(60);
    for _ in 0..5 {
        assert!(matches!(world.bearer().await, Err(Fault::Vault(_))));
    }
    // What was refreshed is not thrown away: storing is tried again, not refreshing.
    assert_eq!(world.server.seen(|seen| seen.refreshes), 1);
}

#[tokio::test]
async fn closing_lets_a_rotation_be_stored() {
    let mut world = World::signed_in(Behaviour {
        slow: Duration::from_millis(300),
        ..Behaviour::default()
    })
    .await;
    world.turn(OVER);
    let (accounts, id, provider) = (world.accounts.clone(), world.id(), world.provider());
    let caller = tokio::spawn(async move { accounts.bearer(&id, &provider).await });
    world.refreshing().await;
    caller.abort();
    world.restart().await;
    assert!(world.server.takes(&world.bearer().await.unwrap()));
    assert_eq!(world.server.seen(|seen| seen.refreshes), 1);
}

#[tokio::test]
async fn a_lost_answer_costs_a_sign_in_only_without_grace() {
    for grace in [true, false] {
        let world = World::signed_in(Behaviour {
            grace,
            lose: 0,
            ..Behaviour::default()
        })
        .await;
        world.turn(OVER);
        world.server.behave(|b| b.lose = 1);
        let bearer = world.bearer().await;
        if grace {
            assert!(world.server.takes(&bearer.unwrap()));
        } else {
            assert!(
                matches!(bearer, Err(Fault::NeedsSignIn { .. })),
                "{bearer:?}"
            );
        }
    }
}

#[tokio::test]
async fn when_the_server_ends_the_sign_in_it_is_said_once_and_remembered() {
    let mut world = World::signed_in(Behaviour::default()).await;
    world.server.revoke_all();
    world.turn(OVER);
    for _ in 0..5 {
        let fault = world.bearer().await;
        assert!(matches!(
            fault,
            Err(Fault::NeedsSignIn { why: Why::Ended(ref code), .. }) if code == "invalid_grant"
        ));
    }
    world.restart().await;
    assert!(matches!(
        world.bearer().await,
        Err(Fault::NeedsSignIn { .. })
    ));
    assert_eq!(world.server.seen(|seen| seen.refreshes), 1);
    let state = world.accounts.state(&world.id()).await.unwrap();
    assert!(matches!(
        state,
        AccountState::NeedsSignIn { name: Some(ref name), .. } if name == "Lin"
    ));

    // Signing in again is all it takes.
    world.sign_in(Some("local")).await.unwrap();
    assert!(world.server.takes(&world.bearer().await.unwrap()));
}

#[tokio::test]
async fn a_failing_server_does_not_end_a_token_that_is_good() {
    let world = World::signed_in(Behaviour::default()).await;
    let old = world.bearer().await.unwrap();
    world.turn(DUE);
    world.server.behave(|b| b.fail = u32::MAX);
    for _ in 0..20 {
        assert_eq!(world.bearer().await.unwrap(), old);
    }
    let tried = world.server.seen(|seen| seen.refreshes);
    assert!((3..=6).contains(&tried), "{tried}");
}

#[tokio::test]
async fn one_failure_is_not_even_noticed() {
    let world = World::signed_in(Behaviour::default()).await;
    world.turn(OVER);
    world.server.behave(|b| b.fail = 2);
    assert!(world.server.takes(&world.bearer().await.unwrap()));
    assert_eq!(world.server.seen(|seen| seen.refreshes), 3);
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_not_stormed() {
    let world = World::signed_in(Behaviour::default()).await;
    world.turn(OVER);
    world.server.behave(|b| b.fail = u32::MAX);
    for _ in 0..50 {
        let fault = world.bearer().await;
        assert!(matches!(fault, Err(Fault::Temporary { .. })), "{fault:?}");
    }
    assert_eq!(world.server.seen(|seen| seen.refreshes), 3);
    let Err(Fault::Temporary { retry_after, .. }) = world.bearer().await else {
        panic!()
    };
    assert!(retry_after.is_some_and(|left| left <= Duration::from_secs(1)));

    // It comes back, and nobody has to sign in.
    world.server.behave(|b| b.fail = 0);
    tokio::time::sleep(retry_after.unwrap()).await;
    assert!(world.server.takes(&world.bearer().await.unwrap()));
}

#[tokio::test]
async fn a_slow_server_does_not_hold_up_a_call_with_a_good_token() {
    let world = World::signed_in(Behaviour::default()).await;
    let old = world.bearer().await.unwrap();
    world.turn(DUE);
    world.server.behave(|b| b.slow = Duration::from_secs(5));
    let began = Instant::now();
    assert_eq!(world.bearer().await.unwrap(), old);
    assert!(began.elapsed() < Duration::from_secs(4));
    world.accounts.close().await;
    assert_ne!(world.bearer().await.unwrap(), old);
}

#[tokio::test]
async fn a_clock_that_is_wrong_by_an_hour_changes_nothing() {
    for wrong in [-3600, 3600] {
        let mut world = World::new(Behaviour::default()).await;
        world.turn(wrong);
        world.sign_in(Some("local")).await.unwrap();
        world.restart().await;
        let first = world.bearer().await.unwrap();
        world.turn(3600 - 90);
        assert_eq!(world.bearer().await.unwrap(), first, "{wrong}");
        world.turn(60);
        assert_ne!(world.bearer().await.unwrap(), first, "{wrong}");
    }
}

#[tokio::test]
async fn a_clock_that_jumps_costs_one_refresh() {
    // Forward: refreshed early, once; the server's clock is learned from that.
    let world = World::signed_in(Behaviour::default()).await;
    world.turn(3600);
    for _ in 0..3 {
        world.bearer().await.unwrap();
    }
    assert_eq!(world.server.seen(|seen| seen.refreshes), 1);

    // Back: the token is thought good for too long, until it is refused.
    let world = World::new(Behaviour::default()).await;
    world.turn(3600);
    world.sign_in(Some("local")).await.unwrap();
    world.turn(-3600);
    let old = world.bearer().await.unwrap();
    world.server.expire_access();
    let new = world.rejected(&old, "Bearer error=\"invalid_token\"").await;
    assert!(world.server.takes(&new.unwrap()));
    assert_eq!(world.server.seen(|seen| seen.refreshes), 1);
}

#[tokio::test]
async fn without_a_refresh_token_the_end_is_the_end() {
    let world = World::signed_in(Behaviour {
        refresh_tokens: false,
        ..Behaviour::default()
    })
    .await;
    world.turn(DUE);
    assert!(world.bearer().await.is_ok());
    world.turn(60);
    assert!(matches!(
        world.bearer().await,
        Err(Fault::NeedsSignIn {
            why: Why::Expired,
            ..
        })
    ));
}

#[tokio::test]
async fn a_sign_out_during_a_refresh_wins() {
    let world = World::signed_in(Behaviour {
        slow: Duration::from_millis(300),
        ..Behaviour::default()
    })
    .await;
    world.turn(OVER);
    let (accounts, id, provider) = (world.accounts.clone(), world.id(), world.provider());
    let caller = tokio::spawn(async move { accounts.bearer(&id, &provider).await });
    world.refreshing().await;
    let provider = world.provider();
    let out = world.accounts.sign_out(&world.id(), Some(&provider)).await;
    out.unwrap();
    assert!(matches!(
        caller.await.unwrap(),
        Err(Fault::NeedsSignIn {
            why: Why::SignedOut,
            ..
        })
    ));
    world.accounts.close().await;
    // The old set and the one that came too late.
    assert_eq!(world.server.seen(|seen| seen.revoked), 2);
}

#[tokio::test]
async fn a_hundred_users_keep_their_own_tokens() {
    let world = World::new(Behaviour::default()).await;
    let users: Vec<String> = (0..100).map(|i| format!("user-{i}")).collect();
    for user in &users {
        world.sign_in(Some(user)).await.unwrap();
    }
    world.turn(OVER);
    let mut callers = tokio::task::JoinSet::new();
    for user in users {
        let (accounts, provider) = (world.accounts.clone(), world.provider());
        callers.spawn(async move {
            let id = oauth_client::AccountId::new("server:x", user);
            accounts.bearer(&id, &provider).await.unwrap()
        });
    }
    let tokens: std::collections::HashSet<String> = callers
        .join_all()
        .await
        .into_iter()
        .map(|token| token.reveal().to_owned())
        .collect();
    assert_eq!(tokens.len(), 100);
    assert_eq!(world.server.seen(|seen| seen.refreshes), 100);
}
