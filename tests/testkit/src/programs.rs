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
    PROGRAM.get_or_init(build_fake_server).clone()
}

fn build_fake_server() -> PathBuf {
    if let Some(path) = std::env::var_os("FAKE_MCP_SERVER") {
        return path.into();
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .current_dir(repository())
        .args([
            "build",
            "--quiet",
            "--package",
            "testkit",
            "--bin",
            "fake-mcp-server",
            "--message-format=json",
        ])
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
        .filter(|message| message["target"]["name"] == "fake-mcp-server")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the program it built")
}
