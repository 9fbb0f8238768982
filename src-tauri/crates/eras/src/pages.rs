//! A list in pages (MCP 2026-07-28, "Pagination"; the same in every version).
//!
//! A cursor names the last item of the page before, so that the next page begins behind that item
//! wherever it stands by then: items that come or go elsewhere make no other one be left out or
//! told twice. Once the named item is gone, the cursor is unknown, and the list has to be read
//! again from its beginning. Nothing is kept here, and a cursor is as good after a restart.

use std::num::NonZeroUsize;
use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wire::quote;

use crate::list::List;

/// Format of a cursor; another one is not understood.
const FORMAT: u8 = 1;
/// format, list, which of several items with the same key.
const HEAD: usize = 1 + 1 + 4;

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Which of the items.
    pub items: Range<usize>,
    /// The cursor of the next page, where there is one.
    pub next: Option<String>,
}

/// The cursor is none of this list, or none any more. To be answered with -32602.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this cursor is not known, or not any more; list again without a cursor")]
pub struct UnknownCursor;

/// The page that a cursor asks for, of at most so many items; the first one without a cursor.
/// `keys` are the names or URIs of all items, in the order of the list.
///
/// # Errors
/// Where the cursor, which may be any text, leads nowhere.
pub fn page<K: AsRef<str>>(
    list: List,
    keys: &[K],
    cursor: Option<&str>,
    most: NonZeroUsize,
) -> Result<Page, UnknownCursor> {
    let start = match cursor {
        None => 0,
        Some(cursor) => behind(list, keys, cursor).ok_or(UnknownCursor)?,
    };
    let end = keys.len().min(start.saturating_add(most.get()));
    Ok(Page {
        items: start..end,
        next: (end < keys.len()).then(|| cursor_behind(list, keys, end - 1)),
    })
}

