//! The clients: of each transport that the gateway has for them, one way to make a call.

mod events;
mod mailbox;
mod rest;
mod stdio;
mod streamable;

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};

use crate::call::{Call, End, Record};

/// Nobody waits longer for an answer. Beyond every deadline of the gateway, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(150);
/// A client tries for so long to reach a gateway that was there before.
const RECONNECTING: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(100);
/// A client whose connection broke gives the gateway so long to come back.
const SETBACK: Duration = Duration::from_millis(500);

/// How a client reaches the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Streamable,
    Sse,
    Bridge,
    Rest,
}

/// Where the gateway is.
#[derive(Debug)]
pub(crate) struct Place {
    /// `http://localhost:PORT`
    pub(crate) base: String,
    /// Starts a bridge to it.
    pub(crate) bridge: Command,
}

/// What a client brings home.
#[derive(Debug, Default)]
pub(crate) struct Diary {
    pub(crate) records: Vec<Record>,
    /// Answers that nobody waited for (any more).
    pub(crate) strays: Vec<String>,
}

enum Client {
    Streamable(streamable::Client),
    Sse(events::Client),
    Bridge(stdio::Client),
    Rest(rest::Client),
}

/// Connects, makes all calls one after the other, and leaves. `made` counts them for all.
pub(crate) async fn run(
    kind: Kind,
    place: Place,
    calls: Vec<Call>,
    epoch: Instant,
    made: impl Fn(),
) -> anyhow::Result<Diary> {
    let mut client = match kind {
        Kind::Streamable => Client::Streamable(streamable::Client::connect(&place.base).await?),
        Kind::Sse => Client::Sse(events::Client::connect(&place.base).await?),
        Kind::Bridge => Client::Bridge(stdio::Client::start(place.bridge).await?),
        Kind::Rest => Client::Rest(rest::Client::new(&place.base)?),
    };
    let mut diary = Diary::default();
    for call in calls {
        tokio::time::sleep(call.rest).await;
        let sent = epoch.elapsed();
        let ended = tokio::time::timeout(PATIENCE, async {
            match &mut client {
                Client::Streamable(client) => client.call(&call).await,
                Client::Sse(client) => client.call(&call).await,
                Client::Bridge(client) => client.call(&call).await,
                Client::Rest(client) => client.call(&call).await,
            }
        });
        let end = ended.await.unwrap_or(End::Lost);
        let was_cut = matches!(end, End::Cut(_));
        diary.records.push(Record {
            call,
            kind,
            sent,
            ended: epoch.elapsed(),
            end,
        });
        made();
        if was_cut {
            tokio::time::sleep(SETBACK).await;
        }
    }
    diary.strays = match client {
        Client::Streamable(client) => client.leave().await?,
        Client::Sse(client) => client.leave().await,
        Client::Bridge(client) => client.leave().await?,
        Client::Rest(_) => Vec::new(),
    };
    Ok(diary)
}

/// A client of HTTP with connections of its own.
fn http() -> anyhow::Result<reqwest::Client> {
    let built = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build();
    built.context("an HTTP client")
}

/// `initialize`, under an id that is no call's.
fn hello() -> Value {
    json!({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": {
        "protocolVersion": testkit::client::VERSION, "capabilities": {}, "clientInfo": {"name": "chaos", "version": "1"},
    }})
}

fn greeted() -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/initialized"})
}

/// Tries until it works, or for too long.
async fn until_connected<T, Attempt>(mut attempt: impl FnMut() -> Attempt) -> anyhow::Result<T>
where
    Attempt: Future<Output = anyhow::Result<T>>,
{
    let deadline = Instant::now() + RECONNECTING;
    loop {
        match attempt().await {
            Ok(connected) => return Ok(connected),
            Err(error) if Instant::now() > deadline => {
                return Err(error.context("a client cannot connect"));
            }
            Err(_) => tokio::time::sleep(LOOK).await,
        }
    }
}

// === impl Kind ===

impl Kind {
    /// Of fifty clients thirty, ten, five and five.
    pub(crate) fn of(client: usize) -> Self {
        match client % 10 {
            0..=5 => Self::Streamable,
            6 | 7 => Self::Sse,
            8 => Self::Bridge,
            _ => Self::Rest,
        }
    }
}
