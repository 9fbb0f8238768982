//! The window's way to the core: commands that hand a request to the core's own router.

use serde::Serialize;
use tauri::{AppHandle, Emitter as _, Manager as _, State};

use crate::core::{Ask, Core};

/// An answer as the page's transport expects it.
#[derive(Debug, Serialize)]
pub(crate) struct Reply {
    /// An HTTP status code.
    pub(crate) status: u16,
    /// The body, which is text on every route that the page asks.
    pub(crate) body: String,
}

/// Sends `method path` with a JSON body or none. Fails, in words for a log, if nobody answered.
#[tauri::command]
pub(crate) async fn api(
    core: State<'_, Core>,
    method: String,
    path: String,
    body: Option<String>,
) -> Result<Reply, String> {
    core.request(Ask { method, path, body })
        .await
        .map_err(|error| format!("{error:#}"))
}

/// Tells the page whenever the core begins to serve, waits or has failed: it need not find out by
/// asking again and again.
pub(crate) fn tell_phases(app: &AppHandle) {
    let told = app.clone();
    app.state::<Core>().spawn(|entrance| async move {
        let mut phase = entrance.phase();
        while phase.changed().await.is_ok() {
            phase.mark_unchanged();
            if let Err(error) = told.emit("phase", ()) {
                tracing::warn!(%error, "the page does not hear how the gateway's start goes");
            }
        }
    });
}

/// Ends the app in order, as Quit in the tray does.
#[tauri::command]
pub(crate) fn quit(app: AppHandle) {
    app.exit(0);
}

/// Lets a core that could not start try again.
#[tauri::command]
pub(crate) fn try_again(core: State<'_, Core>) {
    core.try_again();
}
