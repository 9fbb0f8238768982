//! The command line's grammar and its help, in both languages.
//!
//! No option has a default here: a default would look like the user's word and beat the file.

use std::path::PathBuf;

use clap::{Arg, ArgAction, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use gateway::config::Overrides;
use gateway::logs::{LogLevel, LogOf};

use crate::language::t;

/// A whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "mcp-gateway",
    about = t(
        "One MCP gateway for all your AI clients: every MCP server behind one address",
        "为所有 AI 客户端服务的 MCP 网关：一个地址通往全部 MCP 服务器",
    ),
    after_help = t(
        "Without a command the gateway starts. Clients connect to http://localhost:4298/mcp, or over stdio with --stdio.",
        "不带命令时启动网关。客户端连接 http://localhost:4298/mcp，或通过 --stdio 使用标准输入输出。",
    ),
    version
)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
    #[command(subcommand)]
    pub(crate) command: Option<Sub>,
}

/// Options that every command takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    #[arg(short, long, global = true, value_name = "FILE", help = t("Config file to use", "使用的配置文件"))]
    pub(crate) config: Option<PathBuf>,
    #[arg(short, long, global = true, value_name = "PORT", help = t(
        "Port of the gateway, instead of the file's; 0 lets the system choose",
        "网关端口，代替配置文件中的值；0 表示由系统选择",
    ))]
    pub(crate) port: Option<u16>,
    #[arg(long, global = true, value_name = "LEVEL", help = t(
        "off, error, warn, info, debug, trace, or a filter such as info,gateway=debug",
        "off、error、warn、info、debug、trace，或 info,gateway=debug 这样的过滤表达式",
    ))]
    pub(crate) log_level: Option<String>,
    #[arg(long, global = true, value_name = "FOLDER", help = t(
        "Where the gateway keeps its data, instead of the usual folder",
        "网关存放数据的目录，代替默认目录",
    ))]
    pub(crate) data_dir: Option<PathBuf>,
}

