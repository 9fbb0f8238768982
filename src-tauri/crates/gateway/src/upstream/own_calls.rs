//! Requests of the gateway's own to a server, each with a deadline.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use eras::Filter;
use wire::{Era, MODERN, meta};

use super::Connection;
use super::pending::{Call, CallId};
use super::slot::{Answer, Lost, Slot};
use crate::dispatch::modern::TASKS;
use crate::words::Words;

/// What each of them says of the gateway at a modern server: it can be asked nothing, as there is
/// no client behind it.
static CLAIM: LazyLock<String> = LazyLock::new(|| claim("{}"));

/// The same where it wants to be told of tasks.
static CLAIM_TASKS: LazyLock<String> =
    LazyLock::new(|| claim(&format!(r#"{{"extensions":{{"{TASKS}":{{}}}}}}"#)));

fn claim(capabilities: &str) -> String {
    format!(
        r#""_meta":{{"{}":"{MODERN}","{}":{capabilities},"{}":{{"name":"mcp-gateway","title":"MCP Gateway","version":"{}"}}}}"#,
        meta::VERSION,
        meta::CLIENT_CAPABILITIES,
        meta::CLIENT_INFO,
        env!("CARGO_PKG_VERSION")
    )
}

/// Why one of the gateway's own requests failed.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum OwnCallError {
    #[error("no answer to {method} within {} s", .after.as_secs_f32())]
    Timeout {
        method: &'static str,
        after: Duration,
    },
    #[error("{method} was refused: {error}")]
    Refused { method: &'static str, error: String },
    #[error("{}", .0.en)]
    Lost(Words),
    /// As [`Self::Lost`], with what to do about it: nothing else helps.
    #[error("{}", .0.en)]
    Wrong(Words),
}

/// Why there is no answer.
#[derive(Debug, Clone)]
pub(super) enum NoAnswer {
    /// Nobody waits any longer.
    InTime,
    Lost(Lost),
}

impl Connection {
    /// One of the gateway's own requests, whose refusal is an error.
    ///
    /// # Errors
    /// See [`OwnCallError`].
    pub(crate) async fn ask(
        self: &Arc<Self>,
        method: &'static str,
        params: &str,
        patience: Duration,
    ) -> Result<Answer, OwnCallError> {
        let answer = self.ask_any(method, params, patience).await?;
        if answer.failed {
            return Err(refused(method, &answer));
        }
        Ok(answer)
    }

    /// One of the gateway's own requests; its answer may be an error.
    /// `params` is a raw JSON object or empty.
    ///
    /// # Errors
    /// Where no answer came.
    pub(crate) async fn ask_any(
        self: &Arc<Self>,
        method: &'static str,
        params: &str,
        patience: Duration,
    ) -> Result<Answer, OwnCallError> {
        let params = written(params, self.era());
        let asked = self.ask_until(method, &params, tokio::time::sleep(patience));
        asked.await.map_err(|none| none.of(method, patience))
    }

    /// Opens a subscription: what the server says of it, its end included, comes by the slot.
    ///
    /// # Errors
    /// Where the connection is closed.
    pub(crate) fn listen(self: &Arc<Self>, filter: &Filter) -> Result<(CallId, Arc<Slot>), Lost> {
        let slot = Slot::with_room(self.inbox.limits.waiting_bytes);
        let id = self
            .pending
            .register_lasting(own_call(&slot))
            .map_err(|unsent| unsent.1)?;
        let claim = if filter.tasks.is_empty() {
            &CLAIM
        } else {
            &CLAIM_TASKS
        };
        let params = format!(r#"{{{},"notifications":{}}}"#, **claim, filter.written());
        let message = wire::request(&id.to_string(), "subscriptions/listen", &params);
        self.send(message, Some(id));
        Ok((id, slot))
    }

    /// Ends a subscription.
    pub(crate) fn stop_listening(self: &Arc<Self>, id: CallId) {
        self.cancel(id, "something else is asked for");
        self.pending.lose(id, Lost::Cancelled);
    }

    /// Asks with params that are complete, until patience ends.
    pub(super) async fn ask_until(
        self: &Arc<Self>,
        method: &'static str,
        params: &str,
        patience: impl Future<Output = ()>,
    ) -> Result<Answer, NoAnswer> {
        let slot = Slot::new();
        slot.deafen();
        let id = self
            .start(own_call(&slot), |id| wire::request(id, method, params))
            .map_err(|unsent| NoAnswer::Lost(unsent.1))?;
        tokio::select! {
            biased;
            answer = slot.answer() => answer.map_err(NoAnswer::Lost),
            () = patience => {
                self.pending.lose(id, Lost::TimedOut);
                // `initialize` must not be cancelled (MCP, "Utilities / Cancellation").
                if method != "initialize" {
                    self.cancel(id, "no answer in time");
                }
                Err(NoAnswer::InTime)
            }
        }
    }
}

fn own_call(slot: &Arc<Slot>) -> Call {
    Call {
        slot: Arc::clone(slot),
        progress_token: None,
        client: None,
        lease: None,
    }
}

impl NoAnswer {
    pub(super) fn of(self, method: &'static str, after: Duration) -> OwnCallError {
        match self {
            Self::InTime => OwnCallError::Timeout { method, after },
            Self::Lost(lost) => OwnCallError::Lost(lost.words()),
        }
    }
}

/// The error that an answer is.
pub(super) fn refused(method: &'static str, answer: &Answer) -> OwnCallError {
    let error = String::from_utf8_lossy(answer.body.of(&answer.text)).into_owned();
    OwnCallError::Refused { method, error }
}

/// Params for a server of this era: at a modern one every request says what it is.
pub(super) fn written(params: &str, era: Era) -> String {
    match (era, params.strip_prefix('{')) {
        (Era::Legacy, _) => params.to_owned(),
        (Era::Modern, Some(rest)) if rest.trim_start() != "}" => {
            format!("{{{},{rest}", *CLAIM)
        }
        (Era::Modern, _) => format!("{{{}}}", *CLAIM),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_describe_themselves_at_modern_servers_alone() {
        assert_eq!(written("", Era::Legacy), "");
        assert_eq!(written(r#"{"a":1}"#, Era::Legacy), r#"{"a":1}"#);
        for params in ["", "{}", "{ }", r#"{"cursor":"x"}"#] {
            let text = wire::request("1", "tools/list", &written(params, Era::Modern));
            let envelope = wire::parse(&text, 10).expect("a message");
            assert_eq!(
                wire::era_of(&text, &envelope, None),
                Era::Modern,
                "{params}"
            );
            let claim = wire::Claim::read(&text, &envelope.params);
            assert_eq!(
                claim.capabilities.map(|span| span.of(&text)),
                Some(&b"{}"[..])
            );
            assert!(claim.client_info.is_some());
            let kept = params.trim_matches(['{', '}', ' ']);
            assert!(String::from_utf8_lossy(&text).contains(kept));
        }
    }
}
