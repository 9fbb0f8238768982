//! One list as it is told to clients: in one piece, which nearly every list is, or in pages. Pure.

use std::num::NonZeroUsize;

use bytes::Bytes;
use eras::{UnknownCursor, write_page};

use crate::offer::{Hint, List};

/// See the module.
#[derive(Debug)]
pub(crate) struct Listed {
    list: List,
    /// Exposed names or URIs, in the order of the items.
    keys: Vec<String>,
    items: Vec<Bytes>,
    /// The result with all of them.
    whole: Bytes,
    hint: Option<Hint>,
}

// === impl Listed ===

impl Listed {
    /// An empty list, to be added to.
    pub(super) fn new(list: List) -> Self {
        Self {
            list,
            keys: Vec::new(),
            items: Vec::new(),
            whole: Bytes::new(),
            hint: None,
        }
    }

    /// One more definition.
    pub(super) fn push(&mut self, key: String, item: Bytes) {
        self.keys.push(key);
        self.items.push(item);
    }

    /// No more will come. It may be kept as long as each of its servers allows.
    pub(super) fn close(&mut self, hints: &[Option<Hint>]) {
        self.whole = write_page(self.list.in_bytes(), &self.items, None).into();
        let hints: Option<Vec<Hint>> = hints.iter().copied().collect();
        self.hint = hints.and_then(|hints| hints.into_iter().reduce(Hint::and));
    }

    /// The result of the list method, in one piece.
    pub(super) fn whole(&self) -> &Bytes {
        &self.whole
    }

    /// How long it may be kept, where all servers say so.
    pub(crate) fn hint(&self) -> Option<Hint> {
        self.hint
    }

    /// The result of the list method for a cursor, of so many items at most.
    ///
    /// # Errors
    /// Where the cursor leads nowhere.
    pub(crate) fn page(
        &self,
        cursor: Option<&str>,
        most: NonZeroUsize,
    ) -> Result<Bytes, UnknownCursor> {
        if cursor.is_none() && self.items.len() <= most.get() {
            return Ok(self.whole.clone());
        }
        let list = self.list.in_bytes();
        let page = eras::page(list, &self.keys, cursor, most)?;
        Ok(write_page(list, &self.items[page.items], page.next.as_deref()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(names: &[&str], hints: &[Option<Hint>]) -> Listed {
        let mut listed = Listed::new(List::Prompts);
        for name in names {
            let item = format!(r#"{{"name":"{name}"}}"#);
            listed.push((*name).to_owned(), item.into());
        }
        listed.close(hints);
        listed
    }

    #[test]
    fn a_list_that_fits_has_one_page_and_no_cursor() {
        let listed = listed(&["a", "b"], &[]);
        let most = NonZeroUsize::new(2).expect("two");
        let whole = br#"{"prompts":[{"name":"a"},{"name":"b"}]}"#;
        assert_eq!(listed.page(None, most).expect("the whole"), &whole[..]);
        assert_eq!(listed.page(Some(""), most), Err(UnknownCursor));
    }

    #[test]
    fn a_longer_one_is_read_to_its_end_by_its_cursors() {
        let listed = listed(&["a", "b", "c"], &[]);
        let (mut cursor, mut seen) = (None::<String>, Vec::new());
        for _ in 0..2 {
            let most = NonZeroUsize::new(2).expect("two");
            let page = listed.page(cursor.as_deref(), most).expect("a page");
            let page: serde_json::Value = serde_json::from_slice(&page).expect("JSON");
            let items = page["prompts"].as_array().expect("items").iter();
            seen.extend(items.map(|one| one["name"].as_str().map(str::to_owned)));
            cursor = page["nextCursor"].as_str().map(str::to_owned);
        }
        assert_eq!(cursor, None);
        let seen: Vec<_> = seen.iter().flatten().collect();
        assert_eq!(seen, ["a", "b", "c"]);
    }

    #[test]
    fn what_one_server_says_nothing_of_is_not_kept() {
        let hint = |ttl_ms| {
            Some(Hint {
                ttl_ms,
                public: true,
            })
        };
        assert_eq!(listed(&["a"], &[hint(5), hint(3)]).hint(), hint(3));
        assert_eq!(listed(&["a"], &[hint(5), None]).hint(), None);
        assert_eq!(listed(&[], &[]).hint(), None);
    }
}
