//! The validated configuration: what the rest of the core works with.
//!
//! Nothing here reads a file; `load` builds these values and guarantees what
//! the field comments promise.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::network::Network;

/// Everything the gateway is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Listening, and who may talk to it.
    pub gateway: Listen,
    /// Downstream servers in the order of the file, and behind them the Alibaba Cloud services;
    /// names are unique.
    pub servers: Vec<ServerConfig>,
    /// Alibaba Cloud services (predecessor A's part of the file), if any.
    pub aliyun: Option<AliyunConfig>,
    /// Bounds that protect the gateway.
    pub limits: Limits,
    /// `LOG_LEVEL` or `--log-level`: a `tracing` filter directive.
    pub log_level: String,
}

/// `gateway.*`: the address and its guards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// The address that is asked for; every one where a public `base_url` stands alone. Beyond
    /// loopback it is opened only where clients have to authenticate; see `Loaded::notices`.
    pub host: IpAddr,
    /// TCP port; 0 lets the system choose.
    pub port: u16,
    /// Answer cross-origin requests of `allowed_origins`.
    pub cors: bool,
    /// Public address of this gateway, without a trailing slash.
    pub base_url: Option<String>,
    /// Host names that are accepted beside loopback ones, lower case, with or without a port.
    pub allowed_hosts: Vec<String>,
    /// Origins that are accepted beside the gateway's own, as browsers send them.
    pub allowed_origins: Vec<String>,
    /// Reverse proxies whose forwarding headers are believed.
    pub trusted_proxies: Vec<Network>,
    /// Refuse requests without a bearer token even from loopback.
    pub require_token: bool,
}

impl Listen {
    /// The public address, where there is one that is not this machine's loopback.
    pub fn public_url(&self) -> Option<&str> {
        let url = self.base_url.as_deref()?;
        (!super::values::is_loopback_url(url)).then_some(url)
    }
}

/// One downstream MCP server with everything that concerns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// Its name: not empty, unique, not a reserved path segment.
    pub name: String,
    /// How it is reached.
    pub transport: Transport,
    /// Disabled servers are listed but never started.
    pub enabled: bool,
    /// Connection limits.
    pub pool: PoolLimits,
    /// A call that shows no sign of life for this long is given up.
    pub call_timeout: Duration,
    /// Whether connections are shared by all clients.
    pub sharing: Sharing,
    /// Known to answer several calls at once; `None` lets the pool learn it.
    pub concurrent: Option<bool>,
    /// Clients' roots are offered to this server.
    pub roots: bool,
    /// Protocol era to speak to it.
    pub protocol: Protocol,
    /// What the user wrote about it.
    pub description: Option<String>,
    /// How its tools are named towards clients.
    pub naming: Naming,
    /// Which of its own tools are exposed.
    pub filter: ToolFilter,
    /// How the gateway shows the server who asks.
    pub auth: Auth,
    /// It stands in `mcpServer.services` and not in `servers`, so that it is changed there.
    pub from_services: bool,
}

/// How the gateway shows a remote server who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// Not at all, or with the headers that the file names.
    None,
    /// With a token that the server's own authorization server gives each user.
    OAuth(OAuthConfig),
    /// With the user's Alibaba Cloud account; see [`AliyunConfig`].
    Aliyun,
}

/// `servers[].auth`: what is settled before a sign-in. What is not is found out.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct OAuthConfig {
    /// A client registered beforehand.
    pub client_id: Option<String>,
    /// The secret of that client; may be `${secret:NAME}`.
    pub client_secret: Option<String>,
    /// OAuth scope, instead of the one that the server asks for.
    pub scope: Option<String>,
    /// The issuer, an absolute http or https URL, instead of the one that the server names.
    pub authorization_server: Option<String>,
    /// Where this client describes itself, an https URL: its id at authorization servers that
    /// read such documents.
    pub client_metadata_url: Option<String>,
}

/// How a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// A child process spoken to over stdin and stdout.
    Local {
        /// Program and arguments; never empty.
        command: Vec<String>,
        /// Variables set beside the inherited ones.
        env: Vec<(String, String)>,
        /// Working directory; the gateway's own when absent.
        cwd: Option<PathBuf>,
    },
    /// A Streamable HTTP endpoint.
    Remote {
        /// An absolute http or https URL.
        url: String,
        /// Headers sent with every request.
        headers: Vec<(String, String)>,
    },
}

/// Bounds of one server's pool; `min_connections <= max_connections`, `max_connections >= 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolLimits {
    /// Connections kept warm.
    pub min_connections: usize,
    /// 1 unless the file asks for more.
    pub max_connections: usize,
    /// How long a call may wait for a connection.
    pub acquire_timeout: Duration,
    /// Idle connections above the minimum are closed after this long.
    pub idle_timeout: Duration,
    /// Further attempts of a call that provably did not reach the server. Starts that fail are
    /// not counted: they are retried without end.
    pub max_retries: u32,
}

/// Who shares a server's connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// All clients.
    Shared,
    /// Each client session has its own.
    Session,
}

/// Protocol era to speak to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Found out by asking.
    Auto,
    /// `initialize` and sessions.
    Legacy,
    /// 2026-07-28 and later.
    Modern,
}

