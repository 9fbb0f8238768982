//! What stands between two values of a file: spaces, line ends, comments, one comma.
//!
//! Pure functions over such a gap. The gaps come from a text that has been parsed, so nothing
//! else is in them.

use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Space,
    LineEnd,
    LineComment,
    BlockComment,
    Comma,
}

#[derive(Debug, Clone)]
struct Token {
    kind: Kind,
    range: Range<usize>,
}

/// A gap behind a value, divided among the two it separates.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Behind<'t> {
    /// Between the value and its comma; empty without a comma.
    pub(super) after: &'t str,
    pub(super) comma: bool,
    /// What else stands on the value's last line, if only comments and spaces do.
    pub(super) beside: &'t str,
    /// What belongs to the next value or to the closing bracket.
    pub(super) rest: &'t str,
}

/// Divides the gap behind a value, or behind an opening bracket, which has no comma.
/// `last`: the closing bracket follows.
pub(super) fn behind(gap: &str, last: bool) -> Behind<'_> {
    let tokens: Vec<Token> = tokens(gap).collect();
    let comma = tokens.iter().position(|token| token.kind == Kind::Comma);
    let (after_end, line_start, first) = match comma {
        Some(at) => (tokens[at].range.start, tokens[at].range.end, at + 1),
        None => (0, 0, 0),
    };
    let mut remarks_end = line_start;
    let mut line_end = None;
    for token in &tokens[first..] {
        match token.kind {
            Kind::LineComment | Kind::BlockComment => remarks_end = token.range.end,
            Kind::LineEnd => {
                line_end = Some(token.range.start);
                break;
            }
            Kind::Space | Kind::Comma => {}
        }
    }
    // A comment with a further value behind it on the same line is about that value.
    let beside_end = line_end.unwrap_or(if last { remarks_end } else { line_start });
    Behind {
        after: &gap[..after_end],
        comma: comma.is_some(),
        beside: &gap[line_start..beside_end],
        rest: &gap[beside_end..],
    }
}

/// A gap up to the end of the line that its last comment ends on; empty without comments.
pub(super) fn remarks(gap: &str) -> &str {
    let mut end = 0;
    let mut on_its_line = false;
    for token in tokens(gap) {
        match token.kind {
            Kind::LineComment | Kind::BlockComment => {
                end = token.range.end;
                on_its_line = true;
            }
            Kind::LineEnd if on_its_line => {
                end = token.range.start;
                on_its_line = false;
            }
            _ => {}
        }
    }
    &gap[..end]
}

/// Where the last line of a gap begins, at the line end before it; `None` for a gap within a line.
pub(super) fn last_line(gap: &str) -> Option<usize> {
    line_ends(gap).last()
}

pub(super) fn has_line_end(gap: &str) -> bool {
    line_ends(gap).next().is_some()
}

pub(super) fn has_comment(gap: &str) -> bool {
    tokens(gap).any(|token| token.is_comment())
}

/// Whether what follows the gap on the same line would be part of a comment.
pub(super) fn ends_in_line_comment(gap: &str) -> bool {
    let last = tokens(gap).filter(|token| token.kind != Kind::Space).last();
    last.is_some_and(|token| token.kind == Kind::LineComment)
}

/// Whether a gap that begins with a line end has an empty line right after it.
pub(super) fn begins_with_empty_line(gap: &str) -> bool {
    let mut kinds = tokens(gap)
        .map(|token| token.kind)
        .filter(|kind| *kind != Kind::Space);
    kinds.next() == Some(Kind::LineEnd) && kinds.next() == Some(Kind::LineEnd)
}

/// A gap that begins with a line end, without the empty lines at its beginning.
pub(super) fn without_empty_lines(gap: &str) -> &str {
    let mut start = 0;
    for token in tokens(gap) {
        match token.kind {
            Kind::LineEnd => start = token.range.start,
            Kind::Space => {}
            _ => break,
        }
    }
    &gap[start..]
}

/// The spaces at the beginning of the last line of a gap; empty for a gap within a line.
pub(super) fn indent(gap: &str) -> &str {
    let Some(start) = last_line(gap) else {
        return "";
    };
    let line = gap[start..].trim_start_matches(['\r', '\n']);
    let spaces = line.len() - line.trim_start_matches(char::is_whitespace).len();
    &line[..spaces]
}

