//! Through the stdio bridge, a process that outlives the gateway.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinHandle;

use super::mailbox::Mailbox;
use super::{RECONNECTING, greeted, hello};
use crate::call::{Call, End};

/// A bridge whose input has ended leaves within this time.
const GOODBYE: Duration = Duration::from_secs(30);

/// See the module.
pub(super) struct Client {
    child: Child,
    stdin: ChildStdin,
    mailbox: Arc<Mailbox>,
    reading: JoinHandle<()>,
}

impl Client {
    pub(super) async fn start(command: std::process::Command) -> anyhow::Result<Self> {
        let mut child = Command::from(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("the bridge")?;
        let stdin = child.stdin.take().context("a pipe")?;
        let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
        let mailbox = Arc::new(Mailbox::default());
        let into = Arc::clone(&mailbox);
        let reading = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                into.deliver(line.as_bytes());
            }
            into.cut();
        });
        let mut client = Self {
            child,
            stdin,
            mailbox,
            reading,
        };
        let answer = client.mailbox.expect(&hello()["id"]);
        client.send(&hello()).await?;
        let answer = tokio::time::timeout(RECONNECTING, answer).await??;
        ensure!(answer.get("result").is_some(), "{answer}");
        client.send(&greeted()).await?;
        Ok(client)
    }

    pub(super) async fn call(&mut self, call: &Call) -> End {
        let answer = self.mailbox.expect(&call.id());
        if let Err(error) = self.send(&call.request()).await {
            return End::Cut(format!("{error:#}"));
        }
        match answer.await {
            Ok(answer) => End::of(&answer),
            Err(_) => End::Cut("the bridge has ended".to_owned()),
        }
    }

    async fn send(&mut self, message: &Value) -> anyhow::Result<()> {
        let line = format!("{message}\n");
        self.stdin.write_all(line.as_bytes()).await?;
        Ok(self.stdin.flush().await?)
    }

    /// Ends its input, waits for it, and gives the answers that nobody waited for.
    pub(super) async fn leave(mut self) -> anyhow::Result<Vec<String>> {
        drop(self.stdin);
        let ended = tokio::time::timeout(GOODBYE, self.child.wait()).await;
        let status = ended.context("a bridge does not leave")??;
        ensure!(status.success(), "a bridge ended with {status}");
        self.reading.await?;
        Ok(self.mailbox.strays())
    }
}
