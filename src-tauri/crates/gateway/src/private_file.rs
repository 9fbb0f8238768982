//! Files of the data folder: readable by their owner alone, replaced as a whole.

use std::io::{self, Write};
use std::path::Path;

/// Writes a file through a temporary one beside it, so that nobody ever reads half of it.
///
/// # Errors
/// Those of the file system.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path
        .parent()
        .ok_or_else(|| io::Error::other("a file needs a folder"))?;
    create_folder(folder)?;
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(content)?;
    drop(file);
    std::fs::rename(&temporary, path)
}

/// Reads a file, or makes it with fresh content where there is none yet.
///
/// # Errors
/// Those of the file system.
pub(crate) fn read_or_create(
    path: &Path,
    make: impl FnOnce() -> io::Result<Vec<u8>>,
) -> io::Result<Vec<u8>> {
    match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let content = make()?;
            write(path, &content)?;
            Ok(content)
        }
        read => read,
    }
}

/// Makes a folder that nobody else can look into, and those above it.
///
/// # Errors
/// Those of the file system.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_once_and_kept() -> io::Result<()> {
        let folder =
            std::env::temp_dir().join(format!("mcp-gateway-private-{}", std::process::id()));
        let path = folder.join("key");
        assert_eq!(read_or_create(&path, || Ok(b"one".to_vec()))?, b"one");
        assert_eq!(read_or_create(&path, || Ok(b"two".to_vec()))?, b"one");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                std::fs::metadata(&path)?.permissions().mode() & 0o777,
                0o600
            );
        }
        std::fs::remove_dir_all(folder)
    }
}
