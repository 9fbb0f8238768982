//! Which addresses to ask, in which order, and which never. Pure.

use url::{Host, Url};

use crate::problem::Problem;

/// How far addresses that a *server* names may lead.
///
/// Everything is https. This machine itself is reached only from an endpoint
/// on this machine: a server out there must not send the gateway to ask the
/// ports that are open only to its owner.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    here: bool,
}

impl Reach {
    /// What an endpoint that the owner configured may lead to.
    pub(crate) fn of(configured: &str) -> Result<(Url, Self), Problem> {
        let reach = Self { here: true };
        let url = reach.allow(configured)?;
        let here = loopback(&url);
        Ok((url, Self { here }))
    }

    /// The address, if it may be asked.
    pub(crate) fn allow(self, address: &str) -> Result<Url, Problem> {
        let invalid = || Problem::Address(shortened(address));
        let mut url = Url::parse(address).map_err(|_| invalid())?;
        if url.host().is_none() || !url.username().is_empty() || url.password().is_some() {
            return Err(invalid());
        }
        let allowed = match url.scheme() {
            "https" => self.here || !loopback(&url),
            "http" => self.here && loopback(&url),
            _ => return Err(invalid()),
        };
        if !allowed {
            return Err(Problem::Insecure(shortened(address)));
        }
        url.set_fragment(None);
        Ok(url)
    }
}

/// Where the metadata of the resource at `endpoint` may be, best first: where
/// the server's challenge says, then path-inserted, then at the root (MCP,
/// Authorization; RFC 9728, section 3.1).
pub(crate) fn resource_metadata(endpoint: &Url, challenge: Option<&str>, reach: Reach) -> Vec<Url> {
    let named = challenge.and_then(|url| reach.allow(url).ok());
    let inserted = inserted(endpoint, "oauth-protected-resource");
    let root = at(endpoint, "/.well-known/oauth-protected-resource");
    distinct(named.into_iter().chain([inserted, root]))
}

/// Where the metadata of an authorization server may be, best first (RFC 8414,
/// section 3.1; OpenID Connect Discovery, section 4; MCP, Authorization).
pub(crate) fn server_metadata(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    distinct([
        inserted(issuer, "oauth-authorization-server"),
        inserted(issuer, "openid-configuration"),
        at(issuer, &format!("{path}/.well-known/openid-configuration")),
    ])
}

/// The issuer that a server without resource metadata is taken to have: its
/// own origin (MCP 2025-03-26, Authorization).
pub(crate) fn own_issuer(endpoint: &Url) -> String {
    endpoint.origin().ascii_serialization()
}

/// Whether metadata for `resource` may be used for `endpoint`: the same, or a
/// folder above it on the same origin.
pub(crate) fn covers(resource: &Url, endpoint: &Url) -> bool {
    let path = resource.path().trim_end_matches('/');
    resource.origin() == endpoint.origin()
        && endpoint
            .path()
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        && resource
            .query()
            .is_none_or(|query| endpoint.query() == Some(query))
}

/// Whether two issuers are the same. They are compared as texts (RFC 8414,
/// section 3.3), but for the slash of an empty path, which is the same URL and
/// which half of the world writes.
pub(crate) fn same_issuer(one: &str, other: &str) -> bool {
    one.strip_suffix('/').unwrap_or(one) == other.strip_suffix('/').unwrap_or(other)
}

fn inserted(url: &Url, name: &str) -> Url {
    let path = url.path().trim_end_matches('/');
    let mut found = at(url, &format!("/.well-known/{name}{path}"));
    found.set_query(url.query());
    found
}

fn at(url: &Url, path: &str) -> Url {
    let mut found = url.clone();
    found.set_query(None);
    found.set_fragment(None);
    found.set_path(path);
    found
}

fn distinct(urls: impl IntoIterator<Item = Url>) -> Vec<Url> {
    let mut found: Vec<Url> = Vec::new();
    for url in urls {
        if !found.contains(&url) {
            found.push(url);
        }
    }
    found
}

fn loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name.eq_ignore_ascii_case("localhost")
                || name.to_ascii_lowercase().ends_with(".localhost")
        }
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_unspecified(),
        Some(Host::Ipv6(ip)) => {
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback())
        }
        None => false,
    }
}

