//! HTTP+SSE: requests are posted, all answers come on one stream. A stream that breaks takes
//! the session with it, so the client begins anew.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wire::SseDecoder;

use super::mailbox::Mailbox;
use super::{greeted, hello, http, until_connected};
use crate::call::{Call, End};

const LIMIT: usize = 16 << 20;
/// A stream that was opened names its address, and greets, within this time.
const GREETING: Duration = Duration::from_secs(20);

/// See the module.
pub(super) struct Client {
    base: String,
    line: Line,
    strays: Vec<String>,
}

/// One stream and the address that belongs to it.
struct Line {
    http: reqwest::Client,
    address: String,
    mailbox: Arc<Mailbox>,
    reading: JoinHandle<()>,
}

impl Client {
    pub(super) async fn connect(base: &str) -> anyhow::Result<Self> {
        Ok(Self {
            base: base.to_owned(),
            line: until_connected(|| Line::open(base.to_owned())).await?,
            strays: Vec::new(),
        })
    }

    pub(super) async fn call(&mut self, call: &Call) -> End {
        if self.line.mailbox.is_cut() {
            match until_connected(|| Line::open(self.base.clone())).await {
                Ok(line) => {
                    let former = std::mem::replace(&mut self.line, line);
                    self.strays.extend(former.close().await);
                }
                Err(error) => return End::Cut(format!("{error:#}")),
            }
        }
        let answer = self.line.mailbox.expect(&call.id());
        match self.line.post(&call.request()).await {
            Ok(()) => {}
            Err(error) => return End::Cut(format!("{error:#}")),
        }
        match answer.await {
            Ok(answer) => End::of(&answer),
            Err(_) => End::Cut("the stream broke".to_owned()),
        }
    }

    /// Hangs up; gives the answers that nobody waited for.
    pub(super) async fn leave(mut self) -> Vec<String> {
        self.strays.extend(self.line.close().await);
        self.strays
    }
}

impl Line {
    async fn open(base: String) -> anyhow::Result<Self> {
        let http = http()?;
        let stream = http.get(format!("{base}/sse")).send().await?;
        ensure!(stream.status() == 200, "no stream: {}", stream.status());
        let (told, address) = oneshot::channel();
        let mailbox = Arc::new(Mailbox::default());
        let reading = tokio::spawn(read(stream, told, Arc::clone(&mailbox)));
        let mut line = Self {
            http,
            address: base,
            mailbox,
            reading,
        };
        match tokio::time::timeout(GREETING, line.greet(address)).await {
            Ok(Ok(())) => Ok(line),
            Ok(Err(error)) => {
                line.close().await;
                Err(error)
            }
            Err(_) => {
                line.close().await;
                anyhow::bail!("the stream says nothing")
            }
        }
    }

    async fn greet(&mut self, address: oneshot::Receiver<String>) -> anyhow::Result<()> {
        self.address.push_str(&address.await.context("no address")?);
        let answer = self.mailbox.expect(&hello()["id"]);
        self.post(&hello()).await?;
        let answer = answer.await.context("no answer to initialize")?;
        ensure!(answer.get("result").is_some(), "{answer}");
        self.post(&greeted()).await
    }

    async fn post(&self, message: &Value) -> anyhow::Result<()> {
        let post = self.http.post(&self.address);
        let post = post.header("content-type", "application/json");
        let status = post.body(message.to_string()).send().await?.status();
        ensure!(status == 202, "a message was not taken: {status}");
        Ok(())
    }

    async fn close(self) -> Vec<String> {
        self.reading.abort();
        // It was told to end just now, or has ended before.
        drop(self.reading.await);
        self.mailbox.strays()
    }
}

async fn read(mut stream: reqwest::Response, told: oneshot::Sender<String>, mailbox: Arc<Mailbox>) {
    let mut told = Some(told);
    let mut decoder = SseDecoder::new(LIMIT);
    while let Ok(Some(chunk)) = stream.chunk().await {
        decoder.push(&chunk);
        while let Ok(Some(event)) = decoder.next_event() {
            match event.event.as_deref() {
                Some("endpoint") => {
                    let address = String::from_utf8_lossy(&event.data).into_owned();
                    if let Some(told) = told.take() {
                        // Nobody waits for it where the client has given up.
                        drop(told.send(address));
                    }
                }
                Some("message") => mailbox.deliver(&event.data),
                _ => {}
            }
        }
    }
    mailbox.cut();
}
