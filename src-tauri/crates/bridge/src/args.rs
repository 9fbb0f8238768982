//! The bridge's command line.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use crate::target::{DEFAULT_URL, Target, TargetError};

/// A language that the bridge speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English, also for every language that is not spoken here.
    #[default]
    English,
    /// 简体中文.
    Chinese,
}

/// What the command line asks for.
#[derive(Debug)]
enum Command {
    Serve(Target),
    Help,
    Version,
}

/// A command line that cannot be understood.
#[derive(Debug, PartialEq, Eq)]
enum Mistake {
    Unknown(String),
    Missing(&'static str),
    Target(TargetError),
}

/// The program `mcp-stdio-bridge`, also called `mcp-gateway-bridge`.
pub fn main() -> ExitCode {
    let mut args = std::env::args_os();
    let name = program_name(args.next());
    let args = args.map(|arg| arg.to_string_lossy().into_owned());
    let given = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let language = Language::current();
    match parse(args, given("MCP_GATEWAY_URL"), given("MCP_GATEWAY_TOKEN")) {
        Ok(Command::Serve(target)) => crate::serve(target),
        Ok(Command::Help) => {
            print!("{}", help(&name, language));
            ExitCode::SUCCESS
        }
        Ok(Command::Version) => {
            println!("{name} {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        Err(mistake) => {
            eprintln!(
                "{name}: {}\n\n{}",
                mistake.text(language),
                help(&name, language)
            );
            ExitCode::from(2)
        }
    }
}

fn parse(
    args: impl IntoIterator<Item = String>,
    url_from_env: Option<String>,
    token_from_env: Option<String>,
) -> Result<Command, Mistake> {
    let mut url = None;
    // First, so that a header of the command line stands beside it rather than behind it.
    let token = token_from_env.map(|token| format!("Authorization: Bearer {token}"));
    let mut headers: Vec<_> = token.into_iter().collect();
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let (flag, inline) = match arg.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => {
                (flag.to_owned(), Some(value.to_owned()))
            }
            _ => (arg, None),
        };
        let mut value = |name| {
            inline
                .clone()
                .or_else(|| args.next())
                .ok_or(Mistake::Missing(name))
        };
        match flag.as_str() {
            "-h" | "--help" => return Ok(Command::Help),
            "-V" | "--version" => return Ok(Command::Version),
            "-u" | "--url" => url = Some(value("--url")?),
            "-H" | "--header" => headers.push(value("--header")?),
            _ if flag.starts_with('-') || url.is_some() => return Err(Mistake::Unknown(flag)),
            _ => url = Some(flag),
        }
    }
    let url = url
        .or(url_from_env)
        .unwrap_or_else(|| DEFAULT_URL.to_owned());
    let target = Target::new(&url).map_err(Mistake::Target)?;
    let target = headers
        .iter()
        .try_fold(target, |target, header| target.with_header(header));
    target.map(Command::Serve).map_err(Mistake::Target)
}

fn program_name(argv0: Option<OsString>) -> String {
    let stem = argv0
        .as_deref()
        .and_then(|path| Path::new(path).file_stem())
        .and_then(|stem| stem.to_str());
    match stem {
        Some("mcp-gateway-bridge") => "mcp-gateway-bridge".to_owned(),
        _ => "mcp-stdio-bridge".to_owned(),
    }
}

fn help(name: &str, language: Language) -> String {
    match language {
        Language::English => format!(
            "\
{name}: connects an MCP client that speaks stdio to a running MCP Gateway

Usage: {name} [URL] [options]

  URL, -u, --url URL   the gateway's endpoint; …/sse is taken as …/mcp
                       default: $MCP_GATEWAY_URL, else {DEFAULT_URL}
  -H, --header 'K: V'  a header for every request, for example a token; repeatable
                       $MCP_GATEWAY_TOKEN is sent as the bearer token
  -h, --help           this text
  -V, --version        the version

Messages go over stdin and stdout, one per line; logs go to stderr ($LOG_LEVEL).
"
        ),
        Language::Chinese => format!(
            "\
{name}：把只支持 stdio 的 MCP 客户端连接到正在运行的 MCP Gateway

用法：{name} [URL] [选项]

  URL, -u, --url URL   网关地址；…/sse 视同 …/mcp
                       默认：$MCP_GATEWAY_URL，否则 {DEFAULT_URL}
  -H, --header 'K: V'  每个请求附带的请求头，例如令牌；可重复
                       $MCP_GATEWAY_TOKEN 作为 bearer 令牌发送
  -h, --help           显示本说明
  -V, --version        显示版本

消息经由 stdin 和 stdout 传递，每行一条；日志写到 stderr（$LOG_LEVEL）。
"
        ),
    }
}

