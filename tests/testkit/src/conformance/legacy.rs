//! The versions with `initialize`: a peer that is known, and may be asked.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::caller::{Caller, Way, rank};
use super::listen::News;
use super::message::{Fault, INTERNAL, Outbox, Outcome, Stop, answer, notification};
use super::running::Running;
use super::{Fixture, lock, methods, server_info};

/// Newest first.
pub(super) const VERSIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// Longer than anybody who answers at all.
const PATIENCE: Duration = Duration::from_secs(300);

/// A client: a session over HTTP, the other end of the pipe on stdio.
pub(super) struct Peer {
    /// What belongs to no request.
    push: Outbox,
    capabilities: Mutex<Value>,
    /// Everything, until the client says otherwise.
    level: AtomicUsize,
    next: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Result<Value, String>>>>,
    watched: Mutex<HashSet<String>>,
    running: Running,
}

// === impl Peer ===

impl Peer {
    pub(super) fn new(push: Outbox) -> Self {
        Self {
            push,
            capabilities: Mutex::new(json!({})),
            level: AtomicUsize::new(0),
            next: AtomicU64::new(0),
            waiting: Mutex::default(),
            watched: Mutex::default(),
            running: Running::default(),
        }
    }

    /// The least important level that is wanted.
    pub(super) fn level(&self) -> usize {
        self.level.load(Ordering::SeqCst)
    }

    /// Asks the client, along with whatever request `outbox` belongs to.
    pub(super) async fn ask(&self, outbox: &Outbox, mut request: Value) -> Result<Value, String> {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let (sender, answered) = oneshot::channel();
        lock(&self.waiting).insert(number, sender);
        request["jsonrpc"] = "2.0".into();
        request["id"] = number.into();
        let sent = outbox.send(request).is_ok();
        let answer = match sent {
            true => tokio::time::timeout(PATIENCE, answered).await,
            false => Ok(Ok(Err("the client has left".to_owned()))),
        };
        lock(&self.waiting).remove(&number);
        match answer {
            Ok(Ok(answer)) => answer,
            _ => Err("there was no answer".to_owned()),
        }
    }

    /// An answer to something asked.
    pub(super) fn answered(&self, message: &Value) {
        let number = message["id"].as_u64();
        let Some(sender) = number.and_then(|number| lock(&self.waiting).remove(&number)) else {
            return;
        };
        let answer = match message.get("result") {
            Some(result) => Ok(result.clone()),
            None => Err(message["error"]["message"].to_string()),
        };
        // Whoever asked may have been cancelled.
        drop(sender.send(answer));
    }

    /// A notification of the client.
    pub(super) fn noted(&self, message: &Value) {
        if message["method"] == "notifications/cancelled" {
            self.running.cancel(&message["params"]);
        }
    }

    /// Tells of a change.
    pub(super) fn tell(&self, news: News<'_>) {
        let wanted = match news {
            News::Tools | News::Prompts => true,
            News::Resource(uri) => lock(&self.watched).contains(uri),
            News::Task(..) => false,
        };
        if wanted {
            // Whoever has left needs no news.
            drop(self.push.send(notification(news.method(), news.params())));
        }
    }

    fn greet(&self, params: &Value) -> Value {
        *lock(&self.capabilities) = params["capabilities"].clone();
        let version = VERSIONS
            .iter()
            .find(|version| params["protocolVersion"] == **version)
            .unwrap_or(&VERSIONS[0]);
        json!({
            "protocolVersion": version,
            "capabilities": {
                "completions": {},
                "logging": {},
                "prompts": { "listChanged": true },
                "resources": { "subscribe": true },
                "tools": { "listChanged": true },
            },
            "serverInfo": server_info(),
        })
    }

    fn set_level(&self, params: &Value) -> Outcome {
        let level = params["level"].as_str().and_then(rank);
        let level = level.ok_or_else(|| Fault::invalid("there is no such level"))?;
        self.level.store(level, Ordering::SeqCst);
        Ok(json!({}))
    }

    fn watch(&self, params: &Value, on: bool) -> Outcome {
        let uri = params["uri"]
            .as_str()
            .ok_or_else(|| Fault::invalid("uri must be a string"))?;
        let mut watched = lock(&self.watched);
        match on {
            true => watched.insert(uri.to_owned()),
            false => watched.remove(uri),
        };
        Ok(json!({}))
    }
}

/// Works on a request; its answer is the last message in the outbox.
pub(super) fn start(
    fixture: &Arc<Fixture>,
    peer: &Arc<Peer>,
    request: Value,
    outbox: Outbox,
) -> JoinHandle<()> {
    let id = request["id"].clone();
    let (fixture, own) = (fixture.clone(), peer.clone());
    let working = tokio::spawn(async move {
        let id = request["id"].clone();
        let method = request["method"].as_str().unwrap_or_default();
        let caller = Caller {
            fixture,
            id: id.clone(),
            params: request["params"].clone(),
            capabilities: lock(&own.capabilities).clone(),
            outbox: outbox.clone(),
            way: Way::Legacy(own.clone()),
        };
        let message = match outcome(&own, &caller, method).await {
            Ok(result) => answer(&id, result),
            Err(Stop::Fault(fault)) => fault.answer(&id),
            Err(_) => Fault::new(INTERNAL, "this era has no such result").answer(&id),
        };
        // Nobody waits any more: nobody misses it.
        drop(outbox.send(message));
    });
    peer.running.add(&id, &working);
    working
}

async fn outcome(peer: &Peer, caller: &Caller, method: &str) -> Outcome {
    match method {
        "initialize" => Ok(peer.greet(&caller.params)),
        "ping" => Ok(json!({})),
        "logging/setLevel" => peer.set_level(&caller.params),
        "resources/subscribe" => peer.watch(&caller.params, true),
        "resources/unsubscribe" => peer.watch(&caller.params, false),
        _ => methods::call(caller, method).await,
    }
}
