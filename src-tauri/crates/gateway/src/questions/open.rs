//! The questions that a session's client has not answered yet, under ids of the gateway's own.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::sync::oneshot;
use wire::{Span, splice};

use crate::sync::Locked;
use crate::upstream::Connection;

/// So many questions to one session may be open at once.
const MOST: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct OpenQuestions {
    last: AtomicU64,
    open: Mutex<HashMap<u64, OpenQuestion>>,
}

#[derive(Debug)]
struct OpenQuestion {
    reply: oneshot::Sender<(Bytes, Span)>,
    /// The legacy server that asks; `None` where it is a modern one, which waits for nothing.
    asker: Option<Asker>,
}

/// A request of a legacy server.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(super) connection: Arc<Connection>,
    /// The id under which it asked, as written.
    pub(super) asked_as: Bytes,
    /// The progress token that it chose, as written.
    pub(super) progress_token: Option<Bytes>,
}

// === impl OpenQuestions ===

impl OpenQuestions {
    /// Takes a client's response; false where no question has this id.
    pub(crate) fn answer(&self, text: Bytes, id: Span) -> bool {
        let Some(question) =
            number(id.of(&text)).and_then(|number| self.open.locked().remove(&number))
        else {
            return false;
        };
        question.reply.send((text, id)).is_ok()
    }

    /// Takes a client's progress report on a question and passes it on under
    /// the server's own token; false where no question has this one.
    pub(crate) fn progress(&self, text: &[u8], token: Span) -> bool {
        let Some(number) = number(token.of(text)) else {
            return false;
        };
        let open = self.open.locked();
        let Some(asker) = open.get(&number).and_then(|one| one.asker.as_ref()) else {
            return false;
        };
        let (Some(own), connection) = (asker.progress_token.clone(), Arc::clone(&asker.connection))
        else {
            return false;
        };
        drop(open);
        connection.send(splice(text, &mut [(token, &own[..])]), None);
        true
    }

    /// Whether none is open.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.locked().is_empty()
    }

    /// Opens a question: its number, and where the client's response comes out; `None` where too
    /// many are open.
    pub(crate) fn open(
        &self,
        asker: Option<Asker>,
    ) -> Option<(u64, oneshot::Receiver<(Bytes, Span)>)> {
        let mut open = self.open.locked();
        if open.len() >= MOST {
            tracing::debug!("a question is refused: too many to its session are open");
            return None;
        }
        let (reply, answered) = oneshot::channel();
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        open.insert(number, OpenQuestion { reply, asker });
        Some((number, answered))
    }

    /// Takes no answer any more; false where there was one, or this happened before.
    pub(crate) fn close(&self, number: u64) -> bool {
        self.open.locked().remove(&number).is_some()
    }

    /// The question that a server has asked under this id.
    pub(super) fn find(&self, connection: &Arc<Connection>, asked_as: &[u8]) -> Option<u64> {
        let open = self.open.locked();
        let found = open.iter().find(|(_, one)| {
            one.asker
                .as_ref()
                .is_some_and(|asker| asker.asked(connection, asked_as))
        });
        found.map(|(number, _)| *number)
    }
}

impl Asker {
    fn asked(&self, connection: &Arc<Connection>, asked_as: &[u8]) -> bool {
        Arc::ptr_eq(&self.connection, connection) && self.asked_as == asked_as
    }
}

/// The ids that clients see: text, so that no client mistakes one for its own.
pub(crate) fn written(number: u64) -> String {
    format!("\"gateway-{number}\"")
}

fn number(raw: &[u8]) -> Option<u64> {
    std::str::from_utf8(raw)
        .ok()?
        .strip_prefix("\"gateway-")?
        .strip_suffix('"')?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_open_at_once_and_one_that_is_over_makes_room() {
        let questions = OpenQuestions::default();
        let open: Vec<_> = std::iter::from_fn(|| questions.open(None))
            .take(MOST + 1)
            .collect();
        assert_eq!(open.len(), MOST);
        questions.close(open[0].0);
        assert!(questions.open(None).is_some());
        assert!(questions.open(None).is_none());
    }
}
