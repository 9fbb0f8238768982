//! From a provider to the server, the client and the request of a sign-in:
//! discovery and registration, with IO.

use serde::de::DeserializeOwned;
use url::Url;
use vault::{Change, Vault};

use crate::challenge::Challenge;
use crate::client::{Auth, Client, Registration};
use crate::discovery::{self, Reach};
use crate::fault::{Cause, Fault, code};
use crate::http::{Failure, Http};
use crate::metadata::{Published, Resource, Server};
use crate::problem::Problem;
use crate::provider::{Discovered, Fixed, Provider};

/// The kind of the documents that hold dynamic registrations.
pub(crate) const REGISTRATION: &str = "registration";

/// All that a sign-in needs to know.
pub(crate) struct Resolved {
    pub(crate) server: Server,
    pub(crate) client: Client,
    /// The scopes to ask for, separated by spaces.
    pub(crate) scope: Option<String>,
    /// The resource indicator (RFC 8707).
    pub(crate) resource: Option<String>,
}

/// Finds things out for one provider.
pub(crate) struct Resolve<'a> {
    pub(crate) http: &'a Http,
    pub(crate) vault: &'a Vault,
    pub(crate) provider: &'a str,
    pub(crate) now: i64,
}

/// A server, and what its resource says about a sign-in.
struct Found {
    server: Server,
    scope: Option<String>,
    resource: String,
}

