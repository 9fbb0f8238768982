//! A search for a program in the folders of the child, of everybody, and of version managers.

use std::path::PathBuf;

use super::compose;
use super::find::{self, Found, Where};
use super::places::{self, Machine};
use super::variables::Variables;

/// A search for a program, with all that it needs.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) program: String,
    /// The folders of the `PATH` that the child is given.
    pub(super) path: Vec<PathBuf>,
    /// The `PATH` of everybody is in it, too.
    pub(super) base: Variables,
    pub(super) cwd: PathBuf,
    /// Where version managers put programs below; `None` where they are not looked for.
    pub(super) home: Option<PathBuf>,
    pub(super) root: PathBuf,
}

// === impl Search ===

impl Search {
    pub(super) fn run(self) -> Found {
        let places = self.home.as_deref().map_or_else(Vec::new, |home| {
            places::folders(Machine {
                variables: &self.base,
                home,
                root: &self.root,
            })
        });
        let further = compose::merged(&[compose::folders(self.base.get("PATH")), places]);
        let at = Where {
            path: &self.path,
            further: &further,
            cwd: &self.cwd,
        };
        find::search(&self.program, at)
    }
}
