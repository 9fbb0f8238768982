//! Files as people write them: any layout, comments anywhere, keys in any order, keys of others.

use super::super::style::quoted;
use crate::config::form::{Kind, ServerForm, Sharing};

/// Decisions, one after the other. Shrinks towards the plainest.
#[derive(Debug)]
pub(super) struct Dice<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Dice<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// 0 up to `sides`, which it never is.
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        let byte = self.bytes.get(self.at % self.bytes.len().max(1));
        self.at += 1;
        usize::from(*byte.unwrap_or(&0)) % sides
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.roll(from.len())]
    }
}

enum Tree {
    Leaf(String),
    List(Vec<Tree>),
    Table(Vec<(String, Tree)>),
}

/// A file with these servers.
///
/// `tidy`: every value on its own line or within one, as an editor would have it; otherwise
/// anything goes between two tokens.
pub(super) fn file(servers: &[ServerForm], tidy: bool, dice: &mut Dice<'_>) -> String {
    let mark = dice.pick(&["", "", "\u{feff}"]);
    let mut pen = Pen {
        newline: dice.pick(&["\n", "\r\n"]),
        unit: dice.pick(&["  ", "\t", "    "]),
        trailing: dice.roll(2) == 1,
        tidy,
        comments: 0,
        dice,
        text: mark.to_owned(),
    };
    let root = root(servers, pen.dice);
    pen.above("");
    pen.tree(&root, "", false);
    pen.rest_of_line();
    let newline = pen.newline;
    pen.text.push_str(newline);
    pen.text
}

fn root(servers: &[ServerForm], dice: &mut Dice<'_>) -> Tree {
    let table = |entries: Vec<(&str, Tree)>| named(entries);
    let number = |number: u64| Tree::Leaf(number.to_string());
    let mut keys = Vec::new();
    match dice.roll(4) {
        0 => {}
        1 => keys.push((
            "gateway",
            table(vec![
                ("port", number(5000)),
                ("x-mine", Tree::Leaf("1.50".to_owned())),
            ]),
        )),
        2 => keys.push(("port", number(3000))),
        _ => keys.push(("gateway", table(vec![]))),
    }
    let mut mapping = Vec::new();
    let mut filters = Vec::new();
    for server in servers {
        let entry = mapping_entry(server, dice);
        if !entry.is_empty() || dice.roll(4) == 1 {
            mapping.push((server.name.as_str(), table(entry)));
        }
        let entry = filter_entry(server, dice);
        if !entry.is_empty() || dice.roll(4) == 1 {
            filters.push((server.name.as_str(), table(entry)));
        }
    }
    let entries: Vec<Tree> = servers.iter().map(|server| entry(server, dice)).collect();
    if !entries.is_empty() || dice.roll(2) == 1 {
        keys.push(("servers", Tree::List(entries)));
    } else if dice.roll(2) == 1 {
        keys.push(("servers", Tree::Leaf("null".to_owned())));
    }
    if !mapping.is_empty() || dice.roll(2) == 1 {
        keys.push(("mapping", table(mapping)));
    }
    if !filters.is_empty() || dice.roll(2) == 1 {
        keys.push(("toolFilters", table(filters)));
    }
    keys.push((
        "x-mine",
        Tree::List(vec![Tree::Leaf("-0.0e+01".to_owned())]),
    ));
    shuffle(&mut keys, dice);
    table(keys)
}

fn entry(server: &ServerForm, dice: &mut Dice<'_>) -> Tree {
    let texts = |texts: &[String]| Tree::List(texts.iter().map(|text| leaf(text)).collect());
    let mut keys = vec![("name", spelt(&server.name, dice))];
    let pairs = |pairs: &[crate::config::form::Pair]| {
        named(
            pairs
                .iter()
                .map(|pair| (&*pair.name, leaf(&pair.value)))
                .collect(),
        )
    };
    match server.kind {
        Kind::Local => {
            keys.push(("command", texts(&server.command)));
            if !server.env.is_empty() || dice.roll(4) == 1 {
                keys.push(("env", pairs(&server.env)));
            }
            if let Some(cwd) = &server.cwd {
                keys.push(("cwd", leaf(cwd)));
            } else if dice.roll(4) == 1 {
                keys.push(("cwd", leaf("")));
            }
        }
        Kind::Remote => {
            keys.push(("url", leaf(server.url.as_deref().unwrap_or_default())));
            if !server.headers.is_empty() || dice.roll(4) == 1 {
                keys.push(("headers", pairs(&server.headers)));
            }
            keys.extend(auth(server, dice).map(|auth| ("auth", auth)));
        }
    }
    let kind = match (server.kind, dice.roll(4)) {
        (Kind::Local, 1) => Some("local"),
        (Kind::Local, 2) => Some("stdio"),
        (Kind::Remote, 1) => Some("remote"),
        (Kind::Remote, 2) => Some("http"),
        _ => None,
    };
    keys.extend(kind.map(|kind| ("type", leaf(kind))));
    let number = |number: Option<u64>, dice: &mut Dice<'_>| match number {
        Some(number) => Some(Tree::Leaf(number.to_string())),
        None => (dice.roll(4) == 1).then(|| Tree::Leaf("null".to_owned())),
    };
    keys.extend(number(server.pool_size, dice).map(|value| ("poolSize", value)));
    keys.extend(number(server.call_timeout, dice).map(|value| ("callTimeout", value)));
    if server.sharing == Sharing::Session {
        keys.push(("sharing", leaf("session")));
    } else if dice.roll(4) == 1 {
        keys.push(("sharing", leaf("shared")));
    }
    if !server.enabled || dice.roll(3) == 1 {
        keys.push(("enabled", Tree::Leaf(server.enabled.to_string())));
    }
    if let Some(description) = &server.description {
        keys.push(("description", leaf(description)));
    }
    if dice.roll(3) == 1 {
        keys.push((
            "x-mine",
            named(vec![("deep", Tree::Leaf("1E2".to_owned()))]),
        ));
    }
    shuffle(&mut keys, dice);
    named(keys)
}