impl Resolve<'_> {
    /// What a sign-in at this provider needs; `more` are scopes that were found
    /// to be needed since the last one.
    pub(crate) async fn resolve(
        &self,
        provider: &Provider,
        redirect_uri: &str,
        more: Option<&str>,
    ) -> Result<Resolved, Fault> {
        let mut resolved = match provider {
            Provider::Fixed(fixed) => self.fixed(fixed)?,
            Provider::Discovered(discovered) => self.discovered(discovered, redirect_uri).await?,
        };
        resolved.scope = union(resolved.scope.as_deref(), more);
        Ok(resolved)
    }

    fn fixed(&self, fixed: &Fixed) -> Result<Resolved, Fault> {
        let allow = |address: &str| {
            Reach::of(address)
                .map(|(url, _)| url)
                .map_err(|problem| self.misconfigured(problem))
        };
        let extra = |address: &Option<String>| address.as_deref().map(allow).transpose();
        let server = Server {
            issuer: None,
            issuers: fixed.issuers.clone(),
            authorization_endpoint: allow(&fixed.authorization_endpoint)?,
            token_endpoint: allow(&fixed.token_endpoint)?,
            registration_endpoint: None,
            revocation_endpoint: extra(&fixed.revocation_endpoint)?,
            userinfo_endpoint: extra(&fixed.userinfo_endpoint)?,
            scopes: Vec::new(),
            auth_methods: vec!["client_secret_post".to_owned()],
            says_issuer: false,
            reads_documents: false,
        };
        let Some(id) = &fixed.client_id else {
            return Err(self.misconfigured(Problem::NoClientId {
                issuer: server.name(),
            }));
        };
        Ok(Resolved {
            client: Client::configured(id, fixed.client_secret.is_some(), &server.auth_methods),
            server,
            scope: fixed.scope.clone(),
            resource: fixed.resource.clone(),
        })
    }

    async fn discovered(
        &self,
        discovered: &Discovered,
        redirect_uri: &str,
    ) -> Result<Resolved, Fault> {
        let found = match &discovered.authorization_server {
            Some(issuer) => {
                let (_, reach) =
                    Reach::of(issuer).map_err(|problem| self.misconfigured(problem))?;
                Found {
                    server: self.server(issuer, reach).await?,
                    scope: None,
                    resource: discovered.url.clone(),
                }
            }
            None => self.by_endpoint(&discovered.url).await?,
        };
        let scope = match &discovered.scope {
            Some(scope) => Some(scope.clone()),
            None => with_offline_access(found.scope, &found.server),
        };
        let client = self
            .client(discovered, &found.server, redirect_uri, scope.as_deref())
            .await?;
        Ok(Resolved {
            server: found.server,
            client,
            scope,
            resource: Some(found.resource),
        })
    }

    async fn by_endpoint(&self, address: &str) -> Result<Found, Fault> {
        let (endpoint, reach) =
            Reach::of(address).map_err(|problem| self.misconfigured(problem))?;
        let challenge = self.challenge(&endpoint).await?;
        let candidates =
            discovery::resource_metadata(&endpoint, challenge.resource_metadata.as_deref(), reach);
        let resource: Option<Resource> = self
            .first(&candidates, |resource: Resource| {
                resource.check(&endpoint).map(|()| resource)
            })
            .await
            .or_else(|fault| match fault {
                // No resource metadata at all: an old server, which is its own issuer.
                Fault::Misconfigured {
                    problem: Problem::NoMetadata { .. },
                    ..
                } => Ok(None),
                fault => Err(fault),
            })?;
        let (issuers, scopes, identifier) = match resource {
            Some(resource) => (
                resource.authorization_servers,
                resource.scopes_supported,
                resource.resource,
            ),
            None => (Vec::new(), None, address.to_owned()),
        };
        let issuers = if issuers.is_empty() {
            vec![discovery::own_issuer(&endpoint)]
        } else {
            issuers
        };
        // A resource may name several; the first that can be used is as good
        // as any (RFC 9728, section 7.6).
        let mut first_fault = None;
        for issuer in issuers.iter().take(4) {
            match self.server(issuer, reach).await {
                Ok(server) => {
                    return Ok(Found {
                        server,
                        scope: challenge
                            .scope
                            .or_else(|| scopes.map(|scopes| scopes.join(" "))),
                        resource: identifier,
                    });
                }
                Err(fault) => first_fault = first_fault.or(Some(fault)),
            }
        }
        Err(first_fault.unwrap_or_else(|| {
            self.misconfigured(Problem::NoMetadata {
                tried: candidates.iter().map(Url::to_string).collect(),
            })
        }))
    }

    /// What the endpoint says to a request without a token. A `ping` starts
    /// nothing where none is needed.
    async fn challenge(&self, endpoint: &Url) -> Result<Challenge, Fault> {
        let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.to_owned();
        let answer = self
            .http
            .post_json(endpoint, ping)
            .await
            .map_err(|failure| failure.fault(self.provider))?;
        Ok(answer
            .challenges
            .iter()
            .find_map(|header| Challenge::bearer(header))
            .unwrap_or_default())
    }

    async fn server(&self, issuer: &str, reach: Reach) -> Result<Server, Fault> {
        let url = reach
            .allow(issuer)
            .map_err(|problem| self.misconfigured(problem))?;
        let candidates = discovery::server_metadata(&url);
        let found = self
            .first(&candidates, |published: Published| {
                published.check(issuer, reach)
            })
            .await?;
        found.ok_or_else(|| {
            self.misconfigured(Problem::NoMetadata {
                tried: candidates.iter().map(Url::to_string).collect(),
            })
        })
    }

    /// The first document that is there and passes its check. A server that
    /// cannot answer now is not one without metadata: then the fault is
    /// temporary. A document that fails its check is worse than none.
    async fn first<D: DeserializeOwned, T>(
        &self,
        candidates: &[Url],
        check: impl Fn(D) -> Result<T, Problem>,
    ) -> Result<Option<T>, Fault> {
        let mut passing = None;
        let mut problem = None;
        for url in candidates {
            match self.http.get(url, None).await {
                Ok(answer) if answer.status == 200 => {
                    let Ok(document) = serde_json::from_slice::<D>(&answer.body) else {
                        continue;
                    };
                    match check(document) {
                        Ok(found) => return Ok(Some(found)),
                        Err(wrong) => problem = problem.or(Some(wrong)),
                    }
                }
                Ok(answer) if answer.status >= 500 || answer.status == 429 => {
                    passing = passing.or(Some(Failure::Passing(Cause::Status(answer.status))));
                }
                Ok(_) => {}
                Err(failure) => passing = passing.or(Some(failure)),
            }
        }
        match (problem, passing) {
            (Some(problem), _) => Err(self.misconfigured(problem)),
            (None, Some(failure)) => Err(failure.fault(self.provider)),
            (None, None) => Ok(None),
        }
    }

    /// In the order of the MCP specification: registered beforehand, by
    /// metadata document, dynamically; else the owner has to help.
    async fn client(
        &self,
        discovered: &Discovered,
        server: &Server,
        redirect_uri: &str,
        scope: Option<&str>,
    ) -> Result<Client, Fault> {
        if let Some(id) = &discovered.client_id {
            let confidential = discovered.client_secret.is_some();
            return Ok(Client::configured(id, confidential, &server.auth_methods));
        }
        if let Some(document) = &discovered.client_metadata_url
            && server.reads_documents
        {
            return Ok(Client::document(document));
        }
        let Some(endpoint) = &server.registration_endpoint else {
            return Err(self.misconfigured(Problem::NoClientId {
                issuer: server.name(),
            }));
        };
        let issuer = server.name();
        let kept: Option<Registration> = self.vault.get(REGISTRATION, &issuer).await?;
        if let Some(kept) = kept.filter(|kept| kept.serves(redirect_uri, self.now)) {
            return Ok(kept.client);
        }
        let registration = self.register(server, endpoint, redirect_uri, scope).await?;
        let keep = Change::put(REGISTRATION, &issuer, &registration)?;
        self.vault.change(vec![keep]).await?;
        tracing::info!(provider = self.provider, issuer, "registered as a client");
        Ok(registration.client)
    }

    async fn register(
        &self,
        server: &Server,
        endpoint: &Url,
        redirect_uri: &str,
        scope: Option<&str>,
    ) -> Result<Registration, Fault> {
        #[derive(serde::Deserialize)]
        struct Refused {
            error: String,
        }
        let body = Registration::request(redirect_uri, scope, &server.auth_methods);
        let answer = self
            .http
            .post_json(endpoint, body)
            .await
            .map_err(|failure| failure.fault(self.provider))?;
        if answer.status >= 500 || answer.status == 429 {
            let failure = Failure::Passing(Cause::Status(answer.status));
            return Err(failure.fault(self.provider));
        }
        if (200..300).contains(&answer.status) {
            return Registration::answer(&answer.body, redirect_uri)
                .filter(|r| r.client.auth == Auth::None || r.client.secret.is_some())
                .ok_or_else(|| Failure::Passing(Cause::NotUnderstood).fault(self.provider));
        }
        let code = serde_json::from_slice::<Refused>(&answer.body)
            .map_or_else(|_| format!("HTTP {}", answer.status), |r| code(&r.error));
        Err(self.misconfigured(Problem::RegistrationRefused {
            issuer: server.name(),
            code,
        }))
    }

    fn misconfigured(&self, problem: Problem) -> Fault {
        Fault::Misconfigured {
            provider: self.provider.to_owned(),
            problem,
        }
    }
}

/// Both sets of scopes, each scope once, in order.
pub(crate) fn union(one: Option<&str>, other: Option<&str>) -> Option<String> {
    let mut scopes: Vec<&str> = Vec::new();
    for scope in one.into_iter().chain(other).flat_map(str::split_whitespace) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    (!scopes.is_empty()).then(|| scopes.join(" "))
}

/// A server that knows `offline_access` gives refresh tokens to those alone
/// who ask for it (OpenID Connect Core, section 11).
fn with_offline_access(scope: Option<String>, server: &Server) -> Option<String> {
    let offers = server.scopes.iter().any(|scope| scope == "offline_access");
    union(scope.as_deref(), offers.then_some("offline_access"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_united_in_order_and_once() {
        assert_eq!(union(Some("a  b"), Some("b c")).as_deref(), Some("a b c"));
        assert_eq!(union(None, Some(" ")), None);
    }
}
