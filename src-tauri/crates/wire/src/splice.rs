//! Rewriting a message in a few places and copying everything else as it is.

use crate::scan::Span;

/// `text` with each span replaced by its bytes.
///
/// The spans must not overlap; their order does not matter, except that of several
/// insertions (empty spans) at the same place.
pub fn splice(text: &[u8], edits: &mut [(Span, &[u8])]) -> Vec<u8> {
    edits.sort_by_key(|(span, _)| (span.start, span.end));
    let grown: usize = edits.iter().map(|(_, bytes)| bytes.len()).sum();
    let mut out = Vec::with_capacity(text.len() + grown + 1);
    let mut copied = 0;
    for (span, bytes) in edits {
        debug_assert!(copied <= span.start, "BUG: edits overlap");
        out.extend_from_slice(&text[copied..span.start]);
        out.extend_from_slice(bytes);
        copied = span.end;
    }
    out.extend_from_slice(&text[copied..]);
    out
}

/// `text` with one span replaced.
pub fn splice_one(text: &[u8], span: Span, bytes: &[u8]) -> Vec<u8> {
    splice(text, &mut [(span, bytes)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_around_the_edits_stays_as_it_is() {
        let text = b"abcdefgh";
        let span = |start, end| Span { start, end };
        assert_eq!(
            splice(text, &mut [(span(6, 8), b"Z"), (span(1, 3), b"12345")]),
            b"a12345defZ"
        );
        assert_eq!(splice(text, &mut []), text);
        assert_eq!(splice_one(text, span(0, 8), b""), b"");
        assert_eq!(
            splice(
                text,
                &mut [(span(2, 8), b"z"), (span(2, 2), b"x"), (span(2, 2), b"y")]
            ),
            b"abxyz"
        );
    }
}