/// Options of `serve`, which can be given without naming it.
#[derive(Debug, Default, Args)]
pub(crate) struct ServeArgs {
    #[arg(long, value_name = "ADDRESS", help = t(
        "Address to listen on, instead of the file's",
        "监听地址，代替配置文件中的值",
    ))]
    pub(crate) host: Option<String>,
    #[arg(long, help = t(
        "Start nothing: connect stdin and stdout to a gateway that is already running",
        "不启动网关：把标准输入输出接到已在运行的网关",
    ))]
    pub(crate) stdio: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Sub {
    #[command(about = t("Start the gateway (what happens without a command)", "启动网关（不带命令时的默认行为）"))]
    Serve(ServeArgs),
    #[command(about = t("Look at the configuration, or write a first one", "查看配置，或生成第一份配置"))]
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    #[command(about = t("Write an example config file with several servers", "生成包含多个服务器的示例配置文件"))]
    CopyConfig {
        #[arg(value_name = "PATH", help = t("File to write", "要写入的文件"))]
        path: PathBuf,
        #[arg(long, help = t("Replace the file if it exists", "文件已存在时覆盖"))]
        force: bool,
    },
    #[command(about = t("List the tools of a running gateway", "列出正在运行的网关所提供的工具"))]
    Tools {
        #[command(flatten)]
        target: TargetArgs,
        #[arg(long, help = t("Print the gateway's answer as JSON", "以 JSON 输出网关的应答"))]
        json: bool,
    },
    #[command(about = t("Call a tool of a running gateway", "调用正在运行的网关中的工具"))]
    Call {
        #[arg(value_name = "NAME", help = t("The tool, as `tools` lists it", "工具名，以 `tools` 列出的为准"))]
        name: String,
        #[arg(value_name = "JSON", default_value = "{}", hide_default_value = true, help = t(
            "The arguments as a JSON object; - reads them from stdin; {} if left out",
            "JSON 对象形式的参数；- 表示从标准输入读取；省略则为 {}",
        ))]
        arguments: String,
        #[command(flatten)]
        target: TargetArgs,
        #[arg(long, help = t("Print the whole result as JSON", "以 JSON 输出完整结果"))]
        json: bool,
    },
    #[command(about = t("Show how a running gateway and its servers are doing", "显示正在运行的网关及其服务器的状态"))]
    Status {
        #[command(flatten)]
        target: TargetArgs,
        #[arg(long, help = t("Print the gateway's answer as JSON", "以 JSON 输出网关的应答"))]
        json: bool,
    },
    #[command(about = t(
        "Find out what keeps the gateway or a server from working, with its remedy",
        "检查是什么妨碍网关或服务器工作，并给出解决办法",
    ))]
    Doctor {
        #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = "", help = t(
            "Repair one of the findings, or without an ID everything that can be repaired",
            "修复其中一项；不给出 ID 则修复所有可修复项",
        ))]
        fix: Option<String>,
        #[arg(long, help = t("Print the findings as JSON", "以 JSON 输出检查结果"))]
        json: bool,
    },
    #[command(about = t(
        "Show what a server printed and what happened to it; without a name, what the gateway itself says",
        "显示服务器的输出和发生在它身上的事件；不给出名称则显示网关自身的日志",
    ))]
    Logs {
        #[command(flatten)]
        wanted: LogArgs,
        #[command(flatten)]
        target: TargetArgs,
    },
    #[command(about = t(
        "Run the gateway as a service of this user: from login on, and again after a failure",
        "把网关作为当前用户的服务运行：登录时启动，失败后自动重启",
    ))]
    Service {
        #[command(subcommand)]
        action: ServiceAction,
    },
    #[command(about = t(
        "Open the gateway's page in the browser and print its address, which works once and for a minute",
        "在浏览器中打开网关页面并输出其地址；该地址一分钟内有效，只能使用一次",
    ))]
    Ui {
        #[command(flatten)]
        target: TargetArgs,
        #[arg(long, help = t("Print the address only", "只输出地址"))]
        no_open: bool,
    },
    #[command(about = t(
        "Keep secrets, which the config then names as ${secret:NAME}",
        "保存机密，供配置以 ${secret:名称} 引用",
    ))]
    Secret {
        #[command(subcommand)]
        action: SecretAction,
    },
    #[command(about = t(
        "Make, list and revoke access of clients; a token works for every server of the gateway",
        "创建、列出和吊销客户端的访问权限；令牌可用于网关的所有服务器",
    ))]
    Token {
        #[command(subcommand)]
        action: TokenAction,
    },
    #[command(about = t(
        "Allow a client that waits for it, by the code that its page shows; without a code, list them",
        "批准正在等待的客户端，以其页面上显示的代码为准；不给出代码则列出全部",
    ))]
    Approve {
        #[arg(value_name = "CODE", help = t("The code, as the page in the browser shows it", "浏览器页面上显示的代码"))]
        code: Option<String>,
        #[arg(long, requires = "code", help = t("Refuse it instead", "改为拒绝"))]
        deny: bool,
        #[command(flatten)]
        target: TargetArgs,
    },
    #[command(about = t(
        "Sign the gateway's owner or another user in to an account; without a provider, list the accounts",
        "让网关所有者或其他用户登录账号；不给出提供方则列出全部账号",
    ))]
    SignIn {
        #[arg(value_name = "PROVIDER", help = t(
            "The account, as `sign-in` lists it",
            "账号的提供方，以 `sign-in` 列出的为准",
        ))]
        provider: Option<String>,
        #[arg(long, value_name = "USER", requires = "provider", help = t(
            "Whose account it will be, if not the owner's",
            "登录后账号归谁；未给出时为网关所有者",
        ))]
        user: Option<String>,
        #[arg(long, requires = "provider", help = t("Print the address only", "只输出地址"))]
        no_browser: bool,
        #[command(flatten)]
        target: TargetArgs,
    },
    #[command(about = t("Sign out of an account and revoke its tokens", "退出账号并吊销其令牌"))]
    SignOut {
        #[arg(value_name = "PROVIDER", help = t(
            "The account, as `sign-in` lists it",
            "账号的提供方，以 `sign-in` 列出的为准",
        ))]
        provider: String,
        #[arg(long, value_name = "USER", help = t(
            "Whose account, if not the owner's",
            "要退出谁的账号；未给出时为网关所有者",
        ))]
        user: Option<String>,
        #[command(flatten)]
        target: TargetArgs,
    },
    #[command(hide = true, about = t("The built-in demo server, over stdio", "内置的演示服务器（标准输入输出）"))]
    DemoServer,
}

