//! What was taken out of a file, and where it belongs if it is put back.

use super::members::Item;

/// A server's entry, and what `mapping` and `toolFilters` had under its name.
pub(super) struct Taken {
    pub(super) entry: Option<Item>,
    /// In the order of `document::BY_NAME`.
    pub(super) by_name: [Option<(Item, Neighbours)>; 2],
}

/// Who stood next to something, nearest first.
pub(super) struct Neighbours {
    before: Vec<String>,
    behind: Vec<String>,
}

impl Neighbours {
    /// The neighbours of number `at`.
    pub(super) fn of<'n>(names: impl Iterator<Item = &'n str>, at: usize) -> Self {
        let mut before: Vec<String> = names.map(str::to_owned).collect();
        let behind = before.split_off((at + 1).min(before.len()));
        before.truncate(at);
        before.reverse();
        Self { before, behind }
    }

    /// Where it belongs among those who are there now: next to the nearest neighbour of then,
    /// or where all of them are strangers, at its old number.
    pub(super) fn place<'n>(&self, names: impl Iterator<Item = &'n str>) -> usize {
        let names: Vec<&str> = names.collect();
        let find = |name: &String| names.iter().position(|there| there == name);
        let behind = || self.behind.iter().find_map(find);
        let before = self.before.iter().find_map(find).map(|at| at + 1);
        before
            .or_else(behind)
            .unwrap_or(self.before.len().min(names.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_place_is_found_among_those_who_are_left() {
        let neighbours = Neighbours::of(["a", "b", "c", "d"].into_iter(), 2);
        let place = |names: &[&'static str]| neighbours.place(names.iter().copied());
        assert_eq!(place(&["a", "b", "d"]), 2);
        assert_eq!(place(&["x", "a", "y", "d"]), 2);
        assert_eq!(place(&["x", "d"]), 1);
        assert_eq!(place(&["x", "y", "z"]), 2);
        assert_eq!(place(&["x"]), 1);
        assert_eq!(place(&[]), 0);
    }
}
