//! Finding the server, and becoming its client.

use oauth_client::{Cause, Fault, Problem, Provider};
use vault::Secret;

use crate::server::{Behaviour, Place};
use crate::world::{REDIRECT, World};

#[tokio::test]
async fn every_place_of_metadata_is_found() {
    use Place::{Challenge, Inserted, Nowhere, OidcAppended, OidcInserted, Root};
    for resource_at in [Challenge, Inserted, Root] {
        for metadata_at in [Inserted, OidcInserted, OidcAppended] {
            for issuer_path in ["", "/tenant/1"] {
                let world = World::new(Behaviour {
                    issuer_path,
                    resource_at,
                    metadata_at,
                    ..Behaviour::default()
                })
                .await;
                let signed_in = world.sign_in(Some("local")).await;
                assert!(
                    signed_in.is_ok(),
                    "{resource_at:?} {metadata_at:?} {issuer_path:?}: {signed_in:?}"
                );
            }
        }
    }
    // A server of the time before resource metadata is its own issuer.
    let old = World::new(Behaviour {
        resource_at: Nowhere,
        ..Behaviour::default()
    })
    .await;
    assert!(old.sign_in(Some("local")).await.is_ok());
}

#[tokio::test]
async fn what_the_server_says_comes_before_what_is_guessed() {
    let world = World::new(Behaviour::default()).await;
    world.sign_in(Some("local")).await.unwrap();
    let paths = world.server.seen(|seen| seen.paths.clone());
    assert_eq!(
        paths[..4],
        [
            "/x/mcp",
            "/meta",
            "/.well-known/oauth-authorization-server",
            "/register"
        ]
    );
}

#[tokio::test]
async fn a_configured_issuer_is_asked_at_once() {
    let world = World::new(Behaviour {
        resource_at: Place::Nowhere,
        issuer_path: "/tenant",
        ..Behaviour::default()
    })
    .await;
    let mut discovered = world.discovered();
    discovered.authorization_server = Some(world.server.issuer());
    discovered.scope = Some("mine".into());
    let provider = Provider::Discovered(discovered);
    world.sign_in_to(&provider, Some("local")).await.unwrap();
    let asked = world.server.seen(|seen| seen.last_authorize.clone());
    assert_eq!(asked["scope"], "mine");
    assert_eq!(asked["resource"], world.server.endpoint());
}

/// The problem with a sign-in at a server that behaves like this.
async fn problem(behaviour: Behaviour) -> Problem {
    let world = World::new(behaviour).await;
    match world.sign_in(Some("local")).await {
        Err(Fault::Misconfigured { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn metadata_that_may_not_be_believed_is_not() {
    let without_pkce = Behaviour {
        pkce: false,
        ..Behaviour::default()
    };
    assert!(matches!(
        problem(without_pkce).await,
        Problem::NoPkce { .. }
    ));
    let false_issuer = Behaviour {
        false_issuer: Some("https://honest.example"),
        ..Behaviour::default()
    };
    assert!(matches!(
        problem(false_issuer).await,
        Problem::WrongIssuer { .. }
    ));
    let false_resource = Behaviour {
        false_resource: Some("https://other.example/mcp"),
        ..Behaviour::default()
    };
    assert!(matches!(
        problem(false_resource).await,
        Problem::WrongResource { .. }
    ));
    let nowhere = Behaviour {
        metadata_at: Place::Nowhere,
        ..Behaviour::default()
    };
    assert!(matches!(
        problem(nowhere).await,
        Problem::NoMetadata { tried } if !tried.is_empty()
    ));
}

#[tokio::test]
async fn a_server_that_is_down_is_not_one_without_metadata() {
    let world = World::new(Behaviour {
        metadata_fails: true,
        ..Behaviour::default()
    })
    .await;
    let fault = world.sign_in(Some("local")).await;
    assert!(matches!(
        fault,
        Err(Fault::Temporary {
            cause: Cause::Status(503),
            ..
        })
    ));
}

#[tokio::test]
async fn the_gateway_registers_once_for_all_users() {
    let mut world = World::signed_in(Behaviour::default()).await;
    world.sign_in(Some("other")).await.unwrap();
    world.restart().await;
    world.sign_in(Some("third")).await.unwrap();
    assert_eq!(world.server.seen(|seen| seen.registrations), 1);

    // Another redirect is another registration: the server compares to the letter.
    let other = "http://localhost:3000/oauth/callback";
    let provider = world.provider();
    let begin = world
        .accounts
        .begin(Some("local"), &provider, other, String::new());
    begin.await.unwrap();
    assert_eq!(world.server.seen(|seen| seen.registrations), 2);
}

#[tokio::test]
async fn a_registration_that_the_server_forgot_is_made_anew() {
    let world = World::signed_in(Behaviour::default()).await;
    world
        .server
        .behave(|b| b.client_secret = Some("unguessable"));
    world.turn(3600);
    assert!(matches!(
        world.bearer().await,
        Err(Fault::NeedsSignIn { .. })
    ));
    world.server.behave(|b| b.client_secret = None);
    world.sign_in(Some("local")).await.unwrap();
    assert_eq!(world.server.seen(|seen| seen.registrations), 2);
    assert!(world.server.takes(&world.bearer().await.unwrap()));
}

#[tokio::test]
async fn a_client_registered_beforehand_goes_first() {
    let world = World::new(Behaviour {
        reads_documents: true,
        client_secret: Some("s3cret"),
        ..Behaviour::default()
    })
    .await;
    world.server.know("confidential", REDIRECT);
    let mut discovered = world.discovered();
    discovered.client_id = Some("confidential".into());
    discovered.client_secret = Some(Secret::new("s3cret"));
    discovered.client_metadata_url = Some("https://gateway.example/client.json".into());
    let provider = Provider::Discovered(discovered);
    world.sign_in_to(&provider, Some("local")).await.unwrap();
    assert_eq!(world.server.seen(|seen| seen.registrations), 0);

    // The secret serves for refreshing, too.
    world.turn(3600);
    let bearer = world.accounts.bearer(&world.id(), &provider).await;
    assert!(world.server.takes(bearer.unwrap().reveal()));
}

#[tokio::test]
async fn a_metadata_document_comes_before_registering() {
    let document = "https://gateway.example/client.json";
    for reads_documents in [true, false] {
        let world = World::new(Behaviour {
            reads_documents,
            ..Behaviour::default()
        })
        .await;
        world.server.know(document, REDIRECT);
        let mut discovered = world.discovered();
        discovered.client_metadata_url = Some(document.into());
        let provider = Provider::Discovered(discovered);
        world.sign_in_to(&provider, Some("local")).await.unwrap();
        let client = world
            .server
            .seen(|seen| seen.last_token["client_id"].clone());
        assert_eq!(client == document, reads_documents, "{client}");
    }
}

#[tokio::test]
async fn without_any_way_to_a_client_the_owner_is_asked() {
    let none = Behaviour {
        registers: false,
        ..Behaviour::default()
    };
    assert!(matches!(problem(none).await, Problem::NoClientId { .. }));
}
