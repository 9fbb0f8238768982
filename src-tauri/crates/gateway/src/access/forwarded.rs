//! Who sent a request that may have come through a reverse proxy.
//!
//! Pure. Forwarding headers are words that anybody can write, so they count only from the
//! proxies that the configuration names (`gateway.trustedProxies`), and of a chain only as far
//! as it was written by those: the client is the last address that is not one of theirs. That
//! headers are there at all is believed of everybody, because it can only take rights away:
//! somebody behind a proxy on this machine is not a person at this machine.
//!
//! X-Forwarded-For, -Proto and -Host are what nginx, Caddy and Traefik write; Forwarded is
//! RFC 7239. A proxy that writes one kind mostly lets the other through from outside, so where
//! both are present and do not agree, neither is believed.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use crate::config::Network;

/// Headers that tell of a proxy, whoever wrote them.
const TRACES: [&str; 6] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "via",
];

/// Every request comes this way: hardly any name gets as far as a comparison.
fn is_trace(name: &str) -> bool {
    matches!(name.as_bytes().first(), Some(b'f' | b'v' | b'x')) && TRACES.contains(&name)
}

/// Where a request comes from and what it was sent to, as far as that can be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sender {
    /// The client. `None` where a trusted proxy stood between and does not say clearly.
    pub(crate) address: Option<IpAddr>,
    /// Who stood between.
    pub(crate) via: Via,
    /// What the client spoke to the outermost trusted proxy; `None` where none says so.
    pub(crate) scheme: Option<Scheme>,
    /// The `Host` that the client sent, lower case; `None` where no trusted proxy says so.
    pub(crate) host: Option<String>,
}

/// Who stood between client and gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Via {
    /// Nobody, as far as can be seen.
    Nobody,
    /// Somebody whom the configuration does not name; nothing they say was believed.
    Stranger,
    /// A proxy that the configuration names.
    TrustedProxy,
}

/// How a client reached the outermost proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// One step of a request's way, as the proxy that it arrived at wrote it down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Hop {
    /// `None` for what is no address: `unknown`, or a made-up name (RFC 7239, 6.3).
    address: Option<IpAddr>,
    scheme: Option<Scheme>,
    host: Option<String>,
}

/// Finds out who sent a request that arrived from `peer`.
pub(crate) fn sender(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> Sender {
    let peer = peer.to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(peer) {
        let via = if headers.keys().any(|name| is_trace(name.as_str())) {
            Via::Stranger
        } else {
            Via::Nobody
        };
        return Sender {
            address: Some(peer),
            via,
            scheme: None,
            host: None,
        };
    }
    let ways = [x_forwarded(headers), forwarded(headers)];
    let mut told = ways
        .into_iter()
        .flatten()
        .map(|way| outermost(way, is_trusted));
    let hop = match (told.next(), told.next()) {
        (Some(one), Some(other)) if one.address == other.address => Hop {
            address: one.address,
            scheme: agreed(one.scheme, other.scheme),
            host: agreed(one.host, other.host),
        },
        (Some(_), Some(_)) => Hop::default(),
        (Some(only), None) => only,
        // The proxy says nothing of where it was: this may be a request of its own.
        (None, _) => Hop {
            address: Some(peer),
            ..Hop::default()
        },
    };
    Sender {
        address: hop.address,
        via: Via::TrustedProxy,
        scheme: hop.scheme,
        host: hop.host,
    }
}

// === impl Sender ===

impl Sender {
    /// Whether this is a program on this machine, with nobody between.
    pub(crate) fn is_local(&self) -> bool {
        self.via == Via::Nobody && self.address.is_some_and(|address| address.is_loopback())
    }
}

// === impl Scheme ===

impl Scheme {
    /// As it stands in an address.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn of(text: &str) -> Option<Self> {
        let known = [Self::Http, Self::Https].into_iter();
        let mut found = known.filter(|scheme| text.eq_ignore_ascii_case(scheme.word()));
        found.next()
    }
}

/// The last step of a way that was not taken by a trusted proxy; its first where all were.
/// `way` is in the order in which it was gone, and not empty.
fn outermost(mut way: Vec<Hop>, is_trusted: impl Fn(IpAddr) -> bool) -> Hop {
    let by_stranger = |hop: &Hop| hop.address.is_none_or(|address| !is_trusted(address));
    let at = way.iter().rposition(by_stranger).unwrap_or(0);
    way.swap_remove(at)
}

