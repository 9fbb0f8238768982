//! What may change in a legacy server's answer on its way to a modern client, and what must; and
//! in a notification that goes to a subscription.

use wire::meta;

use crate::json::{is_ambiguous, last, members, string, without};

/// That `after` is the result `before` with nothing but what the modern era adds.
pub fn check_result(before: &[u8], after: &[u8], cacheable: bool, server_info: &str) {
    let changed = ["resultType", "_meta"];
    let (Some(old), Some(new)) = (without(before, &changed), without(after, &changed)) else {
        return;
    };
    let added = &new[..new.len() - old.len()];
    assert_eq!(old, new[added.len()..]);
    for (key, _) in added {
        assert!(
            cacheable && ["ttlMs", "cacheScope"].contains(&&**key),
            "{key}"
        );
        assert!(
            old.iter().all(|(had, _)| had != key),
            "{key} is there twice"
        );
    }
    assert!(
        !cacheable
            || ["ttlMs", "cacheScope"]
                .iter()
                .all(|key| last(after, key).is_some())
    );
    let kind = last(after, "resultType").and_then(string);
    assert_eq!(kind.as_deref(), Some("complete"));
    let (old, new) = (last(before, "_meta"), last(after, "_meta"));
    let new = new.unwrap_or_default().as_bytes();
    match old.map(str::as_bytes) {
        None | Some(b"null") => {
            let info = vec![(meta::SERVER_INFO.to_owned(), server_info)];
            assert_eq!(members(new), Some(info));
        }
        Some(old) if members(old).is_some() => {
            let others = [meta::SERVER_INFO];
            assert_eq!(without(old, &others), without(new, &others));
            let info = last(old, meta::SERVER_INFO).unwrap_or(server_info);
            assert_eq!(last(new, meta::SERVER_INFO), Some(info));
        }
        Some(_) => {}
    }
    assert!(
        is_ambiguous(before) || !is_ambiguous(after),
        "a member is there twice"
    );
}

/// That `after` is the error `before` with at most another code.
pub fn check_error(before: &[u8], after: &[u8]) {
    assert_eq!(without(before, &["code"]), without(after, &["code"]));
    assert!(
        is_ambiguous(before) || !is_ambiguous(after),
        "a member is there twice"
    );
}

/// That `after` is the notification `before` with nothing changed but the id of its subscription.
pub fn check_notification(before: &[u8], after: &[u8]) {
    assert_eq!(without(before, &["params"]), without(after, &["params"]));
    let object = |text, name| {
        last(text, name)
            .filter(|raw| raw.starts_with('{'))
            .unwrap_or("{}")
    };
    let (old, new) = (object(before, "params"), object(after, "params"));
    let (old, new) = (old.as_bytes(), new.as_bytes());
    assert_eq!(without(old, &["_meta"]), without(new, &["_meta"]));
    let (old, new) = (object(old, "_meta"), object(new, "_meta"));
    let own = [meta::SUBSCRIPTION_ID];
    assert_eq!(without(old.as_bytes(), &own), without(new.as_bytes(), &own));
    assert!(
        is_ambiguous(before) || !is_ambiguous(after),
        "a member is there twice"
    );
}
