//! `cargo xtask icons`: the renderer is an example of this crate, compiled when it is asked for.

use std::process::ExitCode;

use crate::shell::{cargo, run};

/// Draws every icon file whose source has changed.
pub(crate) fn draw() -> anyhow::Result<ExitCode> {
    run(&mut cargo([
        "run",
        "--package",
        "xtask",
        "--example",
        "icons",
    ]))?;
    Ok(ExitCode::SUCCESS)
}
