//! Members of objects by their names, wherever in a text the object lies. The text must be known
//! to be valid JSON; every span is one of the whole text.

use std::borrow::Cow;

use wire::{Member, Span, array_elements, members, string_text};

/// A whole text as a place in itself, without the white space around its value.
pub(crate) fn whole(text: &[u8]) -> Span {
    let start = text.len() - text.trim_ascii_start().len();
    let end = text.trim_ascii_end().len().max(start);
    Span { start, end }
}

/// The key of a member of `object`, without its escapes.
pub(crate) fn key<'a>(object: &'a [u8], member: &Member) -> Cow<'a, str> {
    let quoted = Span {
        start: member.key.start - 1,
        end: member.key.end + 1,
    };
    string_text(quoted.of(object)).unwrap_or_default()
}

/// Where each member of an object has its value: key and place. None where it is no object.
pub(crate) fn each(text: &[u8], object: Span) -> impl Iterator<Item = (Cow<'_, str>, Span)> {
    let raw = object.of(text);
    members(raw).map(move |member| (key(raw, &member), member.value.shifted(object.start)))
}

/// The value of a member, of the last one where there are several: so do the parsers of the two
/// official SDKs.
pub(crate) fn member(text: &[u8], object: Span, name: &str) -> Option<Span> {
    each(text, object)
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value)
        .last()
}

/// The value at the end of a path of members.
pub(crate) fn at(text: &[u8], object: Span, path: &[&str]) -> Option<Span> {
    path.iter()
        .try_fold(object, |place, name| member(text, place, name))
}

/// The elements of an array; none where it is no array.
pub(crate) fn elements(text: &[u8], array: Span) -> Vec<Span> {
    let elements = array_elements(array.of(text)).unwrap_or_default();
    elements
        .into_iter()
        .map(|element| element.shifted(array.start))
        .collect()
}

/// The text of a string; `None` where it is none.
pub(crate) fn string(text: &[u8], place: Span) -> Option<Cow<'_, str>> {
    string_text(place.of(text))
}

/// Whether an object stands there.
pub(crate) fn is_object(text: &[u8], place: Span) -> bool {
    place.of(text).first() == Some(&b'{')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_the_whole_text() {
        let text = br#" { "a" : {"\u0062":[ 1, "x\/y" ],"b ":2}, "a": {"b":[true]} } "#;
        let object = whole(text);
        assert_eq!(object.of(text).first(), Some(&b'{'));
        let last = at(text, object, &["a", "b"]).expect("is there");
        assert_eq!(last.of(text), b"[true]");
        let first = each(text, object).next().expect("is there").1;
        let array = member(text, first, "b").expect("the escaped one");
        let found = elements(text, array);
        assert_eq!(string(text, found[1]).as_deref(), Some("x/y"));
        assert_eq!(string(text, found[0]), None);
        assert!(is_object(text, first) && !is_object(text, array));
        assert!(elements(text, first).is_empty());
        assert_eq!(at(text, object, &["a", "b", "c"]), None);
        assert_eq!(whole(b"  ").of(b"  "), b"");
    }
}
