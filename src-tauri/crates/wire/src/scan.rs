//! A validating JSON scanner that builds nothing: it walks the text once,
//! checks it against RFC 8259 and tells where values lie.
//!
//! `serde_json` would do for most of this, but its raw values neither bound
//! the nesting nor give byte positions, and both are needed here: a message
//! 200,000 levels deep must be refused before any recursive parser behind the
//! gateway meets it, and rewriting a message means knowing where to cut.

use std::ops::Range;

/// A half-open range of bytes in the text that was scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// Why and where a text is not acceptable JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {at}")]
pub struct Fault {
    /// Byte offset.
    pub at: usize,
    /// What is wrong there.
    pub kind: FaultKind,
}

/// What can be wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// It stops in the middle of a value.
    #[error("unexpected end of JSON")]
    End,
    /// A byte that cannot stand here.
    #[error("unexpected character")]
    Character,
    /// A number that RFC 8259 does not allow.
    #[error("malformed number")]
    Number,
    /// A bad escape, or a control character inside a string.
    #[error("malformed string")]
    String,
    /// Something follows the value.
    #[error("trailing characters")]
    Trailing,
    /// Nested deeper than the limit.
    #[error("nested too deeply")]
    Depth,
    /// Not UTF-8.
    #[error("invalid UTF-8")]
    Utf8,
    /// A member that has a meaning appears twice.
    #[error("duplicate member")]
    Duplicate,
}

// === impl Span ===

impl Span {
    /// The bytes of `text` that the span covers.
    pub fn of(self, text: &[u8]) -> &[u8] {
        &text[self.range()]
    }

    /// As a standard range.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// The same span in a text of which the scanned one starts at `offset`.
    pub fn shifted(self, offset: usize) -> Self {
        Self {
            start: self.start + offset,
            end: self.end + offset,
        }
    }
}

// === the scanner ===

/// A cursor over a text. Depth is counted from where the scanner started.
#[derive(Debug, Clone)]
pub(crate) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    depth_limit: usize,
}

/// Bytes that end the plain part of a string: the quote, the backslash and control characters.
const STRING_SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

impl<'a> Scanner<'a> {
    /// A scanner at the start of `text` that refuses nesting beyond `depth_limit`.
    pub(crate) fn new(text: &'a [u8], depth_limit: usize) -> Self {
        Self {
            text,
            at: 0,
            depth_limit,
        }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub(crate) fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.eat(byte) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    pub(crate) fn fault(&self, kind: FaultKind) -> Fault {
        Fault { at: self.at, kind }
    }

    /// Nothing but white space may follow.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        self.space();
        if self.at == self.text.len() {
            Ok(())
        } else {
            Err(self.fault(FaultKind::Trailing))
        }
    }

    /// The next member of an object whose `{` is behind the cursor; `None` at its `}`.
    pub(crate) fn member(&mut self, first: bool) -> Result<Option<(Span, Span)>, Fault> {
        let Some(key) = self.key(first)? else {
            return Ok(None);
        };
        let value = self.value()?;
        Ok(Some((key, value)))
    }

    /// The key of the next member, the cursor left at its value; `None` at the closing brace.
    pub(crate) fn key(&mut self, first: bool) -> Result<Option<Span>, Fault> {
        self.space();
        if self.eat(b'}') {
            return Ok(None);
        }
        if !first {
            self.expect(b',')?;
            self.space();
        }
        let quoted = self.string()?;
        self.space();
        self.expect(b':')?;
        self.space();
        Ok(Some(Span {
            start: quoted.start + 1,
            end: quoted.end - 1,
        }))
    }

