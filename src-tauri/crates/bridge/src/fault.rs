//! What can go wrong between the bridge and the gateway, and what the client
//! is told about it.

use reqwest::StatusCode;
use wire::{Era, error_code};

use crate::args::Language;

/// Why a message got no answer from the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No connection; the message did not reach the gateway.
    Unreachable {
        /// The gateway's address.
        url: String,
        /// What the system says.
        cause: String,
    },
    /// The connection broke while the message was under way.
    Lost {
        /// What the system says.
        cause: String,
    },
    /// The gateway does not know the session (any more).
    SessionGone,
    /// An HTTP answer that is no success.
    Refused {
        /// HTTP status.
        status: StatusCode,
        /// The JSON-RPC error in the body, raw, where there is one.
        error: Option<String>,
        /// The beginning of any other body.
        text: String,
    },
    /// The answer ended without a response to the request.
    Unanswered,
    /// No answer within the deadline.
    Late,
    /// A message beyond the limit.
    TooLarge,
}

impl Fault {
    /// A failed exchange of HTTP.
    pub(crate) fn from_http(url: &str, error: &reqwest::Error) -> Self {
        let cause = innermost(error);
        if error.is_connect() {
            Self::Unreachable {
                url: url.to_owned(),
                cause,
            }
        } else {
            Self::Lost { cause }
        }
    }

    /// The JSON-RPC answer that stands in for the one that did not come.
    pub(crate) fn response(&self, id: &[u8], era: Era, language: Language) -> Vec<u8> {
        if let Self::Refused {
            error: Some(error), ..
        } = self
        {
            return [
                br#"{"jsonrpc":"2.0","id":"#,
                id,
                br#","error":"#,
                error.as_bytes(),
                b"}",
            ]
            .concat();
        }
        let code = match self {
            // The range of the two others is no longer to be used.
            _ if era == Era::Modern => error_code::INTERNAL_ERROR,
            Self::Late => error_code::REQUEST_TIMEOUT,
            _ => error_code::UPSTREAM_UNAVAILABLE,
        };
        wire::error_response(id, code, &self.text(language), None)
    }

    /// The code of the gateway's own error.
    pub(crate) fn code(&self) -> Option<i32> {
        let Self::Refused {
            error: Some(error), ..
        } = self
        else {
            return None;
        };
        let raw = error.as_bytes();
        let code = wire::members(raw).find(|member| member.key.of(raw) == b"code")?;
        std::str::from_utf8(code.value.of(raw)).ok()?.parse().ok()
    }

    /// Whether the same may go well a while later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Lost { .. } | Self::Unanswered | Self::Late => true,
            Self::Refused { status, .. } => {
                status.is_server_error()
                    || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(status)
            }
            Self::SessionGone | Self::TooLarge => false,
        }
    }

    /// Cause and remedy in words.
    pub(crate) fn text(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::Chinese => self.chinese(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::Unreachable { url, cause } => format!(
                "The MCP gateway at {url} cannot be reached ({cause}). Start it with `mcp-gateway` or the desktop app, or set MCP_GATEWAY_URL to where it listens; the bridge reconnects by itself."
            ),
            Self::Lost { cause } => format!(
                "The connection to the MCP gateway broke before the answer arrived ({cause}). Whether the call took effect is not known; check before repeating it."
            ),
            Self::SessionGone => "The MCP gateway no longer knows this session. Restart the client.".to_owned(),
            Self::Refused { status, text, .. } if *status == StatusCode::UNAUTHORIZED => format!(
                "The MCP gateway wants a token (HTTP 401). Give the bridge one with --header 'Authorization: Bearer …'. {text}"
            ),
            Self::Refused { status, text, .. } => format!("The MCP gateway refused the message (HTTP {status}). {text}"),
            Self::Unanswered => {
                "The MCP gateway ended its answer without a response to this request. Look at the gateway's log.".to_owned()
            }
            Self::Late => "The MCP gateway did not answer in time. Look at its status with `mcp-gateway status`.".to_owned(),
            Self::TooLarge => "The answer is larger than 64 MiB. Ask for less at once.".to_owned(),
        }
    }

    fn chinese(&self) -> String {
        match self {
            Self::Unreachable { url, cause } => format!(
                "无法连接 {url} 上的 MCP 网关（{cause}）。请用 `mcp-gateway` 或桌面应用启动它，或把 MCP_GATEWAY_URL 设为它的监听地址；桥接程序会自动重连。"
            ),
            Self::Lost { cause } => {
                format!(
                    "与 MCP 网关的连接在收到结果前中断（{cause}）。调用是否生效未知，重试前请先确认。"
                )
            }
            Self::SessionGone => "MCP 网关已不认识此会话。请重启客户端。".to_owned(),
            Self::Refused { status, text, .. } if *status == StatusCode::UNAUTHORIZED => {
                format!(
                    "MCP 网关需要令牌（HTTP 401）。请用 --header 'Authorization: Bearer …' 提供。{text}"
                )
            }
            Self::Refused { status, text, .. } => {
                format!("MCP 网关拒绝了该消息（HTTP {status}）。{text}")
            }
            Self::Unanswered => {
                "MCP 网关结束了应答，却没有给出此请求的结果。请查看网关日志。".to_owned()
            }
            Self::Late => {
                "MCP 网关未在时限内应答。请用 `mcp-gateway status` 查看其状态。".to_owned()
            }
            Self::TooLarge => "结果超过 64 MiB。请减少单次请求的数据量。".to_owned(),
        }
    }
}

/// The end of an error's chain of causes, which names the system's reason;
/// what stands before it repeats the address.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreachable_gateway_is_named_with_cause_and_remedy_in_both_languages() {
        let fault = Fault::Unreachable {
            url: "http://h/mcp".to_owned(),
            cause: "Connection refused".to_owned(),
        };
        for (language, remedy) in [(Language::English, "Start it"), (Language::Chinese, "启动")] {
            let response = fault.response(b"\"a\"", Era::Legacy, language);
            let response = String::from_utf8(response).expect("UTF-8");
            for part in [
                r#""id":"a""#,
                "-32000",
                "http://h/mcp",
                "Connection refused",
                remedy,
            ] {
                assert!(response.contains(part), "{part} in {response}");
            }
        }
    }

    #[test]
    fn the_gateways_own_error_passes_unchanged() {
        let error = r#"{"code":-32602,"message":"no","data":1.0}"#.to_owned();
        let fault = Fault::Refused {
            status: StatusCode::BAD_REQUEST,
            error: Some(error),
            text: String::new(),
        };
        assert_eq!(
            fault.response(b"7", Era::Modern, Language::English),
            br#"{"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"no","data":1.0}}"#
        );
        assert_eq!(fault.code(), Some(-32602));
    }

    #[test]
    fn a_modern_client_is_told_no_code_that_its_version_does_not_know() {
        for fault in [Fault::Late, Fault::Unanswered] {
            let response = fault.response(b"1", Era::Modern, Language::English);
            let response = String::from_utf8(response).expect("UTF-8");
            assert!(response.contains(r#""code":-32603"#), "{response}");
        }
    }
}
