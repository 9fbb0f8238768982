//! Without a token of the gateway's own, account-backed services say how to get one, and nothing else.

use serde_json::json;
use testkit::aliyun::Kind;
use testkit::client::VERSION;
use testkit::{Setup, challenge};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::town::Town;

#[tokio::test]
async fn every_request_to_a_service_is_told_where_to_sign_in() {
    let town = Town::start().await;
    let base = town.gateway.base();
    let stranger = town.stranger("/ecs/mcp");
    let answers = [
        stranger.call("initialize", "{}").await,
        stranger.call("tools/call", r#"{"name":"whoami"}"#).await,
        stranger.call("server/discover", "{}").await,
        stranger.notify("notifications/initialized", "{}").await,
        stranger.post("no JSON").await,
        stranger.delete().await,
        stranger.listen().await.answer().await,
        stranger
            .clone()
            .with("authorization", "Bearer made-up")
            .call("tools/list", "{}")
            .await,
        stranger
            .clone()
            .with("authorization", "Basic YTpi")
            .call("tools/list", "{}")
            .await,
        stranger
            .clone()
            .with("x-user-id", "alice")
            .call("tools/list", "{}")
            .await,
    ];
    for answer in answers {
        assert_eq!(answer.status, 401, "{answer:?}");
        let metadata = format!("{base}/.well-known/oauth-protected-resource/ecs/mcp");
        assert_eq!(
            challenge(&answer, "resource_metadata"),
            Some(metadata),
            "{answer:?}"
        );
        assert!(challenge(&answer, "scope").is_some(), "{answer:?}");
    }
    assert_eq!(town.aliyun.counts().asked(Kind::Mcp), 0);
}

#[tokio::test]
async fn the_refusal_of_a_call_is_json_rpc_with_an_address_to_sign_in_at() {
    let town = Town::start().await;
    let refused = town.stranger("/ecs/mcp").call("tools/list", "{}").await;
    let message = refused.json();
    assert_eq!(message["jsonrpc"], "2.0", "{message}");
    assert!(message["error"]["code"].is_i64(), "{message}");
    let address = message["error"]["data"]["authorize_url"]
        .as_str()
        .expect("an address");
    assert!(address.starts_with(town.gateway.base()), "{address}");
}

#[tokio::test]
async fn a_wrong_token_is_called_invalid_and_a_missing_one_is_not() {
    let town = Town::start().await;
    let stranger = town.stranger("/ecs/mcp");
    let missing = stranger.call("tools/list", "{}").await;
    assert_eq!(challenge(&missing, "error"), None, "{missing:?}");
    let wrong = stranger
        .with("authorization", "Bearer mcpg_wrong")
        .call("tools/list", "{}")
        .await;
    assert_eq!(
        challenge(&wrong, "error").as_deref(),
        Some("invalid_token"),
        "{wrong:?}"
    );
}

#[tokio::test]
async fn a_token_that_cannot_be_checked_is_not_called_invalid() {
    let mut town = Town::start().await;
    let token = town.owners_token().await;
    town.gateway.stop().await;
    let key = town.gateway.folder().join("data/store.key");
    let kept = std::fs::read(&key).expect("a key");
    std::fs::remove_file(&key).expect("a key");
    town.gateway.restart().await;
    for path in ["/ecs/mcp", "/mcp"] {
        let bearer = format!("Bearer {token}");
        let client = town.stranger(path).with("authorization", &bearer);
        let answer = client.call("tools/list", "{}").await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.header("retry-after"), "60");
        assert_eq!(answer.header("www-authenticate"), "");
        let told = "the gateway cannot check tokens at the moment; try again later";
        assert!(answer.body.contains(told), "{answer:?}");
        assert!(!answer.body.contains("key"), "{answer:?}");
    }
    let foreign = town.stranger("/ecs/mcp");
    let foreign = foreign.with("authorization", "Bearer made-up");
    let foreign = foreign.call("tools/list", "{}").await;
    assert_eq!(foreign.status, 401, "{foreign:?}");
    let missing = town.stranger("/ecs/mcp").call("tools/list", "{}").await;
    assert_eq!(missing.status, 401, "{missing:?}");

    std::fs::write(&key, kept).expect("writes");
    town.gateway.stop().await;
    town.gateway.restart().await;
    let client = town.stranger("/ecs/mcp");
    let mut client = client.with("authorization", &format!("Bearer {token}"));
    assert_eq!(client.initialize("{}", VERSION).await.status, 200);
}

