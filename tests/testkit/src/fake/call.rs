//! One request while it is performed, and the ways out for raw messages.

use tokio::sync::mpsc;

/// Where raw messages go.
pub(super) type Outbox = mpsc::UnboundedSender<String>;

/// The two ways out: with the call that caused it, and outside of any call.
/// Over stdio they are the same.
#[derive(Clone)]
pub(super) struct Ways {
    pub(super) call: Outbox,
    pub(super) push: Outbox,
    /// Whether all calls have one way out in common.
    pub(super) is_shared: bool,
    /// The version that the message's headers name.
    pub(super) version: Option<String>,
}

impl Ways {
    /// One way for everything.
    pub(super) fn shared(way: &Outbox) -> Self {
        Self {
            call: way.clone(),
            push: way.clone(),
            is_shared: true,
            version: None,
        }
    }

    pub(super) fn apart(call: Outbox, push: Outbox, version: Option<String>) -> Self {
        Self {
            call,
            push,
            is_shared: false,
            version,
        }
    }
}

/// One request or notification while its steps run.
pub(super) struct Call {
    /// Raw; absent for a notification.
    pub(super) id: Option<String>,
    pub(super) method: String,
    pub(super) params: String,
    pub(super) ways: Ways,
    pub(super) is_modern: bool,
    pub(super) asked: String,
    pub(super) answer: String,
    /// How many rounds of questions the client has answered and the steps have not yet come by.
    pub(super) rounds_behind: usize,
    /// Raw answers to questions.
    pub(super) responses: Option<String>,
    /// The raw state that came with them.
    pub(super) state: Option<String>,
    /// Whether the steps that are left are for another call.
    pub(super) is_over: bool,
}

impl Call {
    pub(super) fn new(
        id: Option<String>,
        method: String,
        params: String,
        ways: Ways,
        is_modern: bool,
    ) -> Self {
        Self {
            id,
            method,
            params,
            ways,
            is_modern,
            asked: "null".to_owned(),
            answer: String::new(),
            rounds_behind: 0,
            responses: None,
            state: None,
            is_over: false,
        }
    }

    /// Answers with exactly this result.
    pub(super) fn result(&mut self, result: &str) {
        self.finish(&format!(r#""result":{result}"#));
    }

    pub(super) fn error(&mut self, error: &str) {
        self.finish(&format!(r#""error":{error}"#));
    }

    fn finish(&mut self, outcome: &str) {
        if let Some(id) = &self.id {
            self.answer = format!(r#"{{"jsonrpc":"2.0","id":{id},{outcome}}}"#);
            send(&self.ways.call, self.answer.clone());
        }
    }
}

pub(super) fn send(outbox: &Outbox, raw: String) {
    // Nobody is left to read once the transport is gone.
    outbox.send(raw).ok();
}
