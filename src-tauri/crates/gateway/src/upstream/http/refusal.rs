//! An HTTP error that a server answers with: an answer all the same, or a reason in words.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};
use tokio::time::sleep;
use wire::Era;
use wire::error_code::UNSUPPORTED_VERSION;

use super::super::inbox;
use super::super::own_calls::{NoAnswer, written};
use super::super::pending::CallId;
use super::super::slot::Lost;
use super::super::{Connection, Link, sign_of_life};
use super::{HttpLink, read_body};
use crate::sync::Locked;
use crate::words::Words;

/// How long a server may take to show that it is what it was.
const PROOF: Duration = Duration::from_secs(5);

/// An HTTP error that a server answers with.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// What may be shown of where it points to.
    location: Option<String>,
    pub(super) body: Bytes,
    /// Whether the body is a page for a browser.
    is_page: bool,
}

impl HttpLink {
    /// An HTTP error: with a JSON-RPC answer in it, or as words.
    pub(super) async fn refused(
        &self,
        connection: &Arc<Connection>,
        response: Response,
        id: Option<CallId>,
    ) -> Result<(), Lost> {
        let refusal = self.read_refusal(connection, response).await;
        self.weigh(connection, refusal, id).await
    }

    /// The same for one that has been read: with a look at whether the server still is what it
    /// was when it was greeted (MCP 2026-07-28, "Versioning / Backward Compatibility").
    pub(super) async fn weigh(
        &self,
        connection: &Arc<Connection>,
        refusal: Refusal,
        id: Option<CallId>,
    ) -> Result<(), Lost> {
        let is_odd = match (&connection.link, connection.hello().map(|hello| hello.era)) {
            (Link::Http(_), Some(era)) => refusal.is_odd(connection, id, era).then_some(era),
            _ => None,
        };
        if let Some(era) = is_odd
            && connection.inbox.learned.suspect(era)
            && !Box::pin(still_speaks(connection, era)).await
        {
            return Err(outdated(connection));
        }
        self.take(connection, refusal, id)
    }

    pub(super) async fn read_refusal(
        &self,
        connection: &Connection,
        response: Response,
    ) -> Refusal {
        let location = response.headers().get("location");
        let location = location
            .and_then(|value| value.to_str().ok())
            .and_then(|location| self.address.moved(location));
        Refusal {
            status: response.status(),
            location,
            is_page: is_page(&response),
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
            is_page,
        } = refusal;
        if connection.hello().is_none() {
            *self.refusal.locked() = Some((status.as_u16(), body.clone()));
        } else if error_code(&body) == Some(i64::from(UNSUPPORTED_VERSION)) {
            return Err(outdated(connection));
        }
        if is_answer(connection, &body, id) {
            inbox::receive(connection, body);
            return Ok(());
        }
        let shown = self.address.censor(&String::from_utf8_lossy(&body));
        let shown = self.inbox.censor.clean(&shown);
        let shown: String = shown.trim().chars().take(300).collect();
        let said = said(status, &shown);
        Err(Lost::Unusable(match (status, location) {
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) if self.credential.is_some() => {
                Words::new(
                    format!(
                        "the server does not accept this account ({said}); sign in again under Accounts, or look there for what the account lacks"
                    ),
                    format!(
                        "服务器不接受该账号（{said}）；请在“账号”中重新登录，或查看该账号缺少什么权限"
                    ),
                )
            }
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => Words::new(
                format!(
                    "the server wants authorization (HTTP {status}); set it in `headers`, or write \"auth\": \"oauth\" if it is signed in to in a browser"
                ),
                format!(
                    "服务器要求授权 (HTTP {status})；请在 `headers` 中设置；如需在浏览器中登录，请写 \"auth\": \"oauth\""
                ),
            ),
            (_, Some(location)) if status.is_redirection() => Words::new(
                format!("the server has moved to {location}; put that address into `url`"),
                format!("服务器已迁移到 {location}；请把该地址写入 `url`"),
            ),
            _ if is_page => web_page(status),
            _ => Words::new(said.clone(), said),
        }))
    }
}

// === impl Refusal ===

impl Refusal {
    /// Whether servers of the other era refuse requests of this one in such a way: modern requests
    /// without an answer, as they have no session; legacy ones as a JSON-RPC error.
    fn is_odd(&self, connection: &Connection, id: Option<CallId>, era: Era) -> bool {
        // These are about the sender, the moment or the size.
        let says_something = self.status.is_client_error()
            && !matches!(self.status.as_u16(), 401 | 403 | 407 | 408 | 413 | 429);
        says_something
            && match era {
                Era::Modern => id.is_some() && !is_answer(connection, &self.body, id),
                Era::Legacy => error_code(&self.body).is_some(),
            }
    }
}

/// Whether a body answers a call.
fn is_answer(connection: &Connection, body: &Bytes, id: Option<CallId>) -> bool {
    id.is_some()
        && wire::parse(body, connection.inbox.limits.depth)
            .is_ok_and(|envelope| envelope.id().and_then(|own| inbox::call_id(own.of(body))) == id)
}

/// Whether a server answers what each one of its era does. Where it says nothing, it is not
/// known to have changed.
async fn still_speaks(connection: &Arc<Connection>, era: Era) -> bool {
    let params = written("", era);
    let sign = connection.ask_until(sign_of_life(era), &params, sleep(PROOF));
    match sign.await {
        Ok(answer) => !answer.failed,
        Err(NoAnswer::Lost(Lost::Unusable(_))) => false,
        Err(NoAnswer::InTime | NoAnswer::Lost(_)) => true,
    }
}

/// A status with what was said beside it, if anything was.
fn said(status: StatusCode, shown: &str) -> String {
    match shown {
        "" => format!("HTTP {status}"),
        shown => format!("HTTP {status}: {shown}"),
    }
}

/// Whether what comes is a page for a browser.
pub(super) fn is_page(response: &Response) -> bool {
    let found = response.headers().get(CONTENT_TYPE);
    let found = found.and_then(|value| value.to_str().ok());
    found.is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("text/html")
    })
}

/// What such a page says: that somebody else is there.
pub(super) fn web_page(status: StatusCode) -> Words {
    Words::new(
        format!(
            "a web page (text/html, HTTP {status}) came instead of an answer; check the path of `url`"
        ),
        format!("返回的是网页（text/html，HTTP {status}）而不是应答；请检查 `url` 的路径"),
    )
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

/// The code of the error in a body, which need not carry an id.
pub(super) fn error_code(body: &[u8]) -> Option<i64> {
    let member = |object: &[u8], name: &str| {
        let found = wire::members(object).find(|one| one.key.of(object) == name.as_bytes())?;
        Some(found.value)
    };
    let error = member(body, "error")?.of(body);
    let code = member(error, "code")?.of(error);
    std::str::from_utf8(code).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_without_words_stands_alone() {
        assert_eq!(said(StatusCode::NOT_FOUND, ""), "HTTP 404 Not Found");
        let status = StatusCode::BAD_GATEWAY;
        assert_eq!(said(status, "down"), "HTTP 502 Bad Gateway: down");
    }

    #[test]
    fn a_page_for_browsers_is_told_from_an_answer() {
        let of = |kind: &str| {
            let made = axum::http::Response::builder().header("content-type", kind);
            is_page(&Response::from(made.body("").expect("a response")))
        };
        assert!(of("text/html"));
        assert!(of("Text/HTML; charset=utf-8"));
        assert!(!of("application/json"));
        assert!(!of("text/html+json"));
    }
}
