//! Streamable HTTP: each answer comes back with its own request. A stream for what belongs to
//! no call is open beside them.

use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use wire::SseDecoder;

use super::{LOOK, greeted, hello, http, until_connected};
use crate::call::{Call, End};
use crate::town::Manner;

const LIMIT: usize = 16 << 20;
/// A call is cancelled, or its connection dropped, after so long.
const SOON: Duration = Duration::from_millis(30);

/// See the module.
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    session: String,
    listening: JoinHandle<()>,
    strays: Vec<String>,
}

impl Client {
    pub(super) async fn connect(base: &str) -> anyhow::Result<Self> {
        let http = http()?;
        let url = format!("{base}/mcp");
        let session = until_connected(|| greet(http.clone(), url.clone())).await?;
        let listening = tokio::spawn(listen(http.clone(), url.clone(), session.clone()));
        Ok(Self {
            http,
            url,
            session,
            listening,
            strays: Vec::new(),
        })
    }

    pub(super) async fn call(&mut self, call: &Call) -> End {
        let post = self.post(&call.request());
        match call.deed.manner {
            Manner::Waits => {}
            Manner::Leaves => {
                return match tokio::time::timeout(SOON, post.send()).await {
                    Ok(sent) => self.read(sent, call).await,
                    Err(_) => End::Left,
                };
            }
            Manner::Cancels => {
                let why = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": call.id()}});
                let cancel = self.post(&why);
                let cancelling = async {
                    tokio::time::sleep(SOON).await;
                    cancel.send().await
                };
                // A cancellation that does not arrive shows in how the call ends.
                let (sent, _) = tokio::join!(post.send(), cancelling);
                return self.read(sent, call).await;
            }
        }
        let sent = post.send().await;
        self.read(sent, call).await
    }

    fn post(&self, message: &Value) -> RequestBuilder {
        post(&self.http, &self.url, message).header("mcp-session-id", &self.session)
    }

    async fn read(&mut self, sent: reqwest::Result<Response>, call: &Call) -> End {
        let response = match sent {
            Ok(response) => response,
            Err(error) => return End::Cut(format!("{error:?}")),
        };
        let status = response.status().as_u16();
        let is_stream = is_stream(&response);
        let body = match response.bytes().await {
            Ok(body) => body,
            Err(error) => return End::Cut(format!("{error:?}")),
        };
        if status != 200 {
            return End::Status(status, String::from_utf8_lossy(&body).into_owned());
        }
        let mut end = None;
        for message in messages(&body, is_stream) {
            if message.get("method").is_some() {
                continue;
            }
            if message["id"] == call.id() && end.is_none() {
                end = Some(End::of(&message));
            } else {
                self.strays.push(message.to_string());
            }
        }
        end.unwrap_or(End::Silence)
    }

    /// Ends the session; gives the answers that nobody waited for.
    pub(super) async fn leave(self) -> anyhow::Result<Vec<String>> {
        until_connected(|| goodbye(&self.http, &self.url, &self.session)).await?;
        self.listening.abort();
        // It was told to end just now, or has ended before.
        drop(self.listening.await);
        Ok(self.strays)
    }
}

fn post(http: &reqwest::Client, url: &str, message: &Value) -> RequestBuilder {
    http.post(url)
        .header("accept", "application/json, text/event-stream")
        .header("content-type", "application/json")
        .body(message.to_string())
}

async fn greet(http: reqwest::Client, url: String) -> anyhow::Result<String> {
    let hello = post(&http, &url, &hello()).send().await?;
    let session = hello.headers().get("mcp-session-id");
    let session = session.context("no session")?.to_str()?.to_owned();
    let greeted = post(&http, &url, &greeted()).header("mcp-session-id", &session);
    ensure!(greeted.send().await?.status() == 202, "not greeted");
    Ok(session)
}

async fn goodbye(http: &reqwest::Client, url: &str, session: &str) -> anyhow::Result<()> {
    let delete = http.delete(url).header("mcp-session-id", session);
    let status = delete.send().await?.status();
    // Or ended by a goodbye before, whose answer got lost.
    ensure!(
        status == 204 || status == 404,
        "a session could not be ended: {status}"
    );
    Ok(())
}

/// Keeps a stream open, and opens another where it ends.
async fn listen(http: reqwest::Client, url: String, session: String) {
    loop {
        let stream = http.get(&url).header("accept", "text/event-stream");
        if let Ok(mut stream) = stream.header("mcp-session-id", &session).send().await {
            while let Ok(Some(_)) = stream.chunk().await {}
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn is_stream(response: &Response) -> bool {
    let kind = response.headers().get("content-type");
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

fn messages(body: &[u8], is_stream: bool) -> Vec<Value> {
    let parsed = |text: &[u8]| {
        let wrong = || json!({"id": null, "unreadable": String::from_utf8_lossy(text)});
        serde_json::from_slice(text).unwrap_or_else(|_| wrong())
    };
    if !is_stream {
        return vec![parsed(body)];
    }
    let mut decoder = SseDecoder::new(LIMIT);
    decoder.push(body);
    let mut messages = Vec::new();
    while let Ok(Some(event)) = decoder.next_event() {
        if !event.data.is_empty() {
            messages.push(parsed(&event.data));
        }
    }
    messages
}
