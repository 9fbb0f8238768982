//! The fake Alibaba Cloud refuses what the real one refuses: a test is only as good as its props.

use serde_json::{Value, json};
use testkit::aliyun::{Announced, Kind, Options, Places, Rotation, Said, Trouble};
use testkit::browser::{Arrived, parameter};
use testkit::{Aliyun, Answer, Browser, McpHttp, OAuthApp};

const REDIRECT: &str = "http://localhost:3000/oauth/callback";

/// The gateway's own application.
fn app(aliyun: &Aliyun) -> OAuthApp {
    let paths = aliyun.paths();
    let (authorize, token) = (aliyun.at(&paths.authorize), aliyun.at(&paths.token));
    let mut app = OAuthApp::new(&authorize, &token, aliyun.client_id(), REDIRECT);
    app.scope = Some("/acs/mcp-server".to_owned());
    app
}

fn browser() -> Browser {
    Browser::new().application(REDIRECT)
}

async fn code(app: &OAuthApp, user: &str) -> String {
    let url = app.authorize_url_with(&[("login_hint", user)]);
    app.code(&browser().open(&url).await.application())
}

async fn tokens(app: &OAuthApp, user: &str) -> Value {
    let answer = app.exchange(&code(app, user).await).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().expect(name)
}

fn is_refused(answer: &Answer, error: &str) {
    assert!((400..500).contains(&answer.status), "{answer:?}");
    assert_eq!(answer.json()["error"], error, "{answer:?}");
}

fn client(aliyun: &Aliyun, token: &str) -> McpHttp {
    let client = McpHttp::new(aliyun.at("/ecs/mcp"));
    client.with("authorization", &format!("Bearer {token}"))
}

async fn hello(client: &McpHttp) -> Answer {
    let params = r#"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}"#;
    client.call("initialize", params).await
}

#[tokio::test]
async fn a_person_signs_in_allows_and_is_known_the_next_time() {
    let aliyun = Aliyun::start().await;
    let app = app(&aliyun);
    let mut browser = browser();

    let login = browser.open(&app.authorize_url()).await;
    let back = browser.sign_in(login, "alice").await.application();
    assert_eq!(parameter(&back, "iss"), Some(aliyun.issuer()));
    let tokens = app.exchange(&app.code(&back)).await.json();
    let mut client = client(&aliyun, text(&tokens, "access_token"));
    client.initialize("{}", "2025-11-25").await;
    assert_eq!(client.text("whoami", "{}").await, "alice");
    assert_eq!(aliyun.calls()[0].user.as_deref(), Some("alice"));

    let again = browser.open(&app.authorize_url()).await.application();
    assert!(parameter(&again, "code").is_some());
}

#[tokio::test]
async fn a_person_may_say_no() {
    let aliyun = Aliyun::start().await;
    let app = app(&aliyun);
    let mut browser = browser();
    let login = browser.open(&app.authorize_url()).await.page();
    let consent = browser.press(&login, "user", "bob").await.page();
    let back = browser
        .press(&consent, "decision", "deny")
        .await
        .application();
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&back, "state"), Some(app.state));
}

#[tokio::test]
async fn whatever_is_not_registered_gets_a_page_and_no_redirect() {
    let aliyun = Aliyun::start().await;
    let app = app(&aliyun);
    let wrong = [
        ("client_id", "another"),
        ("client_id", ""),
        ("redirect_uri", "http://127.0.0.1:3000/oauth/callback"),
        ("redirect_uri", "http://localhost:3000/oauth/callback/"),
        ("redirect_uri", "http://localhost:3001/oauth/callback"),
        ("redirect_uri", ""),
    ];
    for change in wrong {
        let page = browser()
            .open(&app.authorize_url_with(&[change, ("login_hint", "alice")]))
            .await;
        assert_eq!(page.page().answer.status, 400, "{change:?}");
    }
    let twice = app.authorize_url() + "&scope=twice";
    assert_eq!(browser().open(&twice).await.page().answer.status, 400);
}

#[tokio::test]
async fn other_faults_go_back_to_the_application() {
    let aliyun = Aliyun::start().await;
    let app = app(&aliyun);
    let wrong = [
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("scope", "", "invalid_scope"),
        ("scope", "openid", "invalid_scope"),
        ("scope", "/acs/mcp-server everything", "invalid_scope"),
    ];
    for (name, value, error) in wrong {
        let url = app.authorize_url_with(&[(name, value), ("login_hint", "alice")]);
        let back = browser().open(&url).await.application();
        assert_eq!(
            parameter(&back, "error").as_deref(),
            Some(error),
            "{name}={value}"
        );
        assert_eq!(parameter(&back, "code"), None);
    }
}

