//! One object or list of a file taken apart, and put together again byte for byte.
//!
//! Owns where a new value goes, what a removed one takes along, and the commas. Everything that
//! is not touched is the text that was read. Only one level is taken apart; a value is text,
//! which can be taken apart in turn.

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
    open: String,
    pub(super) items: Vec<Item>,
    /// What stands in front of the closing bracket.
    rest: String,
    close: char,
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
    after: String,
    comma: bool,
    /// Comments and spaces on the rest of its line.
    pub(super) beside: String,
}

/// What becomes of the comments above something that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Above {
    /// They stay: they may speak of what follows, too.
    Stay,
    /// Those that belong to it alone go with it.
    Go,
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

    fn has_remarks(&self) -> bool {
        trivia::has_comment(&self.open[1..]) || trivia::has_comment(&self.rest)
    }

    /// Puts a value in as number `at`, laid out like its neighbours. In an object it has a key.
    pub(super) fn insert(&mut self, at: usize, key: Option<&str>, value: &Value, spot: Spot<'_>) {
        let lead = self.make_room(at, spot);
        let written = value.write(spot.behind(&lead));
        self.put(at, Item::new(key, written, lead, spot.style));
    }

    /// Puts an object in as number `at`, among objects of its sort, and lets `fill` fill it.
    pub(super) fn insert_object(
        &mut self,
        at: usize,
        key: Option<&str>,
        spot: Spot<'_>,
        fill: impl FnOnce(&mut Self, Spot<'_>),
    ) {
        let folded = self.folded();
        let lead = self.make_room(at, spot);
        let own = spot.behind(&lead);
        let own = Spot {
            inline: folded.unwrap_or(own.inline),
            ..own
        };
        let mut object = Self {
            open: "{".to_owned(),
            items: Vec::new(),
            rest: String::new(),
            close: '}',
        };
        fill(&mut object, own);
        let written = object.text(spot.style);
        self.put(at, Item::new(key, written, lead, spot.style));
    }

    /// Puts in what was taken out of another text, as it was written and with its comments.
    pub(super) fn graft(&mut self, at: usize, mut item: Item, spot: Spot<'_>) {
        let lead = self.make_room(at, spot);
        let own = trivia::own_comments(&item.lead).map_or("", |start| &item.lead[start..]);
        item.lead = if trivia::has_comment(own) {
            let room = trivia::last_line(&lead).map_or("", |line| &lead[..line]);
            format!("{room}{own}")
        } else {
            lead
        };
        self.put(at, item);
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

    /// Takes a value out, with its line, the remarks on that line, and its comma.
    pub(super) fn remove(&mut self, at: usize, above: Above) -> Item {
        let gone = self.items.remove(at);
        let last = at == self.items.len();
        let line = trivia::last_line(&gone.lead);
        if let Some(previous) = at.checked_sub(1).map(|before| &mut self.items[before]) {
            let shares_line = line.is_none() && !trivia::has_line_end(&previous.after);
            if shares_line && trivia::ends_in_line_comment(&gone.beside) {
                // The remark ends a line with several values on it.
                previous.beside.push_str(&gone.beside);
            }
            if last {
                previous.end_with_comma(gone.comma);
            }
        }
        let kept = match above {
            Above::Stay => line,
            Above::Go => trivia::own_comments(&gone.lead),
        };
        let kept = &gone.lead[..kept.unwrap_or(0)];
        let follows = match self.items.get_mut(at) {
            Some(next) => &mut next.lead,
            None => &mut self.rest,
        };
        *follows = closed_up(kept, &gone.lead, follows, at == 0, last);
        if self.is_blank() {
            self.open.truncate(1);
            self.rest.clear();
        }
        gone
    }

    /// Makes what stands in front of a new value number `at`, and changes what stands around it
    /// so that it can.
    fn make_room(&mut self, at: usize, spot: Spot<'_>) -> String {
        let newline = spot.style.newline;
        if self.items.is_empty() {
            return self.make_first_room(spot);
        }
        // The first value is often written differently, next to the bracket.
        let model = match at {
            0 => 0,
            1 => self.items.len().min(2) - 1,
            _ => at - 1,
        };
        let lead = &self.items[model].lead;
        if trivia::has_line_end(lead) {
            let spread = at > 0 && model > 0 && trivia::begins_with_empty_line(lead);
            let empty_line = if spread { newline } else { "" };
            let room = format!("{empty_line}{newline}{}", trivia::indent(lead));
            if at == 0 {
                self.spread_first(newline);
            }
            return room;
        }
        if at > 0 {
            return spot.style.gap().to_owned();
        }
        let room = lead.clone();
        if room.is_empty() {
            spot.style.gap().clone_into(&mut self.items[0].lead);
        }
        if room.trim().is_empty() {
            room
        } else {
            spot.style.gap().to_owned()
        }
    }

    /// Puts an empty line in front of the first value if the second has one: it becomes the second.
    fn spread_first(&mut self, newline: &str) {
        if let [first, second, ..] = self.items.as_mut_slice()
            && trivia::begins_with_empty_line(&second.lead)
            && !trivia::begins_with_empty_line(&first.lead)
        {
            first.lead.insert_str(0, newline);
        }
    }

    fn make_first_room(&mut self, spot: Spot<'_>) -> String {
        let remarks = trivia::remarks(&self.rest).to_owned();
        let own_lines = trivia::has_line_end(&self.rest) && self.has_remarks();
        if own_lines || !spot.inline {
            let close = self.rest.clone();
            self.rest = match trivia::last_line(&close) {
                Some(line) if own_lines => close[line..].to_owned(),
                _ => spot.outer_line(),
            };
            // An empty line tells the comments that were here before from the value's own.
            let empty_line = if trivia::has_line_end(&remarks) {
                spot.style.newline
            } else {
                ""
            };
            return format!("{remarks}{empty_line}{}", spot.inner_line());
        }
        let pad = if self.is_object() {
            spot.style.gap()
        } else {
            ""
        };
        pad.clone_into(&mut self.rest);
        if remarks.is_empty() {
            pad.to_owned()
        } else {
            format!("{remarks}{}", spot.style.gap())
        }
    }

    /// Whether the tables in here are written on one line each; `None` where there is no model.
    fn folded(&self) -> Option<bool> {
        let tables = self.items.iter().all(|item| {
            let inner = item
                .value
                .strip_prefix('{')
                .and_then(|text| text.strip_suffix('}'));
            inner.is_some_and(|inner| !inner.trim().is_empty())
        });
        let last = self.items.last().filter(|_| tables)?;
        Some(!last.value.contains(['\r', '\n']))
    }

    fn put(&mut self, at: usize, mut item: Item) {
        let at_end = at == self.items.len();
        let comma = match self.items.last_mut() {
            // A file that ends its lists with a comma goes on doing so.
            Some(last) if at_end => std::mem::replace(&mut last.comma, true),
            Some(_) => true,
            None => false,
        };
        item.end_with_comma(comma);
        self.items.insert(at, item);
    }
}

// === impl Item ===

impl Item {
    fn new(key: Option<&str>, value: String, lead: String, style: &Style) -> Self {
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

    fn end_with_comma(&mut self, comma: bool) {
        if self.comma && !comma {
            self.after.truncate(self.after.trim_end().len());
        }
        self.comma = comma;
    }
}

/// What stands in front of the value or bracket that moves up to where a value was.
///
/// `kept` is what stays of `gone`, which stood in front of that value; `follows` is what stands
/// in front of the next.
fn closed_up(kept: &str, gone: &str, follows: &str, first: bool, last: bool) -> String {
    if let Some(line) = trivia::last_line(gone)
        && !last
        && !trivia::has_line_end(follows)
    {
        // The next value shared the line and now begins it.
        let indent = trivia::indent(gone);
        let end = gone[line..].len() - gone[line..].trim_start_matches(['\r', '\n']).len();
        let line_end = &gone[line..line + end];
        return format!("{kept}{line_end}{indent}{}", follows.trim_start());
    }
    if trivia::has_comment(kept) {
        let kept = if last && follows.trim().is_empty() {
            trivia::remarks(kept)
        } else {
            kept
        };
        return format!("{kept}{follows}");
    }
    let spread = trivia::begins_with_empty_line(gone);
    match (first, last) {
        (true, _) if trivia::has_line_end(gone) && !spread => {
            trivia::without_empty_lines(follows).to_owned()
        }
        (_, true) => follows.to_owned(),
        (true, false) if !trivia::has_line_end(follows) && gone.trim().is_empty() => {
            format!("{gone}{}", follows.trim_start())
        }
        (false, false) if spread && !trivia::begins_with_empty_line(follows) => {
            format!("{kept}{follows}")
        }
        _ => follows.to_owned(),
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
