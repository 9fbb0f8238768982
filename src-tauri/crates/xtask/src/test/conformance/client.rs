//! The suite's scenarios for clients, with the gateway as the client: `conformance-client` starts
//! a gateway for each, signs in where that is wanted, and asks it for what the scenario wants
//! asked, as a client of the one era or the other. The suite runs all scenarios at once.

use std::fs::File;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::checks::Verdicts;
use super::{NODE, SUITE, built, folder, unexpected_in};
use crate::shell::{self, program, root};
use crate::words::said;

/// Longer than `conformance-client` gives itself, whose gateway would be left behind otherwise.
const SCENARIO: Duration = Duration::from_secs(180);

/// What all of them come out at otherwise than the suite wants.
const KNOWN: &str = "client";

/// Revisions, and the era of the client before the gateway. A modern client at a legacy server is
/// the business of the runs against a server.
const RUNS: [(&str, &str); 3] = [
    ("2025-11-25", "legacy"),
    ("2026-07-28", "modern"),
    ("2026-07-28", "legacy"),
];

/// Runs everything; what came out otherwise than is known.
pub(super) fn run(until: Instant) -> anyhow::Result<Vec<String>> {
    let mut complaints = Vec::new();
    for (revision, front) in RUNS {
        let name = format!("{revision}-client-{front}");
        let begun = Instant::now();
        let verdicts = suite(&name, revision, front, until).with_context(|| name.clone())?;
        println!(
            "{name}: {} {}, {} s",
            verdicts.len(),
            said("checks", "项检查"),
            begun.elapsed().as_secs()
        );
        complaints.extend(unexpected_in(KNOWN, &name, &verdicts.failures())?);
    }
    Ok(complaints)
}

/// Lets the suite loose on the gateway. Its exit code says less than its results do.
fn suite(name: &str, revision: &str, front: &str, until: Instant) -> anyhow::Result<Verdicts> {
    let folder = folder(name)?;
    let results = folder.join("results");
    let log = folder.join("suite.log");
    let client = built("conformance-client");
    let node = root().join(NODE);
    let mut command = program(&node.to_string_lossy(), []);
    command
        .arg(root().join(SUITE))
        .args(["client", "--requirements", revision])
        .args([
            "--command",
            &format!("{} --front {front}", client.display()),
        ])
        .args(["--timeout", &SCENARIO.as_millis().to_string()])
        .arg("--output-dir")
        .arg(&results)
        .stdout(File::create(&log)?)
        .stderr(File::create(folder.join("suite.errors.log"))?);
    let ended = shell::run_within(&mut command, Some(until));
    let verdicts = Verdicts::of_clients(&results).with_context(|| log.display().to_string());
    match (verdicts, ended) {
        (Err(error), Err(ended)) => Err(error.context(ended)),
        (verdicts, _) => verdicts,
    }
}
