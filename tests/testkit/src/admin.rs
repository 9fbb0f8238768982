//! The admin API as the window and a browser speak it: every answer raw, and the
//! common requests by name.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::answer::{Answer, Stream};
use crate::wait::soon;

/// A client of `/api`. Each has connections of its own.
#[derive(Debug, Clone)]
pub struct Admin {
    base: String,
    http: reqwest::Client,
    headers: Vec<(String, String)>,
}

// === impl Admin ===

impl Admin {
    /// A client without a token; `base` is `http://localhost:PORT`.
    pub fn new(base: impl Into<String>) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .build()
            .expect("a client without TLS roots can be built");
        Self {
            base: base.into(),
            http,
            headers: Vec::new(),
        }
    }

    /// The same with another header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with a token.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// The same at another address.
    #[must_use]
    pub fn at(mut self, base: impl Into<String>) -> Self {
        self.base = base.into();
        self
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request
    }

    /// Sends a request without a body.
    pub async fn bare(&self, method: &str, path: &str) -> Answer {
        let method = method.parse().expect("a method");
        let sent = soon("an answer", self.request(method, path).send()).await;
        Answer::read(sent.expect("the gateway answers")).await
    }

    /// Sends exactly this body under this content type.
    pub async fn raw(&self, method: &str, path: &str, kind: &str, body: String) -> Answer {
        let method = method.parse().expect("a method");
        let request = self
            .request(method, path)
            .header("content-type", kind)
            .body(body);
        let sent = soon("an answer", request.send()).await;
        Answer::read(sent.expect("the gateway answers")).await
    }

    /// Sends a JSON document.
    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.raw(method, path, "application/json", body.to_string())
            .await
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.bare("GET", path).await
    }

    /// The document at a path.
    pub async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// `POST` with a JSON document.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body).await
    }

    /// Opens a stream of events.
    pub async fn stream(&self, path: &str) -> Stream {
        let sent = soon("a stream", self.request(Method::GET, path).send()).await;
        Stream::new(sent.expect("the gateway answers"))
    }

    /// `GET /api/events`.
    pub async fn events(&self) -> Stream {
        self.stream("/api/events").await
    }

    /// A server's log.
    pub async fn log(&self, name: &str) -> Stream {
        self.stream(&of_server(name, "/log")).await
    }

    /// `POST /api/test`.
    pub async fn trial(&self, form: &Value) -> Stream {
        let request = self.request(Method::POST, "/api/test");
        let body = json!({ "form": form }).to_string();
        let request = request
            .header("content-type", "application/json")
            .body(body);
        let sent = soon("a stream", request.send()).await;
        Stream::new(sent.expect("the gateway answers"))
    }

    /// `GET /api/status`.
    pub async fn status(&self) -> Value {
        self.json("/api/status").await
    }

    /// What there is to know about a server.
    pub async fn detail(&self, name: &str) -> Value {
        self.json(&of_server(name, "")).await
    }

    /// A server's own tools.
    pub async fn tools(&self, name: &str) -> Vec<Value> {
        let tools = self.json(&of_server(name, "/tools")).await;
        tools["tools"].as_array().expect("tools").clone()
    }

    /// Adds a server.
    pub async fn add(&self, form: &Value) -> Answer {
        let body = json!({ "revision": null, "form": form });
        self.post("/api/servers", &body).await
    }

    /// Puts a form in place of a server's, for somebody who has seen this revision.
    pub async fn put(&self, name: &str, revision: &Value, form: &Value) -> Answer {
        let body = json!({ "revision": revision, "form": form });
        self.send("PUT", &of_server(name, ""), &body).await
    }

    /// Changes a server as the window does: its form is read, changed, and sent back.
    pub async fn edit(&self, name: &str, change: impl FnOnce(&mut Value)) -> Answer {
        let detail = self.detail(name).await;
        let mut form = detail["form"].clone();
        change(&mut form);
        self.put(name, &detail["revision"], &form).await
    }

    /// Removes a server.
    pub async fn remove(&self, name: &str) -> Answer {
        self.bare("DELETE", &of_server(name, "")).await
    }

    /// Switches a server on or off.
    pub async fn enable(&self, name: &str, on: bool) -> Answer {
        let body = json!({ "enabled": on });
        self.send("PATCH", &of_server(name, ""), &body).await
    }

    /// Switches or renames one of a server's tools.
    pub async fn set_tool(&self, name: &str, change: &Value) -> Answer {
        self.send("PATCH", &of_server(name, "/tools"), change).await
    }

    /// Starts a server anew.
    pub async fn restart(&self, name: &str) -> Answer {
        self.bare("POST", &of_server(name, "/restart")).await
    }

    /// Takes a change back.
    pub async fn undo(&self, saved: &Value) -> Answer {
        let body = json!({ "undo": saved["undo"] });
        self.post("/api/undo", &body).await
    }

    /// Puts the file in force as it is.
    pub async fn reload(&self) -> Answer {
        self.bare("POST", "/api/config/reload").await
    }

    /// A one-time code.
    pub async fn code(&self) -> String {
        let answer = self.bare("POST", "/api/codes").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let code = answer.json()["code"].as_str().map(str::to_owned);
        code.expect("a code")
    }

    /// Redeems a code.
    pub async fn redeem(&self, code: &str) -> Answer {
        self.post("/api/codes/redeem", &json!({ "code": code }))
            .await
    }
}

