//! `servers`, `mapping` and `toolFilters` of a file.

use std::path::PathBuf;

use super::auth;
use super::draft::{FilterDraft, MappingDraft, ServerDraft};
use super::fields::Fields;
use super::file::{connections, duration, min_connections};
use super::model::{Auth, Protocol, Sharing, Transport};
use super::reader::{At, Node};
use super::values;
use crate::words::Words;

pub(super) fn servers(node: &Node<'_, '_>) -> Vec<ServerDraft> {
    let items = node.items().unwrap_or_default();
    items.iter().filter_map(server).collect()
}

pub(super) fn mapping(node: &Node<'_, '_>) -> Vec<(At<String>, MappingDraft)> {
    by_server(node, |fields| MappingDraft {
        prefix: fields.get("prefix").and_then(|node| node.text()),
        strip_prefix: fields.get("stripPrefix").and_then(|node| node.flag()),
        rename: fields
            .get("rename")
            .map(|node| renames(&node))
            .unwrap_or_default(),
    })
}

pub(super) fn filters(node: &Node<'_, '_>) -> Vec<(At<String>, FilterDraft)> {
    by_server(node, |fields| FilterDraft {
        include: fields.get("include").and_then(|node| node.strings()),
        exclude: fields.get("exclude").and_then(|node| node.strings()),
    })
}

/// One server, read to its end even where it is unusable: every problem is reported at once.
fn server(node: &Node<'_, '_>) -> Option<ServerDraft> {
    let mut fields = node.fields()?;
    if !fields.has("name") {
        node.error(Words::new(
            "this server has no \"name\"; give it one, such as \"files\"",
            "此服务器没有 \"name\"；请为它起名，例如 \"files\"",
        ));
    }
    let name = fields.get("name").and_then(|node| {
        Some(At {
            value: node.text()?,
            place: node.place(),
        })
    });
    let transport = transport(node, &mut fields);
    let auth_node = fields.get("auth");
    let mut auth = auth_node.as_ref().and_then(auth::auth);
    if let (Some(node), Some(Auth::OAuth(_)), Some(Transport::Local { .. })) =
        (&auth_node, &auth, &transport)
    {
        auth = None;
        node.warning(Words::new(
            "only a server with a \"url\" can be signed in to, ignored",
            "只有带 \"url\" 的服务器才能登录，已忽略",
        ));
    }
    let read = ServerDraft {
        name: name.clone().unwrap_or_else(|| At {
            value: String::new(),
            place: node.place(),
        }),
        transport,
        enabled: fields.get("enabled").and_then(|node| node.flag()),
        min_connections: min_connections(&mut fields),
        pool_size: fields.get("poolSize").and_then(|node| connections(&node)),
        call_timeout: fields.get("callTimeout").and_then(|node| duration(&node)),
        sharing: fields.get("sharing").and_then(|node| sharing(&node)),
        concurrent: fields.get("concurrent").and_then(|node| node.flag()),
        roots: fields.get("roots").and_then(|node| node.flag()),
        protocol: fields.get("protocol").and_then(|node| protocol(&node)),
        description: fields.get("description").and_then(|node| node.text()),
        auth,
    };
    fields.finish(foreign_key);
    name.map(|_| read)
}

#[derive(Clone, Copy)]
enum Kind {
    Local,
    Remote,
}

/// Decides how a server is reached, and says what is missing or contradicts itself.
fn transport(server: &Node<'_, '_>, fields: &mut Fields<'_, '_>) -> Option<Transport> {
    let kind = fields.get("type").and_then(|node| kind(&node));
    let (command_node, url_node) = (fields.get("command"), fields.get("url"));
    let (env_node, cwd_node, headers_node) =
        (fields.get("env"), fields.get("cwd"), fields.get("headers"));
    // Read before deciding, so that their own problems are reported in any case.
    let command = command_node.as_ref().and_then(command);
    let url = url_node
        .as_ref()
        .and_then(|node| node.parsed(values::server_url));
    let env = env_node.as_ref().map(variables).unwrap_or_default();
    let cwd = cwd_node
        .as_ref()
        .and_then(|node| node.text())
        .map(PathBuf::from);
    let headers = headers_node.as_ref().map(header_lines).unwrap_or_default();

    match (kind, &command_node, &url_node) {
        (_, Some(_), Some(url_node)) => {
            url_node.error(Words::new(
                "this server has a \"command\" as well; keep \"command\" for a program on this machine, \"url\" for a server elsewhere",
                "此服务器同时写了 \"command\"；本机程序请只保留 \"command\"，远程服务器请只保留 \"url\"",
            ));
            None
        }
        (Some(Kind::Remote), Some(node), None) => {
            node.error(Words::new(
                "the type is \"remote\", which wants a \"url\"; make the type \"local\" for a command",
                "类型为 \"remote\"，需要 \"url\"；若要使用命令，请把类型改为 \"local\"",
            ));
            None
        }
        (Some(Kind::Local), None, Some(node)) => {
            node.error(Words::new(
                "the type is \"local\", which wants a \"command\"; make the type \"remote\" for a url",
                "类型为 \"local\"，需要 \"command\"；若要使用网址，请把类型改为 \"remote\"",
            ));
            None
        }
        (Some(Kind::Remote), None, None) => {
            server.error(Words::new(
                "this server has no \"url\"; add one, such as \"url\": \"https://example.com/mcp\"",
                "此服务器没有 \"url\"；请补上，例如 \"url\": \"https://example.com/mcp\"",
            ));
            None
        }
        (_, None, None) => {
            server.error(Words::new(
                "this server has no \"command\"; add one, such as \"command\": [\"npx\", \"-y\", \"some-mcp-server\"], or a \"url\" for a server elsewhere",
                "此服务器没有 \"command\"；请补上，例如 \"command\": [\"npx\", \"-y\", \"some-mcp-server\"]，远程服务器则写 \"url\"",
            ));
            None
        }
        (_, Some(_), None) => {
            without_effect(
                &[&headers_node],
                "only a server with a \"url\" is sent headers, ignored",
                "只有带 \"url\" 的服务器才发送请求头，已忽略",
            );
            Some(Transport::Local {
                command: command?,
                env,
                cwd,
            })
        }
        (_, None, Some(_)) => {
            without_effect(
                &[&env_node, &cwd_node],
                "only a server with a \"command\" has this, ignored",
                "只有带 \"command\" 的服务器才使用此项，已忽略",
            );
            Some(Transport::Remote { url: url?, headers })
        }
    }
}