#[tokio::test]
async fn a_code_is_good_once_soon_and_for_who_asked() {
    let aliyun = Aliyun::start().await;
    let app = app(&aliyun);
    let wrong = [
        (
            "code_verifier",
            "guessed-guessed-guessed-guessed-guessed-guessed",
            "invalid_grant",
        ),
        ("code_verifier", "", "invalid_grant"),
        (
            "redirect_uri",
            "http://localhost:4298/oauth/callback",
            "invalid_grant",
        ),
        ("redirect_uri", "", "invalid_grant"),
        ("client_id", "another", "invalid_client"),
        ("client_id", "", "invalid_request"),
        ("client_secret", "made-up", "invalid_client"),
        ("grant_type", "password", "unsupported_grant_type"),
    ];
    for (name, value, error) in wrong {
        let code = code(&app, "alice").await;
        is_refused(&app.exchange_with(&code, &[(name, value)]).await, error);
    }
    let late = code(&app, "alice").await;
    aliyun.advance(61);
    is_refused(&app.exchange(&late).await, "invalid_grant");

    let code = code(&app, "alice").await;
    let tokens = app.exchange(&code).await.json();
    let client = client(&aliyun, text(&tokens, "access_token"));
    assert_eq!(hello(&client).await.status, 200);
    is_refused(&app.exchange(&code).await, "invalid_grant");
    assert_eq!(
        hello(&client).await.status,
        401,
        "what a replayed code gave is over"
    );
}

#[tokio::test]
async fn tokens_expire_and_are_renewed() {
    let aliyun = Aliyun::start().await;
    let app = app(&aliyun);
    let first = tokens(&app, "alice").await;
    assert_eq!(first["expires_in"], 3600);
    aliyun.advance(3600);
    let refused = hello(&client(&aliyun, text(&first, "access_token"))).await;
    assert_eq!(refused.status, 401);
    assert!(
        refused
            .header("www-authenticate")
            .contains("error=\"invalid_token\"")
    );

    let second = app.refresh(text(&first, "refresh_token")).await.json();
    assert_eq!(
        hello(&client(&aliyun, text(&second, "access_token")))
            .await
            .status,
        200
    );
    assert_eq!(
        (
            aliyun.counts().asked(Kind::Refresh),
            aliyun.counts().refused(Kind::Refresh)
        ),
        (1, 0)
    );
    assert_eq!(aliyun.tokens_of("alice").access.len(), 2);
    assert_eq!(aliyun.tokens_of("bob").access.len(), 0);
}

#[tokio::test]
async fn a_refresh_token_that_is_used_again_takes_everything_with_it() {
    let aliyun = Aliyun::start().await;
    let app = app(&aliyun);
    let first = tokens(&app, "alice").await;
    let second = app.refresh(text(&first, "refresh_token")).await.json();
    is_refused(
        &app.refresh(text(&first, "refresh_token")).await,
        "invalid_grant",
    );
    is_refused(
        &app.refresh(text(&second, "refresh_token")).await,
        "invalid_grant",
    );
    assert_eq!(
        hello(&client(&aliyun, text(&second, "access_token")))
            .await
            .status,
        401
    );
    assert!(aliyun.tokens_of("alice").live.is_empty());
}

#[tokio::test]
async fn with_grace_a_lost_answer_can_be_asked_for_again() {
    let aliyun = Aliyun::start().await;
    aliyun.behave(|behaviour| behaviour.rotation = Rotation::Grace(30));
    let app = app(&aliyun);
    let first = tokens(&app, "alice").await;
    assert_eq!(app.refresh(text(&first, "refresh_token")).await.status, 200);
    assert_eq!(app.refresh(text(&first, "refresh_token")).await.status, 200);
    aliyun.advance(30);
    is_refused(
        &app.refresh(text(&first, "refresh_token")).await,
        "invalid_grant",
    );
}

#[tokio::test]
async fn without_rotation_the_refresh_token_stays() {
    let aliyun = Aliyun::start().await;
    aliyun.behave(|behaviour| behaviour.rotation = Rotation::Keep);
    let app = app(&aliyun);
    let first = tokens(&app, "alice").await;
    for _ in 0..2 {
        let next = app.refresh(text(&first, "refresh_token")).await.json();
        assert!(next.get("refresh_token").is_none(), "{next}");
    }
    is_refused(
        &app.refresh_with(text(&first, "refresh_token"), &[("client_id", "x")])
            .await,
        "invalid_client",
    );
}

