//! The Debian package before it is installed.

use std::path::Path;

use anyhow::{Context, ensure};

use super::{NAME, PROGRAMS, contents, output};
use crate::shell::program;

/// Files that only this kind has.
const OWN: [&str; 2] = [
    "/usr/share/doc/mcp-gateway/copyright",
    "/usr/share/zsh/vendor-completions/_mcp-gateway",
];

pub(super) fn check(package: &Path, scratch: &Path) -> anyhow::Result<()> {
    let faults = contents::faults(&files(package)?, &OWN);
    ensure!(
        faults.is_empty(),
        "{}: {}",
        package.display(),
        faults.join("; ")
    );
    check_control(package)?;
    let top = scratch.join("deb");
    output(program("dpkg-deb", ["--extract"]).args([package, &top]))?;
    contents::check_unpacked(&top)?;
    check_libc(package, &top)
}

/// What it installs, without folders.
pub(super) fn files(package: &Path) -> anyhow::Result<Vec<String>> {
    let list = output(program("dpkg-deb", ["--contents"]).arg(package))?;
    Ok(list
        .lines()
        .filter(|line| !line.starts_with('d'))
        .filter_map(|line| line.split_whitespace().nth(5))
        .map(|name| format!("/{}", name.trim_start_matches("./").trim_start_matches('/')))
        .collect())
}

/// A field of the package's control file.
fn field(package: &Path, name: &str) -> anyhow::Result<String> {
    let text = output(program("dpkg-deb", ["--field"]).arg(package).arg(name))?;
    Ok(text.trim().to_owned())
}

fn check_control(package: &Path) -> anyhow::Result<()> {
    for (name, expected) in [
        ("Package", NAME),
        ("Version", env!("CARGO_PKG_VERSION")),
        ("Maintainer", "MCP Gateway contributors"),
        ("Section", "devel"),
        ("Priority", "optional"),
    ] {
        let found = field(package, name)?;
        ensure!(found == expected, "{name}: {found}, not {expected}");
    }
    let depends = field(package, "Depends")?;
    for library in [
        "libwebkit2gtk-4.1-0",
        "libgtk-3-0",
        "libayatana-appindicator3-1",
    ] {
        let times = depends.split(", ").filter(|name| *name == library).count();
        ensure!(
            times == 1,
            "{library} is {times} times in Depends: {depends}"
        );
    }
    let description = field(package, "Description")?;
    ensure!(description.contains("网关"), "no Chinese in: {description}");
    // Scripts could leave things behind; there is nothing that they would have to do.
    let info = output(program("dpkg-deb", ["--info"]).arg(package))?;
    for script in ["preinst", "postinst", "prerm", "postrm"] {
        ensure!(!info.contains(script), "there is a {script}:\n{info}");
    }
    Ok(())
}

/// The version of glibc that the package asks for is one that its programs can do with.
fn check_libc(package: &Path, top: &Path) -> anyhow::Result<()> {
    let depends = field(package, "Depends")?;
    let promised = depends
        .split_once("libc6 (>= ")
        .and_then(|(_, rest)| version(rest.split(')').next()?))
        .with_context(|| format!("no version of libc6 in Depends: {depends}"))?;
    for (name, _) in PROGRAMS {
        let file = top.join("usr/bin").join(name);
        let symbols = output(program("readelf", ["--version-info", "--wide"]).arg(file))?;
        let used = newest_glibc(&symbols).context("a program without glibc")?;
        ensure!(
            used <= promised,
            "{name} uses glibc {}.{}, and Depends says {depends}: build on an older system or raise it in tauri.conf.json",
            used.0,
            used.1
        );
    }
    Ok(())
}

/// The newest `GLIBC_` version that `readelf --version-info` shows.
fn newest_glibc(symbols: &str) -> Option<(u32, u32)> {
    symbols
        .split("GLIBC_")
        .skip(1)
        .filter_map(|rest| {
            version(
                rest.split(|end: char| !end.is_ascii_digit() && end != '.')
                    .next()?,
            )
        })
        .max()
}

fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split('.').map(str::parse::<u32>);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_the_greatest_number_not_the_last_text() {
        let symbols = "Name: GLIBC_2.9  Flags: none\n Name: GLIBC_2.34 Flags: none\n Name: GLIBC_2.2.5\n Name: GCC_4.2.0";
        assert_eq!(newest_glibc(symbols), Some((2, 34)));
        assert_eq!(newest_glibc("Name: GCC_3.0"), None);
    }
}
