//! A server over Streamable HTTP (MCP 2025-11-25, "Transports / Streamable HTTP").

pub(crate) mod address;
mod modern;
pub(crate) mod pace;
mod stream;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Response, StatusCode};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vault::Secret;
use wire::Era;
use wire::error_code::UNSUPPORTED_VERSION;

use super::inbox::{self, Inbox};
use super::pending::CallId;
use super::slot::Lost;
use super::{Connection, Link};
use crate::oauth::{Credential, Withheld};
use crate::sync::Locked;
use crate::words::Words;
use address::{Address, cause};
use stream::is_event_stream;

const SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";
/// To reach the server at all.
const CONNECT: Duration = Duration::from_secs(10);
/// How often it is looked whether a call is still wanted.
const CHECK: Duration = Duration::from_secs(1);
/// For everything that is no call: notifications, and answers to questions.
const DELIVERY: Duration = Duration::from_secs(30);
/// For the farewell.
const GOODBYE: Duration = Duration::from_secs(2);

/// The sending side of a connection.
#[derive(Debug)]
pub(crate) struct HttpLink {
    client: reqwest::Client,
    address: Address,
    headers: HeaderMap,
    credential: Option<Arc<Credential>>,
    inbox: Arc<Inbox>,
    session: Mutex<Option<HeaderValue>>,
    version: Mutex<Option<HeaderValue>>,
    /// Each message describes itself: there is no session, and no stream but an answer's.
    is_modern: AtomicBool,
    /// Modern calls under way: cancelled, their exchanges are broken off.
    exchanges: Mutex<HashMap<CallId, CancellationToken>>,
    /// The refusal of the last message of a greeting.
    refusal: Mutex<Option<(u16, Bytes)>>,
    tasks: TaskTracker,
    /// Messages posted whose exchange is not over.
    under_way: AtomicUsize,
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
    credential: Option<Arc<Credential>>,
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
            let cause = cause(error);
            Words::new(
                format!("HTTP cannot be set up: {cause}"),
                format!("无法初始化 HTTP: {cause}"),
            )
        })?;
    let link = HttpLink {
        client,
        address: Address::new(url),
        headers: map,
        credential,
        inbox: Arc::clone(&inbox),
        session: Mutex::default(),
        version: Mutex::default(),
        is_modern: AtomicBool::new(false),
        exchanges: Mutex::default(),
        refusal: Mutex::default(),
        tasks: TaskTracker::new(),
        under_way: AtomicUsize::new(0),
        end: Mutex::default(),
    };
    Ok(Connection::new(Link::Http(Box::new(link)), inbox, closing))
}

/// Owns the connection: listens for what the server says unasked, and at the
/// end takes leave. Why it ended.
pub(crate) async fn drive(connection: Arc<Connection>) -> Words {
    let link = connection.link.http();
    tokio::select! {
        () = connection.closing.cancelled() => {}
        () = link.listen(&connection) => connection.closing.cancelled().await,
    }
    link.tasks.close();
    link.tasks.wait().await;
    link.leave().await;
    let reason = link
        .end
        .locked()
        .take()
        .unwrap_or_else(|| connection.farewell());
    connection.pending.close(&Lost::Died(reason.clone()));
    reason
}

/// An HTTP error that a server answers with.
struct Refusal {
    status: StatusCode,
    /// What may be shown of where it points to.
    location: Option<String>,
    body: Bytes,
}

impl Link {
    /// The link of a connection over HTTP.
    fn http(&self) -> &HttpLink {
        match self {
            Self::Http(link) => link,
            Self::Stdio(_) => unreachable!("BUG: no link over HTTP"),
        }
    }
}

impl HttpLink {
    /// The protocol version that both sides agreed on; sent from now on.
    pub(super) fn agreed(&self, version: &str) {
        *self.version.locked() = HeaderValue::try_from(version).ok();
    }

    /// Messages of this era follow.
    pub(super) fn speak(&self, era: Era) {
        self.is_modern.store(era == Era::Modern, Ordering::Relaxed);
    }

    fn is_modern(&self) -> bool {
        self.is_modern.load(Ordering::Relaxed)
    }

    /// How the last message of a greeting was refused: status and body.
    pub(super) fn take_refusal(&self) -> Option<(u16, Bytes)> {
        self.refusal.locked().take()
    }

    /// Sends one message; its answer comes back through the inbox.
    pub(super) fn post(&self, connection: &Arc<Connection>, message: Vec<u8>, id: Option<CallId>) {
        if self.is_modern() {
            return self.post_modern(connection, message, id);
        }
        let connection = Arc::clone(connection);
        self.under_way.fetch_add(1, Ordering::SeqCst);
        self.tasks.spawn(async move {
            let link = connection.link.http();
            let outcome = if connection.closing.is_cancelled() {
                Some(Err(Lost::Unsent(connection.farewell())))
            } else {
                tokio::select! {
                    outcome = link.exchange(&connection, message, id) => Some(outcome),
                    () = connection.closing.cancelled() => Some(Err(Lost::Died(connection.farewell()))),
                    () = no_longer_wanted(&connection, id) => None,
                }
            };
            let was_last = link.under_way.fetch_sub(1, Ordering::SeqCst) == 1;
            link.conclude(&connection, id, outcome, was_last);
        });
    }

