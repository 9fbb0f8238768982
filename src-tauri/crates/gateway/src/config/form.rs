//! One server as a person edits it: what the file says about it, and nothing that it leaves out.
//!
//! Owns the form's shape and what a switched or renamed tool means for it. Knows nothing of text;
//! `edit` writes forms into files and reads them back.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::draft::{FilterDraft, MappingDraft, ServerDraft};
use super::model::{self, Auth, ServerConfig, Transport};

/// One server with everything that can be edited. `None` means that the file does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ServerForm {
    /// Its name.
    pub(crate) name: String,
    /// Whether `command` or `url` counts.
    pub(crate) kind: Kind,
    /// Program and arguments of a local server.
    #[serde(default)]
    pub(crate) command: Vec<String>,
    /// Variables of a local server.
    #[serde(default)]
    pub(crate) env: Vec<Pair>,
    /// Working directory of a local server.
    #[serde(default)]
    pub(crate) cwd: Option<String>,
    /// Address of a remote server.
    #[serde(default)]
    pub(crate) url: Option<String>,
    /// Headers sent to a remote server.
    #[serde(default)]
    pub(crate) headers: Vec<Pair>,
    /// In milliseconds.
    #[serde(default)]
    pub(crate) call_timeout: Option<u64>,
    /// Most connections.
    #[serde(default)]
    pub(crate) pool_size: Option<u64>,
    /// Who shares its connections.
    #[serde(default)]
    pub(crate) sharing: Sharing,
    /// `mapping.<server>.prefix`; empty for none.
    #[serde(default)]
    pub(crate) prefix: Option<String>,
    /// `mapping.<server>.stripPrefix`.
    #[serde(default = "yes")]
    pub(crate) strip_prefix: bool,
    /// `mapping.<server>.rename`.
    #[serde(default)]
    pub(crate) rename: Vec<Rename>,
    /// `toolFilters.<server>.include`: only these tools; an empty list is none.
    #[serde(default)]
    pub(crate) include: Option<Vec<String>>,
    /// `toolFilters.<server>.exclude`: never these.
    #[serde(default)]
    pub(crate) exclude: Vec<String>,
    /// The user's own words.
    #[serde(default)]
    pub(crate) description: Option<String>,
    /// Whether it is started.
    #[serde(default = "yes")]
    pub(crate) enabled: bool,
    /// Users sign in to this remote server; `None` for no sign-in.
    #[serde(default)]
    pub(crate) auth: Option<AuthForm>,
}

/// What is settled before users sign in to a server; the rest is found out.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AuthForm {
    /// A client that the authorization server knows.
    #[serde(default)]
    pub(crate) client_id: Option<String>,
    /// The secret of that client, or `${secret:NAME}`.
    #[serde(default)]
    pub(crate) client_secret: Option<String>,
    /// OAuth scope.
    #[serde(default)]
    pub(crate) scope: Option<String>,
    /// The issuer.
    #[serde(default)]
    pub(crate) authorization_server: Option<String>,
}

/// How a server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "ServerKind"))]
pub(crate) enum Kind {
    /// A program on this machine.
    Local,
    /// An address elsewhere.
    Remote,
}

/// Who shares a server's connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) enum Sharing {
    /// All clients.
    #[default]
    Shared,
    /// Each client session has its own.
    Session,
}

/// A variable or a header. The value may be a key or a token, so it is not shown in logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Pair {
    /// Its name.
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: String,
}

/// A tool under another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Rename {
    /// The server's own name for it.
    pub(crate) tool: String,
    /// The name that clients see.
    pub(crate) name: String,
}

fn yes() -> bool {
    true
}

// === impl ServerForm ===

