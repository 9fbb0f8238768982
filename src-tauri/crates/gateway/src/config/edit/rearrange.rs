//! The items of one list or table changed into others, touching as few as possible.

use std::collections::{HashMap, VecDeque};

use super::members::Members;
use super::placing::Above;
use super::style::{Spot, Value};

/// An item as it shall be.
pub(super) struct Wanted<'w> {
    /// The key of a table, the string of a list.
    pub(super) name: &'w str,
    pub(super) value: Value,
}

/// Makes `members` hold exactly `wanted` in that order. What is there already stays as it is;
/// something that changed places is written anew.
///
/// `by_place`: an item may take the place of another, whose remarks then are its own.
pub(super) fn rearrange(
    members: &mut Members,
    wanted: &[Wanted<'_>],
    by_place: bool,
    spot: Spot<'_>,
) {
    let stay = staying(members, wanted);
    // From the end, so that the places in front of a change stay what they are.
    let (mut old_end, mut new_end) = (members.items.len(), wanted.len());
    let ends = std::iter::once((None, None));
    let marks = stay.iter().rev().map(|(old, new)| (Some(*old), Some(*new)));
    for (old, new) in marks.chain(ends) {
        let old_start = old.map_or(0, |old| old + 1);
        let new_start = new.map_or(0, |new| new + 1);
        let taken = if by_place {
            (old_end - old_start).min(new_end - new_start)
        } else {
            0
        };
        for at in (old_start + taken..old_end).rev() {
            members.remove(at, Above::Stay);
        }
        for (offset, item) in wanted[new_start + taken..new_end].iter().enumerate() {
            insert(members, old_start + taken + offset, item, spot);
        }
        for offset in 0..taken {
            members.replace(old_start + offset, &wanted[new_start + offset].value, spot);
        }
        if let (Some(old), Some(new)) = (old, new) {
            members.replace(old, &wanted[new].value, spot);
            (old_end, new_end) = (old, new);
        }
    }
}

fn insert(members: &mut Members, at: usize, item: &Wanted<'_>, spot: Spot<'_>) {
    let key = members.is_object().then_some(item.name);
    members.insert(at, key, &item.value, spot);
}

/// The items that can stay, as pairs of old and new places that rise together: the longest such
/// row. Of equal strings the first is taken for the first.
fn staying(members: &Members, wanted: &[Wanted<'_>]) -> Vec<(usize, usize)> {
    let mut places: HashMap<&str, VecDeque<usize>> = HashMap::new();
    for (at, item) in members.items.iter().enumerate() {
        places.entry(&item.name).or_default().push_back(at);
    }
    let pairs = wanted.iter().enumerate().filter_map(|(new, item)| {
        let old = places.get_mut(item.name)?.pop_front()?;
        Some((old, new))
    });
    rising(&pairs.collect::<Vec<_>>())
}

/// The longest row of pairs whose first numbers rise, in the order given.
fn rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // The last pair of the best row of each length, and for each pair the one before it.
    let mut tails: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (index, (old, _)) in pairs.iter().enumerate() {
        let length = tails.partition_point(|tail| pairs[*tail].0 < *old);
        before.push(length.checked_sub(1).map(|shorter| tails[shorter]));
        if length == tails.len() {
            tails.push(index);
        } else {
            tails[length] = index;
        }
    }
    let mut row = Vec::with_capacity(tails.len());
    let mut next = tails.last().copied();
    while let Some(index) = next {
        row.push(pairs[index]);
        next = before[index];
    }
    row.reverse();
    row
}

#[cfg(test)]
mod tests {
    use super::super::style::Style;
    use super::*;

    fn check(text: &str, wanted: &[&str], by_place: bool, expected: &str) {
        let style = Style::of(text, Some("\n  "));
        let spot = Spot {
            style: &style,
            indent: "",
            inline: false,
        };
        let mut members = Members::of(text).expect("a list");
        let wanted: Vec<Wanted<'_>> = wanted
            .iter()
            .map(|name| Wanted {
                name,
                value: Value::text(name),
            })
            .collect();
        rearrange(&mut members, &wanted, by_place, spot);
        assert_eq!(members.text(&style), expected);
    }

    #[test]
    fn items_that_stay_are_not_touched() {
        check(r#"["a", "b", "c"]"#, &["a", "c"], false, r#"["a", "c"]"#);
        check(
            r#"["a","\u0062" /* b */]"#,
            &["b"],
            false,
            r#"["\u0062" /* b */]"#,
        );
        check(
            r#"["a", "b", "c"]"#,
            &["c", "a", "b"],
            false,
            r#"["c", "a", "b"]"#,
        );
        check(
            r#"["a", "a"]"#,
            &["a", "a", "a"],
            true,
            r#"["a", "a", "a"]"#,
        );
        check(r#"["a"]"#, &[], false, "[]");
        check(
            "[\n  \"a\", // a\n  \"b\" // b\n]",
            &["b", "c"],
            false,
            "[\n  \"b\", // b\n  \"c\"\n]",
        );
    }

    #[test]
    fn an_argument_takes_the_place_of_another() {
        check(
            "[\n  \"x\",\n  \"80\" // the port\n]",
            &["x", "81", "-v"],
            true,
            "[\n  \"x\",\n  \"81\", // the port\n  \"-v\"\n]",
        );
    }

    #[test]
    fn the_longest_row_is_kept() {
        let row = |olds: &[usize]| {
            let pairs: Vec<_> = olds.iter().copied().zip(0..).collect();
            let row = rising(&pairs).into_iter();
            row.map(|(old, _)| old).collect::<Vec<_>>()
        };
        assert_eq!(row(&[2, 0, 1, 3]), [0, 1, 3]);
        assert_eq!(row(&[1, 2, 3, 0]), [1, 2, 3]);
        assert_eq!(row(&[]), [0; 0]);
    }
}
