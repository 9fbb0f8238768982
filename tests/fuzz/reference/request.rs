//! What may change in a request on its way to a server, and what must.

use wire::meta;

use crate::json::{is_ambiguous, last, members, without};

/// What a modern request says of itself.
pub const CLAIM: [&str; 4] = [
    meta::VERSION,
    meta::CLIENT_CAPABILITIES,
    meta::CLIENT_INFO,
    meta::LOG_LEVEL,
];
const RETRY: [&str; 2] = ["inputResponses", "requestState"];
const TOKEN: &str = "progressToken";

/// What a crossing puts into a request, or leaves as it is.
#[derive(Debug, Clone, Copy)]
pub struct Changes<'a> {
    /// The members of its claim afterwards, raw; `None` where that stays.
    pub claim: Option<&'a str>,
    /// `inputResponses` and `requestState` afterwards; `None` where they stay.
    pub retry: Option<[Option<&'a str>; 2]>,
    /// What is called another name, and this name.
    pub renamed: Option<(&'a str, &'a str)>,
}

/// That `after` is `before` with nothing but these changes and the id in it.
pub fn check(before: &[u8], after: &[u8], own_id: &str, changes: &Changes<'_>) {
    assert_eq!(
        without(before, &["id", "params"]),
        without(after, &["id", "params"])
    );
    assert_eq!(last(after, "id"), Some(own_id));
    let params = |text| last(text, "params").map(str::as_bytes);
    let (old, new) = (params(before), params(after));
    let is_object = matches!(old, None | Some(b"null")) || old.and_then(members).is_some();
    if !is_object {
        assert_eq!(old, new);
        return;
    }
    let nothing = &b"{}"[..];
    let object = |raw: Option<&'_ [u8]>| raw.filter(|raw| *raw != b"null").is_some();
    let old_params = if object(old) {
        old.unwrap_or(nothing)
    } else {
        nothing
    };
    let new_params = if object(new) {
        new.unwrap_or(nothing)
    } else {
        nothing
    };

    let renamed = changes.renamed.map_or("", |(key, _)| key);
    let others = ["_meta", RETRY[0], RETRY[1], renamed];
    assert_eq!(without(old_params, &others), without(new_params, &others));
    if let Some((key, name)) = changes.renamed {
        assert_eq!(last(new_params, key), Some(name));
    }
    for (place, key) in RETRY.into_iter().enumerate() {
        let wanted = changes
            .retry
            .map_or(last(old_params, key), |all| all[place]);
        assert_eq!(last(new_params, key), wanted, "{key}");
    }
    let meta = |params| last(params, "_meta").map(str::as_bytes);
    checked_meta(meta(old_params), meta(new_params), own_id, changes.claim);
    let put = changes
        .claim
        .map_or("{}".to_owned(), |of| format!("{{{of}}}"));
    if !is_ambiguous(before) && !is_ambiguous(put.as_bytes()) {
        assert!(!is_ambiguous(after), "a member is there twice");
    }
}

fn checked_meta(old: Option<&[u8]>, new: Option<&[u8]>, own_id: &str, claim: Option<&str>) {
    let is_object = |raw: Option<&[u8]>| raw.is_some_and(|raw| raw.starts_with(b"{"));
    if !is_object(old) && claim.is_none_or(str::is_empty) {
        assert_eq!(old, new);
        return;
    }
    let nothing = &b"{}"[..];
    let old = old.filter(|_| is_object(old)).unwrap_or(nothing);
    let new = new.unwrap_or(nothing);
    let mut others = CLAIM.to_vec();
    others.push(TOKEN);
    assert_eq!(without(old, &others), without(new, &others));
    let token = last(old, TOKEN).map(|_| own_id);
    assert_eq!(last(new, TOKEN), token);
    let of_claim = |text| {
        let mut all = members(text)?;
        all.retain(|(key, _)| CLAIM.contains(&&**key));
        Some(all)
    };
    match claim {
        None => assert_eq!(of_claim(old), of_claim(new)),
        Some(claim) => assert_eq!(of_claim(format!("{{{claim}}}").as_bytes()), of_claim(new)),
    }
}

/// That two requests say the same: no params are as good as empty ones, and so is `_meta`.
pub fn says_the_same(one: &[u8], other: &[u8]) {
    assert_eq!(without(one, &["params"]), without(other, &["params"]));
    let params = |text| {
        last(text, "params")
            .filter(|raw| *raw != "null")
            .unwrap_or("{}")
    };
    let (one, other) = (params(one).as_bytes(), params(other).as_bytes());
    assert_eq!(without(one, &["_meta"]), without(other, &["_meta"]));
    let meta = |text| members(last(text, "_meta").unwrap_or("{}").as_bytes());
    assert_eq!(meta(one), meta(other));
}
