//! What the gateway holds once everybody has left, and whether a second round has left it
//! with more.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;
use testkit::{Gateway, process};

use crate::owner::Owner;
use crate::town::STILLBORN;

/// A second round may end with so much more memory, in percent of the first one's.
const MORE_MEMORY: u64 = 10;
/// After a round everything is at rest within this time.
const RESTS_WITHIN: Duration = Duration::from_secs(60);
/// It is at rest when nothing has changed for so many looks.
const QUIET_LOOKS: u32 = 10;
const LOOK: Duration = Duration::from_millis(250);
/// Descriptors are counted so often in each of them; the fewest count.
const COUNTED: u32 = 5;
/// So many of the reasons to wait are told, the last ones.
const REASONS: usize = 3;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    /// Resident memory, KiB.
    pub(crate) memory: u64,
    pub(crate) numbers: Numbers,
}

/// What has to be the same after each round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) descriptors: usize,
    pub(crate) tasks: u64,
    pub(crate) streams: u64,
    pub(crate) sessions: u64,
    /// The gateway's, its servers' and theirs.
    pub(crate) processes: usize,
}

/// Waits until everything is at rest. With a `former` measurement it waits for the same
/// numbers, too, and gives what there is when that takes too long.
pub(crate) async fn at_rest(
    gateway: &Gateway,
    owner: &Owner,
    former: Option<Held>,
) -> anyhow::Result<Held> {
    let began = Instant::now();
    let mut last: Option<Numbers> = None;
    let mut quiet = 0;
    let mut reasons: Vec<(Duration, String)> = Vec::new();
    loop {
        let status = owner.status().await?;
        let numbers = numbers(gateway, &status).await?;
        let held = Held {
            memory: process::resident_kib(gateway.pid()),
            numbers,
        };
        let differences = former.map_or_else(Vec::new, |former| faults(former, held));
        let reason = unrest(&status).or_else(|| differences.first().cloned());
        let is_quiet = reason.is_none() && last == Some(numbers);
        quiet = if is_quiet { quiet + 1 } else { 0 };
        last = Some(numbers);
        if let Some(reason) = reason.clone()
            && reasons.last().is_none_or(|(_, last)| *last != reason)
        {
            reasons.push((began.elapsed(), reason));
        }
        if quiet >= QUIET_LOOKS || began.elapsed() > RESTS_WITHIN {
            println!(
                "    at rest after {:.1} s: {held}",
                began.elapsed().as_secs_f32()
            );
            for (when, reason) in reasons.iter().rev().take(REASONS).rev() {
                println!("    {:>5.1} s: {reason}", when.as_secs_f32());
            }
            if let Some(unrest) = unrest(&status) {
                bail!("after {RESTS_WITHIN:?} without clients there is still no rest: {unrest}");
            }
            return Ok(held);
        }
    }
}

/// What is still going on. Pure.
fn unrest(status: &Value) -> Option<String> {
    for (what, held) in [
        ("sessions", &status["sessions"]),
        ("streams", &status["counts"]["streams"]),
    ] {
        if *held != 0 {
            return Some(format!("{what}: {held}"));
        }
    }
    for server in status["servers"].as_array().into_iter().flatten() {
        if server["name"] == STILLBORN {
            continue;
        }
        let pool = &server["pool"];
        let is_well = server["state"] == "ready" || server["state"] == "stopped";
        let is_idle = pool["active"] == 0 && pool["waiting"] == 0;
        if !is_well || !is_idle || pool["total"].as_u64() > Some(1) {
            return Some(format!("{}: {} {pool}", server["name"], server["state"]));
        }
    }
    None
}

async fn numbers(gateway: &Gateway, status: &Value) -> anyhow::Result<Numbers> {
    let folder = format!("/proc/{}/fd", gateway.pid());
    let mut descriptors = usize::MAX;
    // The connection that asked for the status may still be closing.
    for _ in 0..COUNTED {
        let open = std::fs::read_dir(&folder).context("the gateway has ended")?;
        descriptors = descriptors.min(open.count());
        tokio::time::sleep(LOOK / COUNTED).await;
    }
    let number = |value: &Value| value.as_u64().context("no number in the status");
    Ok(Numbers {
        descriptors,
        tasks: number(&status["counts"]["tasks"])?,
        streams: number(&status["counts"]["streams"])?,
        sessions: number(&status["sessions"])?,
        processes: gateway.processes().len(),
    })
}

/// What the second round has left behind that the first had not. Pure.
pub(crate) fn faults(first: Held, second: Held) -> Vec<String> {
    let mut faults = Vec::new();
    if second.memory * 100 > first.memory * (100 + MORE_MEMORY) {
        faults.push(format!(
            "memory: {} KiB after the first round, {} KiB after the second",
            first.memory, second.memory
        ));
    }
    if first.numbers != second.numbers {
        faults.push(format!(
            "after the first round {}, after the second {}",
            first.numbers, second.numbers
        ));
    }
    faults
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} descriptors, {} tasks, {} streams, {} sessions, {} processes",
            self.descriptors, self.tasks, self.streams, self.sessions, self.processes
        )
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} KiB resident, {}", self.memory, self.numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HELD: Held = Held {
        memory: 1_000,
        numbers: Numbers {
            descriptors: 20,
            tasks: 30,
            streams: 0,
            sessions: 0,
            processes: 14,
        },
    };

    #[test]
    fn a_tenth_more_memory_is_let_pass_and_anything_else_more_or_less_is_not() {
        assert!(faults(HELD, HELD).is_empty());
        assert!(
            faults(
                HELD,
                Held {
                    memory: 1_100,
                    ..HELD
                }
            )
            .is_empty()
        );
        assert_eq!(
            faults(
                HELD,
                Held {
                    memory: 1_101,
                    ..HELD
                }
            )
            .len(),
            1
        );
        for other in [
            Numbers {
                descriptors: 21,
                ..HELD.numbers
            },
            Numbers {
                tasks: 31,
                ..HELD.numbers
            },
            Numbers {
                streams: 1,
                ..HELD.numbers
            },
            Numbers {
                sessions: 1,
                ..HELD.numbers
            },
            Numbers {
                processes: 13,
                ..HELD.numbers
            },
        ] {
            assert_eq!(
                faults(
                    HELD,
                    Held {
                        numbers: other,
                        ..HELD
                    }
                )
                .len(),
                1,
                "{other}"
            );
        }
    }

    #[test]
    fn rest_is_when_nobody_is_there_and_every_server_but_one_is_well_and_idle() {
        let status = |sessions: u32, streams: u32, state: &str, active: u32| {
            json!({"sessions": sessions, "counts": {"streams": streams}, "servers": [
                {"name": STILLBORN, "state": "failing", "pool": {"active": 0, "waiting": 0, "total": 0}},
                {"name": "steady", "state": state, "pool": {"active": active, "waiting": 0, "total": 1}},
            ]})
        };
        assert_eq!(unrest(&status(0, 0, "ready", 0)), None);
        for other in [
            status(1, 0, "ready", 0),
            status(0, 1, "ready", 0),
            status(0, 0, "failing", 0),
            status(0, 0, "ready", 1),
        ] {
            assert!(unrest(&other).is_some(), "{other}");
        }
    }
}
