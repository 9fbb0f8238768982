//! Which descriptions may be fetched at all, and from which addresses.
//!
//! Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Url;

/// The URL that a client id is, if it is one that can name a description: https, with a
/// path, written the one way it can be written.
pub(super) fn description_url(id: &str) -> Option<Url> {
    let url = Url::parse(id).ok()?;
    let plain = url.scheme() == "https"
        && url.host().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        && url.path() != "/"
        && url.as_str() == id;
    plain.then_some(url)
}

/// Whether an address is one of the public internet's.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || a >= 224
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b)))
}

/// Only global unicast, and of that nothing that leads to an address of the other kind:
/// tunnels carry one inside, which would have to be judged as well.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let global = first & 0xe000 == 0x2000;
    let documentation = (first == 0x2001 && second == 0x0db8) || first == 0x3fff;
    let special = first == 0x2001 && second < 0x0200;
    let six_to_four = first == 0x2002;
    global && !documentation && !special && !six_to_four
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_https_url_names_a_description() {
        assert!(description_url("https://app.example.com/client.json").is_some());
        assert!(description_url("https://app.example.com:8443/c?v=1").is_some());
        for id in [
            "mcp-gateway",
            "http://app.example.com/client.json",
            "https://app.example.com",
            "https://app.example.com/",
            "https://me@app.example.com/c",
            "https://app.example.com/c#x",
            "https://app.example.com/a/../c",
            "https://app.example.com/./c",
            "https://APP.example.com/c",
            "https://app.example.com:443/c",
        ] {
            assert!(description_url(id).is_none(), "{id}");
        }
    }

    #[test]
    fn addresses_of_this_machine_and_its_networks_are_out_of_bounds() {
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.100.100.200",
            "192.0.0.8",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "fec0::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
        ] {
            assert!(
                !is_public(address.parse().expect("an address")),
                "{address}"
            );
        }
        for address in ["8.8.8.8", "47.88.1.1", "2606:4700::1111", "2400:3200::1"] {
            assert!(is_public(address.parse().expect("an address")), "{address}");
        }
    }
}
