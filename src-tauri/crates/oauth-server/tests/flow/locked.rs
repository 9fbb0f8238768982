//! The store is its owner's to open: nobody unknown causes that, or is told why it fails.

use std::path::Path;

use axum::http::StatusCode;
use oauth_server::Denied;
use serde_json::json;
use vault::{Options, Vault};

use crate::support::{CALLBACK, LOCAL, World, authorize, code_form, json, text};

fn vault(folder: &Path) -> Vault {
    Vault::new(Options {
        folder: folder.to_owned(),
        passphrase: None,
        key: None,
        keychain: false,
    })
}

#[tokio::test]
async fn a_caller_never_has_the_store_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::with(LOCAL, vault(folder.path()));
    let token = text(&world.signed_in().await, "access_token");
    world.vault.close().await;

    let (key, aside) = (folder.path().join("store.key"), folder.path().join("aside"));
    std::fs::rename(&key, &aside).expect("moves");
    let world = World::with(LOCAL, vault(folder.path()));
    let fault = world.facade.open().await.expect_err("there is no key");
    // Whoever tried to open it now would find it.
    std::fs::rename(&aside, &key).expect("moves");

    for bearer in ["mcpg_made-up", &token] {
        let caller = world.facade.caller(bearer, "/mcp").await;
        assert_eq!(caller, Err(Denied::Unavailable), "{bearer}");
    }
    let register = json!({ "redirect_uris": [CALLBACK] });
    let answers = [
        world.get(&authorize(&[])).await,
        world.register(register).await,
        world.post("/oauth/token", &code_form("made-up")).await,
        world
            .post(
                "/oauth/token",
                &[
                    ("grant_type", "refresh_token"),
                    ("refresh_token", "made-up"),
                ],
            )
            .await,
        world.post("/oauth/revoke", &[("token", "made-up")]).await,
    ];
    for answer in answers {
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        let body = format!(
            "{:?}",
            axum::body::to_bytes(answer.into_body(), 1 << 20).await
        );
        assert!(!body.contains("store.key"), "{body}");
    }
    assert_eq!(world.facade.fault(), Some(fault));

    world.facade.open().await.expect("the key is there again");
    assert_eq!(world.facade.fault(), None);
    let caller = world.facade.caller(&token, "/mcp").await;
    assert_eq!(caller.expect("known").user, "local");
}

#[tokio::test]
async fn a_registration_makes_no_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::with(LOCAL, vault(folder.path()));
    let register = json!({ "redirect_uris": [CALLBACK] });
    let answer = world.register(register).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert!(json(answer).await["client_id"].is_string());
    assert_eq!(std::fs::read_dir(folder.path()).expect("reads").count(), 0);
}
