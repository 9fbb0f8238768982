//! The vault: what the other crates hold.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, OnceCell};

use crate::change::Change;
use crate::database::{Database, SealedChange};
use crate::fault::Fault;
use crate::key::{self, Held};
use crate::names::{self, Entry, is_name};
use crate::options::Options;
use crate::seal::DataKey;
use crate::secret::{Secret, exposed};
use crate::state::KeyState;

/// A store of sealed documents and named secrets; clones share it.
///
/// Nothing is opened before it is needed: without secrets there is no file and no question to the
/// keychain. The key is fetched once for everybody who waits for it, within a deadline; if it
/// cannot be had they all get the reason, and the next use tries again.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    place: Place,
    database: OnceCell<Database>,
    held: OnceCell<Held>,
    opening: Mutex<Option<Fault>>,
    /// How many openings have ended.
    ended: AtomicU64,
}

enum Place {
    Memory,
    Folder(Options),
}

/// A named secret as it is sealed.
#[derive(serde::Serialize, serde::Deserialize)]
struct Named {
    #[serde(with = "exposed")]
    value: Secret,
}

// === impl Vault ===

impl Vault {
    /// The vault of a data folder.
    pub fn new(options: Options) -> Self {
        Self::at(Place::Folder(options))
    }

    /// A vault without a file, gone with its last clone: for tests.
    pub fn in_memory() -> Self {
        Self::at(Place::Memory)
    }

    fn at(place: Place) -> Self {
        Self(Arc::new(Inner {
            place,
            database: OnceCell::new(),
            held: OnceCell::new(),
            opening: Mutex::new(None),
            ended: AtomicU64::new(0),
        }))
    }

    /// Where the key is. Asks no keychain: what was not wanted yet is told as the store records it.
    pub async fn state(&self) -> KeyState {
        let Place::Folder(options) = &self.0.place else {
            return KeyState::Unused;
        };
        if let Some(Held {
            source: Some(source),
            ..
        }) = self.0.held.get()
        {
            return KeyState::at(*source, options.key_file());
        }
        if self.0.ended.load(Ordering::Acquire) > 0
            && let Ok(last) = self.0.opening.try_lock()
            && let Some(fault) = &*last
        {
            return KeyState::Locked(fault.clone());
        }
        let record = match self.existing().await {
            Ok(Some(database)) => database.record().await,
            Ok(None) => Ok(None),
            Err(fault) => Err(fault),
        };
        match record {
            Ok(Some(record)) => KeyState::at(record.source, options.key_file()),
            Ok(None) => KeyState::Unused,
            Err(fault) => KeyState::Locked(fault),
        }
    }

    /// Whether reading asks nobody for the key: it is here already, or nothing was ever sealed.
    pub fn is_at_hand(&self) -> bool {
        match &self.0.place {
            Place::Memory => true,
            Place::Folder(options) => self.0.held.get().is_some() || !options.store().exists(),
        }
    }

    /// The value of a named secret.
    ///
    /// # Errors
    /// The store cannot be read, or its key not be had.
    pub async fn secret(&self, name: &str) -> Result<Option<Secret>, Fault> {
        let named: Option<Named> = self.get(names::KIND, name).await?;
        Ok(named.map(|named| named.value))
    }

    /// Sets or replaces a named secret.
    ///
    /// # Errors
    /// The name is none ([`is_name`]), or the store cannot be written, or its key not be had.
    pub async fn set_secret(&self, name: &str, value: &Secret) -> Result<(), Fault> {
        if !is_name(name) {
            return Err(Fault::Name { name: name.into() });
        }
        let named = Named {
            value: value.clone(),
        };
        self.change(vec![Change::put(names::KIND, name, &named)?])
            .await
    }

    /// Forgets a named secret; whether there was one.
    ///
    /// # Errors
    /// The store cannot be written. The key is not needed.
    pub async fn remove_secret(&self, name: &str) -> Result<bool, Fault> {
        let Some(database) = self.existing().await? else {
            return Ok(false);
        };
        let gone = SealedChange {
            kind: names::KIND,
            key: name.into(),
            value: None,
        };
        Ok(database.change(vec![gone], now()).await? > 0)
    }

    /// The named secrets, by name, without their values.
    ///
    /// # Errors
    /// The store cannot be read. The key is not needed.
    pub async fn secrets(&self) -> Result<Vec<Entry>, Fault> {
        let Some(database) = self.existing().await? else {
            return Ok(Vec::new());
        };
        let keys = database.keys(names::KIND).await?;
        Ok(keys
            .into_iter()
            .map(|(name, changed)| Entry {
                name,
                changed: u64::try_from(changed).unwrap_or(0),
            })
            .collect())
    }

    /// A document.
    ///
    /// # Errors
    /// The store cannot be read, its key not be had, or the document does not have this form.
    pub async fn get<T: DeserializeOwned>(
        &self,
        kind: &'static str,
        key: &str,
    ) -> Result<Option<T>, Fault> {
        let Some(database) = self.existing().await? else {
            return Ok(None);
        };
        let Some(sealed) = database.get(kind, key).await? else {
            return Ok(None);
        };
        let held = self.key().await?;
        unseal(database, &held.key, kind, key, &sealed).map(Some)
    }

