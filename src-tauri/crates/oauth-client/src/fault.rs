//! What can go wrong, in words that name the cause and the remedy.
//!
//! Nothing in here holds a secret: what a server sends is bounded, stripped of
//! control characters, and left out where it repeats what was sent to it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// Why there is no token, or no sign-in.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// Only the user can help, by signing in. Where, knows the program: people come to it in
    /// different ways.
    #[error("{provider} needs a sign-in: {why}")]
    NeedsSignIn {
        /// The provider's name.
        provider: String,
        /// What happened.
        why: Why,
    },
    /// A sign-in did not succeed.
    #[error("{0}")]
    Login(#[from] LoginFault),
    /// It passes; the same request may succeed later.
    #[error("the authorization server of {provider} {cause}; it is tried again by itself")]
    Temporary {
        /// The provider's name.
        provider: String,
        /// What happened.
        cause: Cause,
        /// When it is worth asking again.
        retry_after: Option<Duration>,
    },
    /// The configuration, or the server itself, must change first.
    #[error("no sign-in to {provider} is possible: {problem}")]
    Misconfigured {
        /// The provider's name.
        provider: String,
        /// What is wrong, and what to do.
        problem: Problem,
    },
    /// The store of secrets cannot be used.
    #[error(transparent)]
    Vault(#[from] vault::Fault),
}

/// Why an account needs a sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// Nobody has signed in, or somebody signed out.
    #[error("nobody is signed in")]
    SignedOut,
    /// The authorization server ended the sign-in: it expired or was revoked.
    #[error("the earlier sign-in was ended by the server ({0})")]
    Ended(String),
    /// The token expired, and there is none to refresh it with.
    #[error("the earlier sign-in has expired")]
    Expired,
    /// The server refuses even a token that was just given out.
    #[error("the server refuses a token that was just issued")]
    Refused,
    /// The provider's address or application is another one than at the sign-in.
    #[error("its address or application has changed since the last sign-in")]
    Changed,
    /// A call needs scopes that were not granted.
    #[error("a call needs the scope `{0}`, which was not granted")]
    Scope(String),
}

/// Why a sign-in did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginFault {
    /// No sign-in has this state: forged, or used before a restart.
    #[error("this answer belongs to no sign-in that was begun here; begin the sign-in again")]
    Unknown,
    /// The state was used before.
    #[error(
        "this answer was used before; nothing was changed. If you are not signed in, begin again"
    )]
    Used,
    /// The browser came back too late.
    #[error("the sign-in took longer than ten minutes; begin it again")]
    Expired,
    /// The sign-in was cancelled here.
    #[error("this sign-in was cancelled; begin it again")]
    Cancelled,
    /// The person, or the provider's rules, said no.
    #[error("the sign-in was declined{}", said(.0.as_deref()))]
    Denied(Option<String>),
    /// The authorization server refused, with its error code.
    #[error("the authorization server refused the sign-in: {code}{}", said(.description.as_deref()))]
    Refused {
        /// The `error` of RFC 6749, sections 4.1.2.1 and 5.2.
        code: String,
        /// Its `error_description`.
        description: Option<String>,
    },
    /// The answer is from another server than the one asked (RFC 9207).
    #[error(
        "the answer is from {}, but the sign-in was begun at {expected}; nothing was accepted. \
         Begin it again, and beware if you did not begin it yourself",
        .found.as_deref().unwrap_or("a server that does not say who it is")
    )]
    WrongIssuer {
        /// The issuer asked.
        expected: String,
        /// The `iss` of the answer.
        found: Option<String>,
    },
    /// The answer came by another way than its sign-in said, as another server's would.
    #[error(
        "the answer came to another address than this sign-in named; nothing was accepted. Begin \
         it again, and beware if you did not begin it yourself"
    )]
    WrongAddress,
    /// The address has no answer of an authorization server in it.
    #[error("this is no answer of an authorization server; begin the sign-in again")]
    NotAnAnswer,
}

/// What passes by itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// No connection; why.
    #[error("cannot be reached ({0})")]
    Unreachable(String),
    /// No whole answer in time.
    #[error("did not answer in time")]
    TimedOut,
    /// An HTTP status that says nothing about the sign-in.
    #[error("answered with HTTP {0}")]
    Status(u16),
    /// Beyond the limit on answers.
    #[error("sent an answer that is too large")]
    TooLarge,
    /// Not what the protocol says.
    #[error("sent an answer that cannot be understood")]
    NotUnderstood,
    /// This gateway is shutting down.
    #[error("is not asked any more, the gateway is shutting down")]
    Closing,
}

