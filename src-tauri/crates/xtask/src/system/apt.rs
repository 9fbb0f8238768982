//! Installs what is missing, where that is allowed; else says the command.

use std::fs;
use std::io::IsTerminal;
use std::process::Command;

use anyhow::{Context, bail};

use super::packages::{Purpose, missing};
use crate::shell::{exists, program, run, succeeds};
use crate::words::said;

/// How apt may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    Root,
    /// `sudo` that asks for nothing.
    Sudo,
    None,
}

/// Makes the system have what these purposes need.
///
/// # Errors
/// When something is missing that may not be installed from here; the error
/// is the command to type.
pub(crate) fn ensure(purposes: &[Purpose]) -> anyhow::Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let packages = missing(purposes);
    if packages.is_empty() {
        return Ok(());
    }
    let packages = named(
        &packages,
        &fs::read_to_string("/etc/os-release").unwrap_or_default(),
    );
    println!(
        "{}: {}",
        said("missing on this system", "系统缺少以下软件包"),
        packages.join(" ")
    );
    let right = right();
    if !exists("apt-get") {
        bail!(
            "{}: {}",
            said(
                "there is no apt-get here; install what provides these Debian packages, then try again",
                "没有找到 apt-get；请安装提供以下 Debian 软件包的程序后重试"
            ),
            packages.join(" ")
        );
    }
    if right == Right::None {
        bail!(
            "{}:\n\n  {}\n",
            said(
                "administrator rights are needed; run this, then try again",
                "需要管理员权限；请先执行以下命令，再重试"
            ),
            command_to_type(&packages)
        );
    }
    run(&mut apt(right, &["update"]))?;
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(&packages);
    run(&mut apt(right, &install))
        .context(said("apt could not install everything", "apt 未能完成安装"))
}

/// Ubuntu's browser has another name.
fn named(packages: &[&'static str], os_release: &str) -> Vec<&'static str> {
    let ubuntu = os_release.lines().any(|line| line.trim() == "ID=ubuntu");
    packages
        .iter()
        .map(|name| {
            if ubuntu && *name == "chromium" {
                "chromium-browser"
            } else {
                name
            }
        })
        .collect()
}

/// A program run with administrator rights, if they can be had without asking.
pub(crate) fn privileged<const N: usize>(name: &str, arguments: [&str; N]) -> Option<Command> {
    match right() {
        Right::Root => Some(program(name, arguments)),
        Right::Sudo => {
            let mut command = program("sudo", ["-n", name]);
            command.args(arguments);
            Some(command)
        }
        Right::None => None,
    }
}

/// Whether this process is the administrator.
pub(crate) fn is_root() -> bool {
    right() == Right::Root
}

fn command_to_type(packages: &[&str]) -> String {
    format!(
        "sudo apt-get update && sudo apt-get install -y --no-install-recommends {}",
        packages.join(" ")
    )
}

fn right() -> Right {
    if succeeds(&mut program("sh", ["-c", "[ \"$(id -u)\" = 0 ]"])) {
        Right::Root
    } else if exists("sudo") && succeeds(&mut program("sudo", ["-n", "true"])) {
        Right::Sudo
    } else {
        Right::None
    }
}

fn apt(right: Right, arguments: &[&str]) -> Command {
    let mut command = match right {
        Right::Sudo => program(
            "sudo",
            ["-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"],
        ),
        Right::Root | Right::None => program("apt-get", []),
    };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    if !std::io::stdout().is_terminal() {
        command.arg("-q");
    }
    command.args(arguments);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_goes_by_the_name_that_the_distribution_gives_it() {
        assert_eq!(
            named(&["xvfb", "chromium"], "ID=debian\n"),
            ["xvfb", "chromium"]
        );
        assert_eq!(
            named(&["chromium"], "NAME=\"Ubuntu\"\nID=ubuntu\n"),
            ["chromium-browser"]
        );
    }

    #[test]
    fn the_command_to_type_is_complete() {
        assert_eq!(
            command_to_type(&["xvfb", "openbox"]),
            "sudo apt-get update && sudo apt-get install -y --no-install-recommends xvfb openbox"
        );
    }
}
