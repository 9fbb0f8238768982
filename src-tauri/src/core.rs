//! The gateway core inside the app: a thread and a tokio runtime of its own.
//!
//! The window's runtime never runs a piece of it, so that a busy or dying window delays no
//! client, and the other way round. What the core needs to begin is in `begin`.

use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use gateway::InProcess;
use gateway::words::Words;
use serde_json::json;
use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::api::Reply;
use crate::begin::begin;

/// The gateway gives what runs 30 s to finish; past that, something is stuck and the app goes.
const DRAIN: Duration = Duration::from_secs(33);
/// No answer that the page reads comes near.
const LARGEST_REPLY: usize = 64 << 20;

/// The core as the shell holds it.
#[derive(Debug)]
pub(crate) struct Core {
    runtime: Handle,
    phase: watch::Receiver<Phase>,
    stop: watch::Sender<bool>,
    /// Disconnected once the core's thread has ended. Behind a lock only because the shell's
    /// state is shared; one thread, the one that exits, ever asks.
    ended: std::sync::Mutex<mpsc::Receiver<()>>,
}

/// Where the core is in its life.
#[derive(Debug, Clone)]
enum Phase {
    Starting,
    Running(Router),
    Failed(Words),
}

// === impl Core ===

impl Core {
    /// Starts it; requests wait until it is ready.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .thread_name("core")
            .enable_all()
            .build()
            .context("the core's runtime")?;
        let handle = runtime.handle().clone();
        let (set_phase, phase) = watch::channel(Phase::Starting);
        let (stop, stopped) = watch::channel(false);
        let (alive, ended) = mpsc::channel();
        std::thread::Builder::new()
            .name("core-main".to_owned())
            .spawn(move || {
                runtime.block_on(live(&set_phase, stopped));
                // What is left are file reads and the like: nobody waits for their results.
                runtime.shutdown_background();
                drop(alive);
            })
            .context("the core's thread")?;
        Ok(Self {
            runtime: handle,
            phase,
            stop,
            ended: std::sync::Mutex::new(ended),
        })
    }

    /// Answers a request of the window: by the gateway's own router, or with why there is none.
    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> anyhow::Result<Reply> {
        let mut phase = self.phase.clone();
        let phase = phase
            .wait_for(|phase| !matches!(phase, Phase::Starting))
            .await;
        let router = match &*phase.context("the core has ended")? {
            Phase::Running(router) => router.clone(),
            Phase::Failed(cause) => return Ok(unavailable(cause)),
            Phase::Starting => unreachable!("waited for the end of the start"),
        };
        let request = in_process(method, path, body)?;
        // On the core's runtime: a handler may leave tasks behind that outlive the request.
        let answered = self.runtime.spawn(answer(router, request));
        answered.await.context("the core gave up the request")?
    }

    /// Ends it in order and waits until it has ended.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
        let ended = self
            .ended
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Err(mpsc::RecvTimeoutError::Timeout) = ended.recv_timeout(DRAIN) {
            tracing::error!("the core did not end in time");
        }
    }
}

/// The core's life, on its own thread.
async fn live(phase: &watch::Sender<Phase>, mut stopped: watch::Receiver<bool>) {
    let running = tokio::select! {
        begun = begin() => match begun {
            Ok(running) => running,
            Err(cause) => {
                tracing::error!("{}", cause.en);
                phase.send_replace(Phase::Failed(cause));
                until(&mut stopped).await;
                return;
            }
        },
        () = until(&mut stopped) => return,
    };
    phase.send_replace(Phase::Running(running.router()));
    until(&mut stopped).await;
    running.shutdown().await;
}

/// Waits for the shell to end the core, or to be gone.
async fn until(stopped: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone: the same news.
    drop(stopped.wait_for(|stopped| *stopped).await);
}

/// A request that proves by where it comes from that it is the owner's.
fn in_process(method: &str, path: &str, body: Option<String>) -> anyhow::Result<Request<Body>> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.map_or_else(Body::empty, Body::from))?;
    request.extensions_mut().insert(InProcess);
    Ok(request)
}

async fn answer(router: Router, request: Request<Body>) -> anyhow::Result<Reply> {
    let response = router
        .oneshot(request)
        .await
        .unwrap_or_else(|never| match never {});
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), LARGEST_REPLY).await?;
    Ok(Reply {
        status,
        body: String::from_utf8(body.into())?,
    })
}

/// The answer to everything while there is no gateway; see `failure` in ui/src/api/transport.ts.
fn unavailable(cause: &Words) -> Reply {
    Reply {
        status: StatusCode::SERVICE_UNAVAILABLE.as_u16(),
        body: json!({ "failure": cause }).to_string(),
    }
}
