//! Chains of proxies, honest and not.

#![expect(clippy::unwrap_used, reason = "tests")]

use axum::http::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;

const PROXY: &str = "10.0.0.1";
const CLIENT: &str = "203.0.113.9";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn trusted() -> Vec<Network> {
    vec!["10.0.0.0/24".parse().unwrap(), "127.0.0.1".parse().unwrap()]
}

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

fn through_proxy(lines: &[(&str, &str)]) -> Sender {
    sender(ip(PROXY), &headers(lines), &trusted())
}

fn client(lines: &[(&str, &str)]) -> Option<IpAddr> {
    through_proxy(lines).address
}

#[test]
fn nginx_and_caddy_are_understood() {
    let seen = through_proxy(&[
        ("X-Forwarded-For", CLIENT),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "GW.example.com"),
    ]);
    let expected = Sender {
        address: Some(ip(CLIENT)),
        via: Via::TrustedProxy,
        scheme: Some(Scheme::Https),
        host: Some("gw.example.com".to_owned()),
    };
    assert_eq!(seen, expected);
    let standard = r#"for=203.0.113.9;proto=https;host="GW.example.com";by=10.0.0.1"#;
    assert_eq!(through_proxy(&[("Forwarded", standard)]), expected);
    let both = through_proxy(&[
        ("Forwarded", standard),
        ("X-Forwarded-For", CLIENT),
        ("X-Forwarded-Proto", "https"),
    ]);
    assert_eq!(both, expected);
}

#[test]
fn nobody_else_is_believed() {
    let lies = headers(&[
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "for=127.0.0.1;host=evil.example"),
    ]);
    let seen = sender(ip("198.51.100.7"), &lies, &trusted());
    let expected = Sender {
        address: Some(ip("198.51.100.7")),
        via: Via::Stranger,
        scheme: None,
        host: None,
    };
    assert_eq!(seen, expected);
    let nobody = sender(ip(PROXY), &lies, &[]);
    assert_eq!(
        (nobody.address, nobody.via),
        (Some(ip(PROXY)), Via::Stranger)
    );
}

#[test]
fn behind_a_proxy_on_this_machine_nobody_is_local() {
    let none = HeaderMap::new();
    assert!(sender(ip("127.0.0.1"), &none, &[]).is_local());
    assert!(sender(ip("::1"), &none, &[]).is_local());
    assert!(sender(ip("::ffff:127.0.0.1"), &none, &[]).is_local());
    assert!(!sender(ip("192.168.1.2"), &none, &[]).is_local());
    for name in TRACES {
        let proxied = headers(&[(name, "127.0.0.1")]);
        assert!(!sender(ip("127.0.0.1"), &proxied, &[]).is_local(), "{name}");
        assert!(!sender(ip("127.0.0.1"), &proxied, &trusted()).is_local());
    }
    let silent = sender(ip("127.0.0.1"), &none, &trusted());
    assert!(!silent.is_local(), "a proxy that sends no headers");
}

#[test]
fn of_a_chain_the_trusted_end_counts() {
    let chain = |text| client(&[("X-Forwarded-For", text)]);
    assert_eq!(chain("127.0.0.1, 203.0.113.9"), Some(ip(CLIENT)));
    assert_eq!(
        chain("8.8.8.8, 203.0.113.9, 10.0.0.2, 10.0.0.3"),
        Some(ip(CLIENT))
    );
    assert_eq!(
        chain("10.0.0.9, 10.0.0.2"),
        Some(ip("10.0.0.9")),
        "all trusted"
    );
    assert_eq!(chain("8.8.8.8, unknown"), None);
    assert_eq!(chain("8.8.8.8, <script>, 10.0.0.2"), None);
    assert_eq!(chain("8.8.8.8,,203.0.113.9,"), Some(ip(CLIENT)));
    assert_eq!(
        client(&[("X-Forwarded-For", "8.8.8.8"), ("X-Forwarded-For", CLIENT)]),
        Some(ip(CLIENT)),
        "two lines are one list"
    );
    let standard =
        r#"for=8.8.8.8;host=evil.example, for="203.0.113.9:80";host=a, for=10.0.0.2;host=b"#;
    let seen = through_proxy(&[("Forwarded", standard)]);
    assert_eq!(
        (seen.address, seen.host.as_deref()),
        (Some(ip(CLIENT)), Some("a"))
    );
}

#[test]
fn two_accounts_that_differ_are_none() {
    let seen = through_proxy(&[
        ("X-Forwarded-For", CLIENT),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "for=127.0.0.1;proto=https;host=evil.example"),
    ]);
    let expected = Sender {
        address: None,
        via: Via::TrustedProxy,
        scheme: None,
        host: None,
    };
    assert_eq!(seen, expected);
}

