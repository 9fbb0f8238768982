//! A sign-in from the click to the tokens.

use std::time::Duration;

use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, RedirectUrl, Scope};
use serde::{Deserialize, Serialize};
use url::Url;
use vault::{Change, Secret};

use crate::account::Document;
use crate::accounts::Inner;
use crate::client::{Client, Origin};
use crate::exchange::Exchange;
use crate::fault::{Fault, LoginFault, code, shown};
use crate::grant::Refusal;
use crate::identity::{Claims, Identity};
use crate::metadata::Server;
use crate::params::Params;
use crate::pending::{LIFETIME, key};
use crate::problem::Problem;
use crate::provider::{AccountId, Provider};
use crate::resolve::{REGISTRATION, Resolve, Resolved};
use crate::tokens::Tokens;

/// Asking who signed in may fail, and must not hold up the sign-in for long.
const USERINFO: Duration = Duration::from_secs(8);

/// A sign-in that has begun.
#[derive(Clone)]
pub struct Login {
    /// Where to send the browser.
    pub authorize_url: String,
    /// The state that the answer must have.
    pub state: Secret,
    /// How long the answer is waited for.
    pub expires_in: Duration,
}

/// A sign-in that has succeeded.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The provider's name.
    pub provider: String,
    /// Who signed in.
    pub identity: Identity,
    /// What was given to [`Accounts::begin`](crate::Accounts::begin).
    pub then: String,
    /// For whom it was begun; the tokens are kept already. Without a user they
    /// wait for [`Accounts::keep`](crate::Accounts::keep).
    pub user: Option<String>,
    pub(crate) document: Box<Document>,
}

/// The kind of the documents that hold sign-ins under way.
pub(crate) const LOGIN: &str = "login";

/// What the end of a sign-in needs; kept, because the answer may be what starts
/// the app again.
#[derive(Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) provider: String,
    pub(crate) user: Option<String>,
    /// Unix seconds in this machine's clock.
    pub(crate) begun_at: i64,
    binding: String,
    site: Option<String>,
    server: Server,
    client: Client,
    #[serde(with = "vault::exposed::option", default)]
    secret: Option<Secret>,
    scope: Option<String>,
    resource: Option<String>,
    redirect_uri: RedirectUrl,
    #[serde(with = "vault::exposed")]
    verifier: Secret,
    pub(crate) then: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

impl Inner {
    pub(crate) async fn begin(
        &self,
        user: Option<&str>,
        provider: &Provider,
        redirect_uri: &str,
        then: String,
    ) -> Result<Login, Fault> {
        let name = provider.name();
        let misconfigured = |problem| Fault::Misconfigured {
            provider: name.to_owned(),
            problem,
        };
        let redirect = RedirectUrl::new(redirect_uri.to_owned())
            .map_err(|_| misconfigured(Problem::Address(redirect_uri.to_owned())))?;
        self.load().await?;
        let more = match user {
            Some(user) => self.wanted(&AccountId::new(name, user)).await?,
            None => None,
        };
        let resolve = Resolve {
            http: &self.http,
            vault: &self.vault,
            provider: name,
            now: self.clock.now(),
        };
        let Resolved {
            server,
            client,
            scope,
            resource,
        } = resolve
            .resolve(provider, redirect_uri, more.as_deref())
            .await?;

        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let oauth = oauth2::basic::BasicClient::new(ClientId::new(client.id.clone()))
            .set_auth_uri(AuthUrl::from_url(server.authorization_endpoint.clone()))
            .set_redirect_uri(redirect.clone());
        let mut request = oauth
            .authorize_url(|| CsrfToken::new_random_len(32))
            .set_pkce_challenge(challenge);
        if let Some(scope) = &scope {
            request = request.add_scope(Scope::new(scope.clone()));
            // OpenID Connect Core, section 11: no refresh token without it.
            if scope.split(' ').any(|scope| scope == "offline_access") {
                request = request.add_extra_param("prompt", "consent");
            }
        }
        if let Some(resource) = &resource {
            request = request.add_extra_param("resource", resource.clone());
        }
        let (authorize_url, state) = request.url();

        let begun = Begun {
            provider: name.to_owned(),
            user: user.map(str::to_owned),
            begun_at: self.clock.now(),
            binding: provider.binding(),
            site: provider.site().map(str::to_owned),
            secret: provider.client_secret().or(client.secret.as_ref()).cloned(),
            server,
            client,
            scope,
            resource,
            redirect_uri: redirect,
            verifier: Secret::new(verifier.into_secret()),
            then,
        };
        // Kept before the browser goes: a store that is locked is to be opened
        // now, not when the person comes back.
        let keep = Change::put(LOGIN, key(state.secret()), &begun)?;
        self.pending()
            .begin(state.secret(), name, user, self.clock.now(), begun);
        self.keep_logins(vec![keep]).await?;
        self.bump();
        tracing::info!(provider = name, user, "a sign-in has begun");
        Ok(Login {
            authorize_url: authorize_url.into(),
            state: Secret::new(state.into_secret()),
            expires_in: Duration::from_secs(LIFETIME.unsigned_abs()),
        })
    }

