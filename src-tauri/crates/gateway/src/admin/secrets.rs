//! `/api/secrets`: values that the configuration names and does not show.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use vault::{KeyState, Secret};

use super::problem::{Code, Problem};
use super::saved::{Saved, saved};
use super::{Body, Name, no_content};
use crate::config::edit::Edit;
use crate::config::expand::{self, Kind, Spot};
use crate::config::model::{Config, ServerConfig};
use crate::config::plain::{self, Sealing};
use crate::core::Core;
use crate::oauth::given;
use crate::serve::App;
use crate::words::Words;

/// Where the key is that seals the secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum KeyPlace {
    /// Nothing is sealed yet.
    Unused,
    /// The system's keychain.
    Keychain,
    /// Derived from a passphrase.
    Passphrase,
    /// A variable.
    Variable,
    /// A file, because there is no keychain.
    KeyFile,
    /// It could not be had.
    Locked,
}

/// The key, without itself.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Key {
    /// Where it is.
    #[serde(rename = "where")]
    pub(crate) place: KeyPlace,
    /// What the owner should know about that.
    pub(crate) notice: Option<Words>,
}

/// A secret's name; its value stays in the gateway.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SecretEntry {
    /// As in `${secret:NAME}`.
    pub(crate) name: String,
    /// In seconds since 1970.
    pub(crate) changed: u64,
    /// The servers whose settings name it.
    pub(crate) used_by: Vec<String>,
}

/// A value in the configuration file that looks like a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct PlainSecret {
    /// Whose it is.
    pub(crate) server: String,
    /// `env`, `headers`, `url`, `auth`, or `command` with the number of the argument.
    pub(crate) place: String,
    /// What it is called there.
    pub(crate) name: String,
    /// The name under which it would be kept.
    pub(crate) suggested: String,
}

/// What there is.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Secrets {
    /// What seals them.
    pub(crate) key: Key,
    /// By name.
    pub(crate) secrets: Vec<SecretEntry>,
    /// What should be among them.
    pub(crate) plain: Vec<PlainSecret>,
}

/// A secret to be kept.
#[derive(Deserialize)]
pub(crate) struct Value {
    value: String,
}

/// `GET /api/secrets`.
pub(crate) async fn list(State(app): State<App>) -> Result<Json<Secrets>, Problem> {
    let core = &app.core;
    let state = core.oauth.vault.state().await;
    let notice = state.notice();
    let entries = core.oauth.vault.secrets().await.map_err(locked)?;
    let live = core.live_full();
    let used_by = |name: &str| {
        let servers = live.config.servers.iter();
        let users = servers.filter(|server| names(&live.config, server, name));
        users.map(|server| server.name.clone()).collect()
    };
    // Without the values, for which the keychain might have to be asked.
    let kept = entries.iter().map(|entry| (entry.name.clone(), None));
    let plain = plain_secrets(&in_plain(&live.config, kept.collect()));
    let entries = entries.into_iter().map(|entry| SecretEntry {
        used_by: used_by(&entry.name),
        changed: entry.changed,
        name: entry.name,
    });
    Ok(Json(Secrets {
        key: Key {
            place: match state {
                KeyState::Unused => KeyPlace::Unused,
                KeyState::Keychain => KeyPlace::Keychain,
                KeyState::Passphrase => KeyPlace::Passphrase,
                KeyState::Variable => KeyPlace::Variable,
                KeyState::KeyFile { .. } => KeyPlace::KeyFile,
                KeyState::Locked(_) => KeyPlace::Locked,
            },
            notice: notice.map(|notice| Words::new(notice.en, notice.zh)),
        },
        secrets: entries.collect(),
        plain,
    }))
}

