//! Lints for systems that this one is not: they find what only a `#[cfg]` hides. Nothing is linked,
//! so that the compiler's target is all that is needed, and for dependencies with C a compiler.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::rust;
use crate::shell::{cargo, exists, run_within};
use crate::words::said;

const WINDOWS: &str = "x86_64-pc-windows-gnu";
const MACOS: &str = "aarch64-apple-darwin";
const WINDOWS_C: &str = "x86_64-w64-mingw32-gcc";
/// Crates that compile C or Objective-C, for which Linux has no compiler: their build scripts are
/// not run, and what these would have told Cargo is said instead.
const MACOS_SCRIPTS: [(&str, &[&str]); 2] = [
    (
        "aws-lc-sys",
        &[
            "rustc-cfg=[\"aarch64_apple_darwin\"]",
            "include=\"\"",
            "libcrypto=\"\"",
            "conf=\"\"",
        ],
    ),
    ("objc2-exception-helper", &["rustc-cfg=[]"]),
];
/// All that is neither a program nor for tests alone.
pub(super) const LIBRARIES: [&str; 8] = [
    "wire",
    "eras",
    "vault",
    "oauth-client",
    "oauth-server",
    "gateway",
    "bridge",
    "cli",
];
const APP: &str = "mcp-gateway-app";

/// Returns why it cannot be done here, if it cannot.
pub(super) fn windows(until: Instant) -> anyhow::Result<Option<String>> {
    let why = target(WINDOWS, until);
    if why.is_some() {
        return Ok(why);
    }
    if !exists(WINDOWS_C) {
        return Ok(Some(format!("{} {WINDOWS_C}", said("there is no", "没有"))));
    }
    // Their tests too, which the release workflow runs on Windows.
    let mut command = cargo(["clippy", "--locked", "--target", WINDOWS, "--all-targets"]);
    for name in LIBRARIES {
        command.args(["--package", name]);
    }
    lint(&mut command, until)
}

/// Returns why it cannot be done here, if it cannot.
pub(super) fn macos(until: Instant) -> anyhow::Result<Option<String>> {
    let why = target(MACOS, until);
    if why.is_some() {
        return Ok(why);
    }
    let metadata = cargo(["metadata", "--locked", "--format-version", "1"]).output()?;
    let metadata: Value = serde_json::from_slice(&metadata.stdout)?;
    let mut command = clippy(MACOS);
    for (name, settings) in MACOS_SCRIPTS {
        let links = links(&metadata, name)?;
        for setting in settings {
            let setting = format!("target.{MACOS}.{links}.{setting}");
            command.args(["--config", &setting]);
        }
    }
    lint(&mut command, until)
}

fn target(name: &str, until: Instant) -> Option<String> {
    rust::add_target(name, |command| run_within(command, Some(until)))
}

/// Libraries and programs.
fn clippy(target: &str) -> Command {
    let mut command = cargo(["clippy", "--locked", "--target", target, "--lib", "--bins"]);
    for name in LIBRARIES.into_iter().chain([APP]) {
        command.args(["--package", name]);
    }
    command
}

fn lint(clippy: &mut Command, until: Instant) -> anyhow::Result<Option<String>> {
    run_within(clippy.args(["--", "-D", "warnings"]), Some(until))?;
    Ok(None)
}

/// The name under which Cargo knows the native library of a crate; it changes with the version.
fn links<'a>(metadata: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    let packages = metadata["packages"].as_array().context("no packages")?;
    let mut named = packages.iter().filter(|package| package["name"] == name);
    let package = named.next().with_context(|| format!("no crate {name}"))?;
    ensure!(named.next().is_none(), "two versions of {name}");
    package["links"]
        .as_str()
        .with_context(|| format!("{name} links nothing"))
}
