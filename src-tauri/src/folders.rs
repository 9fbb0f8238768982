//! Where this user's files are.

use std::path::{Path, PathBuf};

use directories::BaseDirs;
use gateway::config::{Environment, locate, standard_path};

/// The folders of the user who runs the app.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    home: PathBuf,
    data: PathBuf,
}

/// The configuration file: one that is there, or the place where one would be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConfigFile {
    There(PathBuf),
    NotYet(Option<PathBuf>),
}

// === impl Folders ===

impl Folders {
    /// Nothing for a user without a home.
    pub(crate) fn find() -> Option<Self> {
        let base = BaseDirs::new()?;
        Some(Self {
            home: base.home_dir().to_owned(),
            data: base.data_dir().join("mcp-gateway"),
        })
    }

    /// Where the gateway keeps its data.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// The user's home.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// Looked for afresh: the window may have made one since the start.
    pub(crate) fn config_file(&self) -> ConfigFile {
        let vars = |name: &str| std::env::var(name).ok();
        let environment = Environment {
            vars: &vars,
            home: Some(&self.home),
            cwd: &working_folder(),
        };
        locate(None, &environment).path.map_or_else(
            || ConfigFile::NotYet(standard_path(&environment)),
            ConfigFile::There,
        )
    }
}

/// Where relative paths start from.
pub(crate) fn working_folder() -> PathBuf {
    // A folder deleted under the process leaves nothing that relative paths could mean.
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"))
}

// === impl ConfigFile ===

impl ConfigFile {
    /// The place, whether or not there is a file.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::There(path) => Some(path),
            Self::NotYet(path) => path.as_deref(),
        }
    }
}