#[test]
fn addresses_come_with_and_without_ports() {
    for (text, expected) in [
        ("192.0.2.1", Some("192.0.2.1")),
        ("192.0.2.1:4711", Some("192.0.2.1")),
        ("2001:db8::1", Some("2001:db8::1")),
        ("[2001:db8::1]", Some("2001:db8::1")),
        ("[2001:db8::1]:80", Some("2001:db8::1")),
        ("::ffff:192.0.2.1", Some("192.0.2.1")),
        ("_hidden", None),
        ("unknown", None),
        ("192.0.2.1:x", None),
        ("192.0.2.1.5", None),
    ] {
        assert_eq!(address(text), expected.map(ip), "{text}");
    }
}

#[test]
fn schemes_and_hosts_are_the_client_s_own() {
    let seen = |schemes, hosts| {
        let seen = through_proxy(&[
            ("X-Forwarded-For", "8.8.8.8, 203.0.113.9, 10.0.0.2"),
            ("X-Forwarded-Proto", schemes),
            ("X-Forwarded-Host", hosts),
        ]);
        (seen.scheme, seen.host)
    };
    assert_eq!(
        seen("http, https, http", "evil, gw, inner"),
        (Some(Scheme::Https), Some("gw".to_owned()))
    );
    assert_eq!(
        seen("HTTPS", "gw:8443"),
        (Some(Scheme::Https), Some("gw:8443".to_owned()))
    );
    for host in ["a b", "a/b", "user@a", "a\"b", "<a>", "a?b"] {
        assert_eq!(seen("gopher", host), (None, None), "{host}");
    }
}

#[test]
fn quotes_are_read_as_the_standard_has_them() {
    let of = |text| client(&[("Forwarded", text)]);
    assert_eq!(of(r#"For="[2001:db8::1]:4711""#), Some(ip("2001:db8::1")));
    assert_eq!(of(r#"x="a,b;c\"d"; for=203.0.113.9"#), Some(ip(CLIENT)));
    assert_eq!(of("for=203.0.113.9;;"), Some(ip(CLIENT)));
    for broken in [r#"for="203.0.113.9"#, "for", r#"for=203."0"#, "for=_secret"] {
        assert_eq!(of(broken), None, "{broken}");
    }
    assert_eq!(
        client(&[("Forwarded", "for=127.0.0.1"), ("Forwarded", "\"")]),
        None,
        "what cannot be read hides what was before it"
    );
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let plausible = prop::collection::vec(
        prop::sample::select(vec![
            "127.0.0.1",
            "10.0.0.7",
            "::1",
            "203.0.113.9",
            "for=",
            "proto=https",
            "host=",
            ",",
            ";",
            "\"",
            "\\",
            " ",
            "unknown",
            "[",
            "]:80",
            "é",
        ]),
        0..12,
    );
    prop_oneof![
        plausible.prop_map(|parts| parts.concat().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn lines() -> impl Strategy<Value = HeaderMap> {
    let names = prop::sample::select(TRACES.to_vec());
    prop::collection::vec((names, value()), 0..6).prop_map(|lines| {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(name, value);
            }
        }
        headers
    })
}

proptest! {
    #[test]
    fn a_stranger_s_words_change_nothing(headers in lines(), peer in any::<[u8; 4]>()) {
        let peer = IpAddr::from(peer);
        let seen = sender(peer, &headers, &[]);
        prop_assert_eq!(seen.address, Some(peer));
        prop_assert_eq!((seen.scheme, seen.host), (None, None));
    }

    #[test]
    fn what_a_client_writes_before_an_honest_proxy_does_not_make_it_another(
        headers in lines(), sent in value(), scheme in any::<bool>(),
    ) {
        // The proxy appends the address it sees, sets the scheme and the host, and lets the
        // client's Forwarded through.
        let mut headers = headers;
        let sent = String::from_utf8_lossy(&sent).into_owned();
        if let Ok(value) = HeaderValue::from_str(&format!("{sent}, {CLIENT}")) {
            headers.insert("x-forwarded-for", value);
        } else {
            headers.insert("x-forwarded-for", HeaderValue::from_static(CLIENT));
        }
        let word = if scheme { Scheme::Https } else { Scheme::Http };
        headers.insert("x-forwarded-proto", HeaderValue::from_static(word.word()));
        headers.insert("x-forwarded-host", HeaderValue::from_static("gw.example.com"));
        let seen = sender(ip(PROXY), &headers, &trusted());
        prop_assert!(seen.address.is_none_or(|address| address == ip(CLIENT)), "{seen:?}");
        prop_assert!(seen.scheme.is_none_or(|seen| seen == word), "{seen:?}");
        prop_assert!(seen.host.as_deref().is_none_or(|host| host == "gw.example.com"), "{seen:?}");
        if !headers.contains_key("forwarded") {
            prop_assert_eq!(seen.address, Some(ip(CLIENT)));
        }
    }

    #[test]
    fn nobody_behind_a_proxy_is_local(headers in lines(), peer in prop::sample::select(vec!["127.0.0.1", "::1", PROXY])) {
        let seen = sender(ip(peer), &headers, &trusted());
        prop_assert!(!seen.is_local() || headers.is_empty());
    }
}