    pub(crate) async fn finish(&self, params: Params) -> Result<Finished, Fault> {
        let state = params.state.as_ref().ok_or(LoginFault::NotAnAnswer)?;
        self.load().await?;
        let taken = self.pending().take(state.reveal(), self.clock.now());
        // The store forgets it before the code is used: not even a crash makes
        // it good for a second use.
        let forgotten = self.keep_logins(Vec::new()).await;
        let begun = taken?;
        let outcome = match forgotten {
            Ok(()) => self.end(&begun, params).await,
            Err(fault) => Err(fault),
        };
        // Whoever watches is told once, and then finds what became of it.
        let user = begun.user.as_deref();
        self.pending().settled(&begun.provider, user);
        self.bump();
        outcome
    }

    async fn end(&self, begun: &Begun, params: Params) -> Result<Finished, Fault> {
        let outcome = self.exchange(begun, params).await;
        if let Err(fault) = &outcome {
            tracing::warn!(provider = begun.provider, %fault, "a sign-in did not succeed");
        }
        let finished = outcome?;
        if let Some(user) = &begun.user {
            let id = AccountId::new(begun.provider.clone(), user.clone());
            self.store(&id, (*finished.document).clone()).await?;
        }
        Ok(finished)
    }

    async fn exchange(&self, begun: &Begun, params: Params) -> Result<Finished, Fault> {
        if !params.came_to(begun.redirect_uri.url()) {
            return Err(LoginFault::WrongAddress.into());
        }
        check_issuer(&begun.server, params.iss.as_deref())?;
        if let Some(error) = params.error {
            if matches!(error.as_str(), "invalid_client" | "unauthorized_client") {
                self.forget_registration(begun).await?;
            }
            return Err(answered(&error, params.error_description.as_deref()).into());
        }
        let code = params.code.ok_or(LoginFault::NotAnAnswer)?;
        let exchange = Exchange {
            http: &self.http,
            token_endpoint: &begun.server.token_endpoint,
            client: &begun.client,
            secret: begun.secret.as_ref(),
            resource: begun.resource.as_deref(),
        };
        let given = match exchange
            .code(&code, &begun.verifier, begun.redirect_uri.clone())
            .await
        {
            Ok(given) => given,
            Err(refusal) => {
                if matches!(refusal, Refusal::Client { .. }) {
                    self.forget_registration(begun).await?;
                }
                return Err(refused(&begun.provider, refusal));
            }
        };
        let tokens = Tokens::issued(given.issued, begun.scope.as_deref(), self.clock.now());
        let claims = given
            .id_token
            .as_ref()
            .and_then(|token| Claims::id_token(token.reveal()))
            .unwrap_or_default();
        let claims = self.claims(claims, begun, &tokens.access).await;
        if claims.subject.is_none() {
            // Nobody can be told from anybody then, so every sign-in is another account.
            tracing::warn!(
                provider = begun.provider,
                "neither an id_token nor userinfo says who has signed in, so it counts as a new account; where there is such an address, set `oauth.userinfoEndpoint`, or ask for the scope `openid`"
            );
        }
        let identity = claims.identity(|| CsrfToken::new_random_len(16).into_secret());
        tracing::info!(
            provider = begun.provider,
            user = begun.user,
            "a sign-in has succeeded"
        );
        Ok(Finished {
            provider: begun.provider.clone(),
            then: begun.then.clone(),
            user: begun.user.clone(),
            document: Box::new(Document {
                binding: begun.binding.clone(),
                subject: identity.subject.clone(),
                name: identity.name.clone(),
                site: begun.site.clone(),
                issuer: begun.server.issuer.clone(),
                resource: begun.resource.clone(),
                token_endpoint: begun.server.token_endpoint.clone(),
                revocation_endpoint: begun.server.revocation_endpoint.clone(),
                client: begun.client.clone(),
                tokens: Some(tokens),
                signed_in_at: self.clock.now(),
                over: None,
                wanted: None,
            }),
            identity,
        })
    }

