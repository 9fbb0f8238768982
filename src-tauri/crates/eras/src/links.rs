//! Where a server's messages name its resources, and how these places read in the view of all
//! servers, where some of its URIs go by another name (see [`qualified`]).
//!
//! | message | places |
//! |---|---|
//! | result of `resources/read` | `contents[].uri` |
//! | result of `tools/call` | `content[]`: `uri` of a `resource_link`, `resource.uri` of a `resource` |
//! | result of `prompts/get` | the same in `messages[].content`, an object or an array |
//! | a task (extension "Tasks") | the same in its `result` |
//! | `notifications/resources/updated` | `params.uri` |
//! | a tool's definition | `_meta.ui.resourceUri` and, as it was once written, `_meta["ui/resourceUri"]` |
//!
//! Everything else is the server's own text, whatever it looks like.

use std::collections::HashSet;

use wire::{Edit, Span, quote};

use crate::look;
use crate::qualify::qualified;
use crate::tags::Tag;

/// Whether a URI can have come from a template: first the template, then the URI.
pub type Fits = fn(&str, &str) -> bool;

/// The URIs of one server that go by their qualified form.
#[derive(Debug, Clone)]
pub struct Qualified {
    tag: Tag,
    uris: HashSet<String>,
    templates: Vec<String>,
    fits: Fits,
}

// === impl Qualified ===

impl Qualified {
    /// Of the server with this tag: its own URIs and URI templates that another server has as well.
    pub fn new(tag: Tag, uris: HashSet<String>, templates: Vec<String>, fits: Fits) -> Self {
        Self {
            tag,
            uris,
            templates,
            fits,
        }
    }

    /// Whether all of the server's URIs go by their own form; then no message is looked at.
    pub fn is_empty(&self) -> bool {
        self.uris.is_empty() && self.templates.is_empty()
    }

    /// The form of one of the server's URIs or templates in the view of all; `None` where it is
    /// its own.
    pub fn shown(&self, own: &str) -> Option<String> {
        let fits = |template: &String| template == own || (self.fits)(template, own);
        let concerned = self.uris.contains(own) || self.templates.iter().any(fits);
        concerned.then(|| qualified(own, self.tag)).flatten()
    }

    /// The edits of a result, which lies in a text.
    pub fn in_result(&self, text: &[u8], result: Span) -> Vec<Edit> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut places = Vec::new();
        result_links(text, result, &mut places);
        if look::member(text, result, "taskId").is_some() {
            places.extend(links_of_task(text, result));
        }
        self.edits(text, places)
    }

    /// The edits of a notification.
    pub fn in_notification(&self, text: &[u8]) -> Vec<Edit> {
        if self.is_empty() {
            return Vec::new();
        }
        let Some(params) = look::member(text, look::whole(text), "params") else {
            return Vec::new();
        };
        let mut places: Vec<_> = look::member(text, params, "uri").into_iter().collect();
        if look::member(text, params, "taskId").is_some() {
            places.extend(links_of_task(text, params));
        }
        self.edits(text, places)
    }

    /// The edits of a definition, which lies in a text. Its own URI or template, where it has
    /// one, is not among them: what a list calls an item is up to whoever writes the list.
    pub fn in_definition(&self, text: &[u8], definition: Span) -> Vec<Edit> {
        self.edits(text, page_links(text, definition))
    }

    fn edits(&self, text: &[u8], places: Vec<Span>) -> Vec<Edit> {
        let edit = |place: Span| {
            let shown = self.shown(&look::string(text, place)?)?;
            Some((place, quote(&shown).into_bytes()))
        };
        places.into_iter().filter_map(edit).collect()
    }
}

/// The pages that a tool's definition names (extension "MCP Apps"). They need not be in the list of
/// resources, and are the tool's server's all the same.
pub fn pages_of(definition: &[u8]) -> Vec<String> {
    let mut pages: Vec<String> = page_links(definition, look::whole(definition))
        .into_iter()
        .filter_map(|place| Some(look::string(definition, place)?.into_owned()))
        .collect();
    pages.dedup();
    pages
}

// === the places ===

fn page_links(text: &[u8], definition: Span) -> Vec<Span> {
    let paths: [&[&str]; 2] = [
        &["_meta", "ui", "resourceUri"],
        &["_meta", "ui/resourceUri"],
    ];
    paths
        .into_iter()
        .filter_map(|path| look::at(text, definition, path))
        .collect()
}

fn links_of_task(text: &[u8], task: Span) -> Vec<Span> {
    let mut places = Vec::new();
    if let Some(result) = look::member(text, task, "result") {
        result_links(text, result, &mut places);
    }
    places
}

