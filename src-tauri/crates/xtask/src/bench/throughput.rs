//! Calls per second through the gateway and through the yardstick, in turns,
//! so that whatever else the machine does meets both.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::gateway::{gateway, least_proxy};
use super::{built, median};
use crate::server::Server;
use crate::words::said;

const CONNECTIONS: [u64; 3] = [1, 16, 64];

/// One run of `load`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Figures {
    /// Calls per second.
    pub(super) rate: f64,
    /// Microseconds.
    pub(super) p50_us: f64,
    /// Microseconds.
    pub(super) p99_us: f64,
}

/// Both programs at one number of connections, medians over the rounds.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) connections: u64,
    pub(super) gateway: Figures,
    pub(super) least: Figures,
    /// Median of the rounds' own ratios of the rates.
    pub(super) ratio: f64,
}

/// Runs every round.
pub(super) fn measure(rounds: usize, duration: Duration) -> anyhow::Result<Vec<Row>> {
    ensure!(rounds > 0, "no rounds, no figures");
    std::fs::create_dir_all(super::folder())?;
    let (gateway, least) = (gateway(&["echo"])?, least_proxy()?);
    gateway.wait_until_ready()?;
    let mut pairs: [Vec<(Figures, Figures)>; CONNECTIONS.len()] = Default::default();
    for round in 1..=rounds {
        println!("{} {round}/{rounds} …", said("round", "轮次"));
        for (connections, pairs) in CONNECTIONS.into_iter().zip(&mut pairs) {
            let through_gateway = || {
                load(&gateway, "echo_echo", connections, duration).context("through the gateway")
            };
            let through_least =
                || load(&least, "echo", connections, duration).context("through least-proxy");
            // Neither always comes second.
            pairs.push(if round % 2 == 1 {
                let first = through_gateway()?;
                (first, through_least()?)
            } else {
                let first = through_least()?;
                (through_gateway()?, first)
            });
        }
    }
    Ok(CONNECTIONS
        .into_iter()
        .zip(&pairs)
        .map(|(connections, pairs)| Row::of(connections, pairs))
        .collect())
}

fn load(
    server: &Server,
    tool: &str,
    connections: u64,
    duration: Duration,
) -> anyhow::Result<Figures> {
    let output = Command::new(built("load"))
        .args(["--session", "--warmup", "0.5", "--tool", tool])
        .args(["--url", &format!("http://{}/mcp", server.address)])
        .args([
            "--connections",
            &connections.to_string(),
            "--seconds",
            &duration.as_secs_f64().to_string(),
        ])
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(
        output.status.success(),
        "the load generator was answered wrongly ({})",
        output.status
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

// === impl Row ===

impl Row {
    fn of(connections: u64, pairs: &[(Figures, Figures)]) -> Self {
        let ratios: Vec<f64> = pairs
            .iter()
            .map(|(gateway, least)| gateway.rate / least.rate)
            .collect();
        Self {
            connections,
            gateway: Figures::median(pairs.iter().map(|pair| pair.0)),
            least: Figures::median(pairs.iter().map(|pair| pair.1)),
            ratio: median(&ratios),
        }
    }
}

// === impl Figures ===

impl Figures {
    fn median(figures: impl Iterator<Item = Self> + Clone) -> Self {
        let of = |field: fn(Self) -> f64| median(&figures.clone().map(field).collect::<Vec<_>>());
        Self {
            rate: of(|one| one.rate),
            p50_us: of(|one| one.p50_us),
            p99_us: of(|one| one.p99_us),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_compared_with_itself() {
        let figures = |rate| Figures {
            rate,
            p50_us: 1.0,
            p99_us: 2.0,
        };
        // The machine was three times slower in the second round; the ratio was not.
        let pairs = [(900.0, 1_000.0), (300.0, 400.0), (800.0, 1_000.0)]
            .map(|(g, l)| (figures(g), figures(l)));
        let row = Row::of(16, &pairs);
        assert_eq!(row.ratio, 0.8);
        assert_eq!(row.gateway.rate, 800.0);
        assert_eq!(row.least.rate, 1_000.0);
    }
}
