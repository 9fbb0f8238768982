//! Lines on their way to disk. Whoever has one puts it here and goes on: one task writes, and
//! where it cannot keep up, lines are left out and counted rather than kept in memory.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;

use super::files;
use super::line::{LogLine, Source};
use crate::log_level::LogLevel;
use crate::sync::Locked;

/// Bytes that may wait to be written. As much again may be on its way to disk.
const ROOM: usize = 1 << 20;
/// Of these, for one log: who is loud silences nobody else.
const SHARE: usize = ROOM / 4;
/// At least between two reports that files cannot be written.
const TELL_AGAIN: Duration = Duration::from_secs(60);
/// What a line takes beside its text.
const OVERHEAD: usize = 96;

/// See the module.
#[derive(Debug)]
pub(crate) struct Archive {
    data_dir: PathBuf,
    queue: Mutex<Queue>,
    wake: Notify,
}

/// Where the lines of one log go.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    archive: Arc<Archive>,
    /// The name of its file.
    file: Arc<str>,
}

/// What waits, in the order in which it came.
#[derive(Debug, Default)]
struct Queue {
    lines: Vec<(Arc<str>, LogLine)>,
    /// In all, and of each file.
    bytes: usize,
    shares: HashMap<Arc<str>, usize>,
    /// Lines of each file for which there was no room.
    left_out: HashMap<Arc<str>, u64>,
    closed: bool,
}

// === impl Archive ===

impl Archive {
    /// Touches nothing on disk yet.
    pub(crate) fn new(data_dir: &Path) -> Arc<Self> {
        Arc::new(Self {
            data_dir: data_dir.to_owned(),
            queue: Mutex::default(),
            wake: Notify::new(),
        })
    }

    /// Where the lines of a server go.
    pub(crate) fn place(self: &Arc<Self>, server: &str) -> Place {
        Place {
            archive: Arc::clone(self),
            file: files::file_name(server).into(),
        }
    }

    /// Where the gateway's own lines go.
    pub(crate) fn own_place(self: &Arc<Self>) -> Place {
        Place {
            archive: Arc::clone(self),
            file: files::OWN.into(),
        }
    }

    /// Takes no more lines; [`keep`] ends when it has written what is there.
    pub(crate) fn close(&self) {
        self.queue.locked().closed = true;
        self.wake.notify_one();
    }

    /// Whether something is to be written.
    #[cfg(test)]
    pub(crate) fn waits(&self) -> bool {
        !self.queue.locked().lines.is_empty()
    }

    /// All that waits; whether there will be more.
    fn take(&self) -> (Queue, bool) {
        let mut queue = self.queue.locked();
        let closed = queue.closed;
        let empty = Queue {
            closed,
            ..Queue::default()
        };
        (std::mem::replace(&mut queue, empty), !closed)
    }
}

// === impl Place ===

impl Place {
    /// Adds a line. Never waits.
    pub(crate) fn put(&self, line: &LogLine) {
        let size = line.text.len() + OVERHEAD;
        let mut queue = self.archive.queue.locked();
        if queue.closed {
            return;
        }
        let bytes = queue.bytes + size;
        let share = queue.shares.entry(Arc::clone(&self.file)).or_default();
        if bytes > ROOM || *share + size > SHARE {
            *queue.left_out.entry(Arc::clone(&self.file)).or_default() += 1;
            return;
        }
        *share += size;
        queue.bytes = bytes;
        queue.lines.push((Arc::clone(&self.file), line.clone()));
        drop(queue);
        self.archive.wake.notify_one();
    }
}

/// Writes what comes until the archive is closed; first removes what is old and of no server
/// in `present`.
pub(crate) async fn keep(archive: Arc<Archive>, present: Vec<String>) {
    let data_dir = archive.data_dir.clone();
    let swept = tokio::task::spawn_blocking(move || {
        files::sweep(&data_dir, &present, SystemTime::now());
    });
    if let Err(error) = swept.await {
        tracing::warn!(%error, "old logs could not be looked at");
    }
    let mut failing = Failing::default();
    loop {
        archive.wake.notified().await;
        let (queue, more) = archive.take();
        let data_dir = archive.data_dir.clone();
        let written = tokio::task::spawn_blocking(move || write(&data_dir, queue)).await;
        match written {
            Ok(written) => tell(&archive, &mut failing, written),
            Err(error) => tracing::warn!(%error, "some lines of the logs are lost"),
        }
        if !more {
            return;
        }
    }
}