fn auth(server: &ServerForm, dice: &mut Dice<'_>) -> Option<Tree> {
    let Some(auth) = &server.auth else {
        return match dice.roll(6) {
            1 => Some(leaf("none")),
            2 => Some(named(vec![
                ("type", leaf("none")),
                ("clientId", leaf("put aside")),
            ])),
            _ => None,
        };
    };
    let texts = [
        ("clientId", &auth.client_id),
        ("clientSecret", &auth.client_secret),
        ("scope", &auth.scope),
        ("authorizationServer", &auth.authorization_server),
    ];
    let mut keys: Vec<_> = texts
        .into_iter()
        .filter_map(|(key, text)| Some((key, leaf(text.as_deref()?))))
        .collect();
    if keys.is_empty() && dice.roll(2) == 1 {
        return Some(leaf("oauth"));
    }
    if dice.roll(2) == 1 {
        keys.push(("type", leaf("oauth")));
    }
    Some(named(keys))
}

fn mapping_entry<'s>(server: &'s ServerForm, dice: &mut Dice<'_>) -> Vec<(&'s str, Tree)> {
    let mut keys = Vec::new();
    keys.extend(
        server
            .prefix
            .as_ref()
            .map(|prefix| ("prefix", leaf(prefix))),
    );
    if !server.strip_prefix || dice.roll(5) == 1 {
        keys.push(("stripPrefix", Tree::Leaf(server.strip_prefix.to_string())));
    }
    if !server.rename.is_empty() || dice.roll(5) == 1 {
        let renames = server.rename.iter();
        let renames = renames.map(|rename| (&*rename.tool, leaf(&rename.name)));
        keys.push(("rename", named(renames.collect())));
    }
    if dice.roll(5) == 1 {
        keys.push(("x-mine", Tree::Leaf("true".to_owned())));
    }
    shuffle(&mut keys, dice);
    keys
}

fn filter_entry<'s>(server: &'s ServerForm, dice: &mut Dice<'_>) -> Vec<(&'s str, Tree)> {
    let texts = |texts: &[String]| Tree::List(texts.iter().map(|text| leaf(text)).collect());
    let mut keys = Vec::new();
    keys.extend(
        server
            .include
            .as_ref()
            .map(|include| ("include", texts(include))),
    );
    if !server.exclude.is_empty() || dice.roll(5) == 1 {
        keys.push(("exclude", texts(&server.exclude)));
    }
    shuffle(&mut keys, dice);
    keys
}

fn leaf(text: &str) -> Tree {
    Tree::Leaf(quoted(text))
}

/// A string, its first character perhaps as an escape.
fn spelt(text: &str, dice: &mut Dice<'_>) -> Tree {
    match text.chars().next().filter(char::is_ascii_alphabetic) {
        Some(first) if dice.roll(5) == 1 => {
            let rest = quoted(&text[1..]);
            Tree::Leaf(format!("\"\\u{:04X}{}", u32::from(first), &rest[1..]))
        }
        _ => leaf(text),
    }
}

