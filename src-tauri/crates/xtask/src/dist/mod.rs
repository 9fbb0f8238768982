//! `cargo xtask dist`: the packages that users install.

mod check;
mod files;
mod notices;
mod tauri;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::ensure;

use crate::node;
use crate::shell::{self, target};
use crate::system::{self, Purpose};
use crate::words::said;

pub(crate) use files::write as write_files;

/// What may be asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Cargo profile: dist is the fastest program, release builds sooner · 构建配置:dist 运行最快,release 构建更快
    #[arg(long, default_value = "dist", value_name = "PROFILE")]
    profile: String,
    /// Look into the packages, then install, use and remove them · 检查安装包内容,然后安装、使用并卸载
    #[arg(long)]
    check: bool,
}

/// Builds the packages of this system and names them.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    system::ensure(&[Purpose::Build, Purpose::Desktop])?;
    node::install("ui", shell::run)?;
    let bundle = build(&options.profile, shell::run)?;
    for package in packages(&bundle)? {
        let size = fs::metadata(&package)?.len();
        println!("{:>7.1} MB  {}", size as f64 / 1e6, package.display());
    }
    if options.check {
        system::ensure(&[Purpose::Package, Purpose::Test])?;
        if let Some(why) = check(&bundle, |_| Ok(()))? {
            println!("{why}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds the packages with the release profile and checks them; while they are installed, `usage`
/// gets the folder with the programs. Returns why they were not installed, if they were not.
pub(crate) fn test(
    runner: impl Fn(&mut Command) -> anyhow::Result<()>,
    usage: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<Option<&'static str>> {
    let bundle = build("release", runner)?;
    check(&bundle, usage)
}

/// Returns the folder below which the packages are.
fn build(
    profile: &str,
    runner: impl Fn(&mut Command) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    let bundle = target().join(profile).join("bundle");
    // What an earlier version left there must not pass for the result.
    if bundle.exists() {
        fs::remove_dir_all(&bundle)?;
    }
    runner(&mut tauri::build(profile))?;
    ensure!(
        !packages(&bundle)?.is_empty(),
        "{}: {}",
        said("no package was made in", "没有生成安装包"),
        bundle.display()
    );
    Ok(bundle)
}

/// Returns why they were not installed, if they were not.
fn check(
    bundle: &Path,
    usage: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<Option<&'static str>> {
    check::contents(bundle)?;
    let hindrance = check::hindrance();
    if hindrance.is_none() {
        check::installed(bundle, usage)?;
    }
    Ok(hindrance)
}

/// The packages below a bundle folder: what Tauri makes on its way to them is left out.
fn packages(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for kind in folder.read_dir().into_iter().flatten() {
        for entry in kind?.path().read_dir().into_iter().flatten() {
            let path = entry?.path();
            let ends = |end| path.extension().is_some_and(|own| own == end);
            if ["deb", "rpm", "dmg", "exe"].into_iter().any(ends) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