/// An address for a message: without its query, where secrets would be.
fn shortened(address: &str) -> String {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let address = address[..end].rsplit_once('@').map_or_else(
        || address[..end].to_owned(),
        |(_, rest)| format!("…@{rest}"),
    );
    crate::fault::shown(&address, &[]).unwrap_or_default()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn texts(urls: &[Url]) -> Vec<&str> {
        urls.iter().map(Url::as_str).collect()
    }

    #[test]
    fn resource_metadata_is_sought_where_the_server_says_then_inserted_then_at_the_root() {
        let (endpoint, reach) = Reach::of("https://a.example/x/mcp").unwrap();
        let found = resource_metadata(&endpoint, Some("https://b.example/meta"), reach);
        assert_eq!(
            texts(&found),
            [
                "https://b.example/meta",
                "https://a.example/.well-known/oauth-protected-resource/x/mcp",
                "https://a.example/.well-known/oauth-protected-resource",
            ]
        );
        let (root, reach) = Reach::of("https://a.example").unwrap();
        assert_eq!(
            texts(&resource_metadata(&root, None, reach)),
            ["https://a.example/.well-known/oauth-protected-resource"]
        );
    }

    #[test]
    fn server_metadata_is_sought_inserted_first() {
        assert_eq!(
            texts(&server_metadata(&url("https://a.example/t/1/"))),
            [
                "https://a.example/.well-known/oauth-authorization-server/t/1",
                "https://a.example/.well-known/openid-configuration/t/1",
                "https://a.example/t/1/.well-known/openid-configuration",
            ]
        );
        assert_eq!(
            texts(&server_metadata(&url("https://a.example"))),
            [
                "https://a.example/.well-known/oauth-authorization-server",
                "https://a.example/.well-known/openid-configuration",
            ]
        );
    }

    #[test]
    fn a_server_out_there_does_not_lead_back_to_this_machine() {
        let (_, far) = Reach::of("https://a.example/mcp").unwrap();
        for address in [
            "http://localhost:4298/api",
            "https://127.0.0.1/",
            "http://[::1]:80/",
            "https://[::ffff:127.0.0.1]/",
            "https://x.localhost/",
            "http://0.0.0.0/",
            "http://b.example/",
        ] {
            assert!(
                matches!(far.allow(address), Err(Problem::Insecure(_))),
                "{address}"
            );
        }
        assert!(far.allow("https://b.example/").is_ok());
        let (_, near) = Reach::of("http://localhost:9/mcp").unwrap();
        assert!(near.allow("http://127.0.0.1:8/").is_ok());
        assert!(near.allow("https://b.example/").is_ok());
        assert!(Reach::of("http://b.example/mcp").is_err());
    }

    #[test]
    fn what_is_no_web_address_is_refused_and_not_repeated_whole() {
        let (_, reach) = Reach::of("https://a.example/mcp").unwrap();
        for address in ["javascript:alert(1)", "file:///etc/passwd", "nothing", ""] {
            assert!(matches!(reach.allow(address), Err(Problem::Address(_))));
        }
        let fault = reach.allow("https://u:planted@a.example/?k=planted");
        assert!(!format!("{fault:?}").contains("planted"), "{fault:?}");
    }

    #[test]
    fn a_resource_covers_itself_and_what_is_below() {
        let endpoint = url("https://a.example/x/mcp");
        for good in [
            "https://a.example/x/mcp",
            "https://a.example/x/",
            "https://a.example",
        ] {
            assert!(covers(&url(good), &endpoint), "{good}");
        }
        for bad in [
            "https://a.example/x/m",
            "https://a.example/x/mcp/y",
            "https://b.example/x/mcp",
            "http://a.example/x/mcp",
            "https://a.example:8443/",
        ] {
            assert!(!covers(&url(bad), &endpoint), "{bad}");
        }
    }

    #[test]
    fn issuers_are_compared_as_texts() {
        assert!(same_issuer("https://a.example", "https://a.example/"));
        assert!(!same_issuer("https://a.example", "https://a.example/x"));
        assert!(!same_issuer("https://a.example", "https://A.example"));
        assert!(!same_issuer("https://a.example", "https://a.example//"));
    }
}
