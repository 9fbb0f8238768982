//! Whose are addresses of ours? The packages' launcher says so; on macOS and Windows, bundle and
//! installer do. A build that nobody installed says it by itself, on Linux, where no other does.

use std::path::{Path, PathBuf};
use std::process::Command;

use tauri::AppHandle;
use tauri_plugin_deep_link::DeepLinkExt as _;

use super::link::SCHEME;

/// The launcher of the packages; see `productName` in tauri.linux.conf.json.
const LAUNCHER: &str = "mcp-gateway.desktop";
/// The entry that the plugin writes for a build that was not installed.
const OWN_ENTRY: &str = "mcp-gateway-desktop-handler.desktop";

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Take the addresses.
    Register,
    /// Leave them to the launcher of the package, before which an entry of the user's goes.
    Unregister,
    /// All is well.
    Nothing,
}

/// Who gets the addresses now.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Handler {
    Nobody,
    /// An entry that an uninstalled build wrote; whether its program is still there.
    OwnEntry {
        works: bool,
    },
    Other,
}

/// Registers this build where addresses of ours would reach nobody, beside everything else.
pub(crate) fn register_if_wanted(app: &AppHandle) {
    if !cfg!(target_os = "linux") {
        return;
    }
    let app = app.clone();
    // It asks programs of the desktop, which take their time.
    tauri::async_runtime::spawn_blocking(move || {
        let Some(handler) = handler() else {
            return;
        };
        let done = match wanted(&handler, is_installed()) {
            Wanted::Register => app.deep_link().register(SCHEME),
            Wanted::Unregister => app.deep_link().unregister(SCHEME),
            Wanted::Nothing => Ok(()),
        };
        if let Err(error) = done {
            tracing::warn!(%error, "the desktop does not know that {SCHEME}: addresses are for this app");
        }
    });
}

fn wanted(handler: &Handler, installed: bool) -> Wanted {
    match handler {
        Handler::OwnEntry { .. } if installed => Wanted::Unregister,
        Handler::OwnEntry { works: false } => Wanted::Register,
        // A package's launcher that the desktop has not noticed yet stays the one to be noticed.
        Handler::Nobody if !installed => Wanted::Register,
        Handler::Nobody | Handler::OwnEntry { works: true } | Handler::Other => Wanted::Nothing,
    }
}

/// Nothing where it cannot be found out.
fn handler() -> Option<Handler> {
    let mut asked = Command::new("xdg-mime");
    asked.args(["query", "default", &format!("x-scheme-handler/{SCHEME}")]);
    let output = match asked.output() {
        Ok(output) => output,
        Err(error) => {
            tracing::info!(%error, "who opens {SCHEME}: addresses cannot be found out without xdg-mime");
            return None;
        }
    };
    let said = String::from_utf8_lossy(&output.stdout);
    Some(match said.lines().next().map_or("", str::trim) {
        "" => Handler::Nobody,
        OWN_ENTRY => Handler::OwnEntry {
            works: own_entry()
                .is_some_and(|entry| program(&entry).is_some_and(|path| path.exists())),
        },
        _ => Handler::Other,
    })
}

/// The text of the entry of an uninstalled build.
fn own_entry() -> Option<String> {
    let data = directories::BaseDirs::new()?.data_dir().to_owned();
    std::fs::read_to_string(data.join("applications").join(OWN_ENTRY)).ok()
}

/// The program that an entry starts.
fn program(entry: &str) -> Option<PathBuf> {
    let line = entry.lines().find_map(|line| line.strip_prefix("Exec="))?;
    let quoted = line.strip_prefix('"')?;
    Some(quoted.split_once('"')?.0.into())
}

/// Whether this program came with a launcher: both lie below the same folder.
fn is_installed() -> bool {
    std::env::current_exe()
        .is_ok_and(|program| launcher_of(&program).is_some_and(|launcher| launcher.is_file()))
}

fn launcher_of(program: &Path) -> Option<PathBuf> {
    let folder = program.parent()?;
    (folder.file_name()? == "bin").then_some(())?;
    Some(folder.parent()?.join("share/applications").join(LAUNCHER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_reach_nobody_are_taken() {
        let works = Handler::OwnEntry { works: true };
        let broken = Handler::OwnEntry { works: false };
        for (handler, uninstalled, installed) in [
            (Handler::Nobody, Wanted::Register, Wanted::Nothing),
            (Handler::Other, Wanted::Nothing, Wanted::Nothing),
            (works, Wanted::Nothing, Wanted::Unregister),
            (broken, Wanted::Register, Wanted::Unregister),
        ] {
            assert_eq!(wanted(&handler, false), uninstalled, "{handler:?}");
            assert_eq!(wanted(&handler, true), installed, "{handler:?}");
        }
    }

    #[test]
    fn the_program_of_an_entry_is_found() {
        let entry = "[Desktop Entry]\nName=x\nExec=\"/opt/my app/mcp-gateway-desktop\" %u\n";
        assert_eq!(
            program(entry),
            Some(PathBuf::from("/opt/my app/mcp-gateway-desktop"))
        );
        assert_eq!(program("Exec=mcp-gateway-desktop %u"), None);
    }

    #[test]
    fn a_launcher_lies_beside_the_programs_of_its_package() {
        assert_eq!(
            launcher_of(Path::new("/usr/bin/mcp-gateway-desktop")),
            Some(PathBuf::from("/usr/share/applications/mcp-gateway.desktop"))
        );
        assert_eq!(
            launcher_of(Path::new("/src/target/debug/mcp-gateway-desktop")),
            None
        );
    }
}
