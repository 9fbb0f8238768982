//! One round: every client connects, makes its calls, and leaves.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use testkit::Gateway;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::{self, Diary, Kind, Place};
use crate::oracle::Outage;
use crate::owner::Owner;
use crate::schedule;

/// How many clients there are.
pub(crate) const CLIENTS: usize = 50;
/// What a kill has torn is whole again this long after the gateway is back: its clients' dead
/// connections have been noticed.
const AFTERMATH: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(5);

/// What all rounds have in common.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Calls of each client in a round.
    pub(crate) calls: usize,
    pub(crate) bridge: std::path::PathBuf,
    pub(crate) epoch: Instant,
}

/// Clients on their way.
struct Crowd {
    clients: JoinSet<anyhow::Result<Diary>>,
    made: Arc<AtomicUsize>,
    home: Arc<AtomicUsize>,
}

/// A whole round with a gateway that stays.
pub(crate) async fn quiet(
    plan: &Plan,
    name: &str,
    gateway: &Gateway,
) -> anyhow::Result<Vec<Diary>> {
    let (stop, stopped) = watch::channel(false);
    let owner = tokio::spawn(Owner::of(gateway).attend(stopped));
    let diaries = Crowd::set_out(plan, name, gateway).home().await;
    stop.send_replace(true);
    owner.await?;
    diaries
}

/// A round in the middle of which the gateway is killed and started again. `meanwhile` is
/// what is done between the two.
pub(crate) async fn with_a_kill(
    plan: &Plan,
    name: &str,
    gateway: &mut Gateway,
    meanwhile: impl AsyncFnOnce(&Gateway),
) -> anyhow::Result<(Vec<Diary>, Outage)> {
    let (stop, stopped) = watch::channel(false);
    let owner = tokio::spawn(Owner::of(gateway).attend(stopped));
    let crowd = Crowd::set_out(plan, name, gateway);
    let half = CLIENTS * plan.calls / 2;
    while crowd.made.load(Ordering::Relaxed) < half && !crowd.are_all_home() {
        tokio::time::sleep(LOOK).await;
    }
    let from = plan.epoch.elapsed();
    gateway.kill();
    meanwhile(gateway).await;
    gateway.restart().await;
    let until = plan.epoch.elapsed() + AFTERMATH;
    let diaries = crowd.home().await;
    stop.send_replace(true);
    owner.await?;
    Ok((diaries?, Outage { from, until }))
}

impl Crowd {
    fn set_out(plan: &Plan, round: &str, gateway: &Gateway) -> Self {
        let (made, home) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let calls = schedule::calls(plan.seed, round, number, plan.calls);
            let mut bridge = gateway.setup().command(&plan.bridge);
            bridge.arg(&gateway.endpoint);
            let place = Place {
                base: gateway.base().to_owned(),
                bridge,
            };
            let (made, at_home) = (Arc::clone(&made), Arc::clone(&home));
            let epoch = plan.epoch;
            clients.spawn(async move {
                let count = move || {
                    made.fetch_add(1, Ordering::Relaxed);
                };
                let kind = Kind::of(number);
                let diary = client::run(kind, place, calls, epoch, count).await;
                at_home.fetch_add(1, Ordering::Relaxed);
                diary.with_context(|| format!("client {number} ({kind:?})"))
            });
        }
        Self {
            clients,
            made,
            home,
        }
    }

    /// Nobody is left who could make calls.
    fn are_all_home(&self) -> bool {
        self.home.load(Ordering::Relaxed) == CLIENTS
    }

    async fn home(mut self) -> anyhow::Result<Vec<Diary>> {
        let mut diaries = Vec::with_capacity(CLIENTS);
        while let Some(home) = self.clients.join_next().await {
            diaries.push(home??);
        }
        Ok(diaries)
    }
}
