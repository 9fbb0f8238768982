//! What a store says about its key: where it is kept, and how to tell that it is the right one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::fault::Source;
use crate::seal::{DataKey, NoRandomness};

/// Kept in the clear in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    pub(crate) source: Source,
    /// The keychain's item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// How the passphrase becomes the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) derivation: Option<Derivation>,
    /// A value that only the right key opens.
    check: String,
}

/// Argon2id's salt and costs, of the day on which the store was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Derivation {
    /// 16 bytes as base64.
    pub(crate) salt: String,
    /// In KiB.
    pub(crate) memory: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

const KIND: &str = "key check";

// === impl Record ===

impl Record {
    /// The record of a key.
    pub(crate) fn new(source: Source, key: &DataKey) -> Result<Self, NoRandomness> {
        Ok(Self {
            source,
            account: None,
            derivation: None,
            check: STANDARD.encode(key.seal(KIND, "", b"")?),
        })
    }

    /// Whether this is the key that the store is sealed with.
    pub(crate) fn is_of(&self, key: &DataKey) -> bool {
        STANDARD
            .decode(&self.check)
            .is_ok_and(|check| key.unseal(KIND, "", &check).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_knows_its_key_also_after_it_was_written_down() {
        let key = DataKey::new([7; 32]);
        let mut record = Record::new(Source::Passphrase, &key)
            .unwrap_or_else(|_| panic!("there are random numbers here"));
        record.derivation = Some(Derivation {
            salt: "c2FsdA==".into(),
            memory: 64,
            passes: 1,
            lanes: 1,
        });
        let text = serde_json::to_string(&record).unwrap_or_default();
        let again: Record = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
        assert_eq!(again, record);
        assert!(again.is_of(&key));
        assert!(!again.is_of(&DataKey::new([8; 32])));
    }
}
