//! After a 401 or 403: one refresh, never a loop.

use oauth_client::{AccountState, Fault, Provider, Why};

use crate::server::Behaviour;
use crate::world::World;

const INVALID: &str = r#"Bearer error="invalid_token""#;

#[tokio::test]
async fn a_refused_token_is_replaced_once_for_all() {
    let world = World::signed_in(Behaviour::default()).await;
    let old = world.bearer().await.unwrap();
    world.server.expire_access();
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (accounts, id, provider) = (world.accounts.clone(), world.id(), world.provider());
        let used = vault::Secret::new(old.clone());
        callers.spawn(async move {
            accounts
                .rejected(&id, &provider, &used, Some(INVALID))
                .await
        });
    }
    for token in callers.join_all().await {
        assert!(world.server.takes(token.unwrap().reveal()));
    }
    assert_eq!(world.server.seen(|seen| seen.refreshes), 1);
}

#[tokio::test]
async fn an_endpoint_that_refuses_everything_ends_in_words() {
    let mut world = World::signed_in(Behaviour {
        refuses_all: true,
        ..Behaviour::default()
    })
    .await;
    let mut token = world.bearer().await.unwrap();
    let fault = loop {
        match world.rejected(&token, INVALID).await {
            Ok(next) => token = next,
            Err(fault) => break fault,
        }
    };
    assert!(matches!(
        fault,
        Fault::NeedsSignIn {
            why: Why::Refused,
            ..
        }
    ));
    for _ in 0..5 {
        assert!(world.bearer().await.is_err());
    }
    assert_eq!(world.server.seen(|seen| seen.refreshes), 2);

    // It may have been the endpoint's fault: a restart tries again.
    world.server.behave(|b| b.refuses_all = false);
    world.restart().await;
    assert!(world.server.takes(&world.bearer().await.unwrap()));
}

#[tokio::test]
async fn one_refusal_of_a_new_token_costs_no_sign_in() {
    let world = World::signed_in(Behaviour::default()).await;
    let first = world.bearer().await.unwrap();
    let second = world.rejected(&first, INVALID).await.unwrap();
    let third = world.rejected(&second, INVALID).await.unwrap();
    assert!(world.server.takes(&third));
    assert_eq!(world.bearer().await.unwrap(), third);
}

#[tokio::test]
async fn without_a_refresh_token_a_refusal_needs_the_user() {
    let world = World::signed_in(Behaviour {
        refresh_tokens: false,
        ..Behaviour::default()
    })
    .await;
    let token = world.bearer().await.unwrap();
    world.server.expire_access();
    let fault = world.rejected(&token, INVALID).await;
    assert!(matches!(fault, Err(Fault::NeedsSignIn { .. })));
    let state = world.accounts.state(&world.id()).await.unwrap();
    assert!(matches!(state, AccountState::NeedsSignIn { .. }));
}

#[tokio::test]
async fn missing_scopes_are_asked_for_at_the_next_sign_in() {
    let mut world = World::signed_in(Behaviour::default()).await;
    let token = world.bearer().await.unwrap();
    let challenge = r#"Bearer error="insufficient_scope", scope="admin tools""#;
    let fault = world.rejected(&token, challenge).await;
    assert!(matches!(
        fault,
        Err(Fault::NeedsSignIn { why: Why::Scope(ref scope), .. }) if scope == "admin tools"
    ));
    // Calls that need no more go on, and a refresh does not lose the wish.
    world.turn(3601);
    assert!(world.server.takes(&world.bearer().await.unwrap()));
    world.restart().await;
    world.sign_in(Some("local")).await.unwrap();
    let asked = world.server.seen(|seen| seen.last_authorize.clone());
    assert_eq!(asked["scope"], "tools admin");
}

#[tokio::test]
async fn a_token_never_goes_where_its_name_points_now() {
    let world = World::signed_in(Behaviour::default()).await;
    let mut moved = world.discovered();
    moved.url = "https://elsewhere.example/mcp".into();
    let bearer = world
        .accounts
        .bearer(&world.id(), &Provider::Discovered(moved))
        .await;
    assert!(matches!(
        bearer,
        Err(Fault::NeedsSignIn {
            why: Why::Changed,
            ..
        })
    ));
    assert!(world.bearer().await.is_ok());
}