    /// An exchange is over, without an `outcome` where nobody waits any more.
    fn conclude(
        &self,
        connection: &Connection,
        id: Option<CallId>,
        outcome: Option<Result<(), Lost>>,
        was_last: bool,
    ) {
        let server = &connection.inbox.server;
        // One failure to connect says little while others are being served.
        // Closed before the call is told, which may try again elsewhere at once.
        if let Some(Err(Lost::Unsent(why))) = &outcome
            && was_last
        {
            self.end.locked().get_or_insert_with(|| why.clone());
            connection.closing.cancel();
        }
        match (id, outcome) {
            (Some(id), Some(outcome)) => {
                let silent = || {
                    Lost::Unusable(Words::new(
                        "the server's reply held no answer",
                        "服务器的回复中没有应答",
                    ))
                };
                connection
                    .pending
                    .lose(id, outcome.err().unwrap_or_else(silent));
            }
            (None, Some(Err(lost))) => {
                tracing::debug!(%server, "a message was not delivered: {}", lost.words().en);
            }
            (None, None) => tracing::debug!(%server, "a message was not taken in time"),
            // An abandoned call stays known for what the server may still ask about it.
            (Some(_), None) | (None, Some(Ok(()))) => {}
        }
    }

    /// Sends one message and waits until it has been taken.
    pub(super) async fn deliver(
        &self,
        connection: &Arc<Connection>,
        message: Vec<u8>,
    ) -> Result<(), Lost> {
        let exchange = self.exchange(connection, message, None);
        tokio::time::timeout(DELIVERY, exchange)
            .await
            .unwrap_or_else(|_| {
                let seconds = DELIVERY.as_secs();
                Err(Lost::Died(Words::new(
                    format!("the server did not take a message within {seconds} s"),
                    format!("服务器在 {seconds} 秒内没有接收消息"),
                )))
            })
    }

    fn request(&self, method: reqwest::Method, bearer: Option<&Secret>) -> reqwest::RequestBuilder {
        let mut request = self
            .client
            .request(method, self.address.secret())
            .headers(self.headers.clone());
        if let Some(session) = self.session.locked().clone() {
            request = request.header(SESSION, session);
        }
        if let Some(version) = self.version.locked().clone() {
            request = request.header(VERSION, version);
        }
        self.authorized(request, bearer)
    }

    fn authorized(
        &self,
        request: reqwest::RequestBuilder,
        bearer: Option<&Secret>,
    ) -> reqwest::RequestBuilder {
        match bearer {
            Some(token) => {
                self.inbox.censor.learn_token(token.reveal());
                request.bearer_auth(token.reveal())
            }
            None => request,
        }
    }

    /// The token to send now, where the server wants one.
    async fn bearer(&self) -> Result<Option<Secret>, Withheld> {
        match &self.credential {
            Some(credential) => credential.bearer().await.map(Some),
            None => Ok(None),
        }
    }

    /// Sends a request that a refused token keeps from having any effect: with another token
    /// it is then sent once more (RFC 6750, section 3.1).
    async fn send(
        &self,
        write: impl Fn(Option<&Secret>) -> reqwest::RequestBuilder,
    ) -> Result<Response, Lost> {
        let withheld = |withheld: Withheld| Lost::Unsent(withheld.why);
        let bearer = self.bearer().await.map_err(withheld)?;
        let response = self.put(write(bearer.as_ref())).await?;
        let (Some(credential), Some(used)) = (&self.credential, bearer) else {
            return Ok(response);
        };
        let challenge = response.headers().get(WWW_AUTHENTICATE);
        let challenge = challenge.and_then(|value| value.to_str().ok());
        let wants_more = response.status() == StatusCode::FORBIDDEN
            && challenge.is_some_and(|challenge| challenge.contains("insufficient_scope"));
        if response.status() != StatusCode::UNAUTHORIZED && !wants_more {
            return Ok(response);
        }
        let other = credential.rejected(&used, challenge).await;
        let other = other.map_err(withheld)?;
        self.put(write(Some(&other))).await
    }

    async fn put(&self, request: reqwest::RequestBuilder) -> Result<Response, Lost> {
        request.send().await.map_err(|error| {
            let never_sent = error.is_connect();
            let words = self.unreachable(error);
            if never_sent {
                Lost::Unsent(words)
            } else {
                Lost::Died(words)
            }
        })
    }

