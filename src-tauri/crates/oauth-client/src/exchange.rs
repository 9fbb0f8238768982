//! Codes and refresh tokens for tokens, by way of the `oauth2` crate.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::http::{self, header};
use oauth2::{
    AccessToken, AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl,
    RefreshToken, RequestTokenError, Scope, StandardRevocableToken, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use url::Url;
use vault::Secret;

use crate::client::{Auth, Client};
use crate::fault::{Cause, code, shown};
use crate::http::{Failure, Http};
use crate::tokens::{Issued, seconds};

/// Where tokens come from, and as which client they are asked for.
pub(crate) struct Exchange<'a> {
    pub(crate) http: &'a Arc<Http>,
    pub(crate) token_endpoint: &'a Url,
    pub(crate) client: &'a Client,
    pub(crate) secret: Option<&'a Secret>,
    pub(crate) resource: Option<&'a str>,
}

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

type Oauth = oauth2::Client<
    BasicErrorResponse,
    Granted,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

impl Exchange<'_> {
    /// A code for tokens (RFC 6749, section 4.1.3; RFC 7636, section 4.5).
    pub(crate) async fn code(
        &self,
        code: &Secret,
        verifier: &Secret,
        redirect_uri: RedirectUrl,
    ) -> Result<Given, Refusal> {
        let call = Call::new(self.http);
        let client = self.oauth().set_redirect_uri(redirect_uri);
        let mut request = client
            .exchange_code(AuthorizationCode::new(code.reveal().to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.reveal().to_owned()));
        if let Some(resource) = self.resource {
            request = request.add_extra_param("resource", resource);
        }
        let answer = request.request_async(&call).await;
        call.read(answer, &[code.reveal(), verifier.reveal()])
    }

    /// A refresh token for tokens (RFC 6749, section 6).
    pub(crate) async fn refresh(&self, refresh: &Secret) -> Result<Issued, Refusal> {
        let call = Call::new(self.http);
        let client = self.oauth();
        let token = RefreshToken::new(refresh.reveal().to_owned());
        let mut request = client.exchange_refresh_token(&token);
        if let Some(resource) = self.resource {
            request = request.add_extra_param("resource", resource);
        }
        let answer = request.request_async(&call).await;
        call.read(answer, &[refresh.reveal()])
            .map(|given| given.issued)
    }

    /// Gives a token back (RFC 7009, section 2.1). Without the crate, which
    /// refuses a revocation endpoint on this machine; its address was checked
    /// when it was learned.
    pub(crate) async fn revoke(
        &self,
        endpoint: &Url,
        token: &Secret,
        kind: &str,
    ) -> Result<(), String> {
        let request = self
            .revocation(endpoint, token, kind)
            .map_err(|error| error.to_string())?;
        match self.http.send(request).await {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
            Ok(answer) => Err(format!("HTTP {}", answer.status)),
            Err(Failure::Setup(why)) => Err(why),
            Err(Failure::Passing(cause)) => Err(cause.to_string()),
        }
    }

    fn revocation(
        &self,
        endpoint: &Url,
        token: &Secret,
        kind: &str,
    ) -> Result<HttpRequest, http::Error> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("token", token.reveal())
            .append_pair("token_type_hint", kind);
        let mut request = http::Request::post(endpoint.as_str())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json");
        match (self.client.auth, self.secret) {
            (Auth::Basic, Some(secret)) => {
                request = request.header(header::AUTHORIZATION, self.client.basic(secret));
            }
            (_, secret) => {
                form.append_pair("client_id", &self.client.id);
                if let Some(secret) = secret {
                    form.append_pair("client_secret", secret.reveal());
                }
            }
        }
        request.body(form.finish().into_bytes())
    }

    fn oauth(&self) -> Oauth {
        let mut client = oauth2::Client::new(ClientId::new(self.client.id.clone()))
            .set_auth_type(match self.client.auth {
                Auth::Basic => AuthType::BasicAuth,
                Auth::None | Auth::Post => AuthType::RequestBody,
            })
            .set_token_uri(TokenUrl::from_url(self.token_endpoint.clone()));
        if let Some(secret) = self.secret {
            client = client.set_client_secret(ClientSecret::new(secret.reveal().to_owned()));
        }
        client
    }
}

/// The answer of a token endpoint, read leniently: `expires_in` may be a
/// string, `token_type` may be missing.
#[derive(Serialize, Deserialize)]
struct Granted {
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

/// One request of the crate's, over this gateway's HTTP client; remembers what
/// the crate drops: the date, and when to come again.
struct Call {
    http: Arc<Http>,
    seen: Mutex<Seen>,
}

#[derive(Default, Clone, Copy)]
struct Seen {
    status: u16,
    date: Option<i64>,
    retry_after: Option<Duration>,
}

/// A failure in the crate's terms.
struct Broken(Failure);

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Broken")
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no whole answer")
    }
}

impl std::error::Error for Broken {}

impl<'c> AsyncHttpClient<'c> for Call {
    type Error = Broken;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Broken>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answer = self.http.send(request).await.map_err(Broken)?;
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Seen {
                status: answer.status,
                date: answer.date,
                retry_after: answer.retry_after,
            };
            let status = plain_status(answer.status, &answer.body);
            let mut response = HttpResponse::new(answer.body);
            *response.status_mut() = status;
            Ok(response)
        })
    }
}

/// The crate takes 200 alone for success. Some servers create (201), and some
/// send their errors with 200.
fn plain_status(status: u16, body: &[u8]) -> http::StatusCode {
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

impl Call {
    fn new(http: &Arc<Http>) -> Self {
        Self {
            http: Arc::clone(http),
            seen: Mutex::default(),
        }
    }

    fn read(
        &self,
        answer: Result<Granted, RequestTokenError<Broken, BasicErrorResponse>>,
        secrets: &[&str],
    ) -> Result<Given, Refusal> {
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Ok(granted) => given(granted, seen),
            Err(RequestTokenError::Request(Broken(Failure::Setup(why)))) => {
                Err(Refusal::Setup(why))
            }
            Err(RequestTokenError::Request(Broken(Failure::Passing(cause)))) => {
                Err(seen.passing(cause))
            }
            Err(RequestTokenError::ServerResponse(error)) => Err(refusal(
                error.error().as_ref(),
                error.error_description(),
                seen,
                secrets,
            )),
            Err(RequestTokenError::Parse(..) | RequestTokenError::Other(_)) => {
                Err(seen.passing(if (200..300).contains(&seen.status) {
                    Cause::NotUnderstood
                } else {
                    Cause::Status(seen.status)
                }))
            }
        }
    }
}

impl Seen {
    fn passing(self, cause: Cause) -> Refusal {
        Refusal::Passing {
            cause,
            retry_after: self.retry_after,
        }
    }
}

fn given(granted: Granted, seen: Seen) -> Result<Given, Refusal> {
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
fn refusal(error: &str, description: Option<&String>, seen: Seen, secrets: &[&str]) -> Refusal {
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
