//! The life of a bridge: read until the client is gone, let running calls
//! finish, end the session.

use std::future::pending;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;

use crate::args::Language;
use crate::input::Input;
use crate::output::Output;
use crate::relay::{Relay, within};
use crate::remote::Remote;
use crate::stream;
use crate::target::Target;

/// How long calls may go on after the client has left.
const GRACE: Duration = Duration::from_secs(5);
/// How long ending the session may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// Why a bridge ended other than by the client's leave.
#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    /// What the client writes cannot be read.
    #[error("cannot read from the client: {0}")]
    Input(#[source] std::io::Error),
    /// The client does not read what it is sent.
    #[error("cannot write to the client: {0}")]
    Output(#[source] std::io::Error),
}

/// Bridges a client to a gateway until `reader` ends.
///
/// # Errors
/// See [`BridgeError`]. An absent gateway is no error of the bridge.
pub async fn run<R, W>(reader: R, writer: W, target: Target) -> Result<(), BridgeError>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin + Send + 'static,
{
    run_until(reader, writer, target, pending()).await
}

/// Bridges a client to a gateway until `reader` ends or `shutdown` is done.
///
/// # Errors
/// See [`BridgeError`].
pub async fn run_until<R, W>(
    reader: R,
    writer: W,
    target: Target,
    shutdown: impl Future<Output = ()>,
) -> Result<(), BridgeError>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let (out, writing) = Output::start(writer);
    let relay = Relay::new(Remote::new(target), out);
    let listening = tokio::spawn(stream::keep_open(relay.clone()));
    let mut calls = JoinSet::new();

    let read = read_all(Input::new(reader), &relay, &mut calls, shutdown).await;
    finish(&relay, &mut calls).await;
    listening.abort();
    // Its handle on the output must be gone before the writer can end.
    listening.await.ok();
    say_goodbye(&relay).await;
    drop(relay);
    let written = writing
        .await
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));

    written
        .map_err(BridgeError::Output)
        .and(read.map_err(BridgeError::Input))
}

async fn read_all<R: AsyncRead + Unpin>(
    mut input: Input<R>,
    relay: &Arc<Relay>,
    calls: &mut JoinSet<()>,
    shutdown: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let mut shutdown = pin!(shutdown);
    loop {
        let line = tokio::select! {
            line = input.next() => line?,
            () = relay.out.closed() => return Ok(()),
            () = &mut shutdown => return Ok(()),
        };
        let Some(line) = line else { return Ok(()) };
        tokio::select! {
            () = relay.accept(line, calls) => {}
            () = relay.out.closed() => return Ok(()),
            () = &mut shutdown => return Ok(()),
        }
    }
}

/// Waits for calls in flight; what takes too long is cancelled.
async fn finish(relay: &Relay, calls: &mut JoinSet<()>) {
    // These would go on for as long as the gateway does.
    relay.modern.end_subscriptions();
    let all_done = async { while calls.join_next().await.is_some() {} };
    let done = tokio::select! {
        done = tokio::time::timeout(GRACE, all_done) => done.is_ok(),
        () = relay.out.closed() => false,
    };
    if done {
        return;
    }
    let unfinished = relay.unfinished();
    calls.shutdown().await;
    let cancelling = async {
        for id in unfinished {
            relay.cancel(&id).await;
        }
    };
    if tokio::time::timeout(FAREWELL, cancelling).await.is_err() {
        tracing::debug!("the gateway does not take the cancellations");
    }
}

async fn say_goodbye(relay: &Relay) {
    let session = relay.sessions.current();
    if session.id.is_none() {
        return;
    }
    if let Err(fault) = within(FAREWELL, relay.remote.delete(&session)).await {
        tracing::debug!(
            "the session was not ended: {}",
            fault.text(Language::English)
        );
    }
}

/// See [`crate::serve`].
pub(crate) fn serve(target: Target) -> ExitCode {
    start_logging();
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(run_until(
        tokio::io::stdin(),
        tokio::io::stdout(),
        target,
        termination(),
    ));
    // Reading stdin blocks a thread of the runtime for good; it must not be waited for.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Logs on stderr, warnings and worse unless `LOG_LEVEL` says otherwise.
fn start_logging() {
    let filter = std::env::var("LOG_LEVEL").unwrap_or_default();
    let filter = tracing_subscriber::EnvFilter::try_new(filter.to_ascii_lowercase())
        .ok()
        .filter(|_| !filter.is_empty())
        .unwrap_or_else(|| tracing_subscriber::EnvFilter::new("warn"));
    let subscriber = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false);
    // Fails only where logs are already set up, which then stay as they are.
    subscriber.with_env_filter(filter).try_init().ok();
}

#[cfg(unix)]
async fn termination() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(not(unix))]
async fn termination() {
    if tokio::signal::ctrl_c().await.is_err() {
        pending().await
    }
}
