//! `ui`: the page of a running gateway, in the browser.

use std::io::Write;
use std::process::ExitCode;

use gateway::words::Words;

use crate::admin::Admin;
use crate::args::{CommandLine, TargetArgs};
use crate::context::Context;

/// Prints the address of the page and opens it where there is a browser to be seen.
pub(crate) fn run(
    line: &CommandLine,
    target: &TargetArgs,
    open: bool,
    context: &Context,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let admin = Admin::find(line, target, context)?;
    let page = admin.page()?;
    writeln!(out, "{page}")?;
    if open {
        show(&page, context, err)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens an address that has been printed, where there is a browser to be seen. Whether there is.
pub(crate) fn show(address: &str, context: &Context, err: &mut dyn Write) -> anyhow::Result<bool> {
    if !has_screen(context) {
        return Ok(false);
    }
    // The address is there to be copied whatever becomes of this.
    if let Err(error) = open::that_detached(address) {
        let words = Words::new(
            format!("no browser could be opened ({error}); open the address yourself"),
            format!("无法打开浏览器（{error}）；请自行打开该地址"),
        );
        writeln!(err, "{}", words.text(context.language))?;
    }
    Ok(true)
}

/// Without one, a text browser might take over the terminal.
fn has_screen(context: &Context) -> bool {
    let set = |name| (context.env)(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
