//! A server over Streamable HTTP (MCP 2025-11-25, "Transports / Streamable HTTP").

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, StatusCode};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wire::SseDecoder;

use super::inbox::{self, Inbox};
use super::pending::CallId;
use super::slot::Lost;
use super::{Connection, Link, closed};
use crate::sync::Locked;
use crate::words::Words;

const SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";
/// To reach the server at all.
const CONNECT: Duration = Duration::from_secs(10);
/// How often a reader looks whether its call is still wanted.
const CHECK: Duration = Duration::from_secs(5);
/// First wait before the listening stream is opened again; doubled up to `RECONNECT_MAX`.
const RECONNECT: Duration = Duration::from_secs(1);
const RECONNECT_MAX: Duration = Duration::from_secs(60);
/// For the farewell.
const GOODBYE: Duration = Duration::from_secs(2);

/// The sending side of a connection.
#[derive(Debug)]
pub(crate) struct HttpLink {
    client: reqwest::Client,
    url: String,
    headers: HeaderMap,
    session: Mutex<Option<HeaderValue>>,
    version: Mutex<Option<HeaderValue>>,
    tasks: TaskTracker,
    /// Why the connection is over, where that is known.
    end: Mutex<Option<Words>>,
}

/// Prepares a connection; nothing is sent yet.
///
/// # Errors
/// In words, where URL or headers cannot be used.
pub(crate) fn open(
    url: &str,
    headers: &[(String, String)],
    inbox: Arc<Inbox>,
    closing: CancellationToken,
) -> Result<Arc<Connection>, Words> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let parsed = HeaderName::try_from(name)
            .ok()
            .zip(HeaderValue::try_from(value).ok());
        let Some((name, mut value)) = parsed else {
            return Err(Words::new(
                format!("the header `{name}` is not valid"),
                format!("请求头 `{name}` 无效"),
            ));
        };
        value.set_sensitive(true);
        map.append(name, value);
    }
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("mcp-gateway/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| {
            Words::new(
                format!("HTTP cannot be set up: {error}"),
                format!("无法初始化 HTTP: {error}"),
            )
        })?;
    let link = HttpLink {
        client,
        url: url.to_owned(),
        headers: map,
        session: Mutex::default(),
        version: Mutex::default(),
        tasks: TaskTracker::new(),
        end: Mutex::default(),
    };
    Ok(Connection::new(Link::Http(Box::new(link)), inbox, closing))
}

/// Owns the connection: listens for what the server says unasked, and at the
/// end takes leave. Why it ended.
pub(crate) async fn drive(connection: Arc<Connection>) -> Words {
    let Link::Http(link) = &connection.link else {
        unreachable!("BUG: http drives http links")
    };
    tokio::select! {
        () = connection.closing.cancelled() => {}
        () = link.listen(&connection) => connection.closing.cancelled().await,
    }
    link.tasks.close();
    link.tasks.wait().await;
    link.leave().await;
    let reason = link.end.locked().take().unwrap_or_else(closed);
    connection.pending.close(&Lost::Died(reason.clone()));
    reason
}

impl HttpLink {
    /// The protocol version that both sides agreed on; sent from now on.
    pub(super) fn agreed(&self, version: &str) {
        *self.version.locked() = HeaderValue::try_from(version).ok();
    }

    /// Sends one message; its answer comes back through the inbox.
    pub(super) fn post(&self, connection: &Arc<Connection>, message: Vec<u8>, id: Option<CallId>) {
        let connection = Arc::clone(connection);
        self.tasks.spawn(async move {
            let Link::Http(link) = &connection.link else { unreachable!("BUG: posted on an http link") };
            let exchange = link.exchange(&connection, message, id);
            let lost = tokio::select! {
                outcome = exchange => outcome.err(),
                () = connection.closing.cancelled() => Some(Lost::Died(closed())),
            };
            match (id, lost) {
                (Some(id), lost) => {
                    let silent = || Lost::Died(Words::new("the server's reply held no answer", "服务器的回复中没有应答"));
                    connection.pending.lose(id, lost.unwrap_or_else(silent));
                }
                (None, Some(lost)) => {
                    tracing::debug!(server = %connection.inbox.server, "a message was not delivered: {}", lost.words().en);
                }
                (None, None) => {}
            }
        });
    }

