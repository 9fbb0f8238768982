//! What the browser brings back from an authorization server. Pure.

use url::{Url, form_urlencoded};
use vault::Secret;

use crate::fault::LoginFault;

/// The parameters of an authorization response (RFC 6749, section 4.1.2; RFC
/// 9207, section 2). `Debug` shows no code.
#[derive(Debug, Clone, Default)]
pub struct Params {
    pub(crate) state: Option<Secret>,
    pub(crate) code: Option<Secret>,
    pub(crate) error: Option<String>,
    pub(crate) error_description: Option<String>,
    pub(crate) iss: Option<String>,
    /// Where the browser was sent, if known: the address without its query.
    pub(crate) at: Option<Url>,
}

impl Params {
    /// Reads the address that the browser was sent to, of whatever scheme.
    ///
    /// # Errors
    /// [`LoginFault::NotAnAnswer`].
    pub fn from_url(url: &str) -> Result<Self, LoginFault> {
        let url = Url::parse(url).map_err(|_| LoginFault::NotAnAnswer)?;
        let mut params = Self::from_query(url.query().unwrap_or_default())?;
        params.at = Some(bare(url));
        Ok(params)
    }

    /// Reads a query string.
    ///
    /// # Errors
    /// [`LoginFault::NotAnAnswer`]: there is neither a code nor an error with a
    /// state, or a parameter is there twice.
    pub fn from_query(query: &str) -> Result<Self, LoginFault> {
        let mut params = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            let twice = match &*name {
                "state" => params.state.replace(Secret::new(value)).is_some(),
                "code" => params.code.replace(Secret::new(value)).is_some(),
                "error" => params.error.replace(value).is_some(),
                "error_description" => params.error_description.replace(value).is_some(),
                "iss" => params.iss.replace(value).is_some(),
                _ => false,
            };
            if twice {
                return Err(LoginFault::NotAnAnswer);
            }
        }
        if params.state.is_none() || (params.code.is_none() && params.error.is_none()) {
            return Err(LoginFault::NotAnAnswer);
        }
        Ok(params)
    }

    /// Whether the answer came to the address that its sign-in named, as far as
    /// that is known. A server that misuses the sign-in of another one cannot
    /// choose that address freely (RFC 9700, section 4.4.2.2).
    pub(crate) fn came_to(&self, redirect_uri: &Url) -> bool {
        self.at
            .as_ref()
            .is_none_or(|at| *at == bare(redirect_uri.clone()))
    }
}

/// Without its query; systems that hand on deep links may add a slash.
fn bare(mut url: Url) -> Url {
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    url
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_deep_link_is_read() {
        let params =
            Params::from_url("mcp-gateway://oauth/callback?code=planted&state=s%2Bt&x=y").unwrap();
        assert_eq!(params.state, Some(Secret::new("s+t")));
        assert!(!format!("{params:?}").contains("planted"));
    }

    #[test]
    fn an_answer_comes_to_the_address_of_its_sign_in() {
        let came = |at: &str, redirect: &str| {
            let params = Params::from_url(&format!("{at}?code=c&state=s")).unwrap();
            params.came_to(&Url::parse(redirect).unwrap())
        };
        let deep = "mcp-gateway://oauth/callback";
        assert!(came(deep, deep));
        assert!(came("mcp-gateway://oauth/callback/", deep));
        assert!(came("http://localhost:3000/cb", "http://localhost:3000/cb"));
        assert!(!came(deep, "http://localhost:4298/oauth/callback"));
        assert!(!came("mcp-gateway://other/callback", deep));
        let unknown = Params::from_query("code=c&state=s").unwrap();
        assert!(unknown.came_to(&Url::parse(deep).unwrap()));
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for query in [
            "",
            "code=c",
            "state=s",
            "state=s&state=t&code=c",
            "state=s&code=c&code=d",
            "state=s&code=c&iss=a&iss=b",
        ] {
            assert_eq!(
                Params::from_query(query).err(),
                Some(LoginFault::NotAnAnswer),
                "{query}"
            );
        }
        assert!(Params::from_url("nonsense").is_err());
    }
}
