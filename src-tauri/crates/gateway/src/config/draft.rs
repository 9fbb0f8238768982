//! A configuration with holes: what one layer (command line, environment, file, defaults) says.
//!
//! Layers are laid over each other; the result has no holes left, because the
//! lowest layer, `config/defaults.jsonc`, names every key that needs a value.

use std::net::IpAddr;
use std::time::Duration;

use super::model::{Protocol, Sharing, Transport};
use super::reader::At;

#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) listen: ListenDraft,
    pub(super) log_level: Option<String>,
    pub(super) pool: PoolDraft,
    pub(super) servers: Vec<ServerDraft>,
    pub(super) mapping: Vec<(At<String>, MappingDraft)>,
    pub(super) filters: Vec<(At<String>, FilterDraft)>,
    pub(super) aliyun: AliyunDraft,
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
    pub(super) trusted_proxies: Option<Vec<IpAddr>>,
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
    pub(super) pool_size: Option<usize>,
    pub(super) call_timeout: Option<Duration>,
    pub(super) sharing: Option<Sharing>,
    pub(super) concurrent: Option<bool>,
    pub(super) roots: Option<bool>,
    pub(super) protocol: Option<Protocol>,
    pub(super) description: Option<String>,
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
pub(super) struct AliyunDraft {
    /// Whether this layer speaks of Alibaba Cloud at all.
    pub(super) mentioned: bool,
    pub(super) client_id: Option<String>,
    pub(super) site: Option<Site>,
    pub(super) authorization_endpoint: Option<String>,
    pub(super) token_endpoint: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) callback_port: Option<u16>,
    pub(super) base_url: Option<String>,
    pub(super) services: Vec<(At<String>, String)>,
}

/// An Alibaba Cloud site and its public addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Site {
    Intl,
    Cn,
}

#[derive(Debug, Default)]
pub(super) struct LimitsDraft {
    pub(super) message_bytes: Option<usize>,
    pub(super) depth: Option<usize>,
    pub(super) header_bytes: Option<usize>,
    pub(super) sessions: Option<usize>,
    pub(super) in_flight: Option<usize>,
    pub(super) call_timeout: Option<Duration>,
}

impl Draft {
    /// This layer where it speaks, `below` where it is silent. Servers and what is keyed by
    /// their names come from the file alone, so the lists of both are simply joined.
    pub(super) fn over(self, below: Self) -> Self {
        Self {
            listen: self.listen.over(below.listen),
            log_level: self.log_level.or(below.log_level),
            pool: self.pool.over(below.pool),
            servers: join(self.servers, below.servers),
            mapping: join(self.mapping, below.mapping),
            filters: join(self.filters, below.filters),
            aliyun: self.aliyun.over(below.aliyun),
            limits: self.limits.over(below.limits),
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

impl AliyunDraft {
    /// A site's addresses stand in for those that the layers down to the one that names it leave open.
    fn over(self, below: Self) -> Self {
        let site = self.site.or(below.site);
        let chosen = self.site.map(Site::addresses);
        Self {
            mentioned: self.mentioned || below.mentioned,
            client_id: self.client_id.or(below.client_id),
            site,
            authorization_endpoint: self
                .authorization_endpoint
                .or(chosen.map(|site| site.authorize.to_owned()))
                .or(below.authorization_endpoint),
            token_endpoint: self
                .token_endpoint
                .or(chosen.map(|site| site.token.to_owned()))
                .or(below.token_endpoint),
            scope: self.scope.or(below.scope),
            callback_port: self.callback_port.or(below.callback_port),
            base_url: self
                .base_url
                .or(chosen.map(|site| site.mcp.to_owned()))
                .or(below.base_url),
            services: join(self.services, below.services),
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
        }
    }
}

#[derive(Clone, Copy)]
struct Addresses {
    authorize: &'static str,
    token: &'static str,
    mcp: &'static str,
}

impl Site {
    fn addresses(self) -> Addresses {
        match self {
            Self::Intl => Addresses {
                authorize: "https://signin.alibabacloud.com/oauth2/v1/auth",
                token: "https://oauth.alibabacloud.com/v1/token",
                mcp: "https://openapi-mcp.ap-southeast-1.aliyuncs.com",
            },
            Self::Cn => Addresses {
                authorize: "https://signin.aliyun.com/oauth2/v1/auth",
                token: "https://oauth.aliyun.com/v1/token",
                mcp: "https://openapi-mcp.cn-hangzhou.aliyuncs.com",
            },
        }
    }
}

fn join<T>(mut above: Vec<T>, below: Vec<T>) -> Vec<T> {
    above.extend(below);
    above
}
