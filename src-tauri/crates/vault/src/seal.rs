//! Sealing one value: XChaCha20-Poly1305, bound to where the value belongs.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// The key that everything in a store is sealed with.
#[derive(Clone)]
pub(crate) struct DataKey(Zeroizing<[u8; 32]>);

/// The first byte of a sealed value: how the rest is made.
const FORMAT: u8 = 1;
const NONCE: usize = 24;

/// No random numbers are to be had from the system.
#[derive(Debug)]
pub(crate) struct NoRandomness;

// === impl DataKey ===

impl DataKey {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A new key that nobody else has.
    pub(crate) fn random() -> Result<Self, NoRandomness> {
        random().map(Self::new)
    }

    /// The key's bytes, for the place where it is kept.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Seals a value for one kind and key: it opens nowhere else.
    ///
    /// The nonce is random: 24 bytes are enough for as many values as a store will ever see.
    pub(crate) fn seal(
        &self,
        kind: &str,
        key: &str,
        value: &[u8],
    ) -> Result<Vec<u8>, NoRandomness> {
        let nonce: [u8; NONCE] = random()?;
        let payload = Payload {
            msg: value,
            aad: &belongs(kind, key),
        };
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .expect("BUG: a value of less than 256 GiB can be sealed");
        let mut whole = Vec::with_capacity(1 + NONCE + sealed.len());
        whole.push(FORMAT);
        whole.extend_from_slice(&nonce);
        whole.extend_from_slice(&sealed);
        Ok(whole)
    }

    /// Opens a value; none if it was sealed with another key, for another place, or was altered.
    pub(crate) fn unseal(
        &self,
        kind: &str,
        key: &str,
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (&format, rest) = sealed.split_first()?;
        let (nonce, sealed) = rest.split_at_checked(NONCE)?;
        if format != FORMAT {
            return None;
        }
        let payload = Payload {
            msg: sealed,
            aad: &belongs(kind, key),
        };
        self.cipher()
            .decrypt(&XNonce::try_from(nonce).ok()?, payload)
            .ok()
            .map(Zeroizing::new)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&(*self.0).into())
    }
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// Where a value belongs. The length keeps `a` + `bc` apart from `ab` + `c`.
fn belongs(kind: &str, key: &str) -> Vec<u8> {
    let mut whole = Vec::with_capacity(9 + kind.len() + key.len());
    whole.push(FORMAT);
    whole.extend_from_slice(&(kind.len() as u64).to_le_bytes());
    whole.extend_from_slice(kind.as_bytes());
    whole.extend_from_slice(key.as_bytes());
    whole
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> DataKey {
        DataKey::new([byte; 32])
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_in_its_place_and_nowhere_else(
            kind in ".{0,8}", name in ".{0,8}", other_kind in ".{0,8}", other_name in ".{0,8}",
            value in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let sealed = key(1).seal(&kind, &name, &value).map_err(|_| TestCaseError::fail("random"))?;
            let opened = key(1).unseal(&kind, &name, &sealed);
            prop_assert_eq!(opened.as_deref(), Some(&value));
            prop_assert!(key(2).unseal(&kind, &name, &sealed).is_none());
            if (&kind, &name) != (&other_kind, &other_name) {
                prop_assert!(key(1).unseal(&other_kind, &other_name, &sealed).is_none());
            }
        }

        #[test]
        fn an_altered_value_opens_never(
            value in prop::collection::vec(any::<u8>(), 0..60),
            at in any::<prop::sample::Index>(), bit in 0..8u8, cut in any::<prop::sample::Index>(),
        ) {
            let sealed = key(1).seal("kind", "key", &value).map_err(|_| TestCaseError::fail("random"))?;
            let mut altered = sealed.clone();
            altered[at.index(sealed.len())] ^= 1 << bit;
            prop_assert!(key(1).unseal("kind", "key", &altered).is_none());
            prop_assert!(key(1).unseal("kind", "key", &sealed[..cut.index(sealed.len())]).is_none());
        }
    }

    #[test]
    fn a_letter_that_moves_from_kind_to_key_is_noticed() {
        let sealed = key(1).seal("ab", "c", b"x").unwrap_or_default();
        assert!(key(1).unseal("a", "bc", &sealed).is_none());
        assert!(key(1).unseal("ab", "c", &sealed).is_some());
    }

    #[test]
    fn the_same_value_never_looks_the_same() {
        let one = key(1).seal("kind", "key", b"x").unwrap_or_default();
        let two = key(1).seal("kind", "key", b"x").unwrap_or_default();
        assert_ne!(one, two);
    }
}
