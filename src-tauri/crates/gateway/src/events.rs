//! What the window and browsers are told as it happens: the status when it changes,
//! and once a second the numbers that always change.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::by_hand::ConfigProblem;
use crate::core::Core;
use crate::server::log::now;
use crate::status::{self, Status};
use crate::sync::Locked;
use crate::usage::Percent;

/// The pulse.
const BEAT: Duration = Duration::from_secs(1);
/// Changes that come together are told together.
const TOGETHER: Duration = Duration::from_millis(100);

/// See the module.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) status: watch::Sender<Bytes>,
    pub(crate) pulse: watch::Sender<Bytes>,
    /// Counts changes of accounts, of clients with access and of secrets.
    pub(crate) accounts: watch::Sender<u64>,
    /// What is wrong with the configuration file, for which an earlier text is in force.
    problems: ArcSwap<Vec<ConfigProblem>>,
    /// What the doctor has found last, counted; `None` before it looked.
    findings: Mutex<Option<usize>>,
    /// Somebody began to listen and was told the status of that moment, whatever the
    /// others were told last.
    has_newcomer: AtomicBool,
}

/// The numbers of one second.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Pulse {
    /// In milliseconds since 1970.
    pub(crate) at: u64,
    /// Seconds since the gateway's start.
    pub(crate) uptime: u64,
    /// Client sessions in memory.
    pub(crate) sessions: usize,
    /// By the server's name.
    #[cfg_attr(test, ts(type = "Record<string, ServerPulse>"))]
    pub(crate) servers: BTreeMap<String, ServerPulse>,
}

/// One server's part of it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ServerPulse {
    /// Connections with a call in flight.
    pub(crate) active: u32,
    /// Open connections.
    pub(crate) total: u32,
    /// Calls that wait for a connection.
    pub(crate) waiting: u32,
    /// Calls that finished in this second.
    pub(crate) calls: u32,
    /// Bytes of memory that its processes hold; `null` where there are none on this machine.
    pub(crate) memory: Option<u64>,
    /// Percent of one core that they use.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub(crate) cpu: Option<Percent>,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            status: watch::Sender::new(Bytes::new()),
            pulse: watch::Sender::new(Bytes::new()),
            accounts: watch::Sender::new(0),
            problems: ArcSwap::default(),
            findings: Mutex::default(),
            has_newcomer: AtomicBool::new(false),
        }
    }
}

impl Hub {
    /// Somebody begins to listen; to be called before the status for them is made.
    pub(crate) fn welcome(&self) {
        self.has_newcomer.store(true, Ordering::SeqCst);
    }

    /// What is wrong with the file; nothing where it is in force as it is.
    pub(crate) fn problems(&self) -> Arc<Vec<ConfigProblem>> {
        self.problems.load_full()
    }

    /// How much was wrong or worth a warning when the doctor looked last.
    pub(crate) fn findings(&self) -> Option<usize> {
        *self.findings.locked()
    }

    /// The doctor has looked.
    pub(crate) fn set_findings(&self, count: usize) {
        *self.findings.locked() = Some(count);
    }

    /// The file was looked at.
    pub(crate) fn set_problems(&self, problems: Vec<ConfigProblem>) {
        self.problems.store(Arc::new(problems));
    }
}

/// Counts and tells until `end`.
pub(crate) async fn beat(core: Arc<Core>, end: CancellationToken) {
    let mut ticks = interval(BEAT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = None;
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            () = core.changed.notified() => tokio::time::sleep(TOGETHER).await,
            _ = ticks.tick() => take_pulse(&core),
        }
        tell(&core, &mut told);
    }
}

/// Tells of changes of accounts and of clients with access until `end`.
pub(crate) async fn follow_accounts(core: Arc<Core>, end: CancellationToken) {
    let mut accounts = core.oauth.accounts.watch();
    let mut clients = core.oauth.facade.watch();
    loop {
        let more = tokio::select! {
            () = end.cancelled() => return,
            changed = accounts.changed() => changed,
            changed = clients.changed() => changed,
        };
        if more.is_err() {
            return;
        }
        core.sessions.close_taken_back();
        core.accounts_changed();
    }
}

impl Core {
    /// Accounts, clients with access or secrets are not what they were.
    pub(crate) fn accounts_changed(&self) {
        self.hub.accounts.send_modify(|count| *count += 1);
        self.changed.notify_one();
    }
}

/// Publishes the status where it is another one than the last, numbers aside.
fn tell(core: &Core, told: &mut Option<Status>) {
    if core.hub.status.receiver_count() == 0 {
        return;
    }
    if core.hub.has_newcomer.swap(false, Ordering::SeqCst) {
        *told = None;
    }
    let status = status::status(core);
    let shape = status.without_numbers();
    if told.as_ref() != Some(&shape) {
        core.hub.status.send_replace(written(&status));
        *told = Some(shape);
    }
}

fn take_pulse(core: &Core) {
    let live = core.live_full();
    let at = now();
    let servers = live.servers.iter().map(|server| {
        let sample = server.history.sample(&server.pool, at);
        let guests = status::of_guests(core, server);
        let with =
            |own: u32, guests: usize| own.saturating_add(u32::try_from(guests).unwrap_or(u32::MAX));
        let pulse = ServerPulse {
            active: with(sample.active, guests.active),
            total: with(sample.total, guests.total),
            waiting: with(sample.waiting, guests.waiting),
            calls: sample.calls,
            memory: sample.usage.map(|usage| usage.memory),
            cpu: sample.usage.map(|usage| usage.cpu),
        };
        (server.config.name.clone(), pulse)
    });
    let servers: BTreeMap<_, _> = servers.collect();
    if core.hub.pulse.receiver_count() > 0 {
        core.hub.pulse.send_replace(written(&Pulse {
            at,
            uptime: core.started.elapsed().as_secs(),
            sessions: core.sessions.count(),
            servers,
        }));
    }
}

/// A document as it is sent.
fn written(document: &impl Serialize) -> Bytes {
    serde_json::to_vec(document)
        .expect("BUG: the document has string keys alone")
        .into()
}
