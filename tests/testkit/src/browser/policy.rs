//! `form-action` of a content security policy. Chromium applies it to every redirect after a
//! form as well, so that a page which leads on to an application must say so.

use url::Url;

use super::Page;

/// Refuses what a page's policy does not let its forms do.
///
/// # Panics
/// Where the policy forbids it.
pub(super) fn form_action(page: &Page, to: &Url) {
    for value in page.answer.headers.get_all("content-security-policy") {
        let policy = super::text(value);
        assert!(
            policy
                .split(',')
                .all(|policy| allows(policy, &page.url, to)),
            "the policy of {} does not let its forms lead to {to}: {policy}",
            page.url
        );
    }
}

fn allows(policy: &str, page: &Url, to: &Url) -> bool {
    let mut directives = policy.split(';').map(str::split_ascii_whitespace);
    let found = directives.find_map(|mut words| {
        let name = words.next()?;
        name.eq_ignore_ascii_case("form-action").then_some(words)
    });
    found.is_none_or(|mut sources| sources.any(|source| covers(source, page, to)))
}

fn covers(source: &str, page: &Url, to: &Url) -> bool {
    match source {
        "'self'" => return page.origin() == to.origin() && page.origin().is_tuple(),
        "'none'" => return false,
        "*" => return matches!(to.scheme(), "http" | "https"),
        _ => {}
    }
    if let Some(scheme) = source.strip_suffix(':') {
        return scheme.eq_ignore_ascii_case(to.scheme());
    }
    let (scheme, rest) = match source.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None => (page.scheme(), source),
    };
    let (authority, path) = match rest.split_once('/') {
        Some((authority, path)) => (authority, format!("/{path}")),
        None => (rest, String::new()),
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    // A path is not compared after a redirect, but the first address of a form must fit it.
    let path_fits = path.is_empty() || page.origin() != to.origin() || to.path().starts_with(&path);
    let port_fits = match port {
        Some("*") => true,
        Some(port) => {
            to.port_or_known_default()
                .map(|port| port.to_string())
                .as_deref()
                == Some(port)
        }
        None => to.port().is_none(),
    };
    scheme.eq_ignore_ascii_case(to.scheme())
        && Some(host) == to.host_str()
        && port_fits
        && path_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sources: &str, to: &str) -> bool {
        let page = Url::parse("http://localhost:4298/oauth/authorize").expect("a URL");
        let to = Url::parse(to).expect("a URL");
        allows(
            &format!("default-src 'none'; form-action {sources}"),
            &page,
            &to,
        )
    }

    #[test]
    fn sources_cover_what_browsers_say_they_do() {
        assert!(check("'self'", "http://localhost:4298/oauth/consent"));
        assert!(!check("'self'", "http://localhost:9999/callback"));
        assert!(check(
            "'self' http://localhost:9999",
            "http://localhost:9999/callback"
        ));
        assert!(check(
            "http://127.0.0.1:*",
            "http://127.0.0.1:9999/callback"
        ));
        assert!(check("cursor:", "cursor://x/callback"));
        assert!(!check("http://localhost", "http://localhost:9999/callback"));
        assert!(!check("'none'", "http://localhost:4298/oauth/consent"));
        assert!(!check("", "http://localhost:4298/oauth/consent"));
        let page = Url::parse("http://localhost:1/").expect("a URL");
        assert!(allows("default-src 'none'", &page, &page));
    }
}
