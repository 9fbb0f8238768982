//! The keys of one object set to what they shall mean.
//!
//! Each function compares with what is written and leaves it alone where it means the same
//! already, however it is spelt. A key that was `null` counts as not written.

use super::members::{Members, string};
use super::placing::Above;
use super::rearrange::{Wanted, rearrange};
use super::style::{Spot, Value};

/// An object whose keys have a customary order.
pub(super) struct Keys<'m, 's> {
    pub(super) members: &'m mut Members,
    /// Where the object stands.
    pub(super) spot: Spot<'s>,
    pub(super) order: &'static [&'static str],
}

impl Keys<'_, '_> {
    /// A string, or nothing. An empty string that means nothing may stay if it was there.
    pub(super) fn text(&mut self, key: &str, wanted: Option<&str>) {
        let now = self.members.value(key).and_then(string);
        match wanted {
            Some(text) if now.as_deref() != Some(text) => self.write(key, &Value::text(text)),
            None if now.is_some_and(|now| !now.is_empty()) => self.remove(key),
            _ => {}
        }
    }

    /// A string in which empty is a meaning of its own, or nothing.
    pub(super) fn exact_text(&mut self, key: &str, wanted: Option<&str>) {
        let now = self.members.value(key).and_then(string);
        match wanted {
            Some(text) if now.as_deref() != Some(text) => self.write(key, &Value::text(text)),
            None if now.is_some() => self.remove(key),
            _ => {}
        }
    }

    /// One of a few words; the customary one need not be written.
    pub(super) fn word(&mut self, key: &str, wanted: &str, customary: &str) {
        let now = self.members.value(key).and_then(string);
        if now.as_deref().unwrap_or(customary) != wanted {
            self.write(key, &Value::text(wanted));
        }
    }

    pub(super) fn number(&mut self, key: &str, wanted: Option<u64>) {
        let now = self.members.value(key).map(str::parse::<u64>);
        match wanted {
            Some(number) if now != Some(Ok(number)) => self.write(key, &Value::Number(number)),
            None if now.is_some() => self.remove(key),
            _ => {}
        }
    }

    /// A flag; the customary value need not be written.
    pub(super) fn flag(&mut self, key: &str, wanted: bool, customary: bool) {
        let now = self.members.value(key).map(|value| value == "true");
        if now.unwrap_or(customary) != wanted {
            self.write(key, &Value::Flag(wanted));
        }
    }

    /// A list of strings; `None` is no list. `by_place`: its items mean something by where they
    /// stand, so that a remark beside one stays when another takes its place.
    pub(super) fn list(&mut self, key: &str, wanted: Option<&[String]>, by_place: bool) {
        let Some(wanted) = wanted else {
            if self.members.value(key).is_some() {
                self.remove(key);
            }
            return;
        };
        let items = wanted.iter().map(|item| Wanted {
            name: item,
            value: Value::text(item),
        });
        let items: Vec<Wanted<'_>> = items.collect();
        let rearranged = self.within(key, |members, spot| {
            // One that was empty is laid out anew.
            if members.is_blank() && !items.is_empty() {
                return None;
            }
            rearrange(members, &items, by_place, spot);
            Some(())
        });
        if rearranged.flatten().is_none() {
            self.write(key, &Value::List(wanted.to_vec()));
        }
    }

    /// A list of strings that need not be written where it is empty.
    pub(super) fn optional_list(&mut self, key: &str, wanted: &[String]) {
        if wanted.is_empty() {
            self.emptied(key, |members, spot| rearrange(members, &[], false, spot));
        } else {
            self.list(key, Some(wanted), false);
        }
    }

    /// Names with a string each; it need not be written where it is empty.
    pub(super) fn table<'t>(
        &mut self,
        key: &str,
        wanted: impl Iterator<Item = (&'t str, &'t str)>,
    ) {
        let items = wanted.map(|(name, value)| Wanted {
            name,
            value: Value::text(value),
        });
        let items: Vec<Wanted<'_>> = items.collect();
        if items.is_empty() {
            self.emptied(key, |members, spot| rearrange(members, &[], false, spot));
            return;
        }
        let rearranged = self.within(key, |members, spot| {
            if members.is_blank() {
                return None;
            }
            rearrange(members, &items, false, spot);
            Some(())
        });
        if rearranged.flatten().is_none() {
            let entries = items
                .into_iter()
                .map(|item| (item.name.to_owned(), item.value));
            self.write(key, &Value::Table(entries.collect()));
        }
    }

    /// Changes an object or list, which is then removed if that left nothing of it.
    pub(super) fn emptied(&mut self, key: &str, change: impl FnOnce(&mut Members, Spot<'_>)) {
        let left_blank = self.within(key, |members, spot| {
            let had = !members.items.is_empty();
            change(members, spot);
            had && members.is_blank()
        });
        if left_blank == Some(true) {
            self.remove(key);
        }
    }

    /// Looks at or changes the object or list under a key. `None` where there is none.
    pub(super) fn within<T>(
        &mut self,
        key: &str,
        change: impl FnOnce(&mut Members, Spot<'_>) -> T,
    ) -> Option<T> {
        let at = self.members.find(key)?;
        self.members.within(at, self.spot, change)
    }

    /// The same, with an empty object or list written first where there is none.
    pub(super) fn within_new<T>(
        &mut self,
        key: &str,
        empty: &Value,
        change: impl FnOnce(&mut Members, Spot<'_>) -> T,
    ) -> Option<T> {
        if self.members.value(key).is_none() {
            self.write(key, empty);
        }
        self.within(key, change)
    }

    pub(super) fn remove(&mut self, key: &str) {
        if let Some(at) = self.members.find(key) {
            self.members.remove(at, Above::Stay);
        }
    }

    /// In place of the old value, or where the key customarily stands.
    pub(super) fn write(&mut self, key: &str, value: &Value) {
        if let Some(at) = self.members.find(key) {
            self.members.replace(at, value, self.spot);
        } else {
            let at = self.place(key);
            self.members.insert(at, Some(key), value, self.spot);
        }
    }

    /// Behind the last of the keys that customarily come before; a key without any such order
    /// goes to the end.
    fn place(&self, key: &str) -> usize {
        let rank = |name: &str| self.order.iter().position(|known| *known == name);
        let items = &self.members.items;
        let Some(own) = rank(key) else {
            return items.len();
        };
        let before = |name: &str| rank(name).is_some_and(|rank| rank < own);
        let last = items.iter().rposition(|item| before(&item.name));
        last.map_or(0, |last| last + 1)
    }
}
