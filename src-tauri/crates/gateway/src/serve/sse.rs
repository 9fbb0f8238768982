//! Clients over HTTP+SSE (MCP 2024-11-05, "Transports / HTTP with SSE"), which
//! predecessor B spoke too.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use wire::{Kind, encode_sse, error_code};

use super::respond::Refusal;
use super::session::Session;
use super::{App, handshake, respond, streamable};
use crate::call::Step;
use crate::core::Core;
use crate::dispatch::{self, Incoming, Reply};
use crate::sync::Locked;

/// Messages on their way to one client.
const UNDER_WAY: usize = 1024;

/// The open streams by the id that their clients post with.
#[derive(Debug, Default)]
pub(super) struct Channels {
    open: Mutex<HashMap<String, Arc<Channel>>>,
}

/// One client's stream.
#[derive(Debug)]
struct Channel {
    messages: mpsc::Sender<Bytes>,
    session: Mutex<Option<Arc<Session>>>,
    /// Ends with the stream, and with it what still works for its client.
    gone: CancellationToken,
}

/// Takes a stream's traces away when the client leaves.
struct Farewell {
    app: App,
    id: String,
}

/// `GET /sse`: opens a stream. The specification's `endpoint` event comes
/// first; predecessor B's `connected` event follows for its old clients.
pub(super) async fn open(State(app): State<App>) -> Response {
    let mut random = [0; 16];
    if let Err(error) = getrandom::fill(&mut random) {
        let message = format!("no session could be opened: {error}");
        return respond::rpc_error(
            StatusCode::INTERNAL_SERVER_ERROR,
            error_code::INTERNAL_ERROR,
            &message,
        );
    }
    let id = URL_SAFE_NO_PAD.encode(random);
    let (messages, receiver) = mpsc::channel(UNDER_WAY);
    let channel = Channel {
        messages,
        session: Mutex::default(),
        gone: CancellationToken::new(),
    };
    app.channels
        .open
        .locked()
        .insert(id.clone(), Arc::new(channel));

    let endpoint = encode_sse(
        Some("endpoint"),
        format!("/messages?sessionId={id}").as_bytes(),
    );
    let connected = encode_sse(
        Some("connected"),
        format!(r#"{{"sessionId":"{id}"}}"#).as_bytes(),
    );
    let greeting = Bytes::from([endpoint, connected].concat());
    let mut ticks = interval(respond::KEEP_ALIVE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    let draining = app.core.ending.draining.clone();
    let state = (receiver, ticks, draining, Farewell { app, id });
    let rest = futures_util::stream::unfold(
        state,
        |(mut receiver, mut ticks, draining, farewell)| async {
            let event = tokio::select! {
                message = receiver.recv() => encode_sse(Some("message"), &message?).into(),
                _ = ticks.tick() => respond::COMMENT,
                () = draining.cancelled() => return None,
            };
            Some((
                Ok::<Bytes, Infallible>(event),
                (receiver, ticks, draining, farewell),
            ))
        },
    );
    let greeting = futures_util::stream::iter([Ok(greeting)]);
    respond::event_stream(futures_util::StreamExt::chain(greeting, rest))
}

/// `POST /sse`: with a session id a message of that stream, without one
/// Streamable HTTP, so that either kind of client may be given this address.
pub(super) async fn post(
    State(app): State<App>,
    Query(query): Query<HashMap<String, String>>,
    request: Request,
) -> Result<Response, Refusal> {
    match session_id(&query, &request) {
        Some(id) => take(app, &id, request).await,
        None => streamable::take(app.core, None, request).await,
    }
}

/// `POST /messages?sessionId=…`.
pub(super) async fn message(
    State(app): State<App>,
    Query(query): Query<HashMap<String, String>>,
    request: Request,
) -> Result<Response, Refusal> {
    match session_id(&query, &request) {
        Some(id) => take(app, &id, request).await,
        None => {
            let message = "sessionId is missing: open GET /sse and post to the address that its endpoint event names";
            Err(respond::refuse(
                StatusCode::BAD_REQUEST,
                error_code::INVALID_REQUEST,
                message,
            ))
        }
    }
}

fn session_id(query: &HashMap<String, String>, request: &Request) -> Option<String> {
    let header = || {
        request
            .headers()
            .get("x-session-id")
            .and_then(|id| id.to_str().ok())
            .map(str::to_owned)
    };
    query
        .get("sessionId")
        .or_else(|| query.get("session_id"))
        .cloned()
        .or_else(header)
}

async fn take(app: App, id: &str, request: Request) -> Result<Response, Refusal> {
    let Some(channel) = app.channels.open.locked().get(id).cloned() else {
        let message = "Session not found: its stream has ended; open GET /sse again";
        return Err(respond::refuse(
            StatusCode::NOT_FOUND,
            error_code::REQUEST_TIMEOUT,
            message,
        ));
    };
    let limits = app.core.config.limits;
    let text = respond::read_body(request.into_body(), limits.message_bytes).await?;
    let envelope = match wire::parse(&text, limits.depth) {
        Ok(envelope) => envelope,
        Err(error) => {
            let (status, answer) = respond::bad_message(&text, &error, limits.depth);
            return Ok(respond::raw_json(status, answer));
        }
    };
    let client = channel.session.locked().clone();
    let incoming = Incoming::new(text, envelope, client, None, true);
    match envelope.kind {
        Kind::Request { id, .. } => {
            // Answered over the stream; this response only says that it was taken.
            let tasks = app.core.tasks.clone();
            tasks.spawn(async move {
                let gone = channel.gone.clone();
                tokio::select! {
                    () = work(&app.core, &channel, incoming, id) => {}
                    () = gone.cancelled() => {}
                }
            });
        }
        Kind::Notification { .. } => dispatch::notification(&app.core, &incoming),
        Kind::Response { id, .. } => {
            let known = incoming
                .client
                .as_ref()
                .is_some_and(|client| client.questions.answer(incoming.text.clone(), id));
            if !known {
                tracing::debug!("a response that answers no open question was dropped");
            }
        }
    }
    Ok(respond::accepted())
}

/// Works on one request until its answer is on the stream.
async fn work(core: &Arc<Core>, channel: &Arc<Channel>, incoming: Incoming, id: wire::Span) {
    // The stream's own end is the only way that sending fails, and ends this task too.
    let send = async |message: Bytes| drop(channel.messages.send(message).await);
    if incoming.envelope.method(&incoming.text) == "initialize" {
        match handshake::initialize(core, None, &incoming.text, &incoming.envelope, id).await {
            Ok((session, answer)) => {
                let mut unasked = session.listen();
                *channel.session.locked() = Some(session);
                send(answer).await;
                while let Some(message) = unasked.recv().await {
                    send(message).await;
                }
            }
            Err(answer) => send(answer).await,
        }
        return;
    }
    let mut call = match dispatch::request(core, incoming, id).await {
        Reply::Answer(answer) => return send(answer).await,
        Reply::Call(call) => call,
        Reply::Nothing => return,
    };
    loop {
        match call.next().await {
            Step::Message(message) => send(message).await,
            Step::Answer(answer) => return send(answer).await,
            Step::Nothing => return,
        }
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        let Some(channel) = self.app.channels.open.locked().remove(&self.id) else {
            return;
        };
        channel.gone.cancel();
        if let Some(session) = channel.session.locked().take() {
            self.app.core.sessions.forget(&session.id);
        }
    }
}
