//! One call of one client, and how it ended for that client.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::Kind;
use crate::town::Deed;

/// A call that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// Unlike any other's; client, gateway and fake server all write it down.
    pub(crate) token: String,
    pub(crate) deed: Deed,
    /// How long a tool that can be told so takes.
    pub(crate) ms: u64,
    /// How long the client rests before it.
    pub(crate) rest: Duration,
}

/// How it ended for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// With a result; whose token it holds.
    Answer(Option<String>),
    /// With an error.
    Error(i32, String),
    /// With an HTTP status that is none of a call.
    Status(u16, String),
    /// As it should after a cancellation: with nothing at all.
    Silence,
    /// The client hung up.
    Left,
    /// The connection broke.
    Cut(String),
    /// Not within any time that a client would wait.
    Lost,
}

/// A call with its end.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) call: Call,
    pub(crate) kind: Kind,
    /// Both since the beginning of the run.
    pub(crate) sent: Duration,
    pub(crate) ended: Duration,
    pub(crate) end: End,
}

// === impl Call ===

impl Call {
    /// The JSON-RPC id that it is sent under.
    pub(crate) fn id(&self) -> Value {
        json!(self.token)
    }

    /// The round that it belongs to.
    pub(crate) fn round(&self) -> &str {
        let parts = self.token.split_once('.');
        parts.map_or(&self.token, |(round, _)| round)
    }

    /// The client that makes it, unlike any of another round.
    pub(crate) fn client(&self) -> &str {
        let parts = self.token.rsplit_once('.');
        parts.map_or(&self.token, |(client, _)| client)
    }

    /// The name that clients know its tool by.
    pub(crate) fn tool(&self) -> String {
        format!("{}_{}", self.deed.server, self.deed.tool)
    }

    /// `params` of `tools/call`.
    pub(crate) fn params(&self) -> Value {
        json!({"name": self.tool(), "arguments": {"token": self.token, "ms": self.ms}})
    }

    /// The whole request.
    pub(crate) fn request(&self) -> Value {
        json!({"jsonrpc": "2.0", "id": self.id(), "method": "tools/call", "params": self.params()})
    }
}

// === impl Record ===

impl Record {
    /// How long its client waited.
    pub(crate) fn took(&self) -> Duration {
        self.ended.saturating_sub(self.sent)
    }
}

// === impl End ===

impl End {
    /// What a JSON-RPC response, or what REST makes of one, says.
    pub(crate) fn of(response: &Value) -> Self {
        match response.get("error") {
            Some(error) => {
                let code = error["code"].as_i64().unwrap_or_default();
                Self::Error(
                    i32::try_from(code).unwrap_or_default(),
                    error["message"].as_str().unwrap_or_default().to_owned(),
                )
            }
            None => {
                let token = &response["result"]["structuredContent"]["arguments"]["token"];
                Self::Answer(token.as_str().map(str::to_owned))
            }
        }
    }
}