/// `POST /api/secrets/seal`: what stands in plain text goes into the store, and the file names it.
pub(crate) async fn seal(State(app): State<App>, Name(what): Name) -> Result<Json<Saved>, Problem> {
    if what != "seal" {
        return Err(unknown(&what));
    }
    let core = &app.core;
    let vault = &core.oauth.vault;
    let live = core.live_full();
    let mut kept = HashMap::new();
    for entry in vault.secrets().await.map_err(locked)? {
        let value = vault.secret(&entry.name).await.map_err(locked)?;
        let value = value.map(|value| value.reveal().to_owned());
        kept.insert(entry.name, value);
    }
    let found = in_plain(&live.config, kept);
    // Into the store first: a file that names what is not there would stop servers. What is there
    // and not named, because the file has changed in the meantime, is found again the next time.
    for secret in found.iter().flat_map(|sealing| &sealing.secrets) {
        let value = Secret::new(secret.value());
        let set = vault.set_secret(&secret.suggested, &value).await;
        set.map_err(locked)?;
    }
    let seen = (!found.is_empty()).then(|| live.revision.clone());
    let done = core.change(seen, &Edit::Seal(found)).await;
    core.accounts_changed();
    saved(done, None)
}

fn in_plain(config: &Config, kept: HashMap<String, Option<String>>) -> Vec<Sealing> {
    let token = config.aliyun.as_ref().and_then(|one| one.token.as_deref());
    plain::find(&config.servers, token, kept)
}

/// For people; two of one name in one place are one line.
fn plain_secrets(found: &[Sealing]) -> Vec<PlainSecret> {
    let mut all = Vec::new();
    for sealing in found {
        let place = match sealing.spot {
            Some(Spot::Env(_)) => "env",
            Some(Spot::Header(_)) => "headers",
            Some(Spot::ClientSecret) => "auth",
            Some(Spot::Url | Spot::Command(_)) => &sealing.place,
            // Its name says where it stands.
            None => "",
        };
        for secret in &sealing.secrets {
            let one = PlainSecret {
                server: sealing.server.clone(),
                place: place.to_owned(),
                name: secret.name.clone(),
                suggested: secret.suggested.clone(),
            };
            if !all.iter().any(|other: &PlainSecret| {
                (&other.place, &other.name, &other.server) == (&one.place, &one.name, &one.server)
            }) {
                all.push(one);
            }
        }
    }
    all
}

/// `PUT /api/secrets/{name}`.
pub(crate) async fn put(
    State(app): State<App>,
    Name(name): Name,
    Body(value): Body<Value>,
) -> Result<Response, Problem> {
    if !vault::is_name(&name) {
        return Err(Problem::new(
            Code::Invalid,
            Words::new(
                "a secret's name is made of letters, digits, `_`, `-` and `.`",
                "机密的名称只能包含字母、数字、`_`、`-` 和 `.`",
            ),
        ));
    }
    let value = Secret::new(value.value);
    let vault = &app.core.oauth.vault;
    vault.set_secret(&name, &value).await.map_err(locked)?;
    restart_users(&app, &name).await;
    Ok(no_content())
}

/// `DELETE /api/secrets/{name}`.
pub(crate) async fn delete(State(app): State<App>, Name(name): Name) -> Result<Response, Problem> {
    let vault = &app.core.oauth.vault;
    if !vault.remove_secret(&name).await.map_err(locked)? {
        return Err(unknown(&name));
    }
    app.core.accounts_changed();
    Ok(no_content())
}

/// Whether a server's settings name a secret.
fn names(config: &Config, server: &ServerConfig, name: &str) -> bool {
    let mut used = expand::references(server).into_iter();
    // The services share a token.
    let aliyun = config.aliyun.as_ref().filter(|_| server.from_services);
    let token = aliyun.and_then(|aliyun| aliyun.token.as_deref());
    used.any(|one| one.kind == Kind::Secret && one.name == name)
        || expand::named(token.unwrap_or_default()).any(|one| one == (Kind::Secret, name))
}

/// Servers read a secret when they start.
async fn restart_users(app: &App, name: &str) {
    let core: &std::sync::Arc<Core> = &app.core;
    let live = core.live_full();
    for server in &live.config.servers {
        if server.enabled && names(&live.config, server, name) {
            core.start_anew_if_possible(&server.name).await;
        }
    }
    core.accounts_changed();
}

fn unknown(name: &str) -> Problem {
    Problem::new(
        Code::NotFound,
        Words::new(
            format!("there is no secret named \"{name}\""),
            format!("没有名为“{name}”的机密"),
        ),
    )
}

fn locked(fault: vault::Fault) -> Problem {
    Problem::new(Code::Failed, given(&fault))
}
