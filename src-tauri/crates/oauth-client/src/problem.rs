//! What must be changed before a sign-in can work.

/// What is wrong with the configuration or the server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No client id, and no way to get one.
    #[error(
        "it has no client id, and {issuer} offers no way to register one by itself; register an \
         application there and set `clientId`"
    )]
    NoClientId {
        /// The authorization server.
        issuer: String,
    },
    /// An address that would send secrets in the clear.
    #[error("`{0}` is neither https nor on this machine; correct the address")]
    Insecure(String),
    /// Not an address at all.
    #[error("`{0}` is not a valid address; correct it")]
    Address(String),
    /// No metadata anywhere.
    #[error(
        "no metadata of an authorization server was found (tried {}); set `authorizationServer`",
        .tried.join(", ")
    )]
    NoMetadata {
        /// Every address that was tried.
        tried: Vec<String>,
    },
    /// The metadata is another server's (RFC 8414, section 3.3).
    #[error("the metadata of {expected} says that it is {found}; the server must be corrected")]
    WrongIssuer {
        /// Whose metadata was asked for.
        expected: String,
        /// Whose it says it is.
        found: String,
    },
    /// The protected-resource metadata is another resource's (RFC 9728, section 3.3).
    #[error("the metadata of {expected} is for {found}; correct the server's address")]
    WrongResource {
        /// The MCP endpoint.
        expected: String,
        /// What the metadata is for.
        found: String,
    },
    /// The MCP specification forbids to go on without PKCE.
    #[error(
        "{issuer} does not support PKCE with S256, which is required; the server must be updated"
    )]
    NoPkce {
        /// The authorization server.
        issuer: String,
    },
    /// The metadata lacks something.
    #[error("the metadata of {issuer} has no valid `{member}`; the server must be corrected")]
    Incomplete {
        /// The authorization server.
        issuer: String,
        /// The member of the document.
        member: &'static str,
    },
    /// Dynamic registration was refused.
    #[error(
        "{issuer} refused to register this gateway ({code}); register an application there and set `clientId`"
    )]
    RegistrationRefused {
        /// The authorization server.
        issuer: String,
        /// Its error code, or the HTTP status.
        code: String,
    },
    /// The authorization server does not accept the client.
    #[error(
        "the authorization server does not accept this client ({0}); check `clientId` and `clientSecret`"
    )]
    ClientRefused(String),
    /// The authorization server does not accept the request.
    #[error("the authorization server refused the request ({0}); check `scope` and the addresses")]
    RequestRefused(String),
    /// Tokens of another kind than bearer tokens.
    #[error("the authorization server issues tokens of the type `{0}`, not bearer tokens")]
    TokenType(String),
    /// HTTP cannot be set up on this machine.
    #[error("HTTP cannot be set up: {0}")]
    Http(String),
}

impl Problem {
    /// The same in Chinese.
    pub fn chinese(&self) -> String {
        match self {
            Self::NoClientId { issuer } => format!(
                "没有客户端 ID，且 {issuer} 不支持自动注册；请在那里注册应用并设置 `clientId`"
            ),
            Self::Insecure(url) => format!("`{url}` 既不是 https 也不在本机，请更正地址"),
            Self::Address(url) => format!("`{url}` 不是有效的地址，请更正"),
            Self::NoMetadata { tried } => format!(
                "没有找到授权服务器的元数据（已尝试 {}）；请设置 `authorizationServer`",
                tried.join("、")
            ),
            Self::WrongIssuer { expected, found } => {
                format!("{expected} 的元数据自称是 {found}，需要由服务器方修正")
            }
            Self::WrongResource { expected, found } => {
                format!("{expected} 的元数据属于 {found}，请更正服务器地址")
            }
            Self::NoPkce { issuer } => {
                format!("{issuer} 不支持必需的 PKCE（S256），需要由服务器方升级")
            }
            Self::Incomplete { issuer, member } => {
                format!("{issuer} 的元数据缺少有效的 `{member}`，需要由服务器方修正")
            }
            Self::RegistrationRefused { issuer, code } => {
                format!("{issuer} 拒绝注册本网关（{code}）；请在那里注册应用并设置 `clientId`")
            }
            Self::ClientRefused(code) => {
                format!("授权服务器不接受这个客户端（{code}）；请检查 `clientId` 和 `clientSecret`")
            }
            Self::RequestRefused(code) => {
                format!("授权服务器拒绝了请求（{code}）；请检查 `scope` 和各个地址")
            }
            Self::TokenType(kind) => {
                format!("授权服务器签发的令牌类型是 `{kind}`，不是 bearer 令牌")
            }
            Self::Http(why) => format!("无法初始化 HTTP：{why}"),
        }
    }
}
