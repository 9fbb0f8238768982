//! A server over Streamable HTTP (MCP 2025-11-25, "Transports / Streamable HTTP").

pub(crate) mod address;
pub(crate) mod events;
mod exchange;
mod modern;
pub(crate) mod pace;
mod refusal;
mod stream;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Response, StatusCode};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vault::Secret;
use wire::Era;

use super::inbox::Inbox;
use super::pending::CallId;
use super::slot::Lost;
use super::{Connection, Link};
use crate::oauth::{Credential, Withheld};
use crate::sync::Locked;
use crate::words::Words;
use address::{Address, cause};

const SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";
/// To reach the server at all.
const CONNECT: Duration = Duration::from_secs(10);
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
    /// Cancelled once the server has answered whether it says anything unasked, where it is asked.
    heard: CancellationToken,
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
    let link = link(url, headers, credential, &inbox)?;
    Ok(Connection::new(Link::Http(Box::new(link)), inbox, closing))
}

fn link(
    url: &str,
    headers: &[(String, String)],
    credential: Option<Arc<Credential>>,
    inbox: &Arc<Inbox>,
) -> Result<HttpLink, Words> {
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
    Ok(HttpLink {
        client,
        address: Address::new(url),
        headers: map,
        credential,
        inbox: Arc::clone(inbox),
        session: Mutex::default(),
        version: Mutex::default(),
        is_modern: AtomicBool::new(false),
        exchanges: Mutex::default(),
        refusal: Mutex::default(),
        heard: CancellationToken::new(),
        tasks: TaskTracker::new(),
        under_way: AtomicUsize::new(0),
        end: Mutex::default(),
    })
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

impl Link {
    /// The link of a connection over HTTP.
    fn http(&self) -> &HttpLink {
        match self {
            Self::Http(link) => link,
            Self::Events(link) => link.http(),
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
        // What one request was granted too little for says nothing about all others.
        let refused = |refused: Withheld| match wants_more {
            true => Lost::Unusable(refused.why),
            false => withheld(refused),
        };
        self.put(write(Some(&other.map_err(refused)?))).await
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

fn broken(cause: &str) -> Words {
    Words::new(
        format!("the connection broke: {cause}"),
        format!("连接中断：{cause}"),
    )
}