    /// Skips one value of any kind and tells where it lies.
    pub(crate) fn value(&mut self) -> Result<Span, Fault> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => return self.string(),
            Some(b'{' | b'[') => self.container()?,
            _ => self.scalar()?,
        }
        Ok(Span {
            start,
            end: self.at,
        })
    }

    /// Skips an object or array without recursion. One bit of `kinds` per open
    /// level tells objects from arrays.
    fn container(&mut self) -> Result<(), Fault> {
        let mut kinds = LevelBits::default();
        let mut depth = 0_usize;
        'value: loop {
            self.space();
            match self.peek() {
                Some(open @ (b'{' | b'[')) => {
                    if depth >= self.depth_limit {
                        return Err(self.fault(FaultKind::Depth));
                    }
                    self.at += 1;
                    kinds.set(depth, open == b'{');
                    depth += 1;
                    self.space();
                    let close = if open == b'{' { b'}' } else { b']' };
                    if self.eat(close) {
                        depth -= 1;
                    } else {
                        if open == b'{' {
                            self.object_key()?;
                        }
                        continue 'value;
                    }
                }
                Some(b'"') => {
                    self.string()?;
                }
                _ => self.scalar()?,
            }
            // A value is complete: go on in the container around it, or close it.
            loop {
                if depth == 0 {
                    return Ok(());
                }
                self.space();
                let object = kinds.get(depth - 1);
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        if object {
                            self.space();
                            self.object_key()?;
                        }
                        continue 'value;
                    }
                    Some(b'}') if object => self.at += 1,
                    Some(b']') if !object => self.at += 1,
                    _ => return Err(self.unexpected()),
                }
                depth -= 1;
            }
        }
    }

    fn object_key(&mut self) -> Result<(), Fault> {
        self.string()?;
        self.space();
        self.expect(b':')
    }

    fn string(&mut self) -> Result<Span, Fault> {
        let start = self.at;
        self.expect(b'"')?;
        loop {
            self.plain();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Span {
                        start,
                        end: self.at,
                    });
                }
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.fault(FaultKind::String)),
                None => return Err(self.fault(FaultKind::End)),
            }
        }
    }

    /// Runs over the plain part of a string, eight bytes at a time.
    fn plain(&mut self) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGH: u64 = 0x8080_8080_8080_8080;
        while let Some(chunk) = self.text.get(self.at..self.at + 8) {
            let word =
                u64::from_le_bytes(chunk.try_into().expect("BUG: eight bytes were asked for"));
            // The classic "has a byte below / equal to n" tests; bytes above
            // 0x7f never count, as their own high bit masks them.
            let control = word.wrapping_sub(ONES * 0x20) & !word;
            let quote = word ^ (ONES * u64::from(b'"'));
            let slash = word ^ (ONES * u64::from(b'\\'));
            let quote = quote.wrapping_sub(ONES) & !quote;
            let slash = slash.wrapping_sub(ONES) & !slash;
            let special = (control | quote | slash) & HIGH;
            if special != 0 {
                // The lowest set bit is exact; only bits above a true one can be borrows.
                self.at += special.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
        while let Some(byte) = self.peek() {
            if STRING_SPECIAL[byte as usize] {
                return;
            }
            self.at += 1;
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    match self.peek() {
                        Some(byte) if byte.is_ascii_hexdigit() => self.at += 1,
                        Some(_) => return Err(self.fault(FaultKind::String)),
                        None => return Err(self.fault(FaultKind::End)),
                    }
                }
                Ok(())
            }
            Some(_) => Err(self.fault(FaultKind::String)),
            None => Err(self.fault(FaultKind::End)),
        }
    }

    fn scalar(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            _ => Err(self.unexpected()),
        }
    }

    fn literal(&mut self, word: &[u8]) -> Result<(), Fault> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn number(&mut self) -> Result<(), Fault> {
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start {
            Ok(())
        } else {
            Err(self.fault(FaultKind::Number))
        }
    }

    fn unexpected(&self) -> Fault {
        self.fault(if self.at >= self.text.len() {
            FaultKind::End
        } else {
            FaultKind::Character
        })
    }
}

