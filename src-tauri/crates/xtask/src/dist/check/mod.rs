//! Are the Linux packages what users should get? Looks into them, then installs, uses and
//! removes them.

mod contents;
mod deb;
mod installed;
mod rpm;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::shell::line;
use crate::words::said;

pub(crate) use installed::hindrance;

/// The package's name, also that of the headless program.
const NAME: &str = "mcp-gateway";
/// The programs, and whether each one shows a window.
const PROGRAMS: [(&str, bool); 3] = [
    ("mcp-gateway", false),
    ("mcp-gateway-desktop", true),
    ("mcp-stdio-bridge", false),
];

/// Looks into the packages below a bundle folder.
pub(crate) fn contents(bundle: &Path) -> anyhow::Result<()> {
    let scratch = Scratch::new("contents")?;
    deb::check(&package(bundle, "deb")?, &scratch.0)?;
    rpm::check(&package(bundle, "rpm")?, &scratch.0)
}

/// Installs the Debian package on this system, uses what it brought, and removes it again.
/// `usage` gets the folder with the programs.
pub(crate) fn installed(
    bundle: &Path,
    usage: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let scratch = Scratch::new("installed")?;
    installed::check(&package(bundle, "deb")?, &scratch.0, usage)
}

/// The only package of its kind.
fn package(bundle: &Path, kind: &str) -> anyhow::Result<PathBuf> {
    let all = super::packages(bundle)?;
    let mut own = all
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == kind));
    let first = own.next().with_context(|| {
        let folder = bundle.display();
        format!(
            "{} {folder}: .{kind}",
            said("there is none in", "目录中没有安装包")
        )
    })?;
    ensure!(own.next().is_none(), "two .{kind} in {}", bundle.display());
    Ok(first)
}

/// What a command prints; its failure is an error that says what it printed.
fn output(command: &mut Command) -> anyhow::Result<String> {
    println!("$ {}", line(command));
    let output = command
        .output()
        .with_context(|| format!("{}: {}", said("cannot start", "无法启动"), line(command)))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "{} ({}): {text}{}",
        line(command),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(text)
}

/// A folder of one's own that goes with its owner.
struct Scratch(PathBuf);

// === impl Scratch ===

impl Scratch {
    fn new(name: &str) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{}: {error}", self.0.display());
        }
    }
}
