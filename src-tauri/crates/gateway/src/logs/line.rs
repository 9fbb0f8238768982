//! One line of a log, and its form as text. Pure.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::log_level::LogLevel;

/// Where a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Source {
    /// The server printed it where programs print what is not their result.
    Stderr,
    /// The server printed it where only messages belong.
    Stdout,
    /// The server sent it as a log message (`notifications/message`).
    Protocol,
    /// The gateway says it about the server.
    Gateway,
}

/// One line of a server's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LogLine {
    /// Counts the server's lines, from 1.
    pub seq: u64,
    /// When it came, in milliseconds since 1970.
    pub at: u64,
    /// Where it comes from.
    pub source: Source,
    /// How grave it is; `null` for what was merely printed.
    pub level: Option<LogLevel>,
    /// The line, without its end.
    pub text: String,
    /// The same in Chinese, where the gateway says it.
    pub zh: Option<String>,
}

// === impl Source ===

impl Source {
    const ALL: [Self; 4] = [Self::Stderr, Self::Stdout, Self::Protocol, Self::Gateway];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stderr => "stderr",
            Self::Stdout => "stdout",
            Self::Protocol => "protocol",
            Self::Gateway => "gateway",
        }
    }
}

// === impl LogLine ===

impl LogLine {
    /// The line as it stands in a file and in a terminal, with its moment in UTC (RFC 3339):
    /// `2026-11-21T16:15:02.123Z protocol/warning: the disk is nearly full`.
    pub fn written(&self, text: &str) -> String {
        let mut line = moment(self.at);
        // Writing to a text cannot fail.
        _ = match self.level {
            Some(level) => write!(line, " {}/{}", self.source.as_str(), level.as_str()),
            None => write!(line, " {}", self.source.as_str()),
        };
        line.push_str(": ");
        line.push_str(text);
        line
    }
}

/// What a written line says of its source and level; `None` where it is no such line.
pub fn kind_of(written: &str) -> Option<(Source, Option<LogLevel>)> {
    let (_, rest) = written.split_once(' ')?;
    let (kind, _) = rest.split_once(':')?;
    let (source, level) = match kind.split_once('/') {
        Some((source, level)) => (source, Some(LogLevel::from_wire(level)?)),
        None => (kind, None),
    };
    let source = Source::ALL.into_iter().find(|one| one.as_str() == source)?;
    Some((source, level))
}

/// A text without what only a terminal understands: colours, titles, and control characters
/// other than tabs.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    let is_odd = |c: char| c.is_control() && c != '\t';
    if !text.contains(is_odd) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => skip_escape(&mut rest),
            // A progress bar that draws itself again: what is seen last counts.
            '\r' if rest.as_str().is_empty() => {}
            '\r' => plain.push(' '),
            c if is_odd(c) => {}
            c => plain.push(c),
        }
    }
    Cow::Owned(plain)
}

/// Reads over the rest of an escape sequence (ECMA-48, section 5.4; OSC ends with BEL or ST).
fn skip_escape(rest: &mut std::str::Chars<'_>) {
    match rest.next() {
        Some('[') => {
            rest.find(|c| ('\u{40}'..='\u{7e}').contains(c));
        }
        Some(']') => {
            while let Some(c) = rest.next() {
                match c {
                    '\u{7}' => return,
                    '\u{1b}' => {
                        rest.next();
                        return;
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// A moment in UTC (RFC 3339), to the millisecond.
fn moment(millis: u64) -> String {
    let seconds = i64::try_from(millis / 1000).unwrap_or(i64::MAX);
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        millis % 1000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(source: Source, level: Option<LogLevel>, text: &str) -> LogLine {
        LogLine {
            seq: 1,
            at: 1_795_277_702_045,
            source,
            level,
            text: text.to_owned(),
            zh: None,
        }
    }

    #[test]
    fn a_line_can_be_told_again_from_its_text() {
        for (source, level, text, expected) in [
            (
                Source::Stderr,
                None,
                "a: b/c",
                "2026-11-21T16:15:02.045Z stderr: a: b/c",
            ),
            (
                Source::Protocol,
                Some(LogLevel::Warning),
                "db: slow",
                "2026-11-21T16:15:02.045Z protocol/warning: db: slow",
            ),
            (
                Source::Gateway,
                Some(LogLevel::Info),
                "",
                "2026-11-21T16:15:02.045Z gateway/info: ",
            ),
        ] {
            let line = line(source, level, text);
            let written = line.written(&line.text);
            assert_eq!(written, expected);
            assert_eq!(kind_of(&written), Some((source, level)));
        }
        for other in ["", "half a line", "2026 stdlog: x", "2026 stderr/loud: x"] {
            assert_eq!(kind_of(other), None, "{other}");
        }
    }

    #[test]
    fn what_only_a_terminal_understands_goes() {
        for (text, expected) in [
            ("plain\ttext 日志", "plain\ttext 日志"),
            ("\u{1b}[31;1mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]8;;http://x\u{1b}\\link", "link"),
            ("10%\r20%\r", "10% 20%"),
            ("\u{7}bell\u{0}", "bell"),
            ("cut \u{1b}[3", "cut "),
        ] {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }
}
