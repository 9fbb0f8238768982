//! `ui`: where a browser finds the page of a running gateway.

use std::io::Write;
use std::process::ExitCode;

use crate::admin::Admin;
use crate::args::{CommandLine, TargetArgs};
use crate::context::Context;

/// Prints the address with the admin token, after making sure that it works.
pub(crate) fn run(
    line: &CommandLine,
    target: &TargetArgs,
    context: &Context,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let admin = Admin::find(line, target, context)?;
    admin.get("/api/status")?;
    writeln!(out, "{}", admin.page()?)?;
    Ok(ExitCode::SUCCESS)
}