/// Puts back how many lines are lost, and says that files cannot be written.
fn tell(archive: &Archive, failing: &mut Failing, written: Written) {
    let lost = written.iter().filter(|one| one.outcome.is_err());
    let mut queue = archive.queue.locked();
    for one in lost {
        *queue.left_out.entry(Arc::clone(&one.file)).or_default() += one.lines;
    }
    drop(queue);
    if let Some(error) = failing.news(written, Instant::now()) {
        let folder = files::folder(&archive.data_dir);
        tracing::warn!(folder = %folder.display(), %error, "logs cannot be written; the window still shows their last lines");
    }
}

/// Which files cannot be written. That is said once, not for every line or file, because a full
/// disk is no reason to fill another log, and because what is said is one more line to write. Of
/// files that fail later it is said again, now and then.
#[derive(Debug, Default)]
struct Failing {
    files: HashSet<Arc<str>>,
    told: Option<Instant>,
}

impl Failing {
    /// What there is to say after a round.
    fn news(&mut self, written: Written, now: Instant) -> Option<io::Error> {
        let mut fresh = Vec::new();
        for Outcome { file, outcome, .. } in written {
            match outcome {
                Ok(()) => drop(self.files.remove(&file)),
                Err(error) if !self.files.contains(&file) => fresh.push((file, error)),
                Err(_) => {}
            }
        }
        let may_tell = self
            .told
            .is_none_or(|told| now.saturating_duration_since(told) >= TELL_AGAIN);
        if fresh.is_empty() || !may_tell {
            return None;
        }
        self.told = Some(now);
        let (files, errors): (Vec<_>, Vec<_>) = fresh.into_iter().unzip();
        self.files.extend(files);
        errors.into_iter().next()
    }
}

/// What became of each file that was written to.
type Written = Vec<Outcome>;

#[derive(Debug)]
struct Outcome {
    file: Arc<str>,
    /// So many, with those that were lost before.
    lines: u64,
    outcome: io::Result<()>,
}

/// Appends each log's lines to its file. One that fails keeps no other from being written.
fn write(data_dir: &Path, queue: Queue) -> Written {
    let mut texts: HashMap<Arc<str>, (String, u64)> = HashMap::new();
    for (file, line) in queue.lines {
        let (text, lines) = texts.entry(file).or_default();
        text.push_str(&line.written(&line.text));
        text.push('\n');
        *lines += 1;
    }
    for (file, count) in queue.left_out {
        let (text, lines) = texts.entry(file).or_default();
        text.push_str(&left_out(count));
        text.push('\n');
        *lines += count;
    }
    let folder = files::folder(data_dir);
    let texts = texts.into_iter();
    texts
        .map(|(file, (text, lines))| Outcome {
            outcome: files::append(&folder.join(&*file), text.as_bytes()),
            file,
            lines,
        })
        .collect()
}

