//! Random values that are given away, and the digests by which they are known here.
//!
//! Nothing that opens a door is kept: a token, a code or a cookie is looked up by
//! its SHA-256. A lookup by digest also leaves nothing to be learned from how long
//! it takes, because whoever guesses cannot choose the digest.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// The SHA-256 of something secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Digest([u8; 32]);

/// A new unguessable value: the prefix, then 32 random bytes in base64url.
///
/// # Panics
///
/// If the operating system has no randomness to give; nothing here could go on.
pub(crate) fn fresh(prefix: &str) -> String {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random::<32>()))
}

/// A new name for a record, which need not be secret but must not repeat.
pub(crate) fn name() -> String {
    URL_SAFE_NO_PAD.encode(random::<12>())
}

/// Random bytes.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("BUG: the operating system gives no random bytes");
    bytes
}

// === impl Digest ===

impl Digest {
    pub(crate) fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// The first byte, by which the table of tokens is split.
    pub(crate) fn shard(self) -> usize {
        usize::from(self.0[0])
    }

    /// In base64url, as PKCE writes its challenges (RFC 7636, section 4.2).
    pub(crate) fn text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digest(…)")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("not the base64url of 32 bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_do_not_repeat_and_have_the_promised_length() {
        let (one, two) = (fresh("mcpg_"), fresh("mcpg_"));
        assert_ne!(one, two);
        assert_eq!(one.len(), "mcpg_".len() + 43);
    }

    #[test]
    fn the_challenge_of_the_standards_example_comes_out() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(
            Digest::of(verifier).text(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn a_digest_survives_being_written_down() {
        let digest = Digest::of("x");
        let text = serde_json::to_string(&digest).expect("serializes");
        assert_eq!(
            serde_json::from_str::<Digest>(&text).expect("parses"),
            digest
        );
        assert!(serde_json::from_str::<Digest>("\"short\"").is_err());
    }
}
