//! Ends the app in order when the system asks: a signal alone would kill it without its exit hooks.

use tauri::AppHandle;

/// What a shell gives a program that ended by SIGINT.
#[cfg(unix)]
const INTERRUPTED: i32 = 130;

/// Waits for SIGTERM, SIGINT or SIGHUP, then exits as a user's quit does. The next one does not
/// wait for calls in flight.
#[cfg(unix)]
pub(crate) fn watch(app: AppHandle) {
    tauri::async_runtime::spawn(async move {
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => {
                tracing::warn!(%error, "signals cannot be watched: SIGTERM will not end the servers in order");
                return;
            }
        };
        let name = signals.next().await;
        tracing::info!("{name}: calls in flight may finish; once more to stop at once");
        app.exit(0);
        signals.next().await;
        std::process::exit(INTERRUPTED);
    });
}

/// Windows closes the windows of a session that ends; Tauri sees that by itself.
#[cfg(not(unix))]
pub(crate) fn watch(_app: AppHandle) {}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    /// The terminal is closed, or the session ends.
    hangup: tokio::signal::unix::Signal,
}

// === impl Signals ===

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.hangup.recv() => "SIGHUP",
        }
    }
}
