//! As which client this gateway goes to an authorization server: registered
//! beforehand, by its metadata document, or dynamically. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use vault::Secret;

/// A client of an authorization server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Client {
    pub(crate) id: String,
    /// That of a dynamic registration; a configured one stays in the config.
    #[serde(with = "vault::exposed::option", default)]
    pub(crate) secret: Option<Secret>,
    pub(crate) auth: Auth,
    pub(crate) origin: Origin,
}

/// How the client shows who it is at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Auth {
    /// Not at all: a public client, PKCE alone.
    None,
    /// `client_secret_basic`.
    Basic,
    /// `client_secret_post`.
    Post,
}

/// Where the client's id is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Origin {
    /// The config.
    Configured,
    /// It is the address of this gateway's metadata document.
    Document,
    /// Dynamic registration (RFC 7591).
    Registered,
}

/// A dynamic registration as it is kept, one for each issuer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Registration {
    pub(crate) redirect_uri: String,
    pub(crate) client: Client,
    /// Unix seconds; none: for ever.
    pub(crate) secret_expires_at: Option<i64>,
}

/// What a server answers to a registration.
#[derive(Deserialize)]
struct Registered {
    client_id: String,
    client_secret: Option<String>,
    token_endpoint_auth_method: Option<String>,
    client_secret_expires_at: Option<serde_json::Value>,
}

impl Client {
    /// The client that the config names. `methods` are those of the server's
    /// metadata; empty means `client_secret_basic` (RFC 8414, section 2).
    pub(crate) fn configured(id: &str, confidential: bool, methods: &[String]) -> Self {
        let basic = methods.is_empty() || has(methods, "client_secret_basic");
        Self {
            id: id.to_owned(),
            secret: None,
            auth: match confidential {
                false => Auth::None,
                true if basic || !has(methods, "client_secret_post") => Auth::Basic,
                true => Auth::Post,
            },
            origin: Origin::Configured,
        }
    }

    /// The client that this document describes.
    pub(crate) fn document(url: &str) -> Self {
        Self {
            id: url.to_owned(),
            secret: None,
            auth: Auth::None,
            origin: Origin::Document,
        }
    }

    /// The value of `Authorization` (RFC 6749, section 2.3.1).
    pub(crate) fn basic(&self, secret: &Secret) -> String {
        let encoded = |text: &str| -> String {
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
        };
        let pair = format!("{}:{}", encoded(&self.id), encoded(secret.reveal()));
        format!("Basic {}", STANDARD.encode(pair))
    }
}

impl Registration {
    /// What is asked of a registration endpoint (RFC 7591, section 2). A public
    /// client wherever the server has them: a secret that every copy of a
    /// program can get proves nothing.
    pub(crate) fn request(redirect_uri: &str, scope: Option<&str>, methods: &[String]) -> String {
        let method = if methods.is_empty() || has(methods, "none") {
            "none"
        } else if has(methods, "client_secret_basic") {
            "client_secret_basic"
        } else {
            "client_secret_post"
        };
        let mut body = json!({
            "client_name": "MCP Gateway",
            "redirect_uris": [redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": method,
            "application_type": "native",
        });
        if let Some(scope) = scope {
            body["scope"] = json!(scope);
        }
        body.to_string()
    }

    /// The registration that an answer describes.
    pub(crate) fn answer(body: &[u8], redirect_uri: &str) -> Option<Self> {
        let registered: Registered = serde_json::from_slice(body).ok()?;
        if registered.client_id.is_empty() {
            return None;
        }
        let secret = registered.client_secret.filter(|secret| !secret.is_empty());
        let auth = match registered.token_endpoint_auth_method.as_deref() {
            Some("client_secret_post") => Auth::Post,
            Some("none") => Auth::None,
            _ if secret.is_some() => Auth::Basic,
            _ => Auth::None,
        };
        Some(Self {
            redirect_uri: redirect_uri.to_owned(),
            secret_expires_at: registered
                .client_secret_expires_at
                .as_ref()
                .and_then(crate::tokens::seconds)
                .and_then(|at| i64::try_from(at).ok())
                .filter(|at| *at > 0 && secret.is_some() && auth != Auth::None),
            client: Client {
                id: registered.client_id,
                secret: secret.filter(|_| auth != Auth::None).map(Secret::new),
                auth,
                origin: Origin::Registered,
            },
        })
    }

    /// Whether it serves for a sign-in that answers to `redirect_uri`.
    pub(crate) fn serves(&self, redirect_uri: &str, now: i64) -> bool {
        self.redirect_uri == redirect_uri && self.secret_expires_at.is_none_or(|at| at > now)
    }
}

fn has(methods: &[String], method: &str) -> bool {
    methods.iter().any(|known| known == method)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn methods(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_configured_client_shows_itself_as_the_server_wants() {
        let auth = |confidential, names: &[&str]| {
            Client::configured("c", confidential, &methods(names)).auth
        };
        assert_eq!(auth(false, &[]), Auth::None);
        assert_eq!(auth(true, &[]), Auth::Basic);
        assert_eq!(auth(true, &["client_secret_post"]), Auth::Post);
        assert_eq!(
            auth(true, &["client_secret_post", "client_secret_basic"]),
            Auth::Basic
        );
    }

    #[test]
    fn a_registration_asks_for_a_public_client_where_there_are_any() {
        let asked = |names: &[&str]| -> serde_json::Value {
            serde_json::from_str(&Registration::request("r://x", Some("a"), &methods(names)))
                .unwrap()
        };
        assert_eq!(asked(&[])["token_endpoint_auth_method"], "none");
        assert_eq!(asked(&["none"])["scope"], "a");
        assert_eq!(
            asked(&["client_secret_post"])["token_endpoint_auth_method"],
            "client_secret_post"
        );
    }

    #[test]
    fn an_answer_to_a_registration_is_read() {
        let read = |body: &str| Registration::answer(body.as_bytes(), "r://x");
        let public = read(r#"{"client_id":"c","client_secret_expires_at":0}"#).unwrap();
        assert_eq!(public.client.auth, Auth::None);
        assert!(public.serves("r://x", i64::MAX));
        assert!(!public.serves("r://y", 0));
        let secret =
            read(r#"{"client_id":"c","client_secret":"planted","client_secret_expires_at":9}"#)
                .unwrap();
        assert_eq!(secret.client.auth, Auth::Basic);
        assert!(secret.serves("r://x", 8) && !secret.serves("r://x", 9));
        assert!(!format!("{secret:?}").contains("planted"));
        assert!(read("{}").is_none() && read("<html>").is_none());
    }
}
