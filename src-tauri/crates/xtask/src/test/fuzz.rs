//! What strangers can send, made up by a fuzzer: each target of `tests/fuzz` for a minute. No
//! input may make one panic, take long or fill memory.
//!
//! The binaries are built and run by Cargo alone: what `cargo fuzz` would add to its command line
//! stands in `tests/fuzz/.cargo/config.toml`. The pinned compiler does, and nothing is installed.

use std::fs::{self, File};
use std::panic::resume_unwind;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Instant;

use anyhow::{Context, ensure};

use crate::shell::{cargo, line, root, run_within, target};
use crate::words::said;

/// A workspace of its own.
const FOLDER: &str = "tests/fuzz";
const TARGETS: [&str; 5] = ["envelope", "sse", "lines", "header_codec", "eras"];
/// As many as the smallest machine has cores.
const AT_ONCE: usize = 2;
/// Seconds of fuzzing; the largest input, so that a minute tries many; megabytes at all and in one
/// go, of which so small an input needs few; seconds for a single input.
const LIMITS: [&str; 5] = [
    "-max_total_time=60",
    "-max_len=8192",
    "-rss_limit_mb=256",
    "-malloc_limit_mb=64",
    "-timeout=5",
];

/// What one target has done.
#[derive(Debug, PartialEq, Eq)]
struct Tried {
    inputs: u64,
    /// Places in the code that the committed corpus reaches.
    at_first: u64,
    /// Those that were reached at the end.
    reached: u64,
}

/// Runs all targets, and fails with the first that does.
pub(super) fn run(until: Instant) -> anyhow::Result<()> {
    run_within(&mut build(), Some(until))?;
    let folder = target().join("fuzz");
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

fn build() -> Command {
    with_coverage(cargo(["build", "--release", "--bins", "--locked"]))
}

/// One target; what it is to try, and how, comes behind.
fn fuzzer(name: &str) -> Command {
    with_coverage(cargo([
        "run",
        "--quiet",
        "--release",
        "--locked",
        "--bin",
        name,
        "--",
    ]))
}

/// Cargo takes its flags from the folder where it runs, but only where no variable names others.
fn with_coverage(mut command: Command) -> Command {
    command
        .current_dir(root().join(FOLDER))
        .env("CARGO_TARGET_DIR", target().join("fuzz"));
    for name in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
    ] {
        command.env_remove(name);
    }
    command
}

fn one(name: &str, folder: &Path, until: Instant) -> anyhow::Result<()> {
    let found = folder.join("found").join(name);
    let crashes = folder.join("crashes");
    let logs = folder.join("logs");
    for folder in [&found, &crashes, &logs] {
        fs::create_dir_all(folder)?;
    }
    let log = logs.join(format!("{name}.log"));
    let output = File::create(&log)?;
    let prefix = format!("-artifact_prefix={}/{name}-", crashes.display());
    // What is new goes into the first folder, so that the committed one stays as it is.
    let mut command = fuzzer(name);
    command
        .arg(&found)
        .arg(root().join(FOLDER).join("corpus").join(name))
        .args(LIMITS)
        .args([&prefix, "-print_final_stats=1"])
        .stdout(output.try_clone()?)
        .stderr(output);
    let ended = run_within(&mut command, Some(until));
    let log_text = fs::read_to_string(&log)?;
    ended.with_context(|| broken(name, &log, &log_text))?;
    let tried = tried(&log_text).with_context(|| broken(name, &log, &log_text))?;
    println!(
        "{name}: {} {}, {} {} ({} {})",
        tried.inputs,
        said("inputs", "个输入"),
        tried.reached,
        said("places reached", "处代码被覆盖"),
        tried.at_first,
        said("by the corpus", "由语料库覆盖"),
    );
    Ok(())
}

/// What a run came to, read in what the fuzzer wrote. Without coverage it would try at random.
fn tried(log: &str) -> anyhow::Result<Tried> {
    let inputs = log
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let tried = Tried {
        inputs: inputs
            .and_then(|number| number.trim().parse().ok())
            .unwrap_or_default(),
        at_first: log
            .lines()
            .find(|line| line.contains("\tINITED "))
            .and_then(reached)
            .unwrap_or_default(),
        reached: log.lines().rev().find_map(reached).unwrap_or_default(),
    };
    ensure!(
        tried.inputs > 0 && tried.at_first > 0 && tried.reached >= tried.at_first,
        "{}: {tried:?}",
        said("it has not really fuzzed", "并未真正进行模糊测试")
    );
    Ok(tried)
}

/// How many places a line says that the inputs so far have reached.
fn reached(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once(" cov: ")?;
    rest.split(' ').next()?.parse().ok()
}

/// The end of the log, and how to see the same again.
fn broken(name: &str, log: &Path, text: &str) -> String {
    const LAST: usize = 30;
    let lines: Vec<_> = text.lines().collect();
    let end = lines[lines.len().saturating_sub(LAST)..].join("\n");
    let written = text
        .lines()
        .find_map(|line| line.split_once("Test unit written to "));
    let again = written.map_or_else(String::new, |(_, input)| {
        format!(
            "\n{}: (cd {FOLDER} && {} {input})",
            said("to see it again", "重现方法"),
            line(&fuzzer(name))
        )
    });
    format!("{name}: {}\n{end}{again}", log.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_came_to_is_read_in_its_log() {
        let log = "#20\tINITED cov: 594 ft: 1204 corp: 19/3361b exec/s: 0 rss: 27Mb\n\
                   #99\tNEW    cov: 612 ft: 1300 corp: 20/3400b lim: 400 exec/s: 0 rss: 27Mb\n\
                   Done 123 runs in 61 second(s)\n\
                   stat::number_of_executed_units: 123\nstat::peak_rss_mb: 40\n";
        let wanted = Tried {
            inputs: 123,
            at_first: 594,
            reached: 612,
        };
        assert_eq!(tried(log).ok(), Some(wanted));
        for nothing in [
            log.replace(" cov: ", " "),
            log.replace(": 123", ": 0"),
            "it died".to_owned(),
        ] {
            assert!(tried(&nothing).is_err(), "{nothing}");
        }
    }

    #[test]
    fn a_failure_says_how_to_see_it_again() {
        let log = format!(
            "{}panicked at x.rs\nartifact_prefix='/t/eras-'; Test unit written to /t/eras-crash-1\n",
            "noise\n".repeat(100)
        );
        let told = broken("eras", Path::new("eras.log"), &log);
        assert!(told.lines().count() < 40 && told.contains("panicked at x.rs"));
        let again = "cargo run --quiet --release --locked --bin eras -- /t/eras-crash-1)";
        assert!(told.ends_with(again), "{told}");
    }

    #[test]
    fn every_target_is_run_and_has_a_small_corpus_of_text() {
        let folder = root().join(FOLDER);
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("it is there");
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
        let mut files = 0;
        for name in TARGETS {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
            let corpus = fs::read_dir(folder.join("corpus").join(name)).expect("there is one");
            let before = files;
            for file in corpus {
                let length = file.and_then(|file| file.metadata()).expect("a file").len();
                assert!(length <= 8192, "{name}");
                files += 1;
            }
            assert!(files > before, "{name}");
        }
        assert!(files < 400, "{files}");
    }
}
