//! What the window and browsers are told as it happens: the status when it changes,
//! and once a second the numbers that always change.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::config::revision;
use crate::core::Core;
use crate::server::log::now;
use crate::status::{self, Status};
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
    /// The configuration file is another one than the one in force.
    changed_on_disk: AtomicBool,
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
            changed_on_disk: AtomicBool::new(false),
            has_newcomer: AtomicBool::new(false),
        }
    }
}

impl Hub {
    /// Somebody begins to listen; to be called before the status for them is made.
    pub(crate) fn welcome(&self) {
        self.has_newcomer.store(true, Ordering::SeqCst);
    }

    /// The file was just read or written.
    pub(crate) fn file_is_in_force(&self) {
        self.changed_on_disk.store(false, Ordering::Relaxed);
    }

    /// Whether the file was changed by hand since it was read.
    pub(crate) fn changed_on_disk(&self) -> bool {
        self.changed_on_disk.load(Ordering::Relaxed)
    }
}

/// Looks and tells until `end`.
pub(crate) async fn beat(core: Arc<Core>, end: CancellationToken) {
    let mut ticks = interval(BEAT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut told, mut seen) = (None, Seen::default());
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            () = core.changed.notified() => tokio::time::sleep(TOGETHER).await,
            _ = ticks.tick() => {
                take_pulse(&core);
                look_at_the_file(&core, &mut seen).await;
            }
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
        let pulse = ServerPulse {
            active: sample.active,
            total: sample.total,
            waiting: sample.waiting,
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

/// The file as it was when it was looked at last.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    stamp: Option<(SystemTime, u64)>,
    in_force: Option<String>,
}

async fn look_at_the_file(core: &Core, seen: &mut Seen) {
    let live = core.live_full();
    // Without a file, one may come into being where it would be found.
    let first = || core.source.as_ref()?.first_path();
    let Some(path) = live.path.clone().or_else(first) else {
        return;
    };
    let look = tokio::task::spawn_blocking(move || {
        let stamp = std::fs::metadata(&path).ok().and_then(|metadata| {
            let modified = metadata.modified().ok()?;
            Some((modified, metadata.len()))
        });
        (path, stamp)
    });
    let Ok((path, stamp)) = look.await else {
        return;
    };
    let now_seen = Seen {
        stamp,
        in_force: live.revision.clone(),
    };
    if *seen == now_seen {
        return;
    }
    let read = tokio::task::spawn_blocking(move || std::fs::read(path));
    let on_disk = match read.await {
        Ok(Ok(bytes)) => Some(revision(&bytes)),
        // A file that is gone is a change, too.
        _ => None,
    };
    // A change that is being made has written what is not in force yet.
    let Ok(_alone) = core.changing.try_lock() else {
        return;
    };
    if core.live().revision != live.revision {
        return;
    }
    *seen = now_seen;
    let differs = on_disk != live.revision;
    core.hub.changed_on_disk.store(differs, Ordering::Relaxed);
}

/// A document as it is sent.
fn written(document: &impl Serialize) -> Bytes {
    serde_json::to_vec(document)
        .expect("BUG: the document has string keys alone")
        .into()
}
