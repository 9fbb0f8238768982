use proptest::prelude::*;

use super::*;
use crate::config::edit::{self, Edit};
use crate::config::expand::tests::servers;
use crate::config::expand::{Kind, expand};

/// Place, new text and values of everything that is found.
fn found(file: &str) -> Vec<(String, String, Vec<String>)> {
    find(&servers(file), None, HashMap::new())
        .into_iter()
        .map(|sealing| {
            let values = sealing.secrets.iter().map(|plain| plain.value.clone());
            (sealing.place, sealing.text, values.collect())
        })
        .collect()
}

fn check(file: &str, expected: &[(&str, &str, &[&str])]) {
    let found = found(file);
    let found: Vec<_> = found
        .iter()
        .map(|(place, text, values)| (place.as_str(), text.as_str(), values.clone()))
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(place, text, values)| {
            let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
            (*place, *text, values)
        })
        .collect();
    assert_eq!(found, expected, "{file}");
}

#[test]
fn secrets_of_local_servers_are_found_in_variables_and_arguments() {
    check(
        r#"{"servers": [{"name": "hub",
            "command": ["docker", "run", "-e", "API_KEY=sesame", "--token", "abcdef", "--port=80",
                        "--header", "Authorization: Bearer xyz123", "--verbose", "image"],
            "env": {"GITHUB_TOKEN": "hunter2", "LANG": "C", "KEY_FILE": "/run/key",
                    "DATABASE": "postgres://me:pw12@db/x", "ANY": "ghp_0123456789abcdef0123"}}]}"#,
        &[
            ("command[3]", "API_KEY=${secret:API_KEY}", &["sesame"]),
            ("command[5]", "${secret:HUB_TOKEN}", &["abcdef"]),
            (
                "command[8]",
                "Authorization: Bearer ${secret:HUB_AUTHORIZATION}",
                &["xyz123"],
            ),
            ("env.GITHUB_TOKEN", "${secret:GITHUB_TOKEN}", &["hunter2"]),
            (
                "env.DATABASE",
                "postgres://me:${secret:DATABASE}@db/x",
                &["pw12"],
            ),
            ("env.ANY", "${secret:ANY}", &["ghp_0123456789abcdef0123"]),
        ],
    );
}

#[test]
fn secrets_of_remote_servers_are_found_in_address_headers_and_client() {
    check(
        r#"{"servers": [{"name": "my hub",
            "url": "https://me:word@example.com/mcp?mode=on&api_key=k-1&x=2#key=none",
            "headers": {"Authorization": "Bearer abc.def", "X-Api-Key": "12345", "Accept": "text"},
            "auth": {"clientId": "me", "clientSecret": "shh!"}}]}"#,
        &[
            (
                "url",
                "https://me:${secret:MY_HUB_PASSWORD}@example.com/mcp?mode=on&api_key=k-1&x=2#key=none",
                &["word"],
            ),
            (
                "headers.Authorization",
                "Bearer ${secret:MY_HUB_AUTHORIZATION}",
                &["abc.def"],
            ),
            (
                "headers.X-Api-Key",
                "${secret:MY_HUB_X_API_KEY}",
                &["12345"],
            ),
            (
                "auth.clientSecret",
                "${secret:MY_HUB_CLIENTSECRET}",
                &["shh!"],
            ),
        ],
    );
    check(
        r#"{"servers": [{"name": "a", "url": "https://example.com/mcp?token=abcd%2B&token=efgh"}]}"#,
        &[(
            "url",
            "https://example.com/mcp?token=${secret:A_TOKEN}&token=${secret:A_TOKEN_2}",
            &["abcd%2B", "efgh"],
        )],
    );
}

#[test]
fn what_is_no_plain_text_is_left_alone() {
    check(
        r#"{"servers": [
            {"name": "a", "command": ["run", "--token", "${secret:A}", "--key=${env:B}"],
             "env": {"TOKEN": "${secret:T}", "API_KEY": ""}},
            {"name": "b", "url": "https://example.com/mcp?key=${secret:A}",
             "headers": {"Authorization": "Bearer ${secret:B}"}}]}"#,
        &[],
    );
}

#[test]
fn names_are_shared_by_equal_values_and_by_no_others() {
    let servers = servers(
        r#"{"servers": [
            {"name": "a", "command": ["x"], "env": {"API_KEY": "value-1"}},
            {"name": "b", "command": ["x"], "env": {"API_KEY": "value-1"}},
            {"name": "c", "command": ["x"], "env": {"API_KEY": "value-2"}},
            {"name": "服务", "command": ["x"], "env": {"OTHER_KEY": "value-3"}}]}"#,
    );
    let names = |known: Option<&str>| -> Vec<_> {
        let kept = HashMap::from([("OTHER_KEY".to_owned(), known.map(str::to_owned))]);
        let found = find(&servers, None, kept).into_iter();
        let secrets = found.flat_map(|sealing| sealing.secrets);
        secrets.map(|plain| plain.suggested).collect()
    };
    let others = ["API_KEY", "API_KEY", "C_API_KEY"];
    assert_eq!(names(None), [&others[..], &["OTHER_KEY_2"]].concat());
    assert_eq!(
        names(Some("value-0")),
        [&others[..], &["OTHER_KEY_2"]].concat()
    );
    assert_eq!(
        names(Some("value-3")),
        [&others[..], &["OTHER_KEY"]].concat()
    );
}

