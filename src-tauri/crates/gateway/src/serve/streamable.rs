//! Clients over Streamable HTTP (MCP 2025-03-26 to 2025-11-25, "Transports / Streamable HTTP");
//! those of later versions are told apart here and served by `modern`.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use wire::{Envelope, EnvelopeError, Era, Kind, Version, encode_sse, error_code};

use super::accepts::{Accepts, accepts_type};
use super::respond::Refusal;
use super::session::Session;
use super::watched::{self, Kind as Of, Watch};
use super::{App, batch, challenge, handshake, modern, respond, rest};
use crate::access::Denied;
use crate::call::{CallInFlight, Step};
use crate::catalog::ServerIndex;
use crate::client::Client;
use crate::core::Core;
use crate::dispatch::{self, Incoming, Reply};
use crate::user::Caller;

const SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";

/// `POST /mcp`, `POST /:service/mcp`: one message, or a batch where the version has them.
pub(super) async fn post(
    State(app): State<App>,
    service: Option<Path<String>>,
    request: Request,
) -> Result<Response, Refusal> {
    let scope = endpoint(
        &app.core,
        service,
        (request.headers(), request.extensions()),
    )?;
    take(app.core, scope, request).await
}

/// The same for an endpoint that is already known.
pub(super) async fn take(
    core: Arc<Core>,
    scope: Option<ServerIndex>,
    request: Request,
) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let limits = core.live().config.limits;
    let text = respond::read_body(body, limits.message_bytes).await?;
    let accepts = Accepts::read(&head.headers)?;
    let caller = Caller::of(&head.extensions);
    let depth = limits.depth;
    let envelope = wire::parse(&text, depth);
    let version = head.headers.get(VERSION);
    let has_session = || head.headers.contains_key(SESSION);
    if is_modern(&text, envelope.as_ref().ok(), version, has_session) {
        let head = &head.headers;
        let taken = modern::take(&core, scope, head, (text, envelope), accepts, caller);
        return Ok(match taken {
            Ok((incoming, id)) => {
                let reply = dispatch::request(&core, incoming, id).await;
                modern::answered(&core, reply, accepts).await
            }
            Err(response) => *response,
        });
    }
    let session = find_session(&core, scope, &caller, &head.headers)?;
    let envelope = match envelope {
        Ok(envelope) => envelope,
        Err(EnvelopeError::Batch)
            if session
                .as_ref()
                .is_none_or(|session| session.version.has_batches()) =>
        {
            return Ok(batch::answer(core, scope, session, &text, depth, caller).await);
        }
        Err(error) => {
            let (status, answer) = respond::bad_message(&text, &error, depth);
            return Ok(respond::raw_json(status, answer));
        }
    };
    if let Kind::Request { id, .. } = envelope.kind
        && envelope.method(&text) == "initialize"
    {
        return Ok(
            match handshake::initialize(&core, scope, &caller, &text, &envelope, id).await {
                Ok((session, answer)) => {
                    let mut response = accepts.one(answer);
                    if let Ok(id) = HeaderValue::from_str(&session.id) {
                        response.headers_mut().insert(SESSION, id);
                    }
                    response
                }
                Err(answer) => accepts.one(answer),
            },
        );
    }
    check_version(version)?;
    let client = session.map(Client::Session);
    let incoming = Incoming::new(text, envelope, client, scope, accepts.stream, caller);
    Ok(match envelope.kind {
        Kind::Request { id, .. } => match dispatch::request(&core, incoming, id).await {
            Reply::Answer(answer) => accepts.one(answer.text),
            Reply::Call(call) => relay(&core, call, accepts).await,
            // A subscription is a modern client's.
            Reply::Listen(_) | Reply::Nothing => respond::event_stream(stream::empty()),
        },
        Kind::Notification { .. } => {
            dispatch::notification(&core, &incoming);
            respond::accepted()
        }
        Kind::Response { id, .. } => answered(&incoming, id),
    })
}

