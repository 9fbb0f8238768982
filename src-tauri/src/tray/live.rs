//! The menu on the screen: brought in line with a tree of entries by changing as little as
//! possible, because a menu that is replaced closes under the user's pointer.

use tauri::menu::{CheckMenuItem, Menu, MenuItem, MenuItemKind, PredefinedMenuItem, Submenu};
use tauri::{AppHandle, Wry};

use super::menu::Entry;

/// A menu and the entries it shows.
pub(super) struct Live {
    menu: Menu<Wry>,
    items: Vec<Item>,
    entries: Vec<Entry>,
}

struct Item {
    kind: MenuItemKind<Wry>,
    children: Vec<Item>,
}

/// What holds entries.
enum Holder<'a> {
    Menu(&'a Menu<Wry>),
    Submenu(&'a Submenu<Wry>),
}

// === impl Live ===

impl Live {
    /// Builds a menu of these entries.
    pub(super) fn new(app: &AppHandle, entries: Vec<Entry>) -> tauri::Result<Self> {
        let menu = Menu::new(app)?;
        let items = build(app, &entries)?;
        for item in &items {
            menu.append(&item.kind)?;
        }
        Ok(Self {
            menu,
            items,
            entries,
        })
    }

    /// The menu, to hang it on the icon.
    pub(super) fn menu(&self) -> Menu<Wry> {
        self.menu.clone()
    }

    /// Makes it show these entries.
    pub(super) fn change_into(
        &mut self,
        app: &AppHandle,
        entries: Vec<Entry>,
    ) -> tauri::Result<()> {
        let holder = Holder::Menu(&self.menu);
        change(app, &holder, &mut self.items, &self.entries, &entries)?;
        self.entries = entries;
        Ok(())
    }

    /// A click checks an entry at once, whatever comes of it: says what should be seen again.
    pub(super) fn correct_checks(&self) -> tauri::Result<()> {
        correct(&self.items, &self.entries)
    }
}

// === impl Holder ===

impl Holder<'_> {
    fn insert(&self, item: &MenuItemKind<Wry>, position: usize) -> tauri::Result<()> {
        match self {
            Self::Menu(menu) => menu.insert(item, position),
            Self::Submenu(menu) => menu.insert(item, position),
        }
    }

    fn remove(&self, position: usize) -> tauri::Result<()> {
        match self {
            Self::Menu(menu) => menu.remove_at(position).map(drop),
            Self::Submenu(menu) => menu.remove_at(position).map(drop),
        }
    }
}

fn build(app: &AppHandle, entries: &[Entry]) -> tauri::Result<Vec<Item>> {
    entries.iter().map(|entry| build_one(app, entry)).collect()
}

fn build_one(app: &AppHandle, entry: &Entry) -> tauri::Result<Item> {
    let no_key = None::<&str>;
    let mut children = Vec::new();
    let kind = match entry {
        Entry::Separator => MenuItemKind::Predefined(PredefinedMenuItem::separator(app)?),
        Entry::Item { id, label, enabled } => {
            MenuItemKind::MenuItem(MenuItem::with_id(app, id, shown(label), *enabled, no_key)?)
        }
        Entry::Check {
            id,
            label,
            enabled,
            checked,
        } => MenuItemKind::Check(CheckMenuItem::with_id(
            app,
            id,
            shown(label),
            *enabled,
            *checked,
            no_key,
        )?),
        Entry::Submenu { id, label, entries } => {
            let submenu = Submenu::with_id(app, id, shown(label), true)?;
            children = build(app, entries)?;
            for child in &children {
                submenu.append(&child.kind)?;
            }
            MenuItemKind::Submenu(submenu)
        }
    };
    Ok(Item { kind, children })
}

/// Replaces what lies between the entries at both ends that can stay.
fn change(
    app: &AppHandle,
    holder: &Holder<'_>,
    items: &mut Vec<Item>,
    from: &[Entry],
    to: &[Entry],
) -> tauri::Result<()> {
    let (first, last) = staying(from, to);
    let (old, new) = (first..from.len() - last, first..to.len() - last);
    for _ in old.clone() {
        holder.remove(first)?;
    }
    let built = build(app, &to[new])?;
    for (offset, item) in built.iter().enumerate() {
        holder.insert(&item.kind, first + offset)?;
    }
    items.splice(old, built);

    let ends = (0..first).map(|at| (at, at, at));
    let other_ends = (1..=last).map(|back| {
        let at = to.len() - back;
        (at, from.len() - back, at)
    });
    for (item, old, new) in ends.chain(other_ends) {
        if from[old] != to[new] {
            change_one(app, &mut items[item], &from[old], &to[new])?;
        }
    }
    Ok(())
}

