//! A clock that a test can put forward, for the gateway and its clients alike: what expires in an
//! hour expires at once. The wall clock alone moves; timers go on as before.

use std::path::{Path, PathBuf};

use testkit::Setup;

/// Where a gateway's folder has it.
const FILE: &str = "clock";

/// Starts everything of a story under the clock.
pub(super) fn wound(setup: Setup) -> Setup {
    let file = setup.path(FILE);
    set(&file, 0);
    setup
        .env("LD_PRELOAD", library().display().to_string())
        .env("FAKETIME_TIMESTAMP_FILE", file.display().to_string())
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
}

/// So many hours have passed since the start.
pub(super) fn put_forward(setup: &Setup, hours: u32) {
    set(&setup.path(FILE), hours);
}

fn set(file: &Path, hours: u32) {
    let next = file.with_extension("new");
    std::fs::write(&next, format!("+{hours}h\n")).expect("the clock is written");
    // Whoever reads it in this moment reads the one or the other.
    std::fs::rename(next, file).expect("the clock is set");
}

/// libfaketime, whichever folder this machine's kind of processor has.
fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").expect("/usr/lib");
    let mut found = folders
        .filter_map(Result::ok)
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    found
        .find(|library| library.exists())
        .expect("libfaketime is not installed; run: apt-get install faketime")
}
