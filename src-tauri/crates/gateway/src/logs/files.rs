//! Where the lines of a server, and the gateway's own, lie on disk: one file of each that is
//! written, and older ones beside it.

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::private_file;

/// A file that would grow beyond this is put aside first.
pub(super) const LARGEST: u64 = 1 << 20;
/// Files of one log, the one that is written included.
const FILES: usize = 3;
/// What is left of a server that was removed goes this long after its last line.
const AGE: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// A longer name is cut.
const NAME: usize = 48;
/// Names that Windows gives to devices, with any ending; and our own.
const TAKEN: [&str; 6] = ["con", "prn", "aux", "nul", "gateway", "clock$"];

/// The gateway's own file. No server's is called so.
pub(super) const OWN: &str = "gateway.log";

/// Whose log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogOf<'a> {
    /// What the gateway itself says.
    Gateway,
    /// What a server says, and the gateway about it.
    Server(&'a str),
}

/// The file that a log's lines are written to now, in the gateway's data folder.
pub fn path_of(data_dir: &Path, log: LogOf<'_>) -> PathBuf {
    let name = match log {
        LogOf::Gateway => OWN.to_owned(),
        LogOf::Server(server) => file_name(server),
    };
    folder(data_dir).join(name)
}

/// The last lines that were kept of a log, oldest first, as they were written.
///
/// # Errors
/// Those of the file system; also where nothing was ever kept.
pub fn kept_lines(
    data_dir: &Path,
    log: LogOf<'_>,
    count: usize,
    wanted: impl Fn(&str) -> bool,
) -> io::Result<Vec<String>> {
    let newest = path_of(data_dir, log);
    let mut lines = Vec::new();
    let mut found = Err(io::ErrorKind::NotFound.into());
    for number in 0..FILES {
        let mut older = match read_lines(&numbered(&newest, number)) {
            Ok(lines) => lines,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        found = Ok(());
        older.retain(|line| wanted(line));
        older.append(&mut lines);
        lines = older;
        if lines.len() >= count {
            break;
        }
    }
    found.map(|()| lines.split_off(lines.len().saturating_sub(count)))
}

/// The servers of which lines are kept, by the names of their files.
pub fn kept_names(data_dir: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder(data_dir)) else {
        // No folder: nothing was ever kept.
        return Vec::new();
    };
    let files = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<_> = files
        .filter(|file| file != OWN)
        .filter_map(|file| Some(file.strip_suffix(".log")?.to_owned()))
        .collect();
    names.sort();
    names
}

pub(super) fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("logs")
}

/// A name that every file system takes and that no two servers share. A name that is cut or
/// changed for that ends with a digest of the whole.
pub(super) fn file_name(server: &str) -> String {
    let is_plain = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-');
    let stem: String = server
        .chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .take(NAME)
        .collect();
    let is_device = |name: &str| {
        TAKEN.contains(&name)
            || matches!(name.len(), 4) && (name.starts_with("com") || name.starts_with("lpt"))
    };
    if stem == server && !stem.is_empty() && !is_device(&stem) {
        return format!("{stem}.log");
    }
    let digest = Sha256::digest(server.as_bytes());
    let digest: String = digest.iter().take(4).map(|b| format!("{b:02x}")).collect();
    format!("{stem}~{digest}.log")
}

/// Adds to a file; where it is full, puts it aside and begins another.
///
/// # Errors
/// Those of the file system.
pub(super) fn append(path: &Path, lines: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        private_file::create_folder(folder)?;
    }
    let size = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    if size > 0 && size + lines.len() as u64 > LARGEST {
        for number in (1..FILES).rev() {
            match std::fs::rename(numbered(path, number - 1), numbered(path, number)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(lines)
}

/// Removes what is old and of no server in `present`; the gateway's own stays. Whatever cannot be removed stays.
pub(super) fn sweep(data_dir: &Path, present: &[String], now: SystemTime) {
    let Ok(entries) = std::fs::read_dir(folder(data_dir)) else {
        return;
    };
    let mut present: Vec<_> = present.iter().map(|server| file_name(server)).collect();
    present.push(OWN.to_owned());
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some((stem, _)) = name.to_str().and_then(|name| name.split_once(".log")) else {
            continue;
        };
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let is_old =
            modified.is_ok_and(|modified| now.duration_since(modified).is_ok_and(|age| age > AGE));
        if is_old && !present.contains(&format!("{stem}.log")) {
            let path = entry.path();
            match std::fs::remove_file(&path) {
                Ok(()) => tracing::debug!(path = %path.display(), "an old log is removed"),
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "an old log could not be removed");
                }
            }
        }
    }
}

