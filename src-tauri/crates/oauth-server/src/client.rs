//! The clients that ask for access: what is known of one, and what may be registered.
//!
//! Pure. Three kinds, and each always needs consent: a client that registered itself
//! (RFC 7591), one whose id is the URL of its own description (CIMD), and one that just
//! says a name. The last kind is for programs that are given an id by hand; since any
//! program on this machine could take part in its place anyway, an unknown id is good
//! with a loopback address and with no other.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::redirect::Redirect;

/// Most redirect addresses of a client.
const MOST_REDIRECTS: usize = 16;
/// Longest name that is shown, in characters.
const LONGEST_NAME: usize = 64;
/// Longest client id, in bytes.
pub(crate) const LONGEST_ID: usize = 512;

/// A client, as it is shown to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

/// How a client is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It registered itself, so its name is its own claim.
    Registered,
    /// The host of the description that it goes by.
    Described(String),
    /// Nothing is known but the id.
    Named,
}

/// A client that registered itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Registered {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) created: u64,
    /// When it was last allowed something; a client that never was is forgotten.
    pub(crate) last_granted: Option<u64>,
}

/// Why a client cannot be registered: the error code of RFC 7591, section 3.2.2, and
/// what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfit {
    pub(crate) error: &'static str,
    pub(crate) why: String,
}

// === impl Client ===

impl Client {
    pub(crate) fn named(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: shown(id).unwrap_or_else(|| "?".to_owned()),
            kind: Kind::Named,
        }
    }
}

// === impl Registered ===

impl Registered {
    /// Reads a registration request.
    pub(crate) fn read(id: String, asked: &Map<String, Value>, now: u64) -> Result<Self, Unfit> {
        let redirect_uris = redirects(asked)?;
        let offers = |key: &str, wanted: &str| match asked.get(key) {
            None | Some(Value::Null) => true,
            Some(Value::Array(given)) => given.iter().any(|value| value == wanted),
            Some(_) => false,
        };
        if !offers("grant_types", "authorization_code") {
            return Err(Unfit::metadata(
                "grant_types must contain authorization_code",
            ));
        }
        if !offers("response_types", "code") {
            return Err(Unfit::metadata("response_types must contain code"));
        }
        Ok(Self {
            id,
            name: asked
                .get("client_name")
                .and_then(Value::as_str)
                .and_then(shown),
            redirect_uris,
            created: now,
            last_granted: None,
        })
    }

    /// The answer to its registration: what it asked for, and what it got. Every client
    /// is a public one, whatever it would rather be; PKCE does what a secret would.
    pub(crate) fn answer(&self, asked: &Map<String, Value>) -> Value {
        let mut answer = json!({
            "client_id": self.id,
            "client_id_issued_at": self.created,
            "redirect_uris": self.redirect_uris,
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
        });
        for key in [
            "client_name",
            "client_uri",
            "logo_uri",
            "scope",
            "contacts",
            "tos_uri",
            "policy_uri",
            "software_id",
            "software_version",
            "application_type",
        ] {
            if let Some(value) = asked.get(key).filter(|value| !value.is_null()) {
                answer[key] = value.clone();
            }
        }
        answer
    }

    pub(crate) fn client(&self) -> Client {
        Client {
            id: self.id.clone(),
            name: self.name.clone().unwrap_or_else(|| self.id.clone()),
            kind: Kind::Registered,
        }
    }

    /// Whether an address is one of those it registered.
    pub(crate) fn owns(&self, presented: &Redirect) -> bool {
        owns(&self.redirect_uris, presented)
    }
}

/// Whether an address is one of a list of registered ones.
pub(crate) fn owns(registered: &[String], presented: &Redirect) -> bool {
    registered
        .iter()
        .filter_map(|text| Redirect::parse(text).ok())
        .any(|redirect| redirect.matches(presented))
}

