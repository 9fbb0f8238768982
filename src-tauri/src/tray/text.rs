//! What the tray says, in both languages. Pure.

use gateway::words::Language;

use super::status::{Overall, ServerState};

/// Causes longer than this would make the menu wider than a screen.
const LONGEST_CAUSE: usize = 90;

/// The tray's texts in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Text(pub(super) Language);

// === impl Text ===

impl Text {
    fn pick(self, en: &'static str, zh: &'static str) -> &'static str {
        match self.0 {
            Language::English => en,
            Language::Chinese => zh,
        }
    }

    pub(super) fn overall(self, state: Overall) -> &'static str {
        match state {
            Overall::Ok => self.pick("Running", "运行中"),
            Overall::Initializing => self.starting(),
            Overall::Degraded => self.attention(),
        }
    }

    pub(super) fn starting(self) -> &'static str {
        self.pick("Starting", "正在启动")
    }

    pub(super) fn attention(self) -> &'static str {
        self.pick("Needs attention", "需要处理")
    }

    pub(super) fn failed(self) -> &'static str {
        self.pick("The gateway could not start", "网关无法启动")
    }

    pub(super) fn counts(self, ready: usize, servers: usize, tools: usize) -> String {
        if servers == 0 {
            return self.pick("No servers yet", "还没有服务器").to_owned();
        }
        match self.0 {
            Language::English => {
                let s = |n| if n == 1 { "" } else { "s" };
                format!(
                    "{ready} of {servers} server{}, {tools} tool{}",
                    s(servers),
                    s(tools)
                )
            }
            Language::Chinese => format!("{ready}/{servers} 个服务器可用，{tools} 个工具"),
        }
    }

    pub(super) fn cause(self, server: &str, cause: &str) -> String {
        let cause = short(cause);
        match self.0 {
            Language::English => format!("{server} — {cause}"),
            Language::Chinese => format!("{server}：{cause}"),
        }
    }

    pub(super) fn asks(self, client: &str) -> String {
        let client = short(client);
        match self.0 {
            Language::English => format!("{client} asks for access"),
            Language::Chinese => format!("{client} 请求访问"),
        }
    }

    pub(super) fn somebody_asks(self, n: usize) -> String {
        match (self.0, n) {
            (Language::English, 1) => "A client asks for access".to_owned(),
            (Language::English, _) => format!("{n} clients ask for access"),
            (Language::Chinese, _) => format!("有 {n} 个客户端请求访问"),
        }
    }

    pub(super) fn config_problems(self, n: usize) -> String {
        match (self.0, n) {
            (Language::English, 1) => "The configuration file has a problem".to_owned(),
            (Language::English, _) => format!("The configuration file has {n} problems"),
            (Language::Chinese, _) => format!("配置文件有 {n} 处问题"),
        }
    }

    pub(super) fn needs_sign_in(self, server: &str) -> String {
        self.cause(server, self.server_state(ServerState::NeedsSignIn))
    }

    pub(super) fn need_sign_in(self, n: usize) -> String {
        match self.0 {
            Language::English => format!("{n} servers need sign-in"),
            Language::Chinese => format!("{n} 个服务器需要登录"),
        }
    }

    pub(super) fn and_more(self, n: usize) -> String {
        match self.0 {
            Language::English => format!("And {n} more…"),
            Language::Chinese => format!("还有 {n} 个…"),
        }
    }

    pub(super) fn servers(self) -> &'static str {
        self.pick("Servers", "服务器")
    }

    pub(super) fn server(self, name: &str, state: ServerState) -> String {
        match (state, self.0) {
            (ServerState::Ready, _) => name.to_owned(),
            (_, Language::English) => format!("{name} ({})", self.server_state(state)),
            (_, Language::Chinese) => format!("{name}（{}）", self.server_state(state)),
        }
    }

    pub(super) fn server_state(self, state: ServerState) -> &'static str {
        match state {
            ServerState::Starting => self.pick("Starting", "正在启动"),
            ServerState::Ready => self.pick("Ready", "就绪"),
            ServerState::Degraded => self.pick("Degraded", "异常"),
            ServerState::Failing => self.pick("Failing", "出错"),
            ServerState::NeedsSignIn => self.pick("Needs sign-in", "需要登录"),
            ServerState::Stopped => self.pick("Stopped", "已停止"),
            ServerState::Disabled => self.pick("Disabled", "已停用"),
        }
    }

    pub(super) fn restart(self) -> &'static str {
        self.pick("Restart", "重启")
    }

    pub(super) fn enabled(self) -> &'static str {
        self.pick("Enabled", "启用")
    }

    pub(super) fn open_server(self) -> &'static str {
        self.pick("Open…", "打开…")
    }

    pub(super) fn all_servers(self) -> &'static str {
        self.pick("All servers…", "全部服务器…")
    }

    pub(super) fn add_server(self) -> &'static str {
        self.pick("Add server…", "添加服务器…")
    }

    /// The way to the doctor, with how much it found when it looked last.
    pub(super) fn doctor(self, findings: usize) -> String {
        match (self.0, findings) {
            (Language::English, 0) => "Doctor…".to_owned(),
            (Language::English, 1) => "Doctor: 1 finding…".to_owned(),
            (Language::English, n) => format!("Doctor: {n} findings…"),
            (Language::Chinese, 0) => "诊断…".to_owned(),
            (Language::Chinese, n) => format!("诊断：发现 {n} 个问题…"),
        }
    }

    pub(super) fn copy_endpoint(self) -> &'static str {
        self.pick("Copy endpoint", "复制接入地址")
    }

    pub(super) fn try_again(self) -> &'static str {
        self.pick("Try again", "重试")
    }

    pub(super) fn open(self) -> &'static str {
        self.pick("Open MCP Gateway", "打开 MCP Gateway")
    }

    pub(super) fn run_at_login(self) -> &'static str {
        self.pick("Run at login", "登录时启动")
    }

    pub(super) fn quit(self) -> &'static str {
        self.pick("Quit", "退出")
    }
}

/// A cause as one line that fits into a menu, where nothing is set in type as code is.
pub(super) fn short(cause: &str) -> String {
    let line = cause.lines().next().unwrap_or_default().replace('`', "");
    match line.char_indices().nth(LONGEST_CAUSE) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EN: Text = Text(Language::English);
    const ZH: Text = Text(Language::Chinese);

    #[test]
    fn counts_agree_with_their_numbers() {
        assert_eq!(EN.counts(1, 1, 1), "1 of 1 server, 1 tool");
        assert_eq!(EN.counts(2, 3, 40), "2 of 3 servers, 40 tools");
        assert_eq!(EN.counts(0, 0, 0), "No servers yet");
        assert_eq!(ZH.counts(2, 3, 40), "2/3 个服务器可用，40 个工具");
        assert_eq!(ZH.counts(0, 0, 0), "还没有服务器");
        assert_eq!(EN.doctor(0), "Doctor…");
        assert_eq!(EN.doctor(1), "Doctor: 1 finding…");
        assert_eq!(ZH.doctor(2), "诊断：发现 2 个问题…");
    }

    #[test]
    fn a_cause_is_one_line_of_a_menu() {
        assert_eq!(EN.cause("git", "`git` ended\nTraceback"), "git — git ended");
        let long = ZH.cause("git", &"长".repeat(200));
        assert_eq!(
            long.chars().count(),
            "git：".chars().count() + LONGEST_CAUSE + 1
        );
        assert!(long.ends_with('…'));
    }
}
