//! The lock on a data folder, and the note that its holder leaves beside it.
//!
//! Two files: `gateway.lock`, which is empty and only ever locked, and `gateway.json`, which says
//! who holds it; for on Windows nobody can read what another has locked. The system releases the
//! lock when its process ends, however it ends. The note counts only while the lock is held, and
//! whoever gets the lock removes its predecessor's note first.

use std::fs::{File, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{Kind, Occupant};
use crate::private_file;
use crate::sync::Locked;

/// Somebody who only looks has the lock for an instant, and a gateway that ends lets go a moment
/// later than it is seen to end; so the lock is believed to be taken only after this time.
const PATIENCE: Duration = Duration::from_millis(300);
/// A gateway says where it listens before long; until then there is no note.
const NOTE: Duration = Duration::from_secs(2);
/// Of a gateway that leaves: its calls in flight may finish and its servers end, which takes
/// 38 s at most.
pub(super) const LEAVING: Duration = Duration::from_secs(45);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A data folder that is this process's own.
#[derive(Debug)]
pub struct Instance {
    note: PathBuf,
    kind: Kind,
    started: u64,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// `None` once released, and where the file system knows no locks.
    lock: Option<File>,
    released: bool,
    addresses: Vec<SocketAddr>,
    leaving: bool,
}

/// Why a data folder cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Another gateway has it; which one, if it has said so.
    #[error("another gateway has it")]
    Taken(Option<Box<Occupant>>),
    /// The folder cannot be used.
    #[error(transparent)]
    Io(io::Error),
}

// === impl Instance ===

impl Instance {
    /// Takes a data folder, which is made if need be.
    ///
    /// # Errors
    /// Another gateway has it, or it cannot be used.
    pub async fn claim(folder: &Path, kind: Kind) -> Result<Self, ClaimError> {
        private_file::create_folder(folder).map_err(ClaimError::Io)?;
        let file = open(folder).map_err(ClaimError::Io)?;
        let asked = Instant::now();
        let mut told = false;
        let lock = loop {
            match file.try_lock() {
                Ok(()) => break Some(file),
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    tracing::warn!(folder = %folder.display(), "the file system of the data folder knows no locks; take care that only one gateway uses it");
                    break None;
                }
                Err(TryLockError::Error(error)) => return Err(ClaimError::Io(error)),
                Err(TryLockError::WouldBlock) => {}
            }
            if asked.elapsed() > PATIENCE {
                let note = read_note(folder);
                let leaves = note.as_ref().is_some_and(|note| note.leaving);
                if leaves && !std::mem::replace(&mut told, true) {
                    tracing::info!(folder = %folder.display(), "the gateway before this one finishes its calls in flight; waiting for it");
                }
                let patience = match (&note, leaves) {
                    (None, _) => NOTE,
                    (Some(_), true) => LEAVING,
                    (Some(_), false) => PATIENCE,
                };
                if asked.elapsed() > patience {
                    return Err(ClaimError::Taken(note.map(Box::new)));
                }
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        };
        let instance = Self {
            note: note_path(folder),
            kind,
            started: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
            held: Mutex::new(Held {
                lock,
                ..Held::default()
            }),
        };
        instance.remove_note().map_err(ClaimError::Io)?;
        Ok(instance)
    }

    /// Notes where this gateway listens.
    ///
    /// # Errors
    /// Those of writing the note; others then know only that the folder is taken.
    pub fn listens_at(&self, addresses: Vec<SocketAddr>) -> io::Result<()> {
        let mut held = self.held.locked();
        held.addresses = addresses;
        self.write_note(&held)
    }

    /// Notes that it listens no more and will give the folder back by itself, so that a
    /// successor waits for it.
    pub(crate) fn leaves(&self) {
        let mut held = self.held.locked();
        held.leaving = true;
        if let Err(error) = self.write_note(&held) {
            tracing::warn!(path = %self.note.display(), %error, "a gateway that is started now is not told that this one leaves");
        }
    }

    /// Nothing once released: the folder may be another's.
    fn write_note(&self, held: &Held) -> io::Result<()> {
        if held.released {
            return Ok(());
        }
        let occupant = Occupant {
            pid: std::process::id(),
            kind: self.kind.clone(),
            addresses: held.addresses.clone(),
            started: self.started,
            leaving: held.leaving,
        };
        private_file::write(&self.note, &serde_json::to_vec_pretty(&occupant)?)
    }

