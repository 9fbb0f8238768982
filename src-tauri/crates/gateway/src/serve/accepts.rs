//! In which form a client takes an answer.

use std::convert::Infallible;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use wire::{encode_sse, error_code};

use super::respond::{self, Refusal};

/// What a client's Accept header allows. Tolerant: a client that names nothing takes anything.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accepts {
    pub(super) json: bool,
    pub(super) stream: bool,
}

impl Accepts {
    /// Reads the head of a POST, which has to announce JSON.
    ///
    /// # Errors
    /// The response that says what is wrong with it.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Refusal> {
        let content = headers.get(header::CONTENT_TYPE);
        if !content.is_some_and(|content| is_json(content.as_bytes())) {
            let message = "send the message as Content-Type: application/json";
            return Err(respond::refuse(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                error_code::INVALID_REQUEST,
                message,
            ));
        }
        let Some(accept) = headers.get(header::ACCEPT) else {
            return Ok(Self {
                json: true,
                stream: true,
            });
        };
        let accepts = Self {
            json: accepts_type(accept.as_bytes(), b"application/json"),
            stream: accepts_type(accept.as_bytes(), b"text/event-stream"),
        };
        if accepts.json || accepts.stream {
            return Ok(accepts);
        }
        let message = "the answer is application/json or text/event-stream; send Accept: application/json, text/event-stream";
        Err(respond::refuse(
            StatusCode::NOT_ACCEPTABLE,
            error_code::INVALID_REQUEST,
            message,
        ))
    }

    /// A response of one message.
    pub(super) fn one(self, answer: Bytes) -> Response {
        if self.json {
            return respond::raw_json(StatusCode::OK, answer);
        }
        let event = Bytes::from(encode_sse(None, &answer));
        respond::event_stream(futures_util::stream::iter([Ok::<_, Infallible>(event)]))
    }
}

fn is_json(content: &[u8]) -> bool {
    const JSON: &[u8] = b"application/json";
    let content = content.trim_ascii_start();
    content
        .get(..JSON.len())
        .is_some_and(|kind| kind.eq_ignore_ascii_case(JSON))
}

/// Whether an `Accept` header allows a type. Bytes, because every request comes here, and searching for a `char` costs several times as much.
pub(super) fn accepts_type(accept: &[u8], wanted: &[u8]) -> bool {
    accept.split(|byte| *byte == b',').any(|range| {
        let end = range.iter().position(|byte| *byte == b';');
        let name = range[..end.unwrap_or(range.len())].trim_ascii();
        name.eq_ignore_ascii_case(wanted)
            || name == b"*/*"
            || name
                .strip_suffix(b"/*")
                .is_some_and(|family| wanted.starts_with(family))
    })
}
