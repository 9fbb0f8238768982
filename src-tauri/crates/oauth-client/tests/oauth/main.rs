//! Sign-ins and tokens against a strict authorization server on this machine.
//! Each test is a story: build, act, one expectation.

#![expect(clippy::unwrap_used, reason = "tests")]

mod discovery;
mod login;
mod refresh;
mod refusal;
mod server;
mod world;
