//! The key from a passphrase: Argon2id (RFC 9106), away from the threads that serve.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::fault::Fault;
use crate::record::Derivation;
use crate::seal::{DataKey, NoRandomness, random};
use crate::secret::Secret;

/// A new salt, and the costs of today: what RFC 9106 recommends where memory is short.
pub(super) fn derivation() -> Result<Derivation, NoRandomness> {
    Ok(Derivation {
        salt: STANDARD.encode(random::<16>()?),
        memory: 64 * 1024,
        passes: 3,
        lanes: 1,
    })
}

/// The passphrase's key; none if the derivation makes no sense.
pub(super) async fn derive(
    passphrase: Secret,
    derivation: Derivation,
) -> Result<Option<DataKey>, Fault> {
    tokio::task::spawn_blocking(move || derive_now(&passphrase, &derivation))
        .await
        .map_err(|_| Fault::Interrupted)
}

fn derive_now(passphrase: &Secret, derivation: &Derivation) -> Option<DataKey> {
    let Derivation {
        memory,
        passes,
        lanes,
        ..
    } = *derivation;
    let salt = STANDARD.decode(&derivation.salt).ok()?;
    let params = Params::new(memory, passes, lanes, Some(32)).ok()?;
    let mut key = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.reveal().as_bytes(), &salt, &mut key)
        .ok()?;
    Some(DataKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap(salt: &str) -> Derivation {
        Derivation {
            salt: STANDARD.encode(salt),
            memory: 64,
            passes: 1,
            lanes: 1,
        }
    }

    fn key(passphrase: &str, derivation: &Derivation) -> Option<[u8; 32]> {
        derive_now(&Secret::new(passphrase), derivation).map(|key| *key.bytes())
    }

    #[test]
    fn passphrase_and_salt_make_the_key() {
        let salt = cheap("0123456789abcdef");
        assert!(key("words", &salt).is_some());
        assert_eq!(key("words", &salt), key("words", &salt));
        assert_ne!(key("words", &salt), key("other words", &salt));
        assert_ne!(
            key("words", &salt),
            key("words", &cheap("fedcba9876543210"))
        );
        assert_eq!(key("words", &cheap("short")), None);
    }
}