#[tokio::test]
async fn tokens_are_revoked_by_the_application_and_by_the_user() {
    let aliyun = Aliyun::start().await;
    let app = app(&aliyun);
    let endpoint = aliyun.at(&aliyun.paths().revoke);
    let alices = tokens(&app, "alice").await;
    assert_eq!(
        app.revoke(&endpoint, text(&alices, "refresh_token"))
            .await
            .status,
        200
    );
    assert_eq!(
        hello(&client(&aliyun, text(&alices, "access_token")))
            .await
            .status,
        401
    );
    assert_eq!(app.revoke(&endpoint, "unknown").await.status, 200);

    let bobs = tokens(&app, "bob").await;
    aliyun.revoke("bob");
    is_refused(
        &app.refresh(text(&bobs, "refresh_token")).await,
        "invalid_grant",
    );
}

#[tokio::test]
async fn user_information_is_the_holders_and_can_be_refused() {
    let aliyun = Aliyun::start().await;
    let app = app(&aliyun);
    let tokens = tokens(&app, "alice").await;
    let ask = async |token: &str| {
        let client = McpHttp::new(aliyun.at("/mcp"));
        client
            .with("authorization", &format!("Bearer {token}"))
            .get("/v1/userinfo")
            .await
    };
    let alice = ask(text(&tokens, "access_token")).await.json();
    assert_eq!(
        (&alice["sub"], &alice["name"]),
        (&json!(aliyun.subject("alice")), &json!("alice"))
    );
    assert_eq!(ask("foreign").await.status, 401);
    aliyun.behave(|behaviour| behaviour.userinfo_scope = Some("openid".to_owned()));
    assert_eq!(ask(text(&tokens, "access_token")).await.status, 403);
}

#[tokio::test]
async fn a_static_credential_lasts_until_it_is_revoked() {
    let aliyun = Aliyun::start().await;
    let client = client(&aliyun, &aliyun.credential("alice"));
    aliyun.advance(10_000_000);
    assert_eq!(hello(&client).await.status, 200);
    aliyun.revoke("alice");
    assert_eq!(hello(&client).await.status, 401);
}

#[tokio::test]
async fn sessions_do_not_cross_users() {
    let aliyun = Aliyun::start().await;
    let app = app(&aliyun);
    let (alices, bobs) = (tokens(&app, "alice").await, tokens(&app, "bob").await);
    let mut alice = client(&aliyun, text(&alices, "access_token"));
    alice.initialize("{}", "2025-11-25").await;
    assert_eq!(aliyun.counts().crossed, 0);

    let thief =
        client(&aliyun, text(&bobs, "access_token")).with("mcp-session-id", alice.session());
    assert_eq!(thief.call("tools/list", "{}").await.status, 404);
    assert_eq!(aliyun.counts().crossed, 1);
}

#[tokio::test]
async fn calls_stream_and_show_their_headers() {
    let aliyun = Aliyun::start().await;
    let app = app(&aliyun);
    let tokens = tokens(&app, "alice").await;
    let mut client =
        client(&aliyun, text(&tokens, "access_token")).with("x-acs-region-id", "cn-hangzhou");
    client.initialize("{}", "2025-11-25").await;
    assert_eq!(
        client.tool_names().await,
        ["whoami", "headers", "create", "stream", "wait"]
    );
    let call = client.request(
        "tools/call",
        r#"{"name":"stream","_meta":{"progressToken":7}}"#,
    );
    let mut stream = client.post_stream(call).await;
    assert_eq!(
        stream.message_of("notifications/progress").await["params"]["progressToken"],
        7
    );
    assert!(stream.response().await.contains("alice"));
    let headers = client.text("headers", "{}").await;
    assert!(
        headers.contains("cn-hangzhou") && !headers.contains("Bearer"),
        "{headers}"
    );
    assert_eq!(aliyun.calls()[1].header("x-acs-region-id"), "cn-hangzhou");
}

