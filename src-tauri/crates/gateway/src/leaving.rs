//! Servers on their way out, and who has to wait for them: a process may hold what its
//! successor needs, a port or a lock, or both may write one file.

use std::sync::{Arc, Mutex};

use tokio_util::sync::{CancellationToken, DropGuard};

use crate::config::model::ServerConfig;
use crate::server::Server;
use crate::sync::Locked;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Leaving {
    servers: Mutex<Vec<Leaver>>,
}

#[derive(Debug)]
struct Leaver {
    server: Arc<Server>,
    /// Ends the wait for its calls.
    at_once: CancellationToken,
    gone: CancellationToken,
}

impl Leaving {
    /// Notes that a server is on its way out; until what is returned is dropped. Its calls are
    /// not waited for any more when `at_once` is cancelled.
    pub(crate) fn enter(&self, server: &Arc<Server>, at_once: &CancellationToken) -> DropGuard {
        let gone = CancellationToken::new();
        let mut servers = self.servers.locked();
        servers.retain(|one| !one.gone.is_cancelled());
        servers.push(Leaver {
            server: Arc::clone(server),
            at_once: at_once.clone(),
            gone: gone.clone(),
        });
        gone.drop_guard()
    }

    /// Those who must be gone before a server of this configuration is started: whoever
    /// had its name, or ran the same command under another one.
    pub(crate) fn before(&self, config: &ServerConfig) -> Vec<CancellationToken> {
        self.concerning(config, |one| one.gone.clone())
    }

    /// The same do not wait for their calls any more.
    pub(crate) fn hurry(&self, config: &ServerConfig) {
        for at_once in self.concerning(config, |one| one.at_once.clone()) {
            at_once.cancel();
        }
    }

    fn concerning<T>(&self, config: &ServerConfig, what: impl Fn(&Leaver) -> T) -> Vec<T> {
        let servers = self.servers.locked();
        let concern = servers.iter().filter(|one| {
            let server = &one.server.config;
            server.name == config.name || server.transport == config.transport
        });
        concern.map(what).collect()
    }
}
