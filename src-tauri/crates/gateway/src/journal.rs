//! The gateway's own log, which the rest of the code writes with `tracing`: on stderr for whoever
//! looks on, in memory for whoever asks, and, once the gateway has its data folder, in files
//! beside those of the servers. How much of it there is can be changed while it runs.
//!
//! A secret, a token and a body are never logged in the first place.

use std::fmt::{self, Write as _};
use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, Registry, reload};

use crate::log_level::LogLevel;
use crate::logs::{Archive, Source};
use crate::server::log::Log;
use crate::sync::Locked;

/// Lines of these are told without saying where in the code they come from: they read alone.
const OURS: [&str; 7] = [
    "bridge",
    "cli",
    "gateway",
    "mcp_gateway_app",
    "oauth_client",
    "oauth_server",
    "vault",
];

/// Where a server's own lines go by on stderr. They have a log of their own, and those of a user's
/// server may lie in no file; so this one does not take them in.
pub(crate) const SERVER_OUTPUT: &str = "gateway::server_output";

/// See the module. Cheap to clone; every clone is the same log.
#[derive(Debug, Clone)]
pub struct Journal {
    log: Arc<Log>,
    dial: Option<Arc<Dial>>,
}

/// What decides how much is said.
#[derive(Debug)]
struct Dial {
    filter: reload::Handle<EnvFilter, Registry>,
    level: Mutex<String>,
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The level is none, and no filter either.
    #[error("\"{0}\" is not a log level or filter")]
    Level(String),
    /// The process has a log already.
    #[error(transparent)]
    Taken(#[from] TryInitError),
}

// === impl Journal ===

impl Journal {
    /// Makes this the log of the process, at `level`: a level or a filter such as
    /// `info,gateway=debug`.
    ///
    /// # Errors
    /// See [`JournalError`].
    pub fn start(level: &str) -> Result<Self, JournalError> {
        let (journal, log) = Self::new(level)?;
        let shown = tracing_subscriber::fmt::layer()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr);
        log.with(shown).try_init()?;
        Ok(journal)
    }

    /// One that nothing is written to, for a gateway that is only measured.
    pub fn silent() -> Self {
        Self {
            log: Arc::default(),
            dial: None,
        }
    }

    /// The journal, and what has to hear of events for it.
    fn new(
        level: &str,
    ) -> Result<
        (
            Self,
            impl Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
        ),
        JournalError,
    > {
        let filter = EnvFilter::try_new(level);
        let filter = filter.map_err(|_| JournalError::Level(level.to_owned()))?;
        let (filter, handle) = reload::Layer::new(filter);
        let log = Arc::new(Log::default());
        let heard = Registry::default()
            .with(filter)
            .with(Pages(Arc::clone(&log)));
        let dial = Dial {
            filter: handle,
            level: Mutex::new(level.to_owned()),
        };
        let journal = Self {
            log,
            dial: Some(Arc::new(dial)),
        };
        Ok((journal, heard))
    }

    /// Says as much as `level` asks for from now on; one that cannot be read changes nothing.
    pub fn set_level(&self, level: &str) {
        let Some(dial) = &self.dial else { return };
        if *dial.level.locked() == level {
            return;
        }
        let filter = EnvFilter::try_new(level).map_err(|error| error.to_string());
        let changed = filter.and_then(|filter| {
            let changed = dial.filter.reload(filter);
            changed.map_err(|error| error.to_string())
        });
        match changed {
            Ok(()) => level.clone_into(&mut dial.level.locked()),
            Err(error) => tracing::warn!(level, error, "the log level stays as it was"),
        }
    }

    /// Whoever keeps the servers' logs keeps this one as well, from its first line on.
    pub(crate) fn keep_in(&self, archive: &Arc<Archive>) {
        self.log.keep_at(archive.own_place());
    }

    /// Its last lines.
    pub(crate) fn log(&self) -> &Arc<Log> {
        &self.log
    }
}

/// Whether a text says which events are logged.
pub(crate) fn is_filter(text: &str) -> bool {
    EnvFilter::try_new(text).is_ok()
}

/// Writes events down, one line each.
struct Pages(Arc<Log>);

impl<S: Subscriber> Layer<S> for Pages {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == SERVER_OUTPUT {
            return;
        }
        let mut text = Text::default();
        event.record(&mut text);
        let level = level_of(*event.metadata().level());
        let line = text.said_by(event.metadata().target());
        self.0.add(Source::Gateway, Some(level), &line);
    }
}

fn level_of(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warning,
        Level::INFO => LogLevel::Info,
        _ => LogLevel::Debug,
    }
}

