//! What is secret is found nowhere but where it belongs.

use std::path::Path;

use serde_json::json;
use testkit::Gateway;
use testkit::aliyun::Kind;
use testkit::wait::until_true;

use super::facade::code;
use super::town::{Town, tokens};
use crate::support::setup;

/// Everything below a folder, byte for byte.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.is_file() {
            let bytes = std::fs::read(&path).expect("a file");
            found.push((path.display().to_string(), bytes));
        }
    }
}

#[tokio::test]
async fn no_token_and_no_code_is_in_files_logs_answers_or_arguments() {
    let town = Town::start_with(|setup| setup.env("LOG_LEVEL", "trace")).await;
    let owners = town.owners_token().await;
    town.owner_signs_in("alice").await;
    let app = town.app("/ecs/mcp", None).await;
    let code = code(&town, &app).await;
    let (access, refresh) = tokens(&app.exchange(&code).await);
    let client = town.client("/ecs/mcp", &access).await;
    town.aliyun.expire("alice");
    assert_eq!(client.text("whoami", "{}").await, "alice");
    town.aliyun.revoke("alice");
    client.tool("whoami", "{}").await;

    let mut secrets = vec![owners, code, access, refresh, app.verifier.clone()];
    let aliyuns = town.aliyun.tokens_of("alice");
    secrets.extend(aliyuns.access);
    secrets.extend(aliyuns.refresh);
    for exchange in town.aliyun.seen(Kind::Exchange) {
        let fields = url_fields(&exchange.body);
        secrets.extend(
            fields
                .filter(|(name, _)| name == "code" || name == "code_verifier")
                .map(|(_, value)| value),
        );
    }
    assert!(secrets.len() >= 10, "{secrets:?}");

    let places = places(&town.gateway, &[]).await;
    are_nowhere(&secrets, &places);
    assert!(places.iter().any(|(place, _)| place.ends_with("store.db")));
}

#[tokio::test]
async fn what_the_configuration_refers_to_is_known_to_its_server_alone() {
    const KEPT: &str = "kept-planted-8f3a91c2";
    const GIVEN: &str = "given-planted-7d20b6e4";
    let setup = setup()
        .env("MCP_GATEWAY_KEYCHAIN", "off")
        .env("LOG_LEVEL", "trace")
        .env("PLANTED", GIVEN);
    let value = setup.path("value");
    std::fs::write(&value, KEPT).expect("written");
    let mut keep = setup.command(env!("CARGO_BIN_EXE_mcp-gateway"));
    keep.args(["secret", "set", "KEPT", "--data-dir"])
        .arg(setup.path("data"))
        .env("MCP_GATEWAY_KEYCHAIN", "off")
        .stdin(std::fs::File::open(&value).expect("there"));
    let kept = keep.output().expect("it runs");
    assert!(kept.status.success(), "{kept:?}");
    std::fs::remove_file(value).expect("removed");

    // It says them in every way there is, and another one dies of them.
    let says = format!("the keys are {KEPT} and {GIVEN}");
    let message = json!({
        "jsonrpc": "2.0", "method": "notifications/message",
        "params": {"level": "warning", "data": says},
    });
    let talks = json!({
        "start": {"stderr": [says]},
        "tools": [
            {"name": "own", "does": [{"env": "KEPT"}]},
            {"name": "say", "does": [{"print": says}, {"push": message}, {"text": "ok"}]},
        ],
    });
    let dies = json!({"start": {"stderr": [says], "exit": 3}});
    let journal = setup.journal("talks");
    let env = json!({
        "KEPT": "${secret:KEPT}", "API_KEY": "${env:PLANTED}", "FAKE_JOURNAL": journal.path(),
    });
    let gateway = setup
        .fake_with("talks", talks, json!({ "env": env }))
        .fake_with(
            "dies",
            dies,
            json!({"env": {"KEPT": "${secret:KEPT}", "API_KEY": "${env:PLANTED}"}}),
        )
        .start()
        .await;
    gateway.await_tools("talks", 2).await;
    gateway.await_state("dies", "failing").await;
    let client = gateway.client().await;
    assert_eq!(client.text("talks_own", "{}").await, KEPT);
    client.text("talks_say", "{}").await;
    let log = gateway.folder().join("data/logs/talks.log");
    until_true("what it said is kept", || {
        std::fs::read_to_string(&log).is_ok_and(|text| text.matches("the keys are …").count() >= 3)
    })
    .await;

    let doctor = gateway.api().get("/api/doctor").await;
    assert_eq!(doctor.status, 200);
    let mut places = places(&gateway, &["script.json"]).await;
    places.push(("/api/doctor".to_owned(), doctor.body.into_bytes()));
    are_nowhere(&[KEPT, GIVEN].map(str::to_owned), &places);
}

/// Where a secret could come to light: files (but those whose names end so), what the gateway
/// prints, its arguments and its answers.
async fn places(gateway: &Gateway, but: &[&str]) -> Vec<(String, Vec<u8>)> {
    let mut places = Vec::new();
    files(gateway.folder(), &mut places);
    places.retain(|(place, _)| but.iter().all(|end| !place.ends_with(end)));
    let cmdline = format!("/proc/{}/cmdline", gateway.pid());
    places.push((
        "arguments".to_owned(),
        std::fs::read(cmdline).expect("Linux"),
    ));
    places.push(("stdout".to_owned(), gateway.stdout().into_bytes()));
    places.push(("stderr".to_owned(), gateway.stderr().into_bytes()));
    for route in [
        "status",
        "accounts",
        "approvals",
        "grants",
        "secrets",
        "config",
        "settings",
    ] {
        let answer = gateway.api().get(&format!("/api/{route}")).await;
        places.push((format!("/api/{route}"), answer.body.into_bytes()));
    }
    places
}

fn are_nowhere(secrets: &[String], places: &[(String, Vec<u8>)]) {
    for (place, bytes) in places {
        for secret in secrets {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {place}");
        }
    }
}

/// The fields of a form.
fn url_fields(body: &str) -> impl Iterator<Item = (String, String)> {
    let page = format!("http://localhost/?{body}");
    let url = reqwest::Url::parse(&page).expect("a form");
    let fields: Vec<_> = url
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    fields.into_iter()
}