/// Which lines of a log are shown.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    #[arg(value_name = "NAME", help = t(
        "The server, as `status` lists it; the gateway itself if left out",
        "服务器名，以 `status` 列出的为准；省略则为网关自身",
    ))]
    pub(crate) name: Option<String>,
    #[arg(short, long, help = t("Go on with each line as it comes, until Ctrl-C or the end of the gateway", "持续显示新的行，直到按下 Ctrl-C 或网关停止"))]
    pub(crate) follow: bool,
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 100, hide_default_value = true, help = t(
        "Lines of the past to show, 100 if left out",
        "显示过去的多少行；省略则为 100",
    ))]
    pub(crate) lines: usize,
    #[arg(long, value_name = "LEVEL", help = t(
        "Only lines at least as grave: debug, info, notice, warning, error, critical, alert or emergency; what was merely printed counts as info",
        "只显示不低于该级别的行：debug、info、notice、warning、error、critical、alert 或 emergency；普通输出视为 info",
    ), value_parser = level)]
    pub(crate) level: Option<LogLevel>,
}

// === impl LogArgs ===

impl LogArgs {
    /// Whose log is wanted.
    pub(crate) fn whose(&self) -> LogOf<'_> {
        self.name.as_deref().map_or(LogOf::Gateway, LogOf::Server)
    }
}

fn level(text: &str) -> Result<LogLevel, &'static str> {
    LogLevel::from_wire(&text.to_ascii_lowercase()).ok_or(t(
        "no such level; debug, info, notice, warning, error, critical, alert and emergency are",
        "没有这个级别；可用 debug、info、notice、warning、error、critical、alert、emergency",
    ))
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigAction {
    #[command(about = t(
        "Show which files were looked for, which one is used, and everything wrong with it",
        "显示查找了哪些文件、使用哪一个，以及其中的全部问题",
    ))]
    Info,
    #[command(about = t(
        "Write a commented config file where it will be found; never replaces one",
        "在默认位置生成带注释的配置文件；不会覆盖已有文件",
    ))]
    Init,
    #[command(about = t(
        "Print the JSON Schema of a config file, for editors",
        "输出配置文件的 JSON Schema，供编辑器使用",
    ))]
    Schema,
    #[command(about = t(
        "Move what looks like a secret out of the file of a running gateway, which then names it",
        "把正在运行的网关配置文件中疑似机密的明文移入加密存储，文件中改为引用",
    ))]
    Seal {
        #[command(flatten)]
        target: TargetArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServiceAction {
    #[command(about = t(
        "Install the service with these options and start it; again: with other options",
        "以给出的选项安装并启动服务；可重复执行以更改选项",
    ))]
    Install {
        #[arg(long, value_name = "ADDRESS", help = t(
            "Address to listen on, instead of the file's",
            "监听地址，代替配置文件中的值",
        ))]
        host: Option<String>,
        #[arg(long, help = t("Do not start it now", "现在不启动"))]
        no_start: bool,
    },
    #[command(about = t(
        "Stop the service and remove it; configuration and data stay",
        "停止并删除服务；配置和数据保持不变",
    ))]
    Uninstall,
    #[command(about = t("Start it and wait until it answers", "启动服务，直到可以访问"))]
    Start,
    #[command(about = t(
        "Stop it once its calls in flight are finished",
        "等待进行中的调用结束后停止服务",
    ))]
    Stop,
    #[command(about = t("Stop it and start it", "停止后重新启动服务"))]
    Restart,
    #[command(about = t(
        "Show, layer by layer, whether it runs and what keeps it from running",
        "逐层检查服务是否运行，以及是什么妨碍它运行",
    ))]
    Status {
        #[arg(long, help = t("Print it as JSON", "以 JSON 输出"))]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretAction {
    #[command(about = t(
        "Keep or replace a secret; its value is typed unseen or read from stdin",
        "保存或替换一个机密；值通过不回显的输入或标准输入给出",
    ))]
    Set {
        #[arg(value_name = "NAME", help = t(
            "How the config calls it: letters, digits, _, - and .",
            "配置中引用的名称：可用字母、数字、_、- 和 .",
        ))]
        name: String,
    },
    #[command(about = t(
        "List the names of the secrets; values are never shown",
        "列出机密的名称；值不会显示",
    ))]
    List,
    #[command(about = t("Remove a secret", "删除一个机密"))]
    Remove {
        #[arg(value_name = "NAME", help = t("The secret", "机密的名称"))]
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenAction {
    #[command(about = t(
        "Make a token and print it, this once",
        "创建一个令牌并输出；仅此一次",
    ))]
    New {
        #[arg(value_name = "LABEL", help = t("What it is for, to know it again", "用途说明，便于日后辨认"))]
        label: String,
        #[arg(long, value_name = "USER", help = t(
            "Whose accounts it uses, if not the owner's",
            "令牌使用谁的账号；未给出时为网关所有者",
        ))]
        user: Option<String>,
        #[command(flatten)]
        target: TargetArgs,
    },
    #[command(about = t("List who has access", "列出拥有访问权限的客户端"))]
    List {
        #[command(flatten)]
        target: TargetArgs,
    },
    #[command(about = t("Revoke an access at once", "立即吊销一项访问权限"))]
    Revoke {
        #[arg(value_name = "ID", help = t("Its id, as `token list` shows it", "其编号，以 `token list` 列出的为准"))]
        id: String,
        #[command(flatten)]
        target: TargetArgs,
    },
}

