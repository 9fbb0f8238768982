//! What MCP's conformance suite asks of an authorization server, in its scenarios
//! `authorization-server-metadata-endpoint` and `authorization-code-grant`: check by check, with a
//! client id that it brings along, since no release of the suite has them yet.

use reqwest::Url;
use testkit::OAuthApp;
use testkit::browser::parameter;

use super::facade::owner_answers;
use super::town::{Town, browser, shown};

/// How often a parameter is in an address.
fn times(url: &Url, name: &str) -> usize {
    url.query_pairs().filter(|(key, _)| key == name).count()
}

#[tokio::test]
async fn the_metadata_is_json_and_names_its_issuer() {
    let town = Town::start().await;
    let issuer = town.gateway.base();
    for place in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
    ] {
        let answer = town.stranger("/mcp").get(place).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let kind = answer.header("content-type");
        assert!(kind.starts_with("application/json"), "{kind}");
        let said = answer.json();
        assert_eq!(said["issuer"], issuer, "no slash more, none less");
        for endpoint in ["authorization_endpoint", "token_endpoint"] {
            assert!(said[endpoint].is_string(), "{said}");
        }
        let lists = |name: &str, value: &str| {
            let list = said[name].as_array();
            list.is_some_and(|list| list.iter().any(|item| item == value))
        };
        assert!(lists("response_types_supported", "code"), "{said}");
        assert!(lists("code_challenge_methods_supported", "S256"), "{said}");
        assert_eq!(said["client_id_metadata_document_supported"], true);
    }
}

#[tokio::test]
async fn a_code_is_granted_to_the_letter() {
    let town = Town::start().await;
    town.owner_signs_in("alice").await;
    let issuer = town.gateway.base();
    let redirect = "http://127.0.0.1:9/callback";
    // Once for an endpoint, and once as older clients ask, for no resource and no scope.
    for resource in [Some(town.at("/ecs/mcp")), None] {
        let (authorize, token) = ("/oauth/authorize", "/oauth/token");
        let mut app = OAuthApp::new(&town.at(authorize), &town.at(token), "anybody", redirect);
        app.resource = resource;
        let mut browser = browser().application(redirect);
        let page = shown(browser.open(&app.authorize_url()).await);
        owner_answers(&town, &page.text(), "approve").await;
        let back = browser.refresh(&page).await.expect("it looks again");
        let back = back.application();

        let origin_and_path = format!("{}{}", back.origin().ascii_serialization(), back.path());
        assert_eq!(origin_and_path, redirect);
        let counts = ["code", "state", "iss", "error"].map(|name| times(&back, name));
        assert_eq!(counts, [1, 1, 1, 0], "{back}");
        assert_eq!(parameter(&back, "iss").as_deref(), Some(issuer));
        let code = app.code(&back);
        assert!(!code.is_empty());

        let answer = app.exchange(&code).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let kind = answer.header("content-type");
        assert!(kind.starts_with("application/json"), "{kind}");
        assert!(answer.header("cache-control").contains("no-store"));
        let said = answer.json();
        for member in ["access_token", "token_type"] {
            assert!(said[member].is_string(), "{said}");
        }
    }
}
