//! What the configuration in force has made: one snapshot, replaced as a whole
//! when the configuration changes, so that no request ever sees half of a change.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::access::Guard;
use crate::catalog::ServerIndex;
use crate::config::model::{Config, ServerConfig};
use crate::config::{Loaded, render};
use crate::server::Server;
use crate::words::{Language, Words};

/// See the module.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) config: Config,
    /// The file that it came from.
    pub(crate) path: Option<PathBuf>,
    /// Which text of the file.
    pub(crate) revision: Option<String>,
    /// What the user should know about it.
    pub(crate) notices: Vec<Words>,
    /// Who may talk to the gateway.
    pub(crate) guard: Guard,
    /// In the order of the configuration.
    pub(crate) servers: Vec<Arc<Server>>,
    /// By index, which a name keeps for as long as the gateway runs.
    slots: Vec<Option<Arc<Server>>>,
    enabled: HashMap<String, ServerIndex>,
}

impl Live {
    /// A snapshot. `servers` are those of the configuration, in its order.
    pub(crate) fn new(loaded: Loaded, servers: Vec<Arc<Server>>) -> Self {
        let most = servers.iter().map(|server| server.index() + 1).max();
        let mut slots = vec![None; most.unwrap_or(0)];
        for server in &servers {
            slots[server.index()] = Some(Arc::clone(server));
        }
        let enabled = servers
            .iter()
            .filter(|server| server.config.enabled)
            .map(|server| (server.config.name.clone(), server.index()))
            .collect();
        Self {
            guard: guard(&loaded.config),
            notices: notices(&loaded),
            config: loaded.config,
            path: loaded.path,
            revision: loaded.revision,
            servers,
            slots,
            enabled,
        }
    }

    /// The server of an index; `None` for one that was removed.
    pub(crate) fn server(&self, index: ServerIndex) -> Option<&Arc<Server>> {
        self.slots.get(index)?.as_ref()
    }

    /// The server of a name, whether or not it is enabled.
    pub(crate) fn named(&self, name: &str) -> Option<&Arc<Server>> {
        self.servers
            .iter()
            .find(|server| server.config.name == name)
    }

    /// The enabled server that the endpoint `/<name>/mcp` stands for.
    pub(crate) fn endpoint(&self, name: &str) -> Option<ServerIndex> {
        self.enabled.get(name).copied()
    }

    /// What the file says about a server now. Its names and filters may be newer than
    /// those that it was started with.
    pub(crate) fn config_of(&self, name: &str) -> Option<&ServerConfig> {
        self.config
            .servers
            .iter()
            .find(|server| server.name == name)
    }
}

/// What the file calls for, and what in it will surprise.
fn notices(loaded: &Loaded) -> Vec<Words> {
    let path = loaded.path.as_deref();
    let warnings = loaded.warnings.iter().map(|warning| {
        let text = |language| render(std::slice::from_ref(warning), path, language);
        Words::new(text(Language::English), text(Language::Chinese))
    });
    loaded.notices.iter().cloned().chain(warnings).collect()
}

fn guard(config: &Config) -> Guard {
    let mut hosts = config.gateway.allowed_hosts.clone();
    let public = config
        .gateway
        .base_url
        .as_deref()
        .and_then(|url| url.split_once("://"));
    if let Some((_, public)) = public {
        let host = public.split('/').next().unwrap_or(public);
        hosts.push(host.to_ascii_lowercase());
    }
    Guard {
        hosts,
        origins: config.gateway.allowed_origins.clone(),
        require_token: config.gateway.require_token,
        is_public: config.gateway.base_url.is_some() || !config.gateway.trusted_proxies.is_empty(),
    }
}
