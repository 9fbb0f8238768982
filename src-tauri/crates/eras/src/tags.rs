//! A server in eight hex digits: short enough for a URI or a task id, the same after every
//! restart, and nothing that a name could contain gets into either.

use std::collections::HashSet;
use std::fmt;

use sha2::{Digest, Sha256};

/// The beginning of the SHA-256 of a server's name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(u32);

/// Hex digits of a tag.
const DIGITS: usize = 8;

// === impl Tag ===

impl Tag {
    /// Of a server that shares its digits with no other; see [`tags`].
    pub fn of(name: &str) -> Self {
        Self::read(name, 0)
    }

    /// Reads what [`Display`](fmt::Display) writes, and nothing else: a tag is written in one way.
    pub fn parse(text: &str) -> Option<Self> {
        let is_ours = text.len() == DIGITS
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let value = u32::from_str_radix(text, 16).ok();
        value.filter(|_| is_ours).map(Self)
    }

    /// The four bytes behind the digits.
    pub fn bytes(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }

    /// A server's own id of something, as clients of several servers see it: `<tag>.<id>`
    /// (tasks; MCP 2026-07-28, extension "Tasks").
    pub fn put_on(self, id: &str) -> String {
        format!("{self}.{id}")
    }

    /// Whose id [`put_on`](Self::put_on) has written, and the server's own one.
    pub fn taken_off(text: &str) -> Option<(Self, &str)> {
        let (tag, id) = text.split_once('.')?;
        Some((Self::parse(tag)?, id))
    }

    fn read(name: &str, again: u32) -> Self {
        let mut digest = Sha256::new_with_prefix(name.as_bytes());
        if again > 0 {
            // No name of a server holds this character.
            digest.update([0]);
            digest.update(again.to_be_bytes());
        }
        let digest = digest.finalize();
        Self(u32::from_be_bytes([
            digest[0], digest[1], digest[2], digest[3],
        ]))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({self})")
    }
}

/// The tags of the servers of a configuration, each different from all others. Where two names
/// would share one, the later name gets the next of its own.
pub fn tags<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Tag> {
    distinct(names, Tag::read)
}

fn distinct<'a>(
    names: impl IntoIterator<Item = &'a str>,
    read: impl Fn(&str, u32) -> Tag,
) -> Vec<Tag> {
    let mut taken = HashSet::new();
    let mut tags = Vec::new();
    for name in names {
        let mut again = 0;
        let mut tag = read(name, again);
        while !taken.insert(tag) {
            again += 1;
            tag = read(name, again);
        }
        tags.push(tag);
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_the_same_every_time_and_read_back_as_it_is_written() {
        // printf files | sha256sum
        assert_eq!(Tag::of("files").to_string(), "3d7db37d");
        for name in ["", "files", "数据库", "a/b\"c"] {
            let tag = Tag::of(name);
            assert_eq!(Tag::parse(&tag.to_string()), Some(tag));
            assert_eq!(tags([name]), [tag]);
        }
        assert_eq!(Tag(7).to_string(), "00000007");
    }

    #[test]
    fn what_nobody_has_written_is_no_tag() {
        for text in [
            "",
            "1234567",
            "123456789",
            "ABCDEF01",
            "+1234567",
            "0x123456",
            "1234567g",
            "é23456",
        ] {
            assert_eq!(Tag::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ids_of_a_server_come_back_as_they_were() {
        let tag = Tag::of("files");
        for id in ["", "7", "a.b", ".", "00000000.x", "é"] {
            assert_eq!(Tag::taken_off(&tag.put_on(id)), Some((tag, id)));
        }
        assert_eq!(Tag::taken_off("7"), None);
        assert_eq!(Tag::taken_off("task.7"), None);
    }

    #[test]
    fn servers_whose_digits_are_the_same_are_told_apart_all_the_same() {
        // A digest that only ever counts the tries.
        let forged = |_: &str, again: u32| Tag(again);
        assert_eq!(distinct(["a", "b", "c"], forged), [Tag(0), Tag(1), Tag(2)]);
        let names: Vec<String> = (0..500).map(|n| format!("server {n}")).collect();
        let tags = tags(names.iter().map(String::as_str));
        assert_eq!(tags.iter().collect::<HashSet<_>>().len(), names.len());
        assert_ne!(Tag::read("a", 0), Tag::read("a", 1));
    }
}
