//! What is asked of the fake and what it hands out, as plain values.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// An application that may sign its users in.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) redirects: Vec<String>,
    /// Without one it is a public client.
    pub(super) secret: Option<String>,
}

/// An authorization request that was found to be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) client: String,
    pub(super) redirect: String,
    pub(super) scope: String,
    pub(super) state: Option<String>,
    pub(super) challenge: String,
    pub(super) resource: Option<String>,
}

/// A token request for a code, beside the code.
pub(super) struct Exchange<'a> {
    pub(super) client: &'a str,
    pub(super) redirect: Option<&'a str>,
    pub(super) verifier: Option<&'a str>,
    pub(super) resource: Option<&'a str>,
}

/// A token request that was refused; the words of RFC 6749, 5.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) error: &'static str,
    pub(super) why: &'static str,
}

/// Tokens as they are handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Issued {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    pub(super) scope: String,
}

/// Every token that a user was ever given, to look for where none may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tokens {
    /// Access tokens, oldest first.
    pub access: Vec<String>,
    /// Refresh tokens, oldest first.
    pub refresh: Vec<String>,
    /// Those of both that are good for something now.
    pub live: Vec<String>,
}

/// Whose token it is, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) user: String,
    pub(super) scope: String,
    pub(super) resource: Option<String>,
}

/// The S256 challenge of a verifier (RFC 7636, 4.2).
pub(super) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// A name that cannot be guessed; what it is can be read from it.
pub(super) fn random(what: &str) -> String {
    let mut bytes = [0; 18];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    format!("{what}-{}", URL_SAFE_NO_PAD.encode(bytes))
}