// === impl Mistake ===

impl Mistake {
    fn text(&self, language: Language) -> String {
        match (self, language) {
            (Self::Unknown(arg), Language::English) => format!("unknown argument {arg}"),
            (Self::Unknown(arg), Language::Chinese) => format!("未知参数 {arg}"),
            (Self::Missing(flag), Language::English) => format!("{flag} needs a value"),
            (Self::Missing(flag), Language::Chinese) => format!("{flag} 缺少参数值"),
            (Self::Target(error), Language::English) => error.to_string(),
            (Self::Target(TargetError::Url(url)), Language::Chinese) => {
                format!("不是 http 或 https 地址：{url}")
            }
            (Self::Target(TargetError::Header(header)), Language::Chinese) => {
                format!("请求头应写成“名称：值”：{header}")
            }
        }
    }
}

// === impl Language ===

impl Language {
    /// The language of this process's locale.
    pub(crate) fn current() -> Self {
        Self::from_env(|name| std::env::var(name).ok())
    }

    /// The first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set decides.
    pub fn from_env(env: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| env(name).filter(|value| !value.is_empty()))
            .unwrap_or_default();
        if locale.to_ascii_lowercase().starts_with("zh") {
            Self::Chinese
        } else {
            Self::English
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(args: &[&str], env: Option<&str>) -> String {
        match parse(
            args.iter().map(|arg| (*arg).to_owned()),
            env.map(str::to_owned),
            None,
        ) {
            Ok(Command::Serve(target)) => target.url.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_token_of_the_environment_is_sent() {
        let command = parse([], None, Some("abc".to_owned()));
        let Ok(Command::Serve(target)) = command else {
            panic!("{command:?}")
        };
        assert_eq!(target.headers["authorization"], "Bearer abc");
    }

    #[test]
    fn the_command_line_beats_the_environment_which_beats_the_default() {
        assert_eq!(target(&[], None), DEFAULT_URL);
        assert_eq!(
            target(&[], Some("http://localhost:5000/sse")),
            "http://localhost:5000/mcp"
        );
        assert_eq!(
            target(&["http://localhost:1/mcp"], Some("http://localhost:2/mcp")),
            "http://localhost:1/mcp"
        );
        assert_eq!(
            target(&["--url", "http://localhost:1/mcp"], None),
            "http://localhost:1/mcp"
        );
        assert_eq!(
            target(&["--url=http://localhost:1/a/mcp"], None),
            "http://localhost:1/a/mcp"
        );
    }

    #[test]
    fn mistakes_are_named() {
        let mistake =
            |args: &[&str]| parse(args.iter().map(|arg| (*arg).to_owned()), None, None).err();
        assert_eq!(
            mistake(&["--port"]),
            Some(Mistake::Unknown("--port".to_owned()))
        );
        assert_eq!(
            mistake(&["http://a/", "http://b/"]),
            Some(Mistake::Unknown("http://b/".to_owned()))
        );
        assert_eq!(mistake(&["--url"]), Some(Mistake::Missing("--url")));
        assert_eq!(
            mistake(&["nonsense"]),
            Some(Mistake::Target(TargetError::Url("nonsense".to_owned())))
        );
    }

    #[test]
    fn help_speaks_both_languages_under_both_names() {
        assert!(matches!(
            parse(["--help".to_owned()], None, None),
            Ok(Command::Help)
        ));
        assert!(
            help("mcp-gateway-bridge", Language::English).contains("Usage: mcp-gateway-bridge")
        );
        assert!(help("mcp-stdio-bridge", Language::Chinese).contains("用法：mcp-stdio-bridge"));
        assert_eq!(
            program_name(Some("/usr/bin/mcp-gateway-bridge".into())),
            "mcp-gateway-bridge"
        );
        assert_eq!(program_name(None), "mcp-stdio-bridge");
        assert_eq!(
            Language::from_env(|_| Some("zh_CN.UTF-8".to_owned())),
            Language::Chinese
        );
    }
}
