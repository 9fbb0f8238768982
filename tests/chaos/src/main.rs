//! `cargo xtask chaos`: fifty clients, servers that do everything wrong, and a gateway that is
//! killed. Afterwards an oracle holds the logs of clients, gateway and fake servers against
//! each other, and what the gateway still holds is weighed.
//!
//! The kill comes in a round of its own, before the two that are compared: memory, descriptors
//! and tasks belong to a process, so both have to be ended by the same one. It also warms that
//! process up; what is measured then is what a round adds and not what the first call does.
//!
//! Every wait has a deadline, and the same seed makes the same calls. No length of time is
//! asserted but before the rounds, while nothing else goes on: see [`calm`].

mod call;
mod calm;
mod client;
mod dice;
mod evidence;
mod gateway_log;
mod held;
mod oracle;
mod owner;
mod round;
mod schedule;
mod town;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use testkit::{Gateway, process};

use evidence::Papers;
use round::Plan;

/// Every process of this run has ended this long after the gateway.
const GONE_WITHIN: Duration = Duration::from_secs(10);
/// Those of a gateway that was killed this long after its successor has come.
const CLEARED_WITHIN: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(100);
/// As many broken rules are told in full.
const TOLD: usize = 20;

/// Fifty clients, faulty servers, a gateway that is killed
#[derive(Debug, Parser)]
struct Arguments {
    /// The gateway's program
    #[arg(long)]
    gateway: PathBuf,
    /// The bridge's program
    #[arg(long)]
    bridge: PathBuf,
    /// Where the papers of a failed run are left
    #[arg(long)]
    papers: PathBuf,
    /// Decides who calls what, and when
    #[arg(long)]
    seed: u64,
    /// Calls of each client in each of the three rounds
    #[arg(long)]
    calls: usize,
    /// The run fails when it takes longer
    #[arg(long)]
    minutes: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let limit = Duration::from_secs(60 * arguments.minutes);
    let faults = match tokio::time::timeout(limit, run(&arguments)).await {
        Ok(Ok(faults)) => faults,
        Ok(Err(error)) => vec![format!("{error:#}")],
        Err(_) => vec![format!(
            "it did not end within {} minutes",
            arguments.minutes
        )],
    };
    for fault in faults.iter().take(TOLD) {
        println!("BROKEN: {fault}");
    }
    if faults.len() > TOLD {
        println!("… and {} more", faults.len() - TOLD);
    }
    if faults.is_empty() {
        println!("chaos: every rule holds (seed {})", arguments.seed);
        return ExitCode::SUCCESS;
    }
    println!(
        "chaos: {} faults; the same calls again: cargo xtask chaos --seed {} --calls {}; papers: {}",
        faults.len(),
        arguments.seed,
        arguments.calls,
        arguments.papers.display()
    );
    ExitCode::FAILURE
}

async fn run(arguments: &Arguments) -> anyhow::Result<Vec<String>> {
    let plan = Plan {
        seed: arguments.seed,
        calls: arguments.calls,
        bridge: arguments.bridge.clone(),
        epoch: Instant::now(),
    };
    println!(
        "chaos: {} clients, {} calls each in three rounds, seed {}",
        round::CLIENTS,
        arguments.calls,
        arguments.seed
    );
    told(&plan, "measured while nothing else goes on");
    let mut faults = calm::faults(&arguments.gateway).await?;

    let mut papers = Papers::default();
    let mut gateway = town::setup(arguments.gateway.clone()).start().await;
    let happened = all_rounds(&plan, &mut gateway, &mut papers).await;
    let ended = end(&mut gateway).await;
    if let Err(error) = papers.log_of(&gateway).await {
        faults.push(format!("{error:#}"));
    }
    match happened {
        Ok(found) => {
            faults.extend(found);
            faults.extend(judged(&papers, &gateway));
        }
        // Papers with gaps tell nothing.
        Err(error) => faults.push(format!("{error:#}")),
    }
    faults.extend(ended);
    if !faults.is_empty() {
        let kept = keep(&arguments.papers, gateway.folder(), &papers);
        if let Err(error) = kept {
            faults.push(format!("the papers could not be kept: {error:#}"));
        }
    }
    Ok(faults)
}

