//! Open `subscriptions/listen` requests: who wants to be told what.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::call::{Outbox, Ways};
use super::raw::{argument, changed, raw_member, with_first};
use super::script::{ListenEnd, Push};

const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

#[derive(Default)]
pub(super) struct Listens(Mutex<Vec<Listen>>);

struct Listen {
    /// Raw.
    id: String,
    filter: Filter,
    outbox: Outbox,
    /// Whether others share the way to the client.
    is_shared: bool,
}

/// What was asked for, and then what is honoured.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Filter {
    #[serde(skip_serializing_if = "is_not")]
    tools_list_changed: bool,
    #[serde(skip_serializing_if = "is_not")]
    prompts_list_changed: bool,
    #[serde(skip_serializing_if = "is_not")]
    resources_list_changed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_subscriptions: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) task_ids: Vec<String>,
}

fn is_not(flag: &bool) -> bool {
    !flag
}

impl Filter {
    pub(super) fn read(params: &str) -> Option<Self> {
        serde_json::from_str(&raw_member(params, "notifications")?).ok()
    }

    /// Of what was asked, what a server with these capabilities can tell.
    pub(super) fn honoured(mut self, capabilities: &Value) -> Self {
        let has = |place: &str| capabilities.pointer(place) == Some(&Value::Bool(true));
        self.tools_list_changed &= has("/tools/listChanged");
        self.prompts_list_changed &= has("/prompts/listChanged");
        self.resources_list_changed &= has("/resources/listChanged");
        if !has("/resources/subscribe") {
            self.resource_subscriptions.clear();
        }
        if capabilities
            .pointer("/extensions/io.modelcontextprotocol~1tasks")
            .is_none()
        {
            self.task_ids.clear();
        }
        self
    }

    fn wants(&self, method: &str, params: &str) -> bool {
        let names = |wanted: &[String], key: &str| {
            let named = argument(params, &[key]);
            named.is_some_and(|named| wanted.iter().any(|wanted| named == wanted.as_str()))
        };
        match method {
            "notifications/tools/list_changed" => self.tools_list_changed,
            "notifications/prompts/list_changed" => self.prompts_list_changed,
            "notifications/resources/list_changed" => self.resources_list_changed,
            "notifications/resources/updated" => names(&self.resource_subscriptions, "uri"),
            "notifications/tasks" => names(&self.task_ids, "taskId"),
            _ => false,
        }
    }
}

impl Listens {
    /// Acknowledges a listen and keeps it, so that nothing comes before the acknowledgement.
    pub(super) fn open(&self, id: &str, honoured: Filter, ways: &Ways) {
        let params = format!(r#"{{"notifications":{}}}"#, json!(honoured));
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let acknowledged = notification(
            "notifications/subscriptions/acknowledged",
            &tagged(&params, id),
        );
        if ways.call.send(acknowledged).is_ok() {
            open.push(Listen {
                id: id.to_owned(),
                filter: honoured,
                outbox: ways.call.clone(),
                is_shared: ways.is_shared,
            });
        }
    }

    /// Tells those who want to know.
    pub(super) fn tell(&self, push: &Push) {
        let params = push.params.as_deref().map_or("{}", RawValue::get);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|listen| {
            if !push.anyway && !listen.filter.wants(&push.method, params) {
                return !listen.outbox.is_closed();
            }
            let message = notification(&push.method, &tagged(params, &listen.id));
            listen.outbox.send(message).is_ok()
        });
    }

    /// The client has cancelled one.
    pub(super) fn forget(&self, id: &str) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|listen| listen.id != id);
    }

    /// Ends them all.
    pub(super) fn end(&self, how: ListenEnd) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for listen in open.drain(..) {
            let id = &listen.id;
            let last = match how {
                ListenEnd::Graceful => format!(
                    r#"{{"jsonrpc":"2.0","id":{id},"result":{}}}"#,
                    tagged(r#"{"resultType":"complete"}"#, id)
                ),
                ListenEnd::Cut if listen.is_shared => notification(
                    "notifications/cancelled",
                    &format!(r#"{{"requestId":{id}}}"#),
                ),
                ListenEnd::Cut => continue,
            };
            // Whoever has left meanwhile needs no farewell.
            listen.outbox.send(last).ok();
        }
    }
}

/// A raw object with the id of a subscription in its `_meta`, spelled as the client did.
fn tagged(object: &str, id: &str) -> String {
    let tag = format!(r#""{SUBSCRIPTION_ID}":{id}"#);
    changed(object, "_meta", |meta| with_first(meta, &tag))
        .unwrap_or_else(|| with_first(object, &format!(r#""_meta":{{{tag}}}"#)))
}

fn notification(method: &str, params: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":{},"params":{params}}}"#,
        json!(method)
    )
}
