//! What is asked of Cargo in more than one place.

use std::process::Command;

use crate::shell::{cargo, exists, run};

/// `cargo install` builds with the release profile; a licence checker needs
/// no optimizer, and this halves the wait.
const QUICK: [(&str, &str); 4] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
];

/// Formats the Rust sources.
pub(crate) fn format() -> anyhow::Result<()> {
    run(&mut cargo(["fmt", "--all"]))
}

/// Installs cargo-deny where there is none.
pub(crate) fn install_deny(
    runner: impl Fn(&mut Command) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if exists("cargo-deny") || exists("cargo-deny.exe") {
        return Ok(());
    }
    runner(cargo(["install", "--locked", "cargo-deny", "--version", "^0.20"]).envs(QUICK))
}
