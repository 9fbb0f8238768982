//! `--stdio`: this process becomes the bridge to a gateway that is already running.

use std::process::ExitCode;

use bridge::Target;

use crate::args::CommandLine;
use crate::context::Context;
use crate::logging;
use crate::running::Running;

/// Bridges stdin and stdout until stdin ends.
pub(crate) fn run(line: &CommandLine, context: &Context) -> anyhow::Result<ExitCode> {
    // A client shows its server's stderr to nobody or as errors: quiet unless asked.
    let asked = line
        .common
        .log_level
        .clone()
        .or_else(|| (context.env)("LOG_LEVEL"));
    logging::start(
        asked
            .as_deref()
            .filter(|level| !level.is_empty())
            .unwrap_or("warn"),
    )?;
    let running = Running::find(None, line, context)?;
    Ok(bridge::serve(Target::new(&running.endpoint())?))
}
