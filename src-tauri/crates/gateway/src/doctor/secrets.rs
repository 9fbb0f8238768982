//! Secrets: whether the store's key can be had, and whether everything that the configuration
//! names is there.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use vault::{Fault, KeyState, Vault};

use super::finding::Finding;
use crate::config::expand::{self, Kind, Reference, Unresolved};
use crate::config::model::{Auth, Config};
use crate::environment;
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

/// A reference and the server that has it; none for what the Alibaba Cloud services share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Use {
    server: Option<String>,
    reference: Reference,
}

/// The file that the references stand in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) text: String,
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
    let servers = || config.servers.iter().filter(|server| server.enabled);
    let of_servers = servers().flat_map(|server| {
        let references = expand::references(server).into_iter();
        references.map(|reference| Use {
            server: Some(server.name.clone()),
            reference,
        })
    });
    let aliyun = config.aliyun.as_ref();
    let token = aliyun.and_then(|aliyun| aliyun.token.as_ref());
    let token = token.filter(|_| servers().any(|server| server.auth == Auth::Aliyun));
    let shared = token.into_iter().flat_map(|token| {
        expand::named(token).map(|(kind, name)| Use {
            server: None,
            reference: Reference {
                kind,
                name: name.to_owned(),
                place: "mcpServer.token".to_owned(),
            },
        })
    });
    of_servers.chain(shared).collect()
}

/// The variables that are named and found, in the gateway's environment or the login shell's.
pub(super) async fn variables(uses: &[Use]) -> HashSet<String> {
    let mut found = HashSet::new();
    for one in uses {
        let Reference { kind, name, .. } = &one.reference;
        if *kind == Kind::Env && environment::of_process().variable(name).await.is_some() {
            found.insert(name.clone());
        }
    }
    found
}

/// Judges store and references; `variables` are those that are there, and `unheard` says why
/// nobody knows what the login shell has, where that is so.
pub(super) fn judge(
    store: &Store,
    uses: &[Use],
    variables: &HashSet<String>,
    file: Option<&File>,
    unheard: Option<&Words>,
) -> Vec<Finding> {
    let mut findings = vec![key(store)];
    let no_names = Vec::new();
    let names = store.names.as_ref().unwrap_or(&no_names);
    for one in uses {
        let Reference { kind, name, place } = &one.reference;
        let is_there = match kind {
            // An unreadable store is a finding of its own.
            Kind::Secret => store.names.is_err() || names.contains(name),
            Kind::Env => variables.contains(name),
        };
        if is_there {
            continue;
        }
        let who = match &one.server {
            Some(server) => Words::new(
                format!("The server \"{server}\" needs"),
                format!("服务器“{server}”需要的"),
            ),
            None => Words::new("The Alibaba Cloud services need", "阿里云服务需要的"),
        };
        let what = match kind {
            Kind::Secret => ("a secret", "机密"),
            Kind::Env => ("a variable", "环境变量"),
        };
        let title = Words::new(
            format!("{} {} that is not set: {name}", who.en, what.0),
            format!("{}{}尚未设置：{name}", who.zh, what.1),
        );
        let missing = Unresolved::Missing(one.reference.clone()).words(unheard);
        let cause = file
            .and_then(|file| file.place_of(*kind, name))
            .map(|place| {
                Words::new(
                    format!("{}: {}", place.en, missing.en),
                    format!("{}：{}", place.zh, missing.zh),
                )
            });
        let server = one.server.as_deref().unwrap_or_default();
        let id = format!("reference:{server}:{place}:{name}");
        let finding = Finding::problem(id, title).because(cause.unwrap_or(missing));
        findings.push(match &one.server {
            Some(server) => finding.of(server),
            None => finding,
        });
    }
    findings
}

// === impl File ===

impl File {
    /// The lines that name something. What is missing is missing in all of them.
    fn place_of(&self, kind: Kind, name: &str) -> Option<Words> {
        let reference = match kind {
            Kind::Secret => format!("${{secret:{name}}}"),
            Kind::Env => format!("${{env:{name}}}"),
        };
        let lines = self.text.lines().enumerate();
        let lines: Vec<_> = lines
            .filter(|(_, line)| line.contains(&reference))
            .map(|(index, _)| (index + 1).to_string())
            .collect();
        let path = self.path.display();
        match &lines[..] {
            [] => None,
            [line] => Some(Words::new(
                format!("line {line} of {path}"),
                format!("{path} 第 {line} 行"),
            )),
            _ => Some(Words::new(
                format!("lines {} of {path}", lines.join(", ")),
                format!("{path} 第 {} 行", lines.join("、")),
            )),
        }
    }
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
    use crate::config::{Environment, LoadOptions, from_text};

    fn store(names: Result<Vec<String>, Fault>) -> Store {
        Store {
            key: KeyState::Keychain,
            names,
            unreadable: None,
        }
    }

    fn reference(kind: Kind, name: &str) -> Use {
        Use {
            server: Some("s".to_owned()),
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
        let variables = HashSet::from(["HOME".to_owned()]);
        let file = File {
            path: PathBuf::from("/c.json"),
            text: "{\n \"a\": \"${env:NOWHERE}\",\n \"b\": \"x${env:NOWHERE}\"\n}".to_owned(),
        };
        let store = store(Ok(vec!["HAVE".to_owned()]));
        let findings = judge(&store, &uses, &variables, Some(&file), None);
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
        let cause = |at: usize| findings[at].cause.as_ref().map(|cause| cause.en.as_str());
        assert!(cause(1).is_some_and(|cause| cause.starts_with("\"env.X\"")));
        assert!(cause(2).is_some_and(|cause| cause.starts_with("lines 2, 3 of /c.json: ")));
    }

    #[test]
    fn a_token_that_services_share_is_looked_at_where_there_are_services() {
        let text = |services: &str| {
            format!(
                r#"{{ "mcpServer": {{ "token": "${{secret:TOKEN}}", "services": {{ {services} }} }} }}"#
            )
        };
        let environment = Environment {
            vars: &|_| None,
            home: None,
            cwd: "/".as_ref(),
        };
        let uses = |services: &str| {
            let config = from_text(&text(services), &LoadOptions::default(), &environment);
            uses(&config)
        };
        assert_eq!(uses(""), []);
        let uses = uses(r#""ecs": "/ecs/mcp""#);
        let findings = judge(&store(Ok(Vec::new())), &uses, &HashSet::new(), None, None);
        let last = findings.last().expect("a finding");
        assert_eq!(last.id, "reference::mcpServer.token:TOKEN");
        assert!(last.title.en.contains("Alibaba Cloud"), "{}", last.title.en);
    }

    #[test]
    fn a_store_that_cannot_be_read_is_said_once() {
        let uses = [reference(Kind::Secret, "LACK")];
        let findings = judge(&store(Err(keychain())), &uses, &HashSet::new(), None, None);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].title.en.contains("keychain"));

        let mut locked = store(Ok(vec!["LACK".to_owned()]));
        locked.unreadable = Some(keychain());
        let findings = judge(&locked, &uses, &HashSet::new(), None, None);
        assert_eq!(
            (findings.len(), findings[0].severity),
            (1, Severity::Problem)
        );
    }
}
