//! Where the browser may be sent with an answer: the addresses of clients.
//!
//! Pure. An address is compared as the text it is (RFC 9700, section 2.1); only a
//! loopback address may differ, and only in its port (RFC 8252, section 7.3), because a
//! program on this machine takes the port that is free.

use url::{Url, form_urlencoded};

use crate::resource::is_loopback;

/// Longest address that is accepted, in bytes.
const LONGEST: usize = 2048;

/// Schemes that no client can own: a browser, or the system, would act on the address
/// itself instead of handing it to a program that waits for it.
const REFUSED_SCHEMES: [&str; 22] = [
    "about",
    "blob",
    "chrome",
    "chrome-extension",
    "content",
    "data",
    "feed",
    "file",
    "filesystem",
    "ftp",
    "intent",
    "jar",
    "javascript",
    "mailto",
    "mcp-gateway",
    "resource",
    "sms",
    "tel",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// An address of a client that an answer may be sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redirect {
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Loopback,
    Https,
    Scheme,
}

/// Why an address is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Unreadable,
    TooLong,
    Fragment,
    UserInfo,
    Scheme,
    NotHttps,
}

// === impl Refused ===

impl Refused {
    /// What is wrong with the address, to follow "the redirect address".
    pub(crate) fn why(self) -> (&'static str, &'static str) {
        match self {
            Self::Unreadable => ("is not a complete address", "不是完整的地址"),
            Self::TooLong => ("is too long", "过长"),
            Self::Fragment => ("has a fragment (#)", "带有片段（#）"),
            Self::UserInfo => ("contains a user name", "包含用户名"),
            Self::Scheme => ("has a scheme that is not allowed", "使用了不允许的协议"),
            Self::NotHttps => (
                "is neither https nor on this machine",
                "既不是 https，也不在本机上",
            ),
        }
    }
}

// === impl Redirect ===

impl Redirect {
    /// Reads an address, as a client registers or presents it.
    pub(crate) fn parse(text: &str) -> Result<Self, Refused> {
        if text.len() > LONGEST {
            return Err(Refused::TooLong);
        }
        // What a parser would silently drop or turn into something else must not get in:
        // the text is compared, but the browser follows what its own parser makes of it.
        let odd = |c: char| {
            c.is_control() || c.is_whitespace() || !c.is_ascii() || "\\\"<>^`{|}".contains(c)
        };
        if text.chars().any(odd) {
            return Err(Refused::Unreadable);
        }
        if text.contains('#') {
            return Err(Refused::Fragment);
        }
        let url = Url::parse(text).map_err(|_| Refused::Unreadable)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::UserInfo);
        }
        let kind = match url.scheme() {
            "http" | "https" => {
                let authority = authority(text).ok_or(Refused::Unreadable)?;
                if authority.contains('@') {
                    return Err(Refused::UserInfo);
                }
                // The name also goes into a policy, where a semicolon would end a rule.
                if !authority
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-._:[]".contains(c))
                {
                    return Err(Refused::Unreadable);
                }
                match (is_loopback(&url), url.scheme()) {
                    (true, _) => Kind::Loopback,
                    (false, "https") => Kind::Https,
                    (false, _) => return Err(Refused::NotHttps),
                }
            }
            scheme if REFUSED_SCHEMES.contains(&scheme) => return Err(Refused::Scheme),
            _ => Kind::Scheme,
        };
        Ok(Self {
            text: text.to_owned(),
            kind,
        })
    }

    /// The address as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it leads to a program on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        self.kind == Kind::Loopback
    }

    /// Whether `presented` is this registered address.
    pub(crate) fn matches(&self, presented: &Self) -> bool {
        match (self.kind, presented.kind) {
            (Kind::Loopback, Kind::Loopback) => {
                self.text == presented.text
                    || without_port(&self.text) == without_port(&presented.text)
            }
            _ => self.text == presented.text,
        }
    }

    /// The address with the parameters of an answer added to it.
    pub(crate) fn with(&self, parameters: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in parameters {
            query.append_pair(name, value);
        }
        let join = match self.text.find('?') {
            None => "?",
            Some(at) if at + 1 == self.text.len() || self.text.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{}{join}{}", self.text, query.finish())
    }

    /// Where it leads, short enough to be read: host and port, or the scheme.
    pub(crate) fn place(&self) -> String {
        match self.kind {
            Kind::Scheme => format!("{}:", self.scheme()),
            _ => authority(&self.text).unwrap_or_default().to_owned(),
        }
    }

    /// What a Content-Security-Policy calls the place where it leads. A number of IPv6
    /// cannot be written there, so its scheme must do.
    pub(crate) fn csp_source(&self) -> String {
        match self.kind {
            Kind::Scheme => format!("{}:", self.scheme()),
            _ if self.text.contains('[') => format!("{}:", self.scheme()),
            _ => format!(
                "{}://{}",
                self.scheme(),
                authority(&self.text).unwrap_or_default()
            ),
        }
    }

    fn scheme(&self) -> String {
        self.text
            .split(':')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    }
}

