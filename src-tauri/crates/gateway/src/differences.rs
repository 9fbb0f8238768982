//! What another configuration changes, in words for the log. Pure.

use std::fmt;

use crate::config::model::{Config, Listen, ServerConfig};

/// See the module.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Differences {
    added: Vec<String>,
    removed: Vec<String>,
    restarted: Vec<String>,
    /// Servers of which only names, filters or words are others.
    renamed: Vec<String>,
    settings: Vec<&'static str>,
}

// === impl Differences ===

impl Differences {
    /// Those of two configurations. `is_anew` tells whether a server of both is started anew.
    pub(crate) fn between(before: &Config, after: &Config, is_anew: impl Fn(&str) -> bool) -> Self {
        let mut differences = Self {
            settings: settings(before, after),
            ..Self::default()
        };
        for server in &after.servers {
            let name = server.name.clone();
            match named(before, &name) {
                None => differences.added.push(name),
                Some(_) if is_anew(&name) => differences.restarted.push(name),
                Some(former) if former != server => differences.renamed.push(name),
                Some(_) => {}
            }
        }
        let gone = before.servers.iter().map(|server| &server.name);
        differences.removed = gone
            .filter(|name| named(after, name).is_none())
            .cloned()
            .collect();
        differences
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings: Vec<_> = self
            .settings
            .iter()
            .map(|name| (*name).to_owned())
            .collect();
        let parts = [
            ("added", &self.added),
            ("removed", &self.removed),
            ("started anew", &self.restarted),
            ("names or words of", &self.renamed),
            ("settings", &settings),
        ];
        let parts: Vec<_> = parts
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| format!("{what}: {}", names.join(", ")))
            .collect();
        match parts.is_empty() {
            true => f.write_str("nothing that runs is affected"),
            false => f.write_str(&parts.join("; ")),
        }
    }
}

fn named<'a>(config: &'a Config, name: &str) -> Option<&'a ServerConfig> {
    config.servers.iter().find(|server| server.name == name)
}

/// The parts of the file beside the servers that say something else.
fn settings(before: &Config, after: &Config) -> Vec<&'static str> {
    let listen = |listen: &Listen| Listen {
        base_url: None,
        ..listen.clone()
    };
    let changed = [
        ("gateway", listen(&before.gateway) != listen(&after.gateway)),
        (
            "gatewayBaseUrl",
            before.gateway.base_url != after.gateway.base_url,
        ),
        ("logLevel", before.log_level != after.log_level),
        ("limits", before.limits != after.limits),
        ("oauth and mcpServer", before.aliyun != after.aliyun),
    ];
    let named = changed.into_iter().filter(|(_, differs)| *differs);
    named.map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, LoadOptions, from_text};

    fn config(text: &str) -> Config {
        let environment = Environment {
            vars: &|_| None,
            home: None,
            cwd: std::path::Path::new("/"),
        };
        from_text(text, &LoadOptions::default(), &environment)
    }

    #[test]
    fn what_is_different_is_named() {
        let before = config(
            r#"{ "servers": [
                { "name": "a", "command": ["x"] }, { "name": "b", "command": ["x"] },
                { "name": "c", "command": ["x"] }, { "name": "d", "command": ["x"] } ] }"#,
        );
        let after = config(
            r#"{ "logLevel": "debug", "gateway": { "port": 1 }, "mapping": { "c": { "prefix": "cc" } },
                "servers": [
                { "name": "e", "command": ["x"] }, { "name": "b", "command": ["y"] },
                { "name": "c", "command": ["x"] }, { "name": "d", "command": ["x"] } ] }"#,
        );
        let differences = Differences::between(&before, &after, |name| name == "b");
        assert_eq!(
            differences.to_string(),
            "added: e; removed: a; started anew: b; names or words of: c; settings: gateway, logLevel"
        );
    }

    #[test]
    fn a_comment_makes_no_difference() {
        let before = config(r#"{ "servers": [{ "name": "a", "command": ["x"] }] }"#);
        let after = config(r#"{ /* mine */ "servers": [{ "name": "a", "command": ["x"] }] }"#);
        let differences = Differences::between(&before, &after, |_| false);
        assert_eq!(differences.to_string(), "nothing that runs is affected");
    }
}
