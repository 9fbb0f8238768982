//! What every request handler shares: the servers, the catalog, the sessions
//! and the guard.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::task::TaskTracker;

use crate::access::Guard;
use crate::board::Board;
use crate::catalog::ServerIndex;
use crate::config::model::Config;
use crate::serve::listener::Ending;
use crate::serve::session::Sessions;
use crate::server::Server;
use crate::words::Words;

/// For so long after the gateway's start a list waits for servers that are
/// still starting, so that clients which ask once see the tools. Later on a
/// server that hangs keeps nobody waiting.
const FIRST_LIST: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) config_path: Option<PathBuf>,
    pub(crate) notices: Vec<Words>,
    pub(crate) servers: Vec<Arc<Server>>,
    pub(crate) by_name: HashMap<String, ServerIndex>,
    pub(crate) board: Arc<Board>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) guard: Guard,
    /// Owns the requests of HTTP+SSE clients, which are answered after their POST has been.
    pub(crate) tasks: TaskTracker,
    pub(crate) started: Instant,
    /// The port that is really listened on.
    pub(crate) port: std::sync::OnceLock<u16>,
    /// Streams that belong to no call end when the gateway drains.
    pub(crate) ending: Ending,
}

impl Core {
    /// The address to give to clients.
    pub(crate) fn endpoint(&self) -> String {
        let port = self.port.get().copied().unwrap_or(self.config.gateway.port);
        format!("http://localhost:{port}/mcp")
    }

    /// The name of an endpoint's one server, empty for the endpoint of all.
    pub(crate) fn scope_name(&self, scope: Option<ServerIndex>) -> &str {
        scope.map_or("", |index| self.servers[index].config.name.as_str())
    }

    /// The servers that an endpoint reaches.
    pub(crate) fn in_scope(&self, scope: Option<ServerIndex>) -> &[Arc<Server>] {
        match scope {
            None => &self.servers,
            Some(index) => std::slice::from_ref(&self.servers[index]),
        }
    }

    /// Waits, within reason, until it is known what the servers offer.
    pub(crate) async fn settled(&self, scope: Option<ServerIndex>) {
        let all = async {
            for server in self.in_scope(scope) {
                server.settled().await;
            }
        };
        // Whoever is not ready by then joins through list_changed.
        let window = tokio::time::Instant::from_std(self.started + FIRST_LIST);
        drop(tokio::time::timeout_at(window, all).await);
    }
}
