//! What the system says about processes and their groups. It decides nothing.

/// What has a process id now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// Comparable within one boot, in the system's own unit.
    pub(super) started: u64,
    /// It has ended; only its parent has not noticed yet.
    pub(super) defunct: bool,
}

/// How a group is told to end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Urgency {
    Asking,
    Insisting,
}

pub(super) use group::{group_has_members, signal_group, signal_one};
pub(super) use system::{all, boot, look, same_boot};

#[cfg(unix)]
mod group {
    use std::io;

    use rustix::io::Errno;
    use rustix::process::{
        Pid, Signal, getpgrp, getpid, kill_process, kill_process_group, test_kill_process_group,
    };

    use super::Urgency;
    use super::system::all_defunct;

    /// Whether anybody is in it whom this process may signal.
    pub(in super::super) fn group_has_members(leader: u32) -> bool {
        group(leader).is_ok_and(|group| test_kill_process_group(group).is_ok())
            && !all_defunct(leader)
    }

    /// Signals everybody in it.
    ///
    /// # Errors
    /// Those of the system, and where it would hit this process itself.
    pub(in super::super) fn signal_group(leader: u32, urgency: Urgency) -> io::Result<()> {
        Ok(kill_process_group(group(leader)?, signal(urgency))?)
    }

    /// Signals one process if `is_it` says that the id is still its own; whether it was there.
    /// Where the system knows handles of processes, nobody can get the id in between.
    ///
    /// # Errors
    /// Those of the system.
    pub(in super::super) fn signal_one(
        id: u32,
        urgency: Urgency,
        is_it: impl Fn() -> bool,
    ) -> io::Result<bool> {
        let one = i32::try_from(id).ok().and_then(Pid::from_raw);
        let Some(one) = one.filter(|&one| one != Pid::INIT && one != getpid()) else {
            return Err(Errno::INVAL.into());
        };
        #[cfg(target_os = "linux")]
        let sent = {
            use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
            match pidfd_open(one, PidfdFlags::empty()) {
                Ok(_) if !is_it() => return Ok(false),
                Ok(handle) => pidfd_send_signal(handle, signal(urgency)),
                Err(Errno::SRCH) => return Ok(false),
                // An old kernel, or one that is told not to.
                Err(_) if !is_it() => return Ok(false),
                Err(_) => kill_process(one, signal(urgency)),
            }
        };
        #[cfg(not(target_os = "linux"))]
        let sent = {
            if !is_it() {
                return Ok(false);
            }
            kill_process(one, signal(urgency))
        };
        match sent {
            Ok(()) => Ok(true),
            Err(Errno::SRCH) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn signal(urgency: Urgency) -> Signal {
        match urgency {
            Urgency::Asking => Signal::TERM,
            Urgency::Insisting => Signal::KILL,
        }
    }

    /// Never the group that this process is in, nor init's.
    fn group(leader: u32) -> Result<Pid, Errno> {
        i32::try_from(leader)
            .ok()
            .and_then(Pid::from_raw)
            .filter(|&group| group != Pid::INIT && group != getpgrp())
            .ok_or(Errno::INVAL)
    }
}

/// Start times in clock ticks since boot: exact, whatever becomes of the wall clock.
#[cfg(target_os = "linux")]
mod system {
    use std::io;

    use rustix::io::Errno;

    use super::super::child::Stamp;
    use super::super::family::Kin;
    use super::Seen;

    /// Every process that has not ended.
    ///
    /// # Errors
    /// Where there may be others: they could not be listed, or one could not be read.
    pub(in super::super) fn all() -> io::Result<Vec<Kin>> {
        let kin = stats()?.into_iter().filter_map(|(pid, stat)| {
            let seen = seen(&stat).filter(|seen| !seen.defunct)?;
            Some(Kin {
                stamp: Stamp {
                    pid,
                    started: seen.started,
                },
                parent: u32::try_from(field(&stat, 4)?).ok()?,
                group: u32::try_from(field(&stat, 5)?).ok()?,
            })
        });
        Ok(kin.collect())
    }

    /// `None` where no process has this id.
    ///
    /// # Errors
    /// Where the system does not tell, for want of descriptors for example.
    pub(in super::super) fn look(pid: u32) -> io::Result<Option<Seen>> {
        Ok(stat(pid)?.and_then(|stat| seen(&stat)))
    }

    /// What the system says of each process that this one may look at.
    fn stats() -> io::Result<Vec<(u32, String)>> {
        let mut stats = Vec::new();
        for process in std::fs::read_dir("/proc")? {
            let name = process?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            match stat(pid) {
                Ok(stat) => stats.extend(stat.map(|stat| (pid, stat))),
                // Another user's, where those are hidden.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                Err(error) => return Err(error),
            }
        }
        Ok(stats)
    }

    /// `None` where no process has this id. A name need not be UTF-8; nobody asks for it.
    fn stat(pid: u32) -> io::Result<Option<String>> {
        match std::fs::read(format!("/proc/{pid}/stat")) {
            Ok(stat) => Ok(Some(String::from_utf8_lossy(&stat).into_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            // It ended between the opening and the reading.
            Err(error) if error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// This boot of the machine; with it the pid namespace, for a container's
    /// ids say nothing elsewhere.
    pub(in super::super) fn boot() -> Option<String> {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
        Some(format!("{} {}", boot.trim_end(), namespace.display()))
    }

    pub(in super::super) fn same_boot(one: &str, other: &str) -> bool {
        one == other
    }

    /// Whether everybody in a group has ended. Where init buries nobody, as in
    /// many containers, such a group takes signals for ever.
    pub(super) fn all_defunct(leader: u32) -> bool {
        stats().is_ok_and(|stats| {
            !stats
                .iter()
                .filter(|(_, stat)| field(stat, 5) == Some(u64::from(leader)))
                .any(|(_, stat)| seen(stat).is_some_and(|seen| !seen.defunct))
        })
    }

    /// Reads proc_pid_stat(5), of which fields 3 (state), 4 (parent), 5 (group) and 22
    /// (start time) matter here.
    fn seen(stat: &str) -> Option<Seen> {
        Some(Seen {
            started: field(stat, 22)?,
            defunct: matches!(fields(stat)?.next()?, "Z" | "X"),
        })
    }

    fn field(stat: &str, number: usize) -> Option<u64> {
        fields(stat)?.nth(number - 3)?.parse().ok()
    }

    /// From field 3 on. The name before may hold anything, spaces and brackets too.
    fn fields(stat: &str) -> Option<impl Iterator<Item = &str>> {
        let (_, fields) = stat.rsplit_once(')')?;
        Some(fields.split_ascii_whitespace())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_name_full_of_brackets_hides_nothing() {
            let stat = "7 (a) R (b) S 1 7 7 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4711 9 9";
            let expected = Seen {
                started: 4711,
                defunct: false,
            };
            assert_eq!(seen(stat), Some(expected));
            let defunct = seen(&stat.replace(" S ", " Z ")).is_some_and(|seen| seen.defunct);
            assert!(defunct);
            assert_eq!(field(stat, 5), Some(7));
        }

        #[test]
        fn this_process_runs() {
            let own = look(std::process::id()).ok().flatten();
            let own = own.map(|seen| (seen.started > 0, seen.defunct));
            assert_eq!(own, Some((true, false)));
            let all = all().unwrap_or_default();
            assert!(all.iter().any(|one| one.stamp.pid == std::process::id()));
        }
    }
}

/// Start times in seconds since 1970.
#[cfg(all(unix, not(target_os = "linux")))]
mod system {
    use std::io;

    use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System};

    use super::super::child::Stamp;
    use super::super::family::Kin;
    use super::Seen;

    /// Every process that has not ended.
    ///
    /// # Errors
    /// Where they could not be listed.
    pub(in super::super) fn all() -> io::Result<Vec<Kin>> {
        let mut system = open()?;
        let kind = ProcessRefreshKind::nothing().without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
        if system.process(Pid::from_u32(std::process::id())).is_none() {
            return Err(io::Error::other("the processes could not be listed"));
        }
        let processes = system.processes().iter();
        let kin = processes.filter_map(|(id, process)| {
            if is_defunct(process) {
                return None;
            }
            let pid = id.as_u32();
            let group = nix::unistd::Pid::from_raw(i32::try_from(pid).ok()?);
            let group = nix::unistd::getpgid(Some(group)).ok()?;
            Some(Kin {
                stamp: Stamp {
                    pid,
                    started: process.start_time(),
                },
                parent: process.parent().map_or(0, Pid::as_u32),
                group: u32::try_from(group.as_raw()).ok()?,
            })
        });
        Ok(kin.collect())
    }

    fn open() -> io::Result<System> {
        System::new().map_err(|error| io::Error::other(error.to_string()))
    }

    fn is_defunct(process: &Process) -> bool {
        matches!(
            process.status(),
            ProcessStatus::Zombie | ProcessStatus::Dead
        )
    }

    /// The time of boot moves when the clock is set, by this many seconds at most.
    const CLOCK: u64 = 60;

    /// `None` where no process has this id.
    ///
    /// # Errors
    /// Where the system does not tell.
    pub(in super::super) fn look(pid: u32) -> io::Result<Option<Seen>> {
        let pid = Pid::from_u32(pid);
        let mut system = open()?;
        system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[pid]),
            true,
            ProcessRefreshKind::nothing(),
        );
        Ok(system.process(pid).map(|process| Seen {
            started: process.start_time(),
            defunct: is_defunct(process),
        }))
    }

    /// Not told; init buries the dead.
    pub(super) fn all_defunct(_: u32) -> bool {
        false
    }

    /// This boot of the machine.
    pub(in super::super) fn boot() -> Option<String> {
        System::boot_time().ok().map(|seconds| seconds.to_string())
    }

    pub(in super::super) fn same_boot(one: &str, other: &str) -> bool {
        match (one.parse::<u64>(), other.parse::<u64>()) {
            (Ok(one), Ok(other)) => one.abs_diff(other) < CLOCK,
            _ => false,
        }
    }
}

/// Nothing is known, so that nothing is entered and nothing reaped.
#[cfg(not(unix))]
mod system {
    use std::io;

    use super::super::family::Kin;
    use super::Seen;

    pub(in super::super) fn all() -> io::Result<Vec<Kin>> {
        Ok(Vec::new())
    }

    pub(in super::super) fn look(_: u32) -> io::Result<Option<Seen>> {
        Ok(None)
    }

    pub(in super::super) fn boot() -> Option<String> {
        None
    }

    pub(in super::super) fn same_boot(_: &str, _: &str) -> bool {
        false
    }
}

#[cfg(not(unix))]
mod group {
    use std::io;

    use super::Urgency;

    pub(in super::super) fn group_has_members(_: u32) -> bool {
        false
    }

    pub(in super::super) fn signal_group(_: u32, _: Urgency) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in super::super) fn signal_one(
        _: u32,
        _: Urgency,
        _: impl Fn() -> bool,
    ) -> io::Result<bool> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