fn without_effect(nodes: &[&Option<Node<'_, '_>>], en: &str, zh: &str) {
    for node in nodes.iter().copied().flatten() {
        node.warning(Words::new(en, zh));
    }
}

fn kind(node: &Node<'_, '_>) -> Option<Kind> {
    match node.text()?.as_str() {
        "local" | "stdio" => Some(Kind::Local),
        "remote" | "http" => Some(Kind::Remote),
        _ => node.unexpected(
            "\"local\" (a command) or \"remote\" (a url)",
            " \"local\"(命令)或 \"remote\"(网址)",
        ),
    }
}

fn command(node: &Node<'_, '_>) -> Option<Vec<String>> {
    let command = node.strings()?;
    if command
        .first()
        .is_none_or(|program| program.trim().is_empty())
    {
        node.error(Words::new(
            "the command is empty; write the program and its arguments, such as [\"npx\", \"-y\", \"some-mcp-server\"]",
            "命令为空；请写程序及其参数，例如 [\"npx\", \"-y\", \"some-mcp-server\"]",
        ));
        return None;
    }
    Some(command)
}

/// `env`: names → strings. Other values are refused with what to write instead, because
/// turning them into text would guess (is `1.0` "1.0" or "1"?).
fn variables(node: &Node<'_, '_>) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    for (name, value) in node.fields().map(Fields::into_entries).unwrap_or_default() {
        if name.value.is_empty() || name.value.contains(['=', '\0']) {
            value.error(Words::new(
                "this cannot be a variable's name",
                "这不能作为变量名",
            ));
            continue;
        }
        let Some(text) = value.text_or(
            "a string (put the value in quotes)",
            "字符串（请给值加上引号）",
        ) else {
            continue;
        };
        variables.push((name.value, text));
    }
    variables
}

fn header_lines(node: &Node<'_, '_>) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for (name, value) in node.fields().map(Fields::into_entries).unwrap_or_default() {
        let Some(text) = value.text() else { continue };
        let sound = axum::http::HeaderName::from_bytes(name.value.as_bytes()).is_ok()
            && axum::http::HeaderValue::from_str(&text).is_ok();
        if sound {
            headers.push((name.value, text));
        } else {
            value.error(Words::new(
                "not a valid HTTP header; names are letters, digits and hyphens, values are one line of plain text",
                "不是有效的 HTTP 请求头；名称由字母、数字和连字符组成，值为单行纯文本",
            ));
        }
    }
    headers
}

fn sharing(node: &Node<'_, '_>) -> Option<Sharing> {
    match node.text()?.as_str() {
        "shared" => Some(Sharing::Shared),
        "session" => Some(Sharing::Session),
        _ => node.unexpected("\"shared\" or \"session\"", " \"shared\" 或 \"session\""),
    }
}

fn protocol(node: &Node<'_, '_>) -> Option<Protocol> {
    match node.text()?.as_str() {
        "auto" => Some(Protocol::Auto),
        "legacy" => Some(Protocol::Legacy),
        "modern" => Some(Protocol::Modern),
        // No secret is ever meant here, so that it may be shown.
        other => {
            node.error(Words::new(
                format!(
                    "{other:?} is none of the protocols; write \"auto\", \"legacy\" (with `initialize`) or \"modern\" (2026-07-28)"
                ),
                format!(
                    "{other:?} 不是可用的协议；请写 \"auto\"、\"legacy\"（使用 `initialize`）或 \"modern\"（2026-07-28）"
                ),
            ));
            None
        }
    }
}

fn renames(node: &Node<'_, '_>) -> Vec<(At<String>, String)> {
    let entries = node
        .fields()
        .map(Fields::into_entries)
        .unwrap_or_default()
        .into_iter();
    let renames = entries.filter_map(|(tool, target)| {
        let text = target.text()?;
        if text.is_empty() {
            target.error(Words::new(
                "a tool cannot be renamed to nothing",
                "工具不能重命名为空",
            ));
            return None;
        }
        Some((tool, text))
    });
    renames.collect()
}

/// An object whose keys are server names.
fn by_server<T>(
    node: &Node<'_, '_>,
    read: impl Fn(&mut Fields<'_, '_>) -> T,
) -> Vec<(At<String>, T)> {
    let entries = node
        .fields()
        .map(Fields::into_entries)
        .unwrap_or_default()
        .into_iter();
    let read = entries.filter_map(|(server, node)| {
        let mut fields = node.fields()?;
        let value = read(&mut fields);
        fields.finish(|_| None);
        Some((server, value))
    });
    read.collect()
}

/// Keys that are not ours but that people bring from their clients.
fn foreign_key(name: &str) -> Option<Words> {
    (name == "args").then(|| {
        Words::new(
            "ignored: here the arguments follow the program in \"command\": [\"program\", \"argument\", …]",
            "已忽略：此处参数写在 \"command\" 里程序之后：[\"程序\", \"参数\", …]",
        )
    })
}
