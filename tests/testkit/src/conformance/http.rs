//! Streamable HTTP on `/mcp`: sessions for the legacy era, none for the modern one.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::stream;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, mpsc};

use super::legacy::{self, Peer, VERSIONS};
use super::message::{
    Fault, INVALID_REQUEST, METHOD_NOT_FOUND, MISSING_CAPABILITY, is_answer, is_request,
};
use super::running::EndOnDrop;
use super::tools::RECONNECT;
use super::{Eras, Fixture, lock, modern};

const SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";
/// How soon a client whose stream was closed may come back.
const RETRY_MS: u32 = 200;

type Messages = mpsc::UnboundedReceiver<Value>;

struct Endpoint {
    fixture: Arc<Fixture>,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
    next: AtomicU64,
}

struct Session {
    peer: Arc<Peer>,
    /// What the GET stream takes its messages from.
    pushed: AsyncMutex<Messages>,
    /// Streams that were closed before their answer, by their last event.
    closed: Mutex<HashMap<String, Messages>>,
}

/// Serves on loopback; the address is printed on stdout.
pub(super) async fn serve(fixture: Arc<Fixture>, port: u16) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}/mcp", listener.local_addr()?);
    let endpoint = Arc::new(Endpoint {
        fixture,
        sessions: Mutex::default(),
        next: AtomicU64::new(0),
    });
    let routes = Router::new()
        .route("/mcp", post(receive).get(listen).delete(forget))
        .with_state(endpoint);
    axum::serve(listener, routes).await?;
    Ok(())
}

// === impl Endpoint ===

impl Endpoint {
    fn open(&self) -> (String, Arc<Session>) {
        let (push, pushed) = mpsc::unbounded_channel();
        let session = Arc::new(Session {
            peer: Arc::new(Peer::new(push)),
            pushed: AsyncMutex::new(pushed),
            closed: Mutex::default(),
        });
        self.fixture.board.join(&session.peer);
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let id = format!("conformance-{}-{number}", std::process::id());
        lock(&self.sessions).insert(id.clone(), session.clone());
        (id, session)
    }

    /// The session of a request, or the answer that refuses it.
    fn session(&self, headers: &HeaderMap) -> Result<Arc<Session>, StatusCode> {
        let version = text(headers, VERSION).unwrap_or(VERSIONS[0]);
        if !VERSIONS.contains(&version) {
            return Err(StatusCode::BAD_REQUEST);
        }
        let id = text(headers, SESSION).ok_or(StatusCode::BAD_REQUEST)?;
        lock(&self.sessions)
            .get(id)
            .cloned()
            .ok_or(StatusCode::NOT_FOUND)
    }

    fn is_modern(&self, message: &Value, headers: &HeaderMap) -> bool {
        match self.fixture.eras {
            Eras::Both => modern::is_claimed(message) || names_modern(headers),
            Eras::Legacy => false,
            Eras::Modern => true,
        }
    }
}

