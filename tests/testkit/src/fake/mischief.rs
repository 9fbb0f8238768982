//! Ways of going wrong that take more than a message.

use std::path::Path;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};

use super::journal::Journal;
use super::raw::argument;

/// What was said before is on its way after so long.
const SAID: Duration = Duration::from_millis(20);

/// Prints so many lines to stderr at once.
pub(super) fn flood(lines: usize) {
    for line in 1..=lines {
        eprintln!("line {line} of {lines} that nobody wants to read, as servers print them");
    }
}

/// Ends the process at the first call with this `token`, whichever instance it comes to.
pub(super) async fn crash_first(folder: &Path, params: &str, journal: &Journal) {
    let token = argument(params, &["arguments", "token"]);
    let token = token.and_then(|token| token.as_str().map(str::to_owned));
    let mark = folder.join(token.unwrap_or_default());
    if mark.exists() {
        return;
    }
    let marked = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&mark, ""));
    if let Err(error) = marked {
        eprintln!("cannot create {}: {error}", mark.display());
        return;
    }
    tokio::time::sleep(SAID).await;
    journal.exit(1, "crash")
}

/// Stops the whole process: it neither answers nor reads nor heeds a signal but the last.
pub(super) fn freeze() {
    if let Err(error) = kill_process(getpid(), Signal::STOP) {
        eprintln!("cannot stop: {error}");
    }
}

/// Ends every other process at its start. The file says whose turn it is.
pub(super) fn stumble(file: &Path, journal: &Journal) {
    if std::fs::remove_file(file).is_ok() {
        return;
    }
    if let Err(error) = std::fs::write(file, "") {
        eprintln!("cannot create {}: {error}", file.display());
    }
    journal.exit(1, "stumbled")
}