/// A growing set of bits that stays on the stack for ordinary nesting.
#[derive(Default)]
struct LevelBits {
    near: u64,
    far: Vec<u64>,
}

impl LevelBits {
    fn set(&mut self, level: usize, bit: bool) {
        let (word, mask) = (level / 64, 1_u64 << (level % 64));
        let word = match word {
            0 => &mut self.near,
            far => {
                if self.far.len() < far {
                    self.far.resize(far, 0);
                }
                &mut self.far[far - 1]
            }
        };
        if bit { *word |= mask } else { *word &= !mask }
    }

    fn get(&self, level: usize) -> bool {
        let word = match level / 64 {
            0 => self.near,
            far => self.far[far - 1],
        };
        word >> (level % 64) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(text: &[u8], depth_limit: usize) -> Result<Span, Fault> {
        let mut scanner = Scanner::new(text, depth_limit);
        scanner.space();
        let span = scanner.value()?;
        scanner.finish()?;
        Ok(span)
    }

    #[test]
    fn odd_but_legal_values_pass() {
        for text in [
            "0",
            "-0.0E+00",
            "123456789012345678901234567890",
            "1E+2",
            "[]",
            "{}",
            r#"[[],{},"",null]"#,
            r#"{"":{"":[1,2,{"a":[true,false]}]}}"#,
            "  [ 1 , 2 ]\n",
            r#""\u0000\/""#,
            "\"\u{1F600}\"",
        ] {
            assert!(whole(text.as_bytes(), 8).is_ok(), "{text}");
        }
    }

    #[test]
    fn malformed_values_are_refused_where_they_go_wrong() {
        for (text, at, kind) in [
            ("", 0, FaultKind::End),
            ("[1,]", 3, FaultKind::Character),
            ("{\"a\" 1}", 5, FaultKind::Character),
            ("01", 1, FaultKind::Trailing),
            ("1.", 2, FaultKind::Number),
            ("\"a\nb\"", 2, FaultKind::String),
            ("\"abcdefghijk\u{1}\"", 12, FaultKind::String),
            (r#""\x""#, 2, FaultKind::String),
            ("[1}", 2, FaultKind::Character),
            ("nul", 0, FaultKind::Character),
            ("[1] 2", 4, FaultKind::Trailing),
        ] {
            assert_eq!(whole(text.as_bytes(), 8), Err(Fault { at, kind }), "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded_without_recursion() {
        let deep = |levels: usize| [b"[".repeat(levels), b"]".repeat(levels)].concat();
        assert!(whole(&deep(512), 512).is_ok());
        assert_eq!(
            whole(&deep(513), 512).map_err(|fault| fault.kind),
            Err(FaultKind::Depth)
        );
        assert!(whole(&deep(200_000), usize::MAX).is_ok());
        let mixed = "{\"a\":[".repeat(100) + "1" + &"]}".repeat(100);
        assert!(whole(mixed.as_bytes(), 200).is_ok());
    }

    proptest! {
        /// The scanner accepts exactly what serde_json accepts (which ignores depth for ignored values).
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}",:a\\u0-9eE.+\- tfn\x01]{0,24}"#) {
            let theirs = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
            prop_assert_eq!(whole(text.as_bytes(), usize::MAX).is_ok(), theirs, "{}", text);
        }

        #[test]
        fn agrees_on_mutated_documents(cut in 0_usize..160, byte in any::<u8>()) {
            let mut text = br#"{"jsonrpc":"2.0","id":"a\u00e9\n","params":{"x":[1.5e3,-0,{"y":null}],"long":"0123456789 abcdefghij \" 0123"},"t":[true,false]}"#.to_vec();
            let cut = cut % text.len();
            text[cut] = byte & 0x7f;
            let theirs = serde_json::from_slice::<&serde_json::value::RawValue>(&text).is_ok();
            prop_assert_eq!(whole(&text, usize::MAX).is_ok(), theirs, "{}", String::from_utf8_lossy(&text));
        }
    }
}