    /// Sends one message and waits until it has been taken.
    pub(super) async fn deliver(
        &self,
        connection: &Arc<Connection>,
        message: Vec<u8>,
    ) -> Result<(), Lost> {
        self.exchange(connection, message, None).await
    }

    fn request(&self, method: reqwest::Method) -> reqwest::RequestBuilder {
        let mut request = self
            .client
            .request(method, &self.url)
            .headers(self.headers.clone());
        if let Some(session) = self.session.locked().clone() {
            request = request.header(SESSION, session);
        }
        if let Some(version) = self.version.locked().clone() {
            request = request.header(VERSION, version);
        }
        request
    }

    async fn exchange(
        &self,
        connection: &Arc<Connection>,
        message: Vec<u8>,
        id: Option<CallId>,
    ) -> Result<(), Lost> {
        let request = self
            .request(reqwest::Method::POST)
            .header(ACCEPT, "application/json, text/event-stream")
            .header(CONTENT_TYPE, "application/json")
            .body(message);
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(connection, &error))?;
        if let Some(session) = response.headers().get(SESSION) {
            *self.session.locked() = Some(session.clone());
        }
        let status = response.status();
        if status == StatusCode::NOT_FOUND && self.session.locked().is_some() {
            connection.closing.cancel();
            return Err(Lost::Unsent(Words::new(
                "the server has ended the session",
                "服务器已结束会话",
            )));
        }
        if !status.is_success() {
            return self.refused(connection, response, id).await;
        }
        if status == StatusCode::ACCEPTED || status == StatusCode::NO_CONTENT {
            return Ok(());
        }
        if is_event_stream(&response) {
            self.read_events(connection, response, id).await.map(drop)
        } else {
            let body = self.read_body(connection, response, id).await?;
            if !body.is_empty() {
                inbox::receive(connection, body);
            }
            Ok(())
        }
    }

    /// An HTTP error: with a JSON-RPC answer in it, or as words.
    async fn refused(
        &self,
        connection: &Arc<Connection>,
        response: Response,
        id: Option<CallId>,
    ) -> Result<(), Lost> {
        let status = response.status();
        let location = response
            .headers()
            .get("location")
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let body = self
            .read_body(connection, response, id)
            .await
            .unwrap_or_default();
        let is_answer = wire::parse(&body, connection.inbox.limits.depth).is_ok_and(|envelope| {
            envelope.id().and_then(|own| inbox::call_id(own.of(&body))) == id && id.is_some()
        });
        if is_answer {
            inbox::receive(connection, body);
            return Ok(());
        }
        let shown: String = String::from_utf8_lossy(&body).chars().take(300).collect();
        Err(Lost::Died(match (status, location) {
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => Words::new(
                format!("the server wants authorization (HTTP {status}); set it in `headers`"),
                format!("服务器要求授权 (HTTP {status})；请在 `headers` 中设置"),
            ),
            (_, Some(location)) if status.is_redirection() => Words::new(
                format!("the server has moved to {location}; put that address into `url`"),
                format!("服务器已迁移到 {location}；请把该地址写入 `url`"),
            ),
            _ => Words::new(
                format!("HTTP {status}: {shown}"),
                format!("HTTP {status}: {shown}"),
            ),
        }))
    }

    fn unreachable(&self, connection: &Connection, error: &reqwest::Error) -> Lost {
        let cause = root_cause(error);
        let words = Words::new(
            format!("{} cannot be reached: {cause}", self.url),
            format!("无法连接 {}: {cause}", self.url),
        );
        if error.is_connect() {
            self.end.locked().get_or_insert_with(|| words.clone());
            connection.closing.cancel();
            Lost::Unsent(words)
        } else {
            Lost::Died(words)
        }
    }

    async fn read_body(
        &self,
        connection: &Connection,
        mut response: Response,
        id: Option<CallId>,
    ) -> Result<Bytes, Lost> {
        let limit = connection.inbox.limits.message_bytes;
        let mut body = BytesMut::new();
        while let Some(chunk) = next_chunk(connection, &mut response, id).await? {
            if body.len() + chunk.len() > limit {
                return Err(Lost::Died(Words::new(
                    format!("the answer is larger than limits.messageBytes ({limit})"),
                    format!("应答超过 limits.messageBytes ({limit})"),
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// Reads a stream to its end; the wait before reopening that it asked for.
    async fn read_events(
        &self,
        connection: &Arc<Connection>,
        mut response: Response,
        id: Option<CallId>,
    ) -> Result<Option<Duration>, Lost> {
        let mut events = SseDecoder::new(connection.inbox.limits.message_bytes);
        let mut retry = None;
        while let Some(chunk) = next_chunk(connection, &mut response, id).await? {
            events.push(&chunk);
            loop {
                match events.next_event() {
                    Ok(Some(event)) => {
                        retry = event.retry.map(Duration::from_millis).or(retry);
                        if !event.data.is_empty()
                            && event.event.as_deref().is_none_or(|name| name == "message")
                        {
                            inbox::receive(connection, event.data.into());
                        }
                    }
                    Ok(None) => break,
                    Err(too_long) => {
                        return Err(Lost::Died(Words::new(
                            too_long.to_string(),
                            format!("事件过大：{too_long}"),
                        )));
                    }
                }
            }
        }
        Ok(retry)
    }

    /// Keeps the stream for unasked messages open; returns where the server has none.
    async fn listen(&self, connection: &Arc<Connection>) {
        let mut wait = RECONNECT;
        loop {
            // Opened once the handshake is over.
            if connection.hello().is_none() {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            match self
                .request(reqwest::Method::GET)
                .header(ACCEPT, "text/event-stream")
                .send()
                .await
            {
                Ok(response) if response.status().is_success() && is_event_stream(&response) => {
                    wait = RECONNECT;
                    if let Ok(Some(asked)) = self.read_events(connection, response, None).await {
                        wait = asked.min(RECONNECT_MAX);
                    }
                }
                Ok(response)
                    if response.status() == StatusCode::NOT_FOUND
                        && self.session.locked().is_some() =>
                {
                    connection.closing.cancel();
                    return;
                }
                Ok(response) if response.status().is_client_error() => return,
                Ok(_) | Err(_) => {}
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(RECONNECT_MAX);
        }
    }

    /// Ends the session at the server.
    async fn leave(&self) {
        if self.session.locked().is_none() {
            return;
        }
        if let Err(error) = self
            .request(reqwest::Method::DELETE)
            .timeout(GOODBYE)
            .send()
            .await
        {
            tracing::debug!(%error, "the session could not be ended at the server");
        }
    }
}

/// The next piece of a body. Gives up once the call is no longer pending.
async fn next_chunk(
    connection: &Connection,
    response: &mut Response,
    id: Option<CallId>,
) -> Result<Option<Bytes>, Lost> {
    loop {
        let chunk = response.chunk();
        match tokio::time::timeout(CHECK, chunk).await {
            Ok(Ok(chunk)) => return Ok(chunk),
            Ok(Err(error)) => {
                let cause = root_cause(&error);
                return Err(Lost::Died(Words::new(
                    format!("the connection broke: {cause}"),
                    format!("连接中断：{cause}"),
                )));
            }
            Err(_) if id.is_some_and(|id| !connection.pending.contains(id)) => return Ok(None),
            Err(_) => {}
        }
    }
}

fn is_event_stream(response: &Response) -> bool {
    let kind = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/event-stream"))
}

/// The innermost error says what happened; the outer ones only that something did.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