/// What an event says: its message first, then its fields.
#[derive(Debug, Default)]
struct Text {
    message: String,
    fields: String,
    /// Where in the code it comes from, if a library that does not know `tracing` says so.
    target: Option<String>,
}

// === impl Text ===

impl Text {
    fn said_by(self, target: &str) -> String {
        let target = self.target.as_deref().unwrap_or(target);
        let library = target.split("::").next().unwrap_or(target);
        let Self {
            message, fields, ..
        } = &self;
        let line = if OURS.contains(&library) {
            format!("{message}{fields}")
        } else {
            format!("{target}: {message}{fields}")
        };
        line.trim_start().to_owned()
    }
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "log.target" => self.target = Some(value.to_owned()),
            _ => self.record_debug(field, &value),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a text cannot fail.
        _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name if name.starts_with("log.") => Ok(()),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use tracing::subscriber::with_default;

    use super::*;
    use crate::logs::{LogLine, LogOf, keep, kept_lines};

    fn texts(journal: &Journal) -> Vec<String> {
        let lines = journal.log.after(0);
        lines.iter().map(|line| line.text.clone()).collect()
    }

    #[test]
    fn an_event_becomes_a_line_that_reads_alone() {
        let (journal, log) = Journal::new("trace").unwrap();
        with_default(log, || {
            tracing::warn!(server = "files", pid = %7, "it has ended");
            tracing::error!(target: "hyper::client", "closed");
            tracing::trace!("two\nlines");
            tracing::debug!(target: SERVER_OUTPUT, "of a server");
        });
        let lines = journal.log.after(0);
        let said = |line: &LogLine| (line.level.unwrap(), line.text.clone());
        assert_eq!(
            lines.iter().map(said).collect::<Vec<_>>(),
            [
                (
                    LogLevel::Warning,
                    r#"it has ended server="files" pid=7"#.to_owned()
                ),
                (LogLevel::Error, "hyper::client: closed".to_owned()),
                (LogLevel::Debug, "two".to_owned()),
                (LogLevel::Debug, "lines".to_owned()),
            ]
        );
        assert!(lines.iter().all(|line| line.source == Source::Gateway));
    }

    #[test]
    fn another_level_counts_at_once_and_a_wrong_one_not_at_all() {
        let (journal, log) = Journal::new("warn").unwrap();
        with_default(log, || {
            tracing::info!("unheard");
            journal.set_level("info,gateway=debug");
            tracing::debug!("heard");
            journal.set_level("gateway=loud");
            tracing::debug!("heard, too");
            journal.set_level("off");
            tracing::error!("unheard");
        });
        let said = texts(&journal);
        let [first, complaint, last] = &said[..] else {
            panic!("{said:?}")
        };
        assert_eq!((first.as_str(), last.as_str()), ("heard", "heard, too"));
        assert!(complaint.starts_with("the log level stays"), "{complaint}");
        assert!(Journal::new("gateway=loud").is_err());
    }

    #[tokio::test]
    async fn what_was_said_before_there_was_a_folder_is_kept_as_well() {
        let home = tempfile::tempdir().unwrap();
        let archive = Archive::new(home.path());
        let (journal, log) = Journal::new("info").unwrap();
        with_default(log, || {
            tracing::info!("first");
            journal.keep_in(&archive);
            tracing::info!("second");
        });
        archive.close();
        keep(archive, Vec::new()).await;
        let kept = kept_lines(home.path(), LogOf::Gateway, 10, |_| true).unwrap();
        let kept: Vec<_> = kept
            .iter()
            .filter_map(|line| line.split_once(' '))
            .collect();
        assert!(
            matches!(
                kept[..],
                [(_, "gateway/info: first"), (_, "gateway/info: second")]
            ),
            "{kept:?}"
        );
    }

    #[tokio::test]
    async fn a_log_that_cannot_be_written_says_so_once() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("logs"), "a file").unwrap();
        let archive = Archive::new(home.path());
        let (journal, log) = Journal::new("info").unwrap();
        journal.keep_in(&archive);
        let _heard = tracing::subscriber::set_default(log);
        let keeping = tokio::spawn(keep(Arc::clone(&archive), Vec::new()));
        for n in 0..3 {
            tracing::info!("line {n}");
            // Each is a try of its own.
            tokio::task::yield_now().await;
            let taken = async {
                while archive.waits() {
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
            };
            tokio::time::timeout(std::time::Duration::from_secs(10), taken)
                .await
                .unwrap();
        }
        archive.close();
        keeping.await.unwrap();
        let complaints = texts(&journal);
        let complaints = complaints
            .iter()
            .filter(|line| line.contains("cannot be written"));
        assert_eq!(complaints.count(), 1);
        assert_eq!(texts(&journal).len(), 4);
    }
}
