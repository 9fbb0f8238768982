//! URIs that two servers share, told apart: the later server's gets that server's tag.
//!
//! | own | qualified |
//! |---|---|
//! | `scheme://rest` | `scheme://gw-<tag>/rest` |
//! | `scheme:rest` | `scheme:gw-<tag>:rest` |
//!
//! The scheme stays, because hosts go by it (`ui://` pages, for one). The rule is one of text
//! alone, so it serves URI templates as well (RFC 6570; their braces are in the rest) and URIs
//! that look qualified already: these get a second tag, and lose one at a time. What has no
//! scheme, or a template's expression in its place, cannot be qualified.

use crate::tags::Tag;

/// Before a tag. No registered name or path of a server's own is likely to begin like that, and
/// where one does, nothing is lost.
const MARK: &str = "gw-";

/// A URI or URI template of a server under its tag; `None` where it has no scheme.
pub fn qualified(own: &str, tag: Tag) -> Option<String> {
    let (scheme, rest) = parted(own)?;
    Some(match rest.strip_prefix("//") {
        Some(rest) => format!("{scheme}://{MARK}{tag}/{rest}"),
        None => format!("{scheme}:{MARK}{tag}:{rest}"),
    })
}

/// Whose tag a URI carries, and what its server calls it; `None` where it carries none.
pub fn unqualified(uri: &str) -> Option<(Tag, String)> {
    let (scheme, rest) = parted(uri)?;
    let (slashes, end) = if rest.starts_with("//") {
        ("//", '/')
    } else {
        ("", ':')
    };
    let (tag, own) = rest[slashes.len()..].strip_prefix(MARK)?.split_once(end)?;
    let tag = Tag::parse(tag)?;
    // `x:gw-<tag>://y` cannot have been written by the rule above.
    if slashes.is_empty() && own.starts_with("//") {
        return None;
    }
    Some((tag, format!("{scheme}:{slashes}{own}")))
}

/// The scheme (RFC 3986, section 3.1) and what stands behind its colon.
fn parted(uri: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = uri.split_once(':')?;
    let mut bytes = scheme.bytes();
    let is_scheme = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    is_scheme.then_some((scheme, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn the_scheme_stays_and_the_rest_is_as_it_was() {
        let tag = Tag::of("files");
        for (own, wanted) in [
            ("demo://a/b?c#d", "demo://gw-3d7db37d/a/b?c#d"),
            ("ui://app/page.html", "ui://gw-3d7db37d/app/page.html"),
            ("file:///etc/hosts", "file://gw-3d7db37d//etc/hosts"),
            ("file:/etc/hosts", "file:gw-3d7db37d:/etc/hosts"),
            ("urn:isbn:1", "urn:gw-3d7db37d:isbn:1"),
            ("mailto:a@b", "mailto:gw-3d7db37d:a@b"),
            ("x:", "x:gw-3d7db37d:"),
            ("x:/", "x:gw-3d7db37d:/"),
            ("x://", "x://gw-3d7db37d/"),
            ("demo://{id}/data{?q}", "demo://gw-3d7db37d/{id}/data{?q}"),
            ("file://{+path}", "file://gw-3d7db37d/{+path}"),
            ("demo:{id}", "demo:gw-3d7db37d:{id}"),
            ("A+b-1.c:数", "A+b-1.c:gw-3d7db37d:数"),
            // Once more, as a gateway behind a gateway would.
            ("demo://gw-3d7db37d/a", "demo://gw-3d7db37d/gw-3d7db37d/a"),
            ("x:gw-3d7db37d:a", "x:gw-3d7db37d:gw-3d7db37d:a"),
        ] {
            assert_eq!(qualified(own, tag).as_deref(), Some(wanted));
            assert_eq!(unqualified(wanted), Some((tag, own.to_owned())));
        }
    }

    #[test]
    fn what_has_no_scheme_cannot_be_qualified() {
        for own in [
            "",
            ":",
            "readme",
            "/a:b",
            "{scheme}://x",
            "{+uri}",
            "x{y}:z",
            "1a:b",
            "é:b",
            "a b:c",
        ] {
            assert_eq!(qualified(own, Tag::of("files")), None, "{own}");
            assert_eq!(unqualified(own), None, "{own}");
        }
    }

    #[test]
    fn only_what_was_qualified_is_taken_for_it() {
        for uri in [
            "demo://a",
            "demo://gw-/a",
            "demo://gw-3d7db37d",
            "demo://gw-3d7db37/a",
            "demo://gw-3D7DB37D/a",
            "demo://gw-3d7db37d:a",
            "demo://x/gw-3d7db37d/a",
            "demo:/gw-3d7db37d/a",
            "demo:gw-3d7db37d/a",
            "demo:gw-3d7db37d://a",
            "demo:GW-3d7db37d:a",
        ] {
            assert_eq!(unqualified(uri), None, "{uri}");
        }
    }

    /// URIs of every shape, look-alikes among them.
    fn uri() -> impl Strategy<Value = String> {
        let rest = prop_oneof![
            "[a-z/:{}?#%é+. -]{0,16}",
            "(//)?gw-[0-9a-f]{8}[/:].{0,8}",
            "(//)?gw-[0-9a-f]{7,9}[/:]?(//)?(gw-[0-9a-f]{8}[/:])?",
            ".{0,16}",
        ];
        ("[a-zA-Z][a-z0-9+.-]{0,5}|ui|file|urn|gw-0", "//|/|", rest)
            .prop_map(|(scheme, slashes, rest)| format!("{scheme}:{slashes}{rest}"))
    }

    proptest! {
        #[test]
        fn every_uri_comes_back_as_it_was(own in uri(), names in proptest::collection::vec("[a-c]{1,3}", 1..4)) {
            let mut text = own.clone();
            let mut put = Vec::new();
            for name in &names {
                let tag = Tag::of(name);
                put.push((tag, text.clone()));
                text = qualified(&text, tag).expect("has a scheme");
            }
            for (tag, before) in put.into_iter().rev() {
                prop_assert_eq!(unqualified(&text), Some((tag, before.clone())));
                text = before;
            }
            prop_assert_eq!(text, own);
        }

        #[test]
        fn whatever_is_taken_off_can_be_put_on_again(text in prop_oneof![uri(), ".{0,24}"]) {
            if let Some((tag, own)) = unqualified(&text) {
                prop_assert_eq!(qualified(&own, tag), Some(text));
            }
        }

        #[test]
        fn no_two_become_one(uris in proptest::collection::hash_set(uri(), 2..8)) {
            let of = |name| {
                let tag = Tag::of(name);
                uris.iter().filter_map(move |uri| qualified(uri, tag))
            };
            let all: HashSet<String> = of("a").chain(of("b")).collect();
            prop_assert_eq!(all.len(), uris.len() * 2);
        }
    }
}
