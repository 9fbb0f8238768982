//! One object or list of a file taken apart, and put together again byte for byte.
//!
//! Owns which piece of text belongs to which value. Everything that is not touched is the text
//! that was read. Only one level is taken apart; a value is text, which can be taken apart in
//! turn. Where values come and go is decided in `placing`.

use std::ops::Range;

use jsonc_parser::ast::{ObjectPropName, Value as Node};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, parse_to_ast};

use super::style::{Spot, Style, Value, quoted};
use super::trivia;
use crate::config::reader;

/// An object or a list.
#[derive(Debug, Clone)]
pub(super) struct Members {
    /// The opening bracket and the comments on its line.
    pub(super) open: String,
    pub(super) items: Vec<Item>,
    /// What stands in front of the closing bracket.
    pub(super) rest: String,
    pub(super) close: char,
}

/// One value with everything around it.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Line ends, indentation and comments in front of it.
    pub(super) lead: String,
    /// Its key; of an element that is a string, that string. Without escapes.
    pub(super) name: String,
    /// The key as written; empty for an element.
    key: String,
    /// Between key and value.
    colon: String,
    pub(super) value: String,
    /// Between value and comma.
    pub(super) after: String,
    pub(super) comma: bool,
    /// Comments and spaces on the rest of its line.
    pub(super) beside: String,
}

/// The range of the object or list that a text consists of, comments aside.
pub(super) fn container(text: &str) -> Option<Range<usize>> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &reader::strict()).ok()?;
    let value = parsed.value?;
    matches!(value, Node::Object(_) | Node::Array(_)).then(|| value.start()..value.end())
}

/// The string that a value is.
pub(super) fn string(value: &str) -> Option<String> {
    let parsed = parse_to_ast(value, &CollectOptions::default(), &reader::strict()).ok()?;
    match parsed.value? {
        Node::StringLit(literal) => Some(literal.value.into_owned()),
        _ => None,
    }
}

// === impl Members ===

impl Members {
    /// Takes apart a text that is one object or list and nothing else.
    pub(super) fn of(text: &str) -> Option<Self> {
        let parsed = parse_to_ast(text, &CollectOptions::default(), &reader::strict()).ok()?;
        let spans = spans(&parsed.value?)?;
        let end = text.len().checked_sub(1)?;
        let starts = spans.iter().map(Span::start).skip(1).chain([end]);

        let first = spans.first().map_or(end, Span::start);
        let opening = trivia::behind(&text[1..first], false);
        let open = format!("{}{}", &text[..1], opening.beside);
        let mut lead = opening.rest;
        let mut items = Vec::with_capacity(spans.len());
        for (index, (span, next)) in spans.iter().zip(starts).enumerate() {
            let key = span
                .key
                .clone()
                .unwrap_or(span.value.start..span.value.start);
            let gap = trivia::behind(&text[span.value.end..next], index + 1 == spans.len());
            items.push(Item {
                lead: lead.to_owned(),
                name: span.name.clone(),
                key: text[key.clone()].to_owned(),
                colon: text[key.end..span.value.start].to_owned(),
                value: text[span.value.clone()].to_owned(),
                after: gap.after.to_owned(),
                comma: gap.comma,
                beside: gap.beside.to_owned(),
            });
            lead = gap.rest;
        }
        Some(Self {
            open,
            items,
            rest: lead.to_owned(),
            close: text.chars().last()?,
        })
    }

    /// The text again.
    pub(super) fn text(&self, style: &Style) -> String {
        let mut page = Page {
            text: String::new(),
            in_comment: false,
            newline: style.newline,
        };
        page.push(&self.open[..1]);
        page.trivia(&self.open[1..]);
        for item in &self.items {
            page.trivia(&item.lead);
            page.push(&item.key);
            page.push(&item.colon);
            page.push(&item.value);
            page.trivia(&item.after);
            if item.comma {
                page.push(",");
            }
            page.trivia(&item.beside);
        }
        page.trivia(&self.rest);
        page.push(self.close.encode_utf8(&mut [0; 4]));
        page.text
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.items.iter().position(|item| item.name == name)
    }

