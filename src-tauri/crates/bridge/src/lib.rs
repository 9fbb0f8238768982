//! The stdio bridge: what a client that only speaks stdio starts in place of a
//! server. Each line on stdin goes to the gateway by Streamable HTTP, each
//! message of the gateway becomes a line on stdout, byte for byte.
//!
//! It never models a message and never touches the servers behind the gateway.
//! It outlives the gateway: while that is away, requests get an error that
//! says so, and when it is back, the session is taken up again.
//!
//! Both eras of the protocol may come through one pipe, each message by itself
//! (`era`): with a session, or as a request that describes itself (`modern`).

mod annotations;
mod args;
mod departures;
mod era;
mod fault;
mod handshake;
mod input;
mod messages;
mod modern;
mod output;
mod relay;
mod remote;
mod run;
mod session;
mod stream;
mod subscription;
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