#[tokio::test]
async fn the_documents_say_what_clients_insist_on() {
    let town = Town::start().await;
    let base = town.gateway.base().to_owned();
    let get = async |path: &str| town.stranger("/mcp").get(path).await.json();

    let resource = get("/.well-known/oauth-protected-resource/ecs/mcp").await;
    assert_eq!(resource["resource"], town.at("/ecs/mcp"));
    assert_eq!(resource["authorization_servers"], json!([base]));
    assert!(
        !resource["scopes_supported"]
            .to_string()
            .contains("offline_access")
    );
    assert_eq!(
        get("/.well-known/oauth-protected-resource").await["authorization_servers"],
        json!([base])
    );

    for place in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/ecs/mcp",
        "/.well-known/openid-configuration",
    ] {
        let server = get(place).await;
        assert_eq!(server["issuer"], base, "{place}");
        assert_eq!(
            server["code_challenge_methods_supported"],
            json!(["S256"]),
            "{place}"
        );
        assert_eq!(
            server["authorization_response_iss_parameter_supported"], true,
            "{place}"
        );
        for endpoint in [
            "authorization_endpoint",
            "token_endpoint",
            "registration_endpoint",
            "revocation_endpoint",
        ] {
            assert!(
                server[endpoint]
                    .as_str()
                    .is_some_and(|at| at.starts_with(&base)),
                "{place}: {server}"
            );
        }
        let methods = server["token_endpoint_auth_methods_supported"]
            .as_array()
            .expect("methods");
        assert!(methods.contains(&json!("none")), "{place}");
    }
}

#[tokio::test]
async fn the_aggregate_never_fails_because_a_service_lacks_a_sign_in() {
    let town =
        Town::start_with(|setup| setup.fake("local", json!({"tools": [{"name": "echo"}]}))).await;
    town.gateway.await_tools("local", 1).await;
    assert_eq!(
        town.gateway.client().await.tool_names().await,
        ["local_echo"]
    );
    assert_eq!(town.aliyun.counts().asked(Kind::Mcp), 0);
}

#[tokio::test]
async fn a_trusted_proxy_tells_under_which_address_clients_come() {
    let setup = |setup: Setup| {
        setup
            .config_in("gateway", "trustedProxies", json!(["127.0.0.1", "::1"]))
            .config_in("gateway", "allowedHosts", json!(["gw.example.com"]))
    };
    let town = Town::start_with(setup).await;
    let through = |path: &str, host: &str| {
        town.stranger(path)
            .with("x-forwarded-for", "203.0.113.9")
            .with("x-forwarded-proto", "https")
            .with("x-forwarded-host", host)
    };
    let by_name = through("/ecs/mcp", "gw.example.com");

    let refused = by_name.call("tools/list", "{}").await;
    assert_eq!(
        challenge(&refused, "resource_metadata").as_deref(),
        Some("https://gw.example.com/.well-known/oauth-protected-resource/ecs/mcp"),
        "{refused:?}"
    );
    let document = through("/mcp", "gw.example.com")
        .get("/.well-known/oauth-authorization-server")
        .await;
    assert_eq!(document.json()["issuer"], "https://gw.example.com");

    // A name that is not one of the gateway's is nobody's to choose.
    let foreign = through("/ecs/mcp", "evil.example");
    let refused = foreign.call("tools/list", "{}").await;
    let metadata = challenge(&refused, "resource_metadata").expect("a place");
    assert!(!metadata.contains("evil.example"), "{metadata}");
}

#[tokio::test]
async fn an_absolute_target_outranks_the_host_header() {
    let town = Town::start().await;
    let base = town.gateway.base();
    let port = town.gateway.port();
    let mut stream = TcpStream::connect(("localhost", port))
        .await
        .expect("connects");
    let request =
        format!("GET {base}/ecs/mcp HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("writes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("reads");
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    let place = format!("{base}/.well-known/oauth-protected-resource/ecs/mcp");
    assert!(answer.contains(&place), "{answer}");
    assert!(!answer.contains("evil.example"), "{answer}");
}

#[tokio::test]
async fn who_has_no_token_is_told_the_names_of_services_alone() {
    let town = Town::start().await;
    let listed = town.stranger("/mcp").get("/config/services").await.json();
    assert_eq!(listed["services"], json!({"ecs": "", "oss": ""}));
    assert!(listed["baseUrl"].is_string(), "{listed}");

    let token = format!("Bearer {}", town.owners_token().await);
    let client = town.stranger("/mcp").with("authorization", &token);
    let listed = client.get("/config/services").await.json();
    assert_eq!(
        listed["services"],
        json!({"ecs": "/ecs/mcp", "oss": "/id/42/mcp"})
    );
}