fn change_one(app: &AppHandle, item: &mut Item, from: &Entry, to: &Entry) -> tauri::Result<()> {
    match (&item.kind, to) {
        (MenuItemKind::MenuItem(item), Entry::Item { label, enabled, .. }) => {
            item.set_text(shown(label))?;
            item.set_enabled(*enabled)
        }
        (
            MenuItemKind::Check(item),
            Entry::Check {
                label,
                enabled,
                checked,
                ..
            },
        ) => {
            item.set_text(shown(label))?;
            item.set_enabled(*enabled)?;
            item.set_checked(*checked)
        }
        (MenuItemKind::Submenu(submenu), Entry::Submenu { entries, .. }) => {
            let holder = Holder::Submenu(submenu);
            change(app, &holder, &mut item.children, from.children(), entries)
        }
        _ => Ok(()),
    }
}

fn correct(items: &[Item], entries: &[Entry]) -> tauri::Result<()> {
    for (item, entry) in items.iter().zip(entries) {
        match (&item.kind, entry) {
            (MenuItemKind::Check(item), Entry::Check { checked, .. }) => {
                item.set_checked(*checked)?;
            }
            (_, entry) => correct(&item.children, entry.children())?,
        }
    }
    Ok(())
}

/// How many entries at the beginning and at the end stay the same ones, if changed.
fn staying(from: &[Entry], to: &[Entry]) -> (usize, usize) {
    let pairs = || from.iter().zip(to);
    let first = pairs().take_while(|(from, to)| stays(from, to)).count();
    let most = from.len().min(to.len()) - first;
    let back = from.iter().rev().zip(to.iter().rev());
    let last = back.take(most).take_while(|(from, to)| stays(from, to));
    (first, last.count())
}

/// Whether one can become the other on the screen. A submenu's label cannot change on Linux: the
/// menu library sets it on the wrong widget.
fn stays(from: &Entry, to: &Entry) -> bool {
    match (from, to) {
        (Entry::Separator, Entry::Separator) => true,
        (Entry::Item { id: a, .. }, Entry::Item { id: b, .. })
        | (Entry::Check { id: a, .. }, Entry::Check { id: b, .. }) => a == b,
        (
            Entry::Submenu {
                id: a, label: from, ..
            },
            Entry::Submenu {
                id: b, label: to, ..
            },
        ) => a == b && from == to,
        _ => false,
    }
}

/// In the menu library's labels, `&` marks the key that picks an entry; doubled it is itself.
fn shown(label: &str) -> String {
    label.replace('&', "&&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: &str, label: &str) -> Entry {
        Entry::Item {
            id: id.to_owned(),
            label: label.to_owned(),
            enabled: true,
        }
    }

    fn submenu(label: &str) -> Entry {
        Entry::Submenu {
            id: "servers".to_owned(),
            label: label.to_owned(),
            entries: Vec::new(),
        }
    }

    #[test]
    fn only_what_is_new_is_replaced() {
        let menu = [item("a", "A"), Entry::Separator, item("z", "Z")];
        let other_label = [item("a", "B"), Entry::Separator, item("z", "Z")];
        let one_more = [
            item("a", "A"),
            item("b", "B"),
            Entry::Separator,
            item("z", "Z"),
        ];
        let other = [item("a", "A"), item("b", "B"), item("z", "Z")];
        assert_eq!(staying(&menu, &menu), (3, 0));
        assert_eq!(staying(&menu, &other_label), (3, 0));
        assert_eq!(staying(&menu, &one_more), (1, 2));
        assert_eq!(staying(&one_more, &menu), (1, 2));
        assert_eq!(staying(&menu, &other), (1, 1));
        assert_eq!(staying(&menu, &[]), (0, 0));
    }

    #[test]
    fn equal_entries_are_not_counted_from_both_ends() {
        let lines = [Entry::Separator, Entry::Separator];
        assert_eq!(staying(&lines, &lines[..1]), (1, 0));
    }

    #[test]
    fn a_submenu_of_another_label_is_another() {
        assert!(stays(&submenu("a"), &submenu("a")));
        assert!(!stays(&submenu("a"), &submenu("b")));
    }

    #[test]
    fn no_letter_of_a_label_is_taken_for_a_key() {
        assert_eq!(shown("R&D my_server"), "R&&D my_server");
    }
}