async fn receive(
    State(endpoint): State<Arc<Endpoint>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !is_local(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let message = match serde_json::from_slice::<Value>(&body) {
        Ok(message) if message.is_object() => message,
        _ => {
            let fault = Fault::new(INVALID_REQUEST, "the body is no message");
            return json(StatusCode::BAD_REQUEST, &fault.answer(&Value::Null));
        }
    };
    match endpoint.is_modern(&message, &headers) {
        true => modern_post(&endpoint, message, &headers).await,
        false => legacy_post(&endpoint, message, &headers).await,
    }
}

async fn modern_post(endpoint: &Endpoint, message: Value, headers: &HeaderMap) -> Response {
    if !is_request(&message) {
        let status = match is_answer(&message) {
            true => StatusCode::BAD_REQUEST,
            false => StatusCode::ACCEPTED,
        };
        return status.into_response();
    }
    let admitted = match message["method"] == "initialize" && !modern::is_claimed(&message) {
        true => {
            let version = message["params"]["protocolVersion"].as_str();
            Err(modern::unsupported(version.unwrap_or_default()))
        }
        false => modern::admit(&message, Some(headers)),
    };
    if let Err(fault) = admitted {
        let status = match fault.code {
            METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        };
        return json(status, &fault.answer(&message["id"]));
    }
    let (outbox, messages) = mpsc::unbounded_channel();
    let task = modern::start(&endpoint.fixture, message, outbox);
    // Whoever closes the stream has cancelled.
    respond(messages, Some(EndOnDrop(task.abort_handle()))).await
}

async fn legacy_post(endpoint: &Endpoint, message: Value, headers: &HeaderMap) -> Response {
    let (outbox, messages) = mpsc::unbounded_channel();
    if message["method"] == "initialize" {
        let (id, session) = endpoint.open();
        legacy::start(&endpoint.fixture, &session.peer, message, outbox);
        let mut response = respond(messages, None).await;
        if let Ok(id) = id.parse() {
            response.headers_mut().insert(SESSION, id);
        }
        return response;
    }
    let session = match endpoint.session(headers) {
        Ok(session) => session,
        Err(status) => {
            let fault = Fault::new(INVALID_REQUEST, "there is no such session");
            return json(status, &fault.answer(&message["id"]));
        }
    };
    if !is_request(&message) {
        match is_answer(&message) {
            true => session.peer.answered(&message),
            false => session.peer.noted(&message),
        }
        return StatusCode::ACCEPTED.into_response();
    }
    let reconnect = message["method"] == "tools/call" && message["params"]["name"] == RECONNECT;
    legacy::start(&endpoint.fixture, &session.peer, message, outbox);
    match reconnect {
        true => closed(endpoint, &session, messages),
        false => respond(messages, None).await,
    }
}

/// A stream that says no more than how it can be taken up again.
fn closed(endpoint: &Endpoint, session: &Session, messages: Messages) -> Response {
    let event = format!("closed-{}", endpoint.next.fetch_add(1, Ordering::SeqCst));
    let frame = format!("id: {event}\nretry: {RETRY_MS}\ndata: \n\n");
    lock(&session.closed).insert(event, messages);
    event_stream(Body::from(frame))
}

/// One JSON object if there is nothing but the answer, events otherwise.
async fn respond(mut messages: Messages, work: Option<EndOnDrop>) -> Response {
    match messages.recv().await {
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(answer) if answer["method"].is_null() => json(status(&answer), &answer),
        Some(first) => {
            let state = (Some(first), messages, work);
            let frames = stream::unfold(state, |(first, mut messages, work)| async move {
                let message = match first {
                    Some(first) => first,
                    None => messages.recv().await?,
                };
                Some((Ok::<_, Infallible>(frame(&message)), (None, messages, work)))
            });
            event_stream(Body::from_stream(frames))
        }
    }
}

async fn listen(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap) -> Response {
    let session = match admit(&endpoint, &headers) {
        Ok(session) => session,
        Err(response) => return *response,
    };
    let taken_up = text(&headers, "last-event-id").map(|event| {
        let messages = lock(&session.closed).remove(event);
        (event.to_owned(), messages)
    });
    match taken_up {
        None => event_stream(Body::from_stream(pushes(session))),
        Some((_, None)) => StatusCode::BAD_REQUEST.into_response(),
        Some((event, Some(messages))) => {
            let frames = stream::unfold((messages, 0_u32), move |(mut messages, number)| {
                let event = event.clone();
                async move {
                    let message = messages.recv().await?;
                    let frame = format!("id: {event}-{number}\n{}", frame(&message));
                    Some((Ok::<_, Infallible>(frame), (messages, number + 1)))
                }
            });
            event_stream(Body::from_stream(frames))
        }
    }
}

/// Whatever belongs to no request, beginning with a sign of life.
fn pushes(session: Arc<Session>) -> impl futures_util::Stream<Item = Result<String, Infallible>> {
    stream::unfold((session, true), |(session, first)| async move {
        let frame = match first {
            true => ": open\n\n".to_owned(),
            false => frame(&session.pushed.lock().await.recv().await?),
        };
        Some((Ok(frame), (session, false)))
    })
}

async fn forget(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap) -> Response {
    if let Err(response) = admit(&endpoint, &headers) {
        return *response;
    }
    let id = text(&headers, SESSION).unwrap_or_default();
    lock(&endpoint.sessions).remove(id);
    StatusCode::OK.into_response()
}

/// The session of what only the legacy era has.
fn admit(endpoint: &Endpoint, headers: &HeaderMap) -> Result<Arc<Session>, Box<Response>> {
    if !is_local(headers) {
        return Err(Box::new(StatusCode::FORBIDDEN.into_response()));
    }
    if endpoint.fixture.eras == Eras::Modern || names_modern(headers) {
        let refused = (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]);
        return Err(Box::new(refused.into_response()));
    }
    endpoint
        .session(headers)
        .map_err(|status| Box::new(status.into_response()))
}

fn names_modern(headers: &HeaderMap) -> bool {
    text(headers, VERSION) == Some(modern::VERSION)
}

/// Whether a browser that was led astray cannot have sent this.
fn is_local(headers: &HeaderMap) -> bool {
    let host = text(headers, "host").unwrap_or_default();
    let origin = text(headers, "origin").map(|origin| origin.strip_prefix("http://"));
    is_loopback(host) && origin.is_none_or(|host| host.is_some_and(is_loopback))
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// How HTTP sees an answer.
fn status(answer: &Value) -> StatusCode {
    match answer["error"]["code"].as_i64() {
        Some(MISSING_CAPABILITY) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}

fn json(status: StatusCode, message: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, message.to_string()).into_response()
}

fn frame(message: &Value) -> String {
    format!("event: message\ndata: {message}\n\n")
}

fn event_stream(body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_this_machine_is_local() {
        for host in [
            "localhost",
            "localhost:80",
            "127.0.0.1:8080",
            "[::1]",
            "[::1]:1",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "evil.example.com",
            "localhost.evil.example.com",
            "127.0.0.1.evil:80",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
