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
    #[cfg(unix)]
    if child.get("PATH").is_none() {
        child.set("PATH", STANDARD);
    }
    if let Some(front) = front {
        let path = merged(&[vec![front.to_owned()], folders(child.get("PATH"))]);
        if let Some(path) = joined(&path) {
            child.set("PATH", path);
        }
    }
    child
}

/// The folders in which a server's program is looked for first: those of the `PATH` that its
/// configuration sets, else of the one that it is given. None where nobody has set one: what
/// a shell or a version manager says is better than a guess.
pub(super) fn path(base: &Variables, given: &[(String, String)]) -> Vec<PathBuf> {
    let given: Variables = given.iter().map(|(name, value)| (name, value)).collect();
    folders(given.get("PATH").or(base.get("PATH")))
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Variables {
        pairs.iter().copied().collect()
    }

    #[test]
    fn own_variables_win_and_the_path_of_the_shell_is_appended() {
        let own = of(&[("PATH", "/usr/bin:/bin"), ("LANG", "C"), ("HTTP_PROXY", "")]);
        let shell = of(&[
            ("PATH", "/home/me/bin:/usr/bin"),
            ("LANG", "zh_CN.UTF-8"),
            ("HTTP_PROXY", "http://proxy:1"),
            ("https_proxy", "http://proxy:2"),
            ("NODE_EXTRA_CA_CERTS", "/ca.pem"),
            ("PWD", "/home/me"),
            ("SHLVL", "2"),
            ("BASH_FUNC_nvm%%", "() { }"),
        ]);
        let expected = of(&[
            ("PATH", "/usr/bin:/bin:/home/me/bin"),
            ("LANG", "C"),
            ("HTTP_PROXY", ""),
            ("https_proxy", "http://proxy:2"),
            ("NODE_EXTRA_CA_CERTS", "/ca.pem"),
        ]);
        assert_eq!(base(&own, Some(&shell)), expected);
    }

    #[test]
    fn proxies_and_certificates_pass() {
        let own = of(&[
            ("PATH", "/bin"),
            ("HTTP_PROXY", "1"),
            ("http_proxy", "2"),
            ("HTTPS_PROXY", "3"),
            ("https_proxy", "4"),
            ("ALL_PROXY", "5"),
            ("all_proxy", "6"),
            ("NO_PROXY", "7"),
            ("no_proxy", "8"),
            ("SSL_CERT_FILE", "/a"),
            ("SSL_CERT_DIR", "/b"),
            ("NODE_EXTRA_CA_CERTS", "/c"),
            ("REQUESTS_CA_BUNDLE", "/d"),
            ("CURL_CA_BUNDLE", "/e"),
            ("GIT_SSL_CAINFO", "/f"),
            ("PIP_CERT", "/g"),
        ]);
        assert_eq!(base(&own, None), own);
    }

    #[test]
    fn a_server_beats_everything_even_with_a_variable_of_ours() {
        let own = of(&[("PATH", "/bin"), ("MCP_GATEWAY_URL", "ours"), ("A", "1")]);
        let given = [
            ("A".to_owned(), "2".to_owned()),
            ("MCP_GATEWAY_URL".to_owned(), "theirs".to_owned()),
            ("PATH".to_owned(), "/theirs".to_owned()),
        ];
        let expected = of(&[
            ("PATH", "/theirs"),
            ("MCP_GATEWAY_URL", "theirs"),
            ("A", "2"),
        ]);
        assert_eq!(child(&base(&own, None), &given, None), expected);
    }

    #[test]
    fn what_is_in_front_stands_there_once() {
        let base = of(&[("PATH", "/usr/bin:/home/me/bin:/bin")]);
        let child = child(&base, &[], Some(Path::new("/home/me/bin")));
        assert_eq!(child, of(&[("PATH", "/home/me/bin:/usr/bin:/bin")]));
    }

    #[test]
    fn nobody_is_left_without_a_path() {
        let base = base(&Variables::default(), None);
        assert_eq!(base, Variables::default());
        assert_eq!(child(&base, &[], None), of(&[("PATH", STANDARD)]));
    }
}
