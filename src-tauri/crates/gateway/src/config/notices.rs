//! What a user should hear about a configuration that is sound.

use std::path::Path;

use super::model::{Config, Listen};
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
    let listen = &config.gateway;
    match listen.public_url() {
        Some(url) if url.starts_with("http:") => notices.push(readable_on_the_way(url)),
        None if !listen.host.is_loopback() => notices.push(beyond_this_machine(listen)),
        _ => {}
    }
    notices
}

/// Who listens beyond this machine, and names no public address, has no sign-in to offer there.
fn beyond_this_machine(listen: &Listen) -> Words {
    let host = listen.host;
    // Port 0 is chosen when the gateway starts, which the user then reads off its first lines.
    let (en_port, zh_port) = match listen.port {
        0 => ("PORT".to_owned(), "端口".to_owned()),
        port => (port.to_string(), port.to_string()),
    };
    Words::new(
        format!(
            "gateway.host {host} is beyond this machine, where every client needs a token. It is listened on if there is \
             one when the gateway starts: `mcp-gateway token list` shows them, `mcp-gateway token new NAME` makes one. \
             Otherwise the gateway listens on loopback only, and another machine needs a tunnel: \
             ssh -L {en_port}:localhost:{en_port} USER@THIS-MACHINE"
        ),
        format!(
            "gateway.host {host} 对外开放，外部客户端必须携带令牌。网关启动时若已有令牌则监听该地址：\
             `mcp-gateway token list` 可查看令牌，`mcp-gateway token new 名称` 可创建令牌。\
             否则只监听回环地址，从其他机器访问请使用隧道：ssh -L {zh_port}:localhost:{zh_port} 用户@本机"
        ),
    )
}

fn readable_on_the_way(url: &str) -> Words {
    Words::new(
        format!(
            "gatewayBaseUrl {url} is not encrypted: whoever is on the way can read tokens and use them. Put a reverse \
             proxy with https in front, and name its address"
        ),
        format!(
            "gatewayBaseUrl {url} 未加密：传输途中的任何人都能读取并冒用令牌。请在前面放置启用 https 的反向代理，\
             并改写为它的地址"
        ),
    )
}
