//! One part of a change to the store.

use std::fmt;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::fault::Fault;

/// A document that is put into the store, or taken out of it.
///
/// Several of them make one transaction in [`Vault::change`](crate::Vault::change): all of them
/// happen, or none.
#[derive(Clone)]
pub struct Change {
    pub(crate) kind: &'static str,
    pub(crate) key: String,
    /// The new document as JSON in the clear; none: the document goes.
    pub(crate) document: Option<Zeroizing<Vec<u8>>>,
}

// === impl Change ===

impl Change {
    /// Puts a document in the place of the one with this kind and key, if there is one.
    ///
    /// # Errors
    /// The document cannot be written as JSON.
    pub fn put<T: Serialize>(
        kind: &'static str,
        key: impl Into<String>,
        document: &T,
    ) -> Result<Self, Fault> {
        let document = serde_json::to_vec(document).map_err(|error| Fault::Document {
            kind,
            cause: error.to_string(),
        })?;
        Ok(Self {
            kind,
            key: key.into(),
            document: Some(Zeroizing::new(document)),
        })
    }

    /// Takes a document out; nothing happens if there is none.
    pub fn delete(kind: &'static str, key: impl Into<String>) -> Self {
        Self {
            kind,
            key: key.into(),
            document: None,
        }
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.document {
            Some(_) => "put",
            None => "delete",
        };
        write!(f, "{what} {}/{}", self.kind, self.key)
    }
}
