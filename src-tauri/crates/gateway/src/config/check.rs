//! What only shows when parts of a file are held against each other.

use std::collections::HashMap;

use super::draft::{Draft, MappingDraft, ServerDraft};
use super::problem::{Problem, did_you_mean, nearest};
use super::reader::At;
use crate::words::Words;

/// First path segments that the gateway answers itself: `/:service/mcp` could never reach a server of that name.
const RESERVED: [&str; 13] = [
    "api",
    "ui",
    "oauth",
    "config",
    "tools",
    "messages",
    "sse",
    "mcp",
    "health",
    "metrics",
    "p",
    "gateway",
    ".well-known",
];

/// Every contradiction within one file.
pub(super) fn check(draft: &Draft) -> Vec<Problem> {
    let mut problems = Vec::new();
    names(draft, &mut problems);
    pool(draft, &mut problems);
    for server in &draft.servers {
        connections(server, &mut problems);
    }
    let servers: Vec<&str> = draft
        .servers
        .iter()
        .map(|server| &server.name)
        .chain(draft.aliyun.services.iter().map(|(alias, _)| alias))
        .map(|name| name.value.as_str())
        .collect();
    for (server, mapping) in &draft.mapping {
        known(server, &servers, &mut problems);
        renames(mapping, &mut problems);
    }
    for (server, _) in &draft.filters {
        known(server, &servers, &mut problems);
    }
    problems
}

/// Server names and service aliases share one namespace, the first segment of `/:service/mcp`.
fn names(draft: &Draft, problems: &mut Vec<Problem>) {
    let servers = draft.servers.iter().map(|server| &server.name);
    let aliases = draft.aliyun.services.iter().map(|(alias, _)| alias);
    let mut first: HashMap<&str, &At<String>> = HashMap::new();
    for name in servers.chain(aliases) {
        if let Some(words) = unusable(&name.value) {
            problems.push(name.place.error(words));
        } else if let Some(earlier) = first.get(name.value.as_str()) {
            let (value, line) = (&name.value, earlier.place.line);
            problems.push(name.place.error(Words::new(
                format!("the name \"{value}\" is taken on line {line}; servers and services need different names"),
                format!("名称“{value}”已在第 {line} 行使用；服务器与服务的名称不能重复"),
            )));
        } else {
            first.insert(&name.value, name);
        }
    }
    let servers = draft.servers.iter().map(|server| &server.name);
    let aliases = draft.aliyun.services.iter().map(|(alias, _)| alias);
    for name in servers.chain(aliases) {
        let prefix = draft
            .mapping
            .iter()
            .find(|(key, _)| key.value == name.value);
        let prefix = prefix
            .and_then(|(_, mapping)| mapping.prefix.as_ref())
            .unwrap_or(&name.value);
        if prefix.contains(|c: char| !c.is_ascii_alphanumeric() && !"_-.".contains(c)) {
            problems.push(name.place.warning(Words::new(
                format!("some clients refuse tool names that begin with \"{prefix}\"; set mapping.<server>.prefix to letters, digits, - and _"),
                format!("部分客户端不接受以“{prefix}”开头的工具名；请把 mapping.<服务器>.prefix 设为字母、数字、- 和 _"),
            )));
        }
    }
}

pub(super) fn unusable(name: &str) -> Option<Words> {
    if name.trim().is_empty() {
        return Some(Words::new(
            "the name is empty; give one, such as \"files\"",
            "名称为空；请起名，例如“files”",
        ));
    }
    if RESERVED.contains(&name) {
        return Some(Words::new(
            format!("\"{name}\" is one of the gateway's own addresses; choose another name"),
            format!("“{name}”是网关自身的路径；请换一个名称"),
        ));
    }
    let segment = name != "."
        && name != ".."
        && !name.contains(|c: char| "/\\?#%".contains(c) || c.is_control());
    (!segment).then(|| {
        Words::new(
            format!(
                "{name:?} cannot be part of an address; leave out / \\ ? # % and control characters"
            ),
            format!("“{name}”不能用作地址的一部分；请勿使用 / \\ ? # % 和控制字符"),
        )
    })
}

fn pool(draft: &Draft, problems: &mut Vec<Problem>) {
    if let (Some(min), Some(max)) = (&draft.pool.min_connections, &draft.pool.max_connections)
        && min.value > max.value
    {
        let (low, high) = (min.value, max.value);
        problems.push(min.place.error(Words::new(
            format!(
                "{low} is more than pool.maxConnections ({high}); lower it, or raise the maximum"
            ),
            format!("{low} 大于 pool.maxConnections({high})；请调低此值或调高最大值"),
        )));
    }
}

/// A server's own bounds; those of the pool give way to them.
fn connections(server: &ServerDraft, problems: &mut Vec<Problem>) {
    if let (Some(min), Some(max)) = (&server.min_connections, server.pool_size)
        && min.value > max
    {
        let low = min.value;
        problems.push(min.place.error(Words::new(
            format!(
                "{low} is more than this server's poolSize ({max}); lower it, or raise poolSize"
            ),
            format!("{low} 大于该服务器的 poolSize({max})；请调低此值或调高 poolSize"),
        )));
    }
}

fn known(server: &At<String>, servers: &[&str], problems: &mut Vec<Problem>) {
    if !servers.contains(&server.value.as_str()) {
        let hint = did_you_mean(nearest(&server.value, servers.iter().copied()));
        let name = &server.value;
        problems.push(server.place.warning(Words::new(
            format!("there is no server \"{name}\", ignored{}", hint.en),
            format!("没有名为“{name}”的服务器，已忽略{}", hint.zh),
        )));
    }
}

/// Two tools of one server under one name could not both be called.
fn renames(mapping: &MappingDraft, problems: &mut Vec<Problem>) {
    let mut first: HashMap<&str, &At<String>> = HashMap::new();
    for (tool, target) in &mapping.rename {
        match first.get(target.as_str()) {
            Some(earlier) => {
                let earlier = &earlier.value;
                problems.push(tool.place.error(Words::new(
                    format!(
                        "\"{earlier}\" is already renamed to \"{target}\"; choose another name"
                    ),
                    format!("“{earlier}”已重命名为“{target}”；请换一个名称"),
                )));
            }
            None => {
                first.insert(target, tool);
            }
        }
    }
}
