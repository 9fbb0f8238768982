//! What a fake is started as: Alibaba Cloud, or any other OAuth server with an MCP endpoint.

use super::behaviour::Behaviour;

/// Where the endpoints of the authorization server are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The sign-in page.
    pub authorize: String,
    /// Tokens.
    pub token: String,
    /// RFC 7009.
    pub revoke: String,
    /// Who signed in.
    pub userinfo: String,
}

/// What a fake is started as.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The port on loopback; 0: the system chooses.
    pub port: u16,
    /// The addresses of its endpoints.
    pub paths: Paths,
    /// What follows the host in its issuer, such as `/tenant`; usually nothing.
    pub issuer_path: String,
    /// The scopes that may be asked for. The first one must be, or is given where none is asked for.
    pub scopes: Vec<String>,
    /// Whether a request must name the first scope.
    pub wants_scope: bool,
    /// The application that is registered from the start.
    pub client_id: String,
    /// Its secret; without one it is a public client.
    pub client_secret: Option<String>,
    /// Its exact redirect addresses.
    pub redirects: Vec<String>,
    /// How it behaves at first.
    pub behaviour: Behaviour,
}

// === impl Options ===

impl Options {
    /// Alibaba Cloud with the addresses of its sites.
    pub fn aliyun() -> Self {
        Self {
            port: 0,
            paths: Paths {
                authorize: "/oauth2/v1/auth".to_owned(),
                token: "/v1/token".to_owned(),
                revoke: "/v1/revoke".to_owned(),
                userinfo: "/v1/userinfo".to_owned(),
            },
            issuer_path: String::new(),
            scopes: ["/acs/mcp-server", "openid", "profile", "aliuid"]
                .map(str::to_owned)
                .to_vec(),
            wants_scope: true,
            client_id: "4071151845732613353".to_owned(),
            client_secret: None,
            redirects: [
                "mcp-gateway://oauth/callback",
                "http://localhost:3000/oauth/callback",
                "http://localhost:4298/oauth/callback",
            ]
            .map(str::to_owned)
            .to_vec(),
            behaviour: Behaviour::default(),
        }
    }

    /// Alibaba Cloud with the addresses that MCP Gateway for Aliyun had built in.
    pub fn predecessor() -> Self {
        let mut options = Self::aliyun();
        options.paths.authorize = "/oauth2/authorize".to_owned();
        options.paths.token = "/oauth2/token".to_owned();
        options
    }

    /// Some OAuth server that binds tokens to resources and knows its clients by registration.
    pub fn generic() -> Self {
        Self {
            paths: Paths {
                authorize: "/authorize".to_owned(),
                token: "/token".to_owned(),
                revoke: "/revoke".to_owned(),
                userinfo: "/userinfo".to_owned(),
            },
            scopes: ["mcp:tools", "mcp:admin"].map(str::to_owned).to_vec(),
            wants_scope: false,
            client_id: "registered-by-hand".to_owned(),
            redirects: Vec::new(),
            behaviour: Behaviour {
                wants_resource: true,
                ..Behaviour::default()
            },
            ..Self::aliyun()
        }
    }
}
