//! What a request can come to: a result or a JSON-RPC error.

use serde_json::{Value, json};

/// A JSON-RPC error (JSON-RPC 2.0, section 5.1).
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: i64,
    pub(super) message: String,
}

pub(super) type Answer = Result<Value, Refusal>;

impl Refusal {
    pub(super) fn unparsable() -> Self {
        Self {
            code: -32700,
            message: "not JSON / 不是 JSON".to_owned(),
        }
    }

    pub(super) fn not_a_message() -> Self {
        Self {
            code: -32600,
            message: "not a JSON-RPC message / 不是 JSON-RPC 消息".to_owned(),
        }
    }

    pub(super) fn unknown_method(method: &str) -> Self {
        Self {
            code: -32601,
            message: format!("unknown method / 未知方法：{method}"),
        }
    }

    pub(super) fn bad_params(message: impl Into<String>) -> Self {
        Self {
            code: -32602,
            message: message.into(),
        }
    }
}

/// The response to the request `id`.
pub(super) fn response(id: &Value, answer: Answer) -> Value {
    match answer {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(refusal) => {
            json!({ "jsonrpc": "2.0", "id": id, "error": { "code": refusal.code, "message": refusal.message } })
        }
    }
}

/// A tool's text.
pub(super) fn text(text: impl Into<String>) -> Value {
    json!({ "content": [{ "type": "text", "text": text.into() }] })
}

/// A tool's own failure, which the model reads and can mend (2025-11-25, server/tools, "Error Handling").
pub(super) fn failed(why: impl Into<String>) -> Value {
    json!({ "content": [{ "type": "text", "text": why.into() }], "isError": true })
}
