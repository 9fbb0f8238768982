//! The process's log: plain lines on stderr, coloured only on a terminal.

use std::io::IsTerminal;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::language::t;

/// Starts logging at `level`, a level or a filter such as `info,gateway=debug`.
pub(crate) fn start(level: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(level).with_context(|| {
        format!(
            "{} \"{level}\"",
            t("not a log level or filter:", "不是日志级别或过滤表达式：")
        )
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init()
        .map_err(|error| anyhow::anyhow!("{error}"))
}
