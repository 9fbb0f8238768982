//! The keys of one object, read by name or all in turn.
//!
//! Owns how an unknown key and a key given twice are reported. `null` counts as not given.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Seen;

use jsonc_parser::ast::{ObjectPropName, Value};

use super::problem::{Severity, did_you_mean, nearest};
use super::reader::{At, Node, Page};
use crate::words::Words;

/// The keys of one object; it remembers which were asked for, to know the unknown ones.
pub(super) struct Fields<'r, 't> {
    page: &'r Page<'t>,
    path: String,
    entries: Vec<Entry<'r, 't>>,
    asked: Vec<&'static str>,
}

struct Entry<'r, 't> {
    name: &'r str,
    offset: usize,
    value: &'r Value<'t>,
}

impl<'r, 't> Fields<'r, 't> {
    pub(super) fn new(node: &Node<'r, 't>) -> Self {
        let mut fields = Self {
            page: node.page,
            path: node.path.clone(),
            entries: Vec::new(),
            asked: Vec::new(),
        };
        let Value::Object(object) = node.value else {
            return fields;
        };
        let mut first_lines = HashMap::new();
        for property in &object.properties {
            let (name, offset) = match &property.name {
                ObjectPropName::String(literal) => (literal.value.as_ref(), literal.range.start),
                ObjectPropName::Word(word) => (word.value, word.range.start),
            };
            let place = fields.page.place(&fields.path_of(name), offset);
            match first_lines.entry(name) {
                Seen::Vacant(first) => {
                    first.insert(place.line);
                    fields.entries.push(Entry {
                        name,
                        offset,
                        value: &property.value,
                    });
                }
                Seen::Occupied(first) => {
                    let first = first.get();
                    fields
                        .page
                        .problems
                        .borrow_mut()
                        .push(place.error(Words::new(
                            format!(
                                "this key is given twice, first on line {first}; keep one of them"
                            ),
                            format!("该键出现了两次，第一次在第 {first} 行；请只保留一个"),
                        )));
                }
            }
        }
        fields
    }

    /// The value of a key that means something here; `None` also for `null`.
    pub(super) fn get(&mut self, name: &'static str) -> Option<Node<'r, 't>> {
        self.asked.push(name);
        let entry = self.entries.iter().find(|entry| entry.name == name)?;
        (!matches!(entry.value, Value::NullKeyword(_))).then(|| self.node(entry))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.name == name)
    }

    /// Every entry of an object whose keys are the user's own names, in the order of the file.
    pub(super) fn into_entries(self) -> Vec<(At<String>, Node<'r, 't>)> {
        let entries = self.entries.iter().map(|entry| {
            let place = self.page.place(&self.path_of(entry.name), entry.offset);
            (
                At {
                    value: entry.name.to_owned(),
                    place,
                },
                self.node(entry),
            )
        });
        entries.collect()
    }

    /// Keys of a later version: accepted, with a word that they do nothing yet.
    pub(super) fn not_yet(&mut self, names: &[&'static str]) {
        for name in names {
            self.asked.push(name);
            if let Some(entry) = self.entries.iter().find(|entry| entry.name == *name) {
                self.page.report(
                    Severity::Warning,
                    &self.path_of(name),
                    entry.offset,
                    Words::new(
                        "has no effect in this version; it can stay for a later one",
                        "在此版本中不起作用；可以保留，供以后的版本使用",
                    ),
                );
            }
        }
    }

    /// Warns of the keys that nobody asked for. `explain` knows some strangers by name.
    pub(super) fn finish(self, explain: impl Fn(&str) -> Option<Words>) {
        #[cfg(test)]
        remember(&self.path, &self.asked);
        for entry in self
            .entries
            .iter()
            .filter(|entry| !self.asked.contains(&entry.name))
        {
            let words = explain(entry.name).unwrap_or_else(|| {
                let hint = did_you_mean(nearest(entry.name, self.asked.iter().copied()));
                Words::new(
                    format!("unknown key, ignored{}", hint.en),
                    format!("未知的键，已忽略{}", hint.zh),
                )
            });
            self.page.report(
                Severity::Warning,
                &self.path_of(entry.name),
                entry.offset,
                words,
            );
        }
    }

    fn node(&self, entry: &Entry<'r, 't>) -> Node<'r, 't> {
        Node {
            page: self.page,
            value: entry.value,
            path: self.path_of(entry.name),
        }
    }

    fn path_of(&self, name: &str) -> String {
        let plain = !name.is_empty()
            && !name.contains(|c: char| c.is_whitespace() || c.is_control() || ".[]\"".contains(c));
        match (plain, self.path.is_empty()) {
            (true, true) => name.to_owned(),
            (true, false) => format!("{}.{name}", self.path),
            (false, _) => format!("{}[{name:?}]", self.path),
        }
    }
}

#[cfg(test)]
thread_local! {
    /// What objects were asked for, by their paths, while somebody wants to know.
    static ASKED: std::cell::RefCell<Option<HashMap<String, std::collections::BTreeSet<String>>>> =
        const { std::cell::RefCell::new(None) };
}

#[cfg(test)]
fn remember(path: &str, asked: &[&'static str]) {
    ASKED.with_borrow_mut(|all| {
        if let Some(all) = all {
            let names = asked.iter().map(|name| (*name).to_owned());
            all.entry(path.to_owned()).or_default().extend(names);
        }
    });
}

/// The keys that are known of each object that `read` comes by.
#[cfg(test)]
pub(super) fn asked_for(
    read: impl FnOnce(),
) -> HashMap<String, std::collections::BTreeSet<String>> {
    ASKED.set(Some(HashMap::new()));
    read();
    ASKED.take().unwrap_or_default()
}
