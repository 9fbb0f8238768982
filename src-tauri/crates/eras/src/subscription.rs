//! The messages of a subscription (MCP 2026-07-28, "Subscriptions").
//!
//! Its id is the JSON-RPC id of the request that opened it, and every message says it. It is
//! copied byte for byte, so that `1`, `"1"` and `1.0` stay what they are.

use bytes::Bytes;
use wire::{Edit, Span, meta, notification, result_response, rewrite_members, splice};

use crate::filter::Filter;
use crate::look;

/// The method of an acknowledgment.
const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

/// The first message of a subscription.
pub fn acknowledged(id: &[u8], honored: &Filter) -> Bytes {
    let params = format!(
        r#"{{"_meta":{{{}}},"notifications":{}}}"#,
        tag(id),
        honored.written()
    );
    notification(ACKNOWLEDGED, &params).into()
}

/// The last one, where the subscription ends on this side.
pub fn graceful_end(id: &[u8]) -> Bytes {
    let result = format!(r#"{{"resultType":"complete","_meta":{{{}}}}}"#, tag(id));
    result_response(id, result.as_bytes()).into()
}

/// A notification as it goes to this subscription: `params._meta` says so, whatever it said
/// before. Everything else stays as it is, but for params and `_meta` that are no objects.
pub fn tagged(notification: &Bytes, id: &[u8]) -> Bytes {
    let text = &notification[..];
    let whole = look::whole(text);
    let tag = tag(id);
    let object = |place: &Span| look::is_object(text, *place);
    let params = look::member(text, whole, "params");
    let edits = match params.filter(object) {
        Some(params) => match look::member(text, params, "_meta").filter(object) {
            Some(place) => rewrite_members(text, place, &tag, &[meta::SUBSCRIPTION_ID]),
            None => rewrite_members(text, params, &format!(r#""_meta":{{{tag}}}"#), &["_meta"]),
        },
        None => {
            let value = format!(r#"{{"_meta":{{{tag}}}}}"#);
            match params {
                Some(place) => vec![(place, value.into_bytes())],
                None => behind_the_last(text, whole, &format!(r#""params":{value}"#)),
            }
        }
    };
    edited(notification, &edits)
}

/// A notification as it goes to somebody who has no subscription: without the id of the one that
/// it came by, and without what was there for the id alone.
pub fn untagged(notification: &Bytes) -> Bytes {
    let text = &notification[..];
    let whole = look::whole(text);
    let found = look::member(text, whole, "params")
        .and_then(|params| Some((params, look::member(text, params, "_meta")?)));
    let Some((params, place)) = found else {
        return notification.clone();
    };
    let (ours, others): (Vec<_>, Vec<_>) =
        look::each(text, place).partition(|(key, _)| key == meta::SUBSCRIPTION_ID);
    let edits = if ours.is_empty() {
        Vec::new()
    } else if others.is_empty() {
        rewrite_members(text, params, "", &["_meta"])
    } else {
        rewrite_members(text, place, "", &[meta::SUBSCRIPTION_ID])
    };
    edited(notification, &edits)
}

/// Which subscription a message of a server belongs to: the id as the server wrote it.
pub fn subscription(notification: &[u8]) -> Option<&[u8]> {
    let path = ["params", "_meta", meta::SUBSCRIPTION_ID];
    look::at(notification, look::whole(notification), &path).map(|id| id.of(notification))
}

fn tag(id: &[u8]) -> String {
    format!(
        r#""{}":{}"#,
        meta::SUBSCRIPTION_ID,
        String::from_utf8_lossy(id)
    )
}

/// A member put at the end of an object that has others.
fn behind_the_last(text: &[u8], object: Span, member: &str) -> Vec<Edit> {
    let last = look::each(text, object).map(|(_, value)| value.end).last();
    last.map(|end| {
        let place = Span { start: end, end };
        (place, format!(",{member}").into_bytes())
    })
    .into_iter()
    .collect()
}

fn edited(text: &Bytes, edits: &[Edit]) -> Bytes {
    if edits.is_empty() {
        return text.clone();
    }
    let mut edits: Vec<_> = edits
        .iter()
        .map(|(place, put)| (*place, put.as_slice()))
        .collect();
    splice(text, &mut edits).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const KEY: &str = meta::SUBSCRIPTION_ID;

    #[test]
    fn the_frame_of_a_subscription_carries_its_id_as_it_was_written() {
        let filter = Filter {
            tools: true,
            ..Filter::default()
        };
        for id in ["0", "-7", r#""a\u0062\/""#, r#""1""#, "1.0", "1E+2"] {
            assert_eq!(
                acknowledged(id.as_bytes(), &filter),
                format!(
                    r#"{{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{{"_meta":{{"{KEY}":{id}}},"notifications":{{"toolsListChanged":true}}}}}}"#
                )
            );
            assert_eq!(
                graceful_end(id.as_bytes()),
                format!(
                    r#"{{"jsonrpc":"2.0","id":{id},"result":{{"resultType":"complete","_meta":{{"{KEY}":{id}}}}}}}"#
                )
            );
            assert_eq!(
                subscription(&acknowledged(id.as_bytes(), &filter)),
                Some(id.as_bytes())
            );
        }
    }

    #[test]
    fn notifications_are_tagged_and_freed_again_byte_for_byte() {
        let mark = format!(r#""{KEY}":"x""#);
        for (plain, wanted, back) in [
            (
                r#"{"method":"m"}"#,
                r#"{"method":"m","params":{"_meta":{TAG}}}"#,
                r#"{"method":"m","params":{}}"#,
            ),
            (
                r#" {"method":"m" } "#,
                r#" {"method":"m","params":{"_meta":{TAG}} } "#,
                r#" {"method":"m","params":{} } "#,
            ),
            (
                r#"{"params":null,"method":"m"}"#,
                r#"{"params":{"_meta":{TAG}},"method":"m"}"#,
                r#"{"params":{},"method":"m"}"#,
            ),
            (
                r#"{"params":{}}"#,
                r#"{"params":{"_meta":{TAG}}}"#,
                r#"{"params":{}}"#,
            ),
            (
                r#"{"params":{"uri":"a\/b", "n":1.0}}"#,
                r#"{"params":{"_meta":{TAG},"uri":"a\/b", "n":1.0}}"#,
                r#"{"params":{"uri":"a\/b", "n":1.0}}"#,
            ),
            (
                r#"{"params":{"uri":"a","_meta":null}}"#,
                r#"{"params":{"_meta":{TAG},"uri":"a"}}"#,
                r#"{"params":{"uri":"a"}}"#,
            ),
            (
                r#"{"params":{"_meta":{ "k" : 1 },"uri":"a"}}"#,
                r#"{"params":{"_meta":{TAG,"k" : 1 },"uri":"a"}}"#,
                r#"{"params":{"_meta":{"k" : 1 },"uri":"a"}}"#,
            ),
        ] {
            let tagged = tagged(&Bytes::from_static(plain.as_bytes()), br#""x""#);
            assert_eq!(tagged, wanted.replace("TAG", &mark), "{plain}");
            assert_eq!(untagged(&tagged), back, "{plain}");
        }
    }

    #[test]
    fn the_id_of_another_subscription_is_replaced() {
        for theirs in [
            KEY.to_owned(),
            KEY.replace("/", "\\/"),
            KEY.replace("I", "\\u0049"),
        ] {
            let text: Bytes =
                format!(r#"{{"params":{{"_meta":{{"k":1,"{theirs}":"upstream"}}}}}}"#).into();
            assert_eq!(subscription(&text), Some(&br#""upstream""#[..]));
            assert_eq!(
                tagged(&text, b"7"),
                format!(r#"{{"params":{{"_meta":{{"{KEY}":7,"k":1}}}}}}"#)
            );
            assert_eq!(untagged(&text), &br#"{"params":{"_meta":{"k":1}}}"#[..]);
        }
        let plain = Bytes::from_static(br#"{"params":{"_meta":{}}}"#);
        assert_eq!(untagged(&plain), plain);
        assert_eq!(subscription(&plain), None);
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            let key = prop_oneof![Just("_meta".to_owned()), Just(KEY.to_owned()), "[a-c]"];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::btree_map(key, inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_but_the_id_changes(params in value(), id in "0|-?[1-9][0-9]{0,2}|\"[a-c]{0,3}\"", spread in any::<bool>()) {
            let message = json!({"jsonrpc": "2.0", "method": "m", "params": params});
            let text = if spread { serde_json::to_string_pretty(&message) } else { serde_json::to_string(&message) };
            let text: Bytes = text.expect("JSON").into();
            let id: &[u8] = id.as_bytes();
            let found = tagged(&text, id);
            let mut wanted = message;
            let params = &mut wanted["params"];
            if !params.is_object() { *params = json!({}); }
            if !params["_meta"].is_object() { params["_meta"] = json!({}); }
            params["_meta"][KEY] = serde_json::from_slice(id).expect("JSON");
            prop_assert_eq!(serde_json::from_slice::<Value>(&found).expect("JSON"), wanted.clone());
            prop_assert_eq!(subscription(&found), Some(id));
            // Freed, and tagged once more: all the same.
            let freed = untagged(&found);
            prop_assert_eq!(subscription(&freed), None);
            let again: Value = serde_json::from_slice(&tagged(&freed, id)).expect("JSON");
            prop_assert_eq!(again, wanted);
            prop_assert_eq!(untagged(&freed), freed);
        }
    }
}
