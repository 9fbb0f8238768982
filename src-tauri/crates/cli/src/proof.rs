//! Whether an address of this machine is that of the gateway whose data folder this is.
//!
//! The gateway of a data folder holds a lock there and has noted where it listens, and nobody
//! else can listen there as long as it does. What is not noted may be anybody's: then the token
//! is not shown. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use gateway::instance::Occupant;
use reqwest::Url;

/// The address at which this gateway, and surely it, is reached for one that a person named;
/// `None` where it does not listen there.
pub(crate) fn own_address(base: &str, gateway: &Occupant) -> Option<String> {
    let url = Url::parse(base).ok()?;
    let port = url.port_or_known_default()?;
    let has = |ip: IpAddr| gateway.has(SocketAddr::new(ip, port));
    if url.scheme() != "http" {
        return None;
    }
    let host = url.host_str()?;
    if host != "localhost" {
        let ip = host.trim_start_matches('[').trim_end_matches(']');
        return has(ip.parse().ok()?).then(|| base.to_owned());
    }
    // The name may mean either address, and what listens at the other one is a stranger.
    match (
        has(Ipv4Addr::LOCALHOST.into()),
        has(Ipv6Addr::LOCALHOST.into()),
    ) {
        (true, true) => Some(base.to_owned()),
        (true, false) => Some(format!("http://127.0.0.1:{port}")),
        (false, true) => Some(format!("http://[::1]:{port}")),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use gateway::instance::Kind;

    use super::*;

    fn check(addresses: &[&str], base: &str, expected: Option<&str>) {
        let gateway = Occupant {
            pid: 1,
            kind: Kind::Headless,
            addresses: addresses
                .iter()
                .map(|address| address.parse().expect("an address"))
                .collect(),
            started: 0,
            leaving: false,
        };
        assert_eq!(
            own_address(base, &gateway).as_deref(),
            expected,
            "{base} of {addresses:?}"
        );
    }

    #[test]
    fn what_the_gateway_has_noted_is_its_own() {
        let both = ["127.0.0.1:4298", "[::1]:4298"];
        for base in [
            "http://localhost:4298",
            "http://127.0.0.1:4298",
            "http://[::1]:4298",
        ] {
            check(&both, base, Some(base));
        }
        check(
            &["0.0.0.0:80"],
            "http://127.0.0.1",
            Some("http://127.0.0.1"),
        );
        check(
            &["[::]:4298"],
            "http://localhost:4298",
            Some("http://localhost:4298"),
        );
    }

    #[test]
    fn a_stranger_beside_it_is_not_reached_by_name() {
        let four = ["127.0.0.1:4298"];
        check(
            &four,
            "http://localhost:4298",
            Some("http://127.0.0.1:4298"),
        );
        check(
            &["[::1]:4298"],
            "http://localhost:4298",
            Some("http://[::1]:4298"),
        );
        for base in [
            "http://[::1]:4298",
            "http://localhost:4299",
            "http://127.0.0.2:4298",
            "https://localhost:4298",
            "http://gateway.example:4298",
        ] {
            check(&four, base, None);
        }
        check(&[], "http://localhost:4298", None);
    }
}
