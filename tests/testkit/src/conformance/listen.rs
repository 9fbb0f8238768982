//! Who is told of changes: modern clients by `subscriptions/listen`, legacy ones by notifications.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::legacy::Peer;
use super::lock;
use super::message::{Fault, Outbox, Outcome, notification};

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

/// A change.
#[derive(Debug, Clone, Copy)]
pub(super) enum News<'a> {
    Tools,
    Prompts,
    Resource(&'a str),
    /// A task as it is now.
    Task(&'a str, &'a Value),
}

/// Everybody who listens.
#[derive(Default)]
pub(super) struct Board {
    listeners: Mutex<Vec<Listener>>,
    peers: Mutex<Vec<Weak<Peer>>>,
    next: AtomicU64,
}

struct Listener {
    number: u64,
    /// The request's id, which tags whatever is sent for it.
    id: Value,
    filter: Filter,
    outbox: Outbox,
}

/// What a listener wants to be told.
#[derive(Debug, Default, PartialEq)]
struct Filter {
    tools: bool,
    prompts: bool,
    resources: Vec<String>,
    tasks: Vec<String>,
}

/// Takes its listener off the board.
struct Seat<'a> {
    board: &'a Board,
    number: u64,
}

/// Listens until the client leaves.
pub(super) async fn listen(caller: &Caller) -> Outcome {
    let filter = Filter::of(&caller.params["notifications"])?;
    if !filter.tasks.is_empty() {
        caller.require_tasks()?;
    }
    let _seat = caller.fixture.board.seat(caller, filter);
    std::future::pending().await
}

// === impl Board ===

impl Board {
    /// A legacy client that is told of everything while it exists.
    pub(super) fn join(&self, peer: &Arc<Peer>) {
        let mut peers = lock(&self.peers);
        peers.retain(|other| other.strong_count() > 0 && other.as_ptr() != Arc::as_ptr(peer));
        peers.push(Arc::downgrade(peer));
    }

    /// Tells everybody who wants to know.
    pub(super) fn tell(&self, news: News<'_>) {
        for listener in lock(&self.listeners).iter() {
            if listener.filter.wants(news) {
                listener.send(news.method(), news.params());
            }
        }
        for peer in lock(&self.peers).iter().filter_map(Weak::upgrade) {
            peer.tell(news);
        }
    }

    fn seat(&self, caller: &Caller, filter: Filter) -> Seat<'_> {
        let listener = Listener {
            number: self.next.fetch_add(1, Ordering::SeqCst),
            id: caller.id.clone(),
            filter,
            outbox: caller.outbox.clone(),
        };
        let number = listener.number;
        let mut listeners = lock(&self.listeners);
        // Under the lock: no news may come before it.
        listener.send(
            "notifications/subscriptions/acknowledged",
            json!({ "notifications": listener.filter.body() }),
        );
        listeners.push(listener);
        Seat {
            board: self,
            number,
        }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        lock(&self.board.listeners).retain(|listener| listener.number != self.number);
    }
}

impl Listener {
    fn send(&self, method: &str, mut params: Value) {
        params["_meta"] = json!({ SUBSCRIPTION: self.id });
        // Whoever has left is taken off the board soon.
        drop(self.outbox.send(notification(method, params)));
    }
}

// === impl News ===

impl News<'_> {
    pub(super) fn method(self) -> &'static str {
        match self {
            Self::Tools => "notifications/tools/list_changed",
            Self::Prompts => "notifications/prompts/list_changed",
            Self::Resource(_) => "notifications/resources/updated",
            Self::Task(..) => "notifications/tasks",
        }
    }

    pub(super) fn params(self) -> Value {
        match self {
            Self::Tools | Self::Prompts => json!({}),
            Self::Resource(uri) => json!({ "uri": uri }),
            Self::Task(_, task) => task.clone(),
        }
    }
}

// === impl Filter ===

impl Filter {
    fn of(asked: &Value) -> Result<Self, Fault> {
        let Some(asked) = asked.as_object() else {
            return Err(Fault::invalid("notifications must be an object"));
        };
        let flag = |name: &str| asked.get(name) == Some(&Value::Bool(true));
        let names = |name: &str| -> Vec<String> {
            let names = asked.get(name).and_then(Value::as_array);
            let names = names.into_iter().flatten().filter_map(Value::as_str);
            names.map(str::to_owned).collect()
        };
        Ok(Self {
            tools: flag("toolsListChanged"),
            prompts: flag("promptsListChanged"),
            resources: names("resourceSubscriptions"),
            tasks: names("taskIds"),
        })
    }

    fn wants(&self, news: News<'_>) -> bool {
        match news {
            News::Tools => self.tools,
            News::Prompts => self.prompts,
            News::Resource(uri) => self.resources.iter().any(|wanted| wanted == uri),
            News::Task(id, _) => self.tasks.iter().any(|wanted| wanted == id),
        }
    }

    /// What of it will be honored; the list of resources never changes.
    fn body(&self) -> Map<String, Value> {
        let mut body = Map::new();
        for (name, wanted) in [
            ("toolsListChanged", self.tools),
            ("promptsListChanged", self.prompts),
        ] {
            if wanted {
                body.insert(name.to_owned(), true.into());
            }
        }
        for (name, wanted) in [
            ("resourceSubscriptions", &self.resources),
            ("taskIds", &self.tasks),
        ] {
            if !wanted.is_empty() {
                body.insert(name.to_owned(), wanted.clone().into());
            }
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_for_is_told() {
        let filter = Filter::of(&json!({
            "promptsListChanged": true, "toolsListChanged": false, "taskIds": ["a"],
        }))
        .expect("an object");
        assert!(filter.wants(News::Prompts) && !filter.wants(News::Tools));
        assert!(filter.wants(News::Task("a", &Value::Null)));
        assert!(!filter.wants(News::Task("b", &Value::Null)));
        let body = json!({ "promptsListChanged": true, "taskIds": ["a"] });
        assert_eq!(Value::from(filter.body()), body);
        assert!(Filter::of(&Value::Null).is_err());
    }
}
