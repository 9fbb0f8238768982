//! Where a running gateway's configuration comes from, so that it can be read again
//! under the same circumstances.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::load::{Environment, LoadError, LoadOptions, Loaded, assemble, load};
use super::locate::{locate, standard_path};
use super::watch::Watch;

type Variables = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The circumstances of a load: options, variables, folders.
#[derive(Clone)]
pub struct Source {
    options: LoadOptions,
    vars: Variables,
    home: Option<PathBuf>,
    cwd: PathBuf,
}

impl Source {
    /// Options of the command line with this process's variables. `home` is the user's
    /// home folder, `cwd` where relative paths start from.
    pub fn of_process(options: LoadOptions, home: Option<PathBuf>, cwd: PathBuf) -> Self {
        // A variable that is not Unicode cannot be a value of ours and counts as not set.
        Self {
            options,
            vars: Arc::new(|name| std::env::var(name).ok()),
            home,
            cwd,
        }
    }

    /// Finds and reads the file as it is now.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn load(&self) -> Result<Loaded, LoadError> {
        load(&self.options, &self.environment())
    }

    /// Waits until something happens to the file that would be read, or `patience` is over: for
    /// whoever cannot start with what it says now.
    pub async fn stirred(&self, patience: Duration) {
        let path = self.path().or_else(|| self.first_path());
        let armed = tokio::task::spawn_blocking(move || {
            let mut watch = Watch::default();
            let followed = path.map(|path| watch.follow(&path));
            if let Some(Err(error)) = followed {
                tracing::debug!(%error, "the configuration file cannot be watched");
            }
            watch
        });
        // Without a watch, the patience is what there is.
        let watch = armed.await.unwrap_or_default();
        drop(tokio::time::timeout(patience, watch.stirred()).await);
    }

    /// What a file of this text would mean.
    pub(crate) fn read(&self, text: &str, path: PathBuf) -> Result<Loaded, LoadError> {
        assemble(
            Some(text.as_bytes()),
            Some(path),
            &self.options,
            &self.environment(),
        )
    }

    /// The file that would be read now, if one is named or found.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        locate(self.options.file.as_deref(), &self.environment()).path
    }

    /// Where a first file would be written.
    pub(crate) fn first_path(&self) -> Option<PathBuf> {
        standard_path(&self.environment())
    }

    /// Where the port comes from that is in force, if it is not the file.
    pub(crate) fn port_override(&self) -> Option<PortFrom> {
        if self.options.overrides.port.is_some() {
            return Some(PortFrom::CommandLine);
        }
        let environment = self.environment();
        environment
            .var("MCP_GATEWAY_PORT")
            .map(|_| PortFrom::Environment)
    }

    fn environment(&self) -> Environment<'_> {
        Environment {
            vars: self.vars.as_ref(),
            home: self.home.as_deref(),
            cwd: &self.cwd,
        }
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// What decides about the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum PortFrom {
    /// `--port`.
    CommandLine,
    /// `MCP_GATEWAY_PORT`.
    Environment,
    /// The configuration file.
    File,
    /// Nothing that the user wrote.
    Default,
}
