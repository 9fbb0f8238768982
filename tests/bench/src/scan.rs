//! Finds members of a JSON object without parsing the rest.
//!
//! It trusts its input: messages here come from this crate's own programs and
//! from the gateway under test. It stops as soon as every wanted key is found.

use std::ops::Range;

use memchr::memchr2;

/// Where the values of `keys` lie in the object that starts at `text`'s first
/// brace; `None` for a key that is absent. Escaped keys are not recognised.
pub fn members<const N: usize>(text: &[u8], keys: [&str; N]) -> [Option<Range<usize>>; N] {
    let mut found = [const { None }; N];
    let mut missing = N;
    let Some(mut at) = text.iter().position(|byte| *byte == b'{') else {
        return found;
    };
    at += 1;
    while missing > 0 {
        at = skip(text, at, b" \t\r\n,");
        if text.get(at) != Some(&b'"') {
            break;
        }
        let key_end = string_end(text, at);
        let key = text
            .get(at + 1..key_end.saturating_sub(1))
            .unwrap_or_default();
        let start = skip(text, key_end, b" \t\r\n:");
        at = value_end(text, start);
        if let Some(index) = keys.iter().position(|wanted| wanted.as_bytes() == key)
            && found[index].is_none()
        {
            found[index] = Some(start..at);
            missing -= 1;
        }
    }
    found
}

fn skip(text: &[u8], from: usize, bytes: &[u8]) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest
        .iter()
        .position(|byte| !bytes.contains(byte))
        .unwrap_or(rest.len())
}

/// One past the closing quote of the string that opens at `from`.
fn string_end(text: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while let Some(offset) = memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
        at += offset;
        if text[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    text.len()
}

fn value_end(text: &[u8], from: usize) -> usize {
    match text.get(from) {
        Some(b'"') => string_end(text, from),
        Some(b'{' | b'[') => container_end(text, from),
        _ => {
            let rest = text.get(from..).unwrap_or_default();
            from + rest
                .iter()
                .position(|byte| b" \t\r\n,}]".contains(byte))
                .unwrap_or(rest.len())
        }
    }
}

fn container_end(text: &[u8], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0_usize);
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                at = string_end(text, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values<const N: usize>(text: &'static str, keys: [&str; N]) -> [Option<&'static str>; N] {
        members(text.as_bytes(), keys).map(|range| range.map(|range| &text[range]))
    }

    #[test]
    fn values_of_every_kind_are_found_whole() {
        let text =
            r#" { "a" : [1,{"id":2}] , "s":"q\"}\\" ,"id": -1.0e5,"o":{"x":"]"},"last":null}"#;
        assert_eq!(
            values(text, ["id", "a", "s", "o", "last", "none"]),
            [
                Some("-1.0e5"),
                Some(r#"[1,{"id":2}]"#),
                Some(r#""q\"}\\""#),
                Some(r#"{"x":"]"}"#),
                Some("null"),
                None
            ]
        );
    }

    #[test]
    fn a_text_that_is_cut_anywhere_is_survived() {
        let text = r#"{"a":[1,{"b":"\""}],"id":7,"z":"\\"}"#;
        for cut in 0..text.len() {
            members(&text.as_bytes()[..cut], ["id", "nowhere"]);
        }
    }
}
