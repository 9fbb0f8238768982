//! One JSON object per line on stdin and stdout.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;

use super::call::Ways;
use super::server::Fake;

/// Serves until stdin ends, or for good where the script says so.
pub(super) async fn serve(fake: Arc<Fake>) -> anyhow::Result<()> {
    let (outbox, mut messages) = mpsc::unbounded_channel::<String>();
    tokio::spawn(async move {
        let mut stdout = tokio::io::stdout();
        while let Some(mut message) = messages.recv().await {
            message.push('\n');
            if stdout.write_all(message.as_bytes()).await.is_err() || stdout.flush().await.is_err()
            {
                return;
            }
        }
    });
    let mut stdin = BufReader::with_capacity(1 << 16, tokio::io::stdin());
    let mut line = String::new();
    loop {
        line.clear();
        if stdin.read_line(&mut line).await? == 0 {
            break;
        }
        let raw = line.trim_end_matches(['\r', '\n']);
        fake.journal.event("recv", raw);
        fake.receive(raw, Ways::shared(&outbox));
    }
    if fake.script.ignore_eof {
        fake.journal.event("eof", "");
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(Duration::from_millis(fake.script.linger_ms)).await;
    fake.journal.exit(0, "eof")
}
