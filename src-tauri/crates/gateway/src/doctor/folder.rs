//! The data folder: whether it can be written, whether the disk has room, and whether others can
//! read what is private in it.

use std::io;
use std::path::{Path, PathBuf};

use super::finding::Finding;
use super::fix::Fix;
use crate::words::Words;

/// Less than this and a store or a log may not be written to its end.
const FULL: u64 = 16 << 20;
const NEARLY_FULL: u64 = 256 << 20;

/// What the folder is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// Why nothing can be written into it.
    pub(super) unwritable: Option<String>,
    /// Bytes that this user may still write; `None` where the system does not tell.
    pub(super) free: Option<u64>,
    /// What other users of the machine can read or write and should not.
    pub(super) open: Vec<PathBuf>,
}

/// Looks at the folder. One that is not there yet is made at a start, and not here.
pub(super) fn gather(path: &Path) -> Folder {
    Folder {
        path: path.to_owned(),
        unwritable: write(path).err().map(|error| error.to_string()),
        free: free(path),
        open: open_to_others(path),
    }
}

fn write(path: &Path) -> io::Result<()> {
    if matches!(path.try_exists(), Ok(false)) {
        return Ok(());
    }
    let probe = path.join(format!("probe-{}", std::process::id()));
    crate::private_file::write(&probe, b"a probe of the doctor, to be deleted\n")?;
    std::fs::remove_file(&probe)
}

#[cfg(unix)]
fn free(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(windows)]
fn free(path: &Path) -> Option<u64> {
    let path = std::path::absolute(path).ok()?;
    let kind = sysinfo::DiskRefreshKind::nothing().with_storage();
    let disks = sysinfo::Disks::new_with_refreshed_list_specifics(kind).ok()?;
    let mounts = disks.iter();
    let mounts = mounts.map(|disk| (disk.mount_point(), disk.available_space()));
    nearest(&path, mounts)
}

#[cfg(not(any(unix, windows)))]
fn free(_: &Path) -> Option<u64> {
    None
}

/// What is free on the disk that a path is on: of those on its way, the one that is mounted
/// nearest. Disks may be mounted in folders of others.
#[cfg(any(windows, test))]
fn nearest<'a>(path: &Path, mounts: impl Iterator<Item = (&'a Path, u64)>) -> Option<u64> {
    let on_the_way = mounts.filter(|(mount, _)| path.starts_with(mount));
    let nearest = on_the_way.max_by_key(|(mount, _)| mount.components().count());
    nearest.map(|(_, free)| free)
}

/// Files that hold keys, tokens and secrets, or texts of the configuration, which may.
#[cfg(unix)]
fn is_private(name: &str) -> bool {
    ["admin.token", "session.key", "backups"].contains(&name) || name.starts_with("store.")
}

#[cfg(unix)]
fn open_to_others(path: &Path) -> Vec<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let is_open = |path: &Path| {
        let metadata = std::fs::symlink_metadata(path);
        metadata.is_ok_and(|metadata| {
            !metadata.is_symlink() && metadata.permissions().mode() & 0o077 != 0
        })
    };
    if !is_open(path) {
        // Nobody else gets in, whatever the files say.
        return Vec::new();
    }
    let entries = std::fs::read_dir(path).into_iter().flatten();
    let private = entries.flatten().filter(|entry| {
        let name = entry.file_name();
        name.to_str().is_some_and(is_private) && is_open(&entry.path())
    });
    std::iter::once(path.to_owned())
        .chain(private.map(|entry| entry.path()))
        .collect()
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> Vec<PathBuf> {
    Vec::new()
}

/// Takes everybody else's rights away.
///
/// # Errors
/// Those of the file system.
#[cfg(unix)]
pub(super) fn close(paths: &[PathBuf]) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    for path in paths {
        let metadata = std::fs::symlink_metadata(path)?;
        let mut permissions = metadata.permissions();
        permissions.set_mode(permissions.mode() & 0o700);
        std::fs::set_permissions(path, permissions)?;
    }
    Ok(())
}

/// Nothing is ever found open here.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub(super) fn close(_: &[PathBuf]) -> io::Result<()> {
    Ok(())
}

