//! Codes and refresh tokens for tokens, by way of the `oauth2` crate.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
};
use oauth2::http::{self, header};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl, RefreshToken,
    RequestTokenError, StandardRevocableToken, TokenUrl,
};
use url::Url;
use vault::Secret;

use crate::client::{Auth, Client};
use crate::fault::Cause;
use crate::grant::{Given, Granted, Refusal, Seen, given, plain_status, refusal};
use crate::http::{Failure, Http};
use crate::tokens::Issued;

/// Where tokens come from, and as which client they are asked for.
pub(crate) struct Exchange<'a> {
    pub(crate) http: &'a Arc<Http>,
    pub(crate) token_endpoint: &'a Url,
    pub(crate) client: &'a Client,
    pub(crate) secret: Option<&'a Secret>,
    pub(crate) resource: Option<&'a str>,
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

/// One request of the crate's, over this gateway's HTTP client; remembers what
/// the crate drops: the date, and when to come again.
struct Call {
    http: Arc<Http>,
    seen: Mutex<Seen>,
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
