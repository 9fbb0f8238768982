//! Instructions per call of the data path, in each era: figures that are the
//! same on a busy machine, and so can be compared with committed ones.
//!
//! `datapath N` (crate `bench`) makes N calls through the gateway in one
//! thread, in one process, and only what is done meanwhile in that thread is
//! counted: the start depends on what else runs on the machine.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

use super::folder;
use crate::shell::{cargo, program, root, target};
use crate::words::said;

const CALLS: u64 = 2_000;
/// Where counting begins and ends, as callgrind writes its name.
const COUNTED: &str = "datapath::calls*";
/// More than noise between two builds of the same code, less than a mistake.
const TOLERANCE: f64 = 0.05;
/// The release profile with names kept, for whoever asks callgrind where the instructions go.
const PROFILE: [&str; 3] = [
    r#"profile.datapath.inherits="release""#,
    "profile.datapath.strip=false",
    r#"profile.datapath.debug="line-tables-only""#,
];

/// What the figure is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Reading.
    Show,
    /// Failing when it grew.
    Check,
    /// Becoming the committed one.
    Update,
}

/// `tests/bench/instructions.json`: a client and a server of the same era.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Figures {
    pub(super) instructions_per_call: u64,
    pub(super) modern_instructions_per_call: u64,
}

/// How a figure stands to the committed one.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    Grew,
    Shrank,
    Same,
}

/// Builds, measures, compares. `runner` runs the long commands.
pub(crate) fn run(
    purpose: Purpose,
    runner: impl Fn(&mut Command) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut build = cargo([
        "build",
        "--locked",
        "--package",
        "bench",
        "--profile",
        "datapath",
    ]);
    build.args(["--bin", "datapath", "--bin", "echo-server"]);
    for setting in PROFILE {
        build.args(["--config", setting]);
    }
    runner(&mut build)?;
    fs::create_dir_all(folder())?;
    let found = Figures {
        instructions_per_call: per_call("legacy", &runner)?,
        modern_instructions_per_call: per_call("modern", &runner)?,
    };
    let file = file();
    if purpose == Purpose::Update {
        let text = serde_json::to_string_pretty(&found)? + "\n";
        return Ok(fs::write(file, text)?);
    }
    if purpose == Purpose::Show && !file.exists() {
        return Ok(());
    }
    let committed = committed()?;
    let eras = [
        (
            "legacy",
            committed.instructions_per_call,
            found.instructions_per_call,
        ),
        (
            "modern",
            committed.modern_instructions_per_call,
            found.modern_instructions_per_call,
        ),
    ];
    let mut grown = Vec::new();
    for (era, committed, found) in eras {
        match change(committed, found) {
            Change::Same => println!("{era}, {}: {committed}", said("committed", "已提交的数值")),
            Change::Shrank => println!(
                "{era}, {} ({committed}): cargo xtask bench instructions --update",
                said(
                    "over 5% less than the committed figure; keep the gain",
                    "比已提交的数值低 5% 以上；请更新"
                )
            ),
            Change::Grew => grown.push(format!(
                "{era}, {}: {committed} → {found}",
                said(
                    "the data path grew by more than 5%",
                    "数据通路的指令数增长超过 5%"
                )
            )),
        }
    }
    if purpose == Purpose::Check && !grown.is_empty() {
        bail!("{}", grown.join("\n"));
    }
    grown.iter().for_each(|grown| println!("{grown}"));
    Ok(())
}

/// The figure of one era.
fn per_call(
    era: &str,
    runner: &impl Fn(&mut Command) -> anyhow::Result<()>,
) -> anyhow::Result<u64> {
    let found = count(era, runner)? / CALLS;
    ensure!(found > 0, "callgrind has not found {COUNTED}");
    println!(
        "{era}, {}: {found}",
        said("instructions per call", "每次调用的指令数")
    );
    Ok(found)
}

fn count(era: &str, runner: &impl Fn(&mut Command) -> anyhow::Result<()>) -> anyhow::Result<u64> {
    let out = folder().join(format!("callgrind.{era}.out"));
    // What one run leaves behind must not save the next one work.
    let data = folder().join("datapath");
    if data.exists() {
        fs::remove_dir_all(&data)?;
    }
    fs::create_dir_all(&data)?;
    let mut command = program("valgrind", ["--tool=callgrind"]);
    command
        .arg(format!("--toggle-collect={COUNTED}"))
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(datapath())
        .arg(CALLS.to_string())
        .arg(data)
        .args(["--era", era]);
    runner(&mut command)?;
    let text = fs::read_to_string(&out).with_context(|| out.display().to_string())?;
    total_in(&text).with_context(|| format!("no total in {}", out.display()))
}

fn datapath() -> PathBuf {
    target().join("datapath/datapath")
}

fn file() -> PathBuf {
    root().join("tests/bench/instructions.json")
}

/// What is committed.
pub(super) fn committed() -> anyhow::Result<Figures> {
    let file = file();
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    serde_json::from_str(&text).with_context(|| file.display().to_string())
}

fn total_in(callgrind: &str) -> Option<u64> {
    let line = callgrind.lines().find_map(|line| {
        line.strip_prefix("totals:")
            .or(line.strip_prefix("summary:"))
    })?;
    line.split_whitespace().next()?.parse().ok()
}

fn change(committed: u64, found: u64) -> Change {
    let ratio = found as f64 / committed as f64;
    if ratio > 1.0 + TOLERANCE {
        Change::Grew
    } else if ratio < 1.0 - TOLERANCE {
        Change::Shrank
    } else {
        Change::Same
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_percent_is_let_pass_and_more_is_not() {
        assert_eq!(change(1_000, 1_050), Change::Same);
        assert_eq!(change(1_000, 1_051), Change::Grew);
        assert_eq!(change(1_000, 949), Change::Shrank);
        assert_eq!(change(0, 1), Change::Grew);
    }

    #[test]
    fn the_total_is_found_in_what_callgrind_writes() {
        assert_eq!(
            total_in("version: 1\nevents: Ir\nfn=(1) x\n1 5\ntotals: 123456\n"),
            Some(123_456)
        );
        assert_eq!(total_in("events: Ir\nsummary: 77\n"), Some(77));
        assert_eq!(total_in("events: Ir\n"), None);
    }
}
