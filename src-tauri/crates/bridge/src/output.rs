//! Lines to the client. One task owns stdout, so that lines never mix.

use bytes::Bytes;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// A handle to write lines. The line order is the order of `send`.
#[derive(Clone)]
pub(crate) struct Output {
    lines: mpsc::Sender<Bytes>,
}

impl Output {
    /// Starts the task, which ends when the last handle is dropped or the
    /// client reads no more.
    pub(crate) fn start<W>(writer: W) -> (Self, JoinHandle<std::io::Result<()>>)
    where
        W: AsyncWrite + Unpin + Send + 'static,
    {
        // Few, so that a client that does not read slows the gateway's streams instead of filling memory.
        let (lines, queue) = mpsc::channel(16);
        (Self { lines }, tokio::spawn(write(writer, queue)))
    }

    /// Writes one message as one line.
    pub(crate) async fn send(&self, message: impl Into<Bytes>) {
        let message: Bytes = message.into();
        let line = match wire::one_line(&message) {
            std::borrow::Cow::Borrowed(_) => message,
            std::borrow::Cow::Owned(line) => line.into(),
        };
        // A closed queue means that the client is gone; `closed` tells the one who must act on it.
        self.lines.send(line).await.ok();
    }

    /// Waits until the client reads no more.
    pub(crate) async fn closed(&self) {
        self.lines.closed().await;
    }
}

async fn write<W: AsyncWrite + Unpin>(
    mut writer: W,
    mut queue: mpsc::Receiver<Bytes>,
) -> std::io::Result<()> {
    while let Some(line) = queue.recv().await {
        writer.write_all(&line).await?;
        writer.write_all(b"\n").await?;
        while let Ok(line) = queue.try_recv() {
            writer.write_all(&line).await?;
            writer.write_all(b"\n").await?;
        }
        writer.flush().await?;
    }
    Ok(())
}
