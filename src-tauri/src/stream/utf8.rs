//! Text out of bytes that are cut anywhere. Pure.

/// Keeps what is not a whole character yet.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    begun: Vec<u8>,
}

// === impl Pieces ===

impl Pieces {
    /// The characters that are whole now. What can be none becomes U+FFFD, as in a browser.
    pub(super) fn push(&mut self, bytes: &[u8]) -> String {
        self.begun.extend_from_slice(bytes);
        let rest = self
            .begun
            .split_off(self.begun.len() - unfinished(&self.begun));
        let whole = std::mem::replace(&mut self.begun, rest);
        String::from_utf8_lossy(&whole).into_owned()
    }

    /// What was begun and will not be finished.
    pub(super) fn rest(self) -> String {
        String::from_utf8_lossy(&self.begun).into_owned()
    }
}

/// How many bytes at the end are the beginning of a character.
fn unfinished(bytes: &[u8]) -> usize {
    // A character has at most four bytes, so its beginning at most three.
    let longest = bytes.len().min(3);
    (1..=longest)
        .rev()
        .find(|&length| {
            let end = &bytes[bytes.len() - length..];
            matches!(std::str::from_utf8(end), Err(error) if error.valid_up_to() == 0 && error.error_len().is_none())
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cut_of_a_text_gives_the_text() {
        let text = "a é 服 🦀 end";
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let bytes = text.as_bytes();
                let mut pieces = Pieces::default();
                let mut read = pieces.push(&bytes[..first]);
                read += &pieces.push(&bytes[first..second]);
                read += &pieces.push(&bytes[second..]);
                assert_eq!(read, text, "cut at {first} and {second}");
                assert_eq!(pieces.rest(), "");
            }
        }
    }

    #[test]
    fn what_is_no_text_is_marked_and_nothing_waits_for_it() {
        let mut pieces = Pieces::default();
        assert_eq!(pieces.push(b"a\xffb"), "a\u{fffd}b");
        assert_eq!(pieces.push(b"\xe6\x9c"), "");
        assert_eq!(pieces.push(b"c"), "\u{fffd}c");
        assert_eq!(pieces.push(b"\xf0\x9f"), "");
        assert_eq!(pieces.rest(), "\u{fffd}");
    }
}