/// `GET /mcp`: the stream of what belongs to no call.
pub(super) async fn get(
    State(app): State<App>,
    service: Option<Path<String>>,
    Parts {
        headers,
        extensions,
        ..
    }: Parts,
) -> Result<Response, Refusal> {
    let scope = endpoint(&app.core, service, (&headers, &extensions))?;
    legacy_alone(&headers)?;
    let caller = Caller::of(&extensions);
    let accept = headers.get(header::ACCEPT);
    let accept = accept.map_or(&b""[..], HeaderValue::as_bytes);
    if !accepts_type(accept, b"text/event-stream") {
        let message =
            "GET opens an event stream: send Accept: text/event-stream, or POST a message";
        return Err(respond::refuse(
            StatusCode::NOT_ACCEPTABLE,
            error_code::INVALID_REQUEST,
            message,
        ));
    }
    let session = find_session(&app.core, scope, &caller, &headers)?.ok_or_else(needs_session)?;
    if let Some(refusal) = respond::too_many_streams(&app.core, b"null") {
        return Ok(refusal);
    }
    Ok(listen(&app.core, &session))
}

/// `DELETE /mcp`: the client ends its session.
pub(super) async fn delete(
    State(app): State<App>,
    service: Option<Path<String>>,
    Parts {
        headers,
        extensions,
        ..
    }: Parts,
) -> Result<StatusCode, Refusal> {
    let scope = endpoint(&app.core, service, (&headers, &extensions))?;
    legacy_alone(&headers)?;
    let caller = Caller::of(&extensions);
    let session = find_session(&app.core, scope, &caller, &headers)?.ok_or_else(needs_session)?;
    app.core.sessions.close(&session);
    Ok(StatusCode::NO_CONTENT)
}

/// Answers with JSON where the answer comes first, with a stream where something comes before it.
async fn relay(core: &Core, mut call: Box<CallInFlight>, accepts: Accepts) -> Response {
    match call.next().await {
        Step::Answer(answer) => accepts.one(answer.text),
        Step::Nothing => respond::event_stream(stream::empty()),
        before => goes_on(core, before, call),
    }
}

/// The stream of a call, from what comes before its answer. Apart, so that calls that are
/// answered at once need not carry its size about.
#[cold]
fn goes_on(core: &Core, first: Step, call: Box<CallInFlight>) -> Response {
    let rest = stream::unfold(Some(call), |call| async {
        let mut call = call?;
        let step = call.next().await;
        let goes_on = step.is_before_the_end();
        Some((step, goes_on.then_some(call)))
    });
    respond::event_stream(watched::steps(&Watch::of(core), first, rest))
}

fn listen(core: &Core, session: &Session) -> Response {
    let room = core.live().config.limits.waiting_bytes;
    let state = (session.listen(room), core.ending.draining.clone());
    let messages = stream::unfold(state, |(mut messages, draining)| async {
        let event = tokio::select! {
            message = messages.recv() => encode_sse(None, &message?).into(),
            () = draining.cancelled() => return None,
        };
        Some((event, (messages, draining)))
    });
    let counted = core.streams.token();
    // The comment lets the client see that the stream is open.
    let events = watched::events(&Watch::of(core), Of::Session, respond::COMMENT, messages);
    respond::listening(events.map(move |event| {
        // The stream is open for as long.
        let _counted = &counted;
        event
    }))
}

/// A response to a question that a server has put to the client.
pub(super) fn answered(incoming: &Incoming, id: wire::Span) -> Response {
    let known = incoming
        .session()
        .is_some_and(|session| session.questions.answer(incoming.text.clone(), id));
    if !known {
        tracing::debug!("a response that answers no open question was dropped");
    }
    respond::accepted()
}

