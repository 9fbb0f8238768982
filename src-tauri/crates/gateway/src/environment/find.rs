//! Where a program is: in a `PATH`, else where the version managers and package managers of
//! a developer's machine put it. Looks at the file system and changes nothing.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use which::WhichConfig;

/// What became of the search for a program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// As it was asked for.
    pub(crate) program: String,
    /// The one that is started; `None` where there is none.
    pub(crate) path: Option<PathBuf>,
    /// The folders that were searched, in this order: those of `PATH`, then the usual places
    /// that exist on this machine. Empty for a program that was named by its path.
    pub(crate) searched: Vec<PathBuf>,
    /// Where there are more of this name. Where none can be started: files of this name
    /// that are no programs.
    pub(crate) elsewhere: Vec<PathBuf>,
    /// The folder that the child's `PATH` is to begin with, because the program was not found
    /// in it: what it starts itself (`npx` starts `node`) is likely beside it.
    pub(crate) front: Option<PathBuf>,
    /// The search was given up, because a folder of it did not answer.
    pub(crate) late: bool,
}

/// What is searched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Where<'a> {
    /// The folders of the `PATH` that the child is given.
    pub(super) path: &'a [PathBuf],
    /// Then these.
    pub(super) further: &'a [PathBuf],
    /// The working directory of the child.
    pub(super) cwd: &'a Path,
}

/// Whether a command names a file and not a program to be searched. It is left to the system.
pub(super) fn is_path(program: &str) -> bool {
    program.contains('/') || (cfg!(windows) && program.contains(['\\', ':']))
}

/// Searches a program by its name.
pub(super) fn search(program: &str, at: Where<'_>) -> Found {
    if is_path(program) {
        let file = at.cwd.join(program);
        return Found {
            program: program.to_owned(),
            path: all(program, &[], at.cwd).into_iter().next(),
            elsewhere: Vec::from_iter(file.exists().then_some(file)),
            ..Found::default()
        }
        .tidied();
    }
    let mut searched = at.path.to_vec();
    let new = at.further.iter().filter(|folder| !at.path.contains(folder));
    searched.extend(new.cloned());
    let mut programs = all(program, &searched, at.cwd).into_iter();
    let path = programs.next();
    let front = path
        .as_deref()
        .and_then(Path::parent)
        .filter(|folder| !at.path.iter().any(|known| at.cwd.join(known) == *folder));
    Found {
        program: program.to_owned(),
        front: front.map(Path::to_owned),
        elsewhere: if path.is_some() {
            programs.collect()
        } else {
            unfit(program, &searched, at.cwd)
        },
        path,
        searched,
        late: false,
    }
    .tidied()
}

// === impl Found ===

impl Found {
    fn tidied(mut self) -> Self {
        let path = self.path.clone();
        self.elsewhere
            .retain(|other| Some(other) != path.as_ref() && !same(Some(other), path.as_deref()));
        self
    }
}

/// `/bin` is `/usr/bin` on most machines.
fn same(one: Option<&PathBuf>, other: Option<&Path>) -> bool {
    let real = |path: &Path| {
        let folder = std::fs::canonicalize(path.parent()?).ok()?;
        Some(folder.join(path.file_name()?))
    };
    one.zip(other)
        .is_some_and(|(one, other)| real(one).is_some() && real(one) == real(other))
}

fn all(program: &str, folders: &[PathBuf], cwd: &Path) -> Vec<PathBuf> {
    let sayable = folders
        .iter()
        .filter(|folder| std::env::join_paths([folder]).is_ok());
    let list = std::env::join_paths(sayable).unwrap_or_default();
    if list.is_empty() && !is_path(program) {
        return Vec::new();
    }
    let found = WhichConfig::new()
        .binary_name(OsStr::new(program).to_owned())
        .custom_path_list(list)
        .custom_cwd(cwd.to_owned())
        .all_results();
    // Its one error is that there is nothing to search.
    found.map(Iterator::collect).unwrap_or_default()
}

/// Files of that name that cannot be started, and one in the working directory, where
/// nobody looks.
fn unfit(program: &str, folders: &[PathBuf], cwd: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in folders.iter().map(PathBuf::as_path).chain([cwd]) {
        let file = cwd.join(folder).join(program);
        if file.is_file() && !files.contains(&file) {
            files.push(file);
        }
    }
    files
}