/// `/api/servers/NAME…`, with whatever is in the name encoded.
fn of_server(name: &str, rest: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a String takes it");
        }
    }
    format!("/api/servers/{encoded}{rest}")
}

/// The form of a local server that runs this command.
pub fn local(name: &str, command: &[&str]) -> Value {
    json!({ "name": name, "kind": "local", "command": command })
}

/// The form of a remote server.
pub fn remote(name: &str, url: &str) -> Value {
    json!({ "name": name, "kind": "remote", "url": url })
}

/// The form of a local server that stands like this in a config.
///
/// # Panics
/// Where it is none.
pub fn form_of(entry: &Value) -> Value {
    let pairs = |key: &str| -> Vec<Value> {
        let pairs = entry[key].as_object().into_iter().flatten();
        let pair = |(name, value)| json!({ "name": name, "value": value });
        pairs.map(pair).collect()
    };
    let mut form = json!({
        "name": entry["name"],
        "kind": "local",
        "command": entry["command"].as_array().expect("a command"),
        "env": pairs("env"),
    });
    let known = ["name", "type", "command", "env"];
    let others = entry.as_object().into_iter().flatten();
    for (key, value) in others.filter(|(key, _)| !known.contains(&key.as_str())) {
        form[key] = value.clone();
    }
    form
}

// === impl Answer ===

impl Answer {
    /// What a change answers that was made.
    ///
    /// # Panics
    /// If it was not.
    pub fn saved(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        let saved = self.json();
        assert!(
            saved["revision"].is_string()
                && saved["path"]
                    .as_str()
                    .is_some_and(|path| Path::new(path).is_absolute())
                && saved["notices"].is_array(),
            "{saved:#}"
        );
        saved
    }

    /// What a request answers that was not done, with this status.
    ///
    /// # Panics
    /// If it was done, or if the answer says less than it must.
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert!(
            self.header("content-type").starts_with("application/json"),
            "{self:?}"
        );
        let problem = self.json();
        let error = problem["error"].as_str().unwrap_or_default();
        assert!(!error.is_empty() && !error.contains('\n'), "{problem:#}");
        assert!(problem["code"].is_string(), "{problem:#}");
        in_both_languages(&problem["message"]);
        if !problem["remedy"].is_null() {
            in_both_languages(&problem["remedy"]);
        }
        for field in problem["fields"].as_array().expect("fields") {
            assert!(field["field"].is_string(), "{problem:#}");
            in_both_languages(&field["message"]);
        }
        problem
    }

    /// The fields that a refused form is to blame for.
    pub fn fields(&self) -> Vec<String> {
        let problem = self.problem(422);
        let fields = problem["fields"].as_array().expect("fields").iter();
        let name = |field: &Value| field["field"].as_str().expect("a name").to_owned();
        fields.map(name).collect()
    }
}

/// Fails where a text for a person is missing in one of the languages.
///
/// # Panics
/// There.
pub fn in_both_languages(words: &Value) {
    let (en, zh) = (words["en"].as_str(), words["zh"].as_str());
    let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    assert!(
        en.is_some_and(|en| !en.is_empty()) && zh.is_some_and(is_chinese) && en != zh,
        "{words:#}"
    );
}
