//! What the Linux packages hold beside programs, desktop file and icons, laid out as it will be
//! installed. Tauri asks for it (`beforeBundleCommand`) and copies the folders as they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use super::notices;
use crate::shell::{cargo, program, root, run, target};

/// The two kinds of packages differ in where a few things belong.
struct Layout {
    folder: &'static str,
    zsh: &'static str,
    /// The licence: source in the repository, place below `usr/share`.
    licence: (&'static str, &'static str),
}

const LAYOUTS: [Layout; 2] = [
    Layout {
        folder: "deb",
        zsh: "zsh/vendor-completions",
        licence: ("src-tauri/bundle/copyright", "doc/mcp-gateway/copyright"),
    },
    Layout {
        folder: "rpm",
        zsh: "zsh/site-functions",
        licence: ("LICENSE", "licenses/mcp-gateway/LICENSE"),
    },
];

/// Source in the repository, place below `usr/share`. Those that are read rarely are packed.
const PLAIN: [(&str, &str); 4] = [
    (
        "icons/icon.svg",
        "icons/hicolor/scalable/apps/mcp-gateway-desktop.svg",
    ),
    (
        "config/config.example.json",
        "doc/mcp-gateway/examples/config.example.json",
    ),
    (
        "config/servers.example.json",
        "doc/mcp-gateway/examples/servers.example.json",
    ),
    (
        "config/defaults.jsonc",
        "doc/mcp-gateway/examples/defaults.jsonc",
    ),
];
const CHANGELOG: (&str, &str) = ("CHANGELOG.md", "doc/mcp-gateway/changelog");
const NOTICES: &str = "doc/mcp-gateway/third-party.txt";

/// Writes the folders afresh, below `target/dist-files`.
pub(crate) fn write() -> anyhow::Result<ExitCode> {
    // Where tauri.conf.json looks, wherever Cargo builds.
    let top = root().join("target/dist-files");
    if top.exists() {
        fs::remove_dir_all(&top)?;
    }
    let documents = target().join("dist-documents");
    if documents.exists() {
        fs::remove_dir_all(&documents)?;
    }
    run(cargo([
        "run",
        "--locked",
        "--package",
        "cli",
        "--example",
        "documents",
    ])
    .arg(&documents))?;
    let notices = notices::text()?;
    for layout in &LAYOUTS {
        layout.write(&top, &documents, &notices)?;
    }
    Ok(ExitCode::SUCCESS)
}

// === impl Layout ===

impl Layout {
    fn write(&self, top: &Path, documents: &Path, notices: &str) -> anyhow::Result<()> {
        let share = top.join(self.folder).join("usr/share");
        copy(documents, &share)?;
        let zsh = share.join(self.zsh);
        fs::create_dir_all(&zsh)?;
        for file in files_below(&share.join("zsh"))? {
            let name = file.file_name().context("BUG: a file has a name")?;
            if file.parent() != Some(&zsh) {
                fs::rename(&file, zsh.join(name))?;
            }
        }
        for (from, to) in PLAIN.iter().chain([&self.licence]) {
            copy(&root().join(from), &share.join(to))?;
        }
        copy(&root().join(CHANGELOG.0), &share.join(CHANGELOG.1))?;
        fs::write(share.join(NOTICES), notices)?;
        let packed = ["man", CHANGELOG.1, NOTICES].map(|name| share.join(name));
        // Without names and times, so that equal input makes equal packages.
        run(program("gzip", ["-9", "--no-name", "--recursive"]).args(packed))
    }
}

/// Copies a file, or a folder with all that it holds.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    if !from.is_dir() {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        // The content alone: what a checkout made executable is not.
        let content = fs::read(from).with_context(|| from.display().to_string())?;
        return Ok(fs::write(to, content)?);
    }
    for file in files_below(from)? {
        copy(&file, &to.join(file.strip_prefix(from)?))?;
    }
    Ok(())
}

/// Every file of a folder and of those inside, in order.
fn files_below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