#[tokio::test]
async fn it_misbehaves_as_ordered_and_no_longer() {
    let aliyun = Aliyun::start().await;
    let app = app(&aliyun);
    let tokens = tokens(&app, "alice").await;
    let token = text(&tokens, "refresh_token").to_owned();
    aliyun.behave(|behaviour| {
        behaviour.rotation = Rotation::Keep;
        behaviour.next(Kind::Refresh, 2, Trouble::Status(503));
    });
    assert_eq!(app.refresh(&token).await.status, 503);
    assert_eq!(app.refresh(&token).await.status, 503);
    assert_eq!(app.refresh(&token).await.status, 200);
    aliyun.behave(|behaviour| behaviour.next(Kind::Refresh, 1, Trouble::Malformed));
    let half = app.refresh(&token).await;
    assert!(
        serde_json::from_str::<Value>(&half.body).is_err(),
        "{half:?}"
    );
    assert_eq!(aliyun.counts().asked(Kind::Refresh), 4);

    aliyun.behave(|behaviour| behaviour.next(Kind::Mcp, 1, Trouble::Status(401)));
    let client = client(&aliyun, text(&tokens, "access_token"));
    let refused = hello(&client).await;
    assert_eq!(refused.status, 401);
    assert!(refused.header("www-authenticate").starts_with("Bearer "));
    assert_eq!(hello(&client).await.status, 200);

    aliyun.behave(|behaviour| behaviour.always(Kind::Mcp, Trouble::Hang));
    let hangs = tokio::time::timeout(std::time::Duration::from_millis(100), hello(&client)).await;
    assert!(hangs.is_err());
    aliyun.behave(|behaviour| behaviour.well(Kind::Mcp));
    assert_eq!(hello(&client).await.status, 200);
}

#[tokio::test]
async fn it_says_wrong_things_on_demand() {
    let aliyun = Aliyun::start().await;
    let app = app(&aliyun);
    aliyun.behave(|behaviour| {
        behaviour.announced = Announced::Text;
        behaviour.lifetime = 60;
    });
    assert_eq!(tokens(&app, "alice").await["expires_in"], "60");
    aliyun.behave(|behaviour| behaviour.announced = Announced::Absent);
    assert!(tokens(&app, "alice").await.get("expires_in").is_none());

    aliyun.behave(|behaviour| behaviour.wrong_audience = true);
    let elsewhere = tokens(&app, "alice").await;
    assert_eq!(
        hello(&client(&aliyun, text(&elsewhere, "access_token")))
            .await
            .status,
        401
    );

    aliyun.behave(|behaviour| {
        (behaviour.state, behaviour.iss) = (Said::Wrong, Said::Absent);
        behaviour.auto_login = Some("bob".to_owned());
        behaviour.clock_ahead = -86_400;
    });
    let back = browser().open(&app.authorize_url()).await.application();
    assert_ne!(parameter(&back, "state"), Some(app.state.clone()));
    assert_eq!(parameter(&back, "iss"), None);
    let dated = app.exchange("none").await;
    let now = McpHttp::new(aliyun.at("/mcp")).get("/control/counts").await;
    assert_ne!(&dated.header("date")[..16], &now.header("date")[..16]);
}

#[tokio::test]
async fn a_generic_server_is_found_registers_and_binds_tokens_to_resources() {
    let server = Aliyun::start_generic().await;
    let mut app = OAuthApp::discover(&server.at("/files/mcp"), None, REDIRECT).await;
    let tokens = tokens(&app, "alice").await;
    let token = format!("Bearer {}", text(&tokens, "access_token"));
    let here = McpHttp::new(server.at("/files/mcp")).with("authorization", &token);
    assert_eq!(hello(&here).await.status, 200);
    let elsewhere = McpHttp::new(server.at("/other/mcp")).with("authorization", &token);
    assert_eq!(hello(&elsewhere).await.status, 401);
    is_refused(
        &app.exchange_with(&code(&app, "bob").await, &[("resource", "")])
            .await,
        "invalid_target",
    );

    app.resource = None;
    let back = browser().open(&app.authorize_url()).await.application();
    assert_eq!(parameter(&back, "error").as_deref(), Some("invalid_target"));
    server.behave(|behaviour| behaviour.registration = false);
    assert_eq!(app.register("Late").await.status, 404);
}

#[tokio::test]
async fn a_client_may_be_known_by_a_document_about_itself() {
    let documents = documents().await;
    let server = Aliyun::start_generic().await;
    let good = format!("{documents}/client.json");
    let app = OAuthApp::discover(&server.at("/mcp"), Some(&good), REDIRECT).await;
    assert_eq!(
        browser()
            .open(&app.authorize_url())
            .await
            .page()
            .answer
            .status,
        400
    );

    server.behave(|behaviour| behaviour.client_documents = true);
    tokens(&app, "alice").await;
    let app = OAuthApp::discover(
        &server.at("/mcp"),
        Some(&format!("{documents}/another.json")),
        REDIRECT,
    )
    .await;
    assert_eq!(app.metadata["client_id_metadata_document_supported"], true);
    assert_eq!(
        browser()
            .open(&app.authorize_url())
            .await
            .page()
            .answer
            .status,
        400
    );
}

