//! A text that must not be seen.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret text: wiped from memory when dropped, hidden in `Debug`, and without `Serialize`, so
/// that it cannot get into a log or an answer by accident. [`exposed`] is the way into a document
/// that is about to be sealed.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

// === impl Secret ===

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, at the point of use.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Secret {
    /// Takes equally long wherever two texts of one length differ.
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Writes and reads secrets in the open, for documents that are sealed as a whole:
/// `#[serde(with = "vault::exposed")]`, or `"vault::exposed::option"` for an `Option<Secret>`
/// (beside `default`, so that it may be left out).
pub mod exposed {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Secret;

    /// Writes the text.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.reveal())
    }

    /// Reads a text.
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        String::deserialize(deserializer).map(Secret::new)
    }

    /// The same for an `Option<Secret>`.
    pub mod option {
        use super::{Deserialize, Deserializer, Secret, Serialize, Serializer};

        /// Writes the text, or null.
        ///
        /// # Errors
        /// Those of the serializer.
        pub fn serialize<S: Serializer>(
            secret: &Option<Secret>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            secret.as_ref().map(Secret::reveal).serialize(serializer)
        }

        /// Reads a text, or null.
        ///
        /// # Errors
        /// Those of the deserializer.
        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Secret>, D::Error> {
            Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Tokens {
        #[serde(with = "exposed")]
        access: Secret,
        #[serde(with = "exposed::option", default)]
        refresh: Option<Secret>,
    }

    #[test]
    fn debug_shows_nothing_of_it() {
        let shown = format!("{:?} {:#?}", Secret::new("hush"), Some(Secret::new("hush")));
        assert!(!shown.contains("hush"), "{shown}");
        assert!(shown.contains("Secret(…)"), "{shown}");
    }

    #[test]
    fn equal_texts_are_equal() {
        assert_eq!(Secret::new("one"), Secret::new("one"));
        assert_ne!(Secret::new("one"), Secret::new("two"));
        assert_ne!(Secret::new("one"), Secret::new("on"));
    }

    #[test]
    fn a_document_to_be_sealed_can_hold_secrets() {
        for refresh in [None, Some(Secret::new("again"))] {
            let tokens = Tokens {
                access: Secret::new("now"),
                refresh,
            };
            let text = serde_json::to_string(&tokens).unwrap_or_default();
            assert!(text.contains("now"));
            assert_eq!(serde_json::from_str::<Tokens>(&text).ok(), Some(tokens));
        }
        assert!(serde_json::from_str::<Tokens>(r#"{"access":"now"}"#).is_ok());
    }
}
