//! The gateway, played by a small HTTP server as each test needs it.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// What the stub saw.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

pub(crate) enum Reply {
    Json(String),
    /// An event stream with these blocks, then its end.
    Events(String),
    /// An event stream that goes on as long as the sender lives.
    Open(mpsc::UnboundedReceiver<String>),
    Status(u16, &'static str),
    Hang,
}

type Behaviour = dyn Fn(&Seen) -> Reply + Send + Sync;

pub(crate) struct Stub {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    pub(crate) server: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    seen: Arc<Mutex<Vec<Seen>>>,
    behaviour: Arc<Behaviour>,
}

impl Stub {
    pub(crate) async fn start(behaviour: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_on(0, behaviour).await
    }

    pub(crate) async fn start_on(
        port: u16,
        behaviour: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Shared {
            seen: Arc::default(),
            behaviour: Arc::new(behaviour),
        };
        let seen = shared.seen.clone();
        let router = Router::new().fallback(answer).with_state(shared);
        let server =
            tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { port, seen, server }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic").clone()
    }

    pub(crate) fn posts(&self) -> Vec<String> {
        self.seen()
            .into_iter()
            .filter(|seen| seen.method == Method::POST)
            .map(|seen| seen.body)
            .collect()
    }

    pub(crate) fn count(&self, method: Method) -> usize {
        self.seen()
            .iter()
            .filter(|seen| seen.method == method)
            .count()
    }
}

/// The stub never reads what is larger, so that the connection fills up.
pub(crate) const TOO_LARGE: usize = 32 << 20;

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if body.size_hint().lower() > TOO_LARGE as u64 {
        return std::future::pending().await;
    }
    let body = axum::body::to_bytes(body, usize::MAX)
        .await
        .expect("a body");
    let seen = Seen {
        method: parts.method,
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).expect("UTF-8"),
    };
    let reply = (shared.behaviour)(&seen);
    let is_hello = seen.body.contains(r#""initialize""#);
    shared.seen.lock().expect("no panic").push(seen);
    let mut response = match reply {
        Reply::Json(body) => ([("content-type", "application/json")], body).into_response(),
        Reply::Events(blocks) => ([("content-type", "text/event-stream")], blocks).into_response(),
        Reply::Open(blocks) => {
            let blocks = stream::unfold(blocks, |mut blocks| async move {
                let block = blocks.recv().await?;
                Some((Ok::<_, Infallible>(block), blocks))
            });
            // Its connection goes with it, so that a stub that is gone answers nothing more.
            (
                [
                    ("content-type", "text/event-stream"),
                    ("connection", "close"),
                ],
                Body::from_stream(blocks),
            )
                .into_response()
        }
        Reply::Status(status, body) => {
            (StatusCode::from_u16(status).expect("a status"), body).into_response()
        }
        Reply::Hang => std::future::pending().await,
    };
    if is_hello {
        response
            .headers_mut()
            .insert("mcp-session-id", "s-1".parse().expect("a header"));
    }
    response
}

/// A decent gateway: a handshake, no GET stream, an echo of the params.
pub(crate) fn decent(seen: &Seen) -> Reply {
    if seen.method == Method::GET {
        return Reply::Status(405, "");
    }
    if seen.method == Method::DELETE {
        return Reply::Status(200, "");
    }
    let Ok(message) = serde_json::from_str::<Value>(&seen.body) else {
        return Reply::Status(400, "no JSON");
    };
    match (message["method"].as_str(), &message["id"]) {
        (Some("initialize"), id) => Reply::Json(hello_answer(id)),
        (None, _) | (_, Value::Null) => Reply::Status(202, ""),
        (_, id) => Reply::Json(format!(
            r#"{{"jsonrpc":"2.0","id":{id},"result":{{"ok":1.0}}}}"#
        )),
    }
}

pub(crate) fn hello_answer(id: &Value) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"result":{{"protocolVersion":"2025-06-18","capabilities":{{}},"serverInfo":{{"name":"g","version":"1"}}}}}}"#
    )
}

pub(crate) fn event(message: &str) -> String {
    format!("event: message\ndata: {message}\n\n")
}