/// `x.log`, `x.log.1` and so on, the higher the older.
fn numbered(path: &Path, number: usize) -> PathBuf {
    if number == 0 {
        return path.to_owned();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

fn read_lines(path: &Path) -> io::Result<Vec<String>> {
    let file = BufReader::new(std::fs::File::open(path)?);
    file.split(b'\n')
        .map(|line| line.map(|line| String::from_utf8_lossy(&line).into_owned()))
        .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn no_two_servers_share_a_file() {
        assert_eq!(file_name("files-2_b"), "files-2_b.log");
        let odd = [
            "Files-2_b",
            "files.2",
            "../x",
            "a/b",
            "搜索",
            "con",
            "com1",
            "gateway",
            "",
            &"long".repeat(40),
        ];
        let mut names: Vec<_> = odd.iter().map(|name| file_name(name)).collect();
        for name in &names {
            assert!(
                name.is_ascii() && name.contains('~') && name.len() < 70,
                "{name}"
            );
            assert!(
                !name.contains(['/', '\\']) && !name.starts_with('.'),
                "{name}"
            );
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), odd.len());
    }

    #[test]
    fn full_files_are_put_aside_and_three_are_kept() {
        let home = tempfile::tempdir().unwrap();
        let path = path_of(home.path(), LogOf::Server("x"));
        let block = |n: usize| format!("{n}\n").repeat(300_000).into_bytes();
        for n in 1..=9 {
            append(&path, &block(n)).unwrap();
        }
        append(&path, b"last\n").unwrap();
        let sizes: Vec<_> = (0..4)
            .map(|n| std::fs::metadata(numbered(&path, n)).map_or(0, |file| file.len()))
            .collect();
        assert_eq!(sizes, [600_005, 600_000, 600_000, 0]);
        let kept = kept_lines(home.path(), LogOf::Server("x"), 300_002, |_| true).unwrap();
        assert_eq!(kept.len(), 300_002);
        assert_eq!((kept[0].as_str(), kept[300_001].as_str()), ("8", "last"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&path), 0o600);
            assert_eq!(mode(path.parent().unwrap()), 0o700);
        }
    }

    #[test]
    fn only_what_is_wanted_counts() {
        let home = tempfile::tempdir().unwrap();
        append(
            &path_of(home.path(), LogOf::Server("x")),
            b"a1\nb1\na2\nb2\na3\n",
        )
        .unwrap();
        let kept = kept_lines(home.path(), LogOf::Server("x"), 2, |line| {
            line.starts_with('a')
        })
        .unwrap();
        assert_eq!(kept, ["a2", "a3"]);
        let none = kept_lines(home.path(), LogOf::Gateway, 2, |_| true).unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::NotFound);
        assert_eq!(kept_names(home.path()), ["x"]);
    }

    #[test]
    fn old_files_of_removed_servers_go() {
        let home = tempfile::tempdir().unwrap();
        for log in [LogOf::Server("gone"), LogOf::Server("here"), LogOf::Gateway] {
            let path = path_of(home.path(), log);
            append(&path, b"x\n").unwrap();
            append(&numbered(&path, 1), b"x\n").unwrap();
        }
        let left = || std::fs::read_dir(folder(home.path())).unwrap().count();
        let present = ["here".to_owned()];
        sweep(home.path(), &present, SystemTime::now());
        assert_eq!(left(), 6);
        sweep(
            home.path(),
            &present,
            SystemTime::now() + AGE + Duration::from_secs(60),
        );
        assert_eq!(left(), 4);
        assert_eq!(kept_names(home.path()), ["here"]);
    }
}
