//! The end-to-end tests: `node --test` over `tests/e2e`, on a virtual desktop where they need one.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::ensure;

use crate::node;
use crate::shell::{find, program, root, run_within, target};
use crate::system::BROWSER;
use crate::words::said;

pub(super) const FOLDER: &str = "tests/e2e";

/// Whether there are any.
pub(super) fn are_there() -> bool {
    node::is_package(FOLDER)
}

/// Runs a part of them against the programs in a folder; pictures go to `shots` below the target
/// folder.
pub(super) fn run(part: &str, programs: &Path, shots: &str, until: Instant) -> anyhow::Result<()> {
    let files = test_files(part)?;
    ensure!(
        !files.is_empty(),
        "{} {FOLDER}/{part}",
        said("no tests in", "没有测试文件：")
    );
    let shots = target().join(shots);
    fs::create_dir_all(&shots)?;
    let mut command = if part == "desktop" {
        program(
            "xvfb-run",
            [
                "-a",
                "-s",
                "-screen 0 1280x900x24",
                "dbus-run-session",
                "--",
                "node",
                "--test",
                "--test-concurrency=1",
            ],
        )
    } else {
        program("node", ["--test", "--test-concurrency=1"])
    };
    command
        .current_dir(root().join(FOLDER))
        .args(files)
        .env("SHOTS", shots)
        .env("CI", "true");
    for (name, binary) in [
        ("MCP_GATEWAY_BIN", "mcp-gateway"),
        ("MCP_STDIO_BRIDGE_BIN", "mcp-stdio-bridge"),
        ("MCP_GATEWAY_DESKTOP_BIN", "mcp-gateway-desktop"),
    ] {
        command.env(name, programs.join(binary));
    }
    let built = target().join("debug");
    // Never installed.
    command.env("FAKE_MCP_SERVER_BIN", built.join("fake-mcp-server"));
    command.env("FAKE_ALIYUN_BIN", built.join("fake-aliyun"));
    if programs != built {
        // An optimized build keeps its promises of speed and size.
        command.env(
            "MCP_GATEWAY_DESKTOP_RELEASE",
            programs.join("mcp-gateway-desktop"),
        );
    }
    if let Some(browser) = BROWSER.iter().find_map(|name| find(name)) {
        command.env("CHROMIUM_BIN", browser);
    }
    run_within(&mut command, Some(until))
}

/// Every test of the part, in order: `<part>/*.test.*` and `<part>*.test.*`.
fn test_files(part: &str) -> anyhow::Result<Vec<PathBuf>> {
    let top = root().join(FOLDER);
    let mut files = Vec::new();
    for (folder, start) in [(top.join(part), ""), (top, part)] {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_test = [".test.js", ".test.mjs", ".test.ts"]
                .iter()
                .any(|end| name.ends_with(end));
            if is_test && name.starts_with(start) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
