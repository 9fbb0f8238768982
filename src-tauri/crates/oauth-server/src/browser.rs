//! The cookies of a browser.
//!
//! Two of them. `visit` lasts as long as a sign-in and binds what a browser began to
//! that browser; it says nothing about the person. `person` remembers who signed in and
//! exists over HTTPS only: on plain HTTP a browser sends the cookies of `localhost` to
//! every port, so another user of the machine could collect it. There everybody shows
//! anew who they are.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

use crate::digest::{self, Digest};
use crate::pending::LIFE;

/// Seconds that a person is remembered.
pub(crate) const PERSON_LIFE: u64 = 30 * 24 * 3600;

const VISIT: &str = "mcp_gateway_visit";
const PERSON: &str = "mcp_gateway_person";
/// With this prefix a browser accepts a cookie over HTTPS alone, so a neighbour on
/// plain HTTP cannot put one in its place.
const SECURE: &str = "__Secure-";

/// A cookie's value that is on its way to the browser.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) digest: Digest,
    pub(crate) header: String,
}

/// The visit that a request belongs to.
pub(crate) fn visit(headers: &HeaderMap, base: &str) -> Option<Digest> {
    cookie(headers, &name(VISIT, base)).map(Digest::of)
}

/// Who the browser says its person is, to be looked up.
pub(crate) fn person(headers: &HeaderMap, base: &str) -> Option<Digest> {
    is_secure(base).then(|| cookie(headers, &name(PERSON, base)).map(Digest::of))?
}

/// The visit of a browser that begins a sign-in: the one it has, prolonged, so that two
/// sign-ins at once do not disturb each other; or a new one.
pub(crate) fn begin_visit(headers: &HeaderMap, base: &str) -> Given {
    let value = cookie(headers, &name(VISIT, base))
        .filter(|value| is_ours(value))
        .map_or_else(|| digest::fresh(""), str::to_owned);
    given(VISIT, base, &value, LIFE)
}

/// A cookie that remembers the person; `None` where none is kept.
pub(crate) fn remember(base: &str) -> Option<Given> {
    is_secure(base).then(|| given(PERSON, base, &digest::fresh(""), PERSON_LIFE))
}

/// Has the browser forget the person.
pub(crate) fn forget(base: &str) -> String {
    given(PERSON, base, "", 0).header
}

fn given(kind: &str, base: &str, value: &str, life: u64) -> Given {
    let secure = if is_secure(base) { "; Secure" } else { "" };
    Given {
        digest: Digest::of(value),
        header: format!(
            "{}={value}; Path={}; Max-Age={life}; HttpOnly; SameSite=Lax{secure}",
            name(kind, base),
            path(base)
        ),
    }
}

/// Behind a proxy the gateway may live below a path.
fn path(base: &str) -> String {
    let below = url::Url::parse(base).map_or_else(|_| String::new(), |url| url.path().to_owned());
    format!("{}/oauth", below.trim_end_matches('/'))
}

fn name(kind: &str, base: &str) -> String {
    let prefix = if is_secure(base) { SECURE } else { "" };
    format!("{prefix}{kind}")
}

fn is_secure(base: &str) -> bool {
    base.starts_with("https://")
}

fn is_ours(value: &str) -> bool {
    value.len() == 43
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(given, value)| (given == name && !value.is_empty()).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const HTTP: &str = "http://localhost:4298";
    const HTTPS: &str = "https://gw.example.com/gw";

    fn with(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_str(cookie).expect("a header"));
        headers
    }

    fn sent(given: &Given) -> HeaderMap {
        with(given.header.split(';').next().expect("a value"))
    }

    #[test]
    fn a_visit_is_kept_while_it_lasts() {
        let first = begin_visit(&HeaderMap::new(), HTTP);
        assert_eq!(visit(&sent(&first), HTTP), Some(first.digest));
        let again = begin_visit(&sent(&first), HTTP);
        assert_eq!(again.digest, first.digest);
        let strange = begin_visit(&with("mcp_gateway_visit=x"), HTTP);
        assert_ne!(strange.digest, Digest::of("x"));
        assert!(
            first
                .header
                .ends_with("; Path=/oauth; Max-Age=600; HttpOnly; SameSite=Lax")
        );
    }

    #[test]
    fn a_person_is_remembered_over_https_alone() {
        assert!(remember(HTTP).is_none());
        assert_eq!(person(&with("mcp_gateway_person=x"), HTTP), None);
        let given = remember(HTTPS).expect("remembered");
        assert!(given.header.starts_with("__Secure-mcp_gateway_person="));
        assert!(given.header.contains("; Path=/gw/oauth; "));
        assert!(given.header.ends_with("; Secure"));
        assert_eq!(person(&sent(&given), HTTPS), Some(given.digest));
        assert!(forget(HTTPS).contains("Max-Age=0"));
    }
}
