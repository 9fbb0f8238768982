//! JSON as `serde_json` reads it.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Whether a text is JSON.
pub fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}

/// The members of an object: keys without escapes, values as they are written. `None` for what is
/// no object, and where a key is no text.
pub fn members(text: &[u8]) -> Option<Vec<(String, &str)>> {
    let found = serde_json::from_slice::<Pairs<'_>>(text).ok()?;
    let pairs = found.0.into_iter().map(|(key, raw)| (key, raw.get()));
    Some(pairs.collect())
}

/// The members of an object but for some.
pub fn without<'a>(text: &'a [u8], keys: &[&str]) -> Option<Vec<(String, &'a str)>> {
    let mut all = members(text)?;
    all.retain(|(key, _)| !keys.contains(&&**key));
    Some(all)
}

/// The last member of that name.
pub fn last<'a>(text: &'a [u8], name: &str) -> Option<&'a str> {
    let all = members(text)?;
    all.into_iter().rfind(|(key, _)| key == name).map(|of| of.1)
}

/// The text of a string.
pub fn string(raw: &str) -> Option<String> {
    serde_json::from_str(raw).ok()
}

/// Whether an object anywhere in a text has a key twice, or one that is no text.
pub fn is_ambiguous(text: &[u8]) -> bool {
    !serde_json::from_slice::<Unique>(text).is_ok_and(|unique| unique.0)
}

struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Pairs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

/// Whether every key is there once.
struct Unique(bool);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Unique;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
                Ok(Unique(true))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
                Ok(Unique(true))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
                Ok(Unique(true))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
                Ok(Unique(true))
            }
            fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
                Ok(Unique(true))
            }
            fn visit_unit<E>(self) -> Result<Unique, E> {
                Ok(Unique(true))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Unique, A::Error> {
                let mut all = true;
                while let Some(Unique(one)) = seq.next_element()? {
                    all &= one;
                }
                Ok(Unique(all))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
                let (mut all, mut keys) = (true, HashSet::new());
                while let Some((key, Unique(one))) = map.next_entry::<String, Unique>()? {
                    all &= one & keys.insert(key);
                }
                Ok(Unique(all))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}