/// What the oracle says to all papers.
fn judged(papers: &Papers, gateway: &Gateway) -> Vec<String> {
    let evidence = papers.evidence(gateway);
    println!(
        "{} calls ({}); {} reached a server, {} are in the gateway's log",
        evidence.calls.len(),
        papers.ends(),
        evidence.executions.len(),
        evidence.gateway.len()
    );
    for slow in papers.slowest() {
        println!("    slow: {slow}");
    }
    if let Some(rarest) = oracle::rarest(&evidence) {
        println!("    answered least often: {rarest}");
    }
    let broken = oracle::broken(&evidence);
    let told = broken
        .iter()
        .map(|one| format!("{}: {}", one.rule, one.what));
    told.collect()
}

async fn all_rounds(
    plan: &Plan,
    gateway: &mut Gateway,
    papers: &mut Papers,
) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    told(plan, "the servers start");
    owner::Owner::of(gateway).until_all_work().await?;

    told(plan, "a round in the middle of which the gateway is killed");
    let mut orphans = Vec::new();
    let mut log = Ok(());
    let (diaries, outage) = round::with_a_kill(plan, "kill", gateway, async |gateway| {
        log = papers.log_of(gateway).await;
        orphans = evidence::processes(gateway);
    })
    .await?;
    log?;
    papers.diaries("kill", diaries);
    papers.outages.push(outage);
    told(plan, "its clients have left");
    let owner = owner::Owner::of(gateway);
    owner.until_all_work().await?;
    told(plan, "its servers work");
    faults.extend(cleared(gateway, &orphans).await);
    held::at_rest(gateway, &owner, None).await?;

    let mut former = None;
    for name in ["first", "second"] {
        told(plan, &format!("the {name} of two rounds that are the same"));
        papers.diaries(name, round::quiet(plan, name, gateway).await?);
        told(plan, "its clients have left");
        owner.until_all_work().await?;
        let held = held::at_rest(gateway, &owner, former).await?;
        if let Some(former) = former {
            faults.extend(held::faults(former, held));
        }
        former = Some(held);
    }
    Ok(faults)
}

/// Servers of the gateway that was killed, and what they had started, are gone.
async fn cleared(gateway: &Gateway, orphans: &[u32]) -> Vec<String> {
    let deadline = Instant::now() + CLEARED_WITHIN;
    loop {
        let mut left = gateway.processes();
        left.retain(|(pid, _)| orphans.contains(pid));
        if left.is_empty() || Instant::now() > deadline {
            let told = |(pid, command)| {
                format!("process {pid} of the gateway that was killed still runs: {command}")
            };
            return left.into_iter().map(told).collect();
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The gateway ends as it should and leaves no process behind.
async fn end(gateway: &mut Gateway) -> Vec<String> {
    let mut faults = Vec::new();
    let status = gateway.stop().await;
    if !status.success() {
        faults.push(format!("the gateway ended with {status}"));
    }
    let deadline = Instant::now() + GONE_WITHIN;
    loop {
        let left = gateway.processes();
        if left.is_empty() {
            return faults;
        }
        if Instant::now() > deadline {
            for (pid, command) in left {
                faults.push(format!("process {pid} is left behind: {command}"));
                process::kill(pid);
            }
            return faults;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Keeps what the gateway and the fake servers have written.
fn keep(to: &Path, folder: &Path, papers: &Papers) -> anyhow::Result<()> {
    if to.exists() {
        std::fs::remove_dir_all(to)?;
    }
    std::fs::create_dir_all(to)?;
    std::fs::write(to.join("gateway.log"), &papers.log)?;
    std::fs::write(to.join("clients.txt"), papers.of_clients())?;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file()
            && let Some(name) = path.file_name()
        {
            std::fs::copy(&path, to.join(name)).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

fn told(plan: &Plan, what: &str) {
    println!("{:>5.1} s  {what}", plan.epoch.elapsed().as_secs_f32());
}