/// What two accounts say, where they do not contradict each other.
fn agreed<T: PartialEq>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => (one == other).then_some(one),
        (one, other) => one.or(other),
    }
}

// === the headers ===

/// The way by X-Forwarded-For. `None` where there is no such header.
fn x_forwarded(headers: &HeaderMap) -> Option<Vec<Hop>> {
    let addresses = list(headers, "x-forwarded-for")?;
    let schemes = list(headers, "x-forwarded-proto").unwrap_or_default();
    let hosts = list(headers, "x-forwarded-host").unwrap_or_default();
    let count = addresses.len();
    let way = addresses.iter().enumerate().map(|(at, text)| Hop {
        address: address(text),
        scheme: beside(&schemes, at, count).and_then(|text| Scheme::of(text)),
        host: beside(&hosts, at, count).and_then(|text| host(text)),
    });
    Some(way.collect())
}

/// The value that belongs to step `at` of `count`. Mostly the nearest proxy writes a single one,
/// or replaces what it got: where the lists differ in length, the last value is its word.
fn beside(values: &[String], at: usize, count: usize) -> Option<&String> {
    if values.len() == count {
        values.get(at)
    } else {
        values.last()
    }
}

/// The values of a header that is a list, over all its lines. `None` where it is not there, or
/// says nothing. Bytes that are no text spoil the value that they are in and no other.
fn list(headers: &HeaderMap, name: &str) -> Option<Vec<String>> {
    let mut values = Vec::new();
    for line in headers.get_all(name) {
        let line = String::from_utf8_lossy(line.as_bytes());
        let parts = line.split(',').map(str::trim);
        values.extend(parts.filter(|part| !part.is_empty()).map(str::to_owned));
    }
    (!values.is_empty()).then_some(values)
}

/// The way by Forwarded (RFC 7239, section 4). `None` where there is no such header; one that
/// cannot be read is a way that nobody knows.
fn forwarded(headers: &HeaderMap) -> Option<Vec<Hop>> {
    let mut way = Vec::new();
    for line in headers.get_all("forwarded") {
        let line = line.to_str().ok();
        match line.and_then(elements) {
            Some(hops) => way.extend(hops),
            None => way.push(Hop::default()),
        }
    }
    (!way.is_empty()).then_some(way)
}

/// `for=192.0.2.60;proto=https, for="[2001:db8::17]:4711"`.
fn elements(line: &str) -> Option<Vec<Hop>> {
    let mut hops = Vec::new();
    for element in split(line, ',')? {
        if element.trim().is_empty() {
            continue;
        }
        let mut hop = Hop::default();
        for pair in split(element, ';')? {
            if pair.trim().is_empty() {
                continue;
            }
            let (name, value) = pair.trim().split_once('=')?;
            let value = unquoted(value)?;
            match name.to_ascii_lowercase().as_str() {
                "for" => hop.address = address(&value),
                "proto" => hop.scheme = Scheme::of(&value),
                "host" => hop.host = host(&value),
                _ => {}
            }
        }
        hops.push(hop);
    }
    Some(hops)
}

/// Splits at a character outside of quotes. `None` where a quote is left open.
fn split(text: &str, at: char) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (index, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if character == at && !quoted => {
                parts.push(&text[start..index]);
                start = index + character.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (!quoted).then_some(parts)
}

/// A token or a quoted string (RFC 9110, section 5.6).
fn unquoted(text: &str) -> Option<String> {
    let Some(inner) = text.strip_prefix('"') else {
        return (!text.contains('"')).then(|| text.to_owned());
    };
    let inner = inner.strip_suffix('"')?;
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => out.push(characters.next()?),
            '"' => return None,
            _ => out.push(character),
        }
    }
    Some(out)
}

/// An address with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let plain = bare.parse::<IpAddr>().ok();
    let address = plain.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

/// A host name or address with or without a port, and nothing that would make more of it.
fn host(text: &str) -> Option<String> {
    let sound = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    (!text.is_empty() && text.len() <= 255 && text.chars().all(sound))
        .then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
