//! The configuration file on disk: read whole, replaced whole, with the former text kept.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::private_file;

/// Former texts that are kept.
const BACKUPS: usize = 30;

/// Why a file was not replaced.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplaceError {
    /// Somebody else has changed it meanwhile.
    #[error("it was changed by another program meanwhile")]
    Changed,
    /// The system's reason.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The file's bytes; `None` where there is no file.
///
/// # Errors
/// Those of the file system.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts `after` in place of `before`, which is kept in the folder `backups`. Readers see
/// the one or the other, never half of it. A symbolic link stays one, permissions stay.
///
/// # Errors
/// See [`ReplaceError`]; the file is as it was then.
pub(crate) fn replace(
    path: &Path,
    before: Option<&[u8]>,
    after: &[u8],
    backups: &Path,
) -> Result<(), ReplaceError> {
    // People link their configuration to where they version it.
    let target = match before {
        Some(_) => path.canonicalize()?,
        None => path.to_owned(),
    };
    if let Some(before) = before {
        keep(before, &target, backups)?;
    }
    let folder = target
        .parent()
        .ok_or_else(|| io::Error::other("a file needs a folder"))?;
    private_file::create_folder(folder)?;
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = folder.join(name);
    let written = write_beside(&temporary, &target, after).and_then(|()| {
        if read(&target)?.as_deref() != before {
            return Err(ReplaceError::Changed);
        }
        Ok(std::fs::rename(&temporary, &target)?)
    });
    if written.is_err()
        && let Err(error) = std::fs::remove_file(&temporary)
    {
        tracing::debug!(%error, "no temporary file is left behind");
    }
    written
}

fn write_beside(temporary: &Path, target: &Path, text: &[u8]) -> Result<(), ReplaceError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // It may hold keys; a file that is there already keeps its own permissions.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(temporary)?;
    file.write_all(text)?;
    if let Ok(metadata) = std::fs::metadata(target) {
        file.set_permissions(metadata.permissions())?;
    }
    file.sync_all()?;
    Ok(())
}

/// Keeps a text under the time at which it was replaced.
fn keep(text: &[u8], target: &Path, backups: &Path) -> io::Result<()> {
    let millis = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    let stem = target.file_name().unwrap_or_default().to_string_lossy();
    private_file::write(&backups.join(format!("{millis:015}-{stem}")), text)?;
    let mut kept: Vec<PathBuf> = std::fs::read_dir(backups)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    // Names begin with the time.
    kept.sort();
    let surplus = kept.len().saturating_sub(BACKUPS);
    for old in kept.iter().take(surplus) {
        std::fs::remove_file(old)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_its_former_text_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, backups) = (folder.path().join("config.json"), folder.path().join("old"));
        replace(&path, None, b"one", &backups).expect("a first file");
        assert!(!backups.exists(), "there was nothing to keep");
        replace(&path, Some(b"one"), b"two", &backups).expect("a second text");
        assert_eq!(read(&path).expect("read").as_deref(), Some(&b"two"[..]));
        let kept: Vec<_> = std::fs::read_dir(&backups).expect("kept").collect();
        let kept = kept[0].as_ref().expect("an entry").path();
        assert_eq!(std::fs::read(kept).expect("read"), b"one");
        let left = std::fs::read_dir(folder.path()).expect("list").count();
        assert_eq!(left, 2, "no temporary file is left");
    }

    #[test]
    fn what_somebody_else_wrote_meanwhile_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.json");
        std::fs::write(&path, "by hand").expect("write");
        let refused = replace(&path, Some(b"one"), b"two", &folder.path().join("old"));
        assert!(matches!(refused, Err(ReplaceError::Changed)));
        assert_eq!(std::fs::read(&path).expect("read"), b"by hand");
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::write(&real, "one").expect("write");
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).expect("chmod");
        std::os::unix::fs::symlink(&real, &link).expect("link");
        replace(&link, Some(b"one"), b"two", &folder.path().join("old")).expect("replaced");
        let metadata = std::fs::metadata(&real).expect("metadata");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o640);
        assert!(std::fs::symlink_metadata(&link).expect("link").is_symlink());
        assert_eq!(std::fs::read(&real).expect("read"), b"two");
    }
}
