//! A configuration with holes: what one layer (command line, environment, file, defaults) says.
//!
//! Layers are laid over each other; the result has no holes left, because the
//! lowest layer, `config/defaults.jsonc`, names every key that needs a value.

use std::net::IpAddr;
use std::time::Duration;

use super::aliyun::{AliyunDraft, SitesDraft};
use super::model::{Auth, Protocol, Sharing, Transport};
use super::network::Network;
use super::reader::At;

#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) listen: ListenDraft,
    pub(super) log_level: Option<At<String>>,
    pub(super) pool: PoolDraft,
    pub(super) servers: Vec<ServerDraft>,
    pub(super) mapping: Vec<(At<String>, MappingDraft)>,
    pub(super) filters: Vec<(At<String>, FilterDraft)>,
    pub(super) aliyun: AliyunDraft,
    pub(super) sites: SitesDraft,
    pub(super) limits: LimitsDraft,
}

#[derive(Debug, Default)]
pub(super) struct ListenDraft {
    pub(super) host: Option<IpAddr>,
    pub(super) port: Option<u16>,
    pub(super) cors: Option<bool>,
    pub(super) base_url: Option<String>,
    pub(super) allowed_hosts: Option<Vec<String>>,
    pub(super) allowed_origins: Option<Vec<String>>,
    pub(super) trusted_proxies: Option<Vec<Network>>,
    pub(super) require_token: Option<bool>,
}

#[derive(Debug, Default)]
pub(super) struct PoolDraft {
    pub(super) min_connections: Option<At<usize>>,
    pub(super) max_connections: Option<At<usize>>,
    pub(super) acquire_timeout: Option<Duration>,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) max_retries: Option<u32>,
}

#[derive(Debug)]
pub(super) struct ServerDraft {
    pub(super) name: At<String>,
    /// `None` where the file has a problem with it, which was reported.
    pub(super) transport: Option<Transport>,
    pub(super) enabled: Option<bool>,
    pub(super) min_connections: Option<At<usize>>,
    pub(super) pool_size: Option<usize>,
    pub(super) call_timeout: Option<Duration>,
    pub(super) sharing: Option<Sharing>,
    pub(super) concurrent: Option<bool>,
    pub(super) roots: Option<bool>,
    pub(super) protocol: Option<Protocol>,
    pub(super) description: Option<String>,
    /// Of a server that is spoken to over the network.
    pub(super) auth: Option<Auth>,
}

#[derive(Debug, Default)]
pub(super) struct MappingDraft {
    pub(super) prefix: Option<String>,
    pub(super) strip_prefix: Option<bool>,
    pub(super) rename: Vec<(At<String>, String)>,
}

#[derive(Debug, Default)]
pub(super) struct FilterDraft {
    pub(super) include: Option<Vec<String>>,
    pub(super) exclude: Option<Vec<String>>,
}

#[derive(Debug, Default)]
pub(super) struct LimitsDraft {
    pub(super) message_bytes: Option<usize>,
    pub(super) depth: Option<usize>,
    pub(super) header_bytes: Option<usize>,
    pub(super) sessions: Option<usize>,
    pub(super) in_flight: Option<usize>,
    pub(super) call_timeout: Option<Duration>,
    pub(super) streams: Option<usize>,
    pub(super) waiting_bytes: Option<usize>,
    pub(super) slow_reader: Option<Duration>,
    pub(super) question_timeout: Option<Duration>,
    pub(super) question_grace: Option<Duration>,
    pub(super) parked_calls: Option<usize>,
    pub(super) list_page: Option<usize>,
    pub(super) call_longest: Option<Duration>,
}

impl Draft {
    /// This layer where it speaks, `below` where it is silent. Servers and what is keyed by
    /// their names come from the file alone, so the lists of both are simply joined.
    pub(super) fn over(self, below: Self) -> Self {
        let sites = self.sites.over(below.sites);
        Self {
            listen: self.listen.over(below.listen),
            log_level: self.log_level.or(below.log_level),
            pool: self.pool.over(below.pool),
            servers: join(self.servers, below.servers),
            mapping: join(self.mapping, below.mapping),
            filters: join(self.filters, below.filters),
            aliyun: self.aliyun.over(below.aliyun, &sites),
            sites,
            limits: self.limits.over(below.limits),
        }
    }
}

impl ServerDraft {
    /// A server of which nothing is known but its name.
    pub(super) fn named(name: At<String>) -> Self {
        Self {
            name,
            transport: None,
            enabled: None,
            min_connections: None,
            pool_size: None,
            call_timeout: None,
            sharing: None,
            concurrent: None,
            roots: None,
            protocol: None,
            description: None,
            auth: None,
        }
    }
}

impl ListenDraft {
    fn over(self, below: Self) -> Self {
        Self {
            host: self.host.or(below.host),
            port: self.port.or(below.port),
            cors: self.cors.or(below.cors),
            base_url: self.base_url.or(below.base_url),
            allowed_hosts: self.allowed_hosts.or(below.allowed_hosts),
            allowed_origins: self.allowed_origins.or(below.allowed_origins),
            trusted_proxies: self.trusted_proxies.or(below.trusted_proxies),
            require_token: self.require_token.or(below.require_token),
        }
    }
}

impl PoolDraft {
    fn over(self, below: Self) -> Self {
        Self {
            min_connections: self.min_connections.or(below.min_connections),
            max_connections: self.max_connections.or(below.max_connections),
            acquire_timeout: self.acquire_timeout.or(below.acquire_timeout),
            idle_timeout: self.idle_timeout.or(below.idle_timeout),
            max_retries: self.max_retries.or(below.max_retries),
        }
    }
}

impl LimitsDraft {
    fn over(self, below: Self) -> Self {
        Self {
            message_bytes: self.message_bytes.or(below.message_bytes),
            depth: self.depth.or(below.depth),
            header_bytes: self.header_bytes.or(below.header_bytes),
            sessions: self.sessions.or(below.sessions),
            in_flight: self.in_flight.or(below.in_flight),
            call_timeout: self.call_timeout.or(below.call_timeout),
            streams: self.streams.or(below.streams),
            waiting_bytes: self.waiting_bytes.or(below.waiting_bytes),
            slow_reader: self.slow_reader.or(below.slow_reader),
            question_timeout: self.question_timeout.or(below.question_timeout),
            question_grace: self.question_grace.or(below.question_grace),
            parked_calls: self.parked_calls.or(below.parked_calls),
            list_page: self.list_page.or(below.list_page),
            call_longest: self.call_longest.or(below.call_longest),
        }
    }
}

pub(super) fn join<T>(mut above: Vec<T>, below: Vec<T>) -> Vec<T> {
    above.extend(below);
    above
}
