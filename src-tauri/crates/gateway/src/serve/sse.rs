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
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use wire::{Era, Kind, encode_sse, error_code};

use super::queue::{Queue, Stalled};
use super::respond::Refusal;
use super::session::Session;
use super::{App, handshake, respond, streamable};
use crate::call::Step;
use crate::client::Client;
use crate::core::Core;
use crate::dispatch::{self, Incoming, Reply};
use crate::mailbox::Receiver;
use crate::sync::Locked;
use crate::user::Caller;

/// As many messages of the largest size may be on their way to one client.
const UNDER_WAY: usize = 2;

/// The open streams by the id that their clients post with.
#[derive(Debug, Default)]
pub(super) struct Channels {
    open: Mutex<HashMap<String, Arc<Channel>>>,
}

/// One client's stream.
#[derive(Debug)]
struct Channel {
    /// Who opened it; nobody else may post to it.
    caller: Caller,
    messages: Queue,
    session: Mutex<Option<Arc<Session>>>,
    /// The requests that are being worked on.
    open_requests: TaskTracker,
    /// Ends with the stream, and with it what still works for its client.
    gone: CancellationToken,
}

/// Takes a stream's traces away when the client leaves.
struct Farewell {
    app: App,
    id: String,
    /// The stream is open for as long.
    _counted: TaskTrackerToken,
}

/// `GET /sse`: opens a stream. The specification's `endpoint` event comes
/// first; predecessor B's `connected` event follows for its old clients.
pub(super) async fn open(State(app): State<App>, caller: Caller) -> Response {
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
    if let Some(refusal) = respond::too_many_streams(&app.core, b"null") {
        return refusal;
    }
    let limits = app.core.live().config.limits;
    let channel = Arc::new(Channel {
        caller,
        messages: Queue::new(
            limits.message_bytes.saturating_mul(UNDER_WAY),
            limits.slow_reader,
        ),
        session: Mutex::default(),
        open_requests: TaskTracker::new(),
        gone: CancellationToken::new(),
    });
    // So that waiting for them means waiting until there are none.
    channel.open_requests.close();
    app.channels
        .open
        .locked()
        .insert(id.clone(), Arc::clone(&channel));

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
    let counted = app.core.streams.token();
    let state = (
        channel,
        ticks,
        draining,
        Farewell {
            app,
            id,
            _counted: counted,
        },
    );
    let rest =
        futures_util::stream::unfold(state, |(channel, mut ticks, draining, farewell)| async {
            let event = tokio::select! {
                biased;
                message = channel.messages.take() => message_event(&message?),
                // What was added last may have come between the two looks.
                () = channel.is_done(&draining) => message_event(&channel.messages.take_waiting()?),
                _ = ticks.tick() => respond::COMMENT,
            };
            Some((
                Ok::<Bytes, Infallible>(event),
                (channel, ticks, draining, farewell),
            ))
        });
    let greeting = futures_util::stream::iter([Ok(greeting)]);
    respond::event_stream(futures_util::StreamExt::chain(greeting, rest))
}

fn message_event(message: &[u8]) -> Bytes {
    encode_sse(Some("message"), message).into()
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
    let caller = Caller::of(request.extensions());
    let found = app.channels.find(id);
    let Some((channel, working)) = found.filter(|(channel, _)| channel.caller == caller) else {
        let message = "Session not found: its stream has ended; open GET /sse again";
        return Err(respond::refuse(
            StatusCode::NOT_FOUND,
            error_code::REQUEST_TIMEOUT,
            message,
        ));
    };
    let limits = app.core.live().config.limits;
    let text = respond::read_body(request.into_body(), limits.message_bytes).await?;
    let envelope = match wire::parse(&text, limits.depth) {
        Ok(envelope) => envelope,
        Err(error) => {
            let (status, answer) = respond::bad_message(&text, &error, limits.depth);
            return Ok(respond::raw_json(status, answer));
        }
    };
    if wire::era_of(&text, &envelope, None) == Era::Modern {
        let message = format!(
            "Invalid Request: MCP {} is not spoken over HTTP+SSE; POST the message to /mcp",
            wire::MODERN
        );
        return Err(respond::refuse(
            StatusCode::BAD_REQUEST,
            error_code::INVALID_REQUEST,
            &message,
        ));
    }
    let client = channel.session.locked().clone().map(Client::Session);
    let incoming = Incoming::new(text, envelope, client, None, true, caller);
    match envelope.kind {
        Kind::Request { id, .. } => {
            // Answered over the stream; this response only says that it was taken.
            let tasks = app.core.tasks.clone();
            tasks.spawn(async move {
                tokio::select! {
                    () = work(&app.core, &channel, incoming, id) => {}
                    () = channel.gone.cancelled() => {}
                }
                drop(working);
            });
        }
        Kind::Notification { .. } => dispatch::notification(&app.core, &incoming),
        Kind::Response { id, .. } => {
            let known = incoming
                .session()
                .is_some_and(|session| session.questions.answer(incoming.text.clone(), id));
            if !known {
                tracing::debug!("a response that answers no open question was dropped");
            }
        }
    }
    Ok(respond::accepted())
}

