//! Calls per second through the gateway and through the yardstick, in both
//! eras and in turns, so that whatever else the machine does meets all of them.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::gateway::{BOTH, Era, gateway, least_proxy};
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
    /// Of the client and of the server.
    pub(super) era: Era,
    pub(super) connections: u64,
    pub(super) gateway: Figures,
    pub(super) least: Figures,
    /// Median of the rounds' own ratios of the rates.
    pub(super) ratio: f64,
}

/// What is measured, and in each round.
struct Course {
    era: Era,
    connections: u64,
    pairs: Vec<(Figures, Figures)>,
}

/// Runs every round.
pub(super) fn measure(rounds: usize, duration: Duration) -> anyhow::Result<Vec<Row>> {
    ensure!(rounds > 0, "no rounds, no figures");
    std::fs::create_dir_all(super::folder())?;
    let (gateway, least) = (gateway(&BOTH)?, least_proxy()?);
    gateway.wait_until_ready()?;
    let mut courses: Vec<_> = CONNECTIONS
        .into_iter()
        .flat_map(|connections| Era::ALL.map(|era| Course::new(era, connections)))
        .collect();
    for round in 1..=rounds {
        println!("{} {round}/{rounds} …", said("round", "轮次"));
        for course in &mut courses {
            course.run((&gateway, &least), duration, round % 2 == 1)?;
        }
    }
    courses.sort_by_key(|course| course.era);
    Ok(courses.iter().map(Row::of).collect())
}

/// One run of the load generator at a server.
pub(super) fn load(
    server: &Server,
    era: Era,
    tool: &str,
    connections: u64,
    duration: Duration,
) -> anyhow::Result<Figures> {
    let output = Command::new(built("load"))
        .args(["--era", era.as_str(), "--warmup", "0.5", "--tool", tool])
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

// === impl Course ===

impl Course {
    fn new(era: Era, connections: u64) -> Self {
        Self {
            era,
            connections,
            pairs: Vec::new(),
        }
    }

    fn run(
        &mut self,
        (gateway, least): (&Server, &Server),
        duration: Duration,
        gateway_first: bool,
    ) -> anyhow::Result<()> {
        let (era, connections) = (self.era, self.connections);
        let through_gateway = || {
            load(gateway, era, &era.tool(), connections, duration).context("through the gateway")
        };
        let through_least =
            || load(least, era, "echo", connections, duration).context("through least-proxy");
        // Neither always comes second.
        self.pairs.push(if gateway_first {
            let first = through_gateway()?;
            (first, through_least()?)
        } else {
            let first = through_least()?;
            (through_gateway()?, first)
        });
        Ok(())
    }
}

// === impl Row ===

impl Row {
    fn of(course: &Course) -> Self {
        let pairs = &course.pairs;
        let ratios: Vec<f64> = pairs
            .iter()
            .map(|(gateway, least)| gateway.rate / least.rate)
            .collect();
        Self {
            era: course.era,
            connections: course.connections,
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
        let row = Row::of(&Course {
            pairs: pairs.to_vec(),
            ..Course::new(Era::Modern, 16)
        });
        assert_eq!(row.ratio, 0.8);
        assert_eq!(row.gateway.rate, 800.0);
        assert_eq!(row.least.rate, 1_000.0);
    }
}
