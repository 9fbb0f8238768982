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
    servers: Mutex<Vec<(Arc<Server>, CancellationToken)>>,
}

impl Leaving {
    /// Notes that a server is on its way out; until what is returned is dropped.
    pub(crate) fn enter(&self, server: &Arc<Server>) -> DropGuard {
        let gone = CancellationToken::new();
        let mut servers = self.servers.locked();
        servers.retain(|(_, gone)| !gone.is_cancelled());
        servers.push((Arc::clone(server), gone.clone()));
        gone.drop_guard()
    }

    /// Those who must be gone before a server of this configuration is started: whoever
    /// had its name, or ran the same command under another one.
    pub(crate) fn before(&self, config: &ServerConfig) -> Vec<CancellationToken> {
        let servers = self.servers.locked();
        let concern = servers.iter().filter(|(server, _)| {
            server.config.name == config.name || server.config.transport == config.transport
        });
        concern.map(|(_, gone)| gone.clone()).collect()
    }
}
