//! The last lines of a server, or of the gateway itself, for whoever reads or follows them: what it printed, what it sent
//! as log messages, and what the gateway has to say about it.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::log_level::LogLevel;
use crate::logs::{LogLine, Place, Source, plain};
use crate::sync::Locked;
use crate::words::Words;

/// Lines that are kept.
const LINES: usize = 500;
/// Bytes of one line that are kept.
pub(crate) const LONGEST: usize = 8 * 1024;
/// Lines that one message may become.
const PIECES: usize = 100;

/// See the module.
#[derive(Debug)]
pub(crate) struct Log {
    lines: Mutex<Lines>,
    /// The number of the last line.
    last: watch::Sender<u64>,
    /// There will be no more, because the server was removed.
    ended: CancellationToken,
}

/// What is kept, and where it is kept beyond that.
#[derive(Debug, Default)]
struct Lines {
    last: VecDeque<LogLine>,
    place: Option<Place>,
}

impl Default for Log {
    /// A log in memory alone.
    fn default() -> Self {
        Self::new(None)
    }
}

impl Log {
    /// A log without lines. What is added goes to `place`, too.
    pub(crate) fn new(place: Option<Place>) -> Self {
        Self {
            lines: Mutex::new(Lines {
                last: VecDeque::new(),
                place,
            }),
            last: watch::Sender::new(0),
            ended: CancellationToken::new(),
        }
    }

    /// From now on every line goes to `place`, too, and first those that are there already.
    pub(crate) fn keep_at(&self, place: Place) {
        let mut lines = self.lines.locked();
        lines.last.iter().for_each(|line| place.put(line));
        lines.place = Some(place);
    }

    /// Adds what the server said, each line of it. What is too long is cut.
    pub(crate) fn add(&self, source: Source, level: Option<LogLevel>, text: &str) {
        let text = text.strip_suffix('\n').unwrap_or(text);
        for line in text.split('\n').take(PIECES) {
            let line = plain(line);
            let end = line.floor_char_boundary(LONGEST);
            self.push(source, level, line[..end].to_owned(), None);
        }
    }

    /// Adds what the gateway says about the server.
    pub(crate) fn note(&self, level: LogLevel, words: &Words) {
        let line = |text: &str| {
            let text = plain(text);
            text[..text.floor_char_boundary(LONGEST)].to_owned()
        };
        let (en, zh) = (line(&words.en), line(&words.zh));
        self.push(Source::Gateway, Some(level), en, Some(zh));
    }

    fn push(&self, source: Source, level: Option<LogLevel>, text: String, zh: Option<String>) {
        let mut lines = self.lines.locked();
        let seq = *self.last.borrow() + 1;
        if lines.last.len() == LINES {
            lines.last.pop_front();
        }
        let line = LogLine {
            seq,
            at: now(),
            source,
            level,
            text,
            zh,
        };
        if let Some(place) = &lines.place {
            // Within the lock, so that they lie on disk in their order.
            place.put(&line);
        }
        lines.last.push_back(line);
        // Within the lock: a follower that wakes finds the line.
        self.last.send_replace(seq);
    }

    /// The texts of the last lines that the server itself printed or sent, oldest first.
    pub(crate) fn last(&self, count: usize) -> Vec<String> {
        let lines = self.lines.locked();
        let own = lines.last.iter().rev();
        let own = own.filter(|line| line.source != Source::Gateway);
        let mut texts: Vec<_> = own.take(count).map(|line| line.text.clone()).collect();
        texts.reverse();
        texts
    }

    /// There will be no more lines; those who follow need not wait for any.
    pub(crate) fn end(&self) {
        self.ended.cancel();
    }

    /// Cancelled once there will be no more lines.
    pub(crate) fn ended(&self) -> CancellationToken {
        self.ended.clone()
    }

    /// The lines after number `seq` that are still kept.
    pub(crate) fn after(&self, seq: u64) -> Vec<LogLine> {
        let lines = self.lines.locked();
        let new = lines.last.iter().filter(|line| line.seq > seq);
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

    fn said(log: &Log, text: &str) {
        log.add(Source::Stderr, None, text);
    }

    #[test]
    fn old_lines_go_and_numbers_stay() {
        let log = Log::default();
        let followed = log.follow();
        for number in 0..LINES + 3 {
            said(&log, &format!("line {number}"));
        }
        assert!(followed.has_changed().expect("the log lives"));
        let kept = log.after(0);
        assert_eq!(kept.len(), LINES);
        assert_eq!((kept[0].seq, kept[0].text.as_str()), (4, "line 3"));
        assert_eq!(log.after(kept[LINES - 2].seq), kept[LINES - 1..]);
        assert_eq!(log.last(1), [format!("line {}", LINES + 2)]);
    }

    #[test]
    fn what_the_gateway_says_is_no_last_word_of_the_server() {
        let log = Log::default();
        said(&log, "first\nlast");
        log.note(LogLevel::Warning, &Words::new("it has ended", "它已结束"));
        assert_eq!(log.last(5), ["first", "last"]);
        let note = log.after(2).remove(0);
        assert_eq!(note.source, Source::Gateway);
        assert_eq!(note.zh.as_deref(), Some("它已结束"));
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let log = Log::default();
        said(&log, &"网".repeat(LONGEST));
        said(&log, &"x\n".repeat(PIECES * 2));
        let kept = log.after(0);
        assert_eq!(kept[0].text.len(), LONGEST / 3 * 3);
        assert_eq!(kept.len(), 1 + PIECES);
    }
}
