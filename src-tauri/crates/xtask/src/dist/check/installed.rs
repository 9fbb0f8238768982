//! The Debian package on this system: installed, used, removed without a trace.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use super::{NAME, PROGRAMS, deb, output};
use crate::shell::{exists, program, succeeds};
use crate::system::privileged;
use crate::words::said;

/// Where a package could leave something.
const PLACES: [&str; 5] = ["/etc", "/opt", "/srv", "/usr", "/var"];
const COMPLETIONS: &str = "/usr/share/bash-completion/completions";
const WINDOW: &str = include_str!("window.sh");

/// Why the package cannot be installed from here, if it cannot.
pub(crate) fn hindrance() -> Option<&'static str> {
    let Some(mut dpkg) = privileged("dpkg", ["--version"]) else {
        return Some(said(
            "the contents are right; only an administrator can install them",
            "内容检查通过；只有管理员才能安装",
        ));
    };
    if !succeeds(&mut dpkg) {
        return Some(said(
            "the contents are right; there is no dpkg to install them with",
            "内容检查通过；没有 dpkg，无法安装",
        ));
    }
    succeeds(&mut program("dpkg", ["--status", NAME])).then(|| {
        said(
            "the contents are right; a package of this name is installed and stays",
            "内容检查通过；系统已安装同名软件包，保持不动",
        )
    })
}

pub(super) fn check(
    package: &Path,
    scratch: &Path,
    usage: impl FnOnce(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let before = traces()?;
    install(package)?;
    // It goes whatever its use shows.
    let used = use_it(scratch).and_then(|()| usage(Path::new("/usr/bin")));
    let removed = output(&mut root("dpkg", ["--remove", NAME])?);
    used?;
    removed?;
    check_gone(package, &before)
}

/// Container images leave out manuals and documents; here they are part of what is checked.
fn install(package: &Path) -> anyhow::Result<()> {
    let mut dpkg = root("dpkg", ["--path-include=/usr/share/*", "--install"])?;
    if succeeds(dpkg.arg(package)) {
        return Ok(());
    }
    println!("{}", said("its dependencies are missing", "缺少依赖"));
    let arguments = [
        "-q",
        "-y",
        "--no-install-recommends",
        "--fix-broken",
        "install",
    ];
    output(root("apt-get", arguments)?.env("DEBIAN_FRONTEND", "noninteractive"))?;
    output(&mut program("dpkg", ["--status", NAME])).map(drop)
}

fn root<const N: usize>(name: &str, arguments: [&str; N]) -> anyhow::Result<Command> {
    privileged(name, arguments).context("BUG: asked before")
}

fn use_it(scratch: &Path) -> anyhow::Result<()> {
    for (name, _) in PROGRAMS {
        check_manual(name)?;
        let version = output(&mut program(name, ["--version"]))?;
        let expected = format!("{name} {}", env!("CARGO_PKG_VERSION"));
        ensure!(version.trim() == expected, "{version}, not {expected}");
        check_completions(name)?;
        check_documents(name)?;
    }
    check_completion_works()?;
    check_addresses(scratch)?;
    check_window(scratch)
}

fn check_manual(name: &str) -> anyhow::Result<()> {
    let page = output(&mut program("man", ["--where", name]))?;
    ensure!(page.contains(&format!("/man1/{name}.1")), "{page}");
    for folder in ["/usr/share/man/man1", "/usr/share/man/zh_CN/man1"] {
        let mut man = program("man", ["--warnings", "--local-file"]);
        man.arg(format!("{folder}/{name}.1.gz"));
        let text = output(man.env("LC_ALL", "C.UTF-8"))?;
        ensure!(text.contains("--version"), "{folder}:\n{text}");
    }
    Ok(())
}

/// Every shell that is here must be able to read its file.
fn check_completions(name: &str) -> anyhow::Result<()> {
    for (shell, file) in [
        ("bash", format!("{COMPLETIONS}/{name}")),
        ("zsh", format!("/usr/share/zsh/vendor-completions/_{name}")),
        (
            "fish",
            format!("/usr/share/fish/vendor_completions.d/{name}.fish"),
        ),
    ] {
        ensure!(Path::new(&file).is_file(), "{file}");
        if exists(shell) {
            output(program(shell, ["-n"]).arg(file))?;
        }
    }
    Ok(())
}

/// What a program's help names, its documents name too: two of the three have no grammar that both
/// are made from.
fn check_documents(name: &str) -> anyhow::Result<()> {
    let help = output(program(name, ["--help"]).env("LC_ALL", "C"))?;
    let manual = output(program("man", [name]).env("LC_ALL", "C.UTF-8"))?;
    let completion = fs::read_to_string(format!("{COMPLETIONS}/{name}"))?;
    let link = "mcp-gateway://";
    let tells_of_links = !help.contains(link) || manual.contains(link);
    ensure!(tells_of_links, "no {link} in the manual of {name}");
    for option in long_options(&help) {
        ensure!(
            manual.contains(option),
            "no {option} in the manual of {name}"
        );
        ensure!(
            completion.contains(option),
            "no {option} in the completion of {name}"
        );
    }
    Ok(())
}

/// The options with two dashes that a text names.
fn long_options(text: &str) -> Vec<&str> {
    text.split(|end: char| !end.is_ascii_alphanumeric() && end != '-')
        .filter(|word| word.len() > 2 && word.starts_with("--"))
        .collect()
}

/// As if one typed `mcp-gateway co` and the tab key.
fn check_completion_works() -> anyhow::Result<()> {
    let script = format!(
        "source {COMPLETIONS}/{NAME}; own=$(complete -p {NAME}); own=${{own##*-F }}; \
         COMP_WORDS=({NAME} co); COMP_CWORD=1; ${{own%% *}} {NAME} co {NAME}; echo \"${{COMPREPLY[*]}}\""
    );
    let offered = output(&mut program("bash", ["-c", &script]))?;
    ensure!(
        offered.split_whitespace().eq(["config", "copy-config"]),
        "co is completed to: {offered}"
    );
    Ok(())
}

/// Addresses of ours are opened through the launcher, for a user who has chosen nothing.
fn check_addresses(scratch: &Path) -> anyhow::Result<()> {
    let mut asked = program("xdg-mime", ["query", "default"]);
    asked
        .arg("x-scheme-handler/mcp-gateway")
        .env("HOME", scratch);
    for folder in ["XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        asked.env_remove(folder);
    }
    let launcher = output(&mut asked)?;
    ensure!(
        launcher.trim() == "mcp-gateway.desktop",
        "mcp-gateway: addresses are opened by {launcher:?}"
    );
    Ok(())
}

/// The app starts, its window belongs to its launcher, and it ends in order.
fn check_window(scratch: &Path) -> anyhow::Result<()> {
    let script = scratch.join("window.sh");
    fs::write(&script, WINDOW)?;
    let runtime = scratch.join("runtime");
    fs::create_dir_all(&runtime)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700))?;
    }
    // Without -noreset the display starts anew when xdotool, its only client, has looked.
    let mut command = program(
        "xvfb-run",
        [
            "--auto-servernum",
            "--server-args=-screen 0 1280x900x24 -noreset",
            "dbus-run-session",
            "--",
            "sh",
        ],
    );
    command
        .arg(script)
        .env("HOME", scratch)
        .env("XDG_RUNTIME_DIR", &runtime);
    for (name, value) in [
        ("GDK_BACKEND", "x11"),
        ("LIBGL_ALWAYS_SOFTWARE", "1"),
        ("MCP_GATEWAY_PORT", "0"),
        ("NO_AT_BRIDGE", "1"),
    ] {
        command.env(name, value);
    }
    for folder in [
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_CACHE_HOME",
        "WAYLAND_DISPLAY",
    ] {
        command.env_remove(folder);
    }
    let said = output(&mut command)?;
    // As StartupWMClass says, so that a dock groups the window with the launcher.
    ensure!(said.contains("\"mcp-gateway-desktop\""), "{said}");
    ensure!(
        said.contains("exit code 0"),
        "SIGTERM ended it with: {said}"
    );
    Ok(())
}