impl Fault {
    /// The same in Chinese.
    pub fn chinese(&self) -> String {
        match self {
            Self::NeedsSignIn { provider, why } => {
                format!("{provider} 需要登录：{}", why.chinese())
            }
            Self::Login(fault) => fault.chinese(),
            Self::Temporary {
                provider, cause, ..
            } => format!("{provider} 的授权服务器{}，稍后会自动重试", cause.chinese()),
            Self::Misconfigured { provider, problem } => {
                format!("无法登录 {provider}：{}", problem.chinese())
            }
            Self::Vault(fault) => fault.chinese(),
        }
    }
}

impl Why {
    /// The same in Chinese.
    pub fn chinese(&self) -> String {
        match self {
            Self::SignedOut => "尚未登录".into(),
            Self::Ended(code) => format!("之前的登录已被服务器终止（{code}）"),
            Self::Expired => "之前的登录已过期".into(),
            Self::Refused => "服务器拒绝了刚签发的令牌".into(),
            Self::Changed => "上次登录之后，它的地址或应用已更改".into(),
            Self::Scope(scope) => format!("调用需要尚未授予的权限范围 `{scope}`"),
        }
    }
}

impl LoginFault {
    /// The same in Chinese.
    pub fn chinese(&self) -> String {
        match self {
            Self::Unknown => "这个回调不属于在这里发起的任何登录，请重新登录".into(),
            Self::Used => "这个回调已经用过，没有做任何更改。如果尚未登录，请重新登录".into(),
            Self::Expired => "登录超过了十分钟，请重新登录".into(),
            Self::Cancelled => "这次登录已取消，请重新登录".into(),
            Self::Denied(description) => {
                format!("登录被拒绝{}", said_chinese(description.as_deref()))
            }
            Self::Refused { code, description } => format!(
                "授权服务器拒绝了登录：{code}{}",
                said_chinese(description.as_deref())
            ),
            Self::WrongIssuer { expected, found } => format!(
                "回调来自 {}，而登录是在 {expected} 发起的，因此没有接受。请重新登录；如果不是您本人发起的，请当心",
                found.as_deref().unwrap_or("未表明身份的服务器")
            ),
            Self::WrongAddress => {
                "回调发送到了与这次登录不同的地址，因此没有接受。请重新登录；如果不是您本人发起的，请当心".into()
            }
            Self::NotAnAnswer => "这不是授权服务器的回调，请重新登录".into(),
        }
    }
}

impl Cause {
    /// The same in Chinese.
    pub fn chinese(&self) -> String {
        match self {
            Self::Unreachable(why) => format!("无法连接（{why}）"),
            Self::TimedOut => "没有及时响应".into(),
            Self::Status(status) => format!("返回了 HTTP {status}"),
            Self::TooLarge => "返回的内容过大".into(),
            Self::NotUnderstood => "返回了无法识别的内容".into(),
            Self::Closing => "不再访问，网关正在关闭".into(),
        }
    }
}

fn said(description: Option<&str>) -> String {
    description.map_or_else(String::new, |text| format!(" ({text})"))
}

fn said_chinese(description: Option<&str>) -> String {
    description.map_or_else(String::new, |text| format!("（{text}）"))
}

/// What a server said, fit to be shown: one line of at most 200 characters,
/// and nothing at all if it repeats one of the secrets that were sent.
pub(crate) fn shown(text: &str, secrets: &[&str]) -> Option<String> {
    if secrets
        .iter()
        .any(|secret| !secret.is_empty() && text.contains(secret))
    {
        return None;
    }
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// An error code, of the characters that RFC 6749 lets it have.
pub(crate) fn code(text: &str) -> String {
    let code: String = text
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "_-.:".contains(*c))
        .take(64)
        .collect();
    if code.is_empty() {
        "error".to_owned()
    } else {
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_one_bounded_line_without_secrets() {
        assert_eq!(
            shown("bad\r\nthing\u{1b}[31m", &[]).as_deref(),
            Some("bad  thing [31m")
        );
        assert_eq!(shown("token s3cret is bad", &["s3cret"]), None);
        assert_eq!(shown(&"x".repeat(1000), &[""]).map(|s| s.len()), Some(200));
        assert_eq!(shown("  ", &[]), None);
        assert_eq!(code("invalid_grant<script>"), "invalid_grantscript");
        assert_eq!(code("\u{0}"), "error");
    }

    #[test]
    fn a_sentence_names_the_cause_in_both_languages() {
        let fault = Fault::NeedsSignIn {
            provider: "server:x".into(),
            why: Why::Ended("invalid_grant".into()),
        };
        assert_eq!(
            fault.to_string(),
            "server:x needs a sign-in: the earlier sign-in was ended by the server \
             (invalid_grant)"
        );
        assert_eq!(
            fault.chinese(),
            "server:x 需要登录：之前的登录已被服务器终止（invalid_grant）"
        );
    }
}
