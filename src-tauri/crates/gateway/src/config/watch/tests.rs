use std::fs;

use notify::event::{CreateKind, DataChange, ModifyKind};

use super::*;

/// A folder without links on the way to it.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().canonicalize().expect("its path");
    (folder, path)
}

fn watched(path: &Path) -> (Vec<PathBuf>, Vec<String>) {
    let Places { folders, names } = places(path);
    let names = names
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    (folders.into_iter().collect(), names)
}

#[test]
fn a_plain_file_is_awaited_in_its_folder() {
    let (_keep, here) = folder();
    let path = here.join("config.json");
    let expected = (vec![here.clone()], vec!["config.json".to_owned()]);
    assert_eq!(watched(&path), expected);
    fs::write(&path, "{}").expect("written");
    assert_eq!(watched(&path), expected);
}

#[test]
fn a_folder_that_is_missing_is_awaited_in_the_last_one_that_is_there() {
    let (_keep, here) = folder();
    let path = here.join("a/b/config.json");
    assert_eq!(watched(&path), (vec![here.clone()], vec!["a".to_owned()]));
    fs::create_dir(here.join("a")).expect("made");
    assert_eq!(watched(&path), (vec![here.join("a")], vec!["b".to_owned()]));
}

#[cfg(unix)]
#[test]
fn every_link_on_the_way_is_watched_where_it_lies() {
    use std::os::unix::fs::symlink;
    let (_keep, here) = folder();
    // As Kubernetes mounts a ConfigMap.
    fs::create_dir_all(here.join("mount/..one")).expect("made");
    fs::write(here.join("mount/..one/config.json"), "{}").expect("written");
    symlink("..one", here.join("mount/..data")).expect("linked");
    symlink("..data/config.json", here.join("mount/config.json")).expect("linked");
    // And somebody's own link to it, through another folder and back.
    fs::create_dir(here.join("etc")).expect("made");
    symlink("../mount/config.json", here.join("etc/gateway.json")).expect("linked");
    let (folders, names) = watched(&here.join("etc/gateway.json"));
    assert_eq!(
        folders,
        [
            here.join("etc"),
            here.join("mount"),
            here.join("mount/..one")
        ]
    );
    assert_eq!(names, ["..data", "config.json", "gateway.json"]);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_to_itself_or_nowhere_is_watched_and_no_more() {
    use std::os::unix::fs::symlink;
    let (_keep, here) = folder();
    symlink("loop", here.join("loop")).expect("linked");
    assert_eq!(watched(&here.join("loop")).0, std::slice::from_ref(&here));
    symlink(here.join("gone/x"), here.join("dangling")).expect("linked");
    let (folders, names) = watched(&here.join("dangling"));
    assert_eq!(
        (folders, names),
        (
            vec![here.clone()],
            vec!["dangling".to_owned(), "gone".to_owned()]
        )
    );
}

#[test]
fn a_look_at_the_file_and_what_happens_beside_it_are_no_news() {
    let mut places = Places::default();
    places.add(Path::new("/etc/x"), OsStr::new("config.json"));
    let event = |kind, path: &str| Event::new(kind).add_path(path.into());
    let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
    let closed = |mode| EventKind::Access(AccessKind::Close(mode));
    for (event, expected) in [
        (event(written, "/etc/x/config.json"), true),
        (event(written, "/etc/x/other.json"), false),
        (
            event(EventKind::Create(CreateKind::File), "/etc/x/config.json"),
            true,
        ),
        (
            event(
                EventKind::Access(AccessKind::Open(AccessMode::Any)),
                "/etc/x/config.json",
            ),
            false,
        ),
        (event(closed(AccessMode::Read), "/etc/x/config.json"), false),
        (event(closed(AccessMode::Write), "/etc/x/config.json"), true),
        (
            event(
                EventKind::Remove(notify::event::RemoveKind::Folder),
                "/etc/x",
            ),
            true,
        ),
        (Event::new(EventKind::Other), true),
    ] {
        assert_eq!(is_news(&event, &places), expected, "{event:?}");
    }
}

/// What really happens, told by the system.
async fn is_told(watch: &Watch, what: &str) {
    let told = tokio::time::timeout(Duration::from_secs(20), watch.stirred()).await;
    assert!(told.is_ok(), "nobody told of {what}");
}

#[tokio::test]
async fn a_save_a_replacement_and_a_folder_that_comes_late_are_told() {
    let (_keep, here) = folder();
    let path = here.join("late/config.json");
    let mut watch = Watch::default();
    watch.follow(&path).expect("it can be watched");
    fs::create_dir(here.join("late")).expect("made");
    is_told(&watch, "the folder").await;
    watch.follow(&path).expect("it can be watched");
    fs::write(&path, "one").expect("written");
    is_told(&watch, "the file").await;
    fs::write(here.join("late/new"), "two").expect("written");
    fs::rename(here.join("late/new"), &path).expect("replaced");
    is_told(&watch, "the replacement").await;
    fs::remove_dir_all(here.join("late")).expect("removed");
    is_told(&watch, "the end of the folder").await;
    watch.follow(&path).expect("it can be watched");
    fs::create_dir(here.join("late")).expect("made");
    is_told(&watch, "the folder's return").await;
}

#[tokio::test]
async fn a_burst_is_told_once() {
    let (_keep, here) = folder();
    let path = here.join("config.json");
    let mut watch = Watch::default();
    watch.follow(&path).expect("it can be watched");
    for round in 0..20 {
        fs::write(&path, format!("{round}")).expect("written");
    }
    is_told(&watch, "the burst").await;
    fs::read(&path).expect("a look");
    let more = tokio::time::timeout(QUIET * 4, watch.stirred()).await;
    assert!(more.is_err(), "it was over");
}
