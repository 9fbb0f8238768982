//! Outgoing lines of one stdio connection, coalesced: whatever gathers while a
//! write is under way leaves with the next one.

use std::sync::Mutex;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

use crate::sync::Locked;

/// Capacity that is kept between writes; larger buffers are given back.
const KEEP: usize = 64 * 1024;

/// The server does not read what it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// See the module.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// Bytes that may wait.
    limit: usize,
    waiting: Mutex<Vec<u8>>,
    filled: Notify,
}

impl Outbox {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            waiting: Mutex::default(),
            filled: Notify::new(),
        }
    }

    /// Adds one message, which goes onto a line of its own.
    ///
    /// # Errors
    /// Where too much is waiting already.
    pub(crate) fn push(&self, message: &[u8]) -> Result<(), Full> {
        let line = wire::one_line(message);
        let mut waiting = self.waiting.locked();
        if waiting.len() > self.limit {
            return Err(Full);
        }
        let was_empty = waiting.is_empty();
        waiting.extend_from_slice(&line);
        waiting.push(b'\n');
        drop(waiting);
        if was_empty {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Writes what comes, until the other side closes.
    pub(crate) async fn drain_into(&self, mut writer: impl AsyncWrite + Unpin) -> std::io::Error {
        let mut leaving = Vec::new();
        loop {
            std::mem::swap(&mut *self.waiting.locked(), &mut leaving);
            if leaving.is_empty() {
                self.filled.notified().await;
                continue;
            }
            let written = async {
                writer.write_all(&leaving).await?;
                writer.flush().await
            };
            if let Err(error) = written.await {
                return error;
            }
            leaving.clear();
            leaving.shrink_to(KEEP);
        }
    }
}
