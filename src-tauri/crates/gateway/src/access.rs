//! Who may talk to the gateway: Host and Origin, then the bearer token.
//!
//! Pure. A page in a browser can send requests to a loopback address, and
//! through DNS rebinding even read the answers; the Host header tells such a
//! request apart, because the page cannot choose it (MCP, "Transports /
//! Security Warning").

pub(crate) mod forwarded;

use std::net::IpAddr;

/// Marks a request that was made inside the process, by the window; set as an
/// extension of the request, which nobody outside can do.
#[derive(Debug, Clone, Copy)]
pub struct InProcess;

/// What a request is checked against.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    /// Lower case, with or without a port.
    pub(crate) hosts: Vec<String>,
    /// As browsers send them.
    pub(crate) origins: Vec<String>,
    pub(crate) require_token: bool,
    /// It has an address for others than this machine.
    pub(crate) is_public: bool,
}

/// The token of the admin API.
#[derive(Clone)]
pub(crate) struct AdminToken(String);

/// Why a request is refused; the text names the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denied {
    #[error("the request carries no single, readable Host header")]
    NoHost,
    #[error(
        "the host `{0}` is not one of this gateway's; if it should be, add it to gateway.allowedHosts"
    )]
    Host(String),
    #[error("the origin `{0}` is not allowed; if it should be, add it to gateway.allowedOrigins")]
    Origin(String),
    #[error(
        "a token is required: sign in with an OAuth client, or send one of the gateway's tokens as `Authorization: Bearer …`"
    )]
    Token,
    #[error("the token is not valid here{0}; sign in again")]
    Unknown(&'static str),
    /// Anybody can be told it, so it names no cause.
    #[error("the gateway cannot check tokens at the moment; try again later")]
    Unchecked,
}

// === impl AdminToken ===

impl AdminToken {
    pub(crate) fn new(token: String) -> Self {
        Self(token)
    }

    /// The token itself, for somebody who has proved to be the owner.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether an `Authorization` header carries this token. The time it takes
    /// does not tell how much of a guess was right.
    pub(crate) fn is_in(&self, authorization: Option<&str>) -> bool {
        let Some(presented) = authorization.and_then(bearer) else {
            return false;
        };
        let (ours, theirs) = (self.0.as_bytes(), presented.as_bytes());
        ours.len() == theirs.len()
            && ours
                .iter()
                .zip(theirs)
                .fold(0, |seen, (a, b)| seen | (a ^ b))
                == 0
    }
}

impl std::fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminToken(…)")
    }
}

// === impl Guard ===

impl Guard {
    /// Checks where a request was sent to and, if a browser sent it, from which page.
    pub(crate) fn check(&self, host: Option<&str>, origin: Option<&str>) -> Result<(), Denied> {
        let host = host.ok_or(Denied::NoHost)?;
        let refused = || Denied::Host(host.to_ascii_lowercase());
        let port = host.strip_prefix(without_port(host)).unwrap_or_default();
        if !port.is_empty() && port[1..].parse::<u16>().is_err() {
            return Err(refused());
        }
        if !is_loopback(host) && !self.hosts.iter().any(|allowed| matches(allowed, host)) {
            return Err(refused());
        }
        let Some(origin) = origin else { return Ok(()) };
        let lower = origin.to_ascii_lowercase();
        let own = lower
            .split_once("://")
            .is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host));
        if own || self.is_allowed_origin(origin) {
            Ok(())
        } else {
            Err(Denied::Origin(origin.to_owned()))
        }
    }

    /// Whether the configuration names this origin.
    pub(crate) fn is_allowed_origin(&self, origin: &str) -> bool {
        self.origins
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }

    /// Whether a request was sent to this machine by itself, as far as the host tells.
    pub(crate) fn is_here(&self, host: Option<&str>) -> bool {
        !self.is_public && host.is_some_and(is_loopback)
    }
}

/// The token of an `Authorization` header that has one (RFC 6750, section 2.1).
pub(crate) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Loopback by name or number, whatever the port: a tunnel may have changed it,
/// and a rebinding page cannot pretend to either.
fn is_loopback(host: &str) -> bool {
    let name = without_port(host);
    name.eq_ignore_ascii_case("localhost")
        || name
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn matches(allowed: &str, host: &str) -> bool {
    allowed.eq_ignore_ascii_case(host)
        || (without_port(allowed) == allowed && allowed.eq_ignore_ascii_case(without_port(host)))
}

fn without_port(host: &str) -> &str {
    // Bytes: searching for a `char` costs several times as much, and every request comes here.
    let bytes = host.as_bytes();
    match bytes.iter().rposition(|byte| *byte == b':') {
        Some(colon)
            if !bytes[colon..].contains(&b']')
                && (bytes.starts_with(b"[") || !bytes[..colon].contains(&b':')) =>
        {
            &host[..colon]
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard() -> Guard {
        Guard {
            hosts: vec!["gateway.example.com".into(), "box:8080".into()],
            origins: vec!["https://app.example.com".into()],
            require_token: false,
            is_public: false,
        }
    }

    #[test]
    fn hosts_that_only_a_rebinding_page_would_use_are_refused() {
        for host in [
            "localhost",
            "LOCALHOST:4298",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:4298",
            "[::1]",
            "gateway.example.com",
            "gateway.example.com:443",
            "box:8080",
        ] {
            assert_eq!(guard().check(Some(host), None), Ok(()), "{host}");
        }
        for host in [
            "evil.com",
            "localhost.evil.com",
            "127.0.0.1.evil.com",
            "0.0.0.0:4298",
            "box",
            "box:81",
            "",
            "[::2]:1",
            "192.168.1.5",
            "localhost:x",
            "localhost:80@evil.com",
        ] {
            assert!(
                matches!(guard().check(Some(host), None), Err(Denied::Host(_))),
                "{host}"
            );
        }
        assert_eq!(guard().check(None, None), Err(Denied::NoHost));
    }

    #[test]
    fn pages_are_let_in_from_the_gateway_itself_or_by_name() {
        let check = |origin| guard().check(Some("localhost:4298"), Some(origin));
        assert_eq!(check("http://localhost:4298"), Ok(()));
        assert_eq!(check("https://app.example.com"), Ok(()));
        for origin in [
            "http://localhost:3000",
            "http://127.0.0.1:4298",
            "null",
            "https://evil.com",
            "http://app.example.com",
            "",
        ] {
            assert!(matches!(check(origin), Err(Denied::Origin(_))), "{origin}");
        }
    }

    #[test]
    fn a_token_is_compared_whole() {
        let token = AdminToken::new("secret".into());
        assert!(token.is_in(Some("Bearer secret")) && token.is_in(Some("bearer secret")));
        for header in [
            None,
            Some("Bearer secre"),
            Some("Bearer secrets"),
            Some("Basic secret"),
            Some("secret"),
            Some("Bearer "),
        ] {
            assert!(!token.is_in(header), "{header:?}");
        }
        assert_eq!(format!("{token:?}"), "AdminToken(…)");
    }

    #[test]
    fn what_was_sent_to_this_machine_is_known_by_its_host() {
        assert!(guard().is_here(Some("LOCALHOST:4298")) && guard().is_here(Some("[::1]")));
        // Through a proxy on this machine.
        assert!(!guard().is_here(Some("gateway.example.com")));
        assert!(!guard().is_here(None));
        let public = Guard {
            is_public: true,
            ..guard()
        };
        assert!(!public.is_here(Some("localhost:4298")));
    }
}