fn named(entries: Vec<(&str, Tree)>) -> Tree {
    let entries = entries.into_iter();
    Tree::Table(
        entries
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn shuffle<T>(items: &mut [T], dice: &mut Dice<'_>) {
    for at in (1..items.len()).rev() {
        // A byte of 0 leaves everything where it is.
        items.swap(at, at - dice.roll(at + 1));
    }
}

struct Pen<'p, 'b> {
    newline: &'static str,
    unit: &'static str,
    trailing: bool,
    tidy: bool,
    comments: usize,
    dice: &'p mut Dice<'b>,
    text: String,
}

impl Pen<'_, '_> {
    fn tree(&mut self, tree: &Tree, indent: &str, inline: bool) {
        match tree {
            Tree::Leaf(text) => self.text.push_str(text),
            Tree::List(items) => {
                let items: Vec<(Option<&str>, &Tree)> =
                    items.iter().map(|item| (None, item)).collect();
                self.container("[", &items, "]", indent, inline);
            }
            Tree::Table(entries) => {
                let entries: Vec<(Option<&str>, &Tree)> = entries
                    .iter()
                    .map(|(name, value)| (Some(name.as_str()), value))
                    .collect();
                self.container("{", &entries, "}", indent, inline);
            }
        }
    }

    fn container(
        &mut self,
        open: &str,
        items: &[(Option<&str>, &Tree)],
        close: &str,
        indent: &str,
        inline: bool,
    ) {
        self.text.push_str(open);
        if !self.tidy {
            self.wild_container(items, indent);
        } else if inline || items.is_empty() || self.dice.roll(3) == 1 {
            self.line_container(items, open == "{", indent);
        } else {
            self.block(items, indent);
        }
        self.text.push_str(close);
    }

    fn block(&mut self, items: &[(Option<&str>, &Tree)], indent: &str) {
        self.rest_of_line();
        let inner = format!("{indent}{}", self.unit);
        for (index, (name, value)) in items.iter().enumerate() {
            self.text.push_str(self.newline);
            self.above(&inner);
            self.text.push_str(&inner);
            self.key(*name);
            self.tree(value, &inner, false);
            if index + 1 < items.len() || self.trailing {
                self.text.push(',');
            }
            self.rest_of_line();
        }
        self.text.push_str(self.newline);
        if self.dice.roll(6) == 1 {
            self.above(&inner);
        }
        self.text.push_str(indent);
    }

    fn line_container(&mut self, items: &[(Option<&str>, &Tree)], pad: bool, indent: &str) {
        let pad = if pad && !items.is_empty() { " " } else { "" };
        self.text.push_str(pad);
        for (index, (name, value)) in items.iter().enumerate() {
            self.key(*name);
            self.tree(value, indent, true);
            if index + 1 < items.len() {
                self.text.push_str(", ");
            }
        }
        self.text.push_str(pad);
    }

    fn wild_container(&mut self, items: &[(Option<&str>, &Tree)], indent: &str) {
        for (index, (name, value)) in items.iter().enumerate() {
            self.anything();
            self.key(*name);
            self.tree(value, indent, true);
            self.anything();
            if index + 1 < items.len() || self.trailing {
                self.text.push(',');
            }
        }
        self.anything();
    }

    fn key(&mut self, name: Option<&str>) {
        let Some(name) = name else { return };
        self.text.push_str(&quoted(name));
        if self.tidy {
            self.text.push_str(": ");
        } else {
            self.anything();
            self.text.push(':');
            self.anything();
        }
    }

    /// Whole lines in front of a value.
    fn above(&mut self, indent: &str) {
        for _ in 0..self.dice.roll(4) {
            match self.dice.roll(4) {
                0 => {}
                1 => self.text.push_str(self.newline),
                2 => {
                    let comment = self.comment();
                    let line = format!("{indent}// {comment}{}", self.newline);
                    self.text.push_str(&line);
                }
                _ => {
                    let (comment, newline) = (self.comment(), self.newline);
                    let lines = format!("{indent}/* {comment},{newline}{indent}   {{ */{newline}");
                    self.text.push_str(&lines);
                }
            }
        }
    }

    fn rest_of_line(&mut self) {
        match self.dice.roll(8) {
            1 => {
                let comment = self.comment();
                self.text.push_str(&format!(" // {comment}"));
            }
            2 => {
                let comment = self.comment();
                self.text.push_str(&format!("\t/* {comment} */ "));
            }
            3 => self.text.push_str("  "),
            _ => {}
        }
    }

    fn anything(&mut self) {
        for _ in 0..self.dice.roll(3) {
            let comment = self.comment();
            let piece = match self.dice.roll(6) {
                0 => " ".to_owned(),
                1 => self.newline.to_owned(),
                2 => format!("\t/* {comment} */"),
                3 => format!("/*{comment}{}*/", self.newline),
                4 => format!("// {comment}{}", self.newline),
                _ => format!("{0} {0}", self.newline),
            };
            self.text.push_str(&piece);
        }
    }

    fn comment(&mut self) -> String {
        self.comments += 1;
        format!("c{} \"[{{, 注释", self.comments)
    }
}
