//! Text as the value of a header (MCP 2026-07-28, "Streamable HTTP / Value Encoding"), written
//! and read here by a few lines of the tests' own: what the gateway does with it is under test.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// `text` as it is where a header can carry it, else as base64 between marks.
pub(crate) fn encode(text: &str) -> String {
    let is_plain = text.chars().all(|letter| (' '..='~').contains(&letter)) && text.trim() == text;
    if is_plain && inner(text).is_none() {
        return text.to_owned();
    }
    format!("=?base64?{}?=", STANDARD.encode(text))
}

/// What a value says; `None` where it is marked as base64 and is none.
pub(crate) fn decode(value: &str) -> Option<String> {
    match inner(value) {
        Some(inner) => String::from_utf8(STANDARD.decode(inner).ok()?).ok(),
        None => Some(value.to_owned()),
    }
}

fn inner(text: &str) -> Option<&str> {
    text.strip_prefix("=?base64?")?.strip_suffix("?=")
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn the_examples_of_the_specification_hold() {
        for (text, value) in [
            ("us-west1", "us-west1"),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
            ("", ""),
        ] {
            assert_eq!(encode(text), value, "{text:?}");
            assert_eq!(decode(value).as_deref(), Some(text), "{value}");
        }
        assert_eq!(decode("=?base64?SGVsbG8?="), None);
    }
}