/// `mapping.<server>`: names towards clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// Put before every tool as `<prefix>_<tool>`; empty for none.
    pub prefix: String,
    /// false: the server's own names are exposed as they are.
    pub strip_prefix: bool,
    /// The server's tool name → the name exposed, literally.
    pub rename: Vec<(String, String)>,
}

/// `toolFilters.<server>`: by the server's own tool names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolFilter {
    /// Only these; `None` for all.
    pub include: Option<Vec<String>>,
    /// Never these.
    pub exclude: Vec<String>,
}

/// An Alibaba Cloud site. Accounts, applications and addresses of one are unknown to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Site {
    /// alibabacloud.com
    Intl,
    /// aliyun.com
    Cn,
}

/// Predecessor A's `oauth` and `mcpServer`.
#[derive(Clone, PartialEq, Eq)]
pub struct AliyunConfig {
    /// The site that the file names, or whose addresses it writes out. `None` for the addresses
    /// that predecessor A had, which are those of the international site.
    pub site: Option<Site>,
    /// The public client's id, that of the site where there is one; needed only once somebody signs in.
    pub client_id: Option<String>,
    /// Where the browser is sent.
    pub authorization_endpoint: String,
    /// Where codes and refresh tokens are exchanged.
    pub token_endpoint: String,
    /// Where tokens are given up, if that is known of the token endpoint in use.
    pub revocation_endpoint: Option<String>,
    /// Where it is asked who has signed in, if that is known of the token endpoint in use.
    pub userinfo_endpoint: Option<String>,
    /// OAuth scope.
    pub scope: String,
    /// The redirect address that the application has registered, to the letter: the deep link
    /// `mcp-gateway://oauth/callback` or an absolute http or https URL.
    pub redirect_uri: Option<String>,
    /// Port of a loopback redirect, where one is wanted.
    pub callback_port: Option<u16>,
    /// `mcpServer.baseUrl`, without a trailing slash.
    pub base_url: String,
    /// Alias → path, in the order of the file.
    pub services: Vec<(String, String)>,
    /// `mcpServer.token`: the owner's bearer credential for machines without a browser, used for
    /// the owner instead of a sign-in; may be `${secret:NAME}`. Other users sign in.
    pub token: Option<String>,
}

/// `limits.*`: bounds that protect and explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest message in bytes, in either direction.
    pub message_bytes: usize,
    /// Deepest nesting of a message.
    pub depth: usize,
    /// Largest request head in bytes.
    pub header_bytes: usize,
    /// Client sessions kept in memory; the longest idle go first.
    pub sessions: usize,
    /// Calls in flight on one connection before further ones queue.
    pub in_flight: usize,
    /// Open event streams that belong to no call.
    pub streams: usize,
    /// Bytes that wait for a slow client on one stream: beyond that messages of a call are
    /// dropped, and any other stream ends.
    pub waiting_bytes: usize,
    /// A client must read something within this time while messages wait for it.
    pub slow_reader: Duration,
    /// A person has this long to answer a question.
    pub question_timeout: Duration,
    /// After this long a question whose client is not connected gives its connection up to
    /// those who wait for one.
    pub question_grace: Duration,
    /// Calls of one user that wait for such answers while nobody is connected for them.
    pub parked_calls: usize,
    /// Items on one page of a list.
    pub list_page: NonZeroUsize,
    /// A call is ended after this long whatever its server reports; `None` for never.
    pub call_longest: Option<Duration>,
}

// === impl ServerConfig ===

impl ServerConfig {
    /// Whether it is used with somebody's account.
    pub fn wants_account(&self) -> bool {
        self.auth != Auth::None
    }
}

// === impl Site ===

impl Site {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Intl, Self::Cn];

    /// The word for it in the file, and in names of accounts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Intl => "intl",
            Self::Cn => "cn",
        }
    }

    /// The site of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|site| site.word() == word)
    }
}

// === impl OAuthConfig, AliyunConfig ===

/// A value that is or may be a secret, in what is printed for developers.
fn hidden(value: Option<&String>) -> Option<&'static str> {
    value.map(|_| "…")
}

impl fmt::Debug for OAuthConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthConfig")
            .field("client_id", &self.client_id)
            .field("client_secret", &hidden(self.client_secret.as_ref()))
            .field("scope", &self.scope)
            .field("authorization_server", &self.authorization_server)
            .field("client_metadata_url", &self.client_metadata_url)
            .finish()
    }
}

impl fmt::Debug for AliyunConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AliyunConfig")
            .field("site", &self.site)
            .field("client_id", &self.client_id)
            .field("authorization_endpoint", &self.authorization_endpoint)
            .field("token_endpoint", &self.token_endpoint)
            .field("revocation_endpoint", &self.revocation_endpoint)
            .field("userinfo_endpoint", &self.userinfo_endpoint)
            .field("scope", &self.scope)
            .field("redirect_uri", &self.redirect_uri)
            .field("callback_port", &self.callback_port)
            .field("base_url", &self.base_url)
            .field("services", &self.services)
            .field("token", &hidden(self.token.as_ref()))
            .finish()
    }
}
