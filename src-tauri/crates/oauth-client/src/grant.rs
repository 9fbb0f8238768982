//! What a token endpoint answers: tokens, or why there are none. Pure.

use std::fmt;
use std::time::Duration;

use oauth2::basic::BasicTokenType;
use oauth2::http;
use oauth2::{AccessToken, RefreshToken, Scope, TokenResponse};
use serde::{Deserialize, Serialize};
use vault::Secret;

use crate::fault::{Cause, code, shown};
use crate::tokens::{Issued, seconds};

/// Tokens, and who they say signed in.
pub(crate) struct Given {
    pub(crate) issued: Issued,
    pub(crate) id_token: Option<Secret>,
}

/// Why there are no tokens.
pub(crate) enum Refusal {
    /// The grant is over: only a new sign-in helps.
    Grant {
        code: String,
        description: Option<String>,
    },
    /// The client is not accepted.
    Client { code: String },
    /// The request is not accepted.
    Request {
        code: String,
        description: Option<String>,
    },
    /// Tokens of a type that cannot be used.
    TokenType(String),
    /// It may pass.
    Passing {
        cause: Cause,
        retry_after: Option<Duration>,
    },
    /// HTTP cannot be set up.
    Setup(String),
}

/// The answer of a token endpoint, read leniently: `expires_in` may be a
/// string, `token_type` may be missing.
#[derive(Serialize, Deserialize)]
pub(crate) struct Granted {
    access_token: AccessToken,
    #[serde(default = "bearer")]
    token_type: BasicTokenType,
    #[serde(default)]
    expires_in: serde_json::Value,
    refresh_token: Option<RefreshToken>,
    scope: Option<String>,
    id_token: Option<String>,
}

fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Granted(…)")
    }
}

impl TokenResponse for Granted {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        seconds(&self.expires_in).map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

/// What the crate drops of an answer.
#[derive(Default, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) date: Option<i64>,
    pub(crate) retry_after: Option<Duration>,
}

impl Seen {
    /// It may pass; the server may have said when.
    pub(crate) fn passing(self, cause: Cause) -> Refusal {
        Refusal::Passing {
            cause,
            retry_after: self.retry_after,
        }
    }
}

/// The crate takes 200 alone for success. Some servers create (201), and some
/// send their errors with 200.
pub(crate) fn plain_status(status: u16, body: &[u8]) -> http::StatusCode {
    #[derive(Deserialize)]
    struct Kind {
        access_token: Option<serde::de::IgnoredAny>,
        error: Option<serde::de::IgnoredAny>,
    }
    let success = (200..300).contains(&status);
    let kind = serde_json::from_slice::<Kind>(body).ok();
    match kind {
        Some(kind) if success && kind.access_token.is_none() && kind.error.is_some() => {
            http::StatusCode::BAD_REQUEST
        }
        _ if success => http::StatusCode::OK,
        _ => http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::BAD_GATEWAY),
    }
}

/// The tokens, if they are of a kind that can be used.
pub(crate) fn given(granted: Granted, seen: Seen) -> Result<Given, Refusal> {
    let kind = granted.token_type.as_ref();
    if !kind.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::TokenType(code(kind)));
    }
    let expires_in = seconds(&granted.expires_in);
    Ok(Given {
        issued: Issued {
            access: Secret::new(granted.access_token.into_secret()),
            refresh: granted
                .refresh_token
                .map(|token| Secret::new(token.into_secret())),
            scope: granted.scope.filter(|scope| !scope.trim().is_empty()),
            expires_in,
            date: seen.date,
        },
        id_token: granted.id_token.map(Secret::new),
    })
}

/// Sorts an error code by what helps.
pub(crate) fn refusal(
    error: &str,
    description: Option<&String>,
    seen: Seen,
    secrets: &[&str],
) -> Refusal {
    let passing = seen.status >= 500 || matches!(seen.status, 408 | 429);
    let description = description.and_then(|text| shown(text, secrets));
    match error {
        "server_error" | "temporarily_unavailable" | "slow_down" => {
            seen.passing(Cause::Status(seen.status))
        }
        _ if passing => seen.passing(Cause::Status(seen.status)),
        "invalid_client" | "unauthorized_client" => Refusal::Client { code: code(error) },
        // The standard's code, then those that large providers use in its stead.
        "invalid_grant"
        | "bad_refresh_token"
        | "invalid_refresh_token"
        | "expired_token"
        | "access_denied"
        | "interaction_required"
        | "login_required"
        | "consent_required" => Refusal::Grant {
            code: code(error),
            description,
        },
        _ => Refusal::Request {
            code: code(error),
            description,
        },
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn errors_that_come_as_success_are_errors() {
        assert_eq!(plain_status(200, br#"{"error":"bad_refresh_token"}"#), 400);
        assert_eq!(plain_status(201, br#"{"access_token":"a"}"#), 200);
        assert_eq!(plain_status(503, b"<html>"), 503);
    }

    #[test]
    fn error_codes_are_sorted_by_what_helps() {
        let sort = |status, error: &str| {
            let seen = Seen {
                status,
                ..Seen::default()
            };
            refusal(error, None, seen, &[])
        };
        assert!(matches!(sort(400, "invalid_grant"), Refusal::Grant { .. }));
        assert!(matches!(
            sort(401, "invalid_client"),
            Refusal::Client { .. }
        ));
        assert!(matches!(
            sort(400, "invalid_scope"),
            Refusal::Request { .. }
        ));
        assert!(matches!(
            sort(503, "invalid_grant"),
            Refusal::Passing { .. }
        ));
        assert!(matches!(sort(400, "server_error"), Refusal::Passing { .. }));
    }

    #[test]
    fn the_answer_is_read_leniently_and_shows_nothing() {
        let granted: Granted = serde_json::from_str(
            r#"{"access_token":"planted","token_type":"BEARER","expires_in":"3600"}"#,
        )
        .unwrap();
        assert!(!format!("{granted:?}").contains("planted"));
        let given = given(granted, Seen::default()).ok().unwrap();
        assert_eq!(given.issued.expires_in, Some(3600));
        let mac: Granted =
            serde_json::from_str(r#"{"access_token":"a","token_type":"mac"}"#).unwrap();
        assert!(matches!(
            super::given(mac, Seen::default()),
            Err(Refusal::TokenType(_))
        ));
    }
}
