//! The stdio bridge: what a client that only speaks stdio starts in place of a
//! server. Each line on stdin goes to the gateway by Streamable HTTP, each
//! message of the gateway becomes a line on stdout, byte for byte.
//!
//! It never models a message and never touches the servers behind the gateway.
//! It outlives the gateway: while that is away, requests get an error that
//! says so, and when it is back, the session is taken up again.

mod args;
mod departures;
mod fault;
mod handshake;
mod input;
mod messages;
mod output;
mod relay;
mod remote;
mod run;
mod session;
mod stream;
mod target;

use std::process::ExitCode;

pub use args::{Language, main};
pub use run::{BridgeError, run, run_until};
pub use target::{Target, TargetError};

/// Bridges this process's stdin and stdout to a gateway until stdin ends or
/// the process is asked to terminate.
pub fn serve(target: Target) -> ExitCode {
    run::serve(target)
}
