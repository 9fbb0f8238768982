//! An HTTP error that a server answers with: an answer all the same, or a reason in words.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::{Response, StatusCode};
use wire::error_code::UNSUPPORTED_VERSION;

use super::super::Connection;
use super::super::inbox;
use super::super::pending::CallId;
use super::super::slot::Lost;
use super::{HttpLink, read_body};
use crate::sync::Locked;
use crate::words::Words;

/// An HTTP error that a server answers with.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// What may be shown of where it points to.
    location: Option<String>,
    pub(super) body: Bytes,
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
            body: read_body(connection, response).await.unwrap_or_default(),
        }
    }

    pub(super) fn take(
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
        } else if error_code(&body) == Some(i64::from(UNSUPPORTED_VERSION)) {
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
