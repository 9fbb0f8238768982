//! What a server printed outside the protocol, for whoever reads or follows it.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tokio::sync::watch;

use crate::sync::Locked;

/// Lines that are kept.
const LINES: usize = 500;

/// One line of a server's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct LogLine {
    /// Counts the server's lines, from 1.
    pub(crate) seq: u64,
    /// When it came, in milliseconds since 1970.
    pub(crate) at: u64,
    /// The line, without its end.
    pub(crate) text: String,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Log {
    lines: Mutex<VecDeque<LogLine>>,
    /// The number of the last line.
    last: watch::Sender<u64>,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            lines: Mutex::default(),
            last: watch::Sender::new(0),
        }
    }
}

impl Log {
    /// Adds a line.
    pub(crate) fn add(&self, text: &str) {
        let mut lines = self.lines.locked();
        let seq = *self.last.borrow() + 1;
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(LogLine {
            seq,
            at: now(),
            text: text.to_owned(),
        });
        // Within the lock: a follower that wakes finds the line.
        self.last.send_replace(seq);
    }

    /// The texts of the last lines, oldest first.
    pub(crate) fn last(&self, count: usize) -> Vec<String> {
        let lines = self.lines.locked();
        let skipped = lines.len().saturating_sub(count);
        lines
            .iter()
            .skip(skipped)
            .map(|line| line.text.clone())
            .collect()
    }

    /// The lines after number `seq` that are still kept.
    pub(crate) fn after(&self, seq: u64) -> Vec<LogLine> {
        let lines = self.lines.locked();
        let new = lines.iter().filter(|line| line.seq > seq);
        new.cloned().collect()
    }

    /// Changes with each line.
    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }
}

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_lines_go_and_numbers_stay() {
        let log = Log::default();
        let followed = log.follow();
        for number in 0..LINES + 3 {
            log.add(&format!("line {number}"));
        }
        assert!(followed.has_changed().expect("the log lives"));
        let kept = log.after(0);
        assert_eq!(kept.len(), LINES);
        assert_eq!((kept[0].seq, kept[0].text.as_str()), (4, "line 3"));
        assert_eq!(log.after(kept[LINES - 2].seq), kept[LINES - 1..]);
        assert_eq!(log.last(1), [format!("line {}", LINES + 2)]);
    }
}
