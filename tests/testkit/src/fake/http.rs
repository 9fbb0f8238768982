//! Streamable HTTP: POST, GET and DELETE on `/mcp`.

mod modern;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::stream;
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, mpsc};

use super::call::{Outbox, Ways};
use super::modern::VERSION;
use super::script::Era;
use super::server::{Fake, Message};

const SESSION: &str = "mcp-session-id";

/// A session: where pushes go, and where the GET stream takes them from.
#[derive(Clone)]
struct Session {
    epoch: u64,
    push: Outbox,
    pushed: Arc<AsyncMutex<mpsc::UnboundedReceiver<String>>>,
}

struct Endpoint {
    fake: Arc<Fake>,
    sessions: Mutex<HashMap<String, Session>>,
}

/// Serves on loopback; the address is printed on stderr.
pub(super) async fn serve(fake: Arc<Fake>, port: u16) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    eprintln!("listening on http://{}/mcp", listener.local_addr()?);
    let endpoint = Arc::new(Endpoint {
        fake,
        sessions: Mutex::default(),
    });
    let routes = Router::new()
        .route("/mcp", post(receive).get(listen).delete(forget))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(endpoint);
    axum::serve(listener, routes).await?;
    Ok(())
}

impl Endpoint {
    fn open(&self) -> (String, Session) {
        let (push, pushed) = mpsc::unbounded_channel();
        let epoch = self.fake.epoch.load(Ordering::SeqCst);
        let session = Session {
            epoch,
            push,
            pushed: Arc::new(AsyncMutex::new(pushed)),
        };
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let id = format!("fake-{}-{epoch}-{}", std::process::id(), sessions.len());
        sessions.insert(id.clone(), session.clone());
        (id, session)
    }

    /// The session of a request, or the answer that refuses it.
    fn session(&self, headers: &HeaderMap) -> Result<Session, StatusCode> {
        if !self.fake.script.http.sessions {
            return Ok(self.open().1);
        }
        let id = headers
            .get(SESSION)
            .and_then(|id| id.to_str().ok())
            .ok_or(StatusCode::BAD_REQUEST)?;
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get(id).ok_or(StatusCode::NOT_FOUND)?;
        match session.epoch == self.fake.epoch.load(Ordering::SeqCst) {
            true => Ok(session.clone()),
            false => Err(StatusCode::NOT_FOUND),
        }
    }
}

async fn receive(
    State(endpoint): State<Arc<Endpoint>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let raw = String::from_utf8_lossy(&body).into_owned();
    journal(&endpoint.fake, "POST", &headers, &raw);
    let message = serde_json::from_str::<Message>(&raw).ok();
    if let Some(message) = &message
        && endpoint.fake.is_modern(message, version_in(&headers))
    {
        return modern::receive(&endpoint.fake, &headers, &raw, message).await;
    }
    let method = message.as_ref().and_then(|message| message.method.clone());
    let is_request = method.is_some() && message.is_some_and(|message| message.id.is_some());
    let (id, session) = if method.as_deref() == Some("initialize") {
        let (id, session) = endpoint.open();
        (Some(id), session)
    } else {
        match endpoint.session(&headers) {
            Ok(session) => (None, session),
            Err(status) => return status.into_response(),
        }
    };
    let (call, messages) = mpsc::unbounded_channel();
    let http = &endpoint.fake.script.http;
    if !is_request {
        let push = session.push;
        let ways = Ways::apart(push.clone(), push, None);
        endpoint.fake.receive(&raw, ways);
        return StatusCode::ACCEPTED.into_response();
    }
    let ways = Ways::apart(call, session.push.clone(), None);
    let mut response = if http.sse {
        endpoint.fake.receive(&raw, ways);
        events(messages, http.pretty)
    } else {
        let task = endpoint.fake.receive(&raw, ways);
        one_answer(task, messages, &session.push).await
    };
    if let Some(id) = id.filter(|_| http.sessions)
        && let Ok(id) = id.parse()
    {
        response.headers_mut().insert(SESSION, id);
    }
    response
}

