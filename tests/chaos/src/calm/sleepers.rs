//! What calls that sleep at one server cost those of another.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::wait::{soon, until};
use testkit::{Answer, Gateway, McpHttp, Setup};
use tokio::task::JoinHandle;

/// Beside the sleepers the p99 of the others may be so many percent of what it is alone.
const AT_MOST: u32 = 150;
/// It alternates so often between the two situations that whatever else the machine does
/// meanwhile hits both alike, and compares medians: of the p99s of several parts of the run.
const PARTS: usize = 13;
const TURNS: usize = 10;
const CALLS: usize = 20;
/// All connections of the server that sleeps.
const SLEEPERS: usize = 4;

/// A gateway with a server all of whose connections can be put to sleep, and another.
struct Bed {
    gateway: Gateway,
    gate: PathBuf,
    client: McpHttp,
    sleeper: McpHttp,
}

/// Measures it.
pub(super) async fn faults(setup: Setup) -> Vec<String> {
    let bed = Bed::made(setup).await;
    let sleepers = bed.fall_asleep().await;
    bed.wake(sleepers).await;
    bed.calls(&mut Vec::new()).await;

    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..PARTS {
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            bed.calls(&mut without).await;
            let sleepers = bed.fall_asleep().await;
            bed.calls(&mut with).await;
            bed.wake(sleepers).await;
        }
        alone.push(p99(without));
        beside.push(p99(with));
    }
    let (alone, beside) = (median(alone), median(beside));
    println!("    p99 alone {alone:.2?}, beside connections that all sleep {beside:.2?}");
    slowed(alone, beside).into_iter().collect()
}

impl Bed {
    async fn made(setup: Setup) -> Self {
        let gate = setup.path("gate");
        let sleepy = json!({"serial": true, "tools": [
            {"name": "sleep", "does": [{"gate": gate}, {"text": "awake"}]},
        ]});
        let quick = json!({"tools": [{"name": "echo"}]});
        let gateway = setup
            .fake_with("sleepy", sleepy, json!({"poolSize": SLEEPERS}))
            .fake("quick", quick)
            .start()
            .await;
        Self {
            client: gateway.client().await,
            sleeper: gateway.client().await,
            gateway,
            gate,
        }
    }

    /// So many calls sleep, and none waits.
    async fn asleep(&self, count: usize) {
        until(&format!("{count} sleep"), async || {
            let pool = self.gateway.server_status("sleepy").await["pool"].clone();
            (pool["active"] == count && pool["waiting"] == 0).then_some(())
        })
        .await;
    }

    async fn fall_asleep(&self) -> Vec<JoinHandle<Answer>> {
        std::fs::remove_file(&self.gate).ok();
        let sleepers = (0..SLEEPERS).map(|_| {
            let sleeper = self.sleeper.clone();
            tokio::spawn(async move { sleeper.tool("sleepy_sleep", "{}").await })
        });
        let sleepers = sleepers.collect();
        self.asleep(SLEEPERS).await;
        sleepers
    }

    async fn wake(&self, sleepers: Vec<JoinHandle<Answer>>) {
        std::fs::write(&self.gate, "").expect("the gate opens");
        for sleeper in sleepers {
            let woken = soon("a sleeper wakes", sleeper).await;
            woken.expect("no panic").result();
        }
        self.asleep(0).await;
    }

    async fn calls(&self, times: &mut Vec<Duration>) {
        // What goes to sleep or wakes is over by then.
        for _ in 0..3 {
            self.client.tool("quick_echo", "{}").await.result();
        }
        for _ in 0..CALLS {
            let start = Instant::now();
            self.client.tool("quick_echo", "{}").await.result();
            times.push(start.elapsed());
        }
    }
}

/// Of an odd number of times the one in the middle.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() * 99 / 100]
}

/// Whether the sleepers cost the others too much. Pure.
fn slowed(alone: Duration, beside: Duration) -> Option<String> {
    let said = || {
        format!(
            "while every connection of one server sleeps, the p99 of another's calls is \
             {beside:?}, and {alone:?} otherwise; {AT_MOST} percent are allowed"
        )
    };
    (beside * 100 > alone * AT_MOST).then(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_as_much_again_is_let_pass_and_more_is_not() {
        let alone = Duration::from_micros(1_000);
        assert_eq!(slowed(alone, Duration::from_micros(1_500)), None);
        assert!(slowed(alone, Duration::from_micros(1_501)).is_some());
    }
}