/// Where the comments begin that belong to the entry behind a gap: those on the lines directly
/// above it, up to an empty line or one that holds an entry made into a comment.
///
/// `None` for a gap within a line.
pub(super) fn own_comments(gap: &str) -> Option<usize> {
    let ends: Vec<usize> = line_ends(gap).collect();
    let mut own = *ends.last()?;
    for pair in ends.windows(2).rev() {
        let line = &gap[pair[0]..pair[1]];
        let mut comments = tokens(line)
            .filter(Token::is_comment)
            .map(|token| &line[token.range])
            .peekable();
        if comments.peek().is_none() || comments.any(is_disabled_json) {
            break;
        }
        own = pair[0];
    }
    Some(own)
}

/// Does a comment hold a piece of a configuration that somebody put aside?
fn is_disabled_json(comment: &str) -> bool {
    let text = comment
        .trim_start_matches('/')
        .trim_start_matches('*')
        .trim_end_matches("*/")
        .trim();
    text.starts_with(['{', '}', '[', ']', '"']) || text.ends_with(['{', '['])
}

fn line_ends(gap: &str) -> impl Iterator<Item = usize> {
    tokens(gap)
        .filter(|token| token.kind == Kind::LineEnd)
        .map(|token| token.range.start)
}

fn tokens(gap: &str) -> impl Iterator<Item = Token> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &gap[at..];
        let (kind, length) = match rest.as_bytes() {
            [] => return None,
            [b'\r', b'\n', ..] => (Kind::LineEnd, 2),
            [b'\r' | b'\n', ..] => (Kind::LineEnd, 1),
            [b',', ..] => (Kind::Comma, 1),
            [b'/', b'*', ..] => {
                let close = rest.get(2..).and_then(|text| text.find("*/"));
                (
                    Kind::BlockComment,
                    close.map_or(rest.len(), |close| close + 4),
                )
            }
            [b'/', ..] => (
                Kind::LineComment,
                rest.find(['\r', '\n']).unwrap_or(rest.len()),
            ),
            _ => (
                Kind::Space,
                rest.find(['\r', '\n', ',', '/']).unwrap_or(rest.len()),
            ),
        };
        let range = at..at + length;
        at += length;
        Some(Token { kind, range })
    })
}

// === impl Token ===

impl Token {
    fn is_comment(&self) -> bool {
        matches!(self.kind, Kind::LineComment | Kind::BlockComment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divided(gap: &str, last: bool) -> (&str, bool, &str, &str) {
        let Behind {
            after,
            comma,
            beside,
            rest,
        } = behind(gap, last);
        (after, comma, beside, rest)
    }

    #[test]
    fn a_comment_belongs_to_the_value_whose_line_it_ends() {
        assert_eq!(divided(", ", false), ("", true, "", " "));
        assert_eq!(
            divided(", // a, b\n  ", false),
            ("", true, " // a, b", "\n  ")
        );
        assert_eq!(
            divided(", /* b */ ", false),
            ("", true, "", " /* b */ "),
            "of the next"
        );
        assert_eq!(divided(" /* a */,\n", false), (" /* a */", true, "", "\n"));
        assert_eq!(divided(" /* a */ ", true), ("", false, " /* a */", " "));
        assert_eq!(divided("   \n}", true), ("", false, "   ", "\n}"));
        assert_eq!(
            divided(",\t/* a\n a */\r\n ", false),
            ("", true, "\t/* a\n a */", "\r\n ")
        );
    }

    #[test]
    fn comments_directly_above_an_entry_are_its_own() {
        let own = |gap: &'static str| own_comments(gap).map(|at| &gap[at..]);
        assert_eq!(own(" "), None);
        assert_eq!(own("\n  "), Some("\n  "));
        assert_eq!(own("\n\n  // a\n\n  // b\n  "), Some("\n  // b\n  "));
        assert_eq!(own("\n  /* a\n\n b */\n  "), Some("\n  /* a\n\n b */\n  "));
        assert_eq!(
            own("\r\n  // { \"x\": 1 },\r\n  // b\r\n  "),
            Some("\r\n  // b\r\n  ")
        );
        assert_eq!(
            own("\n  // a\n  /* inline */ "),
            own("\n  // a\n  /* inline */ ")
        );
    }

    #[test]
    fn lines_of_a_gap() {
        assert_eq!(indent("\n  // a\n\t /* b */ "), "\t ");
        assert_eq!(indent("   "), "");
        assert!(begins_with_empty_line("\r\n \r\n  "));
        assert!(!begins_with_empty_line("\n // a\n\n"));
        assert_eq!(without_empty_lines("\n \n\n  // a\n\n "), "\n  // a\n\n ");
        assert!(ends_in_line_comment(" // a "));
        assert!(!ends_in_line_comment(" // a\n"));
        assert!(!ends_in_line_comment(" /* // a */ "));
    }
}
