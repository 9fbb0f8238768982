//! A text in both languages as the gateway's API sends it.

use gateway::words::Words;
use serde::Deserialize;

/// What becomes `Words` when it has been read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Said {
    en: String,
    zh: String,
}

impl From<Said> for Words {
    fn from(said: Said) -> Self {
        Self::new(said.en, said.zh)
    }
}
