//! Why a bearer token opens nothing.

use crate::words::Words;

/// Why a call with a bearer token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nothing here knows the token; it may have been revoked.
    #[error("the token is not known here, or it was revoked; sign in again")]
    Unknown,
    /// The token was good once.
    #[error("the token has expired; refresh it or sign in again")]
    Expired,
    /// The token is good for another endpoint.
    #[error("the token was issued for another endpoint of this gateway; sign in to this one")]
    WrongAudience,
    /// The tokens cannot be read; why is for the owner alone to know.
    #[error(
        "tokens cannot be checked now; the gateway's owner finds the reason in its window and log"
    )]
    Unavailable,
}

// === impl Denied ===

impl Denied {
    /// The same in Chinese.
    pub fn chinese(&self) -> String {
        match self {
            Self::Unknown => "该令牌不存在或已被撤销；请重新登录".to_owned(),
            Self::Expired => "该令牌已过期；请刷新令牌或重新登录".to_owned(),
            Self::WrongAudience => {
                "该令牌是为本网关的另一个端点签发的；请登录到当前端点".to_owned()
            }
            Self::Unavailable => {
                "暂时无法校验令牌；网关的所有者可在其窗口和日志中查看原因".to_owned()
            }
        }
    }

    /// The error code for `WWW-Authenticate` (RFC 6750, section 3.1); `None` where the
    /// token is not to blame.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Unknown | Self::Expired | Self::WrongAudience => Some("invalid_token"),
            Self::Unavailable => None,
        }
    }

    /// Both languages.
    pub fn words(&self) -> Words {
        Words::new(self.to_string(), self.chinese())
    }
}
