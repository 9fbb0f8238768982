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
}

impl Params {
    /// Reads the address that the browser was sent to, of whatever scheme.
    ///
    /// # Errors
    /// [`LoginFault::NotAnAnswer`].
    pub fn from_url(url: &str) -> Result<Self, LoginFault> {
        let url = Url::parse(url).map_err(|_| LoginFault::NotAnAnswer)?;
        Self::from_query(url.query().unwrap_or_default())
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