fn left_out(count: u64) -> String {
    let line = LogLine {
        seq: 0,
        at: crate::server::log::now(),
        source: Source::Gateway,
        level: Some(LogLevel::Warning),
        text: format!(
            "{count} lines are missing here: they came faster than they could be written, or the disk did not take them"
        ),
        zh: None,
    };
    line.written(&line.text)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn line(text: &str) -> LogLine {
        LogLine {
            seq: 1,
            at: 0,
            source: Source::Stderr,
            level: None,
            text: text.to_owned(),
            zh: None,
        }
    }

    fn kept(data_dir: &Path, server: &str) -> Vec<String> {
        files::kept_lines(data_dir, files::LogOf::Server(server), usize::MAX, |_| true).unwrap()
    }

    #[tokio::test]
    async fn what_was_put_before_the_end_is_written() {
        let home = tempfile::tempdir().unwrap();
        let archive = Archive::new(home.path());
        let (one, other) = (archive.place("one"), archive.place("other"));
        one.put(&line("a"));
        other.put(&line("b"));
        one.put(&line("c"));
        archive.close();
        one.put(&line("too late"));
        keep(archive, Vec::new()).await;
        let at = "1970-01-01T00:00:00.000Z stderr:";
        assert_eq!(
            kept(home.path(), "one"),
            [format!("{at} a"), format!("{at} c")]
        );
        assert_eq!(kept(home.path(), "other"), [format!("{at} b")]);
    }

    #[tokio::test]
    async fn a_flood_is_cut_and_the_loss_is_told() {
        let home = tempfile::tempdir().unwrap();
        let archive = Archive::new(home.path());
        let (loud, quiet) = (archive.place("loud"), archive.place("quiet"));
        let text = "x".repeat(1024);
        for _ in 0..5000 {
            loud.put(&line(&text));
        }
        assert!(archive.queue.locked().bytes <= SHARE);
        quiet.put(&line("heard"));
        archive.close();
        keep(archive, Vec::new()).await;
        let lines = kept(home.path(), "loud");
        let missing = 5000 - (lines.len() - 1);
        let last = lines.last().unwrap();
        assert!(
            last.contains(&format!(
                "gateway/warning: {missing} lines are missing here"
            )),
            "{last}"
        );
        assert_eq!(kept(home.path(), "quiet").len(), 1);
        assert!(kept(home.path(), "quiet")[0].ends_with("heard"));
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_ends_nothing() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("logs"), "a file").unwrap();
        let archive = Archive::new(home.path());
        archive.place("one").put(&line("a"));
        archive.close();
        keep(archive, Vec::new()).await;
        assert_eq!(std::fs::read(home.path().join("logs")).unwrap(), b"a file");
    }

    #[tokio::test]
    async fn lines_that_the_disk_did_not_take_are_counted() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("logs"), "a file").unwrap();
        let archive = Archive::new(home.path());
        let place = archive.place("one");
        let keeping = tokio::spawn(keep(Arc::clone(&archive), Vec::new()));
        place.put(&line("lost"));
        place.put(&line("lost, too"));
        let counted = async {
            loop {
                let lost: u64 = archive.queue.locked().left_out.values().sum();
                if lost == 2 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let counted = tokio::time::timeout(Duration::from_secs(60), counted).await;
        assert!(counted.is_ok(), "the loss is not known");
        std::fs::remove_file(home.path().join("logs")).unwrap();
        place.put(&line("kept"));
        archive.close();
        keeping.await.unwrap();
        let lines = kept(home.path(), "one");
        assert!(lines[0].ends_with("kept"), "{lines:?}");
        assert!(lines[1].contains("2 lines are missing here"), "{lines:?}");
    }

    #[test]
    fn a_file_that_fails_for_good_hides_no_other() {
        let round = |files: &[(&str, bool)]| -> Written {
            let outcome = |(file, fails): &(&str, bool)| Outcome {
                file: (*file).into(),
                lines: 1,
                outcome: match fails {
                    true => Err(io::ErrorKind::StorageFull.into()),
                    false => Ok(()),
                },
            };
            files.iter().map(outcome).collect()
        };
        let (mut failing, start) = (Failing::default(), Instant::now());
        assert!(failing.news(round(&[("gone", true)]), start).is_some());
        // A full disk: one line for all of them.
        assert!(failing.news(round(&[("b", true)]), start).is_none());
        assert!(
            failing
                .news(round(&[("gone", true)]), start + TELL_AGAIN * 2)
                .is_none()
        );
        let later = start + TELL_AGAIN * 2;
        assert!(failing.news(round(&[("b", true)]), later).is_some());
        assert!(
            failing
                .news(round(&[("b", true)]), later + TELL_AGAIN * 2)
                .is_none()
        );
        assert!(failing.news(round(&[("b", false)]), later).is_none());
        assert!(
            failing
                .news(round(&[("b", true)]), later + TELL_AGAIN * 2)
                .is_some()
        );
    }
}
