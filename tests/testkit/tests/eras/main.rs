//! The fake server in its other eras and over its other transports, and the raw client of the
//! modern era: each shown by the other, byte for byte.

mod headers;
mod listening;
mod probing;
mod questions;
mod sse;
mod stdio;
mod tasks;

use std::fmt::Display;

use serde_json::Value;
use testkit::{Answer, HttpFake, McpModern, Setup};

fn setup() -> Setup {
    Setup::new("no gateway is started here")
}

/// A modern server over HTTP, and a client that can be asked everything.
fn modern(setup: &Setup, script: &(impl Display + ?Sized)) -> (HttpFake, McpModern) {
    let fake = HttpFake::start(setup, "fake", script);
    let client = McpModern::new(&fake.url).with_capabilities(
        r#"{"elicitation":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}"#,
    );
    (fake, client)
}

/// The status and the code of a refusal.
fn refusal(answer: &Answer) -> (u16, Value) {
    (answer.status, answer.error()["code"].clone())
}