    /// The value under a key; `null` is none.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let value = &self.items[self.find(name)?].value;
        (value != "null").then_some(value)
    }

    pub(super) fn is_object(&self) -> bool {
        self.close == '}'
    }

    /// Neither values nor comments.
    pub(super) fn is_blank(&self) -> bool {
        self.items.is_empty() && !self.has_remarks()
    }

    pub(super) fn has_remarks(&self) -> bool {
        trivia::has_comment(&self.open[1..]) || trivia::has_comment(&self.rest)
    }

    /// Puts another value in place of one, unless it means the same.
    pub(super) fn replace(&mut self, at: usize, value: &Value, spot: Spot<'_>) {
        let item = &mut self.items[at];
        let same = match value {
            Value::Text(text) => string(&item.value).as_ref() == Some(text),
            Value::Number(number) => item.value.parse() == Ok(*number),
            Value::Flag(flag) => item.value.parse() == Ok(*flag),
            Value::List(_) | Value::Table(_) => false,
        };
        if !same {
            item.value = value.write(spot.behind(&item.lead));
        }
    }

    /// Looks at or changes the object or list that is a value in here. `None` if it is neither.
    pub(super) fn within<T>(
        &mut self,
        at: usize,
        spot: Spot<'_>,
        change: impl FnOnce(&mut Self, Spot<'_>) -> T,
    ) -> Option<T> {
        let item = &mut self.items[at];
        let mut inner = Self::of(&item.value)?;
        let result = change(&mut inner, spot.behind(&item.lead));
        item.value = inner.text(spot.style);
        Some(result)
    }
}

// === impl Item ===

impl Item {
    pub(super) fn new(key: Option<&str>, value: String, lead: String, style: &Style) -> Self {
        Self {
            lead,
            name: key.map_or_else(|| string(&value).unwrap_or_default(), str::to_owned),
            key: key.map(quoted).unwrap_or_default(),
            colon: key.map_or("", |_| style.colon()).to_owned(),
            value,
            after: String::new(),
            comma: false,
            beside: String::new(),
        }
    }

    /// The value with its remarks and the comments that are its own, as far left as it goes.
    pub(super) fn own_text(&self) -> String {
        let own = trivia::own_comments(&self.lead).unwrap_or(0);
        let above = self.lead[own..].trim_start();
        let text = format!("{above}{}{}{}", self.value, self.after, self.beside);
        let indent = trivia::indent(&self.lead);
        let lines = text.trim_end().split_inclusive('\n');
        let lines = lines.map(|line| line.strip_prefix(indent).unwrap_or(line));
        lines.collect()
    }

    pub(super) fn rekey(&mut self, name: &str) {
        name.clone_into(&mut self.name);
        self.key = quoted(name);
    }

    pub(super) fn end_with_comma(&mut self, comma: bool) {
        if self.comma && !comma {
            self.after.truncate(self.after.trim_end().len());
        }
        self.comma = comma;
    }
}

// === reading ===

/// Where one member stands in its text.
struct Span {
    name: String,
    key: Option<Range<usize>>,
    value: Range<usize>,
}

impl Span {
    fn start(&self) -> usize {
        self.key.as_ref().unwrap_or(&self.value).start
    }
}

fn spans(node: &Node<'_>) -> Option<Vec<Span>> {
    let range = |value: &Node<'_>| value.start()..value.end();
    let spans = match node {
        Node::Object(object) => object
            .properties
            .iter()
            .map(|property| {
                let (name, key) = match &property.name {
                    ObjectPropName::String(literal) => (literal.value.as_ref(), &literal.range),
                    ObjectPropName::Word(word) => (word.value, &word.range),
                };
                Span {
                    name: name.to_owned(),
                    key: Some(key.start..key.end),
                    value: range(&property.value),
                }
            })
            .collect(),
        Node::Array(array) => array
            .elements
            .iter()
            .map(|element| Span {
                name: match element {
                    Node::StringLit(literal) => literal.value.clone().into_owned(),
                    _ => String::new(),
                },
                key: None,
                value: range(element),
            })
            .collect(),
        _ => return None,
    };
    Some(spans)
}

// === writing ===

/// The text as it grows. No value ends up behind a comment that runs to the end of its line,
/// however pieces were moved about.
struct Page<'s> {
    text: String,
    in_comment: bool,
    newline: &'s str,
}

impl Page<'_> {
    fn push(&mut self, piece: &str) {
        if !piece.is_empty() && std::mem::take(&mut self.in_comment) {
            self.text.push_str(self.newline);
        }
        self.text.push_str(piece);
    }

    fn trivia(&mut self, piece: &str) {
        let goes_on = piece.trim_start_matches([' ', '\t']);
        if self.in_comment && !goes_on.is_empty() && !goes_on.starts_with(['\r', '\n']) {
            self.text.push_str(self.newline);
            self.in_comment = false;
        }
        self.text.push_str(piece);
        self.in_comment =
            trivia::ends_in_line_comment(piece) || self.in_comment && !trivia::has_line_end(piece);
    }
}
