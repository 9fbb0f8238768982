//! Notices that something happens where the configuration file lies.
//!
//! Folders are watched, not the file: editors put another file in its place, and whoever links
//! their configuration swaps the link, or the link of a folder on the way. An event only says
//! that it is time for a look; what it claims to have seen is not believed. Owns which folders
//! those are. Never reads the file.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// A save is over when nothing has happened for so long.
const QUIET: Duration = Duration::from_millis(150);
/// Who never stops writing is looked at all the same.
const AT_MOST: Duration = Duration::from_secs(1);
/// Links that lead to links; systems follow about as many.
const LINKS: usize = 40;

/// Follows one path, whatever it leads to at the moment.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
    bell: Arc<Bell>,
}

/// Where the things lie that decide what a path leads to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Places {
    folders: BTreeSet<PathBuf>,
    /// What those things are called in their folders; anything else there is nobody's business.
    names: BTreeSet<OsString>,
}

/// Rung by the watcher's thread.
#[derive(Debug, Default)]
struct Bell {
    places: ArcSwap<Places>,
    rung: Notify,
}

// === impl Watch ===

impl Watch {
    /// Watches wherever `path` leads now. Blocks for a moment.
    ///
    /// # Errors
    /// The system cannot watch there, or not any more; nothing is noticed until this is
    /// called again and succeeds.
    pub(crate) fn follow(&mut self, path: &Path) -> Result<(), notify::Error> {
        let places = places(path);
        let folders = places.folders.clone();
        self.bell.places.store(Arc::new(places));
        let followed = self.watch(folders);
        if followed.is_err() {
            self.watcher = None;
            self.watched.clear();
        }
        followed
    }

    /// Waits until something has happened there and is over.
    pub(crate) async fn stirred(&self) {
        self.bell.rung.notified().await;
        let end = Instant::now() + AT_MOST;
        while Instant::now() < end {
            let quiet = end.min(Instant::now() + QUIET);
            if timeout_at(quiet, self.bell.rung.notified()).await.is_err() {
                return;
            }
        }
    }

    fn watch(&mut self, folders: BTreeSet<PathBuf>) -> Result<(), notify::Error> {
        let watcher = match &mut self.watcher {
            Some(watcher) => watcher,
            none => {
                let bell = Arc::clone(&self.bell);
                none.insert(notify::recommended_watcher(move |event| bell.hear(event))?)
            }
        };
        // A folder of the same name may be another one by now, so every one is watched anew.
        for folder in std::mem::take(&mut self.watched) {
            if let Err(error) = watcher.unwatch(&folder) {
                tracing::debug!(%error, "a folder of the configuration was watched no more");
            }
        }
        for folder in folders {
            watcher.watch(&folder, RecursiveMode::NonRecursive)?;
            self.watched.insert(folder);
        }
        Ok(())
    }
}

// === impl Bell ===

impl Bell {
    fn hear(&self, event: Result<Event, notify::Error>) {
        let counts = match event {
            Ok(event) => is_news(&event, &self.places.load()),
            // Something may have been missed.
            Err(error) => {
                tracing::debug!(%error, "the folders of the configuration cannot be watched");
                true
            }
        };
        if counts {
            self.rung.notify_one();
        }
    }
}

/// Whether an event may be about one of the things that decide.
fn is_news(event: &Event, places: &Places) -> bool {
    // The gateway's own look at the file is an event as well.
    let is_look = matches!(event.kind, EventKind::Access(kind)
        if kind != AccessKind::Close(AccessMode::Write));
    if is_look {
        return false;
    }
    let concerns = |path: &PathBuf| {
        places.folders.contains(path)
            || path
                .file_name()
                .is_some_and(|name| places.names.contains(name))
    };
    // Without a path, events were lost.
    event.paths.is_empty() || event.paths.iter().any(concerns)
}

/// Where to look for changes of what `path` leads to. What is missing on the way is awaited in
/// the last folder that is there.
fn places(path: &Path) -> Places {
    let mut places = Places::default();
    let mut ahead: VecDeque<OsString> = parts(path);
    let mut here = PathBuf::new();
    let mut links = 0;
    while let Some(part) = ahead.pop_front() {
        if is_fixed(&part) {
            // `..` of a folder that no link leads to is the folder above it.
            match part == OsStr::new("..") {
                true => drop(here.pop()),
                false => here.push(&part),
            }
            continue;
        }
        let next = here.join(&part);
        let is_last = ahead.is_empty();
        match std::fs::symlink_metadata(&next) {
            Ok(metadata) if metadata.is_symlink() && links < LINKS => {
                links += 1;
                places.add(&here, &part);
                let Ok(target) = std::fs::read_link(&next) else {
                    return places;
                };
                if target.has_root() {
                    here = PathBuf::new();
                }
                for part in parts(&target).into_iter().rev() {
                    ahead.push_front(part);
                }
            }
            Ok(_) if !is_last => here = next,
            _ => {
                places.add(&here, &part);
                return places;
            }
        }
    }
    places
}

fn parts(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter(|part| *part != Component::CurDir)
        .map(|part| part.as_os_str().to_owned())
        .collect()
}

/// A root, a drive or `..`: nothing that a link could stand for.
fn is_fixed(part: &OsStr) -> bool {
    !matches!(
        Path::new(part).components().next(),
        Some(Component::Normal(_))
    )
}

// === impl Places ===

impl Places {
    fn add(&mut self, folder: &Path, name: &OsStr) {
        let folder = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        };
        self.folders.insert(folder.to_owned());
        self.names.insert(name.to_owned());
    }
}

#[cfg(test)]
mod tests;
