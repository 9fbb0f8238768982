//! One JSON object per line on stdin and stdout; each says itself which era it belongs to.

use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;

use super::legacy::{self, Peer};
use super::message::{Fault, Outbox, is_answer, is_request};
use super::running::Running;
use super::{Eras, Fixture, modern};

/// Serves until stdin ends.
pub(super) async fn serve(fixture: Arc<Fixture>) -> anyhow::Result<()> {
    let (outbox, messages) = mpsc::unbounded_channel();
    let writer = tokio::spawn(write(messages));
    let peer = Arc::new(Peer::new(outbox.clone()));
    let running = Running::default();
    let mut lines = BufReader::with_capacity(1 << 16, tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str::<Value>(&line) {
            Ok(message) => receive(&fixture, &peer, &running, &outbox, message),
            Err(error) => eprintln!("this is no JSON ({error}): {line}"),
        }
    }
    // Whatever still runs has lost its client.
    writer.abort();
    Ok(())
}

fn receive(
    fixture: &Arc<Fixture>,
    peer: &Arc<Peer>,
    running: &Running,
    outbox: &Outbox,
    message: Value,
) {
    if is_answer(&message) {
        peer.answered(&message);
    } else if !is_request(&message) {
        peer.noted(&message);
        if message["method"] == "notifications/cancelled" {
            running.cancel(&message["params"]);
        }
    } else if is_modern(fixture.eras, &message) {
        match admit(&message) {
            Ok(()) => {
                let id = message["id"].clone();
                running.add(&id, &modern::start(fixture, message, outbox.clone()));
            }
            // The writer outlives the reader.
            Err(fault) => drop(outbox.send(fault.answer(&message["id"]))),
        }
    } else {
        if message["method"] == "initialize" {
            // A modern client is told only what it asked for.
            fixture.board.join(peer);
        }
        legacy::start(fixture, peer, message, outbox.clone());
    }
}

fn is_modern(eras: Eras, message: &Value) -> bool {
    match eras {
        Eras::Both => modern::is_claimed(message),
        Eras::Legacy => false,
        Eras::Modern => true,
    }
}

fn admit(message: &Value) -> Result<(), Fault> {
    if message["method"] == "initialize" && !modern::is_claimed(message) {
        let version = message["params"]["protocolVersion"].as_str();
        return Err(modern::unsupported(version.unwrap_or_default()));
    }
    modern::admit(message, None)
}

async fn write(mut messages: mpsc::UnboundedReceiver<Value>) {
    let mut stdout = tokio::io::stdout();
    while let Some(message) = messages.recv().await {
        let line = format!("{message}\n");
        if stdout.write_all(line.as_bytes()).await.is_err() || stdout.flush().await.is_err() {
            return;
        }
    }
}
