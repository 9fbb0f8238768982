//! Text of a body as the value of a header (MCP 2026-07-28, "Streamable HTTP / Value Encoding"):
//! as it is where a header can carry it, else `=?base64?…?=` around its UTF-8.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const PREFIX: &str = "=?base64?";
const SUFFIX: &str = "?=";

/// What to send for `value`.
pub fn encode(value: &str) -> Cow<'_, str> {
    if is_plain(value) && !(value.starts_with(PREFIX) && value.ends_with(SUFFIX)) {
        Cow::Borrowed(value)
    } else {
        Cow::Owned(format!("{PREFIX}{}{SUFFIX}", STANDARD.encode(value)))
    }
}

/// What was meant by `value`, white space around it already taken off; `None` where it holds
/// characters that no header may, or is marked as base64 and is none. Of several spellings that
/// decoders may take for the same bytes only the canonical one counts: else two readers could
/// read it differently.
pub fn decode(value: &str) -> Option<Cow<'_, str>> {
    if !value.bytes().all(|byte| is_visible(byte) || byte == b'\t') {
        return None;
    }
    let inner = value.strip_prefix(PREFIX);
    let Some(inner) = inner.and_then(|inner| inner.strip_suffix(SUFFIX)) else {
        return Some(Cow::Borrowed(value));
    };
    let bytes = STANDARD.decode(inner).ok()?;
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// Whether a header carries `value` without a change: visible ASCII, and spaces that are not at
/// its ends. A tab would be legal inside, but not every peer leaves it alone.
pub(crate) fn is_plain(value: &str) -> bool {
    value.bytes().all(is_visible) && !value.starts_with(' ') && !value.ends_with(' ')
}

/// Visible, or a space.
fn is_visible(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_written_as_the_specification_shows() {
        for (value, header) in [
            ("us-west1", "us-west1"),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
            ("us é", "=?base64?dXMgw6k=?="),
            ("us west 1", "us west 1"),
            ("us-west1 ", "=?base64?dXMtd2VzdDEg?="),
            ("\tindented", "=?base64?CWluZGVudGVk?="),
            ("a\tb", "=?base64?YQli?="),
            ("line1\r\nline2", "=?base64?bGluZTENCmxpbmUy?="),
            ("\u{7f}", "=?base64?fw==?="),
            ("", ""),
            ("=?base64?SGVsbG8=", "=?base64?SGVsbG8="),
            ("=?BASE64?SGVsbG8=?=", "=?BASE64?SGVsbG8=?="),
            // Prefix and suffix share a character: not every reader would take it as it is.
            ("=?base64?=", "=?base64?PT9iYXNlNjQ/PQ==?="),
        ] {
            assert_eq!(encode(value), header, "{value:?}");
            assert_eq!(decode(header).as_deref(), Some(value), "{header}");
        }
    }

    #[test]
    fn only_canonical_base64_of_text_is_decoded() {
        assert_eq!(decode("=?base64?SGVsbG8=?=").as_deref(), Some("Hello"));
        assert_eq!(decode("=?base64??=").as_deref(), Some(""));
        for header in [
            "=?base64?SGVsbG8?=",
            "=?base64?SGVs!!!bG8=?=",
            "=?base64?SGVsbG9=?=",
            "=?base64?SGVs bG8=?=",
            "=?base64?SGVsbG8==?=",
            "=?base64?_-8=?=",
            "=?base64?/w==?=",
            "caf\u{e9}",
            "a\u{1}",
            "a\u{7f}",
        ] {
            assert_eq!(decode(header), None, "{header:?}");
        }
        // A tab inside is legal where somebody else has put it there.
        assert_eq!(decode("a\tb").as_deref(), Some("a\tb"));
        assert_eq!(decode("SGVsbG8=?=").as_deref(), Some("SGVsbG8=?="));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_plain_and_decodes_to_the_same(value in any::<String>()) {
            let header = encode(&value);
            prop_assert!(is_plain(&header), "{}", header);
            let decoded = decode(&header);
            prop_assert_eq!(decoded.as_deref(), Some(value.as_str()));
        }

        #[test]
        fn there_is_one_spelling_for_each_encoded_value(inner in "[A-Za-z0-9+/=]{0,12}") {
            let header = format!("{PREFIX}{inner}{SUFFIX}");
            if let Some(value) = decode(&header) {
                prop_assert_eq!(STANDARD.encode(value.as_bytes()), inner);
            }
        }
    }
}
