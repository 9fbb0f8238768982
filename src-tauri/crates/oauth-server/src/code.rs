//! Authorization codes: what a client gets through the browser and exchanges for tokens.
//!
//! A code lives a minute and in memory only, and is taken by its first use, right or
//! wrong. What it is bound to must be shown again: client, redirect address, the PKCE
//! secret (RFC 7636) and the resource.

use std::collections::HashMap;

use subtle::ConstantTimeEq as _;

use crate::digest::Digest;
use crate::resource::Audience;

/// Seconds that a code lives.
pub(crate) const LIFE: u64 = 60;
/// Most codes that wait to be exchanged.
const MOST: usize = 1000;

/// What a code stands for.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) client_id: String,
    pub(crate) client_name: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    pub(crate) audience: Audience,
    pub(crate) resource: String,
    pub(crate) scope: String,
    pub(crate) user: String,
    pub(crate) expires_at: u64,
}

/// What a client shows together with a code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) verifier: &'a str,
    /// `None` if the client names no resource.
    pub(crate) audience: Option<&'a Audience>,
}

/// Why a code gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoTokens {
    Expired,
    Client,
    Redirect,
    Verifier,
    Resource,
}

/// The codes that wait to be exchanged.
#[derive(Debug, Default)]
pub(crate) struct Codes(HashMap<Digest, Code>);

// === impl Code ===

impl Code {
    /// Whether whoever shows the code is the one it was made for.
    pub(crate) fn check(&self, shown: Shown<'_>, now: u64) -> Result<(), NoTokens> {
        let challenge = Digest::of(shown.verifier).text();
        let fits: bool = challenge.as_bytes().ct_eq(self.challenge.as_bytes()).into();
        if self.expires_at <= now {
            Err(NoTokens::Expired)
        } else if shown.client_id != self.client_id {
            Err(NoTokens::Client)
        } else if shown.redirect_uri != self.redirect_uri {
            Err(NoTokens::Redirect)
        } else if !is_verifier(shown.verifier) || !fits {
            Err(NoTokens::Verifier)
        } else if shown.audience.is_some_and(|asked| *asked != self.audience) {
            Err(NoTokens::Resource)
        } else {
            Ok(())
        }
    }
}

/// Whether a text can be a PKCE challenge of method S256: the base64url of 32 bytes.
pub(crate) fn is_challenge(text: &str) -> bool {
    text.len() == 43
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

// === impl NoTokens ===

impl NoTokens {
    /// What is wrong, for the developer of the client.
    pub(crate) fn why(self) -> &'static str {
        match self {
            Self::Expired => "the code has expired; sign in again",
            Self::Client => "the code was issued to another client",
            Self::Redirect => "redirect_uri is not the one that the code was sent to",
            Self::Verifier => "code_verifier does not fit the code_challenge",
            Self::Resource => "resource is not the one that was authorized",
        }
    }
}

// === impl Codes ===

impl Codes {
    /// Whether a code waits to be exchanged.
    pub(crate) fn holds(&self, digest: Digest) -> bool {
        self.0.contains_key(&digest)
    }

    /// Keeps a code; `false` if too many wait already.
    pub(crate) fn add(&mut self, digest: Digest, code: Code, now: u64) -> bool {
        self.0.retain(|_, code| code.expires_at > now);
        if self.0.len() >= MOST {
            return false;
        }
        self.0.insert(digest, code);
        true
    }

    /// Takes a code, so that it is used once at most.
    pub(crate) fn take(&mut self, digest: Digest) -> Option<Code> {
        self.0.remove(&digest)
    }

    /// Forgets the codes of a user.
    pub(crate) fn forget_user(&mut self, user: &str) {
        self.0.retain(|_, code| code.user != user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn code() -> Code {
        Code {
            client_id: "c".to_owned(),
            client_name: "C".to_owned(),
            redirect_uri: "http://localhost:1/cb".to_owned(),
            challenge: Digest::of(VERIFIER).text(),
            audience: Audience::Endpoint("/mcp".to_owned()),
            resource: "http://localhost:4298/mcp".to_owned(),
            scope: "mcp".to_owned(),
            user: "local".to_owned(),
            expires_at: 160,
        }
    }

    #[test]
    fn a_code_is_good_for_whom_it_was_made() {
        let ecs = Audience::Endpoint("/ecs/mcp".to_owned());
        let good = Shown {
            client_id: "c",
            redirect_uri: "http://localhost:1/cb",
            verifier: VERIFIER,
            audience: None,
        };
        let check = |shown: Shown<'_>, now, expected| {
            assert_eq!(code().check(shown, now), expected, "{shown:?}");
        };
        check(good, 159, Ok(()));
        check(
            Shown {
                audience: Some(&code().audience),
                ..good
            },
            100,
            Ok(()),
        );
        check(good, 160, Err(NoTokens::Expired));
        check(
            Shown {
                client_id: "d",
                ..good
            },
            100,
            Err(NoTokens::Client),
        );
        check(
            Shown {
                redirect_uri: "http://localhost:2/cb",
                ..good
            },
            100,
            Err(NoTokens::Redirect),
        );
        for verifier in ["", "short", &"a".repeat(43), &format!("{VERIFIER} ")] {
            check(Shown { verifier, ..good }, 100, Err(NoTokens::Verifier));
        }
        check(
            Shown {
                audience: Some(&ecs),
                ..good
            },
            100,
            Err(NoTokens::Resource),
        );
    }

    #[test]
    fn a_code_is_taken_once_and_their_number_is_bounded() {
        let mut codes = Codes::default();
        assert!(codes.add(Digest::of("x"), code(), 100));
        assert!(codes.take(Digest::of("x")).is_some());
        assert!(codes.take(Digest::of("x")).is_none());
        for n in 0..MOST {
            assert!(codes.add(Digest::of(&n.to_string()), code(), 100));
        }
        assert!(!codes.add(Digest::of("more"), code(), 100));
        assert!(codes.add(Digest::of("more"), code(), 200));
    }
}