fn check_gone(package: &Path, before: &[String]) -> anyhow::Result<()> {
    let left: Vec<_> = deb::files(package)?
        .into_iter()
        .filter(|file| Path::new(file).exists())
        .collect();
    ensure!(left.is_empty(), "{}", left.join(", "));
    let after = traces()?;
    ensure!(
        after == before,
        "{}: {}",
        said("removing it left something behind", "卸载后仍有残留"),
        after.join(", ")
    );
    ensure!(
        !succeeds(&mut program("dpkg", ["--status", NAME])),
        "dpkg still knows {NAME}"
    );
    Ok(())
}

/// Every path of the system that names us.
fn traces() -> anyhow::Result<Vec<String>> {
    let mut find = root("find", PLACES)?;
    find.args(["-xdev", "("]);
    find.args([
        "-name",
        "*mcp-gateway*",
        "-o",
        "-name",
        "*mcp-stdio-bridge*",
        ")",
    ]);
    let mut traces: Vec<_> = output(&mut find)?.lines().map(str::to_owned).collect();
    let cache = "/usr/share/applications/mimeinfo.cache";
    if fs::read_to_string(cache).is_ok_and(|cache| cache.contains(NAME)) {
        traces.push(cache.to_owned());
    }
    traces.sort();
    Ok(traces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found_between_other_signs() {
        let help = "  URL, -u, --url URL   it\n  [--log-level=x] -- and — -V, --version  it";
        assert_eq!(long_options(help), ["--url", "--log-level", "--version"]);
    }
}
