//! The keys of a configuration file as their schema describes them. `null` means "not set"
//! wherever a key may be left out.

#![expect(
    dead_code,
    reason = "these types are there to be described, not to be made"
)]

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

/// MCP Gateway's configuration. Durations are in milliseconds; null means "not set".
#[derive(JsonSchema)]
#[schemars(title = "MCP Gateway", rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct File {
    /// Where this schema lies.
    #[schemars(rename = "$schema")]
    schema: Option<String>,
    /// Listening, and who may talk to the gateway.
    gateway: Option<Gateway>,
    /// The same as gateway.port.
    port: Option<u16>,
    /// Public address of this gateway, for callbacks behind a proxy or on a server.
    gateway_base_url: Option<String>,
    /// off, error, warn, info, debug, trace, or a filter such as "info,gateway=debug".
    #[schemars(schema_with = "log_level")]
    log_level: (),
    /// Connections to each server.
    pool: Option<Pool>,
    /// The MCP servers behind the gateway.
    servers: Option<Vec<Server>>,
    /// Names of a server's tools towards clients, by server name; without an entry the prefix is the server's name.
    mapping: Option<BTreeMap<String, Mapping>>,
    /// Which of a server's own tools are exposed, by server name.
    tool_filters: Option<BTreeMap<String, Filter>>,
    /// Alibaba Cloud sign-in: an OAuth application of type "native".
    oauth: Option<OAuth>,
    /// Alibaba Cloud MCP services.
    mcp_server: Option<McpServer>,
    /// The public addresses of both Alibaba Cloud sites.
    aliyun_sites: Option<Sites>,
    /// Bounds that protect the gateway.
    limits: Option<Limits>,
    /// Has no effect in this version.
    history: Option<Value>,
    /// Has no effect in this version.
    profiles: Option<Value>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
