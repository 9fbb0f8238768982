//! Looking into JSON that is known to be valid: members of objects, elements
//! of arrays, the text of strings.

use std::borrow::Cow;

use crate::scan::{Scanner, Span};

/// One member of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The key, quotes excluded, escapes as written.
    pub key: Span,
    /// The value.
    pub value: Span,
}

/// The decoded text of a JSON string value (quotes included in `raw`), or
/// `None` where `raw` is no string.
pub fn string_text(raw: &[u8]) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if memchr::memchr(b'\\', inner).is_none() {
        return std::str::from_utf8(inner).ok().map(Cow::Borrowed);
    }
    serde_json::from_slice::<String>(raw).ok().map(Cow::Owned)
}

/// The members of an object that is already known to be valid JSON; empty for
/// any other value.
pub fn members(object: &[u8]) -> Members<'_> {
    let mut scanner = Scanner::new(object, usize::MAX);
    scanner.space();
    let open = scanner.eat(b'{');
    Members {
        scanner,
        open,
        first: true,
    }
}

/// The spans of an array's elements; `None` for any other value. The text must
/// be known to be valid JSON.
pub fn array_elements(array: &[u8]) -> Option<Vec<Span>> {
    let mut scanner = Scanner::new(array, usize::MAX);
    scanner.space();
    if !scanner.eat(b'[') {
        return None;
    }
    let mut elements = Vec::new();
    loop {
        scanner.space();
        if scanner.eat(b']') {
            return Some(elements);
        }
        if !elements.is_empty() {
            scanner.expect(b',').ok()?;
            scanner.space();
        }
        elements.push(scanner.value().ok()?);
    }
}

/// Iterates over the members of an object.
#[derive(Debug)]
pub struct Members<'a> {
    scanner: Scanner<'a>,
    open: bool,
    first: bool,
}

impl Iterator for Members<'_> {
    type Item = Member;

    fn next(&mut self) -> Option<Member> {
        if !self.open {
            return None;
        }
        let member = self
            .scanner
            .member(std::mem::take(&mut self.first))
            .ok()
            .flatten()
            .map(|(key, value)| Member { key, value });
        self.open = member.is_some();
        member
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_elements_are_found_where_they_lie() {
        let text = br#" {"a" : [1, 2] , "b\"":"x"}"#;
        let found: Vec<_> = members(text)
            .map(|member| (member.key.of(text), member.value.of(text)))
            .collect();
        assert_eq!(
            found,
            [(&b"a"[..], &b"[1, 2]"[..]), (&b"b\\\""[..], &b"\"x\""[..])]
        );
        assert_eq!(members(b"[1]").count(), 0);
        let array = b"[ 1 ,[2], {} ]";
        let elements: Vec<_> = array_elements(array)
            .into_iter()
            .flatten()
            .map(|span| span.of(array))
            .collect();
        assert_eq!(elements, [&b"1"[..], b"[2]", b"{}"]);
        assert_eq!(array_elements(b"{}"), None);
    }
}
