use std::io::{BufRead, BufReader};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::child::{runs, still_its_own};
use super::processes::Seen;
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
        tokio::time::sleep(Duration::from_millis(20)).await;
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
