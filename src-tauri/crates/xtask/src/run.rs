//! `cargo xtask run`: from a fresh clone to a gateway that runs.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context;

use crate::node;
use crate::shell::{self, cargo, target};
use crate::system::{self, Purpose};
use crate::words::said;

/// What may be asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The headless gateway even where there is a display · 即使有显示器也运行无界面网关
    #[arg(long)]
    headless: bool,
    /// Optimized: slower to build, faster to run · 优化构建:编译更慢,运行更快
    #[arg(long)]
    release: bool,
    /// Passed on to the gateway · 传给网关的参数
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Which program is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Face {
    Desktop,
    Headless,
}

/// Installs, builds and starts; on Unix the gateway then takes this process's
/// place, so Ctrl-C, every other signal and the exit code are its own.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let face = if options.headless {
        Face::Headless
    } else {
        Face::of_surroundings(|name| std::env::var(name).ok())
    };
    step(1, said("system packages", "系统软件包"));
    system::ensure(match face {
        Face::Desktop => &[Purpose::Build, Purpose::Desktop],
        Face::Headless => &[Purpose::Build],
    })?;
    step(2, said("the interface", "构建界面"));
    if node::is_package("ui") {
        node::build_ui()?;
    }
    step(
        3,
        said(
            "the gateway (minutes the first time)",
            "构建网关（首次需要几分钟）",
        ),
    );
    shell::run(&mut build(face, options.release))?;
    step(
        4,
        said("starting; Ctrl-C ends it", "启动中；按 Ctrl-C 结束"),
    );
    let folder = target().join(if options.release { "release" } else { "debug" });
    let program = folder
        .join(face.program())
        .with_extension(std::env::consts::EXE_EXTENSION);
    start(&program, &options.arguments)
}

fn step(number: u32, what: &str) {
    println!("{} {number}/4 {what} …", said("step", "步骤"));
}

fn build(face: Face, release: bool) -> Command {
    let mut command = cargo(["build", "--locked"]);
    for program in face.programs() {
        command.args(["--bin", program]);
    }
    if face == Face::Headless {
        command.arg("--no-default-features");
    }
    if release {
        command.arg("--release");
    }
    command
}

#[cfg(unix)]
fn start(program: &Path, arguments: &[String]) -> anyhow::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    let error = Command::new(program).args(arguments).exec();
    Err(error)
        .with_context(|| format!("{} {}", said("cannot start", "无法启动"), program.display()))
}

#[cfg(not(unix))]
fn start(program: &Path, arguments: &[String]) -> anyhow::Result<ExitCode> {
    let status = Command::new(program)
        .args(arguments)
        .status()
        .with_context(|| format!("{} {}", said("cannot start", "无法启动"), program.display()))?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}

// === impl Face ===

impl Face {
    /// Linux says by its environment whether there is a display; elsewhere there is one.
    fn of_surroundings(env: impl Fn(&str) -> Option<String>) -> Self {
        let display = ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| env(name).is_some_and(|value| !value.is_empty()));
        if display || !cfg!(target_os = "linux") {
            Self::Desktop
        } else {
            Self::Headless
        }
    }

    /// What is started.
    fn program(self) -> &'static str {
        match self {
            Self::Desktop => "mcp-gateway-desktop",
            Self::Headless => "mcp-gateway",
        }
    }

    /// What is built: the command line beside the app too, which runs the app's `demo` server
    /// and is what one asks a running gateway with.
    fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Desktop => &["mcp-gateway-desktop", "mcp-gateway", "mcp-stdio-bridge"],
            Self::Headless => &["mcp-gateway", "mcp-stdio-bridge"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_display_decides_which_program_is_started() {
        let with = |name: &'static str, value: &'static str| {
            Face::of_surroundings(move |asked| (asked == name).then(|| value.to_owned()))
        };
        assert_eq!(with("DISPLAY", ":0"), Face::Desktop);
        assert_eq!(with("WAYLAND_DISPLAY", "wayland-0"), Face::Desktop);
        assert_eq!(with("DISPLAY", ""), Face::Headless);
        assert_eq!(with("TERM", "xterm"), Face::Headless);
    }

    #[test]
    fn whatever_is_started_its_command_line_and_bridge_lie_beside_it() {
        for face in [Face::Desktop, Face::Headless] {
            let line = shell::line(&build(face, false));
            let built: Vec<_> = line
                .split(" --bin ")
                .skip(1)
                .filter_map(|rest| rest.split_whitespace().next())
                .collect();
            for program in [face.program(), "mcp-gateway", "mcp-stdio-bridge"] {
                assert!(built.contains(&program), "{program}: {line}");
            }
        }
    }

    #[test]
    fn the_headless_build_leaves_the_desktop_out() {
        let line = shell::line(&build(Face::Headless, false));
        assert!(
            line.contains("--no-default-features") && !line.contains("desktop"),
            "{line}"
        );
        assert!(!shell::line(&build(Face::Desktop, true)).contains("--no-default-features"));
    }
}
