//! Whether the app is started when its user logs in.

use std::sync::{Mutex, PoisonError};

use gateway::words::Words;
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager as _, Wry};
use tauri_plugin_autostart::ManagerExt as _;

use crate::folders::Folders;

/// The option with which a login starts the app: without its window.
pub(crate) const HIDDEN: &str = "--hidden";

/// Why the last change did not work, until one does.
#[derive(Debug, Default)]
pub(crate) struct Trouble(Mutex<Option<Words>>);

/// What Tauri needs for it.
pub(crate) fn plugin() -> TauriPlugin<Wry> {
    tauri_plugin_autostart::Builder::new().arg(HIDDEN).build()
}

/// Whether it is on, or why that cannot be known.
pub(crate) fn is_on(app: &AppHandle) -> Result<bool, Words> {
    let on = app.autolaunch().is_enabled();
    on.map_err(|error| unchangeable(&error.to_string()))
}

/// The trouble with the last change.
pub(crate) fn trouble(app: &AppHandle) -> Option<Words> {
    let trouble = app.state::<Trouble>();
    let trouble = trouble.0.lock().unwrap_or_else(PoisonError::into_inner);
    trouble.clone()
}

/// Turns it on or off. Writes a file, so not for the main thread.
///
/// # Errors
/// In words: the system's folder for it cannot be written.
pub(crate) fn set(app: &AppHandle, on: bool) -> Result<(), Words> {
    let autostart = app.autolaunch();
    let changed = if on {
        autostart.enable()
    } else {
        autostart.disable()
    };
    let changed = changed.map_err(|error| unchangeable(&error.to_string()));
    let trouble = app.state::<Trouble>();
    *trouble.0.lock().unwrap_or_else(PoisonError::into_inner) = changed.clone().err();
    changed
}

fn unchangeable(error: &str) -> Words {
    let Some(place) = place() else {
        return Words::new(
            format!("Starting at login could not be changed: {error}."),
            format!("无法更改“登录时启动”：{error}。"),
        );
    };
    Words::new(
        format!(
            "Starting at login could not be changed: {error}. Make {place} a folder that you can write to, then try again."
        ),
        format!("无法更改“登录时启动”：{error}。请确保 {place} 是可写的目录，然后重试。"),
    )
}

/// Where the system keeps what it starts at login, if that is a folder.
fn place() -> Option<String> {
    let folder = if cfg!(target_os = "macos") {
        "Library/LaunchAgents"
    } else if cfg!(target_os = "linux") {
        ".config/autostart"
    } else {
        return None;
    };
    Some(Folders::find()?.home().join(folder).display().to_string())
}
