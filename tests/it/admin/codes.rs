//! One-time codes: how a browser gets in without the token standing in an address.

use testkit::Admin;

use crate::support::setup;

#[tokio::test]
async fn a_code_opens_the_door_once() {
    let gateway = setup().start().await;
    let browser = Admin::new(gateway.base());
    let code = gateway.api().code().await;

    let unknown = browser.redeem("guess").await.problem(401);
    assert_eq!(unknown["code"], "unauthorized");
    let answer = browser.redeem(&code).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let token = answer.json()["token"].as_str().expect("a token").to_owned();
    let again = browser.redeem(&code).await.problem(401);

    assert!(
        again["remedy"]["en"]
            .as_str()
            .is_some_and(|text| text.contains("mcp-gateway ui"))
    );
    assert_eq!(browser.get("/api/status").await.status, 401);
    browser.with_token(&token).status().await;
}

#[tokio::test]
async fn codes_are_different_and_open_side_by_side() {
    let gateway = setup().start().await;
    let (api, browser) = (gateway.api(), Admin::new(gateway.base()));
    let (one, two) = (api.code().await, api.code().await);
    assert_ne!(one, two);
    assert!(one.len() >= 32, "{one}");
    for code in [two, one] {
        assert_eq!(browser.redeem(&code).await.status, 200);
    }
}

#[tokio::test]
async fn a_page_of_another_origin_gets_neither_a_code_nor_a_token() {
    let gateway = setup().start().await;
    let (api, browser) = (gateway.api(), Admin::new(gateway.base()));
    for origin in ["https://evil.example", "http://localhost:1", "null"] {
        let page = gateway.api().with("origin", origin);
        assert_eq!(
            page.bare("POST", "/api/codes").await.status,
            403,
            "{origin}"
        );
        assert_eq!(page.get("/api/status").await.status, 403, "{origin}");
        let code = api.code().await;
        let stranger = browser.clone().with("origin", origin);
        assert_eq!(stranger.redeem(&code).await.status, 403, "{origin}");
        assert_eq!(
            browser.redeem(&code).await.status,
            200,
            "it was not used up"
        );
    }
    let own = gateway.api().with("origin", gateway.base());
    assert_eq!(own.redeem(&own.code().await).await.status, 200);
    let rebound = gateway.api().with("host", "evil.example");
    assert_eq!(rebound.bare("POST", "/api/codes").await.status, 403);
}

#[tokio::test]
async fn the_command_line_prints_an_address_that_lets_a_browser_in() {
    let gateway = setup().start().await;
    let data = gateway.folder().join("data");
    let args = ["ui", "--no-open", "--url", gateway.base(), "--data-dir"];
    let ended = gateway
        .setup()
        .run(&[&args[..], &[data.to_str().expect("UTF-8")]].concat())
        .await;
    assert!(ended.status.success(), "{ended:?}");
    assert!(!ended.stdout.contains(&gateway.admin_token()), "{ended:?}");

    let page = ended.stdout.trim();
    let start = format!("{}/ui/#code=", gateway.base());
    let code = page
        .strip_prefix(&start)
        .unwrap_or_else(|| panic!("{page}"));
    let answer = Admin::new(gateway.base()).redeem(code).await;

    assert_eq!(answer.json()["token"], gateway.admin_token());
    assert_eq!(gateway.raw().get("/ui/").await.status, 200);
}
