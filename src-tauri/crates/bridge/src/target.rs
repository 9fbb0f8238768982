//! Which gateway the bridge talks to.

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// The address that the gateway has unless told otherwise.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:4298/mcp";

/// A gateway's Streamable HTTP endpoint and what is sent along with every request.
#[derive(Debug, Clone)]
pub struct Target {
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
}

/// Why an address or a header cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No absolute http or https URL.
    #[error("not an http or https URL: {0}")]
    Url(String),
    /// Not `Name: value`.
    #[error("not a header of the form \"Name: value\": {0}")]
    Header(String),
}

impl Target {
    /// The endpoint behind an address as users write it: `…/sse`, the address
    /// of the older transport, means `…/mcp` of the same gateway, and so does
    /// an address without a path.
    ///
    /// # Errors
    /// [`TargetError::Url`]
    pub fn new(address: &str) -> Result<Self, TargetError> {
        let refused = || TargetError::Url(address.to_owned());
        let mut url = Url::parse(address.trim()).map_err(|_| refused())?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(refused());
        }
        let path = url.path().trim_end_matches('/');
        let path = match path.strip_suffix("/sse") {
            Some(before) => format!("{before}/mcp"),
            None if path.is_empty() => "/mcp".to_owned(),
            None => path.to_owned(),
        };
        url.set_path(&path);
        url.set_fragment(None);
        Ok(Self {
            url,
            headers: HeaderMap::new(),
        })
    }

    /// The same with another header, written `Name: value`.
    ///
    /// # Errors
    /// [`TargetError::Header`]; it names the header only, never its value.
    pub fn with_header(mut self, header: &str) -> Result<Self, TargetError> {
        let (name, value) = header
            .split_once(':')
            .ok_or_else(|| TargetError::Header(header.to_owned()))?;
        let refused = || TargetError::Header(name.trim().to_owned());
        let parsed: HeaderName = name.trim().parse().map_err(|_| refused())?;
        let mut value: HeaderValue = value.trim().parse().map_err(|_| refused())?;
        value.set_sensitive(true);
        self.headers.append(parsed, value);
        Ok(self)
    }

    /// Whether the gateway runs on this machine, so that no proxy lies between.
    pub(crate) fn is_local(&self) -> bool {
        let host = self
            .url
            .host_str()
            .unwrap_or_default()
            .trim_matches(['[', ']']);
        host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(address: &str) -> String {
        Target::new(address).expect("an address").url.to_string()
    }

    #[test]
    fn addresses_of_the_older_transport_and_bare_ones_mean_the_endpoint() {
        assert_eq!(url(DEFAULT_URL), DEFAULT_URL);
        assert_eq!(
            url("http://localhost:4298/sse"),
            "http://localhost:4298/mcp"
        );
        assert_eq!(
            url("http://localhost:4298/sse/"),
            "http://localhost:4298/mcp"
        );
        assert_eq!(url("http://localhost:4298"), "http://localhost:4298/mcp");
        assert_eq!(
            url("https://team.example/gw/ecs/mcp?x=1"),
            "https://team.example/gw/ecs/mcp?x=1"
        );
    }

    #[test]
    fn what_is_no_address_or_header_is_refused() {
        assert!(Target::new("localhost:4298").is_err());
        assert!(Target::new("ftp://localhost/mcp").is_err());
        assert!(Target::new("").is_err());
        let target = Target::new(DEFAULT_URL).expect("an address");
        assert_eq!(
            target.clone().with_header("no colon").err(),
            Some(TargetError::Header("no colon".to_owned()))
        );
        assert_eq!(
            target
                .clone()
                .with_header("a b: secret")
                .err()
                .map(|error| error.to_string().contains("secret")),
            Some(false)
        );
        assert_eq!(
            target
                .with_header("Authorization: Bearer x")
                .map(|target| target.headers.len()),
            Ok(1)
        );
    }

    #[test]
    fn only_loopback_counts_as_local() {
        for (address, local) in [
            ("http://127.0.0.1:1/mcp", true),
            ("http://[::1]:1/mcp", true),
            ("http://localhost:1/mcp", true),
            ("http://localhost.example/mcp", false),
            ("https://10.0.0.1/mcp", false),
        ] {
            assert_eq!(
                Target::new(address).expect("an address").is_local(),
                local,
                "{address}"
            );
        }
    }
}
