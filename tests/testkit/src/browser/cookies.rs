//! Cookies by the rules of RFC 6265bis, as far as sign-ins need them. Ports do not tell cookies
//! apart; hosts do, and `localhost` and `127.0.0.1` are two.

use url::Url;

#[derive(Debug, Clone, Default)]
pub(super) struct Cookies(Vec<Cookie>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cookie {
    host: String,
    path: String,
    name: String,
    value: String,
    secure: bool,
    same_site: SameSite,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SameSite {
    Strict,
    Lax,
    None,
}

/// A request that cookies may go with.
pub(super) struct Visit<'a> {
    pub(super) url: &'a Url,
    /// Whether it was begun from the same site, or typed.
    pub(super) same_site: bool,
    /// Whether it is a GET.
    pub(super) safe: bool,
}

// === impl Cookies ===

impl Cookies {
    /// A `Set-Cookie` line that came from an address.
    pub(super) fn set(&mut self, from: &Url, line: &str) {
        let mut parts = line.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let mut cookie = Cookie {
            host: from.host_str().unwrap_or_default().to_owned(),
            path: default_path(from),
            name: name.to_owned(),
            value: value.to_owned(),
            secure: false,
            same_site: SameSite::Lax,
        };
        let mut gone = false;
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key.to_ascii_lowercase().as_str() {
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "secure" => cookie.secure = true,
                "samesite" => cookie.same_site = SameSite::read(value),
                "max-age" => gone = value.parse::<i64>().is_ok_and(|seconds| seconds <= 0),
                _ => {}
            }
        }
        // A cookie that only https may carry cannot be planted over http, nor can one with a prefix lack what it promises.
        let host_only = name.starts_with("__Host-") && (!cookie.secure || cookie.path != "/");
        let secure_only = name.starts_with("__Secure-") && !cookie.secure;
        if cookie.secure && !is_secure(from) || host_only || secure_only {
            return;
        }
        self.0.retain(|known| {
            !(known.host == cookie.host && known.path == cookie.path && known.name == cookie.name)
        });
        if !gone {
            self.0.push(cookie);
        }
    }

    /// The `Cookie` header of a request.
    pub(super) fn header(&self, visit: &Visit<'_>) -> Option<String> {
        let mut fit: Vec<_> = self
            .0
            .iter()
            .filter(|cookie| cookie.goes_with(visit))
            .collect();
        fit.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> = fit
            .iter()
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    pub(super) fn value(&self, url: &Url, name: &str) -> Option<String> {
        let visit = Visit {
            url,
            same_site: true,
            safe: true,
        };
        let mut found = self
            .0
            .iter()
            .filter(|cookie| cookie.name == name && cookie.goes_with(&visit));
        found.next().map(|cookie| cookie.value.clone())
    }
}

// === impl Cookie ===

impl Cookie {
    fn goes_with(&self, visit: &Visit<'_>) -> bool {
        let path = visit.url.path();
        let below = path.strip_prefix(self.path.as_str());
        let under = below.is_some_and(|rest| {
            rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/')
        });
        let site = match self.same_site {
            SameSite::Strict => visit.same_site,
            SameSite::Lax => visit.same_site || visit.safe,
            SameSite::None => true,
        };
        visit.url.host_str() == Some(self.host.as_str())
            && under
            && site
            && (!self.secure || is_secure(visit.url))
    }
}

impl SameSite {
    fn read(value: &str) -> Self {
        match value.to_ascii_lowercase().as_str() {
            "strict" => Self::Strict,
            "none" => Self::None,
            _ => Self::Lax,
        }
    }
}

fn is_secure(url: &Url) -> bool {
    url.scheme() == "https"
}

/// RFC 6265, 5.1.4.
fn default_path(from: &Url) -> String {
    match from.path().rsplit_once('/') {
        Some(("", _)) | None => "/".to_owned(),
        Some((folder, _)) => folder.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    fn sent(set: &str, to: &str, same_site: bool, safe: bool) -> bool {
        let mut cookies = Cookies::default();
        cookies.set(&url("http://localhost:1/oauth/authorize"), set);
        let url = url(to);
        let visit = Visit {
            url: &url,
            same_site,
            safe,
        };
        cookies.header(&visit).is_some()
    }

    #[test]
    fn a_cookie_goes_where_it_belongs() {
        let set = "a=1; Path=/oauth; HttpOnly; SameSite=Lax";
        assert!(sent(set, "http://localhost:2/oauth/consent", true, false));
        assert!(sent(set, "http://localhost:1/oauth", false, true));
        assert!(!sent(set, "http://localhost:1/oauth", false, false));
        assert!(!sent(set, "http://localhost:1/oauthor", true, true));
        assert!(!sent(set, "http://127.0.0.1:1/oauth", true, true));
        assert!(!sent(
            "a=1; SameSite=Strict",
            "http://localhost:1/oauth/x",
            false,
            true
        ));
        assert!(!sent(
            "a=1; Secure",
            "https://localhost:1/oauth/x",
            true,
            true
        ));
        assert!(!sent(
            "__Host-a=1; Path=/",
            "http://localhost:1/",
            true,
            true
        ));
        assert!(!sent(
            "a=1; Max-Age=0",
            "http://localhost:1/oauth/x",
            true,
            true
        ));
    }

    #[test]
    fn a_cookie_is_replaced_and_removed() {
        let mut cookies = Cookies::default();
        let from = url("http://localhost:1/oauth/authorize");
        cookies.set(&from, "a=1; Path=/");
        cookies.set(&from, "a=2; Path=/");
        assert_eq!(cookies.value(&from, "a").as_deref(), Some("2"));
        cookies.set(&from, "a=; Path=/; Max-Age=0");
        assert_eq!(cookies.value(&from, "a"), None);
    }
}
