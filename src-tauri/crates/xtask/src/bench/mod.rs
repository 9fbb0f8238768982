//! `cargo xtask bench`: how fast, how big, how soon, against the bars.

mod bridge;
mod document;
mod footprint;
mod gateway;
pub(crate) mod instructions;
mod report;
mod throughput;

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::{fs, time::Duration};

use crate::shell::{cargo, root, run as run_command, target};
use crate::words::said;

/// What may be asked for.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    only: Option<Only>,
    /// Fail where a bar is missed · 未达标时返回失败
    #[arg(long)]
    check: bool,
    /// Write docs/performance.md, in both languages · 写入 docs/performance.md（两种语言）
    #[arg(long)]
    document: bool,
    /// Interleaved rounds · 交错测量的轮数
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Measured seconds per figure · 每项测量的秒数
    #[arg(long, default_value_t = 3)]
    seconds: u64,
}

#[derive(clap::Subcommand)]
enum Only {
    /// Instructions per call of the data path (callgrind) · 数据通路每次调用的指令数
    Instructions {
        /// Fail when it grew by more than 5% · 增长超过 5% 时返回失败
        #[arg(long, conflicts_with = "update")]
        check: bool,
        /// Write the new figure · 写入新数值
        #[arg(long)]
        update: bool,
    },
}

/// Measures, prints a table, and writes `target/bench/latest.json`.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    if let Some(Only::Instructions { check, update }) = options.only {
        let purpose = match (check, update) {
            (true, _) => instructions::Purpose::Check,
            (_, true) => instructions::Purpose::Update,
            _ => instructions::Purpose::Show,
        };
        instructions::run(purpose, run_command)?;
        return Ok(ExitCode::SUCCESS);
    }
    build()?;
    let rows = throughput::measure(options.rounds, Duration::from_secs(options.seconds))?;
    let footprint = footprint::measure()?;
    let report = report::Report::new(rows, footprint, bridge::measure()?);
    println!("\n{}", report.table());
    let file = folder().join("latest.json");
    fs::write(&file, serde_json::to_string_pretty(&report)? + "\n")?;
    println!("{}", file.display());
    if options.document {
        document::write(&report, &root().join("docs"))?;
    }
    let missed = report.missed();
    for bar in &missed {
        println!("{}: {bar}", said("missed", "未达标"));
    }
    Ok(if options.check && !missed.is_empty() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Everything in the profile of the packages; the gateway apart from the
/// yardstick, so that neither lends the other its dependencies' features.
fn build() -> anyhow::Result<()> {
    let mut gateway: Command = cargo([
        "build",
        "--locked",
        "--profile",
        "dist",
        "--package",
        "mcp-gateway-app",
    ]);
    run_command(gateway.args([
        "--no-default-features",
        "--bin",
        "mcp-gateway",
        "--bin",
        "mcp-stdio-bridge",
    ]))?;
    let mut bench: Command = cargo([
        "build",
        "--locked",
        "--profile",
        "dist",
        "--package",
        "bench",
    ]);
    run_command(bench.args([
        "--bin",
        "echo-server",
        "--bin",
        "least-proxy",
        "--bin",
        "load",
    ]))
}

/// Where reports, logs and temporary configs go.
fn folder() -> PathBuf {
    target().join("bench")
}

/// One of the programs built for measuring.
fn built(name: &str) -> PathBuf {
    target()
        .join("dist")
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION)
}

/// The middle value; the mean of the two middle ones of an even number.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }
}
