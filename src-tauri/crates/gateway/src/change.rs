//! Changing the configuration: first the file, then what runs, one change at a time.
//!
//! A change is an edit of the text that is on disk now. It is written only if the result
//! is a sound configuration, and only if the text is still the one that whoever asked
//! for it has seen.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio::time::timeout;

use crate::config::disk::{self, ReplaceError};
use crate::config::edit::{self, Edit, EditError, Removed};
use crate::config::{LoadError, Loaded, Problem, Source, put_schema_beside, revision};
use crate::core::Core;
use crate::environment;
use crate::instance::{self, PortHolder};
use crate::serve::listener::{self, Move};
use crate::words::Words;

/// Changes that can be taken back.
const UNDOS: usize = 20;
/// A file that takes longer to be read lies where nothing answers.
const READ: Duration = Duration::from_secs(10);
/// One that takes longer to be written, too. Nobody waits longer for whoever writes it.
const WRITE: Duration = Duration::from_secs(10);

/// What a change led to.
#[derive(Debug)]
pub(crate) struct Done {
    /// Which text is in force now.
    pub(crate) revision: String,
    /// Takes it back.
    pub(crate) undo: Option<String>,
    pub(crate) path: PathBuf,
    /// What in the file has no effect or will surprise, as far as the change brought it.
    pub(crate) warnings: Vec<Problem>,
}

/// Why there was no change; everything is as it was.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// This gateway was started without knowing where its configuration comes from.
    NoSource,
    /// The user has no home folder to write a first file into.
    NoPlace,
    /// The file cannot be read, or is no text.
    Unreadable(PathBuf, Words),
    /// It is another text than the one that was seen.
    Conflict { revision: Option<String> },
    /// The edit makes no sense in this file.
    Edit(EditError),
    /// The result would not be a configuration.
    Invalid(Vec<Problem>),
    /// The file is none as it stands.
    Mistakes(Vec<Problem>),
    /// The new address cannot be listened on.
    Listen {
        host: IpAddr,
        port: u16,
        source: io::Error,
        /// Who has it, where it is taken.
        holder: Option<PortHolder>,
    },
    /// The file could not be written.
    Unwritable(PathBuf, io::Error),
    /// It is still being written.
    Unwritten(PathBuf),
    /// Another change is; nothing was done about this one.
    Busy,
    /// There is nothing (any more) to take back under this name.
    NothingToUndo,
}

/// Changes that can be taken back, the last ones.
#[derive(Debug, Default)]
pub(crate) struct Undos {
    last: VecDeque<Undo>,
    count: u64,
}

#[derive(Debug, Clone)]
struct Undo {
    id: String,
    before: String,
    /// The text that the change led to.
    after: String,
    removed: Option<Removed>,
}

/// Whoever holds it changes the configuration, alone.
type Alone = OwnedMutexGuard<Undos>;

/// The file as it is now.
#[derive(Debug)]
struct Present {
    path: PathBuf,
    text: Option<String>,
}

impl Undos {
    fn add(&mut self, before: String, after: String, removed: Option<Removed>) -> String {
        self.count += 1;
        let id = self.count.to_string();
        if self.last.len() == UNDOS {
            self.last.pop_front();
        }
        self.last.push_back(Undo {
            id: id.clone(),
            before,
            after,
            removed,
        });
        id
    }
}

impl Present {
    fn revision(&self) -> Option<String> {
        self.text.as_ref().map(|text| revision(text.as_bytes()))
    }
}

