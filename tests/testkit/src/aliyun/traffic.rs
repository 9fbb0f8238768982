//! Every request that comes: recorded, counted, and struck by whatever trouble was ordered for it.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;

use super::behaviour::{Kind, Trouble};
use super::fake::Fake;
use super::mcp;

const LIMIT: usize = 64 << 20;

/// A request that the fake received.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    /// What it is about.
    pub kind: Kind,
    /// Its method.
    pub method: String,
    /// Its path and query.
    pub target: String,
    /// Its headers, names in small letters.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: String,
    /// The answer's status; 0 as long as there is none.
    pub status: u16,
    /// Whose access token it carried, where that was good.
    pub user: Option<String>,
}

/// How many requests of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// That came.
    pub asked: u64,
    /// That were answered with an error.
    pub refused: u64,
}

/// How many requests of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// By kind.
    #[serde(flatten)]
    pub kinds: BTreeMap<Kind, Count>,
    /// Requests in the MCP session of another user: there must never be one.
    pub crossed: u64,
}

/// What the fake remembers of its requests.
#[derive(Default)]
pub(super) struct Traffic {
    pub(super) seen: Vec<Seen>,
    pub(super) counts: Counts,
    /// Whose an MCP session is.
    pub(super) sessions: HashMap<String, String>,
}

/// Put into an answer's extensions: whose token the request carried.
#[derive(Clone)]
pub(super) struct By(pub(super) String);

// === impl Seen ===

impl Seen {
    /// A header, empty where absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

// === impl Counts ===

impl Counts {
    /// How many requests of a kind came.
    pub fn asked(&self, kind: Kind) -> u64 {
        self.kinds.get(&kind).map_or(0, |count| count.asked)
    }

    /// How many requests of a kind were answered with an error.
    pub fn refused(&self, kind: Kind) -> u64 {
        self.kinds.get(&kind).map_or(0, |count| count.refused)
    }
}

/// What a request is about.
fn kind(fake: &Fake, path: &str, body: &str) -> Kind {
    let paths = &fake.options.paths;
    if path == paths.authorize {
        Kind::Authorize
    } else if path == paths.token {
        match body.contains("grant_type=refresh_token") {
            true => Kind::Refresh,
            false => Kind::Exchange,
        }
    } else if path == paths.revoke {
        Kind::Revoke
    } else if path == paths.userinfo {
        Kind::Userinfo
    } else if path.contains("/.well-known/") {
        Kind::Metadata
    } else if path == "/register" {
        Kind::Register
    } else if path.ends_with("/mcp") {
        Kind::Mcp
    } else {
        Kind::Other
    }
}

/// Records a request, lets it through as far as ordered, and notes how it was answered.
pub(super) async fn pass(State(fake): State<Arc<Fake>>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/control") {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let text = String::from_utf8_lossy(&body).into_owned();
    let kind = kind(&fake, parts.uri.path(), &text);
    let index = fake.traffic().note(kind, &parts, text);
    let trouble = fake.behaviour().strike(kind);
    let challenge = mcp::challenge(&fake, parts.uri.path(), "invalid_token");
    let act = async || {
        next.clone()
            .run(Request::from_parts(parts.clone(), Body::from(body.clone())))
            .await
    };
    let mut response = match &trouble {
        Some(Trouble::Status(status)) => troubled(*status, challenge),
        Some(Trouble::Slow(millis)) => {
            tokio::time::sleep(Duration::from_millis(*millis)).await;
            act().await
        }
        _ => act().await,
    };
    let answered = response.status().as_u16();
    let by = response.extensions().get::<By>().cloned();
    fake.traffic().answered(index, answered, by);
    match trouble {
        Some(Trouble::Late(millis)) => tokio::time::sleep(Duration::from_millis(millis)).await,
        Some(Trouble::Hang) => std::future::pending::<()>().await,
        Some(Trouble::Lost) => response = broken_off(response),
        Some(Trouble::Malformed) => response = malformed(response),
        Some(Trouble::Status(_) | Trouble::Slow(_)) | None => {}
    }
    if let Ok(date) = HeaderValue::from_str(&fake.date()) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

fn troubled(status: u16, challenge: HeaderValue) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, "the fake was told to answer like this").into_response();
    if status == StatusCode::UNAUTHORIZED {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// The answer, announced and begun, whose connection then breaks.
fn broken_off(response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let pieces = [Ok(Bytes::from_static(b"{")), Err("the connection is lost")];
    Response::from_parts(parts, Body::from_stream(stream::iter(pieces)))
}

fn malformed(response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let pieces = [Ok::<_, Infallible>(Bytes::from_static(
        b"{\"access_token\": \"half",
    ))];
    Response::from_parts(parts, Body::from_stream(stream::iter(pieces)))
}

// === impl Traffic ===

impl Traffic {
    fn note(&mut self, kind: Kind, parts: &Parts, body: String) -> usize {
        self.counts.kinds.entry(kind).or_default().asked += 1;
        self.seen.push(Seen {
            kind,
            method: parts.method.to_string(),
            target: parts.uri.to_string(),
            headers: plain(&parts.headers),
            body,
            status: 0,
            user: None,
        });
        self.seen.len() - 1
    }

    fn answered(&mut self, index: usize, status: u16, by: Option<By>) {
        let Some(seen) = self.seen.get_mut(index) else {
            return;
        };
        seen.status = status;
        seen.user = by.map(|By(user)| user);
        if status >= 400 {
            self.counts.kinds.entry(seen.kind).or_default().refused += 1;
        }
    }
}

fn plain(headers: &HeaderMap) -> BTreeMap<String, String> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect()
}
