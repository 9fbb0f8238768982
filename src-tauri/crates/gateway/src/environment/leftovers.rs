//! Variables that are no child's business: the gateway's secrets, and what a service
//! manager, a package format or a desktop left in its environment for it alone. Pure.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::variables::Variables;

/// All of the gateway's own begin with this, secrets and settings alike.
const OWN: &str = "MCP_GATEWAY_";

/// Each misleads a child into believing that it was started by somebody else.
const LEFT: &[&str] = &[
    // systemd: a child that sees them reports ready, feeds the watchdog or takes sockets in the
    // gateway's name, and reads the gateway's credentials.
    "CREDENTIALS_DIRECTORY",
    "FDSTORE",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_PIDFDID",
    "MAINPID",
    "MANAGERPID",
    "MANAGERPIDFDID",
    "MEMORY_PRESSURE_WATCH",
    "MEMORY_PRESSURE_WRITE",
    "NOTIFY_SOCKET",
    "SYSTEMD_EXEC_PID",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
    // A desktop: they belong to the one window that was being opened.
    "BAMF_DESKTOP_FILE_HINT",
    "DESKTOP_AUTOSTART_ID",
    "DESKTOP_STARTUP_ID",
    "GIO_LAUNCHED_DESKTOP_FILE",
    "GIO_LAUNCHED_DESKTOP_FILE_PID",
    "XDG_ACTIVATION_TOKEN",
    "__CFBundleIdentifier",
    "XPC_SERVICE_NAME",
    // Electron, as Claude Desktop: with them a child's own Electron is a bare Node.js.
    "ELECTRON_NO_ATTACH_CONSOLE",
    "ELECTRON_RUN_AS_NODE",
    // AppImage: with them a child looks into our image instead of the system.
    "APPDIR",
    "APPIMAGE",
    "ARGV0",
    "OWD",
    // What tells the login shell's files that nobody sits before it.
    "INTELLIJ_ENVIRONMENT_READER",
    "VSCODE_RESOLVING_ENVIRONMENT",
];

/// Without them.
pub(super) fn without(variables: &Variables) -> Variables {
    let packages = packages(variables);
    let mut kept = Variables::default();
    for (name, value) in variables.iter() {
        if packages.iter().all(|package| !mentions(value, package)) {
            kept.set(name, value);
        } else if let Some(rest) = without_folders(value, &packages) {
            kept.set(name, rest);
        }
    }
    kept.retain(|name| {
        let snap = name == "SNAP" || name.starts_with("SNAP_");
        !(name.starts_with(OWN) || LEFT.contains(&name) || snap)
    });
    kept
}

/// Where the package is unpacked that the gateway was started from. Its folders stand in
/// `LD_LIBRARY_PATH`, `PATH`, `XDG_DATA_DIRS`, `GTK_PATH` and others.
fn packages(variables: &Variables) -> Vec<PathBuf> {
    ["APPDIR", "SNAP"]
        .into_iter()
        .filter_map(|name| variables.get(name))
        .map(PathBuf::from)
        // Anything shorter than two names is the system's.
        .filter(|folder| folder.is_absolute() && folder.components().count() > 2)
        .collect()
}

fn mentions(value: &std::ffi::OsStr, package: &Path) -> bool {
    std::env::split_paths(value).any(|folder| folder.starts_with(package))
}

/// A list of folders without those of packages; `None` where nothing remains.
fn without_folders(value: &std::ffi::OsStr, packages: &[PathBuf]) -> Option<OsString> {
    let kept = std::env::split_paths(value).filter(|folder| {
        !folder.as_os_str().is_empty()
            && packages.iter().all(|package| !folder.starts_with(package))
    });
    std::env::join_paths(kept)
        .ok()
        .filter(|rest| !rest.is_empty())
}
