//! What a user should hear about a configuration that is sound.

use std::path::Path;

use super::model::Config;
use super::values::is_loopback_url;
use crate::words::Words;

/// No file was found: what runs instead, and how to get one's own.
pub(super) fn no_file(demo: bool) -> Words {
    let (en, zh) = if demo {
        (
            "a built-in \"demo\" server runs so that there is something to try",
            "已启用内置的“demo”服务器供您试用",
        )
    } else {
        ("no server is configured", "没有配置任何服务器")
    };
    Words::new(
        format!("No config file was found; {en}. Write your own with: mcp-gateway config init"),
        format!("未找到配置文件；{zh}。生成您自己的配置：mcp-gateway config init"),
    )
}

/// What a file's own content calls for.
pub(super) fn of(config: &Config, path: Option<&Path>) -> Vec<Words> {
    let mut notices = Vec::new();
    if let Some(path) = path.filter(|_| config.servers.is_empty()) {
        let path = path.display();
        notices.push(Words::new(
            format!("{path} names no server. Add one under \"servers\"; `mcp-gateway copy-config PATH` writes an example."),
            format!("{path} 中没有任何服务器。请在 \"servers\" 中添加；`mcp-gateway copy-config 路径` 可生成示例。"),
        ));
    }
    if !config.gateway.host.is_loopback() {
        let host = config.gateway.host;
        notices.push(loopback_only(config, &format!("gateway.host {host}")));
    } else if let Some(url) = config
        .gateway
        .base_url
        .as_deref()
        .filter(|url| !is_loopback_url(url))
    {
        notices.push(loopback_only(config, &format!("gatewayBaseUrl {url}")));
    }
    notices
}

fn loopback_only(config: &Config, asked: &str) -> Words {
    // Port 0 is chosen when the gateway starts, which the user then reads off its first lines.
    let (en_port, zh_port) = match config.gateway.port {
        0 => ("PORT".to_owned(), "端口".to_owned()),
        port => (port.to_string(), port.to_string()),
    };
    Words::new(
        format!(
            "{asked} asks for an address beyond this machine. Clients cannot authenticate yet in this version, so the \
             gateway listens on loopback only. From another machine use a tunnel: ssh -L {en_port}:localhost:{en_port} \
             USER@THIS-MACHINE, or put a reverse proxy that authenticates in front of it."
        ),
        format!(
            "{asked} 要求对外开放。此版本中客户端尚不能认证,因此网关只在回环地址上监听。\
             从其他机器访问请使用隧道:ssh -L {zh_port}:localhost:{zh_port} 用户@本机,或在前面放置带认证的反向代理。"
        ),
    )
}
