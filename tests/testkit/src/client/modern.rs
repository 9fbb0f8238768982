//! A raw client of the modern era over HTTP (MCP 2026-07-28): each request describes itself, in
//! its `_meta` and once more in its headers. A test can override or leave out every part of both.
//!
//! Closing a connection cancels its request: dropping the future of a call does that, and
//! dropping a [`Stream`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use wire::meta;

use super::{http_client, text_in, tools_in};
use crate::answer::{Answer, Stream};
use crate::header_text;
use crate::wait::soon;

/// One client. It has no session, so that clones differ in nothing but what they claim; they
/// count their ids together.
#[derive(Debug, Clone)]
pub struct McpModern {
    /// The endpoint.
    pub url: String,
    http: reqwest::Client,
    /// Raw members of `_meta` by key; no `_meta` at all where absent.
    claims: Option<Vec<(String, String)>>,
    /// Instead of what would be sent; `None` where it is left out.
    instead: Vec<(HeaderName, Option<HeaderValue>)>,
    /// Beside what is sent.
    beside: Vec<(HeaderName, HeaderValue)>,
    next_id: Arc<AtomicU64>,
}

// === impl McpModern ===

impl McpModern {
    /// A client that can be asked nothing.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            http: http_client(),
            claims: Some(Vec::new()),
            instead: Vec::new(),
            beside: Vec::new(),
            next_id: Arc::new(AtomicU64::new(1)),
        }
        .with_version(wire::MODERN)
        .with_capabilities("{}")
        .claiming(meta::CLIENT_INFO, r#"{"name":"testkit","version":"1"}"#)
    }

    /// The same with another version.
    #[must_use]
    pub fn with_version(self, version: &str) -> Self {
        self.claiming(meta::VERSION, &wire::quote(version))
    }

    /// The same with these raw capabilities.
    #[must_use]
    pub fn with_capabilities(self, raw: &str) -> Self {
        self.claiming(meta::CLIENT_CAPABILITIES, raw)
    }

    /// The same, wanting log messages from a level on.
    #[must_use]
    pub fn with_log_level(self, level: &str) -> Self {
        self.claiming(meta::LOG_LEVEL, &wire::quote(level))
    }

    /// The same, wanting progress reports under a raw token.
    #[must_use]
    pub fn with_progress_token(self, raw: &str) -> Self {
        self.claiming("progressToken", raw)
    }

    /// The same with this raw member in each request's `_meta`.
    #[must_use]
    pub fn claiming(mut self, key: &str, raw: &str) -> Self {
        let claims = self.claims.get_or_insert_default();
        match claims.iter_mut().find(|(name, _)| name == key) {
            Some((_, value)) => *value = raw.to_owned(),
            None => claims.push((key.to_owned(), raw.to_owned())),
        }
        self
    }

    /// The same without this member of `_meta`.
    #[must_use]
    pub fn not_claiming(mut self, key: &str) -> Self {
        if let Some(claims) = &mut self.claims {
            claims.retain(|(name, _)| name != key);
        }
        self
    }

    /// The same without `_meta`.
    #[must_use]
    pub fn without_meta(mut self) -> Self {
        self.claims = None;
        self
    }

    /// The same with this header, instead of what it would be.
    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Self {
        self.instead_of(name, Some(value_of(value)))
    }

    /// The same with this header beside the one that is sent anyway.
    #[must_use]
    pub fn with_also(mut self, name: &str, value: &str) -> Self {
        self.beside.push((name_of(name), value_of(value)));
        self
    }

    /// The same without this header.
    #[must_use]
    pub fn without(self, name: &str) -> Self {
        self.instead_of(name, None)
    }

    fn instead_of(mut self, name: &str, value: Option<HeaderValue>) -> Self {
        let name = name_of(name);
        self.instead.retain(|(other, _)| *other != name);
        self.instead.push((name, value));
        self
    }

    /// A raw request under a fresh id, with the claim in its params.
    pub fn request(&self, method: &str, params: &str) -> String {
        let id = self.next_id.fetch_add(1, Ordering::SeqCst);
        self.request_as(&id.to_string(), method, params)
    }

    /// The same under a raw id.
    ///
    /// # Panics
    /// If the params have a `_meta`: its members are [`claimed`](Self::claiming).
    pub fn request_as(&self, id: &str, method: &str, params: &str) -> String {
        let params = match &self.claims {
            Some(claims) => {
                let members: Vec<String> = claims
                    .iter()
                    .map(|(key, raw)| format!("{}:{raw}", wire::quote(key)))
                    .collect();
                let read: Value = serde_json::from_str(params).expect("params are JSON");
                assert!(read.get("_meta").is_none(), "claim it instead: {params}");
                with_first(params, &format!(r#""_meta":{{{}}}"#, members.join(",")))
            }
            None => params.to_owned(),
        };
        String::from_utf8(wire::request(id, method, &params)).expect("UTF-8")
    }

    /// Posts exactly this, with the headers that belong to it.
    pub async fn post(&self, raw: impl Into<String>) -> Answer {
        Answer::read(self.posted(raw.into()).await).await
    }

    /// The same, to be read piece by piece.
    pub async fn post_stream(&self, raw: impl Into<String>) -> Stream {
        Stream::new(self.posted(raw.into()).await)
    }

    /// Sends a request and waits for its whole answer.
    pub async fn call(&self, method: &str, params: &str) -> Answer {
        self.post(self.request(method, params)).await
    }

    /// Sends a request whose answer is read piece by piece.
    pub async fn stream(&self, method: &str, params: &str) -> Stream {
        self.post_stream(self.request(method, params)).await
    }

    /// Sends a request once more, with raw answers and the raw state that came with the questions.
    pub async fn retry(
        &self,
        method: &str,
        params: &str,
        responses: Option<&str>,
        state: Option<&str>,
    ) -> Answer {
        let mut params = params.to_owned();
        for (key, raw) in [("requestState", state), ("inputResponses", responses)] {
            if let Some(raw) = raw {
                params = with_first(&params, &format!("\"{key}\":{raw}"));
            }
        }
        self.call(method, &params).await
    }

    /// Asks what is behind the endpoint.
    pub async fn discover(&self) -> Value {
        let answer = self.call("server/discover", "{}").await;
        serde_json::from_str(&answer.result()).expect("JSON")
    }

    /// Calls a tool with raw arguments.
    pub async fn tool(&self, name: &str, arguments: &str) -> Answer {
        self.call("tools/call", &call_of(name, arguments)).await
    }

    /// Calls a tool that answers with a text; gives the text.
    pub async fn text(&self, name: &str, arguments: &str) -> String {
        text_in(&self.tool(name, arguments).await)
    }

    /// Calls a tool once more, as [`Self::retry`] does.
    pub async fn tool_again(
        &self,
        name: &str,
        arguments: &str,
        responses: Option<&str>,
        state: Option<&str>,
    ) -> Answer {
        let params = call_of(name, arguments);
        self.retry("tools/call", &params, responses, state).await
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

    /// Opens a stream of changes, with a raw filter. Its first message is the acknowledgement.
    pub async fn listen(&self, filter: &str) -> Stream {
        let params = format!(r#"{{"notifications":{filter}}}"#);
        self.stream("subscriptions/listen", &params).await
    }

    /// The same under a raw id.
    pub async fn listen_as(&self, id: &str, filter: &str) -> Stream {
        let params = format!(r#"{{"notifications":{filter}}}"#);
        let request = self.request_as(id, "subscriptions/listen", &params);
        self.post_stream(request).await
    }

    /// Sends a notification, which claims nothing.
    pub async fn notify(&self, method: &str, params: &str) -> Answer {
        let raw = wire::notification(method, params);
        self.post(String::from_utf8(raw).expect("UTF-8")).await
    }

    /// Sends a request without a body by another method of HTTP.
    pub async fn bare(&self, method: Method) -> Answer {
        let request = self.http.request(method, &self.url);
        let version = json!({"params": {"_meta": {meta::VERSION: wire::MODERN}}});
        let sent = request.headers(self.headers(&version)).send();
        Answer::read(soon("an answer", sent).await.expect("an answer")).await
    }

    async fn posted(&self, raw: String) -> reqwest::Response {
        let sent = self.to_post(raw).send();
        soon("an answer", sent).await.expect("an answer")
    }

    fn to_post(&self, raw: String) -> RequestBuilder {
        // What is no JSON has no headers of its own.
        let body = serde_json::from_str(&raw).unwrap_or_default();
        let headers = self.headers(&body);
        self.http.post(&self.url).headers(headers).body(raw)
    }

    /// What the specification wants beside a body, changed as the test wants it.
    fn headers(&self, body: &Value) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(
            "accept",
            HeaderValue::from_static("application/json, text/event-stream"),
        );
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let version = body["params"]["_meta"][meta::VERSION].as_str();
        let version = version.unwrap_or(wire::MODERN);
        headers.insert("mcp-protocol-version", value_of(version));
        if let Some(method) = body["method"].as_str() {
            headers.insert("mcp-method", value_of(&header_text::encode(method)));
            let name = match method {
                "tools/call" | "prompts/get" => &body["params"]["name"],
                "resources/read" => &body["params"]["uri"],
                "tasks/get" | "tasks/update" | "tasks/cancel" => &body["params"]["taskId"],
                _ => &Value::Null,
            };
            if let Some(name) = name.as_str() {
                headers.insert("mcp-name", value_of(&header_text::encode(name)));
            }
        }
        for (name, value) in &self.instead {
            match value {
                Some(value) => headers.insert(name, value.clone()),
                None => headers.remove(name),
            };
        }
        for (name, value) in &self.beside {
            headers.append(name, value.clone());
        }
        headers
    }
}

fn call_of(name: &str, arguments: &str) -> String {
    let name = wire::quote(name);
    format!(r#"{{"name":{name},"arguments":{arguments}}}"#)
}

/// A raw object with a raw member in front.
fn with_first(object: &str, member: &str) -> String {
    let rest = object.trim_start().strip_prefix('{').expect("an object");
    let comma = if rest.trim_start().starts_with('}') {
        ""
    } else {
        ","
    };
    format!("{{{member}{comma}{rest}")
}

fn name_of(name: &str) -> HeaderName {
    name.parse().expect("a header's name")
}

fn value_of(value: &str) -> HeaderValue {
    value.parse().expect("a header's value")
}
