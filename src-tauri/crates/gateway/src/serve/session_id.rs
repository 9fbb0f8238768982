//! Session ids that describe themselves: `base64url(claims ‖ random ‖ MAC)`.
//!
//! The MAC keeps anybody from making one up; the random part keeps them from
//! being guessed or repeated.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use eras::StateKey;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use wire::Version;

use super::session::Capabilities;
use crate::user::User;

/// Format of the claims; another one is not understood.
const FORMAT: u8 = 1;
/// format, version, capabilities, scope (4), issue time (8).
const CLAIMS: usize = 15;
const RANDOM: usize = 16;
const MAC: usize = 16;
/// Seconds for which an id is good.
const LIFETIME: u64 = 30 * 24 * 3600;

/// What an id says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) version: Version,
    pub(crate) capabilities: Capabilities,
    scope: [u8; 4],
}

/// The key of the MAC, kept in the data folder.
#[derive(Clone)]
pub(crate) struct SessionKey([u8; 32]);

impl std::fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionKey(…)")
    }
}

impl Claims {
    pub(crate) fn new(
        version: Version,
        capabilities: Capabilities,
        scope_name: &str,
        user: Option<&User>,
    ) -> Self {
        Self {
            version,
            capabilities,
            scope: scope_tag(scope_name, user),
        }
    }

    /// Whether the session was opened at this endpoint by this user.
    pub(crate) fn is_for(&self, scope_name: &str, user: Option<&User>) -> bool {
        self.scope == scope_tag(scope_name, user)
    }
}

impl SessionKey {
    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key that seals what modern clients are to bring with a retry.
    pub(crate) fn for_states(&self) -> StateKey {
        StateKey::derived_from(&self.0)
    }

    /// Writes a new id.
    pub(crate) fn issue(&self, claims: &Claims) -> Result<String, getrandom::Error> {
        let mut random = [0; RANDOM];
        getrandom::fill(&mut random)?;
        Ok(self.seal(claims, now(), &random))
    }

    /// Reads an id; `None` where it is forged, expired or of another format.
    pub(crate) fn verify(&self, id: &str) -> Option<Claims> {
        let bytes = URL_SAFE_NO_PAD
            .decode(id)
            .ok()
            .filter(|bytes| bytes.len() == CLAIMS + RANDOM + MAC)?;
        let (body, mac) = bytes.split_at(CLAIMS + RANDOM);
        self.mac(body).verify_truncated_left(mac).ok()?;
        let issued = u64::from_be_bytes(body[7..15].try_into().ok()?);
        if body[0] != FORMAT || now().saturating_sub(issued) > LIFETIME {
            return None;
        }
        Some(Claims {
            version: *Version::ALL.get(usize::from(body[1]))?,
            capabilities: Capabilities::from_bits(body[2]),
            scope: body[3..7].try_into().ok()?,
        })
    }

    fn seal(&self, claims: &Claims, issued: u64, random: &[u8; RANDOM]) -> String {
        let mut body = vec![FORMAT, claims.version as u8, claims.capabilities.bits()];
        body.extend_from_slice(&claims.scope);
        body.extend_from_slice(&issued.to_be_bytes());
        body.extend_from_slice(random);
        let mac = self.mac(&body).finalize().into_bytes();
        body.extend_from_slice(&mac[..MAC]);
        URL_SAFE_NO_PAD.encode(body)
    }

    fn mac(&self, body: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("BUG: HMAC takes keys of any length");
        mac.update(body);
        mac
    }
}

fn scope_tag(name: &str, user: Option<&User>) -> [u8; 4] {
    if name.is_empty() && user.is_none() {
        return [0; 4];
    }
    let mut digest = Sha256::new_with_prefix(name.as_bytes());
    if let Some(user) = user {
        // No name of a server holds this character.
        digest.update([0]);
        digest.update(user.name().as_bytes());
    }
    let digest = digest.finalize();
    [digest[0], digest[1], digest[2], digest[3] | 1]
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_gives_back_what_it_was_made_of() {
        let key = SessionKey::from_bytes([1; 32]);
        let claims = Claims::new(
            Version::V2025_03_26,
            Capabilities::from_bits(9),
            "files",
            None,
        );
        let id = key.issue(&claims).expect("random");
        assert!(id.bytes().all(|b| b.is_ascii_graphic()), "{id}");
        assert_eq!(key.verify(&id), Some(claims.clone()));
        assert!(claims.is_for("files", None));
        assert!(!claims.is_for("", None) && !claims.is_for("other", None));
        assert!(!claims.is_for("files", Some(&User::local())));
        assert_ne!(id, key.issue(&claims).expect("random"));
    }

    #[test]
    fn changed_expired_and_foreign_ids_are_refused() {
        let key = SessionKey::from_bytes([1; 32]);
        let claims = Claims::new(Version::LATEST, Capabilities::default(), "", None);
        let id = key.issue(&claims).expect("random");
        for at in 0..id.len() {
            let mut changed = id.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(key.verify(&changed), None, "byte {at}");
        }
        assert_eq!(key.verify(""), None);
        assert_eq!(key.verify("not base64!"), None);
        assert_eq!(SessionKey::from_bytes([2; 32]).verify(&id), None);
        let old = key.seal(&claims, now() - LIFETIME - 1, &[0; RANDOM]);
        assert_eq!(key.verify(&old), None);
    }
}
