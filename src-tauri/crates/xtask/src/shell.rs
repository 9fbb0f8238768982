//! Running other programs: where, how long, and what is said when they fail.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::words::said;

/// How often a child with a deadline is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    // src-tauri/crates/xtask, three levels down
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(3).unwrap_or(own).to_owned()
}

/// Where Cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// A program to be run at the top of the repository.
pub(crate) fn program<const N: usize>(name: &str, arguments: [&str; N]) -> Command {
    let mut command = Command::new(name);
    command
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::null());
    command
}

/// The Cargo that started this program, so that both use one toolchain.
pub(crate) fn cargo<const N: usize>(arguments: [&str; N]) -> Command {
    program(
        &std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()),
        arguments,
    )
}

/// npm, by the name it has on this system.
pub(crate) fn npm<const N: usize>(folder: &str, arguments: [&str; N]) -> Command {
    let mut command = program(if cfg!(windows) { "npm.cmd" } else { "npm" }, arguments);
    command.current_dir(root().join(folder));
    command
}

/// Where on the `PATH` a program of that name is.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Whether a program of that name is on the `PATH`.
pub(crate) fn exists(name: &str) -> bool {
    find(name).is_some()
}

/// Whether a command succeeds; its output is not shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a command to its end, output streamed.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    run_within(command, None)
}

/// Runs a command to its end, or until `deadline`. The deadline holds only
/// where nobody sits in front of it: there, the command and all it started
/// are killed; at a terminal there is Ctrl-C, which needs one process group.
pub(crate) fn run_within(command: &mut Command, deadline: Option<Instant>) -> anyhow::Result<()> {
    println!("$ {}", line(command));
    let deadline = deadline.filter(|_| !std::io::stdout().is_terminal());
    if deadline.is_some() {
        own_group(command);
    }
    let mut child = command
        .spawn()
        .with_context(|| format!("{}: {}", said("cannot start", "无法启动"), line(command)))?;
    let status = match deadline {
        None => child.wait()?,
        Some(deadline) => wait_until(&mut child, deadline)?,
    };
    if !status.success() {
        bail!("{} ({status})", line(command));
    }
    Ok(())
}

fn wait_until(child: &mut Child, deadline: Instant) -> anyhow::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() >= deadline {
            kill_group(child)?;
            child.wait()?;
            bail!(
                "{}",
                said("took too long and was killed", "运行时间过长，已被终止")
            );
        }
        sleep(LOOK);
    }
}

/// The command as one would type it, for reading.
pub(crate) fn line(command: &Command) -> String {
    let name = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let mut line = name.to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[cfg(unix)]
fn own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(unix)]
fn kill_group(child: &mut Child) -> anyhow::Result<()> {
    use rustix::process::{Pid, Signal, kill_process_group};
    Ok(kill_process_group(Pid::from_child(child), Signal::KILL)?)
}

#[cfg(not(unix))]
fn own_group(_command: &mut Command) {}

#[cfg(not(unix))]
fn kill_group(child: &mut Child) -> anyhow::Result<()> {
    Ok(child.kill()?)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_ends_a_child_with_everything_that_it_started() {
        let mut command = program("sh", ["-c", "sleep 60 & wait"]);
        own_group(&mut command);
        let mut child = command.spawn().expect("sh starts");
        let group = rustix::process::Pid::from_child(&child);
        let ended = wait_until(&mut child, Instant::now() + Duration::from_millis(200));
        assert!(ended.is_err());
        let patience = Instant::now() + Duration::from_secs(10);
        while rustix::process::test_kill_process_group(group).is_ok() {
            assert!(Instant::now() < patience, "a grandchild survived");
            sleep(LOOK);
        }
    }

    #[test]
    fn a_failure_names_the_command() {
        let error = run(&mut program("sh", ["-c", "exit 3"])).expect_err("it exits with 3");
        assert!(error.to_string().contains("sh -c exit 3"), "{error}");
        assert!(run(&mut program("no-such-program-here", [])).is_err());
    }
}
