//! The environment of a child, composed of where its variables come from. Pure.
//!
//! Variables of the gateway's own process come before those of the login shell, whose
//! `PATH` is appended to the gateway's. So a program that the gateway finds by itself is
//! the same one whether the shell has been asked yet or not. What the server's own `env`
//! says beats both.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::leftovers;
use super::variables::Variables;

/// Where nobody says where programs are.
#[cfg(unix)]
const STANDARD: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// What a shell says about itself or about where it runs, not about its user.
const OF_THE_SHELL: &[&str] = &[
    "_",
    "COLUMNS",
    "LINES",
    "OLDPWD",
    "PS1",
    "PWD",
    "SHLVL",
    "TERM",
    "XDG_RUNTIME_DIR",
];

/// The variables that every child is given: without secrets of the gateway and without
/// what whoever started the gateway meant for it alone.
pub(super) fn base(own: &Variables, shell: Option<&Variables>) -> Variables {
    let mut base = leftovers::without(own);
    let shell = shell.map(leftovers::without).unwrap_or_default();
    for (name, value) in shell.iter() {
        let about_itself = name
            .to_str()
            .is_some_and(|name| OF_THE_SHELL.contains(&name) || name.starts_with("BASH_FUNC_"));
        if !about_itself && !base.has(name) {
            base.set(name, value);
        }
    }
    let path = merged(&[folders(base.get("PATH")), folders(shell.get("PATH"))]);
    if let Some(path) = joined(&path) {
        base.set("PATH", path);
    }
    #[cfg(unix)]
    if base.get("PATH").is_none() {
        base.set("PATH", STANDARD);
    }
    base
}

/// The whole environment of a server's process: `given` is what its configuration sets,
/// `front` a folder that its `PATH` is to begin with.
pub(super) fn child(
    base: &Variables,
    given: &[(String, String)],
    front: Option<&Path>,
) -> Variables {
    let mut child = base.clone();
    for (name, value) in given {
        child.set(name, value);
    }
    if let Some(front) = front {
        let path = merged(&[vec![front.to_owned()], folders(child.get("PATH"))]);
        if let Some(path) = joined(&path) {
            child.set("PATH", path);
        }
    }
    child
}

/// The folders of a `PATH`.
pub(super) fn folders(path: Option<&OsStr>) -> Vec<PathBuf> {
    let Some(path) = path else { return Vec::new() };
    std::env::split_paths(path)
        .filter(|folder| !folder.as_os_str().is_empty())
        .collect()
}

/// Several lists as one, each folder where it stands first.
pub(super) fn merged(lists: &[Vec<PathBuf>]) -> Vec<PathBuf> {
    let mut merged = Vec::new();
    for folder in lists.iter().flatten() {
        if !merged.contains(folder) {
            merged.push(folder.clone());
        }
    }
    merged
}

/// `None` where there is nothing to join. A folder whose name holds the separator, which
/// no `PATH` can name, is left out.
fn joined(folders: &[PathBuf]) -> Option<OsString> {
    let sayable = folders
        .iter()
        .filter(|folder| std::env::join_paths([folder]).is_ok());
    std::env::join_paths(sayable)
        .ok()
        .filter(|path| !path.is_empty())
}