    /// Every document of a kind, by key. Where there is none, the key is not needed.
    ///
    /// # Errors
    /// The store cannot be read, its key not be had, or a document does not have this form.
    pub async fn all<T: DeserializeOwned>(
        &self,
        kind: &'static str,
    ) -> Result<Vec<(String, T)>, Fault> {
        let Some(database) = self.existing().await? else {
            return Ok(Vec::new());
        };
        let sealed = database.all(kind).await?;
        if sealed.is_empty() {
            return Ok(Vec::new());
        }
        let held = self.key().await?;
        sealed
            .into_iter()
            .map(|(key, sealed)| {
                let document = unseal(database, &held.key, kind, &key, &sealed)?;
                Ok((key, document))
            })
            .collect()
    }

    /// Makes all these changes in one transaction, or none; they are on the disk when this returns.
    ///
    /// # Errors
    /// The store cannot be written, or its key not be had.
    pub async fn change(&self, changes: Vec<Change>) -> Result<(), Fault> {
        let deletes_only = changes.iter().all(|change| change.document.is_none());
        if deletes_only {
            let Some(database) = self.existing().await? else {
                return Ok(());
            };
            let gone = changes.into_iter().map(|change| SealedChange {
                kind: change.kind,
                key: change.key,
                value: None,
            });
            return database.change(gone.collect(), now()).await.map(drop);
        }
        let held = self.key().await?;
        let sealed = changes
            .into_iter()
            .map(|change| {
                let value = change
                    .document
                    .map(|document| held.key.seal(change.kind, &change.key, &document))
                    .transpose()
                    .map_err(|_| Fault::Randomness)?;
                Ok(SealedChange {
                    kind: change.kind,
                    key: change.key,
                    value,
                })
            })
            .collect::<Result<Vec<_>, Fault>>()?;
        self.database().await?.change(sealed, now()).await.map(drop)
    }

    /// Writes everything down and lets go of the file. Later uses of any clone fail.
    pub async fn close(&self) {
        if let Some(database) = self.0.database.get() {
            database.close().await;
        }
    }

    /// The store if there is one: reading makes no file.
    async fn existing(&self) -> Result<Option<&Database>, Fault> {
        if self.0.database.get().is_none()
            && let Place::Folder(options) = &self.0.place
            && !options.store().exists()
        {
            return Ok(None);
        }
        self.database().await.map(Some)
    }

    async fn database(&self) -> Result<&Database, Fault> {
        self.0
            .database
            .get_or_try_init(|| async {
                match &self.0.place {
                    Place::Memory => Database::in_memory().await,
                    Place::Folder(options) => Database::open(&options.store()).await,
                }
            })
            .await
    }

    /// The key, fetched if this is the first use.
    async fn key(&self) -> Result<Held, Fault> {
        if let Some(held) = self.0.held.get() {
            return Ok(held.clone());
        }
        let seen = self.0.ended.load(Ordering::Acquire);
        let vault = self.clone();
        // A task of its own: a caller that goes away (its client hung up) must not throw away the
        // password that the keychain's window is just being given.
        let opening = tokio::spawn(async move { vault.fetch_key(seen).await });
        opening.await.unwrap_or(Err(Fault::Interrupted))
    }

    /// Fetches the key, unless somebody has done so since `seen` openings had ended: whoever
    /// waited for them shares what they came to, so that a keychain is not asked once for each.
    async fn fetch_key(&self, seen: u64) -> Result<Held, Fault> {
        let mut last = self.0.opening.lock().await;
        if let Some(held) = self.0.held.get() {
            return Ok(held.clone());
        }
        if self.0.ended.load(Ordering::Acquire) != seen
            && let Some(fault) = &*last
        {
            return Err(fault.clone());
        }
        let outcome = match &self.0.place {
            Place::Memory => DataKey::random()
                .map(|key| Held { key, source: None })
                .map_err(|_| Fault::Randomness),
            Place::Folder(options) => match self.database().await {
                Ok(database) => key::open(database, options).await,
                Err(fault) => Err(fault),
            },
        };
        *last = outcome.as_ref().err().cloned();
        if let Ok(held) = &outcome {
            // The lock is held: nobody else can have set it.
            _ = self.0.held.set(held.clone());
        }
        self.0.ended.fetch_add(1, Ordering::AcqRel);
        outcome
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0.place {
            Place::Memory => f.write_str("Vault(in memory)"),
            Place::Folder(options) => write!(f, "Vault({})", options.store().display()),
        }
    }
}

// === impl Options ===

impl Options {
    fn store(&self) -> PathBuf {
        self.folder.join("store.db")
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.folder.join("store.key")
    }
}

fn unseal<T: DeserializeOwned>(
    database: &Database,
    data_key: &DataKey,
    kind: &'static str,
    key: &str,
    sealed: &[u8],
) -> Result<T, Fault> {
    let plain = data_key
        .unseal(kind, key, sealed)
        .ok_or_else(|| Fault::Damaged {
            path: database.path().to_owned(),
            document: format!("{kind}/{key}"),
        })?;
    serde_json::from_slice(&plain).map_err(|error| Fault::Document {
        kind,
        // Serde quotes what it did not expect; the place is enough, and no secret.
        cause: format!("line {}, column {}", error.line(), error.column()),
    })
}

/// Seconds since 1970.
fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        })
}
