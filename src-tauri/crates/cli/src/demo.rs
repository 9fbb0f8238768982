//! The built-in demo server: a small MCP server over stdio, so that the first minute with the
//! gateway shows real tools without a network. Written on the bare protocol (the versions with
//! an `initialize` handshake); uses nothing of the gateway.

mod answer;
mod catalog;
mod session;
mod tools;

use std::process::ExitCode;

/// Serves stdin and stdout until stdin ends.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let served = runtime.block_on(session::serve(tokio::io::stdin(), tokio::io::stdout()));
    // Tokio's stdin sits in a blocking read that nothing can cancel; waiting for it would keep
    // the process alive after an error.
    runtime.shutdown_background();
    served?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests;
