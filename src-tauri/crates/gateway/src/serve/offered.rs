//! The capabilities of an endpoint: what the servers behind it have, and nothing else.

use eras::Can;
use serde_json::{Map, Value, json};
use wire::{Era, Span, rewrite_members, splice};

use crate::catalog::ServerIndex;
use crate::core::Core;
use crate::dispatch::modern::TASKS;
use crate::upstream::Hello;
use crate::user::User;

/// Extensions that are told of at the endpoint of all servers.
const EXTENSIONS: [&str; 2] = ["io.modelcontextprotocol/ui", TASKS];

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offered {
    /// `capabilities` as a modern client gets them, raw.
    pub(crate) text: String,
    read: Value,
}

/// What an endpoint offers a user by what is known of its servers at present.
pub(crate) fn of(core: &Core, scope: Option<ServerIndex>, user: Option<&User>) -> Offered {
    let servers = core.in_scope(scope, user);
    let enabled = servers.iter().filter(|server| server.config.enabled);
    let helloes: Vec<_> = enabled.filter_map(|server| server.hello()).collect();
    match (scope, helloes.first()) {
        (Some(_), Some(only)) => Offered::of_one(only),
        _ => Offered::of_all(&helloes),
    }
}

/// What a modern client is told and may rely on from then on: many ask only once. As long as a
/// server is not known, everything may come.
pub(crate) fn promised(core: &Core, scope: Option<ServerIndex>, user: Option<&User>) -> Offered {
    let helloes = known(core, scope, user);
    match (scope, helloes.as_deref()) {
        (Some(_), Some([only])) => Offered::of_one(only),
        (_, helloes) => {
            let mut union = told_once(helloes);
            // Those of servers that are known already are not kept back.
            let so_far = of(core, scope, user);
            if let Some(extensions) = so_far.read.get("extensions") {
                union["extensions"] = extensions.clone();
            }
            Offered::from(union)
        }
    }
}

/// What a legacy client is told at the endpoint of all servers, once for its whole session.
pub(crate) fn in_session(core: &Core, user: Option<&User>) -> Value {
    told_once(known(core, None, user).as_deref())
}

/// What each server of an endpoint has said; `None` as long as one of them has said nothing.
fn known(core: &Core, scope: Option<ServerIndex>, user: Option<&User>) -> Option<Vec<Hello>> {
    let servers = core.in_scope(scope, user);
    let enabled = servers.iter().filter(|server| server.config.enabled);
    enabled.map(|server| server.hello()).collect()
}

/// What may come of servers: what they have, tools, which are what every client is here for, and
/// everything as long as one of them is not known (`None`).
pub(crate) fn told_once(helloes: Option<&[Hello]>) -> Value {
    let listed = json!({ "listChanged": true });
    let Some(helloes) = helloes else {
        return json!({
            "tools": listed,
            "prompts": listed,
            "resources": { "listChanged": true, "subscribe": true },
            "completions": {},
            "logging": {},
        });
    };
    let mut union = Offered::of_all(helloes).read;
    union["tools"] = listed;
    if let Some(members) = union.as_object_mut() {
        members.remove("extensions");
    }
    union
}

// === impl Offered ===

impl Offered {
    /// What one server's own endpoint offers: what that server says, but for what only clients
    /// of its era can use.
    fn of_one(hello: &Hello) -> Self {
        let raw = &hello.capabilities;
        let text = match hello.era {
            Era::Modern => String::from_utf8_lossy(raw).into_owned(),
            // Tasks of 2025-11-25 are others than those of the extension.
            Era::Legacy => {
                let whole = Span {
                    start: 0,
                    end: raw.len(),
                };
                let edits = rewrite_members(raw, whole, "", &["tasks"]);
                let mut edits: Vec<_> = edits
                    .iter()
                    .map(|(place, put)| (*place, put.as_slice()))
                    .collect();
                String::from_utf8_lossy(&splice(raw, &mut edits)).into_owned()
            }
        };
        let read = serde_json::from_str(&text).unwrap_or_default();
        Self { text, read }
    }

