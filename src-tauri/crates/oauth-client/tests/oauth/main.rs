//! Sign-ins and tokens against a strict authorization server on this machine.
//! Each test is a story: build, act, one expectation.

#![expect(clippy::unwrap_used, reason = "tests")]

mod behaviour;
mod discovery;
mod login;
mod metadata;
mod refresh;
mod refusal;
mod server;
mod world;
