//! What resources and authorization servers publish about themselves, and
//! whether it may be believed. Pure.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::discovery::{Reach, covers, same_issuer};
use crate::fault::shown;
use crate::problem::Problem;

/// A protected resource's metadata (RFC 9728, section 2).
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Resource {
    pub(crate) resource: String,
    #[serde(default)]
    pub(crate) authorization_servers: Vec<String>,
    pub(crate) scopes_supported: Option<Vec<String>>,
}

/// An authorization server's metadata as it is published (RFC 8414, section 2).
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Published {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    registration_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    scopes_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    client_id_metadata_document_supported: bool,
}

/// An authorization server that can be used.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Server {
    /// None where it is configured by its addresses alone.
    pub(crate) issuer: Option<String>,
    /// What it may call itself where it is.
    #[serde(default)]
    pub(crate) issuers: Vec<String>,
    pub(crate) authorization_endpoint: Url,
    pub(crate) token_endpoint: Url,
    pub(crate) registration_endpoint: Option<Url>,
    pub(crate) revocation_endpoint: Option<Url>,
    pub(crate) userinfo_endpoint: Option<Url>,
    pub(crate) scopes: Vec<String>,
    /// How clients may show who they are; empty: the server does not say.
    pub(crate) auth_methods: Vec<String>,
    /// It promises `iss` in its answers (RFC 9207).
    pub(crate) says_issuer: bool,
    /// It reads clients' metadata documents (CIMD).
    pub(crate) reads_documents: bool,
}

impl Resource {
    /// Whether this is the metadata of the endpoint.
    pub(crate) fn check(&self, endpoint: &Url) -> Result<(), Problem> {
        let matches = Url::parse(&self.resource).is_ok_and(|url| covers(&url, endpoint));
        if matches {
            Ok(())
        } else {
            Err(Problem::WrongResource {
                expected: endpoint.to_string(),
                found: said(&self.resource),
            })
        }
    }
}

impl Published {
    /// The server, if the document is that issuer's and says all that is needed.
    pub(crate) fn check(self, issuer: &str, reach: Reach) -> Result<Server, Problem> {
        if !same_issuer(&self.issuer, issuer) {
            return Err(Problem::WrongIssuer {
                expected: issuer.to_owned(),
                found: said(&self.issuer),
            });
        }
        let pkce = self
            .code_challenge_methods_supported
            .is_some_and(|methods| methods.iter().any(|method| method == "S256"));
        if !pkce {
            return Err(Problem::NoPkce {
                issuer: issuer.to_owned(),
            });
        }
        let needed = |address: Option<String>, member| match address {
            Some(address) => reach.allow(&address),
            None => Err(Problem::Incomplete {
                issuer: issuer.to_owned(),
                member,
            }),
        };
        let extra = |address: Option<String>| address.and_then(|url| reach.allow(&url).ok());
        Ok(Server {
            authorization_endpoint: needed(self.authorization_endpoint, "authorization_endpoint")?,
            token_endpoint: needed(self.token_endpoint, "token_endpoint")?,
            registration_endpoint: extra(self.registration_endpoint),
            revocation_endpoint: extra(self.revocation_endpoint),
            userinfo_endpoint: extra(self.userinfo_endpoint),
            scopes: self.scopes_supported.unwrap_or_default(),
            auth_methods: self
                .token_endpoint_auth_methods_supported
                .unwrap_or_default(),
            says_issuer: self.authorization_response_iss_parameter_supported,
            reads_documents: self.client_id_metadata_document_supported,
            issuer: Some(self.issuer),
            issuers: Vec::new(),
        })
    }
}

impl Server {
    /// Its name in messages.
    pub(crate) fn name(&self) -> String {
        self.issuer
            .clone()
            .unwrap_or_else(|| self.authorization_endpoint.origin().ascii_serialization())
    }

