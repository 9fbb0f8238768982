//! The folders that npm owns: dependencies and the UI's build, made again
//! only when what they are made from changed.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, ensure};

use crate::shell::{self, npm, root, run, target};
use crate::stamp;
use crate::words::said;

/// The oldest Node that the UI's tools run on.
const OLDEST: (u32, u32) = (20, 19);

/// Whether npm has something to do in this folder.
pub(crate) fn is_package(folder: &str) -> bool {
    root().join(folder).join("package.json").exists()
}

/// `npm ci`, unless the folder already holds what the lock file says.
pub(crate) fn install(
    folder: &str,
    runner: impl Fn(&mut Command) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    check_version()?;
    let files = ["package.json", "package-lock.json"].map(|file| root().join(folder).join(file));
    let stamp = stamp::of(&files, &[])?;
    // Inside node_modules, so that it goes where they go.
    let file = root().join(folder).join("node_modules/.xtask-stamp");
    if !stamp::is(&file, &stamp) {
        runner(&mut npm(folder, ["ci", "--no-audit", "--no-fund"]))?;
        stamp::set(&file, &stamp)?;
    }
    Ok(())
}

/// Builds the UI into `ui/dist`, unless it is there and nothing changed.
pub(crate) fn build_ui() -> anyhow::Result<()> {
    if ui_is_fresh()? {
        println!("{}", said("the interface is up to date", "界面已是最新"));
        return Ok(());
    }
    install("ui", run)?;
    run(&mut npm("ui", ["run", "build"]))?;
    mark_ui_fresh()
}

/// Notes that `ui/dist` was just built from what is there.
pub(crate) fn mark_ui_fresh() -> anyhow::Result<()> {
    Ok(stamp::set(&ui_stamp_file(), &ui_stamp()?)?)
}

/// Formats the UI's sources.
pub(crate) fn format() -> anyhow::Result<ExitCode> {
    install("ui", run)?;
    run(&mut npm("ui", ["run", "format"]))?;
    Ok(ExitCode::SUCCESS)
}

fn ui_is_fresh() -> anyhow::Result<bool> {
    Ok(root().join("ui/dist/index.html").exists() && stamp::is(&ui_stamp_file(), &ui_stamp()?))
}

/// Sources and result: the build script leaves a placeholder in an empty
/// `dist`, which must not pass for the UI.
fn ui_stamp() -> anyhow::Result<String> {
    let sources = stamp::of(&[root().join("ui")], &["node_modules", "dist"])?;
    Ok(sources + &stamp::of(&[root().join("ui/dist/index.html")], &[])?)
}

fn ui_stamp_file() -> PathBuf {
    target().join("xtask/ui.stamp")
}

fn check_version() -> anyhow::Result<()> {
    let missing = || {
        said(
            "Node.js 20.19 or newer is needed: https://nodejs.org",
            "需要 Node.js 20.19 或更新版本：https://nodejs.org",
        )
    };
    let output = shell::program("node", ["--version"])
        .output()
        .context(missing())?;
    ensure!(
        is_new_enough(&String::from_utf8_lossy(&output.stdout)),
        "{} (node {})",
        missing(),
        String::from_utf8_lossy(&output.stdout).trim()
    );
    Ok(())
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .map(str::parse::<u32>);
    matches!((numbers.next(), numbers.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_new_enough("v20.19.0\n"));
        assert!(is_new_enough("v24.1.0"));
        assert!(!is_new_enough("v20.9.0"));
        assert!(!is_new_enough("v18.20.1"));
        assert!(!is_new_enough(""));
    }
}
