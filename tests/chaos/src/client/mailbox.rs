//! Where the answers of a client arrive whose transport brings them all on one way.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::oneshot;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    awaited: HashMap<String, oneshot::Sender<Value>>,
    strays: Vec<String>,
    is_cut: bool,
}

impl Mailbox {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer to the request with this id; an error where the way has broken or breaks.
    pub(super) fn expect(&self, id: &Value) -> oneshot::Receiver<Value> {
        let (give, answer) = oneshot::channel();
        let mut inner = self.inner();
        if !inner.is_cut {
            inner.awaited.insert(id.to_string(), give);
        }
        answer
    }

    /// Takes a message; one that is no answer is passed over.
    pub(super) fn deliver(&self, text: &[u8]) {
        let mut inner = self.inner();
        let Ok(message) = serde_json::from_slice::<Value>(text) else {
            let text = String::from_utf8_lossy(text);
            inner.strays.push(format!("what is no JSON: {text}"));
            return;
        };
        if message.get("method").is_some() {
            return;
        }
        match inner.awaited.remove(&message["id"].to_string()) {
            // Who has stopped waiting has said so in the diary.
            Some(awaited) => drop(awaited.send(message)),
            None => inner.strays.push(message.to_string()),
        }
    }

    /// The way has broken: nothing more will come.
    pub(super) fn cut(&self) {
        let mut inner = self.inner();
        inner.is_cut = true;
        inner.awaited.clear();
    }

    pub(super) fn is_cut(&self) -> bool {
        self.inner().is_cut
    }

    /// Answers that nobody waited for.
    pub(super) fn strays(&self) -> Vec<String> {
        std::mem::take(&mut self.inner().strays)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[tokio::test]
    async fn a_second_answer_and_one_that_nobody_asked_for_are_kept() {
        let mailbox = Mailbox::default();
        let answer = mailbox.expect(&json!("a"));
        for text in [
            r#"{"method":"notifications/message"}"#,
            r#"{"id":"a","result":1}"#,
            r#"{"id":"a","result":2}"#,
            r#"{"id":"b","result":3}"#,
        ] {
            mailbox.deliver(text.as_bytes());
        }
        assert_eq!(
            answer.await.map(|answer| answer["result"].clone()),
            Ok(json!(1))
        );
        assert_eq!(mailbox.strays().len(), 2);
    }

    #[tokio::test]
    async fn who_waits_learns_that_nothing_will_come() {
        let mailbox = Mailbox::default();
        let before = mailbox.expect(&json!(1));
        mailbox.cut();
        assert!(before.await.is_err());
        assert!(mailbox.expect(&json!(2)).await.is_err());
    }
}
