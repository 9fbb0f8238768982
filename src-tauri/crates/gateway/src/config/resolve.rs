//! From layers with holes to the one configuration without any.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use super::draft::{Draft, ServerDraft};
use super::locate::expand_home;
use super::model::{
    Auth, Config, Limits, Listen, Naming, PoolLimits, ServerConfig, Sharing, ToolFilter, Transport,
};
use crate::config::model::Protocol;

/// Builds the configuration from the merged layers, the defaults among them.
///
/// Only for drafts without errors: a server that could not be read is left out.
pub(super) fn resolve(draft: Draft, home: Option<&Path>) -> Config {
    let services = draft.aliyun.servers();
    let servers = draft.servers.iter().chain(&services);
    let servers = servers
        .filter_map(|server| resolve_server(server, &draft, home))
        .collect();
    let listen = draft.listen;
    let limits = draft.limits;
    Config {
        gateway: Listen {
            host: set(listen.host, "gateway.host"),
            port: set(listen.port, "gateway.port"),
            cors: set(listen.cors, "gateway.cors"),
            base_url: listen.base_url,
            allowed_hosts: set(listen.allowed_hosts, "gateway.allowedHosts"),
            allowed_origins: set(listen.allowed_origins, "gateway.allowedOrigins"),
            trusted_proxies: set(listen.trusted_proxies, "gateway.trustedProxies"),
            require_token: set(listen.require_token, "gateway.requireToken"),
        },
        servers,
        aliyun: draft.aliyun.resolve(&draft.sites),
        limits: Limits {
            message_bytes: set(limits.message_bytes, "limits.messageBytes"),
            depth: set(limits.depth, "limits.depth"),
            header_bytes: set(limits.header_bytes, "limits.headerBytes"),
            sessions: set(limits.sessions, "limits.sessions"),
            in_flight: set(limits.in_flight, "limits.inFlight"),
            streams: set(limits.streams, "limits.streams"),
            waiting_bytes: set(limits.waiting_bytes, "limits.waitingBytes"),
            slow_reader: set(limits.slow_reader, "limits.slowReader"),
            question_timeout: set(limits.question_timeout, "limits.questionTimeout"),
            question_grace: set(limits.question_grace, "limits.questionGrace"),
            parked_calls: set(limits.parked_calls, "limits.parkedCalls"),
            list_page: set(
                limits.list_page.and_then(NonZeroUsize::new),
                "limits.listPage",
            ),
            call_longest: limits.call_longest,
        },
        log_level: set(draft.log_level, "logLevel").value,
    }
}

/// The value that the lowest layer is known to have; a test reads that file.
pub(super) fn set<T>(value: Option<T>, key: &str) -> T {
    value.unwrap_or_else(|| panic!("BUG: config/defaults.jsonc lacks {key}"))
}

fn resolve_server(
    server: &ServerDraft,
    draft: &Draft,
    home: Option<&Path>,
) -> Option<ServerConfig> {
    let name = &server.name.value;
    let mapping = draft
        .mapping
        .iter()
        .find(|(key, _)| key.value == *name)
        .map(|(_, mapping)| mapping);
    let filter = draft
        .filters
        .iter()
        .find(|(key, _)| key.value == *name)
        .map(|(_, filter)| filter);
    let roots = server.roots.unwrap_or(false);
    let transport = match server.transport.clone()? {
        Transport::Local { command, env, cwd } => Transport::Local {
            command,
            env,
            cwd: cwd.map(|cwd: PathBuf| expand_home(&cwd, home)),
        },
        remote => remote,
    };
    Some(ServerConfig {
        name: name.clone(),
        transport,
        enabled: server.enabled.unwrap_or(true),
        pool: pool(server, draft),
        call_timeout: set(
            server.call_timeout.or(draft.limits.call_timeout),
            "limits.callTimeout",
        ),
        // One client's folders must never become another's file access.
        sharing: if roots {
            Sharing::Session
        } else {
            server.sharing.unwrap_or(Sharing::Shared)
        },
        concurrent: server.concurrent,
        roots,
        protocol: server.protocol.unwrap_or(Protocol::Auto),
        description: server.description.clone(),
        naming: Naming {
            prefix: mapping
                .and_then(|mapping| mapping.prefix.clone())
                .unwrap_or_else(|| name.clone()),
            strip_prefix: mapping
                .and_then(|mapping| mapping.strip_prefix)
                .unwrap_or(true),
            rename: mapping
                .map(|mapping| {
                    mapping
                        .rename
                        .iter()
                        .map(|(tool, target)| (tool.value.clone(), target.clone()))
                        .collect()
                })
                .unwrap_or_default(),
        },
        filter: filter.map_or_else(ToolFilter::default, |filter| ToolFilter {
            include: filter.include.clone(),
            exclude: filter.exclude.clone().unwrap_or_default(),
        }),
        from_services: server.auth == Some(Auth::Aliyun),
        auth: server.auth.clone().unwrap_or(Auth::None),
    })
}

/// `poolSize` bounds this server alone and takes the warm minimum down with it. A file that asks
/// for a higher minimum and names no maximum gets that many: it has said so.
fn pool(server: &ServerDraft, draft: &Draft) -> PoolLimits {
    let limits = &draft.pool;
    let min = match &server.min_connections {
        Some(own) => own.value,
        None => set(limits.min_connections.as_ref(), "pool.minConnections").value,
    };
    let max = server.pool_size.unwrap_or_else(|| {
        set(limits.max_connections.as_ref(), "pool.maxConnections")
            .value
            .max(min)
    });
    PoolLimits {
        min_connections: min.min(max),
        max_connections: max,
        acquire_timeout: set(limits.acquire_timeout, "pool.acquireTimeout"),
        idle_timeout: set(limits.idle_timeout, "pool.idleTimeout"),
        max_retries: set(limits.max_retries, "pool.maxRetries"),
    }
}
