//! JSON with comments, read value by value with positions.
//!
//! Owns how text that is no JSON and values of the wrong kind are reported. Knows nothing of
//! what the values mean.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::fields::Fields;
use super::problem::{Place, Problem, Severity};
use super::syntax;
use crate::words::Words;

/// A value together with where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// Parses `text` and lets `read` walk it; every problem found on the way comes back.
///
/// `None` when the text is no JSON object at all.
pub(super) fn read<T>(
    text: &str,
    read: impl FnOnce(Fields<'_, '_>) -> T,
) -> (Option<T>, Vec<Problem>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let page = Page::new(text);
    let result = match parse_to_ast(text, &CollectOptions::default(), &strict()) {
        Ok(parsed) => match &parsed.value {
            Some(value) => Node {
                page: &page,
                value,
                path: String::new(),
            }
            .fields()
            .map(read),
            None => {
                page.report(Severity::Error, "", 0, syntax::empty());
                None
            }
        },
        Err(error) => {
            page.report(
                Severity::Error,
                "",
                error.range().start,
                syntax::explain(error.kind()),
            );
            None
        }
    };
    (result, page.problems.into_inner())
}

/// JSON plus comments and trailing commas, nothing looser.
pub(super) fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

const BLOCK: usize = 1024;

/// How many characters of UTF-8 text begin in these bytes.
fn characters(bytes: &[u8]) -> usize {
    let begins = |byte: &&u8| **byte & 0b1100_0000 != 0b1000_0000;
    bytes.iter().filter(begins).count()
}

/// The text being read and what was found wrong in it so far.
pub(super) struct Page<'t> {
    text: &'t str,
    line_starts: Vec<usize>,
    /// How many characters begin before each multiple of `BLOCK` bytes: a file may be one line.
    characters: Vec<usize>,
    pub(super) problems: RefCell<Vec<Problem>>,
}

impl<'t> Page<'t> {
    fn new(text: &'t str) -> Self {
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        let blocks = text.as_bytes().chunks(BLOCK).map(characters);
        let characters = std::iter::once(0).chain(blocks).scan(0, |before, block| {
            *before += block;
            Some(*before)
        });
        Self {
            text,
            line_starts,
            characters: characters.collect(),
            problems: RefCell::default(),
        }
    }

    pub(super) fn place(&self, path: &str, offset: usize) -> Place {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts[line - 1];
        Place {
            path: path.to_owned(),
            line,
            column: self.characters_before(offset) - self.characters_before(start) + 1,
        }
    }

    fn characters_before(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        let known = self.characters.get(block).copied().unwrap_or_default();
        let rest = self.text.as_bytes().get(block * BLOCK..offset);
        known + rest.map_or(0, characters)
    }

    pub(super) fn report(&self, severity: Severity, path: &str, offset: usize, words: Words) {
        let place = self.place(path, offset);
        let problem = match severity {
            Severity::Error => place.error(words),
            Severity::Warning => place.warning(words),
        };
        self.problems.borrow_mut().push(problem);
    }
}

/// One value of the file and the path that leads to it.
pub(super) struct Node<'r, 't> {
    pub(super) page: &'r Page<'t>,
    pub(super) value: &'r Value<'t>,
    pub(super) path: String,
}

impl<'r, 't> Node<'r, 't> {
    pub(super) fn place(&self) -> Place {
        self.page.place(&self.path, self.value.start())
    }

    pub(super) fn error(&self, words: Words) {
        self.page
            .report(Severity::Error, &self.path, self.value.start(), words);
    }

    pub(super) fn warning(&self, words: Words) {
        self.page
            .report(Severity::Warning, &self.path, self.value.start(), words);
    }

    /// A string, passed through `parse`, whose objection becomes the problem.
    pub(super) fn parsed<T>(&self, parse: impl FnOnce(&str) -> Result<T, Words>) -> Option<T> {
        let text = self.text()?;
        parse(&text).map_err(|words| self.error(words)).ok()
    }

    pub(super) fn text(&self) -> Option<String> {
        self.text_or("a string in quotes", "加引号的字符串")
    }