fn endpoint(
    core: &Core,
    service: Option<Path<String>>,
    (headers, extensions): (&HeaderMap, &Extensions),
) -> Result<Option<ServerIndex>, Refusal> {
    let Some(Path(name)) = service else {
        return Ok(None);
    };
    let Some(index) = core.live().endpoint(&name) else {
        return Err(rest::unknown_service(core, &name).into());
    };
    let caller = Caller::of(extensions);
    core.place_of(index, caller.user())
        .map(Some)
        .ok_or_else(|| {
            if caller.user().is_some() {
            let message = "this server is its owner's, who has not let you in; ask for a token of the gateway's own";
            return respond::refuse(
                StatusCode::FORBIDDEN,
                error_code::INVALID_REQUEST,
                message,
            );
        }
        let has_token = headers.contains_key(header::AUTHORIZATION);
            let denied = if has_token {
                Denied::Unknown("")
            } else {
                Denied::Token
            };
            challenge::unauthorized(core, (headers, extensions), &format!("/{name}/mcp"), &denied).into()
        })
}

fn find_session(
    core: &Core,
    scope: Option<ServerIndex>,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<Option<Arc<Session>>, Refusal> {
    let Some(id) = headers.get(SESSION) else {
        return Ok(None);
    };
    let session = id.to_str().ok().and_then(|id| {
        core.sessions
            .find(id, scope, caller.user(), || core.scope_name(scope))
    });
    if let Some(session) = &session {
        session.used_by(caller);
    }
    session.map(Some).ok_or_else(|| {
        let message = "Session not found: it ended, expired or had to make room (limits.sessions), or belongs to another endpoint; send initialize again";
        respond::refuse(StatusCode::NOT_FOUND, error_code::REQUEST_TIMEOUT, message)
    })
}

/// Whether a message is that of a modern client: the body says so, or else the header. One that
/// claims an earlier version, as requests of those versions do not, is told what is wrong with it.
fn is_modern(
    text: &[u8],
    envelope: Option<&Envelope>,
    version: Option<&HeaderValue>,
    has_session: impl FnOnce() -> bool,
) -> bool {
    let version = version.and_then(|version| version.to_str().ok());
    let of_header = || version.map_or(Era::Legacy, Era::of_header);
    let Some(envelope) = envelope else {
        return of_header() == Era::Modern;
    };
    wire::era_of(text, envelope, version) == Era::Modern
        || envelope.params.claimed_version.is_some()
            && matches!(envelope.kind, Kind::Request { .. })
            && envelope.method(text) != "initialize"
            && (of_header() == Era::Modern || !has_session())
}

/// Streams that belong to no call, and sessions, are not for modern clients.
fn legacy_alone(headers: &HeaderMap) -> Result<(), Refusal> {
    let version = headers.get(VERSION).and_then(|value| value.to_str().ok());
    if version.map_or(Era::Legacy, Era::of_header) == Era::Legacy {
        return Ok(());
    }
    let message = format!(
        "MCP {} has neither sessions nor a stream to GET: POST a message, subscriptions/listen for a stream",
        wire::MODERN
    );
    let mut refusal = respond::rpc_error(
        StatusCode::METHOD_NOT_ALLOWED,
        error_code::INVALID_REQUEST,
        &message,
    );
    let allowed = HeaderValue::from_static("POST");
    refusal.headers_mut().insert(header::ALLOW, allowed);
    Err(refusal.into())
}

fn check_version(version: Option<&HeaderValue>) -> Result<(), Refusal> {
    let Some(version) = version else {
        return Ok(());
    };
    if version.to_str().ok().and_then(Version::from_wire).is_some() {
        return Ok(());
    }
    let earlier = Version::ALL.iter().map(|version| version.as_str());
    let supported: Vec<_> = std::iter::once(wire::MODERN).chain(earlier).collect();
    let message = format!(
        "Unsupported MCP-Protocol-Version {:.100}; this gateway speaks {}",
        String::from_utf8_lossy(version.as_bytes()),
        supported.join(", ")
    );
    Err(respond::refuse(
        StatusCode::BAD_REQUEST,
        error_code::UPSTREAM_UNAVAILABLE,
        &message,
    ))
}

fn needs_session() -> Refusal {
    let message = "the header Mcp-Session-Id is missing: send initialize first";
    respond::refuse(
        StatusCode::BAD_REQUEST,
        error_code::UPSTREAM_UNAVAILABLE,
        message,
    )
}
