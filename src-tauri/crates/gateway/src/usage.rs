//! What local servers take of the machine: memory and processor time, summed over all the
//! processes of a server. Looked at now and then by a task of its own, and nowhere else.
//!
//! A server is seldom one process: `npx` starts a shell, which starts node. So everybody counts
//! who is in the group of a connection's process, or descends from it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::core::Core;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(3);
/// Who belongs to a server is found out anew every so many looks: that means asking for every
/// process of the machine.
const SEARCH: u32 = 10;
/// As many looks after a server's start, its processes are still being started.
const UNSETTLED: u32 = 3;
/// Generations between a process and the one that the gateway started.
const GENERATIONS: usize = 32;

/// What one server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Bytes that are resident. Memory that its processes share counts for each of them.
    pub(crate) memory: u64,
    /// Of one core.
    pub(crate) cpu: Percent,
}

/// A share in tenths of a percent; may be more than a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(u32);

/// Looks at processes, and remembers what it takes to tell how much time has been used since.
#[derive(Debug, Default)]
struct Meter {
    /// The processes of each leader.
    families: HashMap<u32, Vec<u32>>,
    /// Looks since they were found out.
    looks: u32,
    /// Looks that a search goes with, because a leader is new.
    unsettled: u32,
    /// When each process began, and its processor time at the last look, in milliseconds.
    before: HashMap<u32, (u64, u64)>,
    at: Option<Instant>,
}

/// What a search finds of a process.
#[derive(Debug, Clone, Copy)]
struct Kin {
    id: u32,
    parent: Option<u32>,
    /// The leader of its group, where there are groups.
    group: Option<u32>,
}

// === impl Percent ===

impl Percent {
    fn of(busy: Duration, passed: Duration) -> Self {
        if passed.is_zero() {
            return Self(0);
        }
        // Far from what a float cannot hold; a negative or absurd value saturates.
        Self((busy.as_secs_f64() / passed.as_secs_f64() * 1000.0).round() as u32)
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.0) / 10.0)
    }
}

// === impl Meter ===

impl Meter {
    /// What the processes of each of these leaders take.
    fn measure(&mut self, leaders: &[u32]) -> Result<HashMap<u32, Usage>, sysinfo::Error> {
        let is_new = leaders.iter().any(|one| !self.families.contains_key(one));
        if is_new {
            self.unsettled = UNSETTLED;
        }
        if is_new || self.unsettled > 0 || self.looks >= SEARCH {
            self.families = families(leaders, &search()?);
            self.looks = 0;
            self.unsettled = self.unsettled.saturating_sub(1);
        } else {
            self.families.retain(|leader, _| leaders.contains(leader));
            self.looks += 1;
        }
        self.look()
    }

    fn look(&mut self) -> Result<HashMap<u32, Usage>, sysinfo::Error> {
        let members = self.families.values().flatten();
        let members: Vec<_> = members.map(|id| Pid::from_u32(*id)).collect();
        let mut system = System::new()?;
        let kind = processes().with_cpu().with_memory();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&members), true, kind);
        let now = Instant::now();
        let passed = self.at.replace(now).map(|before| now - before);
        let before = std::mem::take(&mut self.before);
        let mut usages = HashMap::new();
        for (leader, members) in &self.families {
            let (mut memory, mut busy, mut alive) = (0, 0, false);
            for id in members {
                let Some(process) = system.process(Pid::from_u32(*id)) else {
                    continue;
                };
                alive = true;
                memory += process.memory();
                let (began, used) = (process.start_time(), process.accumulated_cpu_time());
                let known = before.get(id).filter(|(then, _)| *then == began);
                // How long ago a new one has used its time is not known.
                busy += known.map_or(0, |(_, then)| used.saturating_sub(*then));
                self.before.insert(*id, (began, used));
            }
            if alive {
                let passed = passed.unwrap_or_default();
                let cpu = Percent::of(Duration::from_millis(busy), passed);
                usages.insert(*leader, Usage { memory, cpu });
            }
        }
        Ok(usages)
    }
}

impl Usage {
    fn and(self, other: Self) -> Self {
        Self {
            memory: self.memory + other.memory,
            cpu: Percent(self.cpu.0 + other.cpu.0),
        }
    }
}

/// Looks at the processes of all servers until `end`.
pub(crate) async fn watch(core: Arc<Core>, end: CancellationToken) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut meter = Meter::default();
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if core.ledger.has_children() {
            let ledger = Arc::clone(&core.ledger);
            // What a killed gateway leaves behind is found again by what is noted here.
            if let Err(error) = tokio::task::spawn_blocking(move || ledger.look()).await {
                tracing::warn!(%error, "who belongs to the servers could not be looked at");
            }
        }
        let live = core.live_full();
        let servers = live.servers.iter().map(|server| {
            let connections = server.pool.all_connections();
            let processes = connections.iter();
            let processes = processes.filter_map(|one| one.process.get().copied());
            (Arc::clone(&server.history), processes.collect::<Vec<_>>())
        });
        let servers: Vec<_> = servers.collect();
        let leaders: Vec<_> = servers.iter().flat_map(|(_, all)| all.clone()).collect();
        let measured = tokio::task::spawn_blocking(move || {
            let usages = if leaders.is_empty() {
                Ok(HashMap::new())
            } else {
                meter.measure(&leaders)
            };
            (meter, usages)
        });
        let usages = match measured.await {
            Ok((back, Ok(usages))) => {
                meter = back;
                usages
            }
            Ok((_, Err(error))) => {
                tracing::warn!(%error, "this system does not tell what processes take; it is not shown");
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "what processes take could not be measured; it is not shown");
                return;
            }
        };
        for (history, processes) in servers {
            let own = processes.iter().filter_map(|one| usages.get(one).copied());
            history.measured(own.reduce(Usage::and));
        }
    }
}