    /// What the id token leaves open, userinfo may know. A scope that is not
    /// `openid` may be refused there, which is no fault.
    async fn claims(&self, claims: Claims, begun: &Begun, access: &Secret) -> Claims {
        let endpoint: &Url = match &begun.server.userinfo_endpoint {
            Some(endpoint) if !claims.whole() => endpoint,
            _ => return claims,
        };
        let asked = tokio::time::timeout(USERINFO, self.http.get(endpoint, Some(access))).await;
        match asked {
            Ok(Ok(answer)) if answer.status == 200 => {
                claims.or(Claims::document(&answer.body).unwrap_or_default())
            }
            _ => {
                tracing::debug!(provider = begun.provider, "userinfo was not to be had");
                claims
            }
        }
    }

    /// The server does not know the client that it once registered: the next
    /// sign-in registers anew.
    async fn forget_registration(&self, begun: &Begun) -> Result<(), Fault> {
        if begun.client.origin == Origin::Registered {
            let forget = Change::delete(REGISTRATION, begun.server.name());
            self.vault.change(vec![forget]).await?;
        }
        Ok(())
    }
}

/// Whether the answer is from the server that was asked (RFC 9207, section 2.4).
fn check_issuer(server: &Server, iss: Option<&str>) -> Result<(), LoginFault> {
    let right = match iss {
        Some(found) => server.is_called(found),
        None => !server.says_issuer,
    };
    if right {
        return Ok(());
    }
    Err(LoginFault::WrongIssuer {
        expected: server.name(),
        found: iss.and_then(|iss| shown(iss, &[])),
    })
}

/// The error in an authorization response.
fn answered(error: &str, description: Option<&str>) -> LoginFault {
    let description = description.and_then(|text| shown(text, &[]));
    match error {
        "access_denied" => LoginFault::Denied(description),
        _ => LoginFault::Refused {
            code: code(error),
            description,
        },
    }
}

/// The token endpoint's no.
fn refused(provider: &str, refusal: Refusal) -> Fault {
    let problem = match refusal {
        Refusal::Grant { code, description } | Refusal::Request { code, description } => {
            return LoginFault::Refused { code, description }.into();
        }
        Refusal::Passing { cause, retry_after } => {
            return Fault::Temporary {
                provider: provider.to_owned(),
                cause,
                retry_after,
            };
        }
        Refusal::Client { code } => Problem::ClientRefused(code),
        Refusal::TokenType(kind) => Problem::TokenType(kind),
        Refusal::Setup(why) => Problem::Http(why),
    };
    Fault::Misconfigured {
        provider: provider.to_owned(),
        problem,
    }
}
