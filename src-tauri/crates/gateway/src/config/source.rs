//! Where a running gateway's configuration comes from, so that it can be read again
//! under the same circumstances.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::load::{Environment, LoadError, LoadOptions, Loaded, assemble, load};
use super::locate::{locate, standard_path};
use super::watch::Watch;
use crate::environment::one_apart;

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

    /// The same, for whoever cannot wait for a file system that does not answer; gives up after
    /// `patience`.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub async fn load_within(&self, patience: Duration) -> Result<Loaded, LoadError> {
        let source = self.clone();
        let loaded = one_apart("load the configuration", patience, move || source.load()).await;
        loaded.unwrap_or_else(|| Err(self.no_answer()))
    }

    fn no_answer(&self) -> LoadError {
        let named = self.options.file.clone();
        let why = "its file system does not answer, as a network drive that cannot be reached";
        LoadError::Unreadable {
            path: named.or_else(|| self.first_path()).unwrap_or_default(),
            source: io::Error::new(io::ErrorKind::TimedOut, why),
        }
    }

    /// Waits until something happens to the file that would be read, or `patience` is over: for
    /// whoever cannot start with what it says now.
    pub async fn stirred(&self, patience: Duration) {
        let source = self.clone();
        let arm = move || {
            let mut watch = Watch::default();
            let path = source.path().or_else(|| source.first_path());
            let followed = path.map(|path| watch.follow(&path));
            if let Some(Err(error)) = followed {
                tracing::debug!(%error, "the configuration file cannot be watched");
            }
            watch
        };
        let stirred = async {
            // Without a watch, the patience is what there is.
            let watch = one_apart("watch the configuration", patience, arm).await;
            watch.unwrap_or_default().stirred().await;
        };
        drop(tokio::time::timeout(patience, stirred).await);
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

#[cfg(all(test, target_os = "linux"))]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// Nobody writes into it, so whoever opens it to read waits, as for a dead network drive.
    fn hung(folder: &std::path::Path) -> PathBuf {
        let pipe = folder.join("config.json");
        let mode = rustix::fs::Mode::RWXU;
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
        pipe
    }

    #[tokio::test]
    async fn a_file_that_does_not_answer_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let options = LoadOptions {
            file: Some(hung(folder.path())),
            ..LoadOptions::default()
        };
        let source = Source::of_process(options, None, folder.path().to_owned());
        let error = source.load_within(Duration::from_millis(50)).await;
        let LoadError::Unreadable { path, source: why } = error.unwrap_err() else {
            panic!("it is not read");
        };
        assert_eq!(path, folder.path().join("config.json"));
        assert_eq!(why.kind(), io::ErrorKind::TimedOut);
        // Whoever waits lets the runtime end.
        drop(std::fs::OpenOptions::new().write(true).open(&path));
    }
}
