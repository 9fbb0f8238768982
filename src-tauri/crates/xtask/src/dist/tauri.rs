//! Tauri's own command line, which bundles what Cargo built.
//!
//! It comes through npx and is no dependency of the page: `npm ci` would fail where a registry
//! lacks one of its platforms' packages.

use std::process::Command;

use crate::shell::program;

const PACKAGE: &str = "@tauri-apps/cli@2.12.5";

/// Builds everything with a Cargo profile, then bundles it.
pub(super) fn build(profile: &str) -> Command {
    let npx = if cfg!(windows) { "npx.cmd" } else { "npx" };
    let mut command = program(npx, ["--yes", PACKAGE, "build"]);
    command.args(["--", "--locked", "--profile", profile]);
    // It would ask questions otherwise.
    command.env("CI", "true");
    command
}
