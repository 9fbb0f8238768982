//! Whether the app is started when its user logs in.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gateway::words::Words;
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager as _, Wry};
use tauri_plugin_autostart::ManagerExt as _;

use crate::folders::Folders;

/// The option with which a login starts the app: without its window.
pub(crate) const HIDDEN: &str = "--hidden";

/// As it is called among the programs that a login starts.
const NAME: &str = "MCP Gateway";

/// Why the last change did not work, until one does.
#[derive(Debug, Default)]
pub(crate) struct Trouble(Mutex<Option<Words>>);

/// What Tauri needs for it.
pub(crate) fn plugin() -> TauriPlugin<Wry> {
    tauri_plugin_autostart::Builder::new()
        .app_name(NAME)
        .arg(HIDDEN)
        .build()
}

/// Whether it is on, or why that cannot be known.
pub(crate) fn is_on(app: &AppHandle) -> Result<bool, Words> {
    let on = app.autolaunch().is_enabled();
    let on = on.map_err(|error| unchangeable(&error.to_string()))?;
    Ok(on && !is_switched_off(&entry()))
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
    let changed = match unstartable().filter(|_| on) {
        Some(words) => Err(words),
        None => {
            let changed = if on {
                autostart.enable()
            } else {
                autostart.disable()
            };
            changed.map_err(|error| unchangeable(&error.to_string()))
        }
    };
    let trouble = app.state::<Trouble>();
    *trouble.0.lock().unwrap_or_else(PoisonError::into_inner) = changed.clone().err();
    changed
}

fn unchangeable(error: &str) -> Words {
    let Some(place) = place().map(|place| place.display().to_string()) else {
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
fn place() -> Option<PathBuf> {
    let folder = if cfg!(target_os = "macos") {
        "Library/LaunchAgents"
    } else if cfg!(target_os = "linux") {
        ".config/autostart"
    } else {
        return None;
    };
    Some(Folders::find()?.home().join(folder))
}

/// What a Linux desktop reads at login; empty where there is nothing to read.
fn entry() -> String {
    let name = format!("{NAME}.desktop");
    place()
        .filter(|_| cfg!(target_os = "linux"))
        .and_then(|folder| std::fs::read_to_string(folder.join(name)).ok())
        .unwrap_or_default()
}

/// The settings of desktops switch an entry off by such a line instead of removing it.
fn is_switched_off(entry: &str) -> bool {
    entry.lines().any(|line| {
        let line = line.replace(' ', "");
        line == "Hidden=true" || line == "X-GNOME-Autostart-enabled=false"
    })
}

/// Why this program could not be started at login, whatever is written.
fn unstartable() -> Option<Words> {
    let program = std::env::var_os("APPIMAGE")
        .map(PathBuf::from)
        .or_else(|| std::env::current_exe().ok())?;
    if !cfg!(target_os = "linux") || is_plain(&program) {
        return None;
    }
    let program = program.display();
    Some(Words::new(
        format!(
            "Starting at login cannot be set up for {program}: the path has a character that a desktop entry cannot take. Move the program to a folder without spaces and symbols, then try again."
        ),
        format!(
            "无法为 {program} 设置“登录时启动”：路径中有桌面条目不支持的字符。请将程序移到不含空格和符号的目录，然后重试。"
        ),
    ))
}

/// Whether a path can stand unquoted in a desktop entry (Desktop Entry Specification, "The Exec
/// key"), as the library writes it.
fn is_plain(path: &Path) -> bool {
    let reserved = |c: char| c.is_whitespace() || "\"'\\><~|&;$*?#()`%".contains(c);
    path.to_str().is_some_and(|path| !path.contains(reserved))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_can_be_there_and_switched_off() {
        let entry = "[Desktop Entry]\nType=Application\nExec=/usr/bin/app --hidden\n";
        assert!(!is_switched_off(entry));
        assert!(is_switched_off(&format!("{entry}Hidden=true\n")));
        assert!(is_switched_off(&format!(
            "{entry}X-GNOME-Autostart-enabled = false"
        )));
    }

    #[test]
    fn a_path_with_spaces_cannot_be_started() {
        assert!(is_plain(Path::new("/usr/bin/mcp-gateway-desktop")));
        assert!(is_plain(Path::new("/home/李/bin/app")));
        assert!(!is_plain(Path::new("/home/a/My Apps/app")));
        assert!(!is_plain(Path::new("/home/a/100%/app")));
    }
}
