//! The ledger of child processes, so that even a gateway that was killed leaves
//! no server behind: whoever starts next reads what it had running and ends it.
//!
//! One file per gateway, `children/<pid>.json` in the data folder, written anew
//! whenever a child comes or goes, and only there while children are. A process
//! is told by its id and its start time together, because ids are used again. Beside each
//! child stand the processes that descend from it and have left its group, as they were found
//! last (`family`); it is looked now and then.
//! Where children die with their parent anyway (Windows, the job object) nothing
//! is ever entered.

mod family;
mod processes;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::private_file;
use crate::sync::Locked;
use processes::Seen;
pub(crate) use processes::Urgency;

/// Between SIGTERM and SIGKILL. Their stdin ended long ago.
const AFTER_TERM: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

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

/// One process, and never the next one with its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    pid: u32,
    /// As the system counts it; see `processes`.
    started: u64,
}

/// A child, the leader of its process group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    server: String,
    #[serde(flatten)]
    stamp: Stamp,
    /// Those who descend from it and have left its group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    detached: Vec<Stamp>,
    /// Nobody sees it off any more.
    #[serde(skip)]
    is_released: bool,
    /// It is asked to leave: who is noted beside it stays so, whatever becomes of the parents.
    #[serde(skip)]
    is_leaving: bool,
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
            let leader = Some(line.stamp).filter(|_| group_is_left(line));
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
        found.left_behind.retain(is_left_behind);
        found
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
            .filter(|line| !is_left_behind(line))
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
            .is_some_and(|line| signal_detached(&line, urgency))
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
        line.is_some_and(|line| line.detached.iter().any(|one| one.is_left()))
    }

    /// Tells whether anybody of the child is left, in its group or outside. Looks at all
    /// processes of the machine: not for the runtime.
    pub(crate) fn is_left(&self) -> impl FnOnce() -> bool + Send + use<> {
        let line = self.line();
        move || line.is_some_and(|line| is_left_behind(&line))
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

impl Line {
    fn new(server: &str, stamp: Stamp) -> Self {
        Self {
            server: server.to_owned(),
            stamp,
            detached: Vec::new(),
            is_released: false,
            is_leaving: false,
        }
    }
}

// === impl Stamp ===

impl Stamp {
    fn of(pid: u32) -> Option<Self> {
        let started = processes::look(pid).ok()??.started;
        Some(Self { pid, started })
    }

    /// Whether it certainly runs, and may be signalled.
    fn runs(self) -> bool {
        processes::look(self.pid).is_ok_and(|seen| runs(self, seen))
    }

    /// Whether it is there, as far as can be told: where the system does not say, it is.
    fn is_left(self) -> bool {
        processes::look(self.pid).map_or(true, |seen| runs(self, seen))
    }
}

/// Whether a process is still at work, given what now has its id.
fn runs(stamp: Stamp, seen: Option<Seen>) -> bool {
    seen.is_some_and(|seen| seen.started == stamp.started && !seen.defunct)
}

/// Whether a child's group is still the child's, given what now has its id and
/// whether the group has members. No process gets an id that a group still bears.
fn still_its_own(stamp: Stamp, seen: Option<Seen>, has_members: bool) -> bool {
    has_members && seen.is_none_or(|seen| seen.started == stamp.started)
}

fn is_left_behind(line: &Line) -> bool {
    group_is_left(line) || line.detached.iter().any(|one| one.is_left())
}

fn group_is_left(line: &Line) -> bool {
    let pid = line.stamp.pid;
    still_its_own(
        line.stamp,
        // Where the system does not say, it is taken to be as it was.
        processes::look(pid).unwrap_or_default(),
        processes::group_has_members(pid),
    )
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

/// Whether anybody of a group runs.
#[cfg(all(test, unix))]
pub(crate) fn group_runs(leader: u32) -> bool {
    processes::group_has_members(leader)
}

/// Asks all of them to leave, at once, and insists after a while.
async fn end(left_behind: &mut [Line]) {
    for line in left_behind.iter() {
        tracing::warn!(server = %line.server, pid = line.stamp.pid, "an earlier gateway that was killed left this server running; it is ended");
        signal(line, Urgency::Asking);
    }
    let asked = Instant::now();
    while asked.elapsed() < AFTER_TERM && left_behind.iter().any(is_left_behind) {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    // Somebody may have been started meanwhile.
    relate(left_behind, std::process::id());
    left_behind
        .iter()
        .filter(|line| is_left_behind(line))
        .for_each(|line| signal(line, Urgency::Insisting));
}

/// Signals the group of a child, if it still is the child's, and whoever left it.
fn signal(line: &Line, urgency: Urgency) {
    if group_is_left(line)
        && let Err(error) = processes::signal_group(line.stamp.pid, urgency)
        && is_left_behind(line)
    {
        tracing::warn!(server = %line.server, pid = line.stamp.pid, %error, "it could not be ended");
    }
    signal_detached(line, urgency);
}

fn signal_detached(line: &Line, urgency: Urgency) -> bool {
    let mut any = false;
    for one in &line.detached {
        match processes::signal_one(one.pid, urgency, || one.runs()) {
            Ok(was_there) => any |= was_there,
            Err(error) => {
                tracing::warn!(server = %line.server, pid = one.pid, %error, "a process that it started could not be ended");
            }
        }
    }
    any
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
mod tests {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::{Child, Command, Stdio};

    use rustix::process::{Pid, Signal, kill_process_group};

    use super::*;

    const GONE: Stamp = Stamp {
        pid: 1,
        started: u64::MAX,
    };

    /// A data folder with one process running.
    struct Scene {
        home: tempfile::TempDir,
        child: Child,
    }

    impl Scene {
        /// The process says that it runs, then does as told.
        fn new(script: &str) -> Self {
            let mut child = Command::new("sh")
                .args(["-c", script])
                .process_group(0)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap())
                .read_line(&mut line)
                .unwrap();
            Self {
                home: tempfile::tempdir().unwrap(),
                child,
            }
        }

        fn stamp(&self) -> Stamp {
            Stamp::of(self.child.id()).unwrap()
        }

        fn page(&self, owner: Stamp, child: Stamp, boot: &str) -> PathBuf {
            let path = self.home.path().join("children/another.json");
            let page = Page {
                owner,
                boot: boot.to_owned(),
                children: vec![Line::new("left", child)],
            };
            private_file::write(&path, &serde_json::to_vec(&page).unwrap()).unwrap();
            path
        }

        async fn reap(&self) {
            Ledger::new(self.home.path()).reap().await;
        }

        /// The signal that ended the process: the test's own if none had before.
        fn ended_by(mut self) -> Option<i32> {
            let group = Pid::from_child(&self.child);
            kill_process_group(group, Signal::ALARM).unwrap();
            self.child.wait().unwrap().signal()
        }
    }

    const DECENT: &str = "echo; exec sleep 60";
    const STUBBORN: &str = "trap '' TERM; echo; sleep 60";
    // One that no shell has its background jobs ignore.
    const SIGALRM: Option<i32> = Some(14);
    const SIGKILL: Option<i32> = Some(9);
    const SIGTERM: Option<i32> = Some(15);

    fn boot() -> String {
        processes::boot().unwrap()
    }

    #[test]
    fn the_page_is_there_while_children_are() {
        let scene = Scene::new(DECENT);
        let ledger = Ledger::new(scene.home.path());
        let path = scene
            .home
            .path()
            .join(format!("children/{}.json", std::process::id()));
        let entry = ledger.enter("memory", scene.child.id());
        let page = read_page(&path).unwrap();
        assert!(page.owner.runs());
        assert_eq!(page.children, [Line::new("memory", scene.stamp())]);
        entry.strike();
        assert!(!path.exists());
        assert_eq!(scene.ended_by(), SIGALRM);
    }

    #[tokio::test]
    async fn a_server_left_behind_is_asked_to_leave() {
        let scene = Scene::new(DECENT);
        let page = scene.page(GONE, scene.stamp(), &boot());
        scene.reap().await;
        assert!(!page.exists());
        assert_eq!(scene.ended_by(), SIGTERM);
    }

    #[tokio::test]
    async fn what_is_left_can_be_looked_at_first() {
        let scene = Scene::new(DECENT);
        let page = scene.page(GONE, scene.stamp(), &boot());
        let (remains, others) = Ledger::new(scene.home.path()).remains();
        let remains: Vec<_> = remains.iter().map(|one| one.pid).collect();
        assert_eq!((remains, others), (vec![scene.child.id()], Vec::new()));
        assert!(page.exists());
        let mut other = Scene::new(DECENT);
        other.page(other.stamp(), scene.stamp(), &boot());
        let (remains, others) = Ledger::new(other.home.path()).remains();
        assert_eq!((remains, others), (Vec::new(), vec![other.child.id()]));
        other.child.kill().unwrap();
        other.child.wait().unwrap();
        assert_eq!(scene.ended_by(), SIGALRM);
    }

    #[tokio::test]
    async fn one_that_does_not_listen_is_killed() {
        let scene = Scene::new(STUBBORN);
        scene.page(GONE, scene.stamp(), &boot());
        scene.reap().await;
        assert_eq!(scene.ended_by(), SIGKILL);
    }

    #[tokio::test]
    async fn a_group_that_loses_its_leader_first_is_killed_too() {
        let mut scene = Scene::new("trap '' TERM; sleep 60 & echo");
        let pid = scene.child.id();
        let stamp = scene.stamp();
        scene.child.wait().unwrap();
        scene.page(GONE, stamp, &boot());
        assert!(processes::group_has_members(pid));
        scene.reap().await;
        let gone = Instant::now();
        while processes::group_has_members(pid) {
            assert!(gone.elapsed() < Duration::from_secs(5), "still there");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    #[tokio::test]
    async fn what_a_running_gateway_has_is_left_alone() {
        let scene = Scene::new(DECENT);
        let owner = Stamp::of(std::process::id()).unwrap();
        let page = scene.page(owner, scene.stamp(), &boot());
        scene.reap().await;
        assert!(page.exists());
        assert_eq!(scene.ended_by(), SIGALRM);
    }

    #[tokio::test]
    async fn a_stranger_with_a_used_id_is_left_alone() {
        let scene = Scene::new(DECENT);
        let mut stamp = scene.stamp();
        stamp.started -= 1;
        let page = scene.page(GONE, stamp, &boot());
        scene.reap().await;
        assert!(!page.exists());
        assert_eq!(scene.ended_by(), SIGALRM);
    }

    #[tokio::test]
    async fn what_was_entered_before_the_machine_started_is_forgotten() {
        let scene = Scene::new(DECENT);
        let page = scene.page(GONE, scene.stamp(), "0");
        scene.reap().await;
        assert!(!page.exists());
        assert_eq!(scene.ended_by(), SIGALRM);
    }

    #[tokio::test]
    async fn a_page_nobody_can_read_is_removed() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("children/7.json");
        private_file::write(&path, b"{").unwrap();
        Ledger::new(home.path()).reap().await;
        assert!(!path.exists());
    }

    #[test]
    fn a_group_without_its_leader_is_still_the_childs() {
        let stamp = Stamp { pid: 7, started: 5 };
        let seen = |started, defunct| Some(Seen { started, defunct });
        assert!(still_its_own(stamp, None, true));
        assert!(still_its_own(stamp, seen(5, true), true));
        assert!(!still_its_own(stamp, seen(6, false), true));
        assert!(!still_its_own(stamp, None, false));
    }

    #[test]
    fn an_owner_that_nobody_has_buried_is_gone() {
        let stamp = Stamp { pid: 7, started: 5 };
        let seen = |started, defunct| Some(Seen { started, defunct });
        assert!(runs(stamp, seen(5, false)));
        assert!(!runs(stamp, seen(5, true)));
        assert!(!runs(stamp, seen(6, false)));
        assert!(!runs(stamp, None));
    }
}
