//! Stamps: remembers from which inputs something was made, so that it is made
//! again only when they changed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// A hash of files and folders, names and contents; `without` names are left
/// out at every level. A path that does not exist counts as such.
pub(crate) fn of(paths: &[PathBuf], without: &[&str]) -> io::Result<String> {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        add(path, without, &mut hasher)?;
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn add(path: &Path, without: &[&str], hasher: &mut DefaultHasher) -> io::Result<()> {
    path.hash(hasher);
    if path.is_dir() {
        let mut entries = fs::read_dir(path)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<Vec<_>>>()?;
        entries.sort();
        for entry in entries {
            if !entry
                .file_name()
                .is_some_and(|name| without.iter().any(|other| name == *other))
            {
                add(&entry, without, hasher)?;
            }
        }
    } else if path.exists() {
        fs::read(path)?.hash(hasher);
    }
    Ok(())
}

/// Whether `file` holds this stamp.
pub(crate) fn is(file: &Path, stamp: &str) -> bool {
    fs::read_to_string(file).is_ok_and(|text| text == stamp)
}

/// Writes the stamp.
pub(crate) fn set(file: &Path, stamp: &str) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, stamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_new_or_renamed_file_changes_the_stamp_and_an_excluded_one_does_not() {
        let folder = std::env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        fs::create_dir_all(folder.join("src")).expect("a temporary folder");
        let write =
            |name: &str, text: &str| fs::write(folder.join(name), text).expect("a temporary file");
        let stamp = || of(std::slice::from_ref(&folder), &["dist"]).expect("a readable folder");
        write("src/a", "1");
        let first = stamp();
        assert_eq!(first, stamp());
        write("dist", "made");
        assert_eq!(first, stamp());
        write("src/a", "2");
        let second = stamp();
        assert_ne!(first, second);
        fs::rename(folder.join("src/a"), folder.join("src/b")).expect("a rename");
        assert_ne!(second, stamp());
        fs::remove_dir_all(&folder).expect("the temporary folder goes");
    }
}
