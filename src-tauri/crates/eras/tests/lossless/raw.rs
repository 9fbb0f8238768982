//! JSON as text: generators and readers that keep every spelling.

use proptest::prelude::*;
use wire::Span;

/// Raw keys and values.
pub(crate) type Object = Vec<(String, String)>;

pub(crate) fn number() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?"
}

pub(crate) fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("a"),
        Just("é😀"),
        Just(r#"\""#),
        Just(r"\\"),
        Just(r"\/"),
        Just(r"\u0041"),
        Just(r"\ud83d\ude00"),
        Just(r"\n"),
        Just("requestState"),
        Just("{[,:"),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

pub(crate) fn gap() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(""), Just(" "), Just("\n\t")]
}

/// Different keys: their numbers tell them apart, however the rest is spelt.
pub(crate) fn key(number: usize, escaped: bool) -> String {
    let letter = if escaped { r"\u006b" } else { "k" };
    format!("\"{letter}{number}\"")
}

pub(crate) fn object_of(
    value: impl Strategy<Value = String> + 'static,
) -> impl Strategy<Value = Object> {
    prop::collection::vec((any::<bool>(), value), 0..4).prop_map(|values| {
        let number = |(place, (escaped, value))| (key(place, escaped), value);
        values.into_iter().enumerate().map(number).collect()
    })
}

pub(crate) fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        number(),
        string(),
        Just("true".to_owned()),
        Just("null".to_owned()),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..3), gap())
                .prop_map(|(values, gap)| format!("[{gap}{}{gap}]", values.join(","))),
            (object_of(inner), gap()).prop_map(|(members, gap)| object(&members, gap)),
        ]
    })
}

pub(crate) fn some_object() -> impl Strategy<Value = Object> {
    object_of(value())
}

pub(crate) fn object(members: &[(String, String)], gap: &str) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(key, value)| format!("{gap}{key}{gap}:{gap}{value}{gap}"))
        .collect();
    format!("{{{gap}{}}}", members.join(","))
}

/// The members of an object as they are written.
pub(crate) fn raw(text: &str) -> Object {
    let quoted = |span: Span| text[span.start - 1..span.end + 1].to_owned();
    wire::members(text.as_bytes())
        .map(|member| (quoted(member.key), text[member.value.range()].to_owned()))
        .collect()
}

pub(crate) fn get<'a>(members: &'a [(String, String)], key: &str) -> Option<&'a str> {
    let quoted = wire::quote(key);
    let found = members.iter().find(|(own, _)| *own == quoted);
    found.map(|(_, value)| value.as_str())
}

pub(crate) fn put(members: &mut Object, key: &str, value: &str) {
    members.push((wire::quote(key), value.to_owned()));
}
