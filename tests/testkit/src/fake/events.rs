//! HTTP+SSE, the transport of 2024-11-05: a GET stream names the endpoint for POSTs, and brings
//! the answers to them.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::call::{Outbox, Ways};
use super::http::{event_stream, frame, journal};
use super::server::Fake;

struct Endpoint {
    fake: Arc<Fake>,
    port: u16,
    next: AtomicU64,
    sessions: Mutex<HashMap<String, Outbox>>,
}

/// Serves on loopback; the address is printed on stderr.
pub(super) async fn serve(fake: Arc<Fake>, port: u16) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    let endpoint = Arc::new(Endpoint {
        fake,
        port: address.port(),
        next: AtomicU64::new(1),
        sessions: Mutex::default(),
    });
    let routes = Router::new()
        .route("/sse", get(open))
        .route("/messages", post(receive))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(endpoint);
    eprintln!("listening on http://{address}/sse");
    axum::serve(listener, routes).await?;
    Ok(())
}

/// Ends with its stream.
struct Session {
    endpoint: Arc<Endpoint>,
    id: String,
}

impl Drop for Session {
    fn drop(&mut self) {
        let sessions = self.endpoint.sessions.lock();
        let mut sessions = sessions.unwrap_or_else(PoisonError::into_inner);
        sessions.remove(&self.id);
    }
}

async fn open(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap) -> Response {
    journal(&endpoint.fake, "GET", &headers, "");
    let id = endpoint.next.fetch_add(1, Ordering::SeqCst).to_string();
    let (outbox, messages) = mpsc::unbounded_channel::<String>();
    let http = &endpoint.fake.script.http;
    let place = http
        .endpoint
        .as_deref()
        .unwrap_or("/messages?session={session}");
    let place = place
        .replace("{session}", &id)
        .replace("{port}", &endpoint.port.to_string());
    let (first, is_pretty) = (format!("event: endpoint\ndata: {place}\n\n"), http.pretty);
    let mut sessions = endpoint
        .sessions
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    sessions.insert(id.clone(), outbox);
    drop(sessions);
    let session = Session { endpoint, id };
    let state = (session, messages, Some(first));
    let frames = stream::unfold(state, move |(session, mut messages, first)| async move {
        let text = match first {
            Some(first) => first,
            None => frame(&messages.recv().await?, is_pretty),
        };
        Some((Ok::<_, Infallible>(text), (session, messages, None)))
    });
    event_stream(Body::from_stream(frames))
}

async fn receive(
    State(endpoint): State<Arc<Endpoint>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    raw: String,
) -> Response {
    journal(&endpoint.fake, "POST", &headers, &raw);
    let id = query.get("session").cloned().unwrap_or_default();
    let sessions = endpoint
        .sessions
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let Some(outbox) = sessions.get(&id).cloned() else {
        return (StatusCode::NOT_FOUND, "no such session").into_response();
    };
    drop(sessions);
    endpoint.fake.receive(&raw, Ways::shared(&outbox));
    (StatusCode::ACCEPTED, "Accepted").into_response()
}
