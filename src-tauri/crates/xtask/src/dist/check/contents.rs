//! What both packages must hold, and what none may.

use std::path::Path;

use anyhow::{Context, ensure};

use super::{PROGRAMS, output};
use crate::shell::program;

/// Where the only launcher is.
const LAUNCHER: &str = "/usr/share/applications/mcp-gateway.desktop";
/// Files that must be there in both.
const FILES: [&str; 27] = [
    "/usr/bin/mcp-gateway",
    "/usr/bin/mcp-gateway-desktop",
    "/usr/bin/mcp-stdio-bridge",
    LAUNCHER,
    "/usr/share/bash-completion/completions/mcp-gateway",
    "/usr/share/bash-completion/completions/mcp-gateway-desktop",
    "/usr/share/bash-completion/completions/mcp-stdio-bridge",
    "/usr/share/doc/mcp-gateway/changelog.gz",
    "/usr/share/doc/mcp-gateway/examples/config.example.json",
    "/usr/share/doc/mcp-gateway/examples/defaults.jsonc",
    "/usr/share/doc/mcp-gateway/examples/servers.example.json",
    "/usr/share/doc/mcp-gateway/third-party.txt.gz",
    "/usr/share/fish/vendor_completions.d/mcp-gateway-desktop.fish",
    "/usr/share/fish/vendor_completions.d/mcp-gateway.fish",
    "/usr/share/fish/vendor_completions.d/mcp-stdio-bridge.fish",
    "/usr/share/icons/hicolor/128x128/apps/mcp-gateway-desktop.png",
    "/usr/share/icons/hicolor/32x32/apps/mcp-gateway-desktop.png",
    "/usr/share/icons/hicolor/512x512/apps/mcp-gateway-desktop.png",
    "/usr/share/icons/hicolor/scalable/apps/mcp-gateway-desktop.svg",
    "/usr/share/man/man1/mcp-gateway-config-init.1.gz",
    "/usr/share/man/man1/mcp-gateway-desktop.1.gz",
    "/usr/share/man/man1/mcp-gateway.1.gz",
    "/usr/share/man/man1/mcp-stdio-bridge.1.gz",
    "/usr/share/man/zh_CN/man1/mcp-gateway-config-init.1.gz",
    "/usr/share/man/zh_CN/man1/mcp-gateway-desktop.1.gz",
    "/usr/share/man/zh_CN/man1/mcp-gateway.1.gz",
    "/usr/share/man/zh_CN/man1/mcp-stdio-bridge.1.gz",
];
/// Folders outside of which a package has nothing.
const FOLDERS: [&str; 2] = ["/usr/bin/", "/usr/share/"];

/// What is wrong with a list of installed files beyond those that a kind of package adds.
pub(super) fn faults(listed: &[String], own: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    for expected in FILES.iter().chain(own) {
        if !listed.iter().any(|file| file == expected) {
            faults.push(format!("{expected} is missing"));
        }
    }
    for file in listed {
        if !FOLDERS.iter().any(|folder| file.starts_with(folder)) {
            faults.push(format!("{file} does not belong there"));
        }
        if file.starts_with("/usr/bin/") && !FILES.contains(&file.as_str()) {
            faults.push(format!("{file} is no program of ours"));
        }
        if file.contains(' ') {
            faults.push(format!("{file} has a space in its name"));
        }
    }
    faults
}

/// Looks at an unpacked package: the programs and the launcher.
pub(super) fn check_unpacked(top: &Path) -> anyhow::Result<()> {
    for (name, shows_window) in PROGRAMS {
        let file = top.join("usr/bin").join(name);
        let dynamic = output(program("readelf", ["--dynamic"]).arg(&file))?;
        let needed = needed(&dynamic);
        // The bundler once shipped a headless program under the app's name.
        let webkit = needed
            .iter()
            .any(|library| library.starts_with("libwebkit2gtk-"));
        ensure!(
            webkit == shows_window,
            "{name} {} WebKit: {needed:?}",
            if webkit { "links" } else { "does not link" }
        );
    }
    let launcher = top.join(LAUNCHER.trim_start_matches('/'));
    output(program("desktop-file-validate", []).arg(&launcher))?;
    let launcher = std::fs::read_to_string(&launcher).context(LAUNCHER)?;
    for line in [
        "Name=MCP Gateway",
        // Without the %u no address of ours would ever reach the app.
        "Exec=mcp-gateway-desktop %u",
        // And without this the desktop would not know whose they are.
        "MimeType=x-scheme-handler/mcp-gateway;",
        "Icon=mcp-gateway-desktop",
        "StartupWMClass=mcp-gateway-desktop",
    ] {
        ensure!(
            launcher.lines().any(|own| own == line),
            "no {line} in:\n{launcher}"
        );
    }
    ensure!(
        launcher.contains("\nComment[zh_CN]="),
        "no Chinese in:\n{launcher}"
    );
    Ok(())
}

/// The libraries that `readelf --dynamic` says a program needs.
fn needed(dynamic: &str) -> Vec<&str> {
    dynamic
        .lines()
        .filter(|line| line.contains("(NEEDED)"))
        .filter_map(|line| line.split_once('[')?.1.strip_suffix(']'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete() -> Vec<String> {
        FILES.iter().map(|file| (*file).to_owned()).collect()
    }

    #[test]
    fn a_missing_file_and_one_in_a_wrong_place_are_named() {
        assert_eq!(faults(&complete(), &[]), Vec::<String>::new());
        let mut files = complete();
        files.remove(2);
        files.push("/etc/mcp-gateway.json".to_owned());
        files.push("/usr/bin/xtask".to_owned());
        let faults = faults(&files, &["/usr/share/doc/mcp-gateway/copyright"]).join("\n");
        for named in [
            "/usr/bin/mcp-stdio-bridge is missing",
            "copyright is missing",
            "/etc/mcp-gateway.json does not",
            "/usr/bin/xtask is no",
        ] {
            assert!(faults.contains(named), "{faults}");
        }
    }

    #[test]
    fn needed_libraries_are_read_from_readelf() {
        let dynamic = " 0x0000000000000001 (NEEDED)             Shared library: [libgtk-3.so.0]\n \
                       0x000000000000000c (INIT)               0x1000\n";
        assert_eq!(needed(dynamic), ["libgtk-3.so.0"]);
    }
}
