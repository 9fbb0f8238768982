//! A range of addresses, as it is written for reverse proxies: `10.0.0.5`, `10.0.0.0/8`, `fd00::/8`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// All addresses that begin like one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// How many bits have to agree; never more than an address of this kind has.
    bits: u8,
}

/// A text that is no address and no range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an IP address, and not a network such as 10.0.0.0/8")]
pub struct NotANetwork;

// === impl Network ===

impl Network {
    /// Whether an address is one of these. An IPv4 address is the same however it is written.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (own, other) = (self.address, address.to_canonical());
        own.is_ipv4() == other.is_ipv4() && first(own, self.bits) == first(other, self.bits)
    }

    /// Whether this is every address there is, which names nobody.
    pub fn is_everything(&self) -> bool {
        self.bits == 0
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let most = width(written);
        let bits = match bits {
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                bits.parse::<u8>().map_err(|_| NotANetwork)?
            }
            Some(_) => return Err(NotANetwork),
            None => most,
        };
        if bits > most {
            return Err(NotANetwork);
        }
        let address = written.to_canonical();
        // `::ffff:10.0.0.0/104` is `10.0.0.0/8`; a range that is wider holds more than IPv4.
        let bits = match bits.checked_sub(most - width(address)) {
            Some(bits) => bits,
            None => {
                return Ok(Self {
                    address: written,
                    bits,
                });
            }
        };
        Ok(Self { address, bits })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bits == width(self.address) {
            self.address.fmt(f)
        } else {
            write!(f, "{}/{}", self.address, self.bits)
        }
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The first bits of an address, as a number.
fn first(address: IpAddr, bits: u8) -> u128 {
    let number = match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    };
    let rest = 128 - u32::from(bits);
    number.checked_shr(rest).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn network(text: &str) -> Network {
        text.parse().expect("a network")
    }

    fn holds(text: &str, address: &str) -> bool {
        network(text).contains(address.parse().expect("an address"))
    }

    #[test]
    fn a_network_holds_what_begins_like_it() {
        for (text, inside, outside) in [
            ("10.0.0.5", "10.0.0.5", "10.0.0.6"),
            ("10.0.0.5/32", "::ffff:10.0.0.5", "10.0.0.4"),
            ("10.9.8.7/8", "10.255.0.1", "11.0.0.1"),
            ("172.16.0.0/12", "172.31.255.255", "172.32.0.0"),
            ("127.0.0.0/8", "127.9.9.9", "::1"),
            ("::1", "::1", "127.0.0.1"),
            ("fd00::/8", "fdff::1", "fe00::1"),
            ("::ffff:10.0.0.0/104", "10.1.2.3", "11.1.2.3"),
            ("128.0.0.0/1", "255.0.0.1", "127.0.0.1"),
        ] {
            assert!(holds(text, inside), "{text} {inside}");
            assert!(!holds(text, outside), "{text} {outside}");
        }
        assert!(network("0.0.0.0/0").is_everything() && network("::/0").is_everything());
        assert!(!network("10.0.0.0/8").is_everything());
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "localhost",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/-1",
            "10.0.0.0/8/8",
            "::1/129",
            "10.0.0",
            " 10.0.0.1",
            "[::1]",
            "10.0.0.0/256",
        ] {
            assert_eq!(text.parse::<Network>(), Err(NotANetwork), "{text}");
        }
    }

    #[test]
    fn it_is_shown_as_it_is_written() {
        for text in ["10.0.0.5", "10.0.0.0/8", "fd00::/8", "::1"] {
            assert_eq!(network(text).to_string(), text);
        }
    }
}
