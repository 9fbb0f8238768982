//! The process's log, for a gateway in a terminal or under a service manager.

use gateway::{Journal, JournalError};

use crate::language::t;

/// Starts logging at `level`, a level or a filter such as `info,gateway=debug`.
pub(crate) fn start(level: &str) -> anyhow::Result<Journal> {
    Journal::start(level).map_err(|error| match error {
        JournalError::Level(level) => anyhow::anyhow!(
            "{} \"{level}\"",
            t("not a log level or filter:", "不是日志级别或过滤表达式：")
        ),
        JournalError::Taken(error) => error.into(),
    })
}