impl Core {
    /// Makes an edit. `seen` is the revision that whoever asks has before their eyes
    /// (`Some(None)`: no file); `None` where the edit fits any text.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub(crate) async fn change(
        self: &Arc<Self>,
        seen: Option<Option<String>>,
        edit: &Edit,
    ) -> Result<Done, Refusal> {
        let alone = self.alone().await?;
        let source = self.source.as_ref().ok_or(Refusal::NoSource)?;
        let present = self.present(source).await?;
        if seen.is_some_and(|seen| seen != present.revision()) {
            return Err(Refusal::Conflict {
                revision: present.revision(),
            });
        }
        let before = match &present.text {
            Some(text) => text.clone(),
            None => edit::starter().to_owned(),
        };
        let removed = match edit {
            Edit::RemoveServer { name } => edit::removed(&before, name),
            _ => None,
        };
        let after = edit::apply(&before, edit).map_err(Refusal::Edit)?;
        let is_new = present.text.as_ref() != Some(&after);
        let (mut done, mut alone) = self.commit(source, present, after, alone).await?;
        if is_new {
            done.undo = Some(alone.add(before, done.revision.clone(), removed));
        }
        Ok(done)
    }

    /// Takes a change back: the text before it where nothing was changed since, else
    /// what it removed.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub(crate) async fn undo(self: &Arc<Self>, id: &str) -> Result<Done, Refusal> {
        let alone = self.alone().await?;
        let source = self.source.as_ref().ok_or(Refusal::NoSource)?;
        let position = alone.last.iter().position(|undo| undo.id == id);
        let position = position.ok_or(Refusal::NothingToUndo)?;
        let undo = alone.last[position].clone();
        let present = self.present(source).await?;
        let after = match (&undo.removed, &present.text) {
            _ if present.revision().as_ref() == Some(&undo.after) => undo.before,
            (Some(removed), Some(text)) => edit::restore(text, removed).map_err(Refusal::Edit)?,
            _ => {
                return Err(Refusal::Conflict {
                    revision: present.revision(),
                });
            }
        };
        let (done, mut alone) = self.commit(source, present, after, alone).await?;
        alone.last.remove(position);
        Ok(done)
    }

    /// Puts the file in force as it is now.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub(crate) async fn read_again(self: &Arc<Self>) -> Result<Done, Refusal> {
        let _alone = self.alone().await?;
        self.read_alone().await
    }

    /// Waits until nobody else changes the configuration.
    async fn alone(&self) -> Result<Alone, Refusal> {
        let alone = claim(&self.changing, WRITE).await;
        alone.ok_or(Refusal::Busy)
    }

    /// The same for whoever holds `changing`. What is wrong with the file is told everybody.
    pub(crate) async fn read_alone(self: &Arc<Self>) -> Result<Done, Refusal> {
        let before = self.live_full();
        let read = self.read_file().await;
        match &read {
            Ok(done) if before.revision.as_ref() == Some(&done.revision) => {}
            Ok(_) => self.log_differences(&before),
            Err(refusal) => {
                let problems = self.problems_of(refusal).await;
                self.told_of_file(problems);
            }
        }
        read
    }

    async fn read_file(self: &Arc<Self>) -> Result<Done, Refusal> {
        let source = self.source.as_ref().ok_or(Refusal::NoSource)?;
        let (source, place) = (source.clone(), self.live().path.clone());
        let loaded = environment::apart(READ, move || source.load()).await;
        let loaded = loaded.ok_or_else(|| no_answer(&place.unwrap_or_default()))?;
        let loaded = loaded.map_err(|error| match error {
            LoadError::Invalid { problems, .. } => Refusal::Mistakes(problems),
            LoadError::Unreadable { path, source } => unreadable(&path, &source),
        })?;
        let present = self.live().path.clone();
        if let Some(gone) = present.filter(|path| loaded.path.as_ref() != Some(path)) {
            // Whoever saves it may write it anew in a moment; nothing is given up for that.
            return Err(unreadable(&gone, &io::ErrorKind::NotFound.into()));
        }
        let listeners = self.listeners_for(&loaded).await?;
        self.adopt(loaded, listeners).await
    }

    /// Starts one server anew at once. Whether there is such a server.
    ///
    /// # Errors
    /// Another change is still being written.
    pub(crate) async fn start_anew(self: &Arc<Self>, name: &str) -> Result<bool, Refusal> {
        let _alone = self.alone().await?;
        Ok(self.restart(name))
    }

    /// The same where only the log can be told that it was not.
    pub(crate) async fn start_anew_if_possible(self: &Arc<Self>, name: &str) {
        match self.start_anew(name).await {
            Ok(true) => {}
            Ok(false) => tracing::debug!(server = name, "there is no such server any more"),
            Err(_) => tracing::warn!(
                server = name,
                "not restarted, because a change of the configuration is still being written; restart it by hand"
            ),
        }
    }

    /// Writes a text, unless it is on disk already, and puts it in force.
    async fn commit(
        self: &Arc<Self>,
        source: &Source,
        present: Present,
        after: String,
        mut alone: Alone,
    ) -> Result<(Done, Alone), Refusal> {
        let Present { path, text } = present;
        // What the user has been told before is no news.
        let told = text
            .as_deref()
            .and_then(|text| source.read(text, path.clone()).ok())
            .map_or_else(Vec::new, |loaded| loaded.warnings);
        let loaded = match source.read(&after, path.clone()) {
            Ok(loaded) => loaded,
            Err(LoadError::Invalid { problems, .. }) => return Err(Refusal::Invalid(problems)),
            Err(LoadError::Unreadable { path, source }) => return Err(unreadable(&path, &source)),
        };
        // Before anything is written: a port that is taken leaves all as it was.
        let listeners = self.listeners_for(&loaded).await?;
        if text.as_ref() != Some(&after) {
            let (target, backups) = (path.clone(), self.data_dir.join("backups"));
            let write = move || {
                let before = text.as_ref().map(String::as_bytes);
                disk::replace(&target, before, after.as_bytes(), &backups)?;
                // The starter names it.
                if before.is_none()
                    && let Err(error) = put_schema_beside(&target)
                {
                    tracing::warn!(%error, "there is no schema beside the new configuration file");
                }
                Ok(())
            };
            match holding(alone, WRITE, write).await {
                Some(Ok((held, Ok(())))) => alone = held,
                Some(Ok((_, Err(ReplaceError::Changed)))) => {
                    return Err(Refusal::Conflict { revision: None });
                }
                Some(Ok((_, Err(ReplaceError::Io(error)))) | Err(error)) => {
                    return Err(Refusal::Unwritable(path, error));
                }
                // Once it is written after all, it is found like a change by hand.
                None => return Err(Refusal::Unwritten(path)),
            }
        }
        let mut done = self.adopt(loaded, listeners).await?;
        done.warnings.retain(|warning| {
            let same = |other: &Problem| other.path == warning.path && other.words == warning.words;
            !told.iter().any(same)
        });
        Ok((done, alone))
    }

    async fn adopt(
        self: &Arc<Self>,
        loaded: Loaded,
        listeners: Option<Vec<TcpListener>>,
    ) -> Result<Done, Refusal> {
        let done = Done {
            revision: loaded.revision.clone().unwrap_or_default(),
            undo: None,
            path: loaded.path.clone().unwrap_or_default(),
            warnings: loaded.warnings.clone(),
        };
        self.put_in_force(loaded);
        self.told_of_file(Vec::new());
        if let Some(listeners) = listeners {
            if let Some(address) = listener::addresses(&listeners).first() {
                // Known at once, so that the answer to this change names the new address.
                self.port.store(address.port(), Ordering::Relaxed);
            }
            if let Err(error) = self.instance.listens_at(listener::addresses(&listeners)) {
                tracing::warn!(%error, "the data folder does not say where the gateway listens now");
            }
            let (done, closed) = oneshot::channel();
            let sent = self.listen.send(Move { listeners, done }).await;
            if sent.is_err() || closed.await.is_err() {
                tracing::debug!("the gateway is shutting down and listens no more");
            }
        }
        Ok(done)
    }

    /// Other sockets, where the configuration wants another address than is listened on.
    async fn listeners_for(&self, loaded: &Loaded) -> Result<Option<Vec<TcpListener>>, Refusal> {
        let wanted = &loaded.config.gateway;
        let open = self.oauth.opens(&loaded.config).await;
        let host = listener::reachable(wanted.host, open);
        let port = wanted.port;
        let present = self.live_full();
        let present = &present.config.gateway;
        // A port that the system chose may be written down as the one to have.
        let is_had = port == present.port || port == self.port.load(Ordering::Relaxed);
        if is_had && listener::reachable(present.host, open) == host {
            return Ok(None);
        }
        match listener::bind(host, port).await {
            Ok(listeners) => Ok(Some(listeners)),
            Err(source) => Err(Refusal::listen(host, port, source).await),
        }
    }

    /// The file as it is now, at the place where a first one would be written if need be.
    async fn present(&self, source: &Source) -> Result<Present, Refusal> {
        let path = match self.live().path.clone() {
            Some(path) => path,
            None => source.first_path().ok_or(Refusal::NoPlace)?,
        };
        let text = self.text_of(&path).await?;
        Ok(Present { path, text })
    }

    /// A configuration file's text; `None` where there is no such file.
    pub(crate) async fn text_of(&self, path: &Path) -> Result<Option<String>, Refusal> {
        let from = path.to_owned();
        let bytes = match environment::apart(READ, move || disk::read(&from)).await {
            Some(Ok(bytes)) => bytes,
            Some(Err(error)) => return Err(unreadable(path, &error)),
            None => return Err(no_answer(path)),
        };
        let text = bytes.map(String::from_utf8).transpose();
        text.map_err(|_| {
            let why = Words::new("it is not UTF-8 text", "它不是 UTF-8 文本");
            Refusal::Unreadable(path.to_owned(), why)
        })
    }
}

