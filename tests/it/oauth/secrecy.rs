//! What is secret is found nowhere but where it belongs.

use std::path::Path;

use testkit::aliyun::Kind;

use super::facade::code;
use super::town::{Town, tokens};

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

    let mut places = Vec::new();
    files(town.gateway.folder(), &mut places);
    let cmdline = format!("/proc/{}/cmdline", town.gateway.pid());
    places.push((
        "arguments".to_owned(),
        std::fs::read(cmdline).expect("Linux"),
    ));
    places.push(("stdout".to_owned(), town.gateway.stdout().into_bytes()));
    places.push(("stderr".to_owned(), town.gateway.stderr().into_bytes()));
    for route in [
        "status",
        "accounts",
        "approvals",
        "grants",
        "secrets",
        "config",
        "settings",
    ] {
        let answer = town.gateway.api().get(&format!("/api/{route}")).await;
        places.push((format!("/api/{route}"), answer.body.into_bytes()));
    }
    for (place, bytes) in &places {
        for secret in &secrets {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {place}");
        }
    }
    assert!(places.iter().any(|(place, _)| place.ends_with("store.db")));
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
