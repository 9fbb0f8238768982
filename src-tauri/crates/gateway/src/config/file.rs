//! The keys of a configuration file, all but the servers' own: text in, draft and problems out.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::aliyun;
use super::draft::{Draft, LimitsDraft, ListenDraft, PoolDraft};
use super::fields::Fields;
use super::problem::Problem;
use super::reader::{self, At, Node};
use super::{servers, values};
use crate::words::Words;

/// The port of a file in the shape of MCP Gateway for Aliyun that names none.
const ALIYUN_SHAPE_PORT: u16 = 3000;

/// A day; longer durations are taken for a mistake of unit.
const MILLISECONDS: RangeInclusive<u64> = 1..=86_400_000;
const CONNECTIONS: RangeInclusive<u64> = 1..=256;

/// Reads a whole file. Where the text is no JSON object, the draft is empty and the problems say why.
pub(super) fn read(text: &str) -> (Draft, Vec<Problem>) {
    let (draft, problems) = reader::read(text, read_root);
    (draft.unwrap_or_default(), problems)
}

fn read_root(mut fields: Fields<'_, '_>) -> Draft {
    fields.get("$schema");
    let aliyun_shape = !fields.has("gateway") && (fields.has("oauth") || fields.has("mcpServer"));
    let mut draft = Draft {
        listen: listen(&mut fields),
        ..Draft::default()
    };
    if aliyun_shape && draft.listen.port.is_none() {
        draft.listen.port = Some(ALIYUN_SHAPE_PORT);
    }
    draft.log_level = fields.get("logLevel").and_then(|node| {
        let value = node.parsed(values::log_level)?;
        let place = node.place();
        Some(At { value, place })
    });
    draft.pool = section(&mut fields, "pool", pool);
    draft.servers = fields
        .get("servers")
        .map(|node| servers::servers(&node))
        .unwrap_or_default();
    draft.mapping = fields
        .get("mapping")
        .map(|node| servers::mapping(&node))
        .unwrap_or_default();
    draft.filters = fields
        .get("toolFilters")
        .map(|node| servers::filters(&node))
        .unwrap_or_default();
    draft.aliyun = aliyun::aliyun(&mut fields);
    draft.sites = aliyun::sites(&mut fields);
    draft.limits = section(&mut fields, "limits", limits);
    fields.not_yet(&["history", "profiles"]);
    fields.finish(foreign_key);
    draft
}

/// `gateway`, and the two of its keys that predecessor A has at the top.
fn listen(root: &mut Fields<'_, '_>) -> ListenDraft {
    let top_port = root.get("port");
    let mut listen = section(root, "gateway", |fields| ListenDraft {
        host: fields
            .get("host")
            .and_then(|node| node.parsed(values::host)),
        port: fields.get("port").and_then(|node| port(&node)),
        cors: fields.get("cors").and_then(|node| node.flag()),
        base_url: None,
        allowed_hosts: fields
            .get("allowedHosts")
            .and_then(|node| node.list(values::host_name)),
        allowed_origins: fields
            .get("allowedOrigins")
            .and_then(|node| node.list(values::origin)),
        trusted_proxies: fields
            .get("trustedProxies")
            .and_then(|node| node.list(values::network)),
        require_token: fields.get("requireToken").and_then(|node| node.flag()),
    });
    if let Some(node) = top_port {
        let port = port(&node);
        match listen.port {
            Some(inner) if port.is_some_and(|outer| outer != inner) => node.warning(Words::new(
                format!("gateway.port says {inner}, which is used; remove one of the two"),
                format!("gateway.port 为 {inner}，以它为准；请删除其中一个"),
            )),
            Some(_) => {}
            None => listen.port = port,
        }
    }
    listen.base_url = root
        .get("gatewayBaseUrl")
        .and_then(|node| node.parsed(values::base_url));
    listen
}

fn pool(fields: &mut Fields<'_, '_>) -> PoolDraft {
    let max_connections = fields.get("maxConnections").and_then(|node| {
        Some(At {
            value: connections(&node)?,
            place: node.place(),
        })
    });
    PoolDraft {
        min_connections: min_connections(fields),
        max_connections,
        acquire_timeout: fields
            .get("acquireTimeout")
            .and_then(|node| duration(&node)),
        idle_timeout: fields.get("idleTimeout").and_then(|node| duration(&node)),
        max_retries: fields
            .get("maxRetries")
            .and_then(|node| node.whole(0..=100))
            .map(saturate),
    }
}

fn limits(fields: &mut Fields<'_, '_>) -> LimitsDraft {
    let mut bound = |name, range| fields.get(name).and_then(|node| size(&node, range));
    LimitsDraft {
        message_bytes: bound("messageBytes", 1024..=1 << 30),
        depth: bound("depth", 8..=10_000),
        header_bytes: bound("headerBytes", 4096..=1 << 20),
        sessions: bound("sessions", 1..=1_000_000),
        in_flight: bound("inFlight", 1..=100_000),
        streams: bound("streams", 1..=1_000_000),
        waiting_bytes: bound("waitingBytes", 1024..=1 << 30),
        parked_calls: bound("parkedCalls", 1..=1000),
        list_page: bound("listPage", 1..=1_000_000),
        call_timeout: fields.get("callTimeout").and_then(|node| duration(&node)),
        slow_reader: fields.get("slowReader").and_then(|node| duration(&node)),
        question_timeout: fields
            .get("questionTimeout")
            .and_then(|node| duration(&node)),
        question_grace: fields.get("questionGrace").and_then(|node| duration(&node)),
        call_longest: fields.get("callLongest").and_then(|node| duration(&node)),
    }
}

/// Reads one object below `root`, unknown keys included; absent, it reads as an empty one.
pub(super) fn section<T: Default>(
    root: &mut Fields<'_, '_>,
    name: &'static str,
    read: impl FnOnce(&mut Fields<'_, '_>) -> T,
) -> T {
    let Some(mut fields) = root.get(name).and_then(|node| node.fields()) else {
        return T::default();
    };
    let read = read(&mut fields);
    fields.finish(|_| None);
    read
}

pub(super) fn port(node: &Node<'_, '_>) -> Option<u16> {
    node.whole(0..=u64::from(u16::MAX))
        .and_then(|value| u16::try_from(value).ok())
}

/// `minConnections`, of a pool or of one server.
pub(super) fn min_connections(fields: &mut Fields<'_, '_>) -> Option<At<usize>> {
    let node = fields.get("minConnections")?;
    Some(At {
        value: size(&node, 0..=*CONNECTIONS.end())?,
        place: node.place(),
    })
}

pub(super) fn connections(node: &Node<'_, '_>) -> Option<usize> {
    size(node, CONNECTIONS)
}

pub(super) fn duration(node: &Node<'_, '_>) -> Option<Duration> {
    node.whole(MILLISECONDS).map(Duration::from_millis)
}

fn size(node: &Node<'_, '_>, range: RangeInclusive<u64>) -> Option<usize> {
    node.whole(range)
        .and_then(|value| usize::try_from(value).ok())
}

fn saturate(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Keys that are not ours but that people bring from their clients.
fn foreign_key(name: &str) -> Option<Words> {
    (name == "mcpServers").then(|| {
        Words::new(
            "this is how MCP clients list servers, ignored; here it is \"servers\": [{ \"name\": …, \"command\": [program, arguments…], \"env\": {…} }]",
            "这是 MCP 客户端的写法，已忽略；此处应写 \"servers\": [{ \"name\": …, \"command\": [程序，参数…], \"env\": {…} }]",
        )
    })
}
