//! Whose are addresses of ours? The packages' launcher says so; on macOS and Windows, bundle and
//! installer do. A build that nobody installed says it by itself, on Linux, where no other does.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use tauri::AppHandle;
use tauri_plugin_deep_link::DeepLinkExt as _;

use super::link::SCHEME;

/// The launcher of the packages; see `productName` in tauri.linux.conf.json.
const LAUNCHER: &str = "mcp-gateway.desktop";
/// The entry of a build that was not installed, by the name under which the plugin removes it.
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
    /// An uninstalled build; whether its program is still there.
    OwnEntry {
        works: bool,
    },
    Other,
}

/// Registers this build where addresses of ours would reach nobody, beside everything else.
pub(crate) fn register_if_wanted(app: &AppHandle) {
    let app = app.clone();
    // It asks programs of the desktop, which take their time.
    tauri::async_runtime::spawn_blocking(move || {
        let Some(handler) = handler() else {
            return;
        };
        let done = match wanted(&handler, is_installed()) {
            Wanted::Register => register(),
            Wanted::Unregister => app.deep_link().unregister(SCHEME).map_err(Into::into),
            Wanted::Nothing => Ok(()),
        };
        if let Err(error) = done {
            tracing::warn!(
                "the desktop does not know that {SCHEME}: addresses are for this app: {error:#}"
            );
        }
    });
}

/// As the plugin would, but at once as a whole, and so that every opener can read it.
fn register() -> anyhow::Result<()> {
    let path = own_entry().context("a user without a home")?;
    let folder = path.parent().context("BUG: an entry lies in a folder")?;
    let program = tauri::utils::platform::current_exe()?;
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(entry(&program.to_string_lossy()).as_bytes())?;
    file.as_file()
        .set_permissions(Permissions::from_mode(0o644))?;
    file.persist(&path)?;
    // The entry is found without its index, too, only more slowly.
    if let Err(error) = Command::new("update-desktop-database").arg(folder).status() {
        tracing::debug!(%error, "the index of desktop entries is as it was");
    }
    let mut default = Command::new("xdg-mime");
    default.args(["default", OWN_ENTRY, &format!("x-scheme-handler/{SCHEME}")]);
    let ended = default.status()?;
    anyhow::ensure!(ended.success(), "xdg-mime: {ended}");
    Ok(())
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
                .and_then(|path| std::fs::read_to_string(path).ok())
                .is_some_and(|entry| program(&entry).is_some_and(Path::exists)),
        },
        _ => Handler::Other,
    })
}

/// The entry of an uninstalled build.
fn own_entry() -> Option<PathBuf> {
    let data = directories::BaseDirs::new()?.data_dir().to_owned();
    Some(data.join("applications").join(OWN_ENTRY))
}

/// The program that an entry starts.
fn program(entry: &str) -> Option<&Path> {
    let line = entry.lines().find_map(|line| line.strip_prefix("Exec="))?;
    let quoted = line.strip_prefix('"').and_then(|line| line.split_once('"'));
    let (program, _) = quoted.or_else(|| line.split_once(' '))?;
    Some(Path::new(program))
}

/// The entry of a program that was not installed.
fn entry(program: &str) -> String {
    let program = exec(program);
    format!(
        "[Desktop Entry]\nType=Application\nName=MCP Gateway\nExec={program} %u\n\
         MimeType=x-scheme-handler/{SCHEME};\nTerminal=false\nNoDisplay=true\n"
    )
}

/// A program as `Exec` has it (Desktop Entry Specification, "The Exec key"): in quotes only where
/// it must be, because `xdg-open` up to 1.1 takes them for a part of the name.
fn exec(program: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+@".contains(c);
    if program.chars().all(plain) {
        return program.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in program.chars() {
        match c {
            // Once for the quotes and once for the value of a key.
            '\\' => quoted.push_str("\\\\\\\\"),
            '"' | '$' | '`' => quoted.extend(["\\\\", c.encode_utf8(&mut [0; 4])]),
            '%' => quoted.push_str("%%"),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
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
        for (line, found) in [
            ("Exec=\"/opt/my app/x\" %u", "/opt/my app/x"),
            ("Exec=/opt/x %u", "/opt/x"),
        ] {
            let entry = format!("[Desktop Entry]\nName=x\n{line}\n");
            assert_eq!(program(&entry), Some(Path::new(found)));
        }
        assert_eq!(program("[Desktop Entry]\n"), None);
    }

    #[test]
    fn a_program_is_quoted_only_where_it_must_be() {
        for (program, written) in [
            ("/opt/x-1/mcp", "/opt/x-1/mcp"),
            ("/opt/软件/mcp", "/opt/软件/mcp"),
            ("/opt/my app/x", "\"/opt/my app/x\""),
            ("/opt/a$b%c", r#""/opt/a\\$b%%c""#),
            (r"/opt/a\b", r#""/opt/a\\\\b""#),
        ] {
            assert_eq!(exec(program), written);
        }
        assert!(entry("/opt/x").contains("\nExec=/opt/x %u\n"));
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
