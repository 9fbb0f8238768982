//! What docs/deploy holds fits the program and the system that it is for.

use std::process::Command;

use testkit::programs::repository;

const GATEWAY: &str = env!("CARGO_BIN_EXE_mcp-gateway");
const INSTALLED: &str = "/usr/local/bin/mcp-gateway";

fn file(name: &str) -> String {
    let path = repository().join("docs/deploy").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every option that a line gives to the gateway is one of its own.
fn knows_the_options_of(line: &str) {
    let help = Command::new(GATEWAY).arg("--help").output().expect("runs");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let words = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let options: Vec<_> = words
        .filter(|word| word.len() > 2 && word.starts_with("--"))
        .collect();
    assert!(!options.is_empty(), "{line}");
    for option in options {
        assert!(help.contains(option), "{option} of {line}");
    }
}

#[test]
fn systemd_takes_the_unit() {
    let unit = file("mcp-gateway.service");
    let start = unit.lines().find(|line| line.starts_with("ExecStart="));
    knows_the_options_of(start.expect("a command"));

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mcp-gateway.service");
    std::fs::write(&path, unit.replace(INSTALLED, GATEWAY)).expect("writes");
    let verified = Command::new("systemd-analyze")
        .arg("verify")
        .arg(&path)
        .output();
    let Ok(verified) = verified else {
        eprintln!("not verified, because there is no systemd-analyze here");
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    let complaints = said.lines().filter(|line| line.contains("mcp-gateway"));
    let complaints: Vec<_> = complaints.collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn the_container_runs_without_root_and_asks_how_the_gateway_fares() {
    let recipe = file("Containerfile");
    let stage = recipe.rsplit("\nFROM ").next().expect("a last stage");
    let has = |wanted: &str| stage.lines().any(|line| line.starts_with(wanted));
    for wanted in [
        "USER 10001:10001",
        "VOLUME /data",
        "STOPSIGNAL SIGTERM",
        "HEALTHCHECK ",
    ] {
        assert!(has(wanted), "{wanted}");
    }
    let entry = stage.lines().find(|line| line.starts_with("ENTRYPOINT "));
    knows_the_options_of(
        entry
            .expect("a command")
            .trim_start_matches("ENTRYPOINT [\"/usr/bin/tini\", \"--\","),
    );
    let health = stage.lines().find(|line| line.contains("\"status\""));
    knows_the_options_of(health.expect("a health check"));
}
