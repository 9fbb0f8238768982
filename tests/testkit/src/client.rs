//! Raw MCP clients over HTTP: every answer with its status, headers and exact
//! bytes, so that a test can see what an SDK would hide.

mod modern;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::answer::{Answer, Stream};
use crate::wait::soon;

pub use crate::answer::{member, result_of};
pub use modern::McpModern;

/// The version that the clients ask for unless told otherwise.
pub const VERSION: &str = "2025-11-25";

/// One client of a Streamable HTTP endpoint. Clones share the session.
#[derive(Debug, Clone)]
pub struct McpHttp {
    /// The endpoint.
    pub url: String,
    http: reqwest::Client,
    headers: HeaderMap,
    next_id: Arc<AtomicU64>,
}

// === impl McpHttp ===

impl McpHttp {
    /// A client without a session, on a connection pool of its own.
    pub fn new(url: impl Into<String>) -> Self {
        let http = http_client();
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
        text_in(&self.tool(name, arguments).await)
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
        while let Some(next) = tools_in(&self.call("tools/list", &params).await, &mut names) {
            params = next;
        }
        names
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

/// A connection pool of its own.
fn http_client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .expect("a client without TLS roots can be built")
}

/// The text that a tool has answered with.
fn text_in(answer: &Answer) -> String {
    let result: Value = serde_json::from_str(&answer.result()).expect("JSON");
    match result["content"][0]["text"].as_str() {
        Some(text) => text.to_owned(),
        None => panic!("no text in {result}"),
    }
}

/// Reads the names of one page of tools; gives the params for the next page.
fn tools_in(answer: &Answer, names: &mut Vec<String>) -> Option<String> {
    let page: Value = serde_json::from_str(&answer.result()).expect("JSON");
    let tools = page["tools"].as_array().expect("tools").iter();
    names.extend(tools.map(|tool| tool["name"].as_str().expect("a name").to_owned()));
    let cursor = page.get("nextCursor")?;
    (!cursor.is_null()).then(|| format!(r#"{{"cursor":{cursor}}}"#))
}
