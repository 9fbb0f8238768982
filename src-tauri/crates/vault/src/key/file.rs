//! The key in a file beside the store: where there is no keychain, and nobody has given a key.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::fault::Fault;
use crate::seal::{DataKey, random};
use crate::secret::Secret;

use super::text;

/// The key in the file; none if there is no file.
pub(super) fn read(path: &Path) -> Result<Option<DataKey>, Fault> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Secret::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(path, error)),
    };
    let key = text::read(&text).ok_or_else(|| unusable(path, "it holds no key"))?;
    tighten(path).map_err(|error| unusable(path, error))?;
    Ok(Some(key))
}

/// The key in the file, which is made if there is none.
pub(super) fn read_or_make(path: &Path) -> Result<DataKey, Fault> {
    if let Some(key) = read(path)? {
        return Ok(key);
    }
    let key = DataKey::random().map_err(|_| Fault::Randomness)?;
    make(path, &text::write(&key)).map_err(|error| unusable(path, error))?;
    // Another process may have been faster: the file's key counts, whose ever it is.
    read(path)?.ok_or_else(|| unusable(path, "it is gone"))
}

/// Makes the file at once with its whole content, unless it is there by now.
fn make(path: &Path, text: &Secret) -> io::Result<()> {
    // A random name: two containers that share a folder can have the same process id.
    let random = random::<8>().map_err(|_| io::Error::other("there are no random numbers"))?;
    let temporary = path.with_extension(format!("key.{:016x}.tmp", u64::from_ne_bytes(random)));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(text.reveal().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    drop(file);
    // A link never replaces a file. Where the file system has none, the name is taken over.
    match fs::hard_link(&temporary, path) {
        Ok(()) => fs::remove_file(&temporary),
        Err(_) if path.exists() => fs::remove_file(&temporary),
        Err(_) => fs::rename(&temporary, path),
    }
}

/// Takes the rights of others away, if a copy or a backup has given them some.
#[cfg(unix)]
fn tighten(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        tracing::warn!(path = %path.display(), "the key file was open to others: now it is readable by its owner alone");
    }
    Ok(())
}

#[cfg(not(unix))]
fn tighten(_path: &Path) -> io::Result<()> {
    Ok(())
}

fn unusable(path: &Path, cause: impl ToString) -> Fault {
    Fault::KeyFile {
        path: path.to_owned(),
        cause: cause.to_string(),
    }
}
