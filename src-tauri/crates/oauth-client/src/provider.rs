//! Whom one signs in to, and whose account it is.

use std::fmt;

use vault::Secret;

/// One user's account at one provider.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId {
    /// The provider's name: `aliyun:intl` or `server:<name>`. Without spaces.
    pub provider: String,
    /// The gateway's user whose account it is: `local`, `aliyun:intl:<subject>`.
    pub user: String,
}

/// An authorization server, and how much of it is known beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// Every address is configured.
    Fixed(Fixed),
    /// The addresses are found from an MCP endpoint, as the MCP specification
    /// says (Authorization).
    Discovered(Discovered),
}

/// A provider whose addresses are configured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fixed {
    /// As in [`AccountId::provider`].
    pub name: String,
    /// Where the browser goes.
    pub authorization_endpoint: String,
    /// Where codes and refresh tokens are exchanged.
    pub token_endpoint: String,
    /// Where tokens are given back (RFC 7009).
    pub revocation_endpoint: Option<String>,
    /// Who signed in (OpenID Connect Core, section 5.3).
    pub userinfo_endpoint: Option<String>,
    /// The application's id; without one, a sign-in says what is missing.
    pub client_id: Option<String>,
    /// For confidential clients; public ones have PKCE alone.
    pub client_secret: Option<Secret>,
    /// Scopes, separated by spaces.
    pub scope: Option<String>,
    /// The resource indicator (RFC 8707), where the provider knows them.
    pub resource: Option<String>,
    /// Issuers that it calls itself (RFC 9207), beside those of its endpoints' hosts.
    pub issuers: Vec<String>,
    /// The provider's site, kept with the account to be shown.
    pub site: Option<String>,
}

/// A provider that is found from an MCP endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Discovered {
    /// As in [`AccountId::provider`].
    pub name: String,
    /// The MCP endpoint.
    pub url: String,
    /// The issuer, where the owner knows better than the endpoint says.
    pub authorization_server: Option<String>,
    /// A pre-registered client: goes before every other way.
    pub client_id: Option<String>,
    /// For confidential clients.
    pub client_secret: Option<Secret>,
    /// Scopes, instead of those that the endpoint names.
    pub scope: Option<String>,
    /// This gateway's client metadata document (CIMD), if the world can fetch it.
    pub client_metadata_url: Option<String>,
}

impl AccountId {
    /// An account of `user` at `provider`.
    pub fn new(provider: impl Into<String>, user: impl Into<String>) -> Self {
        Self {
            provider: provider.into(),
            user: user.into(),
        }
    }

    /// The key of its document. A provider's name has no spaces, so the first
    /// one parts the two.
    pub(crate) fn key(&self) -> String {
        self.to_string()
    }

    pub(crate) fn from_key(key: &str) -> Option<Self> {
        let (provider, user) = key.split_once(' ')?;
        Some(Self::new(provider, user))
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.provider, self.user)
    }
}

impl Provider {
    /// The provider's name, as in [`AccountId::provider`].
    pub fn name(&self) -> &str {
        match self {
            Self::Fixed(fixed) => &fixed.name,
            Self::Discovered(discovered) => &discovered.name,
        }
    }

    /// What an account's tokens are bound to. A name in the config may come to
    /// mean another server, or another application; the tokens of the old one
    /// must then not be sent to the new one.
    pub(crate) fn binding(&self) -> String {
        let parts = match self {
            Self::Fixed(fixed) => [
                Some(fixed.token_endpoint.as_str()),
                fixed.client_id.as_deref(),
                fixed.resource.as_deref(),
            ],
            Self::Discovered(discovered) => [
                Some(discovered.url.as_str()),
                discovered.authorization_server.as_deref(),
                discovered.client_id.as_deref(),
            ],
        };
        parts.map(Option::unwrap_or_default).join("\n")
    }

    pub(crate) fn client_secret(&self) -> Option<&Secret> {
        match self {
            Self::Fixed(fixed) => fixed.client_secret.as_ref(),
            Self::Discovered(discovered) => discovered.client_secret.as_ref(),
        }
    }

    pub(crate) fn site(&self) -> Option<&str> {
        match self {
            Self::Fixed(fixed) => fixed.site.as_deref(),
            Self::Discovered(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_even_with_spaces_in_the_user() {
        let id = AccountId::new("server:git hub".replace(' ', "-"), "aliyun:intl:a b");
        assert_eq!(AccountId::from_key(&id.key()), Some(id));
        assert_eq!(AccountId::from_key("nothing"), None);
    }

    #[test]
    fn another_url_or_application_is_another_binding() {
        let one = Discovered {
            name: "server:x".into(),
            url: "https://a.example/mcp".into(),
            ..Discovered::default()
        };
        let other_url = Discovered {
            url: "https://b.example/mcp".into(),
            ..one.clone()
        };
        let other_client = Discovered {
            client_id: Some("c".into()),
            ..one.clone()
        };
        let binding = Provider::Discovered(one).binding();
        assert_ne!(binding, Provider::Discovered(other_url).binding());
        assert_ne!(binding, Provider::Discovered(other_client).binding());
    }
}
