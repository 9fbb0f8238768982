//! JSON-RPC batches, which MCP 2025-03-26 alone has.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;
use wire::{Era, Kind, error_code};

use super::respond;
use super::session::Session;
use super::streamable::answered;
use crate::catalog::ServerIndex;
use crate::client::Client;
use crate::core::Core;
use crate::dispatch::{self, Incoming, Reply};
use crate::user::Caller;

/// Messages in one batch.
const BATCH: usize = 1000;
/// As many of them are worked on at once.
const BATCH_AT_ONCE: usize = 32;

/// Answers a batch: its requests are worked on side by side, within reason, and answered together.
pub(super) async fn answer(
    core: Arc<Core>,
    scope: Option<ServerIndex>,
    session: Option<Arc<Session>>,
    text: &Bytes,
    depth: usize,
    caller: Caller,
) -> Response {
    let Some(elements) = wire::batch_elements(text) else {
        let message = "Invalid Request: an empty batch";
        return respond::rpc_error(
            StatusCode::BAD_REQUEST,
            error_code::INVALID_REQUEST,
            message,
        );
    };
    if elements.len() > BATCH {
        let message = format!(
            "Invalid Request: a batch of {} messages; at most {BATCH} may be sent in one",
            elements.len()
        );
        return respond::rpc_error(
            StatusCode::BAD_REQUEST,
            error_code::INVALID_REQUEST,
            &message,
        );
    }
    let is_modern = |element: &wire::Span| {
        let text = element.of(text);
        let envelope = wire::parse(text, depth);
        envelope.is_ok_and(|envelope| wire::era_of(text, &envelope, None) == Era::Modern)
    };
    if elements.iter().any(is_modern) {
        let message = format!(
            "Invalid Request: MCP {} has no batches; send one message per request",
            wire::MODERN
        );
        return respond::rpc_error(
            StatusCode::BAD_REQUEST,
            error_code::INVALID_REQUEST,
            &message,
        );
    }
    let one = |element: wire::Span| {
        let (core, text, client, caller) = (
            Arc::clone(&core),
            text.slice(element.range()),
            session.clone(),
            caller.clone(),
        );
        async move {
            let envelope = match wire::parse(&text, depth) {
                Ok(envelope) => envelope,
                Err(error) => {
                    return Some(respond::bad_message(&text, &error, depth).1.into());
                }
            };
            let client = client.map(Client::Session);
            let incoming = Incoming::new(text, envelope, client, scope, false, caller);
            match envelope.kind {
                Kind::Request { id, .. } if envelope.method(&incoming.text) == "initialize" => {
                    let message = "initialize must not be part of a batch";
                    let id = id.of(&incoming.text);
                    Some(
                        wire::error_response(id, error_code::INVALID_REQUEST, message, None).into(),
                    )
                }
                Kind::Request { id, .. } => match dispatch::request(&core, incoming, id).await {
                    Reply::Answer(answer) => Some(answer.text),
                    Reply::Call(call) => call.answer().await,
                    // A subscription is a modern client's, which sends no batches.
                    Reply::Listen(_) | Reply::Nothing => None,
                },
                Kind::Notification { .. } => {
                    dispatch::notification(&core, &incoming);
                    None
                }
                Kind::Response { id, .. } => {
                    answered(&incoming, id);
                    None
                }
            }
        }
    };
    let answers: Vec<Bytes> = futures_util::stream::iter(elements.into_iter().map(one))
        .buffered(BATCH_AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    if answers.is_empty() {
        return respond::accepted();
    }
    let joined = [&b"["[..], &answers.join(&b","[..]), b"]"].concat();
    respond::raw_json(StatusCode::OK, joined)
}
