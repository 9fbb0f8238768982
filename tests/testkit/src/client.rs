//! Raw MCP clients over HTTP: every answer with its status, headers and exact
//! bytes, so that a test can see what an SDK would hide.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use wire::{Envelope, Kind, SseDecoder, SseEvent};

use crate::wait::soon;

/// The version that the clients ask for unless told otherwise.
pub const VERSION: &str = "2025-11-25";

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
    ready: VecDeque<SseEvent>,
}

/// One client of a Streamable HTTP endpoint. Clones share the session.
#[derive(Debug, Clone)]
pub struct McpHttp {
    /// The endpoint.
    pub url: String,
    http: reqwest::Client,
    headers: HeaderMap,
    next_id: Arc<AtomicU64>,
}

// === impl Answer ===

impl Answer {
    async fn read(response: reqwest::Response) -> Self {
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
    fn new(response: reqwest::Response) -> Self {
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            response,
            decoder: SseDecoder::new(LIMIT),
            ready: VecDeque::new(),
        }
    }

    /// The next event, `None` at the end of the stream.
    pub async fn event(&mut self) -> Option<SseEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let chunk = soon("an event", self.response.chunk())
                .await
                .ok()
                .flatten()?;
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

// === impl McpHttp ===

impl McpHttp {
    /// A client without a session, on a connection pool of its own.
    pub fn new(url: impl Into<String>) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .build()
            .expect("a client without TLS roots can be built");
        let mut headers = HeaderMap::new();
        headers.insert(
            "accept",
            HeaderValue::from_static("application/json, text/event-stream"),
        );
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        Self {
            url: url.into(),
            http,
            headers,
            next_id: Arc::new(AtomicU64::new(1)),
        }
    }

    /// A client that has said hello, with these raw capabilities.
    pub async fn connect(url: impl Into<String>, capabilities: &str) -> Self {
        Self::connect_as(url, capabilities, VERSION).await
    }

    /// A client that has said hello in a version of the protocol.
    pub async fn connect_as(url: impl Into<String>, capabilities: &str, version: &str) -> Self {
        let mut client = Self::new(url);
        client.initialize(capabilities, version).await;
        client
    }

