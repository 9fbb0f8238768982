//! The stdio bridge that is installed beside the app.

use std::path::PathBuf;

use tauri::AppHandle;
use tauri_plugin_shell::ShellExt as _;

const BRIDGE: &str = "mcp-stdio-bridge";

/// Where the bridge lies, if it does.
pub(crate) fn bridge(app: &AppHandle) -> Option<PathBuf> {
    let command = match app.shell().sidecar(BRIDGE) {
        Ok(command) => std::process::Command::from(command),
        Err(error) => {
            eprintln!("mcp-gateway-desktop: {BRIDGE}: {error}");
            return None;
        }
    };
    let program = PathBuf::from(command.get_program());
    program.is_file().then_some(program)
}
