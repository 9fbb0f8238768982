//! What a request brought along, and the way back to whoever sent it.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Fixture;
use super::legacy::Peer;
use super::message::{Fault, Outbox, Stop, notification};
use super::state;
use super::tasks::Task;

/// The extension for tasks.
pub(super) const TASKS: &str = "io.modelcontextprotocol/tasks";
/// Keys in a request's `_meta`.
pub(super) const CLAIM: &str = "io.modelcontextprotocol/protocolVersion";
pub(super) const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

/// The levels, least important first.
const LEVELS: [&str; 8] = [
    "debug",
    "info",
    "notice",
    "warning",
    "error",
    "critical",
    "alert",
    "emergency",
];

/// How a request's questions reach the client.
#[derive(Clone)]
pub(super) enum Way {
    /// By requests of our own.
    Legacy(Arc<Peer>),
    /// By results that ask for a further round.
    Modern,
    /// By a task that waits for input.
    Task(Arc<Task>),
}

/// One request that is being worked on.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) fixture: Arc<Fixture>,
    pub(super) id: Value,
    pub(super) params: Value,
    /// What the client declared.
    pub(super) capabilities: Value,
    /// Messages that belong to this request.
    pub(super) outbox: Outbox,
    pub(super) way: Way,
}

// === impl Caller ===

impl Caller {
    /// An argument of a tool or prompt.
    pub(super) fn argument(&self, name: &str) -> &Value {
        &self.params["arguments"][name]
    }

    /// An argument that is a text.
    pub(super) fn text_argument(&self, name: &str) -> Result<&str, Fault> {
        self.argument(name)
            .as_str()
            .ok_or_else(|| Fault::invalid(format!("the argument {name} must be a string")))
    }

    /// Whether the client declared a capability.
    pub(super) fn can(&self, capability: &str) -> bool {
        self.capabilities[capability].is_object()
    }

    /// Whether the client declared an extension.
    pub(super) fn has_extension(&self, name: &str) -> bool {
        self.capabilities["extensions"][name].is_object()
    }

    pub(super) fn is_legacy(&self) -> bool {
        matches!(self.way, Way::Legacy(_))
    }

    /// Sends a notification along with this request.
    pub(super) fn tell(&self, method: &str, params: Value) {
        // Nobody listens any more: there is nobody to be told.
        drop(self.outbox.send(notification(method, params)));
    }

    /// Reports progress, if that was asked for.
    pub(super) fn report(&self, progress: u32, total: u32) {
        let token = &self.params["_meta"]["progressToken"];
        if !token.is_null() && !matches!(self.way, Way::Task(_)) {
            self.tell(
                "notifications/progress",
                json!({ "progressToken": token, "progress": progress, "total": total }),
            );
        }
    }

    /// Logs, if the client wants to know.
    pub(super) fn log(&self, level: &str, line: &str) {
        let wanted = match &self.way {
            Way::Legacy(peer) => Some(peer.level()),
            Way::Modern => self.params["_meta"][LOG_LEVEL].as_str().and_then(rank),
            Way::Task(_) => None,
        };
        if wanted.is_some_and(|wanted| rank(level) >= Some(wanted)) {
            let params = json!({ "level": level, "logger": "conformance", "data": line });
            self.tell("notifications/message", params);
        }
    }

    /// What this tool or prompt had the client keep for it, once it is known to be unchanged.
    pub(super) fn state(&self) -> Result<Option<Value>, Fault> {
        let Some(sealed) = self.params["requestState"].as_str() else {
            return Ok(None);
        };
        match state::open(self.name(), sealed) {
            Some(state) => Ok(Some(state)),
            None => Err(Fault::invalid(
                "requestState was changed or is not for this",
            )),
        }
    }

    /// The tool or prompt that was asked for.
    pub(super) fn name(&self) -> &str {
        self.params["name"].as_str().unwrap_or_default()
    }

    /// Answers of an earlier round.
    pub(super) fn responses(&self) -> Option<&Map<String, Value>> {
        self.params["inputResponses"].as_object()
    }

    /// Refuses a client that did not declare the extension for tasks.
    pub(super) fn require_tasks(&self) -> Result<(), Stop> {
        if self.has_extension(TASKS) {
            return Ok(());
        }
        Err(Fault::needs(json!({ "extensions": { TASKS: {} } })).into())
    }
}

/// How important a level is.
pub(super) fn rank(level: &str) -> Option<usize> {
    LEVELS.iter().position(|known| *known == level)
}

/// Refuses a level that does not exist.
pub(super) fn check_level(meta: &Value) -> Result<(), Fault> {
    match &meta[LOG_LEVEL] {
        Value::Null => Ok(()),
        level if level.as_str().and_then(rank).is_some() => Ok(()),
        level => Err(Fault::invalid(format!("there is no log level {level}"))),
    }
}
