//! What is asked of Cargo and rustup in more than one place.

use std::process::Command;

use crate::shell::{cargo, exists, program, run};
use crate::words::said;

/// `cargo install` builds with the release profile; a licence checker needs
/// no optimizer, and this halves the wait.
const QUICK: [(&str, &str); 4] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
];

/// The workspaces: the product, and the fuzzer's, which is compiled in another way.
pub(crate) const MANIFESTS: [&str; 2] = ["Cargo.toml", "tests/fuzz/Cargo.toml"];

/// Formats the Rust sources.
pub(crate) fn format() -> anyhow::Result<()> {
    for manifest in MANIFESTS {
        run(&mut cargo(["fmt", "--all", "--manifest-path", manifest]))?;
    }
    Ok(())
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

/// Makes the toolchain able to compile for another system. Returns why it cannot, if it cannot:
/// that is no fault of the code.
pub(crate) fn add_target(
    target: &str,
    runner: impl Fn(&mut Command) -> anyhow::Result<()>,
) -> Option<String> {
    let installed = program("rustup", ["target", "list", "--installed"]).output();
    let Ok(installed) = installed else {
        return Some(said("there is no rustup", "没有 rustup").to_owned());
    };
    let installed = String::from_utf8_lossy(&installed.stdout);
    if installed.lines().any(|line| line == target) {
        return None;
    }
    let added = runner(&mut program("rustup", ["target", "add", target]));
    added.err().map(|error| {
        let what = said(
            "its standard library could not be fetched",
            "无法获取其标准库",
        );
        format!("{target}: {what}: {error:#}")
    })
}
