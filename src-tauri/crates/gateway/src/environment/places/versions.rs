//! Several versions of one thing, each in a folder named after it.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

/// How often one alias may stand for the next.
#[cfg(any(not(windows), test))]
const ALIASES: usize = 8;

/// A version as it is compared: its numbers, and releases after their prereleases.
type Rank = (Vec<u64>, bool);

/// The folders of versions, newest first. What is not named like a version is none.
pub(super) fn newest_first(parent: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut versions: Vec<(Rank, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            Some((rank(path.file_name()?.to_str()?)?, path))
        })
        .collect();
    versions.sort_by(|one, other| Reverse(&one.0).cmp(&Reverse(&other.0)));
    versions.into_iter().map(|(_, path)| path).collect()
}

/// nvm's versions, the one of its alias `default` first.
#[cfg(any(not(windows), test))]
pub(super) fn of_nvm(nvm: &Path) -> Vec<PathBuf> {
    let mut versions = newest_first(&nvm.join("versions/node"));
    let default = default_of_nvm(&nvm.join("alias"), &versions);
    if let Some(at) = default {
        let default = versions.remove(at);
        versions.insert(0, default);
    }
    versions
}

/// Which of the versions nvm's files name: an alias may hold a version, part of one, the
/// name of another alias, or a word.
#[cfg(any(not(windows), test))]
fn default_of_nvm(aliases: &Path, versions: &[PathBuf]) -> Option<usize> {
    let mut name = "default".to_owned();
    for _ in 0..ALIASES {
        let Ok(text) = std::fs::read_to_string(aliases.join(&name)) else {
            break;
        };
        text.lines().next()?.trim().clone_into(&mut name);
    }
    match name.as_str() {
        // Newest of all; that is where the search begins anyway.
        "node" | "stable" | "default" => None,
        wanted => {
            let (wanted, _) = rank(wanted)?;
            versions.iter().position(|version| {
                version
                    .file_name()
                    .and_then(|name| rank(name.to_str()?))
                    .is_some_and(|(numbers, _)| numbers.starts_with(&wanted))
            })
        }
    }
}

/// `v20.11.1`, `20`, `node-v20.11.1`, `Python312`, `1.2.3-rc1`; `None` where there are no numbers.
fn rank(name: &str) -> Option<Rank> {
    let name = name.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let (version, prerelease) = match name.split_once('-') {
        Some((version, _)) => (version, true),
        None => (name, false),
    };
    let numbers: Vec<u64> = version
        .split('.')
        .map_while(|number| number.parse().ok())
        .collect();
    (!numbers.is_empty()).then_some((numbers, !prerelease))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn names(versions: &[PathBuf]) -> Vec<&str> {
        versions
            .iter()
            .map(|version| version.file_name().unwrap().to_str().unwrap())
            .collect()
    }

    fn nvm(versions: &[&str], aliases: &[(&str, &str)]) -> tempfile::TempDir {
        let nvm = tempfile::tempdir().unwrap();
        for version in versions {
            let folder = nvm.path().join("versions/node").join(version);
            std::fs::create_dir_all(folder).unwrap();
        }
        for (alias, text) in aliases {
            let file = nvm.path().join("alias").join(alias);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, format!("{text}\n")).unwrap();
        }
        nvm
    }

    #[test]
    fn without_a_default_the_newest_version_comes_first() {
        let nvm = nvm(
            &["v9.11.2", "v20.1.0", "v20.11.0", "v20.11.0-rc.1", "x"],
            &[],
        );
        assert_eq!(
            names(&of_nvm(nvm.path())),
            ["v20.11.0", "v20.11.0-rc.1", "v20.1.0", "v9.11.2"]
        );
    }

    #[track_caller]
    fn check(aliases: &[(&str, &str)], expected: &str) {
        let nvm = nvm(&["v18.20.4", "v20.1.0", "v20.11.0", "v22.3.0"], aliases);
        assert_eq!(names(&of_nvm(nvm.path()))[0], expected, "{aliases:?}");
    }

    #[test]
    fn the_default_comes_first_however_it_is_written() {
        check(&[("default", "v18.20.4")], "v18.20.4");
        check(&[("default", "20")], "v20.11.0");
        check(&[("default", "20.1")], "v20.1.0");
        check(&[("default", "node")], "v22.3.0");
        let lts = [
            ("default", "lts/*"),
            ("lts/*", "lts/iron"),
            ("lts/iron", "v20.1.0"),
        ];
        check(&lts, "v20.1.0");
        check(&[("default", "mine"), ("mine", "18")], "v18.20.4");
    }

    #[test]
    fn a_default_that_is_not_installed_or_that_turns_in_a_circle_is_none() {
        check(&[("default", "v16.0.0")], "v22.3.0");
        check(&[("default", "a"), ("a", "default")], "v22.3.0");
        check(&[("default", "system")], "v22.3.0");
        check(&[("default", "")], "v22.3.0");
    }
}