    async fn exchange(
        &self,
        connection: &Arc<Connection>,
        message: Vec<u8>,
        id: Option<CallId>,
    ) -> Result<(), Lost> {
        let message = Bytes::from(message);
        let write = |bearer: Option<&Secret>| {
            self.request(reqwest::Method::POST, bearer)
                .header(ACCEPT, "application/json, text/event-stream")
                .header(CONTENT_TYPE, "application/json")
                .body(message.clone())
        };
        let response = self.send(write).await?;
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
            self.read_answer(connection, response, id).await
        } else {
            let body = read_body(connection, response).await?;
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
        let refusal = self.read_refusal(connection, response).await;
        self.take(connection, refusal, id)
    }

    async fn read_refusal(&self, connection: &Connection, response: Response) -> Refusal {
        let location = response.headers().get("location");
        let location = location
            .and_then(|value| value.to_str().ok())
            .and_then(|location| self.address.moved(location));
        Refusal {
            status: response.status(),
            location,
            body: read_body(connection, response).await.unwrap_or_default(),
        }
    }

    fn take(
        &self,
        connection: &Arc<Connection>,
        refusal: Refusal,
        id: Option<CallId>,
    ) -> Result<(), Lost> {
        let Refusal {
            status,
            location,
            body,
        } = refusal;
        if connection.hello().is_none() {
            *self.refusal.locked() = Some((status.as_u16(), body.clone()));
        } else if modern::error_code(&body) == Some(i64::from(UNSUPPORTED_VERSION)) {
            return Err(outdated(connection));
        }
        let is_answer = wire::parse(&body, connection.inbox.limits.depth).is_ok_and(|envelope| {
            envelope.id().and_then(|own| inbox::call_id(own.of(&body))) == id && id.is_some()
        });
        if is_answer {
            inbox::receive(connection, body);
            return Ok(());
        }
        let shown = self.address.censor(&String::from_utf8_lossy(&body));
        let shown = self.inbox.censor.clean(&shown);
        let shown: String = shown.chars().take(300).collect();
        Err(Lost::Unusable(match (status, location) {
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) if self.credential.is_some() => {
                Words::new(
                    format!(
                        "the server does not accept this account (HTTP {status}): {shown}; sign in again under Accounts, or look there for what the account lacks"
                    ),
                    format!(
                        "服务器不接受该账号 (HTTP {status})：{shown}；请在“账号”中重新登录，或查看该账号缺少什么权限"
                    ),
                )
            }
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

    fn unreachable(&self, error: reqwest::Error) -> Words {
        let (address, cause) = (&self.address, cause(error));
        Words::new(
            format!("{address} cannot be reached: {cause}"),
            format!("无法连接 {address}：{cause}"),
        )
    }

    /// Ends the session at the server.
    async fn leave(&self) {
        if self.session.locked().is_none() {
            return;
        }
        let goodbye = async {
            let bearer = self.bearer().await.map_err(|withheld| withheld.why.en)?;
            let request = self.request(reqwest::Method::DELETE, bearer.as_ref());
            request.send().await.map_err(cause)
        };
        match tokio::time::timeout(GOODBYE, goodbye).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::debug!(error, "the session could not be ended at the server")
            }
            Err(_) => tracing::debug!("the server did not end the session in time"),
        }
    }
}

/// Returns once nobody waits for an exchange any more: its call is over, or
/// what is no call has had its time.
async fn no_longer_wanted(connection: &Connection, id: Option<CallId>) {
    let Some(id) = id else {
        return tokio::time::sleep(DELIVERY).await;
    };
    while connection.pending.contains(id) {
        tokio::time::sleep(CHECK).await;
    }
}

async fn read_body(connection: &Connection, mut response: Response) -> Result<Bytes, Lost> {
    let limit = connection.inbox.limits.message_bytes;
    let mut body = BytesMut::new();
    loop {
        let chunk = response.chunk().await;
        let Some(chunk) = chunk.map_err(|error| Lost::Died(broken(&cause(error))))? else {
            return Ok(body.freeze());
        };
        if body.len() + chunk.len() > limit {
            return Err(Lost::Unusable(Words::new(
                format!("the answer is larger than limits.messageBytes ({limit})"),
                format!("应答超过 limits.messageBytes ({limit})"),
            )));
        }
        body.extend_from_slice(&chunk);
    }
}

/// The server speaks another version than the one that was agreed on: it has been replaced.
fn outdated(connection: &Connection) -> Lost {
    connection.inbox.learned.forget_manner();
    connection.closing.cancel();
    Lost::Unsent(Words::new(
        "the server does not speak the agreed protocol version any more",
        "服务器不再支持已商定的协议版本",
    ))
}

fn broken(cause: &str) -> Words {
    Words::new(
        format!("the connection broke: {cause}"),
        format!("连接中断：{cause}"),
    )
}
