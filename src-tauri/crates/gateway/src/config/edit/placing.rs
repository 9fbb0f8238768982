//! Values put into an object or list and taken out of it.
//!
//! Owns where they stand among the others: line ends, indentation, commas, and which comments
//! go with what is taken out.

use super::members::{Item, Members};
use super::style::{Spot, Value};
use super::trivia;

/// What becomes of the comments above something that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Above {
    /// They stay: they may speak of what follows, too.
    Stay,
    /// Those that belong to it alone go with it.
    Go,
}

// === impl Members ===

impl Members {
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