/// Judges the folder.
pub(super) fn judge(folder: &Folder) -> Vec<Finding> {
    let shown = folder.path.display();
    let mut findings = Vec::new();
    if let Some(error) = &folder.unwritable {
        findings.push(
            Finding::problem(
                "folder",
                Words::new("The data folder cannot be written", "数据目录不可写"),
            )
            .because(Words::new(
                format!("{shown}: {error}"),
                format!("{shown}：{error}"),
            ))
            .remedy(Words::new(
                "make it yours and writable, or name another one with --data-dir",
                "请确保它属于您且可写，或用 --data-dir 指定其他目录",
            )),
        );
    }
    if let Some(free) = folder.free.filter(|free| *free < NEARLY_FULL) {
        findings.push(nearly_full(&folder.path, free));
    }
    if !folder.open.is_empty() {
        findings.push(open(&folder.open));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            "folder",
            Words::new(
                format!("The data folder {shown} is writable and has room"),
                format!("数据目录 {shown} 可写，空间充足"),
            ),
        ));
    }
    findings
}

fn nearly_full(path: &Path, free: u64) -> Finding {
    let title = Words::new("The disk is full, or nearly so", "磁盘已满或即将写满");
    let finding = if free < FULL {
        Finding::problem("disk", title)
    } else {
        Finding::warning("disk", title)
    };
    let (shown, left) = (path.display(), free >> 20);
    finding
        .because(Words::new(
            format!("{left} MB are left where {shown} is; accounts, secrets and the configuration can then not be saved"),
            format!("{shown} 所在的磁盘只剩 {left} MB；写满后无法保存账号、机密和配置"),
        ))
        .remedy(Words::new(
            "make room on that disk, or name a folder on another one with --data-dir",
            "请清理该磁盘，或用 --data-dir 指定其他磁盘上的目录",
        ))
}

fn open(paths: &[PathBuf]) -> Finding {
    let list: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let title = Words::new(
        "Other users of this machine can look into the data folder",
        "本机的其他用户可以查看数据目录",
    );
    // The folder itself stands first; with nothing private open in it, only names are seen.
    let finding = if paths.len() > 1 {
        Finding::problem("permissions", title)
    } else {
        Finding::warning("permissions", title)
    };
    finding
        .because(Words::new(
            format!("open to others: {}", list.join(", ")),
            format!("对其他用户开放：{}", list.join("、")),
        ))
        .remedy(Words::new(
            format!("take their rights away: `chmod go= {}`", list.join(" ")),
            format!("请取消他们的权限：`chmod go= {}`", list.join(" ")),
        ))
        .cured_by(Some(Fix::CloseToOthers(paths.to_vec())))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    fn folder() -> Folder {
        Folder {
            path: PathBuf::from("/data"),
            unwritable: None,
            free: Some(1 << 40),
            open: Vec::new(),
        }
    }

    #[test]
    fn each_fault_is_a_finding() {
        let severities = |folder: &Folder| -> Vec<Severity> {
            judge(folder).iter().map(|one| one.severity).collect()
        };
        assert_eq!(severities(&folder()), [Severity::Ok]);
        let unwritable = Folder {
            unwritable: Some("denied".to_owned()),
            ..folder()
        };
        assert_eq!(severities(&unwritable), [Severity::Problem]);
        for (free, severity) in [(1 << 20, Severity::Problem), (100 << 20, Severity::Warning)] {
            let full = Folder {
                free: Some(free),
                ..folder()
            };
            assert_eq!(severities(&full), [severity]);
        }
    }

    #[test]
    fn the_disk_of_a_folder_is_the_one_that_is_mounted_nearest() {
        let mounts = [("/", 1), ("/data", 2), ("/data/big", 3), ("/database", 4)];
        let free = |path: &str| {
            let mounts = mounts
                .iter()
                .map(|(mount, free)| (Path::new(*mount), *free));
            nearest(Path::new(path), mounts)
        };
        assert_eq!(free("/home/me"), Some(1));
        assert_eq!(free("/data/me"), Some(2));
        assert_eq!(free("/data/big/me/more"), Some(3));
        assert_eq!(nearest(Path::new("/x"), std::iter::empty()), None);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_open_is_found_and_closed() {
        use std::os::unix::fs::PermissionsExt;
        let set = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("chmod");
        };
        let home = tempfile::tempdir().expect("a folder");
        let token = home.path().join("admin.token");
        std::fs::write(&token, "secret").expect("written");
        set(&token, 0o644);
        set(home.path(), 0o700);
        assert_eq!(gather(home.path()).open, Vec::<PathBuf>::new());

        set(home.path(), 0o755);
        let found = gather(home.path());
        assert_eq!(found.open, [home.path().to_owned(), token.clone()]);
        let finding = &judge(&found)[0];
        assert_eq!(finding.severity, Severity::Problem);
        assert!(finding.fix.is_some());

        close(&found.open).expect("closed");
        assert_eq!(gather(home.path()).open, Vec::<PathBuf>::new());
        let mode = std::fs::metadata(&token)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
