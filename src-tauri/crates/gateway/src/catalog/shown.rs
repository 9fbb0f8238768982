//! What the endpoint of all servers calls one server's resources and tasks, where that is not what
//! the server itself calls them. Pure.

use std::collections::HashSet;

use bytes::Bytes;
use eras::{Ended, Facts, Qualified, Tag};
use wire::{Edit, Era, Span, quote, string_text};

use crate::uri_template::fits;

/// See the module.
#[derive(Debug)]
pub(crate) struct Shown {
    tag: Tag,
    links: Qualified,
}

// === impl Shown ===

impl Shown {
    /// Of the server with this tag; `uris` and `templates` are those that another server has.
    pub(super) fn new(tag: Tag, uris: HashSet<String>, templates: Vec<String>) -> Self {
        Self {
            tag,
            links: Qualified::new(tag, uris, templates, fits),
        }
    }

    /// Whether any of its URIs go by another form.
    pub(super) fn qualifies(&self) -> bool {
        !self.links.is_empty()
    }

    /// A URI or template as the list has it; `None` where that is its own.
    pub(super) fn uri(&self, own: &str) -> Option<String> {
        self.links.shown(own)
    }

    /// A tool's definition with the pages it names.
    pub(super) fn definition(&self, text: Bytes) -> Bytes {
        let edits = self.links.in_definition(&text, whole(&text));
        written(text, &edits)
    }

    /// A notification about its resources or tasks.
    pub(crate) fn notification(&self, text: Bytes) -> Bytes {
        let mut edits = self.links.in_notification(&text);
        edits.extend(self.task_in(&text, member(&text, whole(&text), "params")));
        written(text, &edits)
    }

    /// What is to be changed in an answer, which is to a request with this method.
    pub(crate) fn in_answer(
        &self,
        answer: &eras::Answer<'_>,
        method: &str,
        facts: &Facts<'_>,
    ) -> Vec<Edit> {
        if answer.failed {
            return Vec::new();
        }
        let mut edits = self.links.in_result(answer.text, answer.body);
        // A legacy server's tasks are others, and pass at its own endpoint alone.
        let is_modern = (facts.server, facts.client) == (Era::Modern, Era::Modern);
        if is_modern
            && (matches!(eras::ended(answer, facts), Ended::Task { .. })
                || method.starts_with("tasks/"))
        {
            edits.extend(self.task_in(answer.text, Some(answer.body)));
        }
        edits
    }

    fn task_in(&self, text: &[u8], object: Option<Span>) -> Option<Edit> {
        let place = member(text, object?, "taskId")?;
        let own = string_text(place.of(text))?;
        Some((place, quote(&self.tag.put_on(&own)).into_bytes()))
    }
}

fn whole(text: &[u8]) -> Span {
    Span {
        start: 0,
        end: text.len(),
    }
}

fn member(text: &[u8], object: Span, name: &str) -> Option<Span> {
    let members = object.of(text);
    let found = wire::members(members).find(|one| one.key.of(members) == name.as_bytes());
    found.map(|one| one.value.shifted(object.start))
}

fn written(text: Bytes, edits: &[Edit]) -> Bytes {
    if edits.is_empty() {
        return text;
    }
    let edits = edits.iter().map(|(place, put)| (*place, put.as_slice()));
    wire::splice(&text, &mut edits.collect::<Vec<_>>()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown() -> Shown {
        Shown::new(Tag::of("files"), ["a://x".to_owned()].into(), Vec::new())
    }

    fn answered(text: &str, method: &str, server: Era) -> String {
        let envelope = wire::parse(text.as_bytes(), 64).expect("a message");
        let answer = eras::Answer::of(text.as_bytes(), &envelope).expect("a response");
        let facts = Facts {
            server,
            client: Era::Modern,
            cacheable: false,
            server_info: None,
        };
        let edits = shown().in_answer(&answer, method, &facts);
        let text = written(Bytes::copy_from_slice(text.as_bytes()), &edits);
        String::from_utf8_lossy(&text).into_owned()
    }

    #[test]
    fn tasks_are_told_apart_by_their_server_and_nothing_else_that_looks_like_one() {
        let started =
            r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"task","taskId":"t.1","x":1.0}}"#;
        let tagged = started.replace(r#""t.1""#, r#""3d7db37d.t.1""#);
        assert_eq!(answered(started, "tools/call", Era::Modern), tagged);
        assert_eq!(answered(started, "tools/call", Era::Legacy), started);
        let polled = started.replace(r#""task""#, r#""complete""#);
        let tagged = polled.replace(r#""t.1""#, r#""3d7db37d.t.1""#);
        assert_eq!(answered(&polled, "tasks/get", Era::Modern), tagged);
        assert_eq!(answered(&polled, "tools/call", Era::Modern), polled);
    }

    #[test]
    fn links_are_qualified_in_results_and_in_news() {
        let read =
            r#"{"jsonrpc":"2.0","id":1,"result":{"contents":[{"uri":"a://x"},{"uri":"a://y"}]}}"#;
        let wanted = read.replace("a://x", "a://gw-3d7db37d/x");
        assert_eq!(answered(read, "resources/read", Era::Legacy), wanted);
        let failed = r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"","contents":[{"uri":"a://x"}]}}"#;
        assert_eq!(answered(failed, "resources/read", Era::Legacy), failed);
        let news = r#"{"jsonrpc":"2.0","method":"notifications/tasks","params":{"taskId":"t","result":{"contents":[{"uri":"a://x"}]}}}"#;
        let wanted = news
            .replace("a://x", "a://gw-3d7db37d/x")
            .replace(r#""t""#, r#""3d7db37d.t""#);
        assert_eq!(
            shown().notification(news.to_owned().into()),
            wanted.as_bytes()
        );
    }
}