struct Gateway {
    /// Address to listen on. Beyond loopback it is opened only where every client has to authenticate.
    host: Option<String>,
    /// TCP port; 0 lets the system choose.
    port: Option<u16>,
    /// Answer cross-origin browser requests, but only from allowedOrigins.
    cors: Option<bool>,
    /// Host names accepted in requests beside localhost, such as "gateway.example.com".
    allowed_hosts: Option<Vec<String>>,
    /// Browser origins accepted beside the gateway's own, such as "https://app.example.com".
    allowed_origins: Option<Vec<String>>,
    /// Reverse proxies whose forwarding headers are believed: addresses or networks, such as "10.0.0.0/24".
    trusted_proxies: Option<Vec<String>>,
    /// Want the admin token for every MCP and REST request, even from this machine.
    require_token: Option<bool>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
struct Pool {
    /// Kept warm.
    #[schemars(range(max = 256))]
    min_connections: Option<u64>,
    /// A server grows beyond one process only where this or its poolSize says so.
    #[schemars(range(min = 1, max = 256))]
    max_connections: Option<u64>,
    /// How long a call may wait for a connection.
    #[schemars(range(min = 1, max = 86_400_000))]
    acquire_timeout: Option<u64>,
    /// Idle connections above the minimum are closed after this long.
    #[schemars(range(min = 1, max = 86_400_000))]
    idle_timeout: Option<u64>,
    /// Further attempts of a call that provably did not reach its server, or whose connection
    /// was lost and whose tool says that it is read-only or idempotent.
    #[schemars(range(max = 100))]
    max_retries: Option<u64>,
}

/// A program on this machine (command), or a server elsewhere (url).
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
struct Server {
    /// Unique, not a route of the gateway.
    name: String,
    /// "local" (a command) or "remote" (a url); may be left out.
    #[schemars(rename = "type")]
    kind: Option<Kind>,
    /// Program and arguments, one string each.
    #[schemars(length(min = 1))]
    command: Option<Vec<String>>,
    /// Working directory of a local server.
    cwd: Option<String>,
    /// Variables beside the inherited ones; values are strings.
    env: Option<BTreeMap<String, String>>,
    /// Address of a remote server, instead of command.
    url: Option<String>,
    /// Headers sent to a remote server.
    headers: Option<BTreeMap<String, String>>,
    /// "oauth": users sign in to a remote server. Where the server knows a client already, an object.
    auth: Option<Auth>,
    /// false: listed, never started.
    enabled: Option<bool>,
    /// Overrides pool.minConnections; with 0 the server ends when it is idle and starts with the next call.
    #[schemars(range(max = 256))]
    min_connections: Option<u64>,
    /// Overrides pool.maxConnections.
    #[schemars(range(min = 1, max = 256))]
    pool_size: Option<u64>,
    /// A call without a sign of life for this long is given up; overrides limits.callTimeout.
    #[schemars(range(min = 1, max = 86_400_000))]
    call_timeout: Option<u64>,
    /// "shared": all clients use the same connections. "session": each client session has its own.
    sharing: Option<Sharing>,
    /// Whether the server works on several calls at once; null: found out.
    concurrent: Option<bool>,
    /// Offer the client's folders (roots) to this server; it is then never shared between sessions.
    roots: Option<bool>,
    /// "auto", "legacy" (initialize) or "modern" (2026-07-28).
    protocol: Option<Protocol>,
    /// Your own words about it.
    description: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
enum Kind {
    Local,
    Remote,
    Stdio,
    Http,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
enum Sharing {
    Shared,
    Session,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
enum Protocol {
    Auto,
    Legacy,
    Modern,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
enum AuthWord {
    None,
    Oauth,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Auth {
    Word(AuthWord),
    Client(AuthClient),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
struct AuthClient {
    /// "oauth", or "none" to switch it off.
    #[schemars(rename = "type")]
    kind: Option<AuthWord>,
    /// The client that the server knows.
    client_id: Option<String>,
    /// Its secret, such as "${secret:NAME}".
    client_secret: Option<String>,
    /// What is asked for instead of what the server names.
    scope: Option<String>,
    /// The authorization server, where the server itself does not name it.
    authorization_server: Option<String>,
    /// A document that describes this client, its id where servers read such.
    client_metadata_url: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
struct Mapping {
    /// Clients see PREFIX_TOOL; "" for no prefix.
    prefix: Option<String>,
    /// false: the server's own names as they are.
    strip_prefix: Option<bool>,
    /// Exposed exactly as written, by the server's own name of the tool.
    rename: Option<BTreeMap<String, String>>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
struct Filter {
    /// Only these.
    include: Option<Vec<String>>,
    /// All but these.
    exclude: Option<Vec<String>>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
struct OAuth {
    /// The application's id.
    client_id: Option<String>,
    /// An id for each site, where you use both; it goes before clientId.
    client_ids: Option<ClientIds>,
    /// Takes that site's addresses for whatever is not written here or in mcpServer.
    site: Option<Site>,
    /// Where a browser signs in.
    authorization_endpoint: Option<String>,
    /// Where tokens come from.
    token_endpoint: Option<String>,
    /// Where a sign-out revokes.
    revocation_endpoint: Option<String>,
    /// Where it is asked who has signed in.
    userinfo_endpoint: Option<String>,
    /// OAuth scope.
    scope: Option<String>,
    /// The redirect address that the application has registered, to the letter.
    redirect_uri: Option<String>,
    /// Port of a loopback redirect, where one is wanted.
    callback_port: Option<u16>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
struct ClientIds {
    /// International.
    intl: Option<String>,
    /// China.
    cn: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
enum Site {
    Intl,
    Cn,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
struct McpServer {
    /// What the services' paths are appended to.
    base_url: Option<String>,
    /// Alias → path below baseUrl, such as "/mcp/ecs".
    services: Option<BTreeMap<String, String>>,
    /// A bearer credential instead of a sign-in: "${secret:NAME}".
    token: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
struct Sites {
    /// International: alibabacloud.com.
    intl: Option<SiteAddresses>,
    /// China: aliyun.com.
    cn: Option<SiteAddresses>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
struct SiteAddresses {
    /// Where a browser signs in.
    authorization_endpoint: Option<String>,
    /// Where tokens come from.
    token_endpoint: Option<String>,
    /// Where a sign-out revokes.
    revocation_endpoint: Option<String>,
    /// Where it is asked who has signed in.
    userinfo_endpoint: Option<String>,
    /// What the services' paths are appended to.
    base_url: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
struct Limits {
    /// Largest message in bytes, either direction.
    #[schemars(range(min = 1024, max = 1_073_741_824))]
    message_bytes: Option<u64>,
    /// Deepest nesting of a message.
    #[schemars(range(min = 8, max = 10_000))]
    depth: Option<u64>,
    /// Largest request head in bytes.
    #[schemars(range(min = 4096, max = 1_048_576))]
    header_bytes: Option<u64>,
    /// Client sessions kept in memory; the longest idle go first.
    #[schemars(range(min = 1, max = 1_000_000))]
    sessions: Option<u64>,
    /// Calls in flight on one connection before further ones queue.
    #[schemars(range(min = 1, max = 100_000))]
    in_flight: Option<u64>,
    /// A call without a sign of life for this long is given up; a server's callTimeout overrides it.
    #[schemars(range(min = 1, max = 86_400_000))]
    call_timeout: Option<u64>,
    /// Open event streams that belong to no call; a further one is refused.
    #[schemars(range(min = 1, max = 1_000_000))]
    streams: Option<u64>,
    /// Bytes that wait for a slow client on one stream: beyond that messages of a call are
    /// dropped, and any other stream ends.
    #[schemars(range(min = 1024, max = 1_073_741_824))]
    waiting_bytes: Option<u64>,
    /// A client that reads nothing for this long, while messages wait for it, loses its stream.
    #[schemars(range(min = 1, max = 86_400_000))]
    slow_reader: Option<u64>,
    /// A person has this long to answer a server's question.
    #[schemars(range(min = 1, max = 86_400_000))]
    question_timeout: Option<u64>,
    /// After this long the question to a stateless client gives way to those who wait for a
    /// connection to the same server.
    #[schemars(range(min = 1, max = 86_400_000))]
    question_grace: Option<u64>,
    /// Calls of one user that wait for the answer to such a question between two requests.
    #[schemars(range(min = 1, max = 1000))]
    parked_calls: Option<u64>,
    /// Tools, prompts or resources on one page of a list.
    #[schemars(range(min = 1, max = 1_000_000))]
    list_page: Option<u64>,
    /// A call is ended after this long whatever its server reports; null for never.
    #[schemars(range(min = 1, max = 86_400_000))]
    call_longest: Option<u64>,
}

/// The words are proposed, and any filter is fine.
fn log_level(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "anyOf": [
            { "enum": ["off", "error", "warn", "info", "debug", "trace", null] },
            { "type": "string" }
        ]
    })
}
