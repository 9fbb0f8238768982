//! What a decent small server does with each method when its script says nothing.

use serde_json::json;

use super::call::Call;
use super::listens::Filter;
use super::modern;
use super::raw::{argument, definition, raw_member, raws};
use super::server::{Fake, lock};

impl Fake {
    /// What a decent small server does.
    pub(super) fn usual(&self, call: &mut Call) {
        match call.method.as_str() {
            "server/discover" if call.is_modern => {
                self.result(&modern::discovered(&self.script), call);
            }
            "subscriptions/listen" if call.is_modern => self.listen(call),
            "tasks/get" | "tasks/update" | "tasks/cancel" if call.is_modern => self.task(call),
            "initialize" => self.result(&self.initialize_result(&call.params), call),
            "ping" | "logging/setLevel" | "resources/subscribe" | "resources/unsubscribe" => {
                self.result("{}", call);
            }
            "tools/list" => {
                let tools: Vec<String> = lock(&self.tools).iter().map(definition).collect();
                self.list("tools", &tools, call);
            }
            "prompts/list" => self.list("prompts", &raws(&self.script.prompts), call),
            "resources/list" => self.list("resources", &raws(&self.script.resources), call),
            "resources/templates/list" => {
                self.list("resourceTemplates", &raws(&self.script.templates), call)
            }
            "prompts/get" => {
                let text = json!(format!("prompt {}", call.params));
                self.result(&format!(r#"{{"messages":[{{"role":"user","content":{{"type":"text","text":{text}}}}}]}}"#), call);
            }
            "resources/read" => {
                let uri = raw_member(&call.params, "uri").unwrap_or_else(|| "\"\"".to_owned());
                self.result(
                    &format!(
                        r#"{{"contents":[{{"uri":{uri},"text":"content of {}"}}]}}"#,
                        uri.trim_matches('"')
                    ),
                    call,
                );
            }
            "completion/complete" => {
                let completion =
                    r#"{"completion":{"values":["one","two"],"total":2,"hasMore":false}}"#;
                self.result(completion, call);
            }
            "tools/call" => call.error(r#"{"code":-32602,"message":"Unknown tool"}"#),
            method if method.starts_with("notifications/") => {}
            _ if self.script.exit_on_unknown_method => self.journal.exit(1, "unknown method"),
            method => call.error(&format!(
                r#"{{"code":-32601,"message":{}}}"#,
                json!(format!("Method not found: {method}"))
            )),
        }
    }

    fn listen(&self, call: &mut Call) {
        let Some(id) = call.id.clone() else {
            return;
        };
        let Some(filter) = Filter::read(&call.params) else {
            call.error(&modern::error(-32602, "No notifications are named", None));
            return;
        };
        if !filter.task_ids.is_empty() && !modern::declares(&call.params, modern::TASKS) {
            call.error(&modern::tasks_needed());
            return;
        }
        let honoured = filter.honoured(&modern::capabilities(&self.script));
        self.listens.open(&id, honoured, &call.ways);
    }

    fn task(&self, call: &mut Call) {
        if !modern::declares(&call.params, modern::TASKS) {
            call.error(&modern::tasks_needed());
            return;
        }
        match self.tasks.answer(&call.method, &call.params) {
            Ok(result) => self.result(&result, call),
            Err(error) => call.error(&error),
        }
    }

    fn initialize_result(&self, params: &str) -> String {
        let script = &self.script;
        let asked =
            raw_member(params, "protocolVersion").unwrap_or_else(|| "\"2025-11-25\"".to_owned());
        let version = script
            .protocol_version
            .as_ref()
            .map_or(asked, |version| json!(version).to_string());
        let capabilities = script.capabilities.as_ref().map_or(
            r#"{"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{"subscribe":true,"listChanged":true},"logging":{},"completions":{}}"#,
            |raw| raw.get(),
        );
        let name = json!(script.name.as_deref().unwrap_or("fake"));
        let instructions = match &script.instructions {
            Some(words) => format!(r#","instructions":{}"#, json!(words)),
            None => String::new(),
        };
        format!(
            r#"{{"protocolVersion":{version},"capabilities":{capabilities},"serverInfo":{{"name":{name},"version":"1.0"}}{instructions}}}"#
        )
    }

    fn list(&self, key: &str, items: &[String], call: &mut Call) {
        let from = argument(&call.params, &["cursor"])
            .and_then(|cursor| {
                cursor
                    .as_str()
                    .and_then(|cursor| cursor.parse::<usize>().ok())
            })
            .unwrap_or(0)
            .min(items.len());
        let size = if self.script.page_size == 0 {
            items.len()
        } else {
            self.script.page_size
        };
        let to = (from + size).min(items.len());
        let next = if to < items.len() {
            format!(r#","nextCursor":"{to}""#)
        } else {
            String::new()
        };
        self.result(
            &format!(r#"{{"{key}":[{}]{next}}}"#, items[from..to].join(",")),
            call,
        );
    }
}
