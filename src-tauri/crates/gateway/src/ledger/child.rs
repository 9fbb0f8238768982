//! A child that was started, and who has left its process group; whether they are still there.

use serde::{Deserialize, Serialize};

use super::processes::{self, Seen, Urgency};

/// One process, and never the next one with its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    pub(super) pid: u32,
    /// As the system counts it; see `processes`.
    pub(super) started: u64,
}

/// A child, the leader of its process group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) server: String,
    #[serde(flatten)]
    pub(super) stamp: Stamp,
    /// Those who descend from it and have left its group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) detached: Vec<Stamp>,
    /// Nobody sees it off any more.
    #[serde(skip)]
    pub(super) is_released: bool,
    /// It is asked to leave: who is noted beside it stays so, whatever becomes of the parents.
    #[serde(skip)]
    pub(super) is_leaving: bool,
}

// === impl Line ===

impl Line {
    pub(super) fn new(server: &str, stamp: Stamp) -> Self {
        Self {
            server: server.to_owned(),
            stamp,
            detached: Vec::new(),
            is_released: false,
            is_leaving: false,
        }
    }

    /// Whether anybody of it is left, in its group or outside.
    pub(super) fn is_left(&self) -> bool {
        self.has_group() || self.has_detached()
    }

    /// Whether anybody is left in its group.
    pub(super) fn has_group(&self) -> bool {
        let pid = self.stamp.pid;
        still_its_own(
            self.stamp,
            // Where the system does not say, it is taken to be as it was.
            processes::look(pid).unwrap_or_default(),
            processes::group_has_members(pid),
        )
    }

    /// Whether any of those who have left its group is there.
    pub(super) fn has_detached(&self) -> bool {
        self.detached.iter().any(|one| one.is_left())
    }

    /// Signals its group, if it still is the child's, and whoever left that.
    pub(super) fn signal(&self, urgency: Urgency) {
        if self.has_group()
            && let Err(error) = processes::signal_group(self.stamp.pid, urgency)
            && self.is_left()
        {
            tracing::warn!(server = %self.server, pid = self.stamp.pid, %error, "it could not be ended");
        }
        self.signal_detached(urgency);
    }

    /// Signals those who have left its group; whether there were any.
    pub(super) fn signal_detached(&self, urgency: Urgency) -> bool {
        let mut any = false;
        for one in &self.detached {
            match processes::signal_one(one.pid, urgency, || one.runs()) {
                Ok(was_there) => any |= was_there,
                Err(error) => {
                    tracing::warn!(server = %self.server, pid = one.pid, %error, "a process that it started could not be ended");
                }
            }
        }
        any
    }
}

// === impl Stamp ===

impl Stamp {
    pub(super) fn of(pid: u32) -> Option<Self> {
        let started = processes::look(pid).ok()??.started;
        Some(Self { pid, started })
    }

    /// Whether it certainly runs, and may be signalled.
    pub(super) fn runs(self) -> bool {
        processes::look(self.pid).is_ok_and(|seen| runs(self, seen))
    }

    /// Whether it is there, as far as can be told: where the system does not say, it is.
    pub(super) fn is_left(self) -> bool {
        processes::look(self.pid).map_or(true, |seen| runs(self, seen))
    }
}

/// Whether a process is still at work, given what now has its id.
pub(super) fn runs(stamp: Stamp, seen: Option<Seen>) -> bool {
    seen.is_some_and(|seen| seen.started == stamp.started && !seen.defunct)
}

/// Whether a child's group is still the child's, given what now has its id and
/// whether the group has members. No process gets an id that a group still bears.
pub(super) fn still_its_own(stamp: Stamp, seen: Option<Seen>, has_members: bool) -> bool {
    has_members && seen.is_none_or(|seen| seen.started == stamp.started)
}