/// Whole processes: on Linux a thread would count as one of its own, with all the memory of its
/// process.
fn processes() -> ProcessRefreshKind {
    ProcessRefreshKind::nothing().without_tasks()
}

/// Every process of the machine.
fn search() -> Result<Vec<Kin>, sysinfo::Error> {
    let mut system = System::new()?;
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, processes());
    let kin = system.processes().iter().map(|(id, process)| Kin {
        id: id.as_u32(),
        parent: process.parent().map(Pid::as_u32),
        group: group(id.as_u32()),
    });
    Ok(kin.collect())
}

#[cfg(unix)]
fn group(id: u32) -> Option<u32> {
    let id = nix::unistd::Pid::from_raw(i32::try_from(id).ok()?);
    let group = nix::unistd::getpgid(Some(id)).ok()?;
    u32::try_from(group.as_raw()).ok()
}

#[cfg(not(unix))]
fn group(_: u32) -> Option<u32> {
    None
}

/// Which processes belong to each leader: those of its group and its descendants. Nobody is
/// counted twice.
fn families(leaders: &[u32], all: &[Kin]) -> HashMap<u32, Vec<u32>> {
    let by_id: HashMap<u32, Kin> = all.iter().map(|one| (one.id, *one)).collect();
    let mut families: HashMap<u32, Vec<u32>> =
        leaders.iter().map(|one| (*one, Vec::new())).collect();
    for one in all {
        let mut ancestor = Some(*one);
        // A family that bites its own tail cannot be; ids that are used again may look like it.
        for _ in 0..GENERATIONS {
            let Some(now) = ancestor else { break };
            let leader = Some(now.id).filter(|id| families.contains_key(id));
            let leader = leader.or(now.group.filter(|group| families.contains_key(group)));
            if let Some(family) = leader.and_then(|leader| families.get_mut(&leader)) {
                family.push(one.id);
                break;
            }
            ancestor = now.parent.and_then(|parent| by_id.get(&parent).copied());
        }
    }
    families
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn kin(id: u32, parent: u32, group: u32) -> Kin {
        Kin {
            id,
            parent: Some(parent),
            group: Some(group),
        }
    }

    #[test]
    fn a_server_is_its_group_and_its_descendants() {
        let all = [
            kin(1, 0, 1),
            kin(10, 1, 10),
            // Started by it, in the same group; its parent may be gone.
            kin(11, 10, 10),
            kin(12, 1, 10),
            // Started by it, in a group of its own, with a child.
            kin(13, 11, 13),
            kin(14, 13, 13),
            kin(20, 1, 20),
            // Started by one leader, itself a leader.
            kin(30, 10, 30),
            kin(99, 1, 99),
            // In a ring.
            kin(40, 41, 40),
            kin(41, 40, 40),
        ];
        let mut found = families(&[10, 30, 50], &all);
        found.values_mut().for_each(|ids| ids.sort_unstable());
        assert_eq!(found[&10], [10, 11, 12, 13, 14]);
        assert_eq!(found[&30], [30]);
        assert!(found[&50].is_empty());
    }

    #[test]
    fn shares_are_of_one_core() {
        let of = |busy, passed| {
            let percent = Percent::of(Duration::from_millis(busy), Duration::from_millis(passed));
            serde_json::to_value(percent).unwrap()
        };
        assert_eq!(of(3000, 3000), 100.0);
        assert_eq!(of(6000, 3000), 200.0);
        assert_eq!(of(1, 3000), 0.0);
        assert_eq!(of(4, 3000), 0.1);
        assert_eq!(of(5, 0), 0.0);
    }

    #[test]
    fn the_threads_of_a_process_are_no_processes() {
        // The test runner's own thread is one more already; this one lives for the whole look.
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || ended.recv());
        let own = std::process::id();
        let found = families(&[own], &search().unwrap());
        let times = found[&own].iter().filter(|id| **id == own).count();
        #[cfg(target_os = "linux")]
        for task in std::fs::read_dir("/proc/self/task").unwrap() {
            let task = task.unwrap().file_name().into_string().unwrap();
            let task: u32 = task.parse().unwrap();
            assert!(task == own || !found[&own].contains(&task), "{task}");
        }
        drop(end);
        thread.join().unwrap().unwrap_err();
        assert_eq!(times, 1);
    }

    /// A process that does nothing but turn; it ends with the test, however that ends.
    #[cfg(unix)]
    struct Busy(std::process::Child);

    #[cfg(unix)]
    impl Drop for Busy {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_busy_process_is_told_from_one_that_is_gone() {
        use std::os::unix::process::CommandExt;
        let child = std::process::Command::new("sh")
            .args(["-c", "while :; do :; done"])
            .process_group(0)
            .spawn();
        let busy = Busy(child.unwrap());
        let leader = busy.0.id();
        let mut meter = Meter::default();
        let first = meter.measure(&[leader]).unwrap()[&leader];
        assert!(first.memory > 100_000, "{first:?}");
        let began = Instant::now();
        // However slow the machine is, it gets its turn at some time.
        while meter.measure(&[leader]).unwrap()[&leader].cpu.0 == 0 {
            assert!(began.elapsed() < Duration::from_secs(30), "never busy");
            std::thread::sleep(Duration::from_millis(50));
        }
        drop(busy);
        assert_eq!(meter.measure(&[leader]).unwrap().get(&leader), None);
    }
}