/// A website with one document, which says that it is `client.json`, at every address.
async fn documents() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("it listens"));
    let document = json!({"client_id": format!("{base}/client.json"), "redirect_uris": [REDIRECT]});
    let site = axum::Router::new().fallback(async move || axum::Json(document));
    tokio::spawn(async move { axum::serve(listener, site).await });
    base
}

#[tokio::test]
async fn documents_are_where_they_are_ordered_to_be() {
    let mut options = Options::generic();
    options.issuer_path = "/tenant".to_owned();
    options.behaviour.resource_metadata = Places::Second;
    options.behaviour.server_metadata = Places::Second;
    let server = Aliyun::start_with(options);
    let client = McpHttp::new(server.at("/mcp"));
    let status = async |path: &str| client.get(path).await.status;
    assert_eq!(
        status("/.well-known/oauth-protected-resource/mcp").await,
        404
    );
    assert_eq!(status("/.well-known/oauth-protected-resource").await, 200);
    assert_eq!(
        status("/.well-known/oauth-authorization-server/tenant").await,
        404
    );
    assert_eq!(
        status("/.well-known/openid-configuration/tenant").await,
        200
    );
    assert_eq!(
        status("/tenant/.well-known/openid-configuration").await,
        200
    );
    server.behave(|behaviour| behaviour.server_metadata = Places::First);
    let found = client
        .get("/.well-known/oauth-authorization-server/tenant")
        .await
        .json();
    assert_eq!(found["issuer"], server.issuer());
    assert_eq!(status("/.well-known/oauth-authorization-server").await, 404);
}

#[tokio::test]
async fn a_confidential_application_shows_its_secret() {
    let mut options = Options::aliyun();
    options.client_secret = Some("of the application".to_owned());
    let aliyun = Aliyun::start_with(options);
    let app = app(&aliyun);
    is_refused(
        &app.exchange(&code(&app, "alice").await).await,
        "invalid_client",
    );
    let right = [("client_secret", "of the application")];
    assert_eq!(
        app.exchange_with(&code(&app, "alice").await, &right)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn more_scope_can_be_asked_for() {
    let server = Aliyun::start_generic().await;
    let mut app = OAuthApp::discover(&server.at("/mcp"), None, REDIRECT).await;
    server.behave(|behaviour| behaviour.mcp_scope = Some("mcp:admin".to_owned()));
    let client = async |app: &OAuthApp| {
        let tokens = tokens(app, "alice").await;
        let token = format!("Bearer {}", text(&tokens, "access_token"));
        hello(&McpHttp::new(server.at("/mcp")).with("authorization", &token)).await
    };
    let refused = client(&app).await;
    assert_eq!(refused.status, 403);
    assert!(
        refused
            .header("www-authenticate")
            .contains("insufficient_scope")
    );
    app.scope = Some("mcp:tools mcp:admin".to_owned());
    assert_eq!(client(&app).await.status, 200);
}

#[tokio::test]
async fn its_switches_can_be_set_over_http() {
    let aliyun = Aliyun::start().await;
    let control = testkit::Admin::new(aliyun.url());
    let patch = json!({"lifetime": 5, "rotation": {"grace": 30}, "announced": "text",
        "trouble": {"refresh": {"does": {"status": 500}, "times": 1}, "mcp": {"does": "hang"}}});
    let answer = control.send("PATCH", "/control/behaviour", &patch).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    aliyun.behave(|behaviour| {
        assert_eq!(
            (behaviour.lifetime, behaviour.rotation),
            (5, Rotation::Grace(30))
        );
        assert_eq!(behaviour.trouble.len(), 2);
    });
    let typo = control
        .send("PATCH", "/control/behaviour", &json!({"lifetimes": 5}))
        .await;
    assert_eq!(typo.status, 400);

    let app = app(&aliyun);
    tokens(&app, "alice").await;
    let told = control.json("/control/tokens/alice").await;
    assert_eq!(told["tokens"]["access"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        control.json("/control/counts").await["exchange"]["asked"],
        1
    );
    assert_eq!(
        control.bare("POST", "/control/revoke/alice").await.status,
        204
    );
    assert!(aliyun.tokens_of("alice").live.is_empty());
    let uri = json!({"uri": "http://localhost:5/oauth/callback"});
    assert_eq!(control.post("/control/redirects", &uri).await.status, 204);
    let allowed = app.authorize_url_with(&[("redirect_uri", "http://localhost:5/oauth/callback")]);
    assert!(
        matches!(browser().open(&allowed).await, Arrived::Page(page) if page.answer.status == 200)
    );
}
