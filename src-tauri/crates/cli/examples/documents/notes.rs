//! What the manual says beyond the command lines: files, environment, exit status, examples.

use clap_mangen::roff::{Roff, bold, roman};
use gateway::words::Language;

use crate::programs::either;

/// A section of a page, in English and Chinese.
pub(crate) struct Section {
    heading: (&'static str, &'static str),
    /// A term and what it means.
    items: &'static [(&'static str, &'static str, &'static str)],
}

const FILES: (&str, &str) = ("FILES", "文件");
const ENVIRONMENT: (&str, &str) = ("ENVIRONMENT", "环境变量");
const EXIT_STATUS: (&str, &str) = ("EXIT STATUS", "退出状态");
const EXAMPLES: (&str, &str) = ("EXAMPLES", "示例");

const LANGUAGE: (&str, &str, &str) = (
    "LC_ALL, LC_MESSAGES, LANG",
    "The first that is set chooses the language: Chinese where it begins with zh, otherwise English.",
    "取第一个已设置的变量决定语言：以 zh 开头为中文，否则为英文。",
);
const GATEWAY_URL: (&str, &str, &str) = (
    "MCP_GATEWAY_URL",
    "Address of the running gateway that is talked to.",
    "所连接的、正在运行的网关的地址。",
);
const CONFIG: (&str, &str, &str) = (
    "~/.config/mcp-gateway/config.json",
    "The configuration. `mcp-gateway config info` shows every place that is looked at.",
    "配置文件。`mcp-gateway config info` 会显示查找的全部位置。",
);
const DATA: (&str, &str, &str) = (
    "~/.local/share/mcp-gateway/",
    "The gateway's data: its admin token, the sealed store of secrets and sign-ins, what servers offered last time, which servers run, what they said (logs/).",
    "网关的数据：管理令牌、加密保存机密与登录状态的存储文件、各服务器上次提供的内容、正在运行的服务器、服务器的日志（logs/）。",
);
const SERVICE: (&str, &str, &str) = (
    "~/.config/systemd/user/mcp-gateway.service",
    "The service, as `mcp-gateway service install` writes it.",
    "`mcp-gateway service install` 写入的服务单元。",
);
const SERVICE_VARIABLES: (&str, &str, &str) = (
    "~/.config/mcp-gateway/service.env",
    "Variables for the service that are nobody else's business, one NAME=value a line.",
    "服务使用的不宜公开的环境变量，每行一个 NAME=value。",
);
const DEFAULTS: (&str, &str, &str) = (
    "/usr/share/doc/mcp-gateway/examples/defaults.jsonc",
    "Every setting with its default and an explanation.",
    "全部设置及其默认值和说明。",
);

/// Of `mcp-gateway`.
pub(crate) const GATEWAY: &[Section] = &[
    Section {
        heading: FILES,
        items: &[CONFIG, DATA, SERVICE, SERVICE_VARIABLES, DEFAULTS],
    },
    Section {
        heading: ENVIRONMENT,
        items: &[
            (
                "MCP_GATEWAY_CONFIG",
                "Config file to use, unless --config names one.",
                "使用的配置文件；--config 优先。",
            ),
            (
                "MCP_GATEWAY_PORT",
                "Port of the gateway, instead of the file's, unless --port gives one.",
                "网关端口，代替配置文件中的值；--port 优先。",
            ),
            GATEWAY_URL,
            (
                "MCP_GATEWAY_PASSPHRASE",
                "Stored secrets are sealed with a key derived from it, instead of one in the keychain.",
                "由此口令派生加密机密的密钥，代替钥匙串中的密钥。",
            ),
            (
                "MCP_GATEWAY_KEY",
                "The key that stored secrets are sealed with: 32 bytes as base64, as `openssl rand -base64 32` prints.",
                "加密机密的密钥：32 字节的 base64，可用 `openssl rand -base64 32` 生成。",
            ),
            (
                "MCP_GATEWAY_KEYCHAIN",
                "off: the keychain is not asked; without passphrase and key the key lies in a private file.",
                "设为 off 时不使用钥匙串；若也没有口令和密钥，则密钥保存在仅您可读的文件中。",
            ),
            (
                "LOG_LEVEL",
                "What is logged, unless --log-level says it.",
                "日志级别；--log-level 优先。",
            ),
            LANGUAGE,
        ],
    },
    Section {
        heading: EXIT_STATUS,
        items: &[
            ("0", "Success.", "成功。"),
            ("1", "It failed; stderr says why.", "失败；原因见 stderr。"),
            (
                "2",
                "The command line cannot be understood.",
                "无法理解命令行。",
            ),
            (
                "3",
                "Another gateway has the data folder; of `service status`: the service does not run.",
                "另一个网关占用着数据目录；对于 `service status`：服务没有运行。",
            ),
            (
                "4",
                "Of `service status`: the service is not installed, or that cannot be known.",
                "对于 `service status`：服务尚未安装，或无法得知。",
            ),
        ],
    },
    Section {
        heading: EXAMPLES,
        items: &[
            (
                "mcp-gateway config init",
                "Writes a first config file, with comments.",
                "生成第一份带注释的配置文件。",
            ),
            (
                "mcp-gateway",
                "Starts the gateway. Without a config file it serves a built-in demo.",
                "启动网关。没有配置文件时提供内置的演示服务器。",
            ),
            (
                "mcp-gateway secret set GITHUB_TOKEN < token.txt",
                "Keeps a secret, which the config names as ${secret:GITHUB_TOKEN}.",
                "保存一个机密，在配置中写作 ${secret:GITHUB_TOKEN}。",
            ),
            (
                "mcp-gateway call demo_echo '{\"text\": \"hello\"}'",
                "Calls a tool of the demo.",
                "调用演示服务器的一个工具。",
            ),
        ],
    },
];

/// Of `mcp-stdio-bridge`.
pub(crate) const BRIDGE: &[Section] = &[
    Section {
        heading: ENVIRONMENT,
        items: &[
            GATEWAY_URL,
            (
                "LOG_LEVEL",
                "What is logged to stderr. Messages go over stdin and stdout, one per line.",
                "写到 stderr 的日志的级别。消息经由 stdin 和 stdout 传递，每行一条。",
            ),
            LANGUAGE,
        ],
    },
    Section {
        heading: EXAMPLES,
        items: &[(
            "{\"mcpServers\": {\"gateway\": {\"command\": \"/usr/bin/mcp-stdio-bridge\"}}}",
            "The entry for a client that starts its servers itself, such as Claude Desktop.",
            "供自行启动服务器的客户端（如 Claude Desktop）使用的配置项。",
        )],
    },
];

/// Of `mcp-gateway-desktop`.
pub(crate) const DESKTOP: &[Section] = &[
    Section {
        heading: FILES,
        items: &[CONFIG, DATA, DEFAULTS],
    },
    Section {
        heading: ENVIRONMENT,
        items: &[
            (
                "DISPLAY, WAYLAND_DISPLAY",
                "Without either there is no window to show; mcp-gateway runs without one.",
                "两者均未设置时无法显示窗口；请改用 mcp-gateway。",
            ),
            LANGUAGE,
        ],
    },
];

// === impl Section ===

impl Section {
    /// Its source in this language.
    pub(crate) fn roff(&self, language: Language) -> Roff {
        let mut roff = Roff::new();
        roff.control("SH", [either(language, self.heading.0, self.heading.1)]);
        for (term, en, zh) in self.items {
            roff.control("TP", []);
            roff.text([bold(*term)]);
            roff.text([roman(either(language, en, zh))]);
        }
        roff
    }
}
