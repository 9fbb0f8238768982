//! What strangers can send, made up by a fuzzer: each target of `tests/fuzz` for a minute. No
//! input may make one panic, take long or fill memory.

use std::fs::{self, File};
use std::panic::resume_unwind;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Instant;

use anyhow::{Context, ensure};

use crate::rust;
use crate::shell::{cargo, root, run_within, target};
use crate::words::said;

const FOLDER: &str = "tests/fuzz";
const TARGETS: [&str; 5] = ["envelope", "sse", "lines", "header_codec", "eras"];
/// As many as the smallest machine has cores.
const AT_ONCE: usize = 2;
/// Seconds of fuzzing, megabytes at all and in one go, seconds for a single input.
const LIMITS: [&str; 4] = [
    "-max_total_time=60",
    "-rss_limit_mb=512",
    "-malloc_limit_mb=256",
    "-timeout=5",
];
/// What the fuzzer says at its end, before a number.
const TRIED: &str = "stat::number_of_executed_units:";

/// Runs all targets, and fails with the first that does.
pub(super) fn run(until: Instant) -> anyhow::Result<()> {
    rust::install_fuzz(|command| run_within(command, Some(until)))?;
    run_within(&mut fuzz("build"), Some(until))?;
    let folder = target().join("fuzz").join("runs");
    for some in TARGETS.chunks(AT_ONCE) {
        thread::scope(|scope| -> anyhow::Result<()> {
            let running: Vec<_> = some
                .iter()
                .map(|name| scope.spawn(|| one(name, &folder, until)))
                .collect();
            let ended = running.into_iter().map(|one| one.join());
            let ended = ended.map(|one| one.unwrap_or_else(|panic| resume_unwind(panic)));
            // All of them are waited for, then the first failure counts.
            ended.collect::<Vec<_>>().into_iter().collect()
        })?;
    }
    Ok(())
}

/// cargo-fuzz without a sanitizer: there is no `unsafe` to be watched, and without one the pinned
/// compiler will do.
fn fuzz(what: &str) -> Command {
    let mut command = cargo(["fuzz", what, "--fuzz-dir", FOLDER, "--sanitizer", "none"]);
    command.arg("--target-dir").arg(target().join("fuzz"));
    command
}

fn one(name: &str, folder: &Path, until: Instant) -> anyhow::Result<()> {
    let folder = folder.join(name);
    let found = folder.join("found");
    fs::create_dir_all(&found)?;
    let log = folder.join("fuzzer.log");
    let output = File::create(&log)?;
    // What is new goes into the first folder, so that the committed one stays as it is.
    let mut command = fuzz("run");
    command
        .arg(name)
        .arg(&found)
        .arg(root().join(FOLDER).join("corpus").join(name))
        .arg("--")
        .args(LIMITS)
        .arg("-print_final_stats=1")
        .stdout(output.try_clone()?)
        .stderr(output);
    let ended = run_within(&mut command, Some(until));
    let said_by_fuzzer = fs::read_to_string(&log)?;
    ended.with_context(|| format!("{}\n{}", log.display(), last_lines(&said_by_fuzzer)))?;
    let tried = tried(&said_by_fuzzer).unwrap_or_default();
    println!("{name}: {tried} {}", said("inputs", "个输入"));
    ensure!(tried > 0, "{}", log.display());
    Ok(())
}

fn tried(log: &str) -> Option<u64> {
    let line = log
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix(TRIED))?;
    line.trim().parse().ok()
}

fn last_lines(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_inputs_is_read_where_the_fuzzer_says_it() {
        let log = "Done 5 runs\nstat::number_of_executed_units: 123\nstat::peak_rss_mb: 40\n";
        assert_eq!(tried(log), Some(123));
        assert_eq!(tried("it died"), None);
        assert_eq!(last_lines(log).lines().count(), 3);
    }

    #[test]
    fn every_target_is_run_and_has_a_corpus() {
        let folder = root().join(FOLDER);
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("it is there");
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
        for name in TARGETS {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
            let corpus = folder.join("corpus").join(name);
            assert!(fs::read_dir(corpus).is_ok_and(|mut all| all.next().is_some()));
        }
    }
}
