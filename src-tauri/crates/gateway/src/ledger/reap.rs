//! What gateways that are gone left running: found by their pages, looked at, ended.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::child::Line;
use super::processes::{self, Urgency};
use super::{Ledger, family, read_page, remove};

/// Between SIGTERM and SIGKILL. Their stdin ended long ago.
const AFTER_TERM: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A process that a gateway which is gone left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remains {
    pub(crate) server: String,
    pub(crate) pid: u32,
}

/// What the pages of all gateways say.
#[derive(Debug, Default)]
struct Found {
    left_behind: Vec<Line>,
    /// Pages that nobody writes any more.
    old: Vec<PathBuf>,
    /// Gateways that run and have children, this one left out.
    others: Vec<u32>,
}

// === impl Ledger ===

impl Ledger {
    /// Ends what gateways that are gone left behind. To be awaited before the
    /// first child is entered: an earlier gateway may have had this one's id.
    pub(crate) async fn reap(&self) {
        let mut found = self.find();
        end(&mut found.left_behind).await;
        for path in found.old {
            if let Err(error) = remove(&path) {
                tracing::warn!(path = %path.display(), %error, "an old ledger of children could not be removed");
            }
        }
    }

    /// What gateways that are gone left behind, and the ids of others that run with this folder.
    /// Nothing is touched.
    pub(crate) fn remains(&self) -> (Vec<Remains>, Vec<u32>) {
        let Found {
            left_behind,
            others,
            ..
        } = self.find();
        let remains = left_behind.iter().flat_map(|line| {
            let leader = Some(line.stamp).filter(|_| line.has_group());
            let detached = line.detached.iter().filter(|one| one.is_left());
            leader
                .into_iter()
                .chain(detached.copied())
                .map(|one| Remains {
                    server: line.server.clone(),
                    pid: one.pid,
                })
        });
        (remains.collect(), others)
    }

    fn find(&self) -> Found {
        let mut found = Found::default();
        let Some((own, boot)) = &self.identity else {
            return found;
        };
        for path in self.pages() {
            let page = match read_page(&path) {
                Ok(page) => page,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "a ledger of children cannot be read and is of no use");
                    found.old.push(path);
                    continue;
                }
            };
            if page.owner.is_left() {
                if page.owner != *own {
                    found.others.push(page.owner.pid);
                }
                continue;
            }
            found.old.push(path);
            if processes::same_boot(&page.boot, boot) {
                found.left_behind.extend(page.children);
            }
        }
        relate(&mut found.left_behind, own.pid);
        found.left_behind.retain(Line::is_left);
        found
    }
}

/// As [`family::relate`]; where the processes cannot be listed, everybody stays noted as before.
fn relate(lines: &mut [Line], own: u32) {
    match processes::all() {
        Ok(all) => {
            family::relate(lines, &all, own);
        }
        Err(error) => tracing::warn!(%error, "the processes could not be listed"),
    }
}

/// Asks all of them to leave, at once, and insists after a while.
async fn end(left_behind: &mut [Line]) {
    for line in left_behind.iter() {
        tracing::warn!(server = %line.server, pid = line.stamp.pid, "an earlier gateway that was killed left this server running; it is ended");
        line.signal(Urgency::Asking);
    }
    let asked = Instant::now();
    while asked.elapsed() < AFTER_TERM && left_behind.iter().any(Line::is_left) {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    // Somebody may have been started meanwhile.
    relate(left_behind, std::process::id());
    left_behind
        .iter()
        .filter(|line| line.is_left())
        .for_each(|line| line.signal(Urgency::Insisting));
}