    /// How this gateway was started.
    pub(crate) fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Gives the folder back: the note first, so that it never speaks for a successor.
    pub(crate) fn release(&self) {
        let mut held = self.held.locked();
        if std::mem::replace(&mut held.released, true) {
            return;
        }
        if let Err(error) = self.remove_note() {
            tracing::warn!(path = %self.note.display(), %error, "the note about this gateway could not be removed");
        }
        let Some(lock) = held.lock.take() else {
            return;
        };
        // Closing the file would do; but a child that is just being started may still share it.
        if let Err(error) = lock.unlock() {
            tracing::debug!(%error, "the data folder was not unlocked");
        }
    }

    fn remove_note(&self) -> io::Result<()> {
        match std::fs::remove_file(&self.note) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.release();
    }
}

/// The gateway that runs on a data folder now and says where it listens.
pub fn running(folder: &Path) -> Option<Occupant> {
    let note = read_note(folder)?;
    is_taken(folder).then_some(note)
}

/// Whether a gateway has the folder at this moment.
pub(super) fn is_taken(folder: &Path) -> bool {
    // Shared, so that those who look do not get into each other's way.
    let looked = File::open(lock_path(folder)).map(|file| file.try_lock_shared());
    match looked {
        Ok(Err(TryLockError::WouldBlock)) => true,
        // Where there are no locks the note is all there is.
        Ok(Err(TryLockError::Error(error))) => error.kind() == io::ErrorKind::Unsupported,
        Ok(Ok(())) | Err(_) => false,
    }
}

fn read_note(folder: &Path) -> Option<Occupant> {
    serde_json::from_slice(&std::fs::read(note_path(folder)).ok()?).ok()
}

fn open(folder: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(lock_path(folder))
}

fn lock_path(folder: &Path) -> PathBuf {
    folder.join("gateway.lock")
}

fn note_path(folder: &Path) -> PathBuf {
    folder.join("gateway.json")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    async fn claim(folder: &Path) -> Result<Instance, ClaimError> {
        Instance::claim(folder, Kind::Headless).await
    }

    #[tokio::test]
    async fn the_second_is_told_of_the_first_until_it_has_gone() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("data");
        let first = claim(&folder).await.unwrap();
        let address = "127.0.0.1:4298".parse().unwrap();
        first.listens_at(vec![address]).unwrap();

        let Err(ClaimError::Taken(Some(occupant))) = claim(&folder).await else {
            panic!("the folder was given away");
        };
        assert_eq!(occupant.pid, std::process::id());
        assert_eq!(occupant.addresses, [address]);
        assert_eq!(running(&folder), Some(*occupant));

        first.release();
        assert_eq!(running(&folder), None);
        assert!(claim(&folder).await.is_ok());
    }

    #[tokio::test]
    async fn one_that_leaves_is_waited_for() {
        let home = tempfile::tempdir().unwrap();
        let first = claim(home.path()).await.unwrap();
        let address = "127.0.0.1:4298".parse().unwrap();
        first.listens_at(vec![address]).unwrap();
        first.leaves();
        let occupant = running(home.path()).unwrap();
        assert!(occupant.leaving);
        assert_eq!(occupant.addresses, [address]);

        let folder = home.path().to_owned();
        let second = tokio::spawn(async move { claim(&folder).await.is_ok() });
        tokio::time::sleep(PATIENCE * 2).await;
        assert!(!second.is_finished());
        first.release();
        assert!(second.await.unwrap());
        first.leaves();
        assert_eq!(
            read_note(home.path()),
            None,
            "it is not its folder any more"
        );
    }

    #[tokio::test]
    async fn a_note_without_a_lock_says_nothing() {
        let home = tempfile::tempdir().unwrap();
        let first = claim(home.path()).await.unwrap();
        first.listens_at(Vec::new()).unwrap();
        let note = std::fs::read(note_path(home.path())).unwrap();
        drop(first);
        std::fs::write(note_path(home.path()), note).unwrap();
        assert_eq!(running(home.path()), None, "its gateway was killed");

        let second = claim(home.path()).await.unwrap();
        assert_eq!(running(home.path()), None, "not the second one's note");
        second.listens_at(Vec::new()).unwrap();
        assert!(running(home.path()).is_some());
    }

    #[tokio::test]
    async fn who_looks_keeps_nobody_from_starting() {
        let home = tempfile::tempdir().unwrap();
        let looking = open(home.path()).unwrap();
        looking.try_lock_shared().unwrap();
        let looked = std::thread::spawn(move || {
            std::thread::sleep(PATIENCE / 3);
            drop(looking);
        });
        assert!(claim(home.path()).await.is_ok());
        looked.join().unwrap();
    }
}
