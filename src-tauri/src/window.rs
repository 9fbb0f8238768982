//! The window. Described in tauri.conf.json and built when it is first shown.

use tauri::{AppHandle, Manager, WebviewWindowBuilder};

const LABEL: &str = "main";

/// Shows the window, in front of others; builds it if there is none.
pub(crate) fn show(app: &AppHandle) -> tauri::Result<()> {
    if let Some(window) = app.get_webview_window(LABEL) {
        window.show()?;
        window.unminimize()?;
        return window.set_focus();
    }
    let config = app
        .config()
        .app
        .windows
        .iter()
        .find(|window| window.label == LABEL);
    let config = config.expect("BUG: tauri.conf.json describes no main window");
    WebviewWindowBuilder::from_config(app, config)?.build()?;
    Ok(())
}

/// Takes the window off the screen at once, while the core still finishes its work.
pub(crate) fn hide(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL)
        && let Err(error) = window.hide()
    {
        tracing::warn!(%error, "the window could not be hidden");
    }
}