/// The result of a list method up to 2025-11-25: definitions as their servers wrote them.
pub fn write_page<I: AsRef<[u8]>>(list: List, items: &[I], next: Option<&str>) -> Vec<u8> {
    let length: usize = items.iter().map(|item| item.as_ref().len() + 1).sum();
    let next = next.map(|cursor| format!(r#","nextCursor":{}"#, quote(cursor)));
    let next = next.unwrap_or_default();
    let mut out = Vec::with_capacity(length + next.len() + 32);
    out.extend_from_slice(format!(r#"{{"{}":["#, list.member()).as_bytes());
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item.as_ref());
    }
    out.push(b']');
    out.extend_from_slice(next.as_bytes());
    out.push(b'}');
    out
}

// === cursors ===

fn cursor_behind<K: AsRef<str>>(list: List, keys: &[K], last: usize) -> String {
    let key = keys[last].as_ref();
    let same = keys[..last].iter().filter(|one| one.as_ref() == key);
    // No list has as many items.
    let again = u32::try_from(same.count()).unwrap_or(u32::MAX);
    let mut bytes = vec![FORMAT, list as u8];
    bytes.extend_from_slice(&again.to_be_bytes());
    bytes.extend_from_slice(key.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Where the item stands that comes after the one which a cursor names.
fn behind<K: AsRef<str>>(list: List, keys: &[K], cursor: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (head, key) = bytes.split_at_checked(HEAD)?;
    if head[..2] != [FORMAT, list as u8] {
        return None;
    }
    let again = u32::from_be_bytes(head[2..].try_into().ok()?);
    let mut same = keys
        .iter()
        .enumerate()
        .filter(|(_, one)| one.as_ref().as_bytes() == key);
    let (position, _) = same.nth(usize::try_from(again).ok()?)?;
    Some(position + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn most(items: usize) -> NonZeroUsize {
        NonZeroUsize::new(items).expect("a page has items")
    }

    fn tools(keys: &[&str], cursor: Option<&str>, items: usize) -> Result<Page, UnknownCursor> {
        page(List::Tools, keys, cursor, most(items))
    }

    /// All items, in the order in which a client that follows the cursors sees them.
    fn walked(keys: &[&str], items: usize) -> Vec<String> {
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let page = tools(keys, cursor.as_deref(), items).expect("our own cursor");
            assert!(page.items.len() <= items);
            seen.extend(keys[page.items].iter().map(|&key| key.to_owned()));
            assert!(seen.len() <= keys.len(), "it goes round in circles");
            cursor = page.next;
            if cursor.is_none() {
                return seen;
            }
        }
    }

    fn second(keys: &[&str]) -> String {
        let first = tools(keys, None, 2).expect("no cursor");
        first.next.expect("there is more")
    }

    #[test]
    fn a_list_that_fits_has_one_page() {
        for keys in [&[][..], &["a"], &["a", "b"]] {
            let page = tools(keys, None, 2);
            let all = Page {
                items: 0..keys.len(),
                next: None,
            };
            assert_eq!(page, Ok(all));
        }
        let endless = page(List::Tools, &["a", "b"], None, NonZeroUsize::MAX);
        assert_eq!(endless.map(|page| page.items), Ok(0..2));
    }

    #[test]
    fn the_next_page_begins_behind_its_item_wherever_that_stands() {
        let cursor = second(&["a", "b", "c"]);
        let from = |keys: &[&str]| tools(keys, Some(&cursor), 2).map(|page| page.items);
        assert_eq!(from(&["a", "b", "c"]), Ok(2..3));
        assert_eq!(from(&["b", "c", "d", "e"]), Ok(1..3));
        assert_eq!(from(&["x", "y", "a", "b", "c"]), Ok(4..5));
        assert_eq!(from(&["a", "b"]), Ok(2..2));
        assert_eq!(from(&["a", "c"]), Err(UnknownCursor));
        assert_eq!(from(&[]), Err(UnknownCursor));
    }

    #[test]
    fn a_cursor_is_one_of_its_list_and_of_nothing_else() {
        let keys = ["a", "b", "c"];
        let cursor = second(&keys);
        for list in [List::Prompts, List::Resources, List::Templates] {
            assert_eq!(
                page(list, &keys, Some(&cursor), most(2)),
                Err(UnknownCursor)
            );
        }
        let odd = format!("{cursor}=");
        let longer = format!("{cursor}AAAA");
        for text in ["", "b", "AQ", "AQAAAAAA", "not base64!", "é", &odd, &longer] {
            assert_eq!(tools(&keys, Some(text), 2), Err(UnknownCursor), "{text}");
        }
        for at in 0..cursor.len() {
            assert_eq!(tools(&keys, Some(&cursor[..at]), 2), Err(UnknownCursor));
        }
    }

    #[test]
    fn a_page_is_what_the_servers_wrote() {
        let items = [&br#"{ "name":"a","n":1.0 }"#[..], br#"{"name":"b"}"#];
        assert_eq!(
            write_page(List::Tools, &items, None),
            br#"{"tools":[{ "name":"a","n":1.0 },{"name":"b"}]}"#
        );
        assert_eq!(
            write_page(List::Templates, &items[1..], Some("x\"y")),
            br#"{"resourceTemplates":[{"name":"b"}],"nextCursor":"x\"y"}"#
        );
        let none: [&[u8]; 0] = [];
        assert_eq!(write_page(List::Prompts, &none, None), br#"{"prompts":[]}"#);
        assert_eq!(
            write_page(List::Resources, &none, None),
            br#"{"resources":[]}"#
        );
    }

    proptest! {
        #[test]
        fn walking_all_pages_gives_every_item_once_and_in_order(
            keys in proptest::collection::vec("[a-c]{0,2}|é:/.{0,3}", 0..24),
            items in 1_usize..10,
        ) {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            prop_assert_eq!(walked(&keys, items), keys);
        }

        #[test]
        fn what_goes_elsewhere_takes_nothing_else_along(
            keys in proptest::collection::btree_set("[a-z]{1,3}", 3..24),
            items in 1_usize..6,
            gone in any::<proptest::sample::Index>(),
        ) {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let first = tools(&keys, None, items).expect("no cursor");
            let Some(cursor) = first.next else { return Ok(()) };
            let gone = keys[gone.index(keys.len())];
            let left: Vec<&str> = keys.iter().copied().filter(|key| *key != gone).collect();
            let next = tools(&left, Some(&cursor), keys.len());
            if keys[first.items.end - 1] == gone {
                prop_assert_eq!(next, Err(UnknownCursor));
            } else {
                let wanted: Vec<&str> = keys[first.items.end..].iter().copied().filter(|key| *key != gone).collect();
                prop_assert_eq!(&left[next.expect("still there").items], &wanted[..]);
            }
        }

        #[test]
        fn no_cursor_makes_it_stumble(cursor in "[A-Za-z0-9_-]{0,24}|.{0,12}") {
            let _ = tools(&["a", "b"], Some(&cursor), 1).map(|page| assert!(page.items.end <= 2));
        }
    }
}
