//! Secrets: whether the store's key can be had, and whether everything that the configuration
//! names is there.

use std::time::Duration;

use vault::{Fault, KeyState, Vault};

use super::finding::Finding;
use crate::config::expand::{self, Kind, Reference, Unresolved};
use crate::config::model::Config;
use crate::oauth::given;
use crate::words::Words;

/// For a keychain that may be asking its owner for a password.
const PATIENCE: Duration = Duration::from_secs(6);

/// What there is to know about the store.
#[derive(Debug)]
pub(super) struct Store {
    key: KeyState,
    /// The secrets in it, by name.
    names: Result<Vec<String>, Fault>,
    /// Why one of them could not be read, where that was tried.
    unreadable: Option<Fault>,
}

/// A reference and the server that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Use {
    server: String,
    reference: Reference,
}

/// Looks at the store. A secret is read only where the configuration uses one, because that may
/// make the keychain ask its owner for a password.
pub(super) async fn gather(vault: &Vault, uses: &[Use]) -> Store {
    let names = vault.secrets().await;
    let names: Result<Vec<String>, Fault> =
        names.map(|entries| entries.into_iter().map(|entry| entry.name).collect());
    let unreadable = match &names {
        Ok(names) => readable(vault, names, uses).await,
        Err(_) => None,
    };
    Store {
        key: vault.state().await,
        names,
        unreadable,
    }
}

async fn readable(vault: &Vault, names: &[String], uses: &[Use]) -> Option<Fault> {
    for one in uses {
        let Reference { kind, name, .. } = &one.reference;
        if *kind == Kind::Secret && names.contains(name) {
            // What the keychain asks goes on being asked; only nobody waits for it here.
            let read = tokio::time::timeout(PATIENCE, vault.secret(name)).await;
            let seconds = PATIENCE.as_secs();
            return read.unwrap_or(Err(Fault::KeychainSilent { seconds })).err();
        }
    }
    None
}

/// Every reference in the configuration of a server that is switched on.
pub(super) fn uses(config: &Config) -> Vec<Use> {
    let servers = config.servers.iter().filter(|server| server.enabled);
    servers
        .flat_map(|server| {
            let references = expand::references(server).into_iter();
            references.map(|reference| Use {
                server: server.name.clone(),
                reference,
            })
        })
        .collect()
}

/// Judges store and references; `var` is the gateway's own environment.
pub(super) fn judge(
    store: &Store,
    uses: &[Use],
    var: impl Fn(&str) -> Option<String>,
) -> Vec<Finding> {
    let mut findings = vec![key(store)];
    let no_names = Vec::new();
    let names = store.names.as_ref().unwrap_or(&no_names);
    for one in uses {
        let Reference { kind, name, place } = &one.reference;
        let is_there = match kind {
            // An unreadable store is a finding of its own.
            Kind::Secret => store.names.is_err() || names.contains(name),
            Kind::Env => var(name).is_some(),
        };
        if is_there {
            continue;
        }
        let server = &one.server;
        let title = match kind {
            Kind::Secret => Words::new(
                format!("The server \"{server}\" needs a secret that is not set: {name}"),
                format!("服务器“{server}”需要的机密尚未设置：{name}"),
            ),
            Kind::Env => Words::new(
                format!("The server \"{server}\" needs a variable that is not set: {name}"),
                format!("服务器“{server}”需要的环境变量尚未设置：{name}"),
            ),
        };
        let missing = Unresolved::Missing(one.reference.clone());
        findings.push(
            Finding::problem(format!("reference:{server}:{place}:{name}"), title)
                .of(server)
                .because(missing.words()),
        );
    }
    findings
}

fn key(store: &Store) -> Finding {
    let fault = store
        .unreadable
        .as_ref()
        .or(store.names.as_ref().err())
        .or(match &store.key {
            KeyState::Locked(fault) => Some(fault),
            _ => None,
        });
    if let Some(fault) = fault {
        let title = match fault {
            Fault::Keychain { .. } | Fault::KeychainSilent { .. } => Words::new(
                "The system’s keychain is locked or not there",
                "系统钥匙串已锁定或不可用",
            ),
            _ => Words::new("The store of secrets cannot be read", "无法读取机密存储"),
        };
        return Finding::problem("secrets", title).because(given(fault));
    }
    let (en, zh) = match &store.key {
        KeyState::Unused => ("No secret is stored yet", "尚未保存任何机密"),
        KeyState::Keychain => (
            "The key of the secrets is in the system’s keychain",
            "机密的密钥保存在系统钥匙串中",
        ),
        KeyState::Passphrase => (
            "The key of the secrets comes from MCP_GATEWAY_PASSPHRASE",
            "机密的密钥由 MCP_GATEWAY_PASSPHRASE 派生",
        ),
        KeyState::Variable => (
            "The key of the secrets is in MCP_GATEWAY_KEY",
            "机密的密钥在 MCP_GATEWAY_KEY 中",
        ),
        KeyState::KeyFile { .. } | KeyState::Locked(_) => (
            "The key of the secrets is in a file of the data folder",
            "机密的密钥保存在数据目录的文件中",
        ),
    };
    let finding = Finding::ok("secrets", Words::new(en, zh));
    match store.key.notice() {
        Some(notice) => finding.because(Words::new(notice.en, notice.zh)),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    fn store(names: Result<Vec<String>, Fault>) -> Store {
        Store {
            key: KeyState::Keychain,
            names,
            unreadable: None,
        }
    }

    fn reference(kind: Kind, name: &str) -> Use {
        Use {
            server: "s".to_owned(),
            reference: Reference {
                kind,
                name: name.to_owned(),
                place: "env.X".to_owned(),
            },
        }
    }

    fn keychain() -> Fault {
        Fault::Keychain {
            cause: "locked".to_owned(),
        }
    }

    #[test]
    fn what_is_missing_is_named_with_its_server() {
        let uses = [
            reference(Kind::Secret, "HAVE"),
            reference(Kind::Secret, "LACK"),
            reference(Kind::Env, "HOME"),
            reference(Kind::Env, "NOWHERE"),
        ];
        let var = |name: &str| (name == "HOME").then(|| "/home/me".to_owned());
        let findings = judge(&store(Ok(vec!["HAVE".to_owned()])), &uses, var);
        let ids: Vec<_> = findings.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(
            ids,
            [
                "secrets",
                "reference:s:env.X:LACK",
                "reference:s:env.X:NOWHERE"
            ]
        );
        assert_eq!(findings[1].severity, Severity::Problem);
        assert_eq!(findings[1].subject.as_deref(), Some("s"));
    }

    #[test]
    fn a_store_that_cannot_be_read_is_said_once() {
        let uses = [reference(Kind::Secret, "LACK")];
        let findings = judge(&store(Err(keychain())), &uses, |_| None);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].title.en.contains("keychain"));

        let mut locked = store(Ok(vec!["LACK".to_owned()]));
        locked.unreadable = Some(keychain());
        let findings = judge(&locked, &uses, |_| None);
        assert_eq!(
            (findings.len(), findings[0].severity),
            (1, Severity::Problem)
        );
    }
}
