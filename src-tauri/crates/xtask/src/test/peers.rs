//! Real MCP servers and SDK clients for the integration tests: npm packages in
//! `tests/peers`, Python ones in `target/peers-venv`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::node;
use crate::shell::{program, root, succeeds, target};
use crate::stamp;
use crate::words::said;

/// Installs both, unless they are there already.
pub(super) fn install(runner: impl Fn(&mut Command) -> anyhow::Result<()>) -> anyhow::Result<()> {
    node::install("tests/peers", &runner)?;
    let requirements = root().join("tests/peers/requirements.txt");
    let venv = target().join("peers-venv");
    let stamp = stamp::of(std::slice::from_ref(&requirements), &[])?;
    let file = venv.join(".xtask-stamp");
    if stamp::is(&file, &stamp) {
        return Ok(());
    }
    make_venv(&venv)?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--quiet",
        "-r",
    ];
    runner(program(&python_in(&venv).to_string_lossy(), pip).arg(requirements))?;
    Ok(stamp::set(&file, &stamp)?)
}

/// The first Python that can: a version manager's may stand before the
/// system's on the `PATH` and lack what the system's has, or the reverse.
fn make_venv(venv: &Path) -> anyhow::Result<()> {
    ["python3", "/usr/bin/python3", "python"]
        .into_iter()
        .any(|python| succeeds(program(python, ["-m", "venv", "--clear"]).arg(venv)))
        .then_some(())
        .context(said(
            "no Python here can make a virtual environment",
            "没有可以创建虚拟环境的 Python",
        ))
}

fn python_in(venv: &Path) -> PathBuf {
    if cfg!(windows) {
        venv.join("Scripts/python.exe")
    } else {
        venv.join("bin/python")
    }
}