    /// Whether this is the `iss` of an answer of this server: the issuer of its metadata, letter
    /// for letter (RFC 9207, section 2.4). A server that is configured by its addresses is known
    /// by their hosts: an answer that names another one was meant for somebody else, and an
    /// honest server has no reason to name one.
    pub(crate) fn is_called(&self, iss: &str) -> bool {
        if let Some(issuer) = &self.issuer {
            return issuer == iss;
        }
        let extra = [&self.revocation_endpoint, &self.userinfo_endpoint];
        let needed = [&self.authorization_endpoint, &self.token_endpoint];
        let mut own = needed.into_iter().chain(extra.into_iter().flatten());
        let origin = Url::parse(iss).map(|iss| iss.origin());
        origin.is_ok_and(|origin| origin.is_tuple() && own.any(|own| own.origin() == origin))
            || self.issuers.iter().any(|issuer| same_issuer(issuer, iss))
    }
}

fn said(text: &str) -> String {
    shown(text, &[]).unwrap_or_default()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(change: impl FnOnce(&mut Value)) -> Result<Server, Problem> {
        let mut document = json!({
            "issuer": "https://as.example",
            "authorization_endpoint": "https://as.example/authorize",
            "token_endpoint": "https://as.example/token",
            "code_challenge_methods_supported": ["plain", "S256"],
        });
        change(&mut document);
        let (_, reach) = Reach::of("https://a.example/mcp").unwrap();
        serde_json::from_value::<Published>(document)
            .unwrap()
            .check("https://as.example", reach)
    }

    #[test]
    fn a_sound_document_is_taken() {
        let server = check(|_| {}).unwrap();
        assert_eq!(server.name(), "https://as.example");
        assert!(!server.says_issuer && !server.reads_documents);
    }

    #[test]
    fn another_issuer_is_refused() {
        let wrong = check(|d| d["issuer"] = json!("https://evil.example"));
        assert!(matches!(wrong, Err(Problem::WrongIssuer { .. })));
    }

    #[test]
    fn who_answers_is_known_by_issuer_or_else_by_host() {
        let mut server = check(|_| {}).unwrap();
        assert!(server.is_called("https://as.example"));
        assert!(!server.is_called("https://as.example/tenant"));

        server.issuer = None;
        server.issuers = vec!["https://oauth.example".to_owned()];
        for iss in [
            "https://as.example",
            "https://as.example/tenant",
            "https://oauth.example/",
        ] {
            assert!(server.is_called(iss), "{iss}");
        }
        for iss in [
            "https://evil.example",
            "http://as.example",
            "https://as.example:8443",
            "https://oauth.example/tenant",
            "nonsense",
            "data:,",
        ] {
            assert!(!server.is_called(iss), "{iss}");
        }
    }

    #[test]
    fn without_s256_there_is_no_sign_in() {
        for methods in [json!(["plain"]), json!([]), Value::Null] {
            let wrong = check(|d| d["code_challenge_methods_supported"] = methods);
            assert!(matches!(wrong, Err(Problem::NoPkce { .. })));
        }
    }

    #[test]
    fn endpoints_must_be_there_and_secure() {
        let missing = check(|d| d["token_endpoint"] = Value::Null);
        assert!(matches!(
            missing,
            Err(Problem::Incomplete {
                member: "token_endpoint",
                ..
            })
        ));
        let plain = check(|d| d["token_endpoint"] = json!("http://as.example/token"));
        assert!(matches!(plain, Err(Problem::Insecure(_))));
        let script = check(|d| d["authorization_endpoint"] = json!("javascript:alert(1)"));
        assert!(matches!(script, Err(Problem::Address(_))));
        let inside = check(|d| d["revocation_endpoint"] = json!("http://localhost/revoke"));
        assert!(inside.is_ok_and(|server| server.revocation_endpoint.is_none()));
    }

    #[test]
    fn a_resource_of_somebody_else_is_refused() {
        let endpoint = Url::parse("https://a.example/mcp").unwrap();
        let metadata = |resource: &str| Resource {
            resource: resource.into(),
            authorization_servers: Vec::new(),
            scopes_supported: None,
        };
        assert!(metadata("https://a.example/mcp").check(&endpoint).is_ok());
        assert!(matches!(
            metadata("https://b.example/mcp").check(&endpoint),
            Err(Problem::WrongResource { .. })
        ));
        assert!(metadata("nonsense").check(&endpoint).is_err());
    }
}