impl Refusal {
    async fn listen(host: IpAddr, port: u16, source: io::Error) -> Self {
        let holder = instance::holder_after(&source, port).await;
        Self::Listen {
            host,
            port,
            source,
            holder,
        }
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Refusal {
    let why = match error.kind() {
        io::ErrorKind::NotFound => Words::new("the file is gone", "文件已不存在"),
        _ => Words::new(error.to_string(), error.to_string()),
    };
    Refusal::Unreadable(path.to_owned(), why)
}

fn no_answer(path: &Path) -> Refusal {
    let seconds = READ.as_secs();
    let why = Words::new(
        format!("the drive that it lies on does not answer within {seconds} s"),
        format!("其所在的驱动器在 {seconds} 秒内没有响应"),
    );
    Refusal::Unreadable(path.to_owned(), why)
}

/// Work that waits for the file system.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)
}

/// What a mutex guards, for one alone; `None` where others hold it for too long.
async fn claim<G>(mutex: &Arc<Mutex<G>>, patience: Duration) -> Option<OwnedMutexGuard<G>> {
    timeout(patience, Arc::clone(mutex).lock_owned()).await.ok()
}

/// The same, while `guard` is held: by the work itself where that takes longer than `patience`
/// (`None`), until it ends.
async fn holding<G: Send + 'static, T: Send + 'static>(
    guard: G,
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<io::Result<(G, T)>> {
    timeout(
        patience,
        blocking(move || {
            let done = work();
            (guard, done)
        }),
    )
    .await
    .ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(10);
    const LONG: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn a_write_that_hangs_is_answered_and_lets_nobody_else_write_until_it_ends() {
        let mutex = Arc::new(Mutex::new(()));
        let alone = claim(&mutex, LONG).await.unwrap();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let hangs = move || ended.recv().ok();
        assert!(holding(alone, SHORT, hangs).await.is_none());
        assert!(claim(&mutex, SHORT).await.is_none(), "it is still at it");
        drop(end);
        let alone = claim(&mutex, LONG).await.unwrap();
        let (_alone, done) = holding(alone, LONG, || 7).await.unwrap().unwrap();
        assert_eq!(done, 7);
        assert!(
            claim(&mutex, SHORT).await.is_none(),
            "still held by whoever asked"
        );
    }
}
