//! One POST of the modern era: no session, the headers must agree with the body, and whoever
//! closes the connection cancels the call.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::super::call::Ways;
use super::super::mirrored::{self, Body as Mirrored};
use super::super::modern;
use super::super::server::{Fake, Message};
use super::{event_stream, frame};

/// Takes a message that belongs to this era.
pub(super) async fn receive(
    fake: &Arc<Fake>,
    headers: &HeaderMap,
    raw: &str,
    message: &Message<'_>,
) -> Response {
    let id = message.id.map_or("null", RawValue::get);
    let Some(method) = message.method.as_deref() else {
        let error = modern::error(-32600, "Clients ask; they are not asked", None);
        return refuse(id, &error);
    };
    if let Err(error) = admit(fake, headers, raw, method, message) {
        return refuse(id, &error);
    }
    let (call, messages) = mpsc::unbounded_channel();
    // Outside of a call there is no way to a client.
    let (nowhere, _) = mpsc::unbounded_channel();
    let version = headers.get("mcp-protocol-version");
    let version = version.and_then(|version| version.to_str().ok());
    if message.id.is_none() {
        // Cancelling is closing the connection; by its id somebody else's call might be meant.
        if method != "notifications/cancelled" {
            fake.receive(
                raw,
                Ways::apart(nowhere.clone(), nowhere, version.map(str::to_owned)),
            );
        }
        return StatusCode::ACCEPTED.into_response();
    }
    let ways = Ways::apart(call, nowhere, version.map(str::to_owned));
    let exchange = Exchange {
        task: fake.receive(raw, ways),
        fake: fake.clone(),
        raw: raw.to_owned(),
        id: id.to_owned(),
        is_answered: false,
    };
    exchange
        .answer(messages, method == "subscriptions/listen")
        .await
}

/// Whether a request says what it must, and its headers the same.
fn admit(
    fake: &Fake,
    headers: &HeaderMap,
    raw: &str,
    method: &str,
    message: &Message<'_>,
) -> Result<(), String> {
    let params = message.params.map_or("{}", RawValue::get);
    if message.id.is_none() || method == "initialize" && !modern::has_claim(params) {
        return Ok(());
    }
    let claimed = modern::claimed(params)?;
    let definition = fake.definition_for(method, params);
    let body = Mirrored {
        claimed: &claimed,
        method,
        params,
        definition: definition.as_deref(),
    };
    let agreed = mirrored::check(headers, &body).map_err(|why| {
        let why = format!("Header mismatch: {why}");
        modern::error(-32020, &why, None)
    })?;
    fake.journal.mirrored(&agreed, raw);
    Ok(())
}

fn refuse(id: &str, error: &str) -> Response {
    let message = format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#);
    json(StatusCode::BAD_REQUEST, message)
}

fn json(status: StatusCode, message: String) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        message,
    )
        .into_response()
}

/// A request and its answer; dropped before its end, it is cancelled.
struct Exchange {
    fake: Arc<Fake>,
    task: Option<JoinHandle<()>>,
    raw: String,
    id: String,
    is_answered: bool,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.is_answered {
            return;
        }
        if let Some(task) = &self.task {
            task.abort();
        }
        self.fake.journal.event("closed", &self.raw);
    }
}

impl Exchange {
    /// One JSON body where the answer comes first, with the status that belongs to it; else a stream.
    async fn answer(
        mut self,
        mut messages: mpsc::UnboundedReceiver<String>,
        is_listen: bool,
    ) -> Response {
        let Some(first) = messages.recv().await else {
            self.settle();
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let http = &self.fake.script.http;
        let (is_plain, is_pretty) = (!http.sse && !is_listen, http.pretty);
        if let Some(status) = self.status_of(&first)
            && (status != StatusCode::OK || is_plain)
        {
            self.settle();
            return json(status, first);
        }
        let state = (self, messages, Some(first));
        let frames = stream::unfold(
            state,
            move |(mut exchange, mut messages, next)| async move {
                let message = match next {
                    Some(message) => message,
                    None => match messages.recv().await {
                        Some(message) => message,
                        None => {
                            exchange.settle();
                            return None;
                        }
                    },
                };
                exchange.is_answered |= exchange.status_of(&message).is_some();
                let frame = frame(&message, is_pretty);
                Some((Ok::<_, Infallible>(frame), (exchange, messages, None)))
            },
        );
        let mut response = event_stream(Body::from_stream(frames));
        let headers = response.headers_mut();
        headers.insert("x-accel-buffering", header::HeaderValue::from_static("no"));
        response
    }

    /// Nothing is left to be cancelled.
    fn settle(&mut self) {
        self.is_answered = true;
    }

    /// The status of an answer to this request; nothing where a message is another.
    fn status_of(&self, message: &str) -> Option<StatusCode> {
        #[derive(Deserialize)]
        struct Response<'a> {
            #[serde(borrow)]
            id: Option<&'a RawValue>,
            method: Option<String>,
            error: Option<Failure>,
        }
        #[derive(Deserialize)]
        struct Failure {
            code: i64,
        }
        let response: Response = serde_json::from_str(message).ok()?;
        if response.method.is_some() || response.id?.get() != self.id {
            return None;
        }
        Some(match response.error.map(|error| error.code) {
            Some(-32601) => StatusCode::NOT_FOUND,
            Some(-32022..=-32020) => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        })
    }
}
