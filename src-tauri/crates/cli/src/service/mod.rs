//! `service`: the gateway as a service of this user, started at login and again after a failure.
//!
//! Owns the definition that the system's service manager reads, and says why a service does not
//! run. What a definition says (`definition`; `unit`, `plist`, `task`), what a re-install changes
//! (`changes`) and what is wrong (`diagnosis`) are decided by pure code; the managers (`systemd`,
//! `launchd`, `tasks`) are spoken to through their own programs, each with a deadline. It never
//! ends a gateway that is not the service's, and never asks for more rights than the user's.

mod definition;

mod plist;
mod task;
mod unit;
mod xml;

mod launchd;
mod manager;
mod programs;
mod systemd;
mod tasks;

mod changes;
mod diagnosis;
mod ending;
mod look;

mod install;
mod life;
mod report;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod scripted;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;

use crate::args::{CommandLine, ServiceAction};
use crate::context::Context;
use crate::language::t;
use diagnosis::Installed;
use manager::Manager;

pub(crate) use plist::LABEL as LAUNCHD_LABEL;

/// The service of this user.
struct Service<'a> {
    manager: Box<dyn Manager>,
    context: &'a Context,
}

/// Does what was asked for.
pub(crate) fn run(
    line: CommandLine,
    action: ServiceAction,
    context: &Context,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let service = Service {
        manager: manager::of_this_system(context)?,
        context,
    };
    match action {
        ServiceAction::Install { host, no_start } => {
            let mut line = line;
            line.serve.host = host;
            service.install(&line, !no_start, out, err)
        }
        ServiceAction::Uninstall => service.uninstall(out, err),
        ServiceAction::Start => service.start(out, err),
        ServiceAction::Stop => service.stop(out),
        ServiceAction::Restart => service.restart(out, err),
        ServiceAction::Status { json } => service.status(json, out),
    }
}

/// Whether a service is installed whose gateway would have this data folder.
pub(crate) fn is_meant(context: &Context, data_dir: &Path) -> bool {
    let manager = manager::of_this_system(context);
    manager.is_ok_and(|manager| {
        let service = Service { manager, context };
        let installed = matches!(service.installed(), Installed::Yes { .. });
        installed && service.data_dir().is_ok_and(|folder| folder == data_dir)
    })
}

impl Service<'_> {
    /// The definition on disk.
    fn installed(&self) -> Installed {
        let path = self.manager.path().to_owned();
        let text = match std::fs::read(&path) {
            Ok(bytes) => {
                let in_force = self.manager.in_force();
                in_force.unwrap_or_else(|| self.manager.decode(&bytes))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Installed::No,
            Err(error) => {
                let why = error.to_string();
                return Installed::Unreadable { path, why };
            }
        };
        match self.manager.parse(&text) {
            None => Installed::Strange(path),
            Some(definition) => Installed::Yes {
                path,
                program_exists: Path::new(&definition.program).exists(),
                definition,
            },
        }
    }

    /// Where the service's gateway keeps its data.
    fn data_dir(&self) -> anyhow::Result<PathBuf> {
        let named = match self.installed() {
            Installed::Yes { definition, .. } => definition.data_dir(),
            _ => None,
        };
        match named {
            // Where it is relative: a service begins at home.
            Some(folder) => Ok(match &self.context.home {
                Some(home) => home.join(folder),
                None => folder,
            }),
            None => self.context.data_dir(None),
        }
    }

    /// The definition's place is written to as a whole, readable by its owner.
    fn write(&self, text: &str) -> anyhow::Result<()> {
        let path = self.manager.path();
        let written = replace(path, &self.manager.encode(text));
        written.with_context(|| {
            let lead = t("cannot write", "无法写入");
            format!("{lead} {}", path.display())
        })
    }
}

/// Nobody reads half of it; and launchd takes no file that others may write. A link stays one, for
/// whoever keeps such files elsewhere.
fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // What leads nowhere is replaced itself.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(&temporary)
        .and_then(|mut file| file.write_all(content))
        .and_then(|()| std::fs::rename(&temporary, &path));
    if written.is_err() {
        // The first error is the one to be told.
        _ = std::fs::remove_file(&temporary);
    }
    written
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_link_stays_and_a_failure_leaves_nothing() {
        let home = tempfile::tempdir().expect("a folder");
        let (link, file) = (home.path().join("unit"), home.path().join("kept"));
        std::fs::write(&file, "old").expect("written");
        std::os::unix::fs::symlink(&file, &link).expect("linked");
        replace(&link, b"new").expect("replaced");
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&file).expect("read"), b"new");

        // A folder cannot be replaced by a file.
        let folder = home.path().join("folder");
        std::fs::create_dir_all(folder.join("full")).expect("made");
        replace(&folder, b"new").expect_err("a folder");
        let names = std::fs::read_dir(home.path()).expect("listed");
        assert_eq!(names.count(), 3, "no temporary file is left");
    }
}
