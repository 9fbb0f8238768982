//! Getting the data key of a store.

use crate::database::Database;
use crate::fault::{Fault, Source};
use crate::options::Options;
use crate::seal::DataKey;

/// A key that has been found to be the store's.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) key: DataKey,
    /// None: the store is in memory, and so is its key.
    pub(crate) source: Option<Source>,
}

/// The key of this store.
pub(crate) async fn open(_database: &Database, _options: &Options) -> Result<Held, Fault> {
    Err(Fault::NotAKey)
}
