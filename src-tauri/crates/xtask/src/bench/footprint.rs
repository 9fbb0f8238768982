//! Memory of the idle gateway with three servers, and how soon it listens.

use std::thread::sleep;
use std::time::Duration;

use serde::Serialize;

use super::gateway::{gateway, resident};
use super::median;

const SERVERS: [(&str, &str); 3] = [("one", "auto"), ("two", "auto"), ("three", "auto")];
const STARTS: usize = 10;
/// Idle means: what the start needed has been given back.
const SETTLE: Duration = Duration::from_secs(3);

/// What came out.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Footprint {
    /// Bytes resident, the gateway itself without its servers.
    pub(super) resident: u64,
    /// Milliseconds from start to the first accepted connection, median.
    pub(super) listening_ms: f64,
    /// The slowest of the starts.
    pub(super) slowest_ms: f64,
}

/// Starts the gateway again and again; the last one is weighed.
pub(super) fn measure() -> anyhow::Result<Footprint> {
    let mut starts = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        starts.push(gateway(&SERVERS)?.listening_after.as_secs_f64() * 1_000.0);
    }
    let idle = gateway(&SERVERS)?;
    idle.wait_until_ready()?;
    sleep(SETTLE);
    Ok(Footprint {
        resident: resident(idle.id())?,
        listening_ms: median(&starts),
        slowest_ms: starts.iter().copied().fold(0.0, f64::max),
    })
}
