//! The app's command line: there is little to say to it.

use gateway::words::Words;

use crate::autostart::HIDDEN;
use crate::deep_link::Link;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The app.
    Start,
    /// What it can be told.
    Help,
    /// Its version.
    Version,
}

/// Reads the arguments behind the program's name.
///
/// # Errors
/// The first one that is not known.
pub(crate) fn read(args: impl IntoIterator<Item = String>) -> Result<Asked, String> {
    for arg in args {
        match arg.as_str() {
            "-h" | "--help" => return Ok(Asked::Help),
            "-V" | "--version" => return Ok(Asked::Version),
            HIDDEN => {}
            // What it asks for is looked at when the app can tell what came of it.
            link if Link::of(link).is_some() => {}
            _ => return Err(arg),
        }
    }
    Ok(Asked::Start)
}

/// The addresses of ours among the arguments.
pub(crate) fn links(args: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<Link> {
    args.into_iter()
        .filter_map(|arg| Link::of(arg.as_ref()))
        .collect()
}

/// The text of `--help`.
pub(crate) fn help() -> Words {
    Words::new(
        format!(
            "MCP Gateway for the desktop: a tray icon, a window, and the gateway behind them\n\n\
             Usage: mcp-gateway-desktop [options] [mcp-gateway://…]\n\n\
             \x20 {HIDDEN}        begin in the tray, without a window\n\
             \x20 -h, --help      this text\n\
             \x20 -V, --version   the version\n\n\
             A second start shows the window of the first. Without a desktop, run: mcp-gateway"
        ),
        format!(
            "MCP Gateway 桌面版：托盘图标、窗口，以及背后的网关\n\n\
             用法：mcp-gateway-desktop [选项] [mcp-gateway://…]\n\n\
             \x20 {HIDDEN}        只在托盘中启动，不显示窗口\n\
             \x20 -h, --help      显示本说明\n\
             \x20 -V, --version   显示版本\n\n\
             再次启动会显示已在运行的窗口。没有图形界面时请运行：mcp-gateway"
        ),
    )
}

/// The text of `--version`.
pub(crate) fn version() -> Words {
    let version = format!("mcp-gateway-desktop {}", env!("CARGO_PKG_VERSION"));
    Words::new(version.clone(), version)
}

/// What to say to an argument that is not known.
pub(crate) fn refusal(unknown: &str) -> Words {
    Words::new(
        format!(
            "mcp-gateway-desktop: unknown argument {unknown}; --help tells which there are. \
             Ports and files are set in the window or the configuration file."
        ),
        format!(
            "mcp-gateway-desktop：未知参数 {unknown}；用 --help 查看可用参数。\
             端口和文件请在窗口或配置文件中设置。"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(args: &[&str]) -> Result<Asked, String> {
        read(args.iter().map(|arg| (*arg).to_owned()))
    }

    #[test]
    fn what_is_not_known_is_not_ignored() {
        assert_eq!(asked(&[]), Ok(Asked::Start));
        assert_eq!(asked(&["--hidden"]), Ok(Asked::Start));
        assert_eq!(asked(&["--hidden", "--version"]), Ok(Asked::Version));
        assert_eq!(asked(&["-h"]), Ok(Asked::Help));
        assert_eq!(asked(&["--port"]), Err("--port".to_owned()));
    }

    #[test]
    fn addresses_of_ours_and_no_others_may_be_given() {
        let ours = "mcp-gateway://oauth/callback?code=1&state=2";
        assert_eq!(asked(&[ours]), Ok(Asked::Start));
        assert_eq!(asked(&["--hidden", ours]), Ok(Asked::Start));
        assert_eq!(asked(&["mcp-gateway:nonsense"]), Ok(Asked::Start));
        for other in ["mcp-gateway", "https://x/", "mcp-gateways://x", "x"] {
            assert_eq!(asked(&[ours, other]), Err(other.to_owned()));
        }
        assert_eq!(
            links(["mcp-gateway-desktop", "--hidden", ours]),
            Vec::from_iter(Link::of(ours))
        );
        assert_eq!(links(["/usr/bin/mcp-gateway-desktop", "--hidden"]), []);
    }
}
