//! Clients that others wrote sign in by themselves: from the 401 to a tool call, over an expired
//! token, and once more with what they have kept.

mod client;
mod clock;
mod remote;

use serde_json::json;
use testkit::Browser;
use testkit::browser::Arrived;

use super::facade::owner_answers;
use super::town::{Town, shown};
use client::Sdk;
use remote::Remote;

/// Who sits in front of the browser that a client opens.
#[derive(Debug, Clone, Copy)]
enum Person {
    /// The owner of the gateway, who says yes in the window.
    Owner,
    /// Somebody with an account at Alibaba Cloud, who signs in there.
    Visitor(&'static str),
}

/// Where a client signs in, and the tool that says to whom the call belongs.
struct Place {
    path: &'static str,
    tool: &'static str,
    person: Person,
    name: &'static str,
}

/// The aggregate, for the owner.
const AGGREGATE: Place = Place {
    path: "/mcp",
    tool: "ecs_whoami",
    person: Person::Owner,
    name: "alice",
};

/// One service, for somebody else.
const SERVICE: Place = Place {
    path: "/ecs/mcp",
    tool: "whoami",
    person: Person::Visitor("bob"),
    name: "bob",
};

/// A gateway that wants a token of everybody, whose owner is signed in, under a clock of the test.
async fn town() -> Town {
    let town = Town::start_with(|setup| {
        clock::wound(setup).config("gateway", json!({"requireToken": true}))
    })
    .await;
    town.owner_signs_in("alice").await;
    town
}

/// The person goes through the pages, up to the client's own.
async fn allow(town: &Town, page: &str, person: Person) {
    let mut browser = Browser::new();
    let first = shown(browser.open(page).await);
    let done = match person {
        Person::Owner => {
            owner_answers(town, &first.text(), "approve").await;
            let next = browser.refresh(&first).await;
            next.expect("the page looks again")
        }
        Person::Visitor(user) => {
            let login = browser.click(&first, "Alibaba Cloud").await;
            let consent = shown(browser.sign_in(login, user).await);
            browser.click(&consent, "Allow").await
        }
    };
    let Arrived::Page(last) = done else {
        panic!("the client has no page: {done:?}");
    };
    assert_ne!(last.url.as_str(), page, "the client has heard of it");
    assert!(
        !last.url.as_str().starts_with(town.gateway.base()),
        "{last:#?}"
    );
}

/// The owner of the gateway ends the access of every client.
async fn take_everything_back(town: &Town) {
    let grants = town.gateway.api().json("/api/grants").await;
    for grant in grants["grants"].as_array().expect("grants") {
        let path = format!("/api/grants/{}", grant["id"].as_str().expect("an id"));
        let gone = town.gateway.api().bare("DELETE", &path).await;
        assert_eq!(gone.status, 200, "{gone:?}");
    }
}

/// From nothing to a call; over the end of a token; with a fresh process; and once more after the
/// owner has ended its access.
async fn signs_in_once(sdk: Sdk, place: Place) {
    let town = town().await;
    let endpoint = town.at(place.path);
    let start = || sdk.start(&town.gateway, &endpoint, place.tool);
    let mut client = start();
    assert_eq!(client.call_with(&town, place.person).await, place.name);
    let first = sdk.token(&town.gateway);
    assert_eq!(client.call().await, place.name);
    assert_eq!(sdk.token(&town.gateway), first, "it is still good");

    clock::put_forward(town.gateway.setup(), 2);
    assert_eq!(client.call().await, place.name);
    let second = sdk.token(&town.gateway);
    assert_ne!(second, first, "it has got another one");
    client.leave().await;

    let mut again = start();
    assert_eq!(again.call().await, place.name);
    assert_eq!(sdk.token(&town.gateway), second, "it has kept it");
    again.leave().await;

    take_everything_back(&town).await;
    let mut anew = start();
    assert_eq!(anew.call_with(&town, place.person).await, place.name);
    anew.leave().await;
}

#[tokio::test]
async fn the_typescript_sdk_signs_in_at_the_aggregate() {
    signs_in_once(Sdk::TypeScript, AGGREGATE).await;
}

#[tokio::test]
async fn the_typescript_sdk_signs_in_at_a_service() {
    signs_in_once(Sdk::TypeScript, SERVICE).await;
}

#[tokio::test]
async fn the_python_sdk_signs_in_at_the_aggregate() {
    signs_in_once(Sdk::Python, AGGREGATE).await;
}

#[tokio::test]
async fn the_python_sdk_signs_in_at_a_service() {
    signs_in_once(Sdk::Python, SERVICE).await;
}

/// The same for `mcp-remote`, which stands between a client on stdio and the gateway.
async fn remote_signs_in_once(place: Place) {
    let town = town().await;
    let endpoint = town.at(place.path);
    let start = || Remote::start(&town.gateway, &endpoint);
    let mut remote = start();
    remote.greet_with(&town, place.person).await;
    assert_eq!(remote.call(place.tool).await, place.name);
    let first = remote::token(&town.gateway);

    clock::put_forward(town.gateway.setup(), 2);
    assert_eq!(remote.call(place.tool).await, place.name);
    let second = remote::token(&town.gateway);
    assert_ne!(second, first, "it has got another one");
    remote.leave().await;

    let mut again = start();
    again.greet().await;
    assert_eq!(again.call(place.tool).await, place.name);
    assert_eq!(remote::token(&town.gateway), second, "it has kept it");
    again.leave().await;
    let pages = remote::opened(&town.gateway);
    assert_eq!(pages.len(), 1, "its user was asked once: {pages:?}");

    // It looks at the page itself before it opens it, which must not count as a question.
    take_everything_back(&town).await;
    let mut anew = start();
    anew.greet_with(&town, place.person).await;
    assert_eq!(anew.call(place.tool).await, place.name);
    anew.leave().await;
    let pages = remote::opened(&town.gateway);
    assert_eq!(pages.len(), 2, "its user was asked once more: {pages:?}");
}

#[tokio::test]
async fn mcp_remote_signs_in_at_the_aggregate() {
    remote_signs_in_once(AGGREGATE).await;
}

#[tokio::test]
async fn mcp_remote_signs_in_at_a_service() {
    remote_signs_in_once(SERVICE).await;
}