    /// A string, or a problem that says what was expected.
    pub(super) fn text_or(&self, en: &str, zh: &str) -> Option<String> {
        match self.value {
            Value::StringLit(literal) => Some(literal.value.clone().into_owned()),
            _ => self.unexpected(en, zh),
        }
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self.value, Value::Object(_))
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match self.value {
            Value::BooleanLit(literal) => Some(literal.value),
            _ => self.unexpected("true or false", "true 或 false"),
        }
    }

    /// A whole number within `range`.
    pub(super) fn whole(&self, range: RangeInclusive<u64>) -> Option<u64> {
        let number = match self.value {
            Value::NumberLit(literal) => literal
                .value
                .parse::<u64>()
                .ok()
                .filter(|value| range.contains(value)),
            _ => None,
        };
        number.or_else(|| {
            let (low, high) = range.into_inner();
            self.unexpected(
                &format!("a whole number from {low} to {high}, without quotes"),
                &format!(" {low} 到 {high} 之间的整数，不加引号"),
            )
        })
    }

    pub(super) fn items(&self) -> Option<Vec<Node<'r, 't>>> {
        match self.value {
            Value::Array(array) => Some(
                array
                    .elements
                    .iter()
                    .enumerate()
                    .map(|(index, value)| Node {
                        page: self.page,
                        value,
                        path: format!("{}[{index}]", self.path),
                    })
                    .collect(),
            ),
            _ => self.unexpected("a list in [ ]", "用 [ ] 括起的列表"),
        }
    }

    /// A list of strings, each passed through `parse`.
    pub(super) fn list<T>(&self, parse: impl Fn(&str) -> Result<T, Words>) -> Option<Vec<T>> {
        let items = self.items()?;
        Some(
            items
                .iter()
                .filter_map(|item| item.parsed(&parse))
                .collect(),
        )
    }

    pub(super) fn strings(&self) -> Option<Vec<String>> {
        self.list(|text| Ok(text.to_owned()))
    }

    pub(super) fn fields(&self) -> Option<Fields<'r, 't>> {
        match self.value {
            Value::Object(_) => Some(Fields::new(self)),
            _ => self.unexpected("an object in { }", "用 { } 括起的对象"),
        }
    }

    /// Reports that something else was expected.
    pub(super) fn unexpected<T>(&self, en: &str, zh: &str) -> Option<T> {
        let found = self.found();
        self.error(Words::new(
            format!("expected {en}, found {}", found.en),
            format!("应为{zh}，实际为{}", found.zh),
        ));
        None
    }

    fn found(&self) -> Words {
        match self.value {
            // The number is shown, a string is not: it may be a key or a token.
            Value::NumberLit(number) => Words::new(number.value, format!(" {}", number.value)),
            Value::StringLit(_) => Words::new("a string", "字符串"),
            Value::BooleanLit(flag) => {
                Words::new(flag.value.to_string(), format!(" {}", flag.value))
            }
            Value::NullKeyword(_) => Words::new("null", " null"),
            Value::Array(_) => Words::new("a list", "列表"),
            Value::Object(_) => Words::new("an object", "对象"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<(String, usize, usize)> {
        let (_, problems) = read(text, |mut fields| {
            if let Some(node) = fields.get("port") {
                node.whole(0..=9);
            }
            fields.finish(|_| None);
        });
        problems
            .into_iter()
            .map(|problem| (problem.path, problem.line, problem.column))
            .collect()
    }

    #[test]
    fn positions_count_characters_from_one_even_after_a_byte_order_mark() {
        assert_eq!(
            places("\u{feff}{ \"port\": 77 }"),
            [("port".to_owned(), 1, 11)]
        );
        assert_eq!(
            places("{\r\n /* 注释 */ \"port\": \"x\" }"),
            [("port".to_owned(), 2, 19)]
        );
        assert_eq!(
            places("{\n  \"a b\": 1\n}"),
            [("[\"a b\"]".to_owned(), 2, 3)]
        );
    }

    #[test]
    fn positions_on_a_long_line_are_counted_in_characters() {
        for length in [1000, 1010, 1020, 5000] {
            let text = format!("{{\n\"x\": \"{}\", \"port\": 77 }}", "文".repeat(length));
            let found = places(&text);
            assert_eq!(found[0], ("port".to_owned(), 2, length + 18), "{length}");
        }
        let open = format!("{{{}", " ".repeat(BLOCK - 1));
        assert_eq!(places(&open), [(String::new(), 1, 1)]);
        let unfinished = format!("{{{}\"x\"", " ".repeat(BLOCK - 4));
        assert_eq!(places(&unfinished)[0].2, BLOCK + 1);
    }

    #[test]
    fn text_that_is_no_json_is_located() {
        assert_eq!(
            places("{\n  \"port\": 1\n  \"x\": 2\n}"),
            [(String::new(), 2, 12)]
        );
        assert_eq!(places(""), [(String::new(), 1, 1)]);
        assert_eq!(places("[]"), [(String::new(), 1, 1)]);
        assert_eq!(places("{port: 1}").len(), 1);
    }

    #[test]
    fn comments_trailing_commas_and_null_are_fine() {
        assert_eq!(places("{ // one\n \"port\": null, /* two */ }"), []);
    }

    #[test]
    fn a_key_given_twice_is_reported_at_the_second_place() {
        assert_eq!(
            places("{ \"port\": 1,\n \"port\": 2 }"),
            [("port".to_owned(), 2, 2)]
        );
    }
}
