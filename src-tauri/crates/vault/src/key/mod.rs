//! Getting the data key of a store: the one it was sealed with, or a first one.
//!
//! A store is bound to the place its first key came from. Later on that key is found, or there is
//! a fault that says which key is wanted; no other key ever takes its place.

mod file;
mod keychain;
mod passphrase;
mod text;

use crate::database::Database;
use crate::fault::{Fault, Source};
use crate::options::Options;
use crate::record::Record;
use crate::seal::{DataKey, NoRandomness};

/// A key that has been found to be the store's.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) key: DataKey,
    /// None: the store is in memory, and so is its key.
    pub(crate) source: Option<Source>,
}

/// The key of this store.
pub(crate) async fn open(database: &Database, options: &Options) -> Result<Held, Fault> {
    if let Some(record) = database.record().await? {
        return recorded(&record, database, options).await;
    }
    let (key, record) = first(options).await?;
    match database.keep_record(&record).await? {
        None => Ok(Held {
            key,
            source: Some(record.source),
        }),
        Some(other) => {
            // Another process has begun the store in the meantime: its key counts.
            if let Some(account) = record.account
                && let Err(fault) = keychain::forget(account).await
            {
                tracing::warn!(%fault, "a key that is not used stays in the keychain");
            }
            recorded(&other, database, options).await
        }
    }
}

/// Which key to try on a store that was sealed with one from `sealed`.
fn choose(sealed: Source, options: &Options) -> Option<Source> {
    let variable = options.key.as_ref().map(|_| Source::Variable);
    let passphrase = options.passphrase.as_ref().map(|_| Source::Passphrase);
    match sealed {
        Source::Variable => variable.or(passphrase),
        Source::Passphrase => passphrase.or(variable),
        // Whoever gives a key means it: it is tried, and refused if it is another.
        Source::Keychain => variable
            .or(passphrase)
            .or(options.keychain.then_some(Source::Keychain)),
        Source::KeyFile => variable.or(passphrase).or(Some(Source::KeyFile)),
    }
}

/// The key that a store was sealed with.
async fn recorded(record: &Record, database: &Database, options: &Options) -> Result<Held, Fault> {
    let path = database.path().to_owned();
    let sealed = record.source;
    let Some(given) = choose(sealed, options) else {
        return Err(Fault::NotGiven { path, sealed });
    };
    let key = match (given, &options.key, &options.passphrase) {
        (Source::Variable, Some(text), _) => Some(text::read(text).ok_or(Fault::NotAKey)?),
        (Source::Passphrase, _, Some(passphrase)) => match &record.derivation {
            Some(derivation) => passphrase::derive(passphrase.clone(), derivation.clone()).await?,
            None => None,
        },
        (Source::Keychain, ..) => {
            let account = record.account.clone().unwrap_or_default();
            let found = keychain::read(account).await?;
            Some(found.ok_or_else(|| gone(&path, sealed))?)
        }
        (Source::KeyFile, ..) => {
            let found = file::read(&options.key_file())?;
            Some(found.ok_or_else(|| gone(&path, sealed))?)
        }
        (Source::Variable | Source::Passphrase, ..) => None,
    };
    match key {
        Some(key) if record.is_of(&key) => Ok(Held {
            key,
            source: Some(given),
        }),
        _ => Err(Fault::WrongKey {
            path,
            given,
            sealed,
        }),
    }
}

/// A first key, and what the store will say about it.
async fn first(options: &Options) -> Result<(DataKey, Record), Fault> {
    if let Some(text) = &options.key {
        let key = text::read(text).ok_or(Fault::NotAKey)?;
        let record = Record::new(Source::Variable, &key).map_err(no_randomness)?;
        return Ok((key, record));
    }
    if let Some(passphrase) = &options.passphrase {
        let derivation = passphrase::derivation().map_err(no_randomness)?;
        let key = passphrase::derive(passphrase.clone(), derivation.clone())
            .await?
            .ok_or(Fault::Interrupted)?;
        let mut record = Record::new(Source::Passphrase, &key).map_err(no_randomness)?;
        record.derivation = Some(derivation);
        return Ok((key, record));
    }
    if options.keychain {
        let key = DataKey::random().map_err(no_randomness)?;
        match keychain::keep(&key).await {
            Ok(account) => {
                let mut record = Record::new(Source::Keychain, &key).map_err(no_randomness)?;
                record.account = Some(account);
                return Ok((key, record));
            }
            // It may be asking its owner at this moment: not the time to do without it.
            Err(fault @ Fault::KeychainSilent { .. }) => return Err(fault),
            Err(fault) => tracing::warn!(
                %fault,
                "no keychain: the key of the stored secrets is kept in a file"
            ),
        }
    }
    let key = file::read_or_make(&options.key_file())?;
    let record = Record::new(Source::KeyFile, &key).map_err(no_randomness)?;
    Ok((key, record))
}

fn gone(path: &std::path::Path, sealed: Source) -> Fault {
    Fault::KeyGone {
        path: path.to_owned(),
        sealed,
    }
}

fn no_randomness(_: NoRandomness) -> Fault {
    Fault::Randomness
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn the_store_s_own_kind_of_key_comes_first_and_a_given_key_before_what_is_found() {
        let options = |key: bool, passphrase: bool, keychain: bool| Options {
            folder: "/data".into(),
            passphrase: passphrase.then(|| Secret::new("words")),
            key: key.then(|| Secret::new("key")),
            keychain,
        };
        let check = |sealed, options: Options, expected| {
            assert_eq!(choose(sealed, &options), expected, "{sealed:?} {options:?}");
        };
        use Source::{KeyFile, Keychain, Passphrase, Variable};
        check(Passphrase, options(true, true, true), Some(Passphrase));
        check(Variable, options(true, true, true), Some(Variable));
        check(Passphrase, options(true, false, true), Some(Variable));
        check(Passphrase, options(false, false, true), None);
        check(Variable, options(false, false, true), None);
        check(Keychain, options(false, false, true), Some(Keychain));
        check(Keychain, options(false, false, false), None);
        check(Keychain, options(true, false, true), Some(Variable));
        check(KeyFile, options(false, false, true), Some(KeyFile));
        check(KeyFile, options(false, true, true), Some(Passphrase));
    }
}