impl ServerForm {
    /// A server of which nothing is known but its name and that it is local.
    #[cfg(test)]
    pub(crate) fn local(name: &str, command: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            kind: Kind::Local,
            command: command.iter().map(|part| (*part).to_owned()).collect(),
            env: Vec::new(),
            cwd: None,
            url: None,
            headers: Vec::new(),
            call_timeout: None,
            pool_size: None,
            sharing: Sharing::Shared,
            prefix: None,
            strip_prefix: true,
            rename: Vec::new(),
            include: None,
            exclude: Vec::new(),
            description: None,
            enabled: true,
            auth: None,
        }
    }

    /// What a sound file says about one server. `None` where it does not say how to reach it.
    pub(super) fn of(
        server: &ServerDraft,
        mapping: Option<&MappingDraft>,
        filter: Option<&FilterDraft>,
    ) -> Option<Self> {
        let (kind, command, env, cwd, url, headers) = reached(server.transport.as_ref()?);
        let form = Self {
            name: server.name.value.clone(),
            kind,
            command,
            env,
            cwd,
            url,
            headers,
            call_timeout: server.call_timeout.map(milliseconds),
            pool_size: server.pool_size.and_then(|size| u64::try_from(size).ok()),
            sharing: server.sharing.map_or(Sharing::Shared, Sharing::from),
            prefix: mapping.and_then(|mapping| mapping.prefix.clone()),
            strip_prefix: mapping
                .and_then(|mapping| mapping.strip_prefix)
                .unwrap_or(true),
            rename: mapping.map(renames).unwrap_or_default(),
            include: filter.and_then(|filter| filter.include.clone()),
            exclude: filter
                .and_then(|filter| filter.exclude.clone())
                .unwrap_or_default(),
            description: server.description.clone(),
            enabled: server.enabled.unwrap_or(true),
            auth: server.auth.as_ref().and_then(AuthForm::of),
        };
        Some(form.normalized())
    }

    /// What is in force for a server that is in no file (any more). Limits that may have come
    /// from anywhere are taken as not written.
    pub(crate) fn of_config(config: &ServerConfig) -> Self {
        let (kind, command, env, cwd, url, headers) = reached(&config.transport);
        let (naming, filter) = (&config.naming, &config.filter);
        let rename = naming.rename.iter().map(|(tool, name)| Rename {
            tool: tool.clone(),
            name: name.clone(),
        });
        Self {
            name: config.name.clone(),
            kind,
            command,
            env,
            cwd,
            url,
            headers,
            call_timeout: None,
            pool_size: None,
            sharing: config.sharing.into(),
            prefix: Some(naming.prefix.clone()).filter(|prefix| *prefix != config.name),
            strip_prefix: naming.strip_prefix,
            rename: rename.collect(),
            include: filter.include.clone(),
            exclude: filter.exclude.clone(),
            description: config.description.clone(),
            enabled: config.enabled,
            auth: AuthForm::of(&config.auth),
        }
    }

    /// Without what the other kind of server would have, and with an empty folder or description
    /// taken for none: two forms that mean the same are equal.
    pub(crate) fn normalized(mut self) -> Self {
        match self.kind {
            Kind::Local => {
                self.url = None;
                self.headers = Vec::new();
                self.auth = None;
            }
            Kind::Remote => {
                self.command = Vec::new();
                self.env = Vec::new();
                self.cwd = None;
            }
        }
        self.auth = self.auth.map(AuthForm::normalized);
        self.cwd = self.cwd.filter(|cwd| !cwd.is_empty());
        self.description = self.description.filter(|text| !text.is_empty());
        self
    }

    /// Switches one of the server's own tools on or off: where there is a list of those to
    /// include, by that list, otherwise by the one of those to exclude.
    pub(super) fn switch_tool(&mut self, tool: &str, on: bool) {
        match (on, &mut self.include) {
            (true, include) => {
                self.exclude.retain(|name| name != tool);
                if let Some(include) = include
                    && !include.iter().any(|name| name == tool)
                {
                    include.push(tool.to_owned());
                }
            }
            (false, Some(include)) => include.retain(|name| name != tool),
            (false, None) => {
                if !self.exclude.iter().any(|name| name == tool) {
                    self.exclude.push(tool.to_owned());
                }
            }
        }
    }

    /// Gives one of the server's own tools another name, or with `None` its usual one.
    pub(super) fn rename_tool(&mut self, tool: &str, name: Option<&str>) {
        let known = self.rename.iter().position(|rename| rename.tool == tool);
        match (name, known) {
            (Some(name), Some(at)) => name.clone_into(&mut self.rename[at].name),
            (Some(name), None) => self.rename.push(Rename {
                tool: tool.to_owned(),
                name: name.to_owned(),
            }),
            (None, Some(at)) => {
                self.rename.remove(at);
            }
            (None, None) => {}
        }
    }
}

// === impl Sharing ===

impl From<model::Sharing> for Sharing {
    fn from(sharing: model::Sharing) -> Self {
        match sharing {
            model::Sharing::Session => Self::Session,
            model::Sharing::Shared => Self::Shared,
        }
    }
}