    /// The union over several servers. That a list changes is always told: the gateway notices
    /// by itself.
    fn of_all(helloes: &[Hello]) -> Self {
        let each: Vec<(Era, Value)> = helloes
            .iter()
            .map(|hello| {
                let read = serde_json::from_slice(&hello.capabilities);
                (hello.era, read.unwrap_or_default())
            })
            .collect();
        let any = |name: &str| each.iter().any(|(_, one)| one.get(name).is_some());
        let mut union = Map::new();
        for list in ["tools", "prompts", "resources"] {
            if any(list) {
                union.insert(list.to_owned(), json!({ "listChanged": true }));
            }
        }
        let subscribes = |one: &Value| one["resources"]["subscribe"] == true;
        if each.iter().any(|(_, one)| subscribes(one)) {
            union["resources"]["subscribe"] = true.into();
        }
        for name in ["completions", "logging"] {
            if any(name) {
                union.insert(name.to_owned(), json!({}));
            }
        }
        let mut extensions = Map::new();
        for name in EXTENSIONS {
            let modern = each.iter().filter(|(era, _)| *era == Era::Modern);
            let found = modern
                .filter_map(|(_, one)| one.get("extensions")?.get(name))
                .next();
            if let Some(found) = found {
                extensions.insert(name.to_owned(), found.clone());
            }
        }
        if !extensions.is_empty() {
            union.insert("extensions".to_owned(), extensions.into());
        }
        Self::from(Value::Object(union))
    }

    /// Whether it has a capability: a member of the object, such as `tools`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.read.get(name).is_some()
    }

    /// Whether it has an extension.
    pub(crate) fn extends(&self, name: &str) -> bool {
        self.read["extensions"].get(name).is_some()
    }

    /// What a subscription can be about.
    pub(crate) fn can(&self) -> Can {
        let says = |of: &str, what: &str| self.read[of][what] == true;
        Can {
            tools: says("tools", "listChanged"),
            prompts: says("prompts", "listChanged"),
            resources: says("resources", "listChanged"),
            subscribe: says("resources", "subscribe"),
            tasks: self.extends(TASKS),
        }
    }
}

impl From<Value> for Offered {
    fn from(read: Value) -> Self {
        Self {
            text: read.to_string(),
            read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(era: Era, capabilities: &'static str) -> Hello {
        Hello {
            era,
            capabilities: capabilities.as_bytes().into(),
            instructions: None,
            server_info: None,
            protocol_version: String::new(),
        }
    }

    #[test]
    fn all_together_have_what_any_of_them_has() {
        let check = |helloes: &[Hello], wanted: Value, can: Can| {
            let offered = Offered::of_all(helloes);
            assert_eq!(offered.text, wanted.to_string());
            assert_eq!(offered.can(), can);
        };
        let can = Can::default();
        check(&[], json!({}), can);
        let tools = || hello(Era::Legacy, r#"{"tools":{},"experimental":{"x":{}}}"#);
        let listed = json!({ "listChanged": true });
        check(
            &[tools()],
            json!({ "tools": listed }),
            Can { tools: true, ..can },
        );
        let resources = hello(
            Era::Legacy,
            r#"{"resources":{"subscribe":true},"logging":{},"extensions":{"io.modelcontextprotocol/ui":{}}}"#,
        );
        check(
            &[tools(), resources],
            json!({ "tools": listed, "resources": { "listChanged": true, "subscribe": true }, "logging": {} }),
            Can {
                tools: true,
                resources: true,
                subscribe: true,
                ..can
            },
        );
        let modern = hello(
            Era::Modern,
            r#"{"prompts":{},"extensions":{"io.modelcontextprotocol/ui":{"a":1},"x/y":{}}}"#,
        );
        check(
            &[modern],
            json!({ "prompts": listed, "extensions": { "io.modelcontextprotocol/ui": { "a": 1 } } }),
            Can {
                prompts: true,
                ..can
            },
        );
    }

    #[test]
    fn a_session_is_told_what_may_come_while_that_is_not_known() {
        let prompts = hello(
            Era::Modern,
            r#"{"prompts":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}"#,
        );
        let listed = json!({ "listChanged": true });
        assert_eq!(told_once(Some(&[])), json!({ "tools": listed }));
        assert_eq!(
            told_once(Some(&[prompts])),
            json!({ "tools": listed, "prompts": listed })
        );
        let everything = told_once(None);
        assert_eq!(everything["resources"]["subscribe"], true);
        assert!(everything["completions"].is_object() && everything["logging"].is_object());
    }

    #[test]
    fn one_server_says_what_it_says() {
        let raw = r#"{ "tools":{"listChanged":false}, "tasks":{"list":{}},"x":1.0 }"#;
        let legacy = Offered::of_one(&hello(Era::Legacy, raw));
        assert!(!legacy.has("tasks") && legacy.has("tools") && legacy.text.contains(r#""x":1.0"#));
        assert_eq!(legacy.can(), Can::default());
        let modern = Offered::of_one(&hello(Era::Modern, raw));
        assert_eq!(modern.text, raw);
    }
}
