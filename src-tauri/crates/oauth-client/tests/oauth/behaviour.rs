//! How the authorization server of these stories behaves, and misbehaves.

use std::time::Duration;

use serde_json::{Value, json};

/// Where a document is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Challenge,
    Inserted,
    Root,
    OidcInserted,
    OidcAppended,
    Nowhere,
}

/// How the server behaves.
#[derive(Clone)]
pub(crate) struct Behaviour {
    pub(crate) issuer_path: &'static str,
    pub(crate) resource_at: Place,
    pub(crate) metadata_at: Place,
    pub(crate) pkce: bool,
    pub(crate) says_issuer: bool,
    /// The issuer that the metadata names, if not its own.
    pub(crate) false_issuer: Option<&'static str>,
    /// The resource that the resource's metadata names, if not its own.
    pub(crate) false_resource: Option<&'static str>,
    pub(crate) registers: bool,
    pub(crate) reads_documents: bool,
    pub(crate) client_secret: Option<&'static str>,
    /// A superseded refresh token is good once more.
    pub(crate) grace: bool,
    pub(crate) expires_in: Value,
    pub(crate) refresh_tokens: bool,
    pub(crate) id_token: bool,
    pub(crate) userinfo: Option<Value>,
    /// The next token requests fail with 500 before anything happens.
    pub(crate) fail: u32,
    /// The next token requests are carried out, but their answers get lost.
    pub(crate) lose: u32,
    /// How long the answers of the token endpoint take once all is done.
    pub(crate) slow: Duration,
    pub(crate) metadata_fails: bool,
    /// The MCP endpoint takes no token at all.
    pub(crate) refuses_all: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            issuer_path: "",
            resource_at: Place::Challenge,
            metadata_at: Place::Inserted,
            pkce: true,
            says_issuer: true,
            false_issuer: None,
            false_resource: None,
            registers: true,
            reads_documents: false,
            client_secret: None,
            grace: false,
            expires_in: json!(3600),
            refresh_tokens: true,
            id_token: true,
            userinfo: None,
            fail: 0,
            lose: 0,
            slow: Duration::ZERO,
            metadata_fails: false,
            refuses_all: false,
        }
    }
}
