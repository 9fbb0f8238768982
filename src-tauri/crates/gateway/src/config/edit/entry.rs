//! One server's form written into a file: its entry, and what `mapping` and `toolFilters` say of it.

use super::keys::Keys;
use super::members::{Members, string};
use super::style::{Spot, Value};
use crate::config::form::{AuthForm, Kind, Pair, ServerForm, Sharing};

/// The order in which `config/defaults.jsonc` presents the keys of a server.
const SERVER: &[&str] = &[
    "name",
    "type",
    "command",
    "cwd",
    "env",
    "url",
    "headers",
    "auth",
    "enabled",
    "poolSize",
    "callTimeout",
    "sharing",
    "concurrent",
    "roots",
    "protocol",
    "description",
];
const AUTH: &[&str] = &[
    "type",
    "clientId",
    "clientSecret",
    "scope",
    "authorizationServer",
    "clientMetadataUrl",
];
const MAPPING: &[&str] = &["prefix", "stripPrefix", "rename"];
const FILTER: &[&str] = &["include", "exclude"];

/// Makes a server's entry say what the form says; keys that no form has stay as they are.
pub(super) fn write_entry(entry: &mut Members, form: &ServerForm, spot: Spot<'_>) {
    let mut keys = Keys {
        members: entry,
        spot,
        order: SERVER,
    };
    keys.exact_text("name", Some(&form.name));
    change_kind(&mut keys, form.kind);
    match form.kind {
        Kind::Local => {
            keys.list("command", Some(&form.command), true);
            keys.table("env", pairs(&form.env));
            keys.text("cwd", form.cwd.as_deref());
        }
        Kind::Remote => {
            keys.text("url", form.url.as_deref());
            keys.table("headers", pairs(&form.headers));
            write_auth(&mut keys, form.auth.as_ref());
        }
    }
    keys.flag("enabled", form.enabled, true);
    keys.number("poolSize", form.pool_size);
    keys.number("callTimeout", form.call_timeout);
    let sharing = match form.sharing {
        Sharing::Shared => "shared",
        Sharing::Session => "session",
    };
    keys.word("sharing", sharing, "shared");
    keys.text("description", form.description.as_deref());
}

/// A word where nothing is settled, else an object, whose other keys stay.
fn write_auth(keys: &mut Keys<'_, '_>, auth: Option<&AuthForm>) {
    let is_word = |keys: &Keys<'_, '_>, word: &str| {
        let now = keys.members.value("auth").and_then(string);
        now.as_deref() == Some(word)
    };
    let Some(auth) = auth else {
        let given_up = keys.within("auth", |auth, _| {
            auth.value("type").and_then(string).as_deref() == Some("none")
        });
        let written = keys.members.value("auth").is_some();
        if written && given_up != Some(true) && !is_word(keys, "none") {
            keys.remove("auth");
        }
        return;
    };
    let texts = [
        ("clientId", &auth.client_id),
        ("clientSecret", &auth.client_secret),
        ("scope", &auth.scope),
        ("authorizationServer", &auth.authorization_server),
    ];
    let changed = keys.within("auth", |members, spot| {
        let mut keys = Keys {
            members,
            spot,
            order: AUTH,
        };
        keys.word("type", "oauth", "oauth");
        for (key, text) in texts {
            keys.text(key, text.as_deref());
        }
    });
    if changed.is_some() {
        return;
    }
    let settled: Vec<_> = texts
        .into_iter()
        .filter_map(|(key, text)| Some((key.to_owned(), Value::text(text.as_deref()?))))
        .collect();
    if !settled.is_empty() {
        keys.write("auth", &Value::Table(settled));
    } else if !is_word(keys, "oauth") {
        keys.write("auth", &Value::text("oauth"));
    }
}

/// Makes `mapping.<server>` say what the form says.
pub(super) fn write_mapping(mapping: &mut Members, form: &ServerForm, spot: Spot<'_>) {
    let mut keys = Keys {
        members: mapping,
        spot,
        order: MAPPING,
    };
    keys.exact_text("prefix", form.prefix.as_deref());
    keys.flag("stripPrefix", form.strip_prefix, true);
    let renames = form.rename.iter();
    keys.table(
        "rename",
        renames.map(|rename| (&*rename.tool, &*rename.name)),
    );
}

/// Makes `toolFilters.<server>` say what the form says.
pub(super) fn write_filter(filter: &mut Members, form: &ServerForm, spot: Spot<'_>) {
    let mut keys = Keys {
        members: filter,
        spot,
        order: FILTER,
    };
    keys.list("include", form.include.as_deref(), false);
    keys.optional_list("exclude", &form.exclude);
}

/// Whether the form has anything to say in `mapping`.
pub(super) fn says_mapping(form: &ServerForm) -> bool {
    form.prefix.is_some() || !form.strip_prefix || !form.rename.is_empty()
}

/// Whether the form has anything to say in `toolFilters`.
pub(super) fn says_filter(form: &ServerForm) -> bool {
    form.include.is_some() || !form.exclude.is_empty()
}

/// Where the entry was of the other kind, what that kind alone has goes; the address takes the
/// command's place or the other way round.
fn change_kind(keys: &mut Keys<'_, '_>, kind: Kind) {
    let (own, other, others, words) = match kind {
        Kind::Local => (
            "command",
            "url",
            ["headers", "auth"].as_slice(),
            [("remote", "local"), ("http", "stdio")],
        ),
        Kind::Remote => (
            "url",
            "command",
            ["env", "cwd"].as_slice(),
            [("local", "remote"), ("stdio", "http")],
        ),
    };
    if keys.members.value(other).is_none() {
        return;
    }
    let at = keys.members.find(other);
    match (keys.members.find(own), at) {
        (None, Some(at)) => {
            let item = &mut keys.members.items[at];
            item.rekey(own);
            "null".clone_into(&mut item.value);
        }
        _ => keys.remove(other),
    }
    for key in others {
        keys.remove(key);
    }
    let now = keys.members.value("type").and_then(string);
    let word = words.iter().find(|(from, _)| now.as_deref() == Some(*from));
    if let Some((_, to)) = word {
        keys.write("type", &Value::text(to));
    }
}

fn pairs(pairs: &[Pair]) -> impl Iterator<Item = (&str, &str)> {
    pairs.iter().map(|pair| (&*pair.name, &*pair.value))
}
