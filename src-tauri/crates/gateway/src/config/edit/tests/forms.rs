//! Forms of every kind, without faults.

use proptest::prelude::*;

use super::{pair, rename};
use crate::config::form::{AuthForm, Kind, ServerForm, Sharing};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            "x",
            "--flag",
            "a \"b\" \\",
            "// no comment",
            "/*",
            "搜索,",
            "\r\n\t",
            "{",
            "]"
        ])
        .prop_map(str::to_owned),
        any::<String>().prop_map(|text| text.replace('\0', "")),
    ]
}

fn name() -> impl Strategy<Value = String> {
    let names = vec![
        "files",
        "web",
        "a b",
        "搜索",
        "x.y",
        "say \"hi\"",
        "servers",
        "prefix",
        "null",
        "name",
    ];
    prop::sample::select(names).prop_map(str::to_owned)
}

fn words() -> impl Strategy<Value = Vec<String>> {
    let words = vec!["read", "write", "搜", "a/b", "q\"", "list"];
    prop::sample::subsequence(words.clone(), 0..=words.len())
        .prop_shuffle()
        .prop_map(|words| words.into_iter().map(str::to_owned).collect())
}

/// A form without faults.
pub(super) fn form() -> impl Strategy<Value = ServerForm> {
    let reached = (
        any::<bool>(),
        (
            prop::collection::vec(text(), 0..4),
            words(),
            text(),
            prop::option::of(text()),
        ),
    );
    let numbers = (
        prop::option::of(1..86_400_000_u64),
        prop::option::of(1..257_u64),
    );
    let seen = (
        prop::option::of(text()),
        any::<bool>(),
        words(),
        prop::option::of(words()),
        words(),
    );
    let auth = (
        prop::option::of(text()),
        prop::option::of(text()),
        any::<bool>(),
    );
    let auth = prop::option::of(auth.prop_map(|(client_id, scope, far)| {
        AuthForm {
            client_secret: client_id
                .as_ref()
                .filter(|id| far && !id.trim().is_empty())
                .map(|_| "${secret:A}".to_owned()),
            client_id,
            scope,
            authorization_server: far.then(|| "https://as.example".to_owned()),
        }
    }));
    let rest = (any::<bool>(), prop::option::of(text()), any::<bool>(), auth);
    (name(), reached, numbers, seen, rest).prop_map(|(name, reached, numbers, seen, rest)| {
        let (local, (mut command, names, value, cwd)) = reached;
        command.insert(0, "program".to_owned());
        let (prefix, strip_prefix, renamed, include, exclude) = seen;
        let pairs = names.iter().map(|name| pair(name, &value));
        let headers = names.iter().enumerate();
        let headers = headers.map(|(at, _)| pair(&format!("X-{at}"), "plain"));
        let form = ServerForm {
            name,
            kind: if local { Kind::Local } else { Kind::Remote },
            command,
            env: pairs.collect(),
            cwd,
            url: Some(format!("https://example.com/{}", names.len())),
            headers: headers.collect(),
            call_timeout: numbers.0,
            pool_size: numbers.1,
            sharing: if rest.0 {
                Sharing::Session
            } else {
                Sharing::Shared
            },
            prefix,
            strip_prefix,
            rename: renamed
                .iter()
                .map(|tool| rename(tool, &format!("my_{tool}")))
                .collect(),
            include,
            exclude,
            description: rest.1,
            enabled: rest.2,
            auth: rest.3,
        };
        form.normalized()
    })
}

/// Some servers with different names.
pub(super) fn forms() -> impl Strategy<Value = Vec<ServerForm>> {
    prop::collection::vec(form(), 0..4).prop_map(|mut forms| {
        let mut seen = std::collections::HashSet::new();
        forms.retain(|form| seen.insert(form.name.clone()));
        forms
    })
}
