//! The RPM package. Debian has rpm too, but nothing to resolve dependencies with, so it is
//! installed into a folder.

use std::fs;
use std::path::Path;

use anyhow::ensure;

use super::{NAME, contents, output};
use crate::shell::{program, root};
use crate::system::is_root;

/// Files that only this kind has.
const OWN: [&str; 2] = [
    "/usr/share/licenses/mcp-gateway/LICENSE",
    "/usr/share/zsh/site-functions/_mcp-gateway",
];

pub(super) fn check(package: &Path, scratch: &Path) -> anyhow::Result<()> {
    let list = output(program("rpm", ["--query", "--list", "--package"]).arg(package))?;
    let files: Vec<_> = list.lines().map(str::to_owned).collect();
    let faults = contents::faults(&files, &OWN);
    ensure!(
        faults.is_empty(),
        "{}: {}",
        package.display(),
        faults.join("; ")
    );
    check_header(package)?;
    let top = scratch.join("rpm");
    unpack(package, &top)?;
    contents::check_unpacked(&top)?;
    // rpm changes the root folder for it.
    if is_root() {
        check_installed(package, &scratch.join("rpm-root"))?;
    }
    Ok(())
}

/// rpm writes the archive beside its input, so it works on a copy.
fn unpack(package: &Path, top: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(top)?;
    let copy = top.join("package.rpm");
    fs::copy(package, &copy)?;
    output(program("rpm2archive", ["--nocompression"]).arg(&copy))?;
    let archive = top.join("package.rpm.tar");
    let mut tar = program("tar", ["--extract", "--file"]);
    output(tar.arg(archive).arg("--directory").arg(top))?;
    Ok(())
}

fn check_installed(package: &Path, top: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(top)?;
    let name = package.display().to_string();
    rpm(top, &["--install", "--nodeps"], &name)?;
    // Its script needs the shell of a whole system; what it would do is checked instead.
    rpm(top, &["--erase", "--noscripts"], NAME)?;
    check_remains(top)
}

fn check_header(package: &Path) -> anyhow::Result<()> {
    let format = "%{NAME}|%{VERSION}|%{LICENSE}|%{SUMMARY}|%{DESCRIPTION}|[%{REQUIRES},]";
    let header =
        output(program("rpm", ["--query", "--queryformat", format, "--package"]).arg(package))?;
    for part in [
        concat!(
            "mcp-gateway|",
            env!("CARGO_PKG_VERSION"),
            "|MIT|One MCP gateway"
        ),
        "网关",
        "libgtk-3.so.0",
        "libwebkit2gtk-4.1.so.0",
        "libayatana-appindicator3.so.1",
    ] {
        ensure!(header.contains(part), "no {part} in {header}");
    }
    Ok(())
}

fn rpm(top: &Path, what: &[&str], package: &str) -> anyhow::Result<()> {
    let mut command = program("rpm", ["--root"]);
    command.arg(top).args(what).arg(package);
    output(&mut command)?;
    Ok(())
}

/// Nothing but folders may remain, and of our own only those that the script removes.
fn check_remains(top: &Path) -> anyhow::Result<()> {
    let script = fs::read_to_string(root().join("src-tauri/bundle/rpm-postun.sh"))?;
    let remains = output(
        program("find", [])
            .arg(top.join("usr"))
            .args(["-name", "*mcp-*"]),
    )?;
    for path in remains.lines() {
        let place = path.replacen(&top.display().to_string(), "", 1);
        ensure!(Path::new(path).is_dir(), "{place} remains");
        ensure!(
            script.contains(&place),
            "rpm-postun.sh does not remove {place}"
        );
    }
    Ok(())
}