// === impl AuthForm ===

impl AuthForm {
    fn of(auth: &Auth) -> Option<Self> {
        match auth {
            Auth::OAuth(config) => Some(Self {
                client_id: config.client_id.clone(),
                client_secret: config.client_secret.clone(),
                scope: config.scope.clone(),
                authorization_server: config.authorization_server.clone(),
            }),
            Auth::None | Auth::Aliyun => None,
        }
    }

    /// With an empty text taken for none.
    fn normalized(self) -> Self {
        let some = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        Self {
            client_id: some(self.client_id),
            client_secret: some(self.client_secret),
            scope: some(self.scope),
            authorization_server: some(self.authorization_server),
        }
    }
}

impl fmt::Debug for AuthForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthForm")
            .field("client_id", &self.client_id)
            .field("scope", &self.scope)
            .field("authorization_server", &self.authorization_server)
            .finish_non_exhaustive()
    }
}

// === impl Pair ===

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Kind, command, variables, folder, address and headers.
type Reached = (
    Kind,
    Vec<String>,
    Vec<Pair>,
    Option<String>,
    Option<String>,
    Vec<Pair>,
);

fn reached(transport: &Transport) -> Reached {
    match transport {
        Transport::Local { command, env, cwd } => {
            let cwd = cwd.as_ref().map(|cwd| cwd.to_string_lossy().into_owned());
            let (command, env) = (command.clone(), pairs(env));
            (Kind::Local, command, env, cwd, None, Vec::new())
        }
        Transport::Remote { url, headers } => {
            let (url, headers) = (Some(url.clone()), pairs(headers));
            (Kind::Remote, Vec::new(), Vec::new(), None, url, headers)
        }
    }
}

fn pairs(pairs: &[(String, String)]) -> Vec<Pair> {
    let pairs = pairs.iter().map(|(name, value)| Pair {
        name: name.clone(),
        value: value.clone(),
    });
    pairs.collect()
}

fn renames(mapping: &MappingDraft) -> Vec<Rename> {
    let renames = mapping.rename.iter().map(|(tool, name)| Rename {
        tool: tool.value.clone(),
        name: name.clone(),
    });
    renames.collect()
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_switched_by_the_list_that_decides() {
        let mut form = ServerForm::local("s", &["x"]);
        form.switch_tool("a", false);
        form.switch_tool("a", false);
        assert_eq!(form.exclude, ["a"]);
        form.switch_tool("a", true);
        assert_eq!(form, ServerForm::local("s", &["x"]));

        form.include = Some(vec!["a".to_owned()]);
        form.switch_tool("a", false);
        assert_eq!(form.include.as_deref(), Some(&[][..]), "none, not all");
        assert_eq!(form.exclude, [""; 0]);
        form.exclude = vec!["b".to_owned()];
        form.switch_tool("b", true);
        assert_eq!(form.include, Some(vec!["b".to_owned()]));
        assert_eq!(form.exclude, [""; 0]);
    }

    #[test]
    fn what_the_other_kind_would_have_does_not_count() {
        let mut form = ServerForm::local("s", &["x"]);
        form.url = Some("https://example.com/mcp".to_owned());
        form.cwd = Some(String::new());
        assert_eq!(form.normalized(), ServerForm::local("s", &["x"]));
    }

    #[test]
    fn a_form_is_the_json_that_the_page_speaks() {
        let text = r#"{ "name": "s", "kind": "remote", "url": "https://x/mcp", "callTimeout": 5,
            "sharing": "session", "rename": [{ "tool": "a", "name": "b" }] }"#;
        let form: ServerForm = serde_json::from_str(text).expect("a form");
        assert!(form.enabled && form.strip_prefix);
        assert_eq!(form.kind, Kind::Remote);
        let back = serde_json::to_value(&form).expect("JSON");
        assert_eq!(back["callTimeout"], 5);
        assert_eq!(back["include"], serde_json::Value::Null);
        assert_eq!(back["rename"][0]["tool"], "a");
    }

    #[test]
    fn a_value_that_may_be_a_secret_is_not_shown() {
        let mut form = ServerForm::local("s", &["x"]);
        form.env = pairs(&[("TOKEN".to_owned(), "hunter2".to_owned())]);
        let shown = format!("{form:?}");
        assert!(
            shown.contains("TOKEN") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
