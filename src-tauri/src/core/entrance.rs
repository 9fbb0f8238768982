//! How a request of the app itself reaches the gateway's router, without a socket.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use gateway::InProcess;
use gateway::words::Words;
use serde_json::json;
use tokio::sync::watch;
use tower::ServiceExt as _;

/// Where the core is in its life.
#[derive(Debug, Clone)]
pub(crate) enum Phase {
    /// It reads the configuration and takes its port.
    Starting,
    /// It starts as soon as something else has ended, which may take a while.
    Waiting(Words),
    /// It serves.
    Running(Router),
    /// It could not start.
    Failed(Words),
}

/// A request as the page or the tray makes it.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// An HTTP method.
    pub(crate) method: String,
    /// The path, from the gateway's root.
    pub(crate) path: String,
    /// JSON.
    pub(crate) body: Option<String>,
}

/// The way in; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Entrance {
    phase: watch::Receiver<Phase>,
}

// === impl Ask ===

impl Ask {
    /// A question without a body.
    pub(crate) fn get(path: &str) -> Self {
        Self {
            method: "GET".to_owned(),
            path: path.to_owned(),
            body: None,
        }
    }
}

// === impl Entrance ===

impl Entrance {
    pub(crate) fn new(phase: watch::Receiver<Phase>) -> Self {
        Self { phase }
    }

    /// How the core fares, for whoever follows it.
    pub(crate) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.clone()
    }

    /// Waits for the end of the core's start, unless that may take long, then answers: by the
    /// gateway's own router, or with why there is none. Handlers leave tasks behind, so this belongs on the core's runtime.
    ///
    /// # Errors
    /// The core has ended, or this is no HTTP request.
    pub(crate) async fn send(&self, ask: Ask) -> anyhow::Result<Response<Body>> {
        let mut phase = self.phase();
        let started = phase
            .wait_for(|phase| !matches!(phase, Phase::Starting))
            .await
            .map_err(|_| anyhow::anyhow!("the core has ended"))?
            .clone();
        let request = in_process(ask)?;
        Ok(match started {
            Phase::Running(router) => router
                .oneshot(request)
                .await
                .unwrap_or_else(|never| match never {}),
            Phase::Waiting(what) => unavailable("waiting", &what),
            Phase::Failed(cause) => unavailable("failure", &cause),
            Phase::Starting => unreachable!("waited for the end of the start"),
        })
    }
}

/// A request that proves by where it comes from that it is the owner's.
fn in_process(ask: Ask) -> anyhow::Result<Request<Body>> {
    let mut request = Request::builder()
        .method(ask.method.as_str())
        .uri(ask.path)
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/json")
        .body(ask.body.map_or_else(Body::empty, Body::from))?;
    request.extensions_mut().insert(InProcess);
    Ok(request)
}

/// The answer to everything while there is no gateway; see `absence` in ui/src/api/transport.ts.
fn unavailable(why: &str, words: &Words) -> Response<Body> {
    let mut response = Response::new(Body::from(json!({ why: words }).to_string()));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    async fn answer(phase: Phase) -> (u16, String) {
        let (_keep, phase) = watch::channel(phase);
        let response = Entrance::new(phase)
            .send(Ask::get("/here"))
            .await
            .expect("an answer");
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1000).await.expect("a body");
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn the_router_answers_or_the_reason_why_there_is_none() {
        let router = Router::new().route(
            "/here",
            axum::routing::get(|request: Request<Body>| async move {
                assert!(request.extensions().get::<InProcess>().is_some());
                "yes"
            }),
        );
        assert_eq!(
            answer(Phase::Running(router)).await,
            (200, "yes".to_owned())
        );
        assert_eq!(
            answer(Phase::Failed(Words::new("taken", "被占用"))).await,
            (
                503,
                r#"{"failure":{"en":"taken","zh":"被占用"}}"#.to_owned()
            )
        );
        assert_eq!(
            answer(Phase::Waiting(Words::new("soon", "稍候"))).await,
            (503, r#"{"waiting":{"en":"soon","zh":"稍候"}}"#.to_owned())
        );
    }
}
