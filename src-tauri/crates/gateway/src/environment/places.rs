//! The usual places of programs that no bare `PATH` names: those of version managers,
//! package managers and installers. Reads folders and small files and changes nothing.

#[cfg(windows)]
mod windows;

#[cfg(not(windows))]
mod unix;

mod versions;

use std::path::{Path, PathBuf};

#[cfg(not(windows))]
use unix as system;
#[cfg(windows)]
use windows as system;

use super::variables::Variables;

/// The machine as far as places depend on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Machine<'a> {
    /// What managers were told about where to put things.
    pub(super) variables: &'a Variables,
    /// The user's home.
    pub(super) home: &'a Path,
    /// What stands for `/`; another folder in tests.
    pub(super) root: &'a Path,
}

/// The folders that exist, the best first.
pub(super) fn folders(machine: Machine<'_>) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for folder in system::folders(machine) {
        if folder.is_dir() && !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

// === impl Machine ===

impl Machine<'_> {
    /// A folder under the home.
    fn home(&self, path: &str) -> PathBuf {
        self.home.join(path)
    }

    /// A folder that a variable names, else its standard place under the home.
    fn named(&self, variable: &str, standard: &str) -> PathBuf {
        self.told(variable).unwrap_or_else(|| self.home(standard))
    }

    /// A folder that a variable names.
    fn told(&self, variable: &str) -> Option<PathBuf> {
        self.variables
            .get(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    }

    /// A folder of the system.
    fn system(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }
}