/// Everything but the answer goes to the GET stream, while the call still runs.
async fn one_answer(
    task: Option<tokio::task::JoinHandle<()>>,
    mut messages: mpsc::UnboundedReceiver<String>,
    push: &Outbox,
) -> Response {
    while let Some(message) = messages.recv().await {
        if serde_json::from_str::<Message>(&message).is_ok_and(|message| message.method.is_none()) {
            return ([(header::CONTENT_TYPE, "application/json")], message).into_response();
        }
        push.send(message).ok();
    }
    if let Some(task) = task {
        task.await.ok();
    }
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// The messages of one call as events; ends when the call is done.
fn events(messages: mpsc::UnboundedReceiver<String>, pretty: bool) -> Response {
    let frames = stream::unfold(messages, move |mut messages| async move {
        let message = messages.recv().await?;
        Some((Ok::<_, Infallible>(frame(&message, pretty)), messages))
    });
    event_stream(Body::from_stream(frames))
}

pub(super) fn frame(message: &str, pretty: bool) -> String {
    match message.strip_prefix('{').filter(|_| pretty) {
        Some(rest) => format!("event: message\ndata: {{\ndata: {rest}\n\n"),
        None => format!("event: message\ndata: {message}\n\n"),
    }
}

pub(super) fn event_stream(body: Body) -> Response {
    (
        [
            (header::CONTENT_TYPE, "text/event-stream"),
            (header::CACHE_CONTROL, "no-cache"),
        ],
        body,
    )
        .into_response()
}

async fn listen(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap) -> Response {
    journal(&endpoint.fake, "GET", &headers, "");
    if has_no_sessions(&endpoint, &headers) {
        return only_post();
    }
    if !endpoint.fake.script.http.get {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let session = match endpoint.session(&headers) {
        Ok(session) => session,
        Err(status) => return status.into_response(),
    };
    let pretty = endpoint.fake.script.http.pretty;
    let frames = stream::unfold((session.pushed, true), move |(pushed, first)| async move {
        if first {
            return Some((
                Ok::<_, Infallible>(": open\n\n".to_owned()),
                (pushed, false),
            ));
        }
        let message = pushed.lock().await.recv().await?;
        Some((Ok(frame(&message, pretty)), (pushed, false)))
    });
    event_stream(Body::from_stream(frames))
}

async fn forget(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap) -> Response {
    journal(&endpoint.fake, "DELETE", &headers, "");
    if has_no_sessions(&endpoint, &headers) {
        return only_post();
    }
    let id = headers
        .get(SESSION)
        .and_then(|id| id.to_str().ok())
        .unwrap_or_default();
    let sessions = endpoint.sessions.lock();
    let removed = sessions.unwrap_or_else(PoisonError::into_inner).remove(id);
    match removed {
        Some(_) => StatusCode::OK.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn version_in(headers: &HeaderMap) -> Option<&str> {
    headers.get("mcp-protocol-version")?.to_str().ok()
}

/// Whether a GET or a DELETE comes to the modern era, which has neither.
fn has_no_sessions(endpoint: &Endpoint, headers: &HeaderMap) -> bool {
    match endpoint.fake.script.era {
        Era::Both => version_in(headers) == Some(VERSION),
        _ => endpoint.fake.is_modern_only(),
    }
}

fn only_post() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response()
}

/// Writes down what has come; a header that came several times with all its values.
pub(super) fn journal(fake: &Fake, method: &str, headers: &HeaderMap, raw: &str) {
    let all = headers.keys().map(|name| {
        let values = headers.get_all(name).iter();
        let values: Vec<_> = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        (name.to_string(), values.join(", ").into())
    });
    let all = all.collect::<serde_json::Map<_, _>>();
    fake.journal.received_over_http(method, &all.into(), raw);
}
