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

    /// Whether it could be changed into these entries; else it is to be built anew.
    pub(super) fn change_into(&mut self, entries: &[Entry]) -> tauri::Result<bool> {
        if !same_shape(&self.entries, entries) {
            return Ok(false);
        }
        change(&self.items, &self.entries, entries)?;
        self.entries = entries.to_vec();
        Ok(true)
    }

    /// A click checks an entry at once, whatever comes of it: says what should be seen again.
    pub(super) fn correct_checks(&self) -> tauri::Result<()> {
        correct(&self.items, &self.entries)
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

fn change(items: &[Item], from: &[Entry], to: &[Entry]) -> tauri::Result<()> {
    for (item, (from, to)) in items.iter().zip(from.iter().zip(to)) {
        if from != to {
            change_one(item, from, to)?;
        }
    }
    Ok(())
}

fn change_one(item: &Item, from: &Entry, to: &Entry) -> tauri::Result<()> {
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
        (MenuItemKind::Submenu(submenu), Entry::Submenu { label, entries, .. }) => {
            if from.label() != Some(label) {
                submenu.set_text(shown(label))?;
            }
            change(&item.children, from.children(), entries)
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

/// Whether two trees differ in nothing but what can be changed on the screen.
fn same_shape(one: &[Entry], other: &[Entry]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(one, other)| match (one, other) {
                (Entry::Separator, Entry::Separator) => true,
                (Entry::Item { id: a, .. }, Entry::Item { id: b, .. })
                | (Entry::Check { id: a, .. }, Entry::Check { id: b, .. }) => a == b,
                (
                    Entry::Submenu {
                        id: a, entries: x, ..
                    },
                    Entry::Submenu {
                        id: b, entries: y, ..
                    },
                ) => a == b && same_shape(x, y),
                _ => false,
            })
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

    fn submenu(id: &str, entries: Vec<Entry>) -> Entry {
        Entry::Submenu {
            id: id.to_owned(),
            label: id.to_owned(),
            entries,
        }
    }

    #[test]
    fn labels_can_change_and_entries_cannot() {
        let menu = vec![Entry::Separator, submenu("s", vec![item("a", "A")])];
        let other_label = vec![Entry::Separator, submenu("s", vec![item("a", "B")])];
        let other_id = vec![Entry::Separator, submenu("s", vec![item("b", "A")])];
        let one_more = vec![
            Entry::Separator,
            submenu("s", vec![item("a", "A")]),
            item("b", "B"),
        ];
        assert!(same_shape(&menu, &other_label));
        assert!(!same_shape(&menu, &other_id));
        assert!(!same_shape(&menu, &one_more));
        assert!(!same_shape(&menu[1..], &menu[..1]));
    }

    #[test]
    fn no_letter_of_a_label_is_taken_for_a_key() {
        assert_eq!(shown("R&D my_server"), "R&&D my_server");
    }
}
