//! What a token is good for (RFC 8707): one endpoint of the gateway, or all of them.
//!
//! Pure. An audience is kept as a path, not as a URL: the same gateway is reached as
//! `localhost`, as `127.0.0.1` and through a proxy, and moves to another port; a token
//! that is opaque and known to this gateway alone cannot be meant for another one.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The endpoint of all servers together; what is meant where a client names none.
pub(crate) const ROOT: &str = "/mcp";

/// The surfaces that show the same servers as [`ROOT`] to clients of other kinds.
const ROOT_TOO: [&str; 3] = ["/sse", "/messages", "/tools"];

/// What a token is good for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Audience {
    /// Every endpoint of the gateway.
    Everything,
    /// The endpoint at this path.
    Endpoint(String),
}

// === impl Audience ===

impl Audience {
    /// What a client asks for with its `resource` parameter; `None` if that is nothing
    /// of this gateway's. `base` is the address under which the gateway was asked.
    pub(crate) fn requested(
        base: &str,
        resource: Option<&str>,
        is_endpoint: impl Fn(&str) -> bool,
    ) -> Option<Self> {
        let Some(resource) = resource else {
            return Some(Self::Endpoint(ROOT.to_owned()));
        };
        let (base, wanted) = (Url::parse(base).ok()?, Url::parse(resource).ok()?);
        let plain = wanted.fragment().is_none()
            && wanted.query().is_none()
            && wanted.username().is_empty()
            && wanted.password().is_none();
        if !plain || !same_place(&base, &wanted) {
            return None;
        }
        let path = match wanted
            .path()
            .strip_prefix(base.path().trim_end_matches('/'))
        {
            Some(path) => path.trim_end_matches('/'),
            None => return None,
        };
        if path.is_empty() {
            Some(Self::Everything)
        } else {
            is_endpoint(path).then(|| Self::Endpoint(path.to_owned()))
        }
    }

    /// Whether a token for this audience may be used at `place`, the path of a request
    /// or the URL of the endpoint.
    pub(crate) fn admits(&self, place: &str) -> bool {
        let path = path_of(place);
        match self {
            Self::Everything => true,
            Self::Endpoint(endpoint) if endpoint == ROOT => {
                path == ROOT
                    || ROOT_TOO.iter().any(|surface| {
                        path.strip_prefix(surface)
                            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                    })
            }
            Self::Endpoint(endpoint) => path == endpoint,
        }
    }

    /// The URL of what it is good for, under an address of the gateway.
    pub(crate) fn url(&self, base: &str) -> String {
        match self {
            Self::Everything => base.to_owned(),
            Self::Endpoint(path) => format!("{base}{path}"),
        }
    }

    /// The path, if it is one endpoint.
    pub(crate) fn path(&self) -> Option<&str> {
        match self {
            Self::Everything => None,
            Self::Endpoint(path) => Some(path),
        }
    }
}

/// Whether two URLs name the same port of the same machine. On loopback its names are
/// as good as its numbers: clients mix them.
fn same_place(base: &Url, other: &Url) -> bool {
    base.scheme() == other.scheme()
        && base.port_or_known_default() == other.port_or_known_default()
        && (base.host() == other.host() || (is_loopback(base) && is_loopback(other)))
}

/// Whether a URL points at this machine itself.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn path_of(place: &str) -> &str {
    let path = match place.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => place,
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    match path.trim_end_matches('/') {
        "" => "/",
        path => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "http://localhost:4298";

    fn requested(resource: Option<&str>) -> Option<Audience> {
        Audience::requested(BASE, resource, |path| ["/mcp", "/ecs/mcp"].contains(&path))
    }

    fn endpoint(path: &str) -> Option<Audience> {
        Some(Audience::Endpoint(path.to_owned()))
    }

    #[test]
    fn a_resource_is_an_endpoint_of_this_gateway_or_all_of_it() {
        assert_eq!(requested(None), endpoint("/mcp"));
        assert_eq!(
            requested(Some("http://localhost:4298/mcp")),
            endpoint("/mcp")
        );
        assert_eq!(
            requested(Some("http://localhost:4298/ecs/mcp/")),
            endpoint("/ecs/mcp")
        );
        assert_eq!(
            requested(Some("http://127.0.0.1:4298/mcp")),
            endpoint("/mcp")
        );
        assert_eq!(
            requested(Some("http://localhost:4298")),
            Some(Audience::Everything)
        );
        assert_eq!(
            requested(Some("http://localhost:4298/")),
            Some(Audience::Everything)
        );
        for strange in [
            "http://localhost:4299/mcp",
            "https://localhost:4298/mcp",
            "http://elsewhere:4298/mcp",
            "http://localhost:4298/rds/mcp",
            "http://localhost:4298/mcp?x=1",
            "http://localhost:4298/mcp#x",
            "http://me@localhost:4298/mcp",
            "/mcp",
            "nonsense",
        ] {
            assert_eq!(requested(Some(strange)), None, "{strange}");
        }
    }

    #[test]
    fn a_base_may_have_a_path() {
        let audience = Audience::requested(
            "https://example.com/gw",
            Some("https://example.com/gw/mcp"),
            |path| path == "/mcp",
        );
        assert_eq!(audience, endpoint("/mcp"));
        let outside = Audience::requested(
            "https://example.com/gw",
            Some("https://example.com/mcp"),
            |_| true,
        );
        assert_eq!(outside, None);
    }

    #[test]
    fn an_audience_admits_its_own_surfaces_and_no_other() {
        let root = Audience::Endpoint(ROOT.to_owned());
        for place in [
            "/mcp",
            "/mcp/",
            "/sse",
            "/messages",
            "/tools",
            "/tools/call",
            "http://localhost:4298/mcp",
        ] {
            assert!(root.admits(place), "{place}");
        }
        for place in [
            "/ecs/mcp",
            "/toolsmith",
            "/",
            "/api/status",
            "http://x/ecs/mcp",
        ] {
            assert!(!root.admits(place), "{place}");
        }
        let ecs = Audience::Endpoint("/ecs/mcp".to_owned());
        assert!(ecs.admits("/ecs/mcp"));
        assert!(!ecs.admits("/mcp"));
        assert!(!ecs.admits("/ecs/mcp/more"));
        assert!(Audience::Everything.admits("/ecs/mcp"));
    }
}
