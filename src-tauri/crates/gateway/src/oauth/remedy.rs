//! What helps a user whose account needs a sign-in. Only the owner reaches the window. Pure.

use crate::user::User;
use crate::words::Words;

/// Who signs in, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// The owner, in the window.
    Window,
    /// The user, whom the client's browser has brought here.
    Client,
    /// The owner, for somebody who has a token of the owner's making.
    Owner,
}

// === impl Remedy ===

impl Remedy {
    /// What helps this user.
    pub(crate) fn of(user: &User) -> Self {
        if user.is_local() {
            Self::Window
        } else if user.is_invited() {
            Self::Owner
        } else {
            Self::Client
        }
    }

    /// A sentence without its full stop, for the account of `user` at `provider`.
    pub(crate) fn words(self, user: &User, provider: &str) -> Words {
        match self {
            Self::Window => Words::new("Sign in under Accounts", "请在“账号”页面登录"),
            Self::Client => Words::new(
                "Authenticate again in your client (/mcp in Claude Code)",
                "请在客户端中重新认证（Claude Code 中为 /mcp）",
            ),
            Self::Owner => Words::new(
                format!(
                    "The gateway's owner signs it in: `mcp-gateway sign-in {provider} --user {user}`"
                ),
                format!("请网关所有者执行 `mcp-gateway sign-in {provider} --user {user}` 为其登录"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_a_place_that_they_cannot_reach() {
        let said = |user| {
            let user = User::new(user);
            Remedy::of(&user).words(&user, "aliyun:intl")
        };
        assert_eq!(said("local").en, "Sign in under Accounts");
        let client = said("aliyun:intl:5");
        assert!(client.en.contains("/mcp in Claude Code"), "{client:?}");
        assert!(client.zh.contains("Claude Code 中为 /mcp"), "{client:?}");
        for name in ["bob", "local/work", "proxy:ann"] {
            let command = format!("`mcp-gateway sign-in aliyun:intl --user {name}`");
            let invited = said(name);
            assert!(invited.en.contains(&command), "{invited:?}");
            assert!(invited.zh.contains(&command), "{invited:?}");
        }
    }
}
