//! The key in the system's keychain: Secret Service, macOS Keychain, Windows Credential Manager.

use std::time::Duration;

use keyring::{Entry, Error};
use tokio::sync::oneshot;

use crate::fault::Fault;
use crate::seal::{DataKey, random};
use crate::secret::Secret;

use super::text;

const SERVICE: &str = "MCP Gateway";

/// Long enough to type a password into the window that a locked keychain opens.
const PATIENCE: Duration = Duration::from_secs(60);

/// Keeps a first key and gives the name of its item, which is new: no two stores share one.
///
/// Whether there is a keychain shows only when it is used: an entry can be made without any, so
/// something is really set, read and deleted first.
pub(super) async fn keep(key: &DataKey) -> Result<String, Fault> {
    let name = random::<16>().map_err(|_| Fault::Randomness)?;
    let account: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = text::write(key);
    on_keychain(PATIENCE, move || {
        probe(&account)?;
        let entry = Entry::new(SERVICE, &account)?;
        entry.set_password(text.reveal())?;
        same(&entry, &text)?;
        Ok(account)
    })
    .await
}

/// The key in an item; none if the item is gone.
pub(super) async fn read(account: String) -> Result<Option<DataKey>, Fault> {
    let text = on_keychain(PATIENCE, move || {
        match Entry::new(SERVICE, &account)?.get_password() {
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        }
    })
    .await?;
    match text {
        None => Ok(None),
        Some(text) => text::read(&text).map(Some).ok_or_else(|| Fault::Keychain {
            cause: "its item does not hold a key".into(),
        }),
    }
}

/// Deletes an item.
pub(super) async fn forget(account: String) -> Result<(), Fault> {
    on_keychain(PATIENCE, move || {
        Entry::new(SERVICE, &account)?.delete_credential()
    })
    .await
}

fn probe(account: &str) -> Result<(), Error> {
    let entry = Entry::new(SERVICE, &format!("probe {account}"))?;
    let text = Secret::new(account);
    entry.set_password(text.reveal())?;
    let read = same(&entry, &text);
    entry.delete_credential()?;
    read
}

/// Whether the keychain gives back what it was given.
fn same(entry: &Entry, text: &Secret) -> Result<(), Error> {
    let read = Secret::new(entry.get_password()?);
    if read == *text {
        Ok(())
    } else {
        Err(Error::BadStoreFormat(
            "it gives back something else than it was given".into(),
        ))
    }
}

/// Runs `job` on a thread of its own, and waits for it no longer than `patience`.
///
/// Not on the runtime's blocking threads: the runtime waits for those when it ends, and a keychain
/// that is asking a person who is not there would hold up the gateway's exit. The thread that is
/// left behind ends with its answer or with the process. Nor on a thread that serves: the D-Bus
/// library blocks, and panics there.
async fn on_keychain<T: Send + 'static>(
    patience: Duration,
    job: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Fault> {
    let (answer, answered) = oneshot::channel();
    std::thread::Builder::new()
        .name("keychain".into())
        .spawn(move || {
            // Nobody listens any more if this took too long.
            _ = answer.send(job());
        })
        .map_err(refused)?;
    match tokio::time::timeout(patience, answered).await {
        Ok(Ok(outcome)) => outcome.map_err(refused),
        Ok(Err(_)) => Err(refused("its library panicked")),
        Err(_) => Err(Fault::KeychainSilent {
            seconds: patience.as_secs(),
        }),
    }
}

fn refused(cause: impl ToString) -> Fault {
    Fault::Keychain {
        cause: cause.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_keychain_that_does_not_answer_is_not_waited_for() {
        let (release, held) = std::sync::mpsc::channel::<()>();
        let outcome = on_keychain(Duration::from_secs(60), move || {
            _ = held.recv();
            Ok(())
        })
        .await;
        assert_eq!(outcome, Err(Fault::KeychainSilent { seconds: 60 }));
        drop(release);
    }

    #[tokio::test]
    async fn a_library_that_panics_takes_nobody_with_it() {
        let outcome = on_keychain(PATIENCE, || -> Result<(), Error> {
            Err(Error::BadStoreFormat(
                String::from_utf8(vec![0xff]).expect("a panic"),
            ))
        })
        .await;
        assert!(
            matches!(outcome, Err(Fault::Keychain { .. })),
            "{outcome:?}"
        );
    }
}