#[test]
fn nothing_that_is_printed_shows_a_value() {
    let servers =
        servers(r#"{"servers": [{"name": "a", "command": ["x"], "env": {"API_KEY": "planted"}}]}"#);
    assert!(!format!("{:?}", find(&servers, None, HashMap::new())).contains("planted"));
}

#[test]
fn a_file_is_sealed_and_stays_its_owner_s() {
    let file = r#"{
  "servers": [
    // the hub
    { "name": "hub", "command": ["run", "--token", "abcdef"], // mine
      "env": { "LANG": "C", "API_KEY": "hunter2" /* old */ } },
    {
      "name": "far",
      "url": "https://example.com/mcp?key=k-123", "headers": {"Authorization": "Bearer abc.def"},
      "auth": {"clientId": "me", "clientSecret": "shh!"}
    },
  ],
}
"#;
    let sealed = edit::apply(
        file,
        &Edit::Seal(find(&servers(file), None, HashMap::new())),
    )
    .expect("sealed");
    let expected = [
        ("\"abcdef\"", "\"${secret:HUB_TOKEN}\""),
        ("hunter2", "${secret:API_KEY}"),
        ("k-123", "${secret:FAR_KEY}"),
        ("abc.def", "${secret:FAR_AUTHORIZATION}"),
        ("shh!", "${secret:FAR_CLIENTSECRET}"),
    ]
    .iter()
    .fold(file.to_owned(), |file, (plain, reference)| {
        file.replace(plain, reference)
    });
    assert_eq!(sealed, expected);
}

#[test]
fn the_token_of_all_services_is_sealed_where_it_stands() {
    let file = r#"{
  "mcpServer": {
    // from the console
    "services": { "ecs": "/id/1/mcp" }, "token": "tok-1" // mine
  }
}
"#;
    let found = find(&[], Some("tok-1"), HashMap::new());
    assert_eq!(found[0].secrets[0].value(), "tok-1");
    let sealed = edit::apply(file, &Edit::Seal(found)).expect("sealed");
    assert_eq!(sealed, file.replace("tok-1", "${secret:ALIYUN_TOKEN}"));
    let again = find(&[], Some("${secret:ALIYUN_TOKEN}"), HashMap::new());
    assert_eq!(again, []);
}

proptest! {
    /// Sealed and expanded again, a server is what it was, and nothing more is found in it.
    #[test]
    fn sealing_changes_nothing_that_the_server_sees(
        arguments in prop::collection::vec(
            prop_oneof![
                "[a-zA-Z-]{0,3}(token|KEY|url)[=:]?[a-z $\\{\\}0-9]{0,8}",
                "https://[a-z]{1,3}(:[a-z]{1,5})?@h/[?](key=[a-z]{0,6}&?){0,2}",
                "[ -~]{0,12}",
            ], 1..6),
        value in "[ -~]{0,12}",
    ) {
        let mut server = servers(
            r#"{"servers": [{"name": "a", "command": ["x"], "env": {"API_KEY": "", "B": ""}}]}"#,
        ).remove(0);
        if let super::super::model::Transport::Local { command, env, .. } = &mut server.transport {
            command.extend(arguments);
            env[0].1.clone_from(&value);
            env[1].1 = value;
        }
        let found = find(std::slice::from_ref(&server), None, HashMap::new());
        let kept: HashMap<_, _> = found
            .iter()
            .flat_map(|sealing| &sealing.secrets)
            .map(|plain| (plain.suggested.clone(), plain.value.clone()))
            .collect();
        let mut sealed = server.clone();
        for sealing in &found {
            let spot = sealing.spot.expect("of a server");
            spot.set(&mut sealed, sealing.text.clone());
        }
        prop_assert!(find(std::slice::from_ref(&sealed), None, HashMap::new()).is_empty());
        let plain = expand(&server, |_, _| None);
        let lookup = |kind, name: &str| (kind == Kind::Secret).then(|| kept.get(name).cloned())?;
        match (plain, expand(&sealed, lookup)) {
            (Ok(plain), Ok(sealed)) => prop_assert_eq!(plain.server, sealed.server),
            // References that were there before are as unresolved as they were.
            (Err(plain), Err(sealed)) => prop_assert_eq!(plain, sealed),
            (plain, sealed) => prop_assert!(false, "{plain:?} {sealed:?}"),
        }
    }
}
