//! What came back over HTTP, whole or piece by piece, with every byte.

use std::collections::VecDeque;

use reqwest::header::HeaderMap;
use serde_json::Value;
use wire::{Envelope, Kind, SseDecoder, SseEvent};

use crate::wait::{SOON, soon};

const LIMIT: usize = 256 << 20;

/// A whole HTTP answer.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// HTTP headers.
    pub headers: HeaderMap,
    /// The exact body.
    pub body: String,
}

/// An answer that is read piece by piece.
pub struct Stream {
    /// HTTP status.
    pub status: u16,
    /// HTTP headers.
    pub headers: HeaderMap,
    response: reqwest::Response,
    decoder: SseDecoder,
    /// Whether it broke off before its end.
    pub was_cut: bool,
    ready: VecDeque<SseEvent>,
}

// === impl Answer ===

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = soon("a body", response.text())
            .await
            .expect("the whole body arrives");
        Self {
            status,
            headers,
            body,
        }
    }

    /// A header as text, empty where absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// The raw messages in the body, whether it is JSON or an event stream.
    pub fn messages(&self) -> Vec<String> {
        if !self.header("content-type").starts_with("text/event-stream") {
            return vec![self.body.clone()];
        }
        let mut decoder = SseDecoder::new(LIMIT);
        decoder.push(self.body.as_bytes());
        let mut messages = Vec::new();
        while let Some(event) = decoder.next_event().expect("within the limit") {
            if !event.data.is_empty() {
                messages.push(String::from_utf8(event.data).expect("UTF-8"));
            }
        }
        messages
    }

    /// The response message.
    pub fn response(&self) -> String {
        let found = self.messages().into_iter().find(|raw| {
            wire::parse(raw.as_bytes(), 100_000)
                .is_ok_and(|message| matches!(message.kind, Kind::Response { .. }))
        });
        found.unwrap_or_else(|| panic!("no response in {self:?}"))
    }

    /// The exact `result`.
    pub fn result(&self) -> String {
        result_of(&self.response())
    }

    /// `error` as JSON.
    pub fn error(&self) -> Value {
        let response: Value = serde_json::from_str(&self.response()).expect("JSON");
        assert!(response.get("error").is_some(), "no error in {response}");
        response["error"].clone()
    }
}

/// The exact `result` of a raw response message.
///
/// # Panics
/// If it is anything else.
pub fn result_of(raw: &str) -> String {
    match wire::parse(raw.as_bytes(), 100_000) {
        Ok(Envelope {
            kind:
                Kind::Response {
                    body,
                    failed: false,
                    ..
                },
            ..
        }) => String::from_utf8(body.of(raw.as_bytes()).to_vec()).expect("UTF-8"),
        other => panic!("no result but {other:?}: {raw}"),
    }
}

/// The exact text of one member of a raw object.
///
/// # Panics
/// If it is missing.
pub fn member(raw: &str, key: &str) -> String {
    let members: std::collections::HashMap<String, &serde_json::value::RawValue> =
        serde_json::from_str(raw).unwrap_or_else(|error| panic!("{error} in {raw}"));
    members
        .get(key)
        .unwrap_or_else(|| panic!("no {key} in {raw}"))
        .get()
        .to_owned()
}

// === impl Stream ===

impl Stream {
    pub(crate) fn new(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            response,
            decoder: SseDecoder::new(LIMIT),
            was_cut: false,
            ready: VecDeque::new(),
        }
    }

    /// The next event, `None` at the end of the stream.
    pub async fn event(&mut self) -> Option<SseEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let read = soon("an event", self.response.chunk()).await;
            self.was_cut |= read.is_err();
            let chunk = read.ok().flatten()?;
            self.decoder.push(&chunk);
            while let Some(event) = self.decoder.next_event().expect("within the limit") {
                self.ready.push_back(event);
            }
        }
    }

    /// The next raw message; events without data are passed over.
    ///
    /// # Panics
    /// If the stream ends.
    pub async fn message(&mut self) -> String {
        loop {
            let event = self.event().await.expect("the stream goes on");
            if !event.data.is_empty() {
                return String::from_utf8(event.data).expect("UTF-8");
            }
        }
    }

    /// The next message with this method; others are passed over.
    pub async fn message_of(&mut self, method: &str) -> Value {
        loop {
            let message: Value = serde_json::from_str(&self.message().await).expect("JSON");
            if message["method"] == method {
                return message;
            }
        }
    }

    /// The next event of this name as JSON; others are passed over.
    ///
    /// # Panics
    /// If the stream ends, or if none comes soon.
    pub async fn named(&mut self, name: &str) -> Value {
        self.named_where(name, |_| true).await
    }

    /// The next event of this name for which `holds`, as JSON; others are passed over.
    ///
    /// # Panics
    /// As [`Self::named`] does.
    pub async fn named_where(&mut self, name: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let search = async {
            loop {
                let event = self.event().await;
                let event = event.unwrap_or_else(|| panic!("the stream ended before {name}"));
                if event.event.as_deref() != Some(name) {
                    continue;
                }
                last = serde_json::from_slice(&event.data).expect("JSON");
                if holds(&last) {
                    return;
                }
            }
        };
        // Others may keep coming for ever, so that it is this wait that needs an end.
        if tokio::time::timeout(SOON, search).await.is_err() {
            panic!("waited {SOON:?} in vain for {name}; the last one was {last:#}");
        }
        last
    }

    /// Reads to the end of the stream; gives the names of the events that still came.
    pub async fn rest(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        while let Some(event) = self.event().await {
            names.extend(event.event);
        }
        names
    }

    /// The whole answer, where it is none.
    pub async fn answer(self) -> Answer {
        Answer::read(self.response).await
    }

    /// The raw response; what comes before is passed over.
    pub async fn response(&mut self) -> String {
        loop {
            let raw = self.message().await;
            if wire::parse(raw.as_bytes(), 100_000)
                .is_ok_and(|message| matches!(message.kind, Kind::Response { .. }))
            {
                return raw;
            }
        }
    }
}
