//! Ends the app in order when the system asks: a signal alone would kill it without its exit hooks.

use tauri::AppHandle;

/// Waits for SIGTERM or SIGINT, then exits as a user's quit does.
#[cfg(unix)]
pub(crate) fn watch(app: AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};

    tauri::async_runtime::spawn(async move {
        let signals = (
            signal(SignalKind::terminate()),
            signal(SignalKind::interrupt()),
        );
        let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
            tracing::warn!("signals cannot be watched: SIGTERM will not end the servers in order");
            return;
        };
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM"),
            _ = interrupt.recv() => tracing::info!("SIGINT"),
        }
        app.exit(0);
    });
}

/// Windows closes the windows of a session that ends; Tauri sees that by itself.
#[cfg(not(unix))]
pub(crate) fn watch(_app: AppHandle) {}