/// Host and port of an `http` or `https` address, as written.
fn authority(text: &str) -> Option<&str> {
    let rest = text.split_once("://")?.1;
    let authority = rest.split(['/', '?']).next()?;
    (!authority.is_empty()).then_some(authority)
}

/// A loopback address in two pieces, around its port.
fn without_port(text: &str) -> Option<(&str, &str)> {
    let authority = authority(text)?;
    let start = text.find("://")? + 3;
    let end = start + authority.len();
    let host = match authority.rfind(':') {
        Some(colon) if !authority[colon..].contains(']') => colon,
        _ => authority.len(),
    };
    Some((&text[..start + host], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn redirect(text: &str) -> Redirect {
        Redirect::parse(text).expect("an acceptable address")
    }

    #[test]
    fn addresses_that_would_do_harm_are_refused() {
        for (text, why) in [
            ("javascript:alert(1)", Refused::Scheme),
            ("JavaScript:alert(1)", Refused::Scheme),
            ("data:text/html,x", Refused::Scheme),
            ("file:///etc/passwd", Refused::Scheme),
            ("mcp-gateway://oauth/callback", Refused::Scheme),
            ("http://example.com/cb", Refused::NotHttps),
            ("http://localhost.example.com/cb", Refused::NotHttps),
            ("http://127.0.0.1.example.com/cb", Refused::NotHttps),
            ("https://example.com/cb#x", Refused::Fragment),
            ("https://example.com/cb#", Refused::Fragment),
            ("https://me@example.com/cb", Refused::UserInfo),
            ("http://localhost:1@example.com/", Refused::UserInfo),
            ("https://@example.com/", Refused::UserInfo),
            ("java\tscript:alert(1)", Refused::Unreadable),
            ("https://example.com\\@evil.com/", Refused::Unreadable),
            ("https://exam\nple.com/", Refused::Unreadable),
            ("/callback", Refused::Unreadable),
            ("https:/example.com/cb", Refused::Unreadable),
            ("", Refused::Unreadable),
        ] {
            assert_eq!(Redirect::parse(text), Err(why), "{text}");
        }
        let long = format!("https://example.com/{}", "a".repeat(LONGEST));
        assert_eq!(Redirect::parse(&long), Err(Refused::TooLong));
    }

    #[test]
    fn a_loopback_address_may_have_any_port_and_nothing_else() {
        let registered = redirect("http://localhost:1234/callback?x=1");
        for same in [
            "http://localhost:1234/callback?x=1",
            "http://localhost:9/callback?x=1",
            "http://localhost/callback?x=1",
        ] {
            assert!(registered.matches(&redirect(same)), "{same}");
        }
        for other in [
            "http://127.0.0.1:1234/callback?x=1",
            "https://localhost:1234/callback?x=1",
            "http://localhost:1234/callback",
            "http://localhost:1234/callback/?x=1",
            "http://localhost:1234/other?x=1",
            "http://[::1]:1234/callback?x=1",
        ] {
            assert!(!registered.matches(&redirect(other)), "{other}");
        }
        assert!(redirect("http://[::1]/cb").matches(&redirect("http://[::1]:80/cb")));
        assert!(!redirect("http://[::1]/cb").matches(&redirect("http://127.0.0.1:80/cb")));
    }

    #[test]
    fn anything_else_matches_to_the_letter() {
        assert!(redirect("https://a.example/cb").matches(&redirect("https://a.example/cb")));
        for other in [
            "https://a.example/cb/",
            "https://a.example:8443/cb",
            "https://A.example/cb",
            "https://a.example/cb?x",
            "https://b.example/cb",
        ] {
            assert!(
                !redirect("https://a.example/cb").matches(&redirect(other)),
                "{other}"
            );
        }
        assert!(redirect("cursor://a/b").matches(&redirect("cursor://a/b")));
        assert!(!redirect("cursor://a/b").matches(&redirect("cursor://a/c")));
    }

    #[test]
    fn answers_are_added_to_the_query() {
        let check = |text: &str, expected: &str| {
            assert_eq!(redirect(text).with(&[("code", "a b&c")]), expected);
        };
        check(
            "http://localhost:1/cb",
            "http://localhost:1/cb?code=a+b%26c",
        );
        check("http://localhost:1", "http://localhost:1?code=a+b%26c");
        check("cursor://x/y?z=1", "cursor://x/y?z=1&code=a+b%26c");
        check("https://a.example/?", "https://a.example/?code=a+b%26c");
    }

    #[test]
    fn a_policy_names_where_it_leads() {
        let check = |text: &str, place: &str, source: &str| {
            assert_eq!(redirect(text).place(), place);
            assert_eq!(redirect(text).csp_source(), source);
        };
        check("http://localhost:1/cb", "localhost:1", "http://localhost:1");
        check("https://a.example/cb", "a.example", "https://a.example");
        check("http://[::1]:7/cb", "[::1]:7", "http:");
        check("Cursor://x/y", "cursor:", "cursor:");
    }

    proptest! {
        /// Whatever matches leads to the same program: scheme, host, path and query are
        /// the same, and the port too unless it is on loopback.
        #[test]
        fn a_match_leads_to_the_same_place(
            one in address(), two in address(),
        ) {
            if let (Ok(one), Ok(two)) = (Redirect::parse(&one), Redirect::parse(&two))
                && one.matches(&two)
            {
                let (a, b) = (Url::parse(one.as_str()).expect("a URL"), Url::parse(two.as_str()).expect("a URL"));
                prop_assert_eq!(a.scheme(), b.scheme());
                prop_assert_eq!(a.host(), b.host());
                prop_assert_eq!(a.path(), b.path());
                prop_assert_eq!(a.query(), b.query());
                if !is_loopback(&a) {
                    prop_assert_eq!(a.port(), b.port());
                }
            }
        }

        /// No text, however strange, gets a header or a policy to be split.
        #[test]
        fn what_is_accepted_is_safe_in_a_header(text in "\\PC{0,40}|[a-z]{1,8}:[ -~\\s]{0,40}") {
            if let Ok(redirect) = Redirect::parse(&text) {
                let target = redirect.with(&[("state", &text)]);
                prop_assert!(target.bytes().all(|b| (0x21..0x7f).contains(&b)));
                prop_assert!(!redirect.csp_source().contains([' ', ';', ',', '\'']));
                prop_assert_ne!(redirect.scheme(), "javascript");
            }
        }

        #[test]
        fn a_port_is_the_only_freedom(port in 1_u16.., path in "[a-z/]{0,8}", other in "[a-z/]{0,8}") {
            let registered = redirect(&format!("http://127.0.0.1/{path}"));
            let presented = redirect(&format!("http://127.0.0.1:{port}/{other}"));
            prop_assert_eq!(registered.matches(&presented), path == other);
        }
    }

    fn address() -> impl Strategy<Value = String> {
        (
            prop::sample::select(vec!["http", "https", "cursor"]),
            prop::sample::select(vec![
                "localhost",
                "127.0.0.1",
                "[::1]",
                "a.example",
                "LOCALHOST",
            ]),
            prop::option::of(1_u16..4),
            "(/[ab]?)?(\\?[ab])?",
        )
            .prop_map(|(scheme, host, port, rest)| {
                let port = port.map_or_else(String::new, |port| format!(":{port}"));
                format!("{scheme}://{host}{port}{rest}")
            })
    }
}
