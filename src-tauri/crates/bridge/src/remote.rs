//! HTTP to the gateway: one function per kind of request. Knows headers and
//! statuses, not what the messages mean.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Client, Method, RequestBuilder, Response, StatusCode};

use crate::fault::Fault;
use crate::session::Session;
use crate::target::Target;

const SESSION_ID: &str = "mcp-session-id";
const PROTOCOL_VERSION: &str = "mcp-protocol-version";
const LAST_EVENT_ID: &str = "last-event-id";

/// The gateway's endpoint.
pub(crate) struct Remote {
    target: Target,
    client: OnceLock<Client>,
}

impl Remote {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            target,
            client: OnceLock::new(),
        }
    }

    /// Posts a message; the answer is a success whose body is still to be read.
    pub(crate) async fn post(
        &self,
        message: impl Into<Body>,
        session: &Session,
    ) -> Result<Response, Fault> {
        let request = self
            .request(Method::POST, session)?
            .header(ACCEPT, "application/json, text/event-stream")
            .header(CONTENT_TYPE, "application/json")
            .body(message);
        self.send(request, session).await
    }

    /// Posts a message that describes itself, in these headers as in its body.
    pub(crate) async fn post_modern(
        &self,
        message: impl Into<Body>,
        said: Vec<(String, String)>,
    ) -> Result<Response, Fault> {
        let no_session = Session::default();
        let headers: HeaderMap = said
            .into_iter()
            .filter_map(|(name, value)| {
                let name = HeaderName::try_from(name).ok()?;
                Some((name, HeaderValue::try_from(value).ok()?))
            })
            .collect();
        let request = self
            .request(Method::POST, &no_session)?
            .header(ACCEPT, "application/json, text/event-stream")
            .header(CONTENT_TYPE, "application/json")
            .headers(headers)
            .body(message);
        self.send(request, &no_session).await
    }

    /// Opens the stream of messages that belong to no request, or takes up one that broke.
    pub(crate) async fn listen(
        &self,
        session: &Session,
        last_event: Option<&str>,
    ) -> Result<Response, Fault> {
        let mut request = self
            .request(Method::GET, session)?
            .header(ACCEPT, "text/event-stream");
        if let Some(id) = last_event {
            request = request.header(LAST_EVENT_ID, id);
        }
        self.send(request, session).await
    }

    /// Ends the session.
    pub(crate) async fn delete(&self, session: &Session) -> Result<(), Fault> {
        let request = self.request(Method::DELETE, session)?;
        self.send(request, session).await.map(drop)
    }

    /// The session that an answer to `initialize` opens.
    pub(crate) fn session_id(response: &Response) -> Option<HeaderValue> {
        response.headers().get(SESSION_ID).cloned()
    }

    fn request(&self, method: Method, session: &Session) -> Result<RequestBuilder, Fault> {
        let mut headers: HeaderMap = self.target.headers.clone();
        if let Some(id) = &session.id {
            headers.insert(SESSION_ID, id.clone());
        }
        if let Some(version) = &session.version {
            headers.insert(PROTOCOL_VERSION, version.clone());
        }
        Ok(self
            .client()?
            .request(method, self.target.url.clone())
            .headers(headers))
    }

    async fn send(&self, request: RequestBuilder, session: &Session) -> Result<Response, Fault> {
        let response = request
            .send()
            .await
            .map_err(|error| Fault::from_http(self.target.url.as_str(), &error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if status == StatusCode::NOT_FOUND && session.id.is_some() {
            return Err(Fault::SessionGone);
        }
        Err(refusal(status, response).await)
    }

    /// Built when first needed: reading certificates takes longer than
    /// everything else at start, and a local gateway needs none.
    fn client(&self) -> Result<&Client, Fault> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let mut builder = Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .tcp_keepalive(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none());
        if self.target.url.scheme() == "http" {
            builder = builder.tls_certs_only([]);
        }
        if self.target.is_local() {
            builder = builder.no_proxy();
        }
        let built = builder
            .build()
            .map_err(|error| Fault::from_http(self.target.url.as_str(), &error))?;
        Ok(self.client.get_or_init(|| built))
    }
}

/// What an answer that is no success says. Only its beginning is read.
async fn refusal(status: StatusCode, mut response: Response) -> Fault {
    const ENOUGH: usize = 64 << 10;
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > ENOUGH {
            break;
        }
    }
    let error = json_rpc_error(&body);
    let text = String::from_utf8_lossy(&body).chars().take(300).collect();
    Fault::Refused {
        status,
        error,
        text,
    }
}

fn json_rpc_error(body: &[u8]) -> Option<String> {
    match wire::parse(body, crate::relay::DEPTH).ok()?.kind {
        wire::Kind::Response {
            body: error,
            failed: true,
            ..
        } => String::from_utf8(error.of(body).to_vec()).ok(),
        _ => None,
    }
}
