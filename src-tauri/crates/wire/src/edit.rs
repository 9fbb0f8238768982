//! Members put into an object and taken out of it, as edits for [`splice`](crate::splice()):
//! everything else in the text stays as it is.

use crate::claim::plain;
use crate::json::members;
use crate::scan::Span;

/// One place in a text and what stands there afterwards.
pub type Edit = (Span, Vec<u8>);

/// The edits that put `first` (raw members, `"key":value,…`) at the beginning of an object and take
/// out those members whose keys are among `gone`. `object` is a value in `text`; none where it is
/// no object.
pub fn rewrite_members(text: &[u8], object: Span, first: &str, gone: &[&str]) -> Vec<Edit> {
    let raw = object.of(text);
    if raw.first() != Some(&b'{') {
        return Vec::new();
    }
    let mut edits = Vec::new();
    // Of the member before: whether it stays, and where it ends.
    let mut stays = false;
    let mut end = 1;
    for member in members(raw) {
        let start = member.key.start - 1;
        if gone.contains(&&*plain(member.key.of(raw))) {
            // With the comma before it; the first one that stays loses its own below.
            edits.push((span(object, end, member.value.end), Vec::new()));
        } else {
            if !stays {
                // From behind the brace, or behind what was taken out.
                edits.push((span(object, end, start), Vec::new()));
            }
            stays = true;
        }
        end = member.value.end;
    }
    if !first.is_empty() {
        let mut put = first.as_bytes().to_vec();
        if stays {
            put.push(b',');
        }
        edits.push((span(object, 1, 1), put));
    }
    edits.retain(|(span, put)| span.start < span.end || !put.is_empty());
    edits
}

/// A place inside `object`.
fn span(object: Span, start: usize, end: usize) -> Span {
    Span { start, end }.shifted(object.start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    fn edited(text: &str, first: &str, gone: &[&str]) -> String {
        let object = Span {
            start: 2,
            end: text.len() + 2,
        };
        let whole = format!("[ {text}]");
        let edits = rewrite_members(whole.as_bytes(), object, first, gone);
        let mut edits: Vec<_> = edits
            .iter()
            .map(|(span, put)| (*span, put.as_slice()))
            .collect();
        let out = crate::splice(whole.as_bytes(), &mut edits);
        let out = String::from_utf8(out).expect("text");
        let inner = out.strip_prefix("[ ").and_then(|out| out.strip_suffix("]"));
        inner.expect("the rest stays").to_owned()
    }

    #[test]
    fn the_rest_of_the_object_stays_as_it_is_written() {
        assert_eq!(
            edited(r#"{ "a" : 1.0 , "b":[ ] }"#, r#""x":1"#, &["a"]),
            r#"{"x":1,"b":[ ] }"#
        );
        assert_eq!(
            edited(r#"{"a":1,"b":2,"c":3}"#, "", &["b"]),
            r#"{"a":1,"c":3}"#
        );
        assert_eq!(edited(r#"{"a":1,"b":2}"#, "", &["a", "b"]), "{}");
        assert_eq!(edited("{}", r#""x":1"#, &[]), r#"{"x":1}"#);
        assert_eq!(edited("{ }", r#""x":1"#, &["x"]), r#"{"x":1 }"#);
        assert_eq!(edited(r#"{"a":1}"#, "", &[]), r#"{"a":1}"#);
        assert_eq!(edited(r#"{"\u0061":1,"b":2}"#, "", &["a"]), r#"{"b":2}"#);
        assert_eq!(edited("7", r#""x":1"#, &["x"]), "7");
    }

    proptest! {
        #[test]
        fn it_is_what_a_parser_would_do(
            keys in proptest::collection::btree_set("[a-f]|\"|\\\\|é", 0..8),
            gone in proptest::collection::vec("[a-f]|\"|é", 0..5),
            put in proptest::option::of("[g-k]"),
            spread in any::<bool>(),
        ) {
            let object: Map<String, Value> = keys.iter().enumerate().map(|(n, key)| (key.clone(), json!([n, {"a": key}]))).collect();
            let text = if spread { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) }.expect("JSON");
            let first = put.as_ref().map_or_else(String::new, |key| format!(r#""{key}":{{"new":1}}"#));
            let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
            let found: Value = serde_json::from_str(&edited(&text, &first, &gone)).expect("still JSON");
            let mut wanted = object;
            gone.iter().for_each(|key| { wanted.remove(*key); });
            if let Some(key) = put {
                wanted.insert(key, json!({"new": 1}));
            }
            prop_assert_eq!(found, Value::Object(wanted));
        }
    }
}
