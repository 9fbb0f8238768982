//! What comes back when a server is greeted.

use std::time::Duration;

use bytes::Bytes;
use eras::Reply;
use wire::Kind;

use super::super::own_calls::{NoAnswer, OwnCallError, refused};
use super::super::slot::{Answer, Lost};
use crate::words::Words;

/// See the module.
pub(super) struct Said {
    pub(super) method: &'static str,
    pub(super) outcome: Result<Answer, NoAnswer>,
    /// HTTP: status and body, where it was refused.
    pub(super) refusal: Option<(u16, Bytes)>,
    pub(super) patience: Duration,
}

impl Said {
    pub(super) fn reply(&self) -> Reply<'_> {
        match (&self.refusal, &self.outcome) {
            (Some((status, body)), _) => Reply::Http {
                status: *status,
                body,
            },
            (None, Ok(answer)) => Reply::Http {
                status: 200,
                body: &answer.text,
            },
            (None, Err(NoAnswer::Lost(Lost::Unusable(_)))) => Reply::Http {
                status: 200,
                body: b"",
            },
            (None, Err(NoAnswer::InTime)) => Reply::Silent,
            (None, Err(NoAnswer::Lost(_))) => Reply::Gone,
        }
    }

    /// Its result, raw.
    pub(super) fn result(&self) -> Option<Bytes> {
        let text = match (&self.refusal, &self.outcome) {
            (Some((_, body)), _) => body,
            (None, Ok(answer)) => &answer.text,
            (None, Err(_)) => return None,
        };
        let envelope = wire::parse(text, usize::MAX).ok()?;
        match envelope.kind {
            Kind::Response { body, failed, .. } if !failed => Some(text.slice(body.range())),
            _ => None,
        }
    }

    pub(super) fn error(&self) -> OwnCallError {
        match &self.outcome {
            Ok(answer) => refused(self.method, answer),
            // Who may be let in is said by the refusal itself.
            Err(NoAnswer::Lost(lost)) if matches!(self.refusal, Some((401 | 403, _))) => {
                OwnCallError::Wrong(lost.words())
            }
            Err(none) => none.clone().of(self.method, self.patience),
        }
    }

    /// Whether anything came back, be it no MCP.
    pub(super) fn is_an_answer(&self) -> bool {
        !matches!(self.reply(), Reply::Silent | Reply::Gone)
    }

    /// Why another way is tried.
    pub(super) fn in_vain(&self) -> Words {
        let method = self.method;
        match &self.outcome {
            Ok(answer) => {
                let error = String::from_utf8_lossy(answer.body.of(&answer.text));
                Words::new(
                    format!("it refuses {method}: {error}"),
                    format!("它拒绝 {method}：{error}"),
                )
            }
            Err(NoAnswer::InTime) => Words::new(
                format!("it does not answer {method}"),
                format!("它没有回应 {method}"),
            ),
            Err(NoAnswer::Lost(lost)) => {
                let Words { en, zh } = lost.words();
                Words::new(
                    format!("{method} was in vain: {en}"),
                    format!("{method} 未成功：{zh}"),
                )
            }
        }
    }

    /// Whether the refusal has a code of the modern era.
    pub(super) fn says_more(&self) -> bool {
        let modern = [
            wire::error_code::HEADER_MISMATCH,
            wire::error_code::MISSING_CAPABILITY,
            wire::error_code::UNSUPPORTED_VERSION,
        ];
        self.outcome.as_ref().is_ok_and(|answer| {
            let error = answer.body.of(&answer.text);
            let code = wire::members(error).find(|member| member.key.of(error) == b"code");
            code.is_some_and(|code| {
                let code = code.value.of(error);
                modern.iter().any(|one| one.to_string().as_bytes() == code)
            })
        })
    }
}