/// Works on one request until its answer is on the stream.
async fn work(core: &Arc<Core>, channel: &Arc<Channel>, incoming: Incoming, id: wire::Span) {
    let send = async |message: Bytes| channel.send(message).await;
    if incoming.envelope.method(&incoming.text) == "initialize" {
        match handshake::initialize(
            core,
            None,
            &incoming.caller,
            &incoming.text,
            &incoming.envelope,
            id,
        )
        .await
        {
            Ok((session, answer)) => {
                let unasked = session.listen(core.live().config.limits.waiting_bytes);
                // One session per stream: a second hello ends what the first began.
                if let Some(former) = channel.session.locked().replace(session) {
                    core.sessions.forget(&former.id);
                }
                if channel.gone.is_cancelled() {
                    // The client left meanwhile; its farewell may have been too early to see this.
                    channel.forget_session(core);
                    return;
                }
                send(answer).await;
                core.tasks.spawn(forward(Arc::clone(channel), unasked));
            }
            Err(answer) => send(answer).await,
        }
        return;
    }
    let mut call = match dispatch::request(core, incoming, id).await {
        Reply::Answer(answer) => return send(answer.text).await,
        Reply::Call(call) => call,
        // A subscription is a modern client's, which has no channel of this kind.
        Reply::Listen(_) | Reply::Nothing => return,
    };
    loop {
        match call.next().await {
            Step::Message(message) => send(message).await,
            // Its stream is kept alive as it is.
            Step::Silence => {}
            Step::Answer(answer) => return send(answer.text).await,
            Step::Nothing => return,
        }
    }
}

/// Passes on what belongs to no call, until its session or the stream ends.
async fn forward(channel: Arc<Channel>, mut unasked: Receiver) {
    let passing = async {
        while let Some(message) = unasked.recv().await {
            channel.send(message).await;
        }
    };
    tokio::select! {
        () = passing => {}
        () = channel.gone.cancelled() => {}
    }
}

// === impl Channels ===

impl Channels {
    /// An open stream, which from now on does not end before the token is dropped.
    fn find(&self, id: &str) -> Option<(Arc<Channel>, TaskTrackerToken)> {
        let open = self.open.locked();
        let channel = open
            .get(id)
            .filter(|channel| !channel.gone.is_cancelled())?;
        Some((Arc::clone(channel), channel.open_requests.token()))
    }
}

// === impl Channel ===

impl Channel {
    /// Puts a message on the stream. A client that does not read is hung up on.
    async fn send(&self, message: Bytes) {
        if self.messages.push(message).await == Err(Stalled) && !self.gone.is_cancelled() {
            tracing::warn!(
                "a client of HTTP+SSE has read nothing for {} ms (limits.slowReader) and is hung up on",
                self.messages.patience().as_millis()
            );
            self.messages.give_up();
            self.gone.cancel();
        }
    }

    fn forget_session(&self, core: &Core) {
        if let Some(session) = self.session.locked().take() {
            core.sessions.forget(&session.id);
        }
    }

    /// Returns when the gateway is ending and nothing is being worked on for
    /// this client; what takes longer is cut off with its connection.
    async fn is_done(&self, draining: &CancellationToken) {
        draining.cancelled().await;
        self.open_requests.wait().await;
    }
}

// === impl Farewell ===

impl Drop for Farewell {
    fn drop(&mut self) {
        let Some(channel) = self.app.channels.open.locked().remove(&self.id) else {
            return;
        };
        channel.gone.cancel();
        channel.messages.give_up();
        channel.forget_session(&self.app.core);
    }
}