/// The redirect addresses in a client's description of itself.
pub(crate) fn redirects(described: &Map<String, Value>) -> Result<Vec<String>, Unfit> {
    let unfit = |why: String| Unfit {
        error: "invalid_redirect_uri",
        why,
    };
    let Some(Value::Array(given)) = described.get("redirect_uris") else {
        return Err(unfit("redirect_uris must be a list".to_owned()));
    };
    if given.is_empty() || given.len() > MOST_REDIRECTS {
        return Err(unfit(format!(
            "redirect_uris must have between 1 and {MOST_REDIRECTS} entries"
        )));
    }
    given
        .iter()
        .map(|value| {
            let text = value
                .as_str()
                .ok_or_else(|| unfit("redirect_uris must be texts".to_owned()))?;
            match Redirect::parse(text) {
                Ok(redirect) => Ok(redirect.as_str().to_owned()),
                Err(refused) => Err(unfit(format!("a redirect address {}", refused.why().0))),
            }
        })
        .collect()
}

/// A name as it may be shown: one line, of bounded length, without characters that
/// are invisible or turn the direction of reading.
pub(crate) fn shown(name: &str) -> Option<String> {
    let invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let clean: String = name
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !invisible(*c))
        .collect();
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if clean.is_empty() {
        None
    } else if clean.chars().count() > LONGEST_NAME {
        Some(clean.chars().take(LONGEST_NAME - 1).chain(['…']).collect())
    } else {
        Some(clean)
    }
}

// === impl Unfit ===

impl Unfit {
    fn metadata(why: &str) -> Self {
        Self {
            error: "invalid_client_metadata",
            why: why.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(asked: Value) -> Result<Registered, Unfit> {
        let Value::Object(asked) = asked else {
            panic!("an object");
        };
        Registered::read("id".to_owned(), &asked, 7)
    }

    #[test]
    fn a_client_gets_what_it_asked_for_except_secrets() {
        let asked = json!({
            "client_name": "Claude Code", "redirect_uris": ["http://localhost:7/callback"],
            "token_endpoint_auth_method": "client_secret_basic", "application_type": "native",
            "grant_types": ["authorization_code"], "response_types": ["code"], "unknown": 1,
        });
        let client = read(asked.clone()).expect("fits");
        assert_eq!(
            client.answer(asked.as_object().expect("an object")),
            json!({
                "client_id": "id", "client_id_issued_at": 7,
                "redirect_uris": ["http://localhost:7/callback"],
                "token_endpoint_auth_method": "none",
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
                "client_name": "Claude Code", "application_type": "native",
            })
        );
    }

    #[test]
    fn a_client_that_could_not_sign_in_is_not_registered() {
        let check = |asked: Value, error| {
            assert_eq!(
                read(asked.clone()).expect_err("unfit").error,
                error,
                "{asked}"
            );
        };
        check(json!({}), "invalid_redirect_uri");
        check(json!({"redirect_uris": []}), "invalid_redirect_uri");
        check(
            json!({"redirect_uris": "http://localhost/"}),
            "invalid_redirect_uri",
        );
        check(json!({"redirect_uris": [1]}), "invalid_redirect_uri");
        check(
            json!({"redirect_uris": ["http://localhost/", "javascript:alert(1)"]}),
            "invalid_redirect_uri",
        );
        check(
            json!({"redirect_uris": ["http://localhost/"], "grant_types": ["client_credentials"]}),
            "invalid_client_metadata",
        );
        check(
            json!({"redirect_uris": ["http://localhost/"], "response_types": ["token"]}),
            "invalid_client_metadata",
        );
    }

    #[test]
    fn a_name_cannot_pretend() {
        assert_eq!(shown("  Claude\n Code "), Some("Claude Code".to_owned()));
        assert_eq!(shown("a\u{202e}b\u{200b}\u{0}c"), Some("abc".to_owned()));
        assert_eq!(shown("\u{200b}"), None);
        assert_eq!(
            shown(&"x".repeat(500)).expect("a name").chars().count(),
            LONGEST_NAME
        );
    }
}