    /// The same with another header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header's name");
        self.headers
            .insert(name, value.parse().expect("a header's value"));
        self
    }

    /// The session's id, empty where there is none.
    pub fn session(&self) -> &str {
        self.headers
            .get("mcp-session-id")
            .and_then(|id| id.to_str().ok())
            .unwrap_or_default()
    }

    /// Says hello and keeps the session; gives the answer.
    pub async fn initialize(&mut self, capabilities: &str, version: &str) -> Answer {
        let params = format!(
            r#"{{"protocolVersion":"{version}","capabilities":{capabilities},"clientInfo":{{"name":"testkit","version":"1"}}}}"#
        );
        let answer = self.call("initialize", &params).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        if let Some(id) = answer.headers.get("mcp-session-id") {
            self.headers.insert("mcp-session-id", id.clone());
        }
        let negotiated: Value = serde_json::from_str(&answer.result()).expect("JSON");
        let negotiated = negotiated["protocolVersion"].as_str().expect("a version");
        self.headers.insert(
            "mcp-protocol-version",
            negotiated.parse().expect("a version"),
        );
        let accepted = self.notify("notifications/initialized", "{}").await;
        assert_eq!(accepted.status, 202, "{accepted:?}");
        answer
    }

    /// Posts exactly this.
    pub async fn post(&self, raw: impl Into<reqwest::Body>) -> Answer {
        let sent = self
            .http
            .post(&self.url)
            .headers(self.headers.clone())
            .body(raw)
            .send();
        Answer::read(soon("an answer", sent).await.expect("the gateway answers")).await
    }

    /// Posts exactly this and reads the answer piece by piece.
    pub async fn post_stream(&self, raw: impl Into<reqwest::Body>) -> Stream {
        let sent = self
            .http
            .post(&self.url)
            .headers(self.headers.clone())
            .body(raw)
            .send();
        Stream::new(soon("an answer", sent).await.expect("the gateway answers"))
    }

    /// A raw request under a fresh id.
    pub fn request(&self, method: &str, params: &str) -> String {
        let id = self.next_id.fetch_add(1, Ordering::SeqCst);
        String::from_utf8(wire::request(&id.to_string(), method, params)).expect("UTF-8")
    }

    /// Sends a request and waits for its whole answer.
    pub async fn call(&self, method: &str, params: &str) -> Answer {
        self.post(self.request(method, params)).await
    }

    /// Calls a tool with raw arguments.
    pub async fn tool(&self, name: &str, arguments: &str) -> Answer {
        self.call(
            "tools/call",
            &format!(
                r#"{{"name":{},"arguments":{arguments}}}"#,
                wire::quote(name)
            ),
        )
        .await
    }

    /// Calls a tool that answers with a text; gives the text.
    pub async fn text(&self, name: &str, arguments: &str) -> String {
        let answer = self.tool(name, arguments).await;
        let result: Value = serde_json::from_str(&answer.result()).expect("JSON");
        match result["content"][0]["text"].as_str() {
            Some(text) => text.to_owned(),
            None => panic!("no text in {result}"),
        }
    }

    /// Sends a notification.
    pub async fn notify(&self, method: &str, params: &str) -> Answer {
        self.post(wire::notification(method, params)).await
    }

    /// Answers a question of the server, with its raw id.
    pub async fn answer(&self, id: &Value, result: &str) -> Answer {
        self.post(wire::result_response(
            id.to_string().as_bytes(),
            result.as_bytes(),
        ))
        .await
    }

    /// All names of the tools, over all pages.
    pub async fn tool_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut params = "{}".to_owned();
        loop {
            let page: Value =
                serde_json::from_str(&self.call("tools/list", &params).await.result())
                    .expect("JSON");
            let tools = page["tools"].as_array().expect("tools");
            names.extend(
                tools
                    .iter()
                    .map(|tool| tool["name"].as_str().expect("a name").to_owned()),
            );
            match &page["nextCursor"] {
                Value::Null => return names,
                cursor => params = format!(r#"{{"cursor":{cursor}}}"#),
            }
        }
    }

    /// Opens the GET stream.
    pub async fn listen(&self) -> Stream {
        let sent = self
            .http
            .get(&self.url)
            .headers(self.headers.clone())
            .send();
        Stream::new(
            soon("the GET stream", sent)
                .await
                .expect("the gateway answers"),
        )
    }

    /// Ends the session.
    pub async fn delete(&self) -> Answer {
        let sent = self
            .http
            .delete(&self.url)
            .headers(self.headers.clone())
            .send();
        Answer::read(soon("an answer", sent).await.expect("the gateway answers")).await
    }

    /// A plain GET of another route of the same gateway.
    pub async fn get(&self, path: &str) -> Answer {
        let base = self.url.split("/mcp").next().unwrap_or_default();
        let sent = self
            .http
            .get(format!("{base}{path}"))
            .headers(self.headers.clone())
            .send();
        Answer::read(soon("an answer", sent).await.expect("the gateway answers")).await
    }

    /// Opens an event stream on another route of the same gateway.
    pub async fn get_stream(&self, path: &str) -> Stream {
        let base = self.url.split("/mcp").next().unwrap_or_default();
        let sent = self
            .http
            .get(format!("{base}{path}"))
            .headers(self.headers.clone())
            .send();
        Stream::new(soon("an answer", sent).await.expect("the gateway answers"))
    }

    /// A POST to another route of the same gateway.
    pub async fn post_to(&self, path: &str, raw: impl Into<reqwest::Body>) -> Answer {
        let base = self.url.split("/mcp").next().unwrap_or_default();
        let sent = self
            .http
            .post(format!("{base}{path}"))
            .headers(self.headers.clone())
            .body(raw)
            .send();
        Answer::read(soon("an answer", sent).await.expect("the gateway answers")).await
    }
}
