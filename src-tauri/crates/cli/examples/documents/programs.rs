//! The three programs and their command lines.
//!
//! The headless program's grammar is its own. The other two read their few arguments by hand, so
//! that they start fast; the check of the installed package compares these with what they say.

use clap::{Arg, ArgAction, Command, ValueHint};
use gateway::words::Language;

use crate::notes::{self, Section};

/// A program that is shipped.
pub(crate) struct Program {
    /// Its file name.
    pub(crate) name: &'static str,
    grammar: fn(Language) -> Command,
    /// What its page says beyond the grammar.
    pub(crate) notes: &'static [Section],
}

/// All of them.
pub(crate) const PROGRAMS: [Program; 3] = [
    Program {
        name: "mcp-gateway",
        grammar: cli::command,
        notes: notes::GATEWAY,
    },
    Program {
        name: "mcp-stdio-bridge",
        grammar: bridge,
        notes: notes::BRIDGE,
    },
    Program {
        name: "mcp-gateway-desktop",
        grammar: desktop,
        notes: notes::DESKTOP,
    },
];

/// One of two texts.
pub(crate) fn either(language: Language, en: &'static str, zh: &'static str) -> &'static str {
    match language {
        Language::English => en,
        Language::Chinese => zh,
    }
}

// === impl Program ===

impl Program {
    /// Its command line, explained in this language.
    pub(crate) fn grammar(&self, language: Language) -> Command {
        (self.grammar)(language)
    }
}

fn bridge(language: Language) -> Command {
    let t = |en, zh| either(language, en, zh);
    let options = t("Options", "选项");
    plain("mcp-stdio-bridge", options)
        .about(t(
            "Connects an MCP client that speaks stdio to a running MCP Gateway",
            "把只支持 stdio 的 MCP 客户端连接到正在运行的 MCP Gateway",
        ))
        .arg(
            Arg::new("endpoint")
                .value_name("URL")
                .value_hint(ValueHint::Url)
                .help_heading(t("Arguments", "参数"))
                .help(t(
                    "The gateway's endpoint; …/sse is taken as …/mcp. Otherwise MCP_GATEWAY_URL, otherwise http://localhost:4298/mcp",
                    "网关地址；…/sse 视同 …/mcp。未给出时依次取 MCP_GATEWAY_URL 和 http://localhost:4298/mcp",
                )),
        )
        .arg(
            Arg::new("url")
                .short('u')
                .long("url")
                .value_name("URL")
                .value_hint(ValueHint::Url)
                .help_heading(options)
                .help(t("The same as an option", "同上，写成选项")),
        )
        .arg(
            Arg::new("header")
                .short('H')
                .long("header")
                .value_name("K: V")
                .value_hint(ValueHint::Other)
                .action(ArgAction::Append)
                .help_heading(options)
                .help(t(
                    "A header for every request, for example a token; can be repeated",
                    "每个请求附带的请求头，例如令牌；可重复",
                )),
        )
        .arg(flag("help", Some('h'), options, t("Print help", "显示帮助")))
        .arg(flag("version", Some('V'), options, t("Print the version", "显示版本")))
}

fn desktop(language: Language) -> Command {
    let t = |en, zh| either(language, en, zh);
    let options = t("Options", "选项");
    plain("mcp-gateway-desktop", options)
        .about(t(
            "The desktop app of MCP Gateway: the gateway, its tray icon and its window",
            "MCP Gateway 桌面应用：网关、托盘图标与窗口",
        ))
        .arg(flag(
            "hidden",
            None,
            options,
            t(
                "Start without the window, as a login does; where the desktop has no tray, the window is shown all the same",
                "启动时不显示窗口（登录时自动启动即如此）；若桌面没有托盘，仍会显示窗口",
            ),
        ))
        .arg(flag("help", Some('h'), options, t("Print help", "显示帮助")))
        .arg(flag("version", Some('V'), options, t("Print the version", "显示版本")))
        .arg(
            Arg::new("link")
                .value_name("mcp-gateway://…")
                .value_hint(ValueHint::Other)
                .help(t(
                    "An address of the app's own, which the system hands to it: the answer to a sign-in, as mcp-gateway://oauth/callback?…; without a sign-in that waits for it nothing happens",
                    "由系统转交给本应用的地址，例如登录的应答 mcp-gateway://oauth/callback?…；没有正在等待它的登录时不起任何作用",
                )),
        )
}

/// A command without clap's own help and version.
fn plain(name: &'static str, heading: &'static str) -> Command {
    Command::new(name)
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_flag(true)
        .disable_version_flag(true)
        .next_help_heading(heading)
}

fn flag(name: &'static str, short: Option<char>, heading: &'static str, help: &'static str) -> Arg {
    let flag = Arg::new(name)
        .long(name)
        .action(ArgAction::SetTrue)
        .help_heading(heading)
        .help(help);
    match short {
        Some(short) => flag.short(short),
        None => flag,
    }
}
