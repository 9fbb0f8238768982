//! Responses: the one place that turns outcomes into HTTP.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http_body_util::BodyExt;

use wire::{EnvelopeError, FaultKind, error_code};

use crate::core::Core;

/// Streams carry a comment this often, so that nothing between takes them for dead.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// A comment (WHATWG HTML, section 9.2.6).
pub(crate) const COMMENT: Bytes = Bytes::from_static(b": keep-alive\n\n");
/// A body must have arrived within this time.
const BODY_DEADLINE: Duration = Duration::from_secs(120);

/// As much of a body that is too large is read beyond the limit.
const THROWN_AWAY: usize = 256 * 1024 * 1024;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A response that ends a handler early. Boxed: handlers return it through many hands.
#[derive(Debug)]
pub(crate) struct Refusal(Box<Response>);

impl From<Response> for Refusal {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        *self.0
    }
}

impl Refusal {
    /// Its HTTP status.
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status()
    }
}

/// A JSON text that is already written.
pub(crate) fn raw_json(status: StatusCode, text: impl Into<Body>) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// A JSON document.
pub(crate) fn json(status: StatusCode, document: &impl serde::Serialize) -> Response {
    match serde_json::to_vec(document) {
        Ok(text) => raw_json(status, text),
        Err(error) => rpc_error(
            StatusCode::INTERNAL_SERVER_ERROR,
            error_code::INTERNAL_ERROR,
            &error.to_string(),
        ),
    }
}

/// A JSON-RPC error that answers no request in particular.
pub(crate) fn rpc_error(status: StatusCode, code: i32, message: &str) -> Response {
    raw_json(status, wire::error_response(b"null", code, message, None))
}

/// The same, ending a handler early.
pub(crate) fn refuse(status: StatusCode, code: i32, message: &str) -> Refusal {
    rpc_error(status, code, message).into()
}

/// What whoever wants one more stream is told where there are too many; `None` where there
/// are not. `id` is that of the request, as written.
pub(crate) fn too_many_streams(core: &Core, id: &[u8]) -> Option<Response> {
    let most = core.live().config.limits.streams;
    if core.streams.len() < most {
        return None;
    }
    let message = format!(
        "{most} event streams are open, which is as many as there may be; close some, or raise limits.streams"
    );
    tracing::warn!("a stream was refused: {most} are open (limits.streams)");
    Some(raw_json(
        StatusCode::SERVICE_UNAVAILABLE,
        wire::error_response(id, error_code::INTERNAL_ERROR, &message, None),
    ))
}

/// Nothing to say but that it was taken.
pub(crate) fn accepted() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

/// A stream of server-sent events, each item being one or more written out.
pub(crate) fn event_stream(
    stream: impl Stream<Item = Result<Bytes, std::convert::Infallible>> + Send + 'static,
) -> Response {
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-transform"),
    );
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Whether a response is a stream of server-sent events.
pub(crate) fn is_event_stream(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "text/event-stream")
}

/// Marks a response that tells what happens and carries no call: nothing is lost where
/// its end does not reach whoever reads it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listening;

/// A stream of server-sent events that is [`Listening`].
pub(crate) fn listening(
    stream: impl Stream<Item = Result<Bytes, std::convert::Infallible>> + Send + 'static,
) -> Response {
    let mut response = event_stream(stream);
    response.extensions_mut().insert(Listening);
    response
}

/// The whole body of a request.
///
/// # Errors
/// The response that says what is wrong with it.
pub(crate) async fn read_body(body: Body, limit: usize) -> Result<Bytes, Refusal> {
    match tokio::time::timeout(BODY_DEADLINE, collect(body, limit)).await {
        Ok(Ok(Collected::Whole(text))) => Ok(text),
        Ok(Ok(Collected::TooLarge { is_read })) => {
            let refusal = rpc_error(
                StatusCode::PAYLOAD_TOO_LARGE,
                error_code::INVALID_REQUEST,
                &format!(
                    "the message is larger than {limit} bytes; raise limits.messageBytes if it must be"
                ),
            );
            Err(if is_read { refusal } else { last(refusal) }.into())
        }
        Ok(Err(error)) => Err(refuse(
            StatusCode::BAD_REQUEST,
            error_code::PARSE_ERROR,
            &format!("the body could not be read: {error}"),
        )),
        Err(_) => Err(last(rpc_error(
            StatusCode::REQUEST_TIMEOUT,
            error_code::INVALID_REQUEST,
            &format!(
                "the body did not arrive within {} s",
                BODY_DEADLINE.as_secs()
            ),
        ))
        .into()),
    }
}

