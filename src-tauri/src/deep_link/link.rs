//! An address of ours, and what it asks for. Pure.

use std::fmt;

use gateway::words::Words;
use tauri::Url;

/// The scheme of our addresses; the same stands in tauri.conf.json.
pub(super) const SCHEME: &str = "mcp-gateway";
/// Codes of some providers are signed documents; none comes near.
const LONGEST: usize = 16 << 10;

/// An address of ours as it arrived. It may carry a code with which somebody could sign in, so it
/// is never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Link(String);

/// What an address asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// To finish a sign-in with what the provider has answered.
    Answer(Link),
    /// Nothing that can be done; why, for a person.
    Unknown(Words),
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({SCHEME}:…)")
    }
}

// === impl Link ===

impl Link {
    /// An argument or address that is one of ours; nothing for any other.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let (scheme, _) = text.split_once(':')?;
        scheme
            .eq_ignore_ascii_case(SCHEME)
            .then(|| Self(text.to_owned()))
    }

    /// The whole of it, for whoever checks it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// What it asks for. Whether the answer in it is a good one, only the core can tell.
    pub(super) fn asks(&self) -> Ask {
        if self.0.len() > LONGEST {
            return Ask::Unknown(too_long());
        }
        // A parser repairs what no provider sends, such as a line break in the middle.
        if self.0.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Ask::Unknown(malformed());
        }
        let Ok(url) = Url::parse(&self.0) else {
            return Ask::Unknown(malformed());
        };
        let is_callback = url
            .host_str()
            .is_some_and(|host| host.eq_ignore_ascii_case("oauth"))
            && matches!(url.path(), "/callback" | "/callback/")
            && url.username().is_empty()
            && url.password().is_none()
            && url.port().is_none();
        if !is_callback {
            return Ask::Unknown(elsewhere());
        }
        if url.query().is_none_or(str::is_empty) {
            return Ask::Unknown(empty());
        }
        Ask::Answer(self.clone())
    }
}

fn too_long() -> Words {
    Words::new(
        "A link to MCP Gateway was ignored: it is too long to be the answer to a sign-in.",
        "已忽略一个指向 MCP Gateway 的链接：长度超出登录结果应有的范围。",
    )
}

fn malformed() -> Words {
    Words::new(
        "A link to MCP Gateway was ignored: it is not a valid address.",
        "已忽略一个指向 MCP Gateway 的链接：地址格式不正确。",
    )
}

fn elsewhere() -> Words {
    Words::new(
        "A link to MCP Gateway was ignored: it asks for something that this version does not know.",
        "已忽略一个指向 MCP Gateway 的链接：当前版本不支持它要求的操作。",
    )
}

fn empty() -> Words {
    Words::new(
        "A link to MCP Gateway was ignored: it carries no answer to a sign-in.",
        "已忽略一个指向 MCP Gateway 的链接：其中没有登录结果。",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Ask {
        Link::of(text).expect("one of ours").asks()
    }

    fn is_answer(text: &str) -> bool {
        matches!(asked(text), Ask::Answer(link) if link.reveal() == text)
    }

    #[test]
    fn only_addresses_of_the_scheme_are_ours() {
        for other in [
            "mcp-gateway",
            "--hidden",
            "mcp-gateway-desktop://oauth/callback",
            "https://oauth/callback?code=1",
            " mcp-gateway://oauth/callback",
            "",
        ] {
            assert_eq!(Link::of(other), None, "{other}");
        }
        assert!(Link::of("mcp-gateway:").is_some());
        assert!(Link::of("MCP-Gateway://x").is_some());
    }

    #[test]
    fn the_answer_to_a_sign_in_is_handed_on_unchanged() {
        for answer in [
            "mcp-gateway://oauth/callback?code=a%2Bb&state=s&iss=https%3A%2F%2Fx",
            "mcp-gateway://oauth/callback/?error=access_denied&state=s",
            "MCP-GATEWAY://OAuth/callback?code=1&state=2#",
        ] {
            assert!(is_answer(answer), "{answer}");
        }
    }

    #[test]
    fn everything_else_is_told_from_it() {
        for (text, words) in [
            ("mcp-gateway:", elsewhere()),
            ("mcp-gateway:oauth/callback?code=1", elsewhere()),
            ("mcp-gateway://oauth/callbacks?code=1", elsewhere()),
            ("mcp-gateway://oauth/callback/../x?code=1", elsewhere()),
            ("mcp-gateway://oauth:80/callback?code=1", elsewhere()),
            ("mcp-gateway://me@oauth/callback?code=1", elsewhere()),
            ("mcp-gateway://servers/add?command=rm", elsewhere()),
            ("mcp-gateway://oauth/callback", empty()),
            ("mcp-gateway://oauth/callback?", empty()),
            ("mcp-gateway://oauth/callback#code=1", empty()),
            ("mcp-gateway://[oauth/callback?code=1", malformed()),
            ("mcp-gateway://oauth/callback?code=1\n2", malformed()),
            ("mcp-gateway://oauth/callback?code=1 2", malformed()),
        ] {
            assert_eq!(asked(text), Ask::Unknown(words), "{text}");
        }
    }

    #[test]
    fn its_length_has_a_bound() {
        let with = |n: usize| {
            let start = "mcp-gateway://oauth/callback?state=s&code=";
            format!("{start}{}", "x".repeat(n - start.len()))
        };
        assert!(is_answer(&with(LONGEST)));
        assert_eq!(asked(&with(LONGEST + 1)), Ask::Unknown(too_long()));
    }

    #[test]
    fn it_is_never_printed() {
        let link = Link::of("mcp-gateway://oauth/callback?code=planted").expect("one of ours");
        assert!(!format!("{:?} {:?}", link, link.asks()).contains("planted"));
    }
}