/// Which running gateway a command talks to.
#[derive(Debug, Args)]
pub(crate) struct TargetArgs {
    #[arg(long, value_name = "URL", help = t(
        "Address of the gateway; otherwise MCP_GATEWAY_URL, otherwise the port of the config file",
        "网关地址；未给出时依次取 MCP_GATEWAY_URL 和配置文件中的端口",
    ))]
    pub(crate) url: Option<String>,
}

impl TokenAction {
    pub(crate) fn target(&self) -> &TargetArgs {
        match self {
            Self::New { target, .. } | Self::List { target } | Self::Revoke { target, .. } => {
                target
            }
        }
    }
}

impl CommandLine {
    /// Reads a command line in the language chosen.
    pub(crate) fn read(
        args: impl IntoIterator<Item = std::ffi::OsString>,
    ) -> Result<Self, clap::Error> {
        let mut command = grammar();
        let matches = command.try_get_matches_from_mut(args)?;
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
    }

    /// What the command line says about the configuration.
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            host: self.serve.host.clone(),
            port: self.common.port,
            log_level: self.common.log_level.clone(),
        }
    }
}

/// The grammar with clap's own words in the language chosen.
pub(crate) fn grammar() -> Command {
    localized(CommandLine::command()).max_term_width(100).arg(
        Arg::new("version")
            .short('V')
            .long("version")
            .action(ArgAction::Version)
            .help_heading(t("Options", "选项"))
            .help(t("Print the version", "显示版本"))
            .display_order(LAST + 1),
    )
}

/// Where help and version stand; a command's own options come first, then those of every command.
const LAST: usize = 1000;
const COMMON: usize = 500;

fn localized(command: Command) -> Command {
    let template = format!(
        "{{about-with-newline}}\n{} {{usage}}\n\n{{all-args}}{{after-help}}",
        t("Usage:", "用法：")
    );
    let mut order = 0;
    command
        .help_template(template)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .subcommand_help_heading(t("Commands", "命令"))
        .subcommand_value_name(t("COMMAND", "命令"))
        .mut_args(|arg| {
            // Clap orders arguments under a heading of one's own by name unless told otherwise.
            order += 1;
            let place = if arg.is_global_set() {
                COMMON + order
            } else {
                order
            };
            let heading = if arg.is_positional() {
                t("Arguments", "参数")
            } else {
                t("Options", "选项")
            };
            arg.help_heading(heading).display_order(place)
        })
        .mut_subcommands(localized)
        .arg(
            Arg::new("help")
                .short('h')
                .long("help")
                .action(ArgAction::Help)
                .help_heading(t("Options", "选项"))
                .help(t("Print this help", "显示帮助"))
                .display_order(LAST),
        )
}
