//! Variables that are no child's business: the gateway's secrets, and what a service
//! manager, a package format or a desktop left in its environment for it alone. Pure.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::variables::Variables;

/// All of the gateway's own begin with this, secrets and settings alike.
const OWN: &str = "MCP_GATEWAY_";

/// Each misleads a child into believing that it was started by somebody else.
const LEFT: &[&str] = &[
    // Only meant for the shell that is asked for its environment.
    "DISABLE_AUTO_UPDATE",
    "ZSH_TMUX_AUTOSTART",
    "ZSH_TMUX_AUTOSTARTED",
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
        // On Windows a name is the same however it is written.
        let upper = name.to_ascii_uppercase();
        let name = if cfg!(windows) { upper.as_str() } else { name };
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

fn mentions(value: &OsStr, package: &Path) -> bool {
    std::env::split_paths(value).any(|folder| folder.starts_with(package))
}

/// A list of folders without those of packages; `None` where nothing remains.
fn without_folders(value: &OsStr, packages: &[PathBuf]) -> Option<OsString> {
    let kept = std::env::split_paths(value).filter(|folder| {
        !folder.as_os_str().is_empty()
            && packages.iter().all(|package| !folder.starts_with(package))
    });
    std::env::join_paths(kept)
        .ok()
        .filter(|rest| !rest.is_empty())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Variables {
        pairs.iter().copied().collect()
    }

    #[test]
    fn the_gateways_secrets_stay_with_it() {
        let own = of(&[
            ("MCP_GATEWAY_KEY", "k"),
            ("MCP_GATEWAY_PASSPHRASE", "p"),
            ("MCP_GATEWAY_TOKEN", "t"),
            ("MCP_GATEWAY_ANYTHING", "a"),
            (
                "CREDENTIALS_DIRECTORY",
                "/run/credentials/mcp-gateway.service",
            ),
            ("GITHUB_TOKEN", "the user's"),
        ]);
        assert_eq!(without(&own), of(&[("GITHUB_TOKEN", "the user's")]));
    }

    #[test]
    fn no_child_takes_itself_for_the_service_or_the_window() {
        let own = of(&[
            ("NOTIFY_SOCKET", "/run/notify"),
            ("INVOCATION_ID", "1"),
            ("JOURNAL_STREAM", "8:1"),
            ("LISTEN_FDS", "1"),
            ("LISTEN_PID", "1"),
            ("WATCHDOG_USEC", "1"),
            ("DESKTOP_STARTUP_ID", "x"),
            ("XDG_ACTIVATION_TOKEN", "x"),
            ("ELECTRON_RUN_AS_NODE", "1"),
            ("DISPLAY", ":0"),
            ("XDG_RUNTIME_DIR", "/run/user/1000"),
            ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus"),
        ]);
        let kept = of(&[
            ("DISPLAY", ":0"),
            ("XDG_RUNTIME_DIR", "/run/user/1000"),
            ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus"),
        ]);
        assert_eq!(without(&own), kept);
    }

    #[test]
    fn no_child_looks_into_the_image_that_the_gateway_came_in() {
        let own = of(&[
            ("APPDIR", "/tmp/.mount_mcp123"),
            ("APPIMAGE", "/home/me/mcp.AppImage"),
            ("LD_LIBRARY_PATH", "/tmp/.mount_mcp123/usr/lib"),
            ("GIO_MODULE_DIR", "/tmp/.mount_mcp123/usr/lib/gio"),
            ("XDG_DATA_DIRS", "/tmp/.mount_mcp123/usr/share:/usr/share"),
            ("PATH", "/tmp/.mount_mcp123/usr/bin:/usr/bin:/bin"),
            ("HOME", "/home/me"),
        ]);
        let kept = of(&[
            ("XDG_DATA_DIRS", "/usr/share"),
            ("PATH", "/usr/bin:/bin"),
            ("HOME", "/home/me"),
        ]);
        assert_eq!(without(&own), kept);
    }

    #[test]
    fn a_snap_that_started_the_gateway_leaves_nothing() {
        let own = of(&[
            ("SNAP", "/snap/code/12"),
            ("SNAP_NAME", "code"),
            ("GTK_PATH", "/snap/code/12/usr/lib/gtk-3.0"),
            ("PATH", "/snap/bin:/usr/bin"),
        ]);
        assert_eq!(without(&own), of(&[("PATH", "/snap/bin:/usr/bin")]));
    }

    #[test]
    fn a_package_that_is_everywhere_takes_nothing_away() {
        let own = of(&[("APPDIR", "/"), ("PATH", "/usr/bin:/bin")]);
        assert_eq!(without(&own), of(&[("PATH", "/usr/bin:/bin")]));
    }
}
