//! Who signed in. Pure, but for the random subject.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::fault::shown;

/// Who signed in, as the provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Unique and lasting at its provider. Where the provider does not say who
    /// signed in: random, new at every sign-in.
    pub subject: String,
    /// To be shown; may be missing, and proves nothing.
    pub name: Option<String>,
}

/// What an id token or a userinfo document says; unknown members are let be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) subject: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Document {
    sub: Option<serde_json::Value>,
    uid: Option<serde_json::Value>,
    aid: Option<serde_json::Value>,
    name: Option<serde_json::Value>,
    login_name: Option<serde_json::Value>,
    upn: Option<serde_json::Value>,
    preferred_username: Option<serde_json::Value>,
    email: Option<serde_json::Value>,
}

impl Claims {
    /// The claims of an id token. Its signature is not checked: it came over
    /// TLS from the token endpoint itself, which OpenID Connect Core, section
    /// 3.1.3.7, lets stand in for it, and it serves for equality and display
    /// alone.
    pub(crate) fn id_token(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        Self::document(&payload)
    }

    /// The claims of a userinfo answer. Alibaba Cloud's have `uid` (the RAM
    /// user) and `aid` (the account) beside or instead of `sub`.
    pub(crate) fn document(json: &[u8]) -> Option<Self> {
        let document: Document = serde_json::from_slice(json).ok()?;
        let first = |values: Vec<Option<serde_json::Value>>| {
            values.into_iter().flatten().find_map(|value| text(&value))
        };
        Some(Self {
            subject: first(vec![document.sub, document.uid, document.aid]),
            name: first(vec![
                document.name,
                document.login_name,
                document.upn,
                document.preferred_username,
                document.email,
            ]),
        })
    }

    /// Whether asking userinfo could add something.
    pub(crate) fn whole(&self) -> bool {
        self.subject.is_some() && self.name.is_some()
    }

    /// These claims, completed by others; not if those are of somebody else
    /// (OpenID Connect Core, section 5.3.2).
    pub(crate) fn or(self, other: Self) -> Self {
        if let (Some(mine), Some(theirs)) = (&self.subject, &other.subject)
            && mine != theirs
        {
            return self;
        }
        Self {
            subject: self.subject.or(other.subject),
            name: self.name.or(other.name),
        }
    }

    /// Who that is; `random` is taken where no subject is known.
    pub(crate) fn identity(self, random: impl FnOnce() -> String) -> Identity {
        Identity {
            subject: self.subject.unwrap_or_else(random),
            name: self.name,
        }
    }
}

fn text(value: &serde_json::Value) -> Option<String> {
    let text = match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) => number.to_string(),
        _ => return None,
    };
    // A subject that was cut or cleaned could equal another's: only a whole,
    // plain one counts.
    shown(&text, &[]).filter(|shown| *shown == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn an_id_token_says_who_signed_in() {
        let claims = Claims::id_token(&token(r#"{"sub":"s1","uid":2,"name":"林"}"#));
        assert_eq!(
            claims.map(|c| c.identity(String::new)),
            Some(Identity {
                subject: "s1".into(),
                name: Some("林".into())
            })
        );
        let uid = Claims::id_token(&token(r#"{"uid":2891,"aid":"5","upn":"a@b"}"#));
        assert_eq!(
            uid.map(|c| c.identity(String::new).subject),
            Some("2891".into())
        );
    }

    #[test]
    fn broken_tokens_say_nothing() {
        for broken in ["", "a.b", "a.%%%.c", "e30.bm8.x", "opaque"] {
            assert_eq!(Claims::id_token(broken), None, "{broken}");
        }
        let strange = Claims::id_token(&token(r#"{"sub":["x"],"name":"a\nb"}"#));
        assert_eq!(strange, Some(Claims::default()));
    }

    #[test]
    fn userinfo_of_somebody_else_is_not_mixed_in() {
        let me = Claims {
            subject: Some("me".into()),
            name: None,
        };
        let other = Claims {
            subject: Some("you".into()),
            name: Some("You".into()),
        };
        assert_eq!(me.clone().or(other), me);
        let mine = Claims {
            subject: None,
            name: Some("Me".into()),
        };
        assert_eq!(
            me.or(mine).identity(String::new).name.as_deref(),
            Some("Me")
        );
    }
}
