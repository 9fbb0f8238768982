//! JSON-RPC messages, and the ways in which a request can end.

use serde_json::{Value, json};
use tokio::sync::mpsc;

/// Where messages for the other side go.
pub(super) type Outbox = mpsc::UnboundedSender<Value>;

/// JSON-RPC: what was sent is no message.
pub(super) const INVALID_REQUEST: i64 = -32600;
/// JSON-RPC: nobody knows this method.
pub(super) const METHOD_NOT_FOUND: i64 = -32601;
/// JSON-RPC: the parameters are wrong.
pub(super) const INVALID_PARAMS: i64 = -32602;
/// JSON-RPC: the server failed.
pub(super) const INTERNAL: i64 = -32603;
/// 2026-07-28: a header that is missing or differs from the body.
pub(super) const HEADER_MISMATCH: i64 = -32020;
/// 2026-07-28: the client did not declare what this needs.
pub(super) const MISSING_CAPABILITY: i64 = -32021;
/// 2026-07-28: a version that is not spoken here.
pub(super) const UNSUPPORTED_VERSION: i64 = -32022;
/// 2025-11-25: no such resource.
pub(super) const RESOURCE_NOT_FOUND: i64 = -32002;

/// A JSON-RPC error.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) code: i64,
    pub(super) message: String,
    pub(super) data: Option<Value>,
}

/// Why a request has no result of its own.
#[derive(Debug)]
pub(super) enum Stop {
    Fault(Fault),
    /// Input is required: the members of an `InputRequiredResult`.
    Input(Value),
    /// It goes on as a task: the members of a `CreateTaskResult`.
    Task(Value),
}

/// How a request ended.
pub(super) type Outcome = Result<Value, Stop>;

// === impl Fault ===

impl Fault {
    pub(super) fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    pub(super) fn with(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(INVALID_PARAMS, message)
    }

    pub(super) fn unknown_method(method: &str) -> Self {
        Self::new(METHOD_NOT_FOUND, format!("there is no method {method}"))
    }

    /// The client would have had to declare these capabilities.
    pub(super) fn needs(capabilities: Value) -> Self {
        Self::new(
            MISSING_CAPABILITY,
            "the client did not declare what this needs",
        )
        .with(json!({ "requiredCapabilities": capabilities }))
    }

    /// The `error` member.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({ "code": self.code, "message": self.message });
        if let Some(data) = &self.data {
            body["data"] = data.clone();
        }
        body
    }

    /// The whole message.
    pub(super) fn answer(&self, id: &Value) -> Value {
        json!({ "jsonrpc": "2.0", "id": id, "error": self.body() })
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// An answer with a result.
pub(super) fn answer(id: &Value, result: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

/// A notification.
pub(super) fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

/// Whether a message wants an answer.
pub(super) fn is_request(message: &Value) -> bool {
    message["method"].is_string() && !message["id"].is_null()
}

/// Whether a message answers one of our own requests.
pub(super) fn is_answer(message: &Value) -> bool {
    message["method"].is_null() && !message["id"].is_null()
}

/// The result of a tool that says something.
pub(super) fn text(text: impl Into<String>) -> Value {
    json!({ "content": [{ "type": "text", "text": text.into() }] })
}

/// The result of a tool that failed.
pub(super) fn failure(why: impl Into<String>) -> Value {
    let mut result = text(why);
    result["isError"] = Value::Bool(true);
    result
}
