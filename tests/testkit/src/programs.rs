//! Where the programs of the tests are.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The repository.
pub fn repository() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map(PathBuf::from).unwrap_or(here)
}

/// The fake server, built when first asked for: Cargo builds a dependency's
/// library for a test, but not its programs.
///
/// # Panics
/// If it cannot be built.
pub fn fake_server() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let there = std::env::var_os("FAKE_MCP_SERVER").map(PathBuf::from);
        there.unwrap_or_else(|| build("fake-mcp-server"))
    });
    program.clone()
}

/// The server that the conformance suite is run against, built when first asked for.
///
/// # Panics
/// If it cannot be built.
pub fn conformance_server() -> PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| build("conformance-server")).clone()
}

fn build(name: &str) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .current_dir(repository())
        .args(["build", "--quiet", "--package", "testkit", "--bin", name])
        .arg("--message-format=json")
        .output()
        .expect("cargo can be started");
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let messages = String::from_utf8_lossy(&built.stdout);
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the program it built")
}
