//! The ledger of child processes, so that even a gateway that was killed leaves
//! no server behind: whoever starts next reads what it had running and ends it.
//!
//! One file per gateway, `children/<pid>.json` in the data folder, written anew
//! whenever a child comes or goes, and only there while children are. A process
//! is told by its id and its start time together, because ids are used again. Beside each
//! child stand the processes that descend from it and have left its group, as they were found
//! last (`family`); it is looked now and then. What gateways that are gone left is ended by the next (`reap`).
//! Where children die with their parent anyway (Windows, the job object) nothing
//! is ever entered.

mod child;
mod family;
mod processes;
mod reap;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::private_file;
use crate::sync::Locked;
use child::{Line, Stamp};
pub(crate) use processes::Urgency;
pub(crate) use reap::Remains;

/// See the module.
#[derive(Debug)]
pub(crate) struct Ledger {
    folder: PathBuf,
    /// This gateway and this boot; `None` where the system does not tell.
    identity: Option<(Stamp, String)>,
    /// Held while the file is written, so that the newest page is the one that
    /// stays. That is a small file, once per process started or ended.
    children: Mutex<Vec<Line>>,
    /// When the last look at all processes began. Held while one is under way, which is never
    /// on the runtime: an older look must not overwrite a newer one.
    looked: Mutex<Option<Instant>>,
}

/// A child that was entered. It stays in the ledger until it is struck out. Where this is
/// dropped before, nobody has seen the end of its process group; then it goes with a later
/// look that finds nobody of it.
#[derive(Debug)]
pub(crate) struct Entry {
    ledger: Arc<Ledger>,
    stamp: Option<Stamp>,
}

/// What one gateway has running.
#[derive(Debug, Serialize, Deserialize)]
struct Page {
    owner: Stamp,
    boot: String,
    children: Vec<Line>,
}

// === impl Ledger ===

impl Ledger {
    /// Touches nothing on disk yet.
    pub(crate) fn new(data_dir: &Path) -> Arc<Self> {
        Arc::new(Self {
            folder: data_dir.join("children"),
            identity: Stamp::of(std::process::id()).zip(processes::boot()),
            children: Mutex::default(),
            looked: Mutex::default(),
        })
    }

    /// Enters a child that has just been started as the leader of its own group.
    pub(crate) fn enter(self: &Arc<Self>, server: &str, pid: u32) -> Entry {
        let stamp = Stamp::of(pid);
        if let Some(stamp) = stamp {
            self.change(|children| children.push(Line::new(server, stamp)));
        }
        Entry {
            ledger: Arc::clone(self),
            stamp,
        }
    }

    /// Whether there is anything for a [`look`](Self::look) to find.
    pub(crate) fn has_children(&self) -> bool {
        !self.children.locked().is_empty()
    }

    /// Looks who has left the groups of the children, and which of those that nobody sees off
    /// are gone. Looks at all processes of the machine: not for the runtime.
    pub(crate) fn look(&self) {
        let Some((own, _)) = &self.identity else {
            return;
        };
        let asked = Instant::now();
        let mut looked = self.looked.locked();
        if looked.is_some_and(|began| began > asked) {
            // Somebody else's look was as good.
            return;
        }
        *looked = Some(Instant::now());
        let all = match processes::all() {
            Ok(all) => all,
            Err(error) => {
                tracing::debug!(%error, "the processes could not be listed; those that were found before are kept");
                return;
            }
        };
        let released: Vec<Line> = {
            let children = self.children.locked();
            children
                .iter()
                .filter(|line| line.is_released)
                .cloned()
                .collect()
        };
        let gone: Vec<Stamp> = released
            .into_iter()
            .filter(|line| !line.is_left())
            .map(|line| line.stamp)
            .collect();
        self.change_if(|children| {
            let before = children.len();
            children.retain(|line| !gone.contains(&line.stamp));
            family::relate(children, &all, own.pid) || children.len() < before
        });
    }

    fn pages(&self) -> Vec<PathBuf> {
        // No folder: no gateway has had a child yet.
        let Ok(folder) = std::fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        folder
            .filter_map(|file| Some(file.ok()?.path()))
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "json")
            })
            .collect()
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Line>)) {
        self.change_if(|children| {
            change(children);
            true
        });
    }

    /// Writes the page anew where `change` says that it changed something.
    fn change_if(&self, change: impl FnOnce(&mut Vec<Line>) -> bool) {
        let Some((owner, boot)) = &self.identity else {
            return;
        };
        let path = self.folder.join(format!("{}.json", owner.pid));
        let mut children = self.children.locked();
        if !change(&mut children) {
            return;
        }
        let written = if children.is_empty() {
            remove(&path)
        } else {
            let page = Page {
                owner: *owner,
                boot: boot.clone(),
                children: children.clone(),
            };
            serde_json::to_vec(&page)
                .map_err(io::Error::other)
                .and_then(|page| private_file::write(&path, &page))
        };
        if let Err(error) = written {
            tracing::warn!(path = %path.display(), %error, "the ledger of children could not be written; what a killed gateway leaves behind may stay");
        }
    }
}

// === impl Entry ===

impl Entry {
    /// The child, its whole group and whoever left that are gone.
    pub(crate) fn strike(mut self) {
        if let Some(stamp) = self.stamp.take() {
            self.ledger
                .change(|children| children.retain(|line| line.stamp != stamp));
        }
    }

    /// The ledger that it stands in.
    pub(crate) fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Signals those who have left the group of the child; whether there were any.
    pub(crate) fn signal_detached(&self, urgency: Urgency) -> bool {
        self.line()
            .is_some_and(|line| line.signal_detached(urgency))
    }

    /// The child is asked to leave: nobody who has left its group is forgotten any more for having
    /// lost a parent.
    pub(crate) fn leaves(&self) {
        let mut children = self.ledger.children.locked();
        if let Some(line) = children
            .iter_mut()
            .find(|line| Some(line.stamp) == self.stamp)
        {
            line.is_leaving = true;
        }
    }

    /// Whether any of those who have left the group of the child is there.
    pub(crate) fn has_detached(&self) -> bool {
        let line = self.line();
        line.is_some_and(|line| line.has_detached())
    }

    /// Tells whether anybody of the child is left, in its group or outside. Looks at all
    /// processes of the machine: not for the runtime.
    pub(crate) fn is_left(&self) -> impl FnOnce() -> bool + Send + use<> {
        let line = self.line();
        move || line.is_some_and(|line| line.is_left())
    }

    fn line(&self) -> Option<Line> {
        let stamp = self.stamp?;
        let children = self.ledger.children.locked();
        children.iter().find(|line| line.stamp == stamp).cloned()
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let Some(stamp) = self.stamp else { return };
        let mut children = self.ledger.children.locked();
        if let Some(line) = children.iter_mut().find(|line| line.stamp == stamp) {
            line.is_released = true;
        }
    }
}

/// Whether anybody of a group runs.
#[cfg(all(test, unix))]
pub(crate) fn group_runs(leader: u32) -> bool {
    processes::group_has_members(leader)
}

fn read_page(path: &Path) -> io::Result<Page> {
    serde_json::from_slice(&std::fs::read(path)?).map_err(io::Error::other)
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
