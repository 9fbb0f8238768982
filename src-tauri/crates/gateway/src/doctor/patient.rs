//! Who is examined: a gateway that runs, or the folders and the file of one that does not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use vault::Vault;

use super::fix::Edited;
use super::secrets::File;
use crate::admin::explain;
use crate::change::Refusal;
use crate::config::disk::{self, ReplaceError};
use crate::config::edit::{self, Edit};
use crate::config::form::ServerForm;
use crate::config::model::Config;
use crate::config::{LoadError, Loaded, Source, revision};
use crate::core::Core;
use crate::ledger::Ledger;
use crate::words::Words;

/// See the module.
#[derive(Debug, Clone)]
pub(super) enum Patient {
    /// It runs in this process.
    Running(Arc<Core>),
    /// It does not run, or not here.
    AtRest(Arc<AtRest>),
}

/// What a gateway would be started with.
#[derive(Debug)]
pub(super) struct AtRest {
    source: Source,
    data_dir: PathBuf,
    vault: Vault,
    ledger: Arc<Ledger>,
}

impl Patient {
    pub(super) fn at_rest(source: Source, data_dir: PathBuf, vault: vault::Options) -> Self {
        let ledger = Ledger::new(&data_dir);
        Self::AtRest(Arc::new(AtRest {
            source,
            vault: Vault::new(vault),
            ledger,
            data_dir,
        }))
    }

    pub(super) fn source(&self) -> Option<&Source> {
        match self {
            Self::Running(core) => core.source.as_ref(),
            Self::AtRest(rest) => Some(&rest.source),
        }
    }

    pub(super) fn data_dir(&self) -> &Path {
        match self {
            Self::Running(core) => &core.data_dir,
            Self::AtRest(rest) => &rest.data_dir,
        }
    }

    pub(super) fn vault(&self) -> &Vault {
        match self {
            Self::Running(core) => &core.oauth.vault,
            Self::AtRest(rest) => &rest.vault,
        }
    }

    pub(super) fn ledger(&self) -> &Arc<Ledger> {
        match self {
            Self::Running(core) => &core.ledger,
            Self::AtRest(rest) => &rest.ledger,
        }
    }

    /// The file as it is on disk now; `None` where it cannot be loaded again.
    pub(super) async fn on_disk(&self) -> Option<Result<Loaded, LoadError>> {
        let source = self.source()?.clone();
        tokio::task::spawn_blocking(move || source.load())
            .await
            .ok()
    }

    /// The configuration that counts: what is in force, else what the file says.
    pub(super) fn config(&self, on_disk: Option<&Result<Loaded, LoadError>>) -> Option<Config> {
        match self {
            Self::Running(core) => Some(core.live().config.clone()),
            Self::AtRest(_) => on_disk?.as_ref().ok().map(|loaded| loaded.config.clone()),
        }
    }

    /// Starts a server anew that may work now.
    pub(super) async fn start_again(&self, server: &str) {
        if let Self::Running(core) = self {
            core.start_anew_if_possible(server).await;
        }
    }

    /// Changes what the file says of one server, as it stands there.
    ///
    /// # Errors
    /// In words.
    pub(super) async fn edit_server(
        &self,
        server: &str,
        change: impl FnOnce(&mut ServerForm),
    ) -> Result<Edited, Words> {
        let (_, text) = self.text().await?;
        let form = text.as_deref().and_then(|text| edit::form_of(text, server));
        let Some(mut form) = form else {
            return Err(Words::new(
                format!("the configuration file does not say anything of \"{server}\" (any more)"),
                format!("配置文件中没有（或已不再有）“{server}”"),
            ));
        };
        change(&mut form);
        let edit = Edit::ChangeServer {
            name: server.to_owned(),
            form,
        };
        self.edit_seen(text, &edit).await
    }

    /// Makes an edit of the file.
    ///
    /// # Errors
    /// In words.
    pub(super) async fn edit(&self, edit: &Edit) -> Result<Edited, Words> {
        let (_, text) = self.text().await?;
        self.edit_seen(text, edit).await
    }

    async fn edit_seen(&self, seen: Option<String>, edit: &Edit) -> Result<Edited, Words> {
        match self {
            Self::Running(core) => {
                let seen = seen.map(|text| revision(text.as_bytes()));
                let done = core.change(Some(seen), edit).await.map_err(explain)?;
                Ok(Edited {
                    path: done.path,
                    undo: done.undo,
                })
            }
            Self::AtRest(rest) => rest.edit(seen, edit).await,
        }
    }

    /// The file as it is now, where there is one that can be read.
    pub(super) async fn file(&self) -> Option<File> {
        let (path, text) = self.text().await.ok()?;
        Some(File { path, text: text? })
    }

    /// The file's place and text.
    async fn text(&self) -> Result<(PathBuf, Option<String>), Words> {
        let (source, path) = match self {
            Self::Running(core) => (core.source.as_ref(), core.live().path.clone()),
            Self::AtRest(rest) => (Some(&rest.source), rest.source.path()),
        };
        let source = source.ok_or_else(|| explain(Refusal::NoSource))?;
        let path = path
            .or_else(|| source.first_path())
            .ok_or_else(|| explain(Refusal::NoPlace))?;
        let unreadable = |why: String| {
            let why = Words::new(why.clone(), why);
            explain(Refusal::Unreadable(path.clone(), why))
        };
        let from = path.clone();
        let bytes = tokio::task::spawn_blocking(move || disk::read(&from)).await;
        let bytes = bytes
            .map_err(|error| unreadable(error.to_string()))?
            .map_err(|error| unreadable(error.to_string()))?;
        let text = bytes.map(String::from_utf8).transpose();
        let text = text.map_err(|error| unreadable(error.to_string()))?;
        Ok((path, text))
    }
}

impl AtRest {
    /// Writes an edit that leaves a sound configuration.
    async fn edit(&self, seen: Option<String>, edit: &Edit) -> Result<Edited, Words> {
        let path = self.source.path().or_else(|| self.source.first_path());
        let path = path.ok_or_else(|| explain(Refusal::NoPlace))?;
        let before = seen.clone();
        let before = before.unwrap_or_else(|| edit::starter().to_owned());
        let after = edit::apply(&before, edit).map_err(|error| explain(Refusal::Edit(error)))?;
        self.source
            .read(&after, path.clone())
            .map_err(|error| match error {
                LoadError::Invalid { problems, .. } => explain(Refusal::Invalid(problems)),
                LoadError::Unreadable { path, source } => {
                    let why = Words::new(source.to_string(), source.to_string());
                    explain(Refusal::Unreadable(path, why))
                }
            })?;
        if seen.as_ref() != Some(&after) {
            let (target, backups) = (path.clone(), self.data_dir.join("backups"));
            let write = move || {
                let before = seen.as_ref().map(String::as_bytes);
                disk::replace(&target, before, after.as_bytes(), &backups)
            };
            let written = tokio::task::spawn_blocking(write).await;
            let written = written.unwrap_or_else(|error| Err(std::io::Error::other(error).into()));
            written.map_err(|error| {
                explain(match error {
                    ReplaceError::Changed => Refusal::Conflict { revision: None },
                    ReplaceError::Io(error) => Refusal::Unwritable(path.clone(), error),
                })
            })?;
        }
        Ok(Edited { path, undo: None })
    }

    pub(super) async fn close(&self) {
        self.vault.close().await;
    }
}
