//! Where a remote server is. Its address may hold secrets (a password, a token
//! in the query), so what is shown of it is scheme, host, port and path alone.

use std::fmt;

use reqwest::Url;

/// A shorter value in a query is taken for a setting rather than a secret.
const SECRET: usize = 8;

/// The address of a server, as configured.
pub(super) struct Address(String);

impl Address {
    /// Takes it as it stands in the config.
    pub(super) fn new(url: &str) -> Self {
        Self(url.to_owned())
    }

    /// All of it, to send requests to; never to be shown.
    pub(super) fn secret(&self) -> &str {
        &self.0
    }

    /// What may be shown of a redirect's target, which may be relative.
    pub(super) fn moved(&self, location: &str) -> Option<String> {
        shown(&Url::parse(&self.0).ok()?.join(location).ok()?)
    }

    /// What a server said, without the secrets of this address that it repeats.
    pub(super) fn censor(&self, said: &str) -> String {
        let Ok(url) = Url::parse(&self.0) else {
            return said.to_owned();
        };
        let mut secrets: Vec<String> = url.password().map(str::to_owned).into_iter().collect();
        secrets.extend(url.query().map(str::to_owned));
        let values = url.query_pairs().map(|(_, value)| value.into_owned());
        secrets.extend(values.filter(|value| value.len() >= SECRET));
        let kept = secrets.iter().filter(|secret| !secret.is_empty());
        kept.fold(said.to_owned(), |said, secret| said.replace(secret, "…"))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = Url::parse(&self.0).ok().and_then(|url| shown(&url));
        formatter.write_str(shown.as_deref().unwrap_or("its `url`"))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// What may be shown of a configured address.
pub(crate) fn public(url: &str) -> String {
    Address::new(url).to_string()
}

/// `None` for what has no host: its secrets cannot be told apart.
fn shown(url: &Url) -> Option<String> {
    let (scheme, host, path) = (url.scheme(), url.host_str()?, url.path());
    Some(match url.port() {
        Some(port) => format!("{scheme}://{host}:{port}{path}"),
        None => format!("{scheme}://{host}{path}"),
    })
}

/// What went wrong, without the address that the library adds. The innermost
/// error says it; the outer ones only that something did.
pub(super) fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let address = Address::new("https://me:pass@host.example:8443/a/mcp?key=k-1#x");
        assert_eq!(address.to_string(), "https://host.example:8443/a/mcp");
        assert_eq!(format!("{address:?}"), address.to_string());
        assert_eq!(Address::new("me:pass@").to_string(), "its `url`");
        let keyed = Address::new("http://host/mcp?mode=on&key=k%2D1234567");
        assert_eq!(
            keyed.censor("no /mcp?mode=on&key=k%2D1234567, no k-1234567, mode on"),
            "no /mcp?…, no …, mode on"
        );
        let moved = |location| address.moved(location);
        assert_eq!(
            moved("/b?key=k-2").as_deref(),
            Some("https://host.example:8443/b")
        );
        assert_eq!(
            moved("http://you:word@[::1]:9/c?t=1").as_deref(),
            Some("http://[::1]:9/c")
        );
    }
}