/// Says that the connection ends with this answer, because something of the request was not
/// read (RFC 9112, section 9.6).
pub(crate) fn last(mut answer: Response) -> Response {
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(header::CONNECTION, close);
    answer
}

/// What came of reading a body.
enum Collected {
    Whole(Bytes),
    /// More than the limit; whether all of it was read.
    TooLarge {
        is_read: bool,
    },
}

/// The bytes of a body. The rest of one that is too large is read and thrown away, within
/// reason: a client that is still writing when the answer comes never sees it.
async fn collect(mut body: Body, limit: usize) -> Result<Collected, axum::Error> {
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    let mut seen = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        seen = seen.saturating_add(data.len());
        if seen > limit {
            whole = BytesMut::new();
            if seen > limit.saturating_add(THROWN_AWAY) {
                return Ok(Collected::TooLarge { is_read: false });
            }
        } else if seen == data.len() {
            // Nearly every message comes in one piece, which need not be copied.
            first = data;
        } else {
            if whole.is_empty() {
                whole.extend_from_slice(&first);
            }
            whole.extend_from_slice(&data);
        }
    }
    Ok(match (seen > limit, whole.is_empty()) {
        (true, _) => Collected::TooLarge { is_read: true },
        (false, true) => Collected::Whole(first),
        (false, false) => Collected::Whole(whole.freeze()),
    })
}

/// What a text that is no message is answered with.
pub(crate) fn bad_message(
    text: &[u8],
    error: &EnvelopeError,
    depth: usize,
) -> (StatusCode, Vec<u8>) {
    let (code, message, id) = match error {
        EnvelopeError::Syntax(fault) if fault.kind == FaultKind::Depth => {
            let message = format!("Invalid Request: nested deeper than {depth} levels; raise limits.depth if it must be");
            (error_code::INVALID_REQUEST, message, None)
        }
        EnvelopeError::Syntax(fault) if fault.kind == FaultKind::Duplicate => {
            (error_code::INVALID_REQUEST, format!("Invalid Request: {fault}"), None)
        }
        EnvelopeError::Syntax(fault) => (error_code::PARSE_ERROR, format!("Parse error: {fault}"), None),
        EnvelopeError::Batch => (
            error_code::INVALID_REQUEST,
            "Invalid Request: JSON-RPC batches exist in protocol version 2025-03-26 alone; send one message per request".to_owned(),
            None,
        ),
        EnvelopeError::Invalid { reason, id } => (error_code::INVALID_REQUEST, format!("Invalid Request: {reason}"), *id),
    };
    let id = id.map_or(&b"null"[..], |id| id.of(text));
    (
        StatusCode::BAD_REQUEST,
        wire::error_response(id, code, &message, None),
    )
}

/// Lets a page send the `Mcp-Param-*` headers that its preflight asks for: each tool names its
/// own, and a wildcard does not count where there are credentials.
pub(crate) fn allow_params(response: &mut Response, asked: Option<&HeaderValue>) {
    let asked = asked.and_then(|asked| asked.to_str().ok());
    let params = asked.into_iter().flat_map(|asked| asked.split(','));
    let params = params.map(str::trim).filter(|name| {
        let start = name.get(..wire::PARAM_HEADER.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(wire::PARAM_HEADER))
    });
    let params: Vec<_> = params.collect();
    if let Ok(params) = HeaderValue::from_str(&params.join(", "))
        && !params.is_empty()
    {
        let name = header::ACCESS_CONTROL_ALLOW_HEADERS;
        response.headers_mut().append(name, params);
    }
}

/// Lets a page of an allowed origin read the response. Never `*`, never for others.
pub(crate) fn with_cors(mut response: Response, page: &HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, page.clone());
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, DELETE, OPTIONS"),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(
            "Authorization, Content-Type, Last-Event-ID, Mcp-Session-Id, MCP-Protocol-Version, Mcp-Method, Mcp-Name",
        ),
    );
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Mcp-Session-Id, WWW-Authenticate"),
    );
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("600"),
    );
    response
}
