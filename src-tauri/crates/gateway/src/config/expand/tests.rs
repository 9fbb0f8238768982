use proptest::prelude::*;

use super::*;
use crate::config::{Environment, LoadOptions, load};

/// The servers of a file as users write it.
pub(crate) fn servers(file: &str) -> Vec<ServerConfig> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.json");
    std::fs::write(&path, file).expect("written");
    let options = LoadOptions {
        file: Some(path),
        ..LoadOptions::default()
    };
    let environment = Environment {
        vars: &|_| None,
        home: None,
        cwd: folder.path(),
    };
    load(&options, &environment)
        .unwrap_or_else(|error| panic!("{}", error.render(crate::words::Language::English)))
        .config
        .servers
}

fn lookup(kind: Kind, name: &str) -> Option<String> {
    match (kind, name) {
        (Kind::Secret, "TOKEN") => Some("s3cret".to_owned()),
        (Kind::Secret, "odd") => Some("${secret:TOKEN}".to_owned()),
        (Kind::Env, "HOME") => Some("/home/me".to_owned()),
        _ => None,
    }
}

fn one(text: &str) -> Result<String, Vec<Unresolved>> {
    expand_text(text, || "here".to_owned(), lookup, &mut Vec::new())
}

#[test]
fn references_become_values_and_everything_else_stays() {
    let check = |text: &str, expected: &str| {
        assert_eq!(one(text).as_deref(), Ok(expected), "{text}");
    };
    check("Bearer ${secret:TOKEN}", "Bearer s3cret");
    check("${env:HOME}/x:${env:HOME}", "/home/me/x:/home/me");
    check(
        "${HOME} $HOME ${} $ {secret:TOKEN} ${ secret:TOKEN}",
        "${HOME} $HOME ${} $ {secret:TOKEN} ${ secret:TOKEN}",
    );
    check("$${secret:TOKEN}", "${secret:TOKEN}");
    check("$$${secret:TOKEN}", "$${secret:TOKEN}");
    check("$$ 5$", "$$ 5$");
    check("${secret:odd}", "${secret:TOKEN}");
    check("名${secret:TOKEN}名", "名s3cret名");
}

#[test]
fn what_begins_like_a_reference_and_is_none_is_refused() {
    for text in [
        "${secret:}",
        "${secret:TOKEN",
        "${secret:two words}",
        "${env:}",
        "${env:A=B}",
        "${env:${secret:TOKEN}}",
    ] {
        let unresolved = one(text).expect_err(text);
        assert!(
            matches!(unresolved[0], Unresolved::Malformed { .. }),
            "{text}: {unresolved:?}"
        );
    }
}

#[test]
fn everything_that_is_missing_is_told_with_its_place_and_remedy() {
    let servers = servers(
        r#"{"servers": [{"name": "hub", "command": ["run", "--key", "${secret:A}"],
            "env": {"TOKEN": "${env:B}", "HOME": "${env:HOME}"}}]}"#,
    );
    let unresolved = expand(&servers[0], lookup).expect_err("two are missing");
    let words = explain(&unresolved, None);
    for part in [
        "\"command[2]\" needs the secret \"A\"",
        "mcp-gateway secret set A",
        "\"env.TOKEN\" needs the environment variable B",
    ] {
        assert!(words.en.contains(part), "{part}: {}", words.en);
    }
    assert!(words.zh.contains("需要机密“A”") && words.zh.contains("环境变量 B"));
}

#[test]
fn a_server_is_expanded_wherever_references_are_read() {
    let servers = servers(
        r#"{"servers": [
            {"name": "here", "command": ["run", "${env:HOME}/x"], "env": {"T": "a${secret:TOKEN}"}},
            {"name": "there", "url": "https://example.com/mcp?key=${secret:TOKEN}",
             "headers": {"Authorization": "Bearer ${secret:TOKEN}"},
             "auth": {"clientId": "me", "clientSecret": "${secret:TOKEN}"}}]}"#,
    );
    let here = expand(&servers[0], lookup).expect("it is all there");
    assert!(
        matches!(&here.server.transport, Transport::Local { command, env, .. }
        if command[1] == "/home/me/x" && env[0].1 == "as3cret")
    );
    assert_eq!(here.secrets, ["s3cret"]);

    let there = expand(&servers[1], lookup).expect("it is all there");
    assert!(
        matches!(&there.server.transport, Transport::Remote { url, headers }
        if url.ends_with("?key=s3cret") && headers[0].1 == "Bearer s3cret")
    );
    assert_eq!(Spot::ClientSecret.text(&there.server), Some("s3cret"));
    assert_eq!(there.secrets, ["s3cret"]);
    assert!(!format!("{there:?}").contains("s3cret"));

    let places: Vec<_> = references(&servers[1])
        .into_iter()
        .map(|reference| reference.place)
        .collect();
    assert_eq!(
        places,
        ["url", "headers.Authorization", "auth.clientSecret"]
    );
    assert_eq!(super::secrets(&servers[1]), ["TOKEN"]);
}

#[test]
fn an_address_is_judged_with_its_values() {
    let mut server =
        servers(r#"{"servers": [{"name": "a", "url": "https://example.com/mcp"}]}"#).remove(0);
    Spot::Url.set(&mut server, "${secret:TOKEN}/mcp".to_owned());
    let unresolved = expand(&server, lookup).expect_err("no address");
    assert_eq!(unresolved, [Unresolved::NotAnAddress]);
    assert!(!explain(&unresolved, None).en.contains("s3cret"));
}

proptest! {
    #[test]
    fn an_escaped_text_is_itself(text in r"[${}a-z:]{0,24}|.{0,24}") {
        let escaped = text.replace("${", "$${");
        prop_assert_eq!(one(&escaped), Ok(text.clone()));
        prop_assert_eq!(literal(&escaped), Some(text));
        prop_assert!(!is_dynamic(&escaped));
    }

    #[test]
    fn values_stand_where_their_references_stood(
        // A `$` right before the second reference would make it a text.
        before in "[a-z ]{0,8}", after in "([a-z$} ]{0,7}[a-z} ])?", value in ".{0,12}",
    ) {
        let text = format!("{before}${{secret:N}}{after}${{env:N}}");
        let mut secrets = Vec::new();
        let expanded = expand_text(&text, String::new, |_, _| Some(value.clone()), &mut secrets);
        prop_assert_eq!(expanded, Ok(format!("{before}{value}{after}{value}")));
        prop_assert_eq!(secrets, [value]);
        prop_assert_eq!(named(&text).count(), 2);
    }
}