fn result_links(text: &[u8], result: Span, places: &mut Vec<Span>) {
    for (key, value) in look::each(text, result) {
        match &*key {
            "contents" => {
                let contents = look::elements(text, value).into_iter();
                places.extend(contents.filter_map(|one| look::member(text, one, "uri")));
            }
            "content" => block_links(text, value, places),
            "messages" => {
                for message in look::elements(text, value) {
                    if let Some(content) = look::member(text, message, "content") {
                        block_links(text, content, places);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Of one content block, or an array of them.
fn block_links(text: &[u8], content: Span, places: &mut Vec<Span>) {
    let blocks = if look::is_object(text, content) {
        vec![content]
    } else {
        look::elements(text, content)
    };
    for block in blocks {
        let kind = look::member(text, block, "type").and_then(|kind| look::string(text, kind));
        let path: &[&str] = match kind.as_deref() {
            Some("resource_link") => &["uri"],
            Some("resource") => &["resource", "uri"],
            _ => continue,
        };
        places.extend(look::at(text, block, path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn begins_like(template: &str, uri: &str) -> bool {
        template
            .split_once('{')
            .is_some_and(|(head, _)| uri.len() > head.len() && uri.starts_with(head))
    }

    fn shared() -> Qualified {
        let uris = ["demo://a", "ui://page"].map(str::to_owned);
        let templates = vec!["t://{id}".to_owned()];
        Qualified::new(Tag::of("files"), uris.into(), templates, begins_like)
    }

    fn applied(text: &[u8], edits: &[Edit]) -> String {
        let mut edits: Vec<_> = edits
            .iter()
            .map(|(place, put)| (*place, put.as_slice()))
            .collect();
        String::from_utf8(wire::splice(text, &mut edits)).expect("text")
    }

    fn result(text: &str) -> String {
        let whole = format!(r#"{{"id":7,"result": {text} }}"#);
        let place = look::member(whole.as_bytes(), look::whole(whole.as_bytes()), "result");
        let edits = shared().in_result(whole.as_bytes(), place.expect("is there"));
        let out = applied(whole.as_bytes(), &edits);
        let inner = out.strip_prefix(r#"{"id":7,"result": "#);
        let inner = inner.and_then(|out| out.strip_suffix(" }"));
        inner.expect("the rest stays").to_owned()
    }

    #[test]
    fn shared_uris_and_what_comes_from_shared_templates_are_shown_qualified() {
        let shared = shared();
        for (own, shown) in [
            ("demo://a", Some("demo://gw-3d7db37d/a")),
            ("t://7", Some("t://gw-3d7db37d/7")),
            ("t://{id}", Some("t://gw-3d7db37d/{id}")),
            ("demo://b", None),
            ("demo://a/", None),
            ("t://", None),
        ] {
            assert_eq!(shared.shown(own).as_deref(), shown, "{own}");
        }
        assert!(!shared.is_empty());
        let none = Qualified::new(Tag::of("x"), HashSet::new(), Vec::new(), begins_like);
        assert!(none.is_empty() && none.shown("demo://a").is_none());
        // Nothing that could be shown otherwise.
        let odd = Qualified::new(
            Tag::of("x"),
            HashSet::from(["readme".to_owned()]),
            Vec::new(),
            begins_like,
        );
        assert_eq!(odd.shown("readme"), None);
    }

    #[test]
    fn each_kind_of_result_is_rewritten_where_it_names_resources_and_nowhere_else() {
        for text in [
            r#"{ "contents" : [ {"uri":"@", "text":"demo://a","_meta":{"uri":"demo://a"}}, {"uri":"demo://b"} , 7 ], "uri":"demo://a"}"#,
            r#"{"content":[{"type":"resource_link","uri":"@","name":"demo://a"},{"type":"text","text":"demo://a","uri":"demo://a"},{"type":"resource","uri":"demo://a","resource":{"uri":"@","blob":"x"}}],"structuredContent":{"content":[{"type":"resource_link","uri":"demo://a"}]}}"#,
            r#"{"messages":[{"role":"user","content":{"type":"resource","resource":{"uri":"@"}}},{"role":"user","content":[{"type":"resource_link","uri":"@"}]},{"content":"demo://a"},null]}"#,
            r#"{"taskId":"demo://a","status":"completed","result":{"content":[{"type":"resource_link","uri":"@"}]}}"#,
            r#"{"result":{"content":[{"type":"resource_link","uri":"demo://a"}]}}"#,
            r#"{"content":[{"uri":"demo://a"},{"type":"resource","resource":"demo://a"},{"type":"resource_link","uri":["demo://a"]}]}"#,
            r#"{"content":{"demo://a":1},"contents":{"uri":"demo://a"},"messages":"demo://a"}"#,
            "[]",
            "7",
        ] {
            assert_eq!(
                result(&text.replace('@', "demo://a")),
                text.replace('@', "demo://gw-3d7db37d/a"),
            );
        }
        // As a server may write it.
        assert_eq!(
            result(r#"{"content":[{"uri":"demo:\/\/\u0061","type":"resource\u005flink"}]}"#),
            r#"{"content":[{"uri":"demo://gw-3d7db37d/a","type":"resource\u005flink"}]}"#
        );
    }

    #[test]
    fn notifications_and_definitions_are_rewritten_too() {
        let updated = br#"{"method":"notifications/resources/updated","params":{"uri":"t://1","_meta":{"uri":"t://1"}}}"#;
        assert_eq!(
            applied(updated, &shared().in_notification(updated)),
            r#"{"method":"notifications/resources/updated","params":{"uri":"t://gw-3d7db37d/1","_meta":{"uri":"t://1"}}}"#
        );
        let task = br#"{"params":{"taskId":"1","result":{"content":[{"type":"resource_link","uri":"t://1"}]}}}"#;
        assert_eq!(shared().in_notification(task).len(), 1);
        assert!(shared().in_notification(br#"{"method":"x"}"#).is_empty());
        let tool = br#"{"name":"x","uri":"ui://page","_meta":{"ui":{"resourceUri":"ui://page"},"ui/resourceUri":"ui://page","x":"ui://page"}}"#;
        assert_eq!(
            applied(tool, &shared().in_definition(tool, look::whole(tool))),
            r#"{"name":"x","uri":"ui://page","_meta":{"ui":{"resourceUri":"ui://gw-3d7db37d/page"},"ui/resourceUri":"ui://gw-3d7db37d/page","x":"ui://page"}}"#
        );
        assert_eq!(pages_of(tool), ["ui://page"]);
        assert!(pages_of(br#"{"_meta":{"ui":{"resourceUri":7}}}"#).is_empty());
    }

    fn value() -> impl Strategy<Value = Value> {
        let word = prop_oneof![
            Just("demo://a"),
            Just("t://7"),
            Just("demo://b"),
            Just("resource"),
            Just("resource_link"),
        ];
        let leaf = prop_oneof![
            3 => word.prop_map(Value::from),
            1 => any::<f32>().prop_map(|n| json!(n)),
            1 => Just(Value::Null),
        ];
        let key = prop_oneof![
            Just("uri"),
            Just("type"),
            Just("resource"),
            Just("content"),
            Just("contents"),
            Just("messages"),
            Just("result"),
            Just("taskId"),
        ];
        leaf.prop_recursive(6, 48, 5, move |inner| {
            prop_oneof![
                2 => proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                5 => proptest::collection::vec((key.clone(), inner), 0..6)
                    .prop_map(|all| Value::Object(all.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())),
            ]
        })
    }

    /// The same rule over a parsed value.
    fn rewritten(result: &mut Value) {
        fn uri(place: Option<&mut Value>) {
            if let Some(Value::String(text)) = place
                && let Some(shown) = shared().shown(text)
            {
                *text = shown;
            }
        }
        fn blocks(content: &mut Value) {
            match content {
                Value::Array(all) => all
                    .iter_mut()
                    .filter(|one| one.is_object())
                    .for_each(blocks),
                block => match block.get("type").and_then(Value::as_str) {
                    Some("resource_link") => uri(block.get_mut("uri")),
                    Some("resource") => uri(block.pointer_mut("/resource/uri")),
                    _ => {}
                },
            }
        }
        fn list<'a>(result: &'a mut Value, key: &str) -> impl Iterator<Item = &'a mut Value> {
            result
                .get_mut(key)
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
        }
        list(result, "contents").for_each(|one| uri(one.get_mut("uri")));
        list(result, "messages")
            .filter_map(|one| one.get_mut("content"))
            .for_each(blocks);
        result.get_mut("content").into_iter().for_each(blocks);
    }

    proptest! {
        #[test]
        fn it_is_what_a_parser_would_do(value in value(), spread in any::<bool>()) {
            let text = if spread { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.expect("JSON");
            let mut wanted = value;
            rewritten(&mut wanted);
            if wanted.get("taskId").is_some() {
                wanted.get_mut("result").into_iter().for_each(rewritten);
            }
            let found: Value = serde_json::from_str(&result(&text)).expect("still JSON");
            prop_assert_eq!(found, wanted);
        }
    }
}
