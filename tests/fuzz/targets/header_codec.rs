//! Values of headers, both ways, and the annotations of tools with the arguments of calls:
//! `text`, or `schema NUL params`.

#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use wire::header_value::{decode, encode};
use wire::{Mirrored, PARAM_HEADER, param_headers, values_in};

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    codec(text);
    let (schema, params) = text.split_once('\0').unwrap_or((text, "{}"));
    for json in [schema, params] {
        if serde_json::from_str::<IgnoredAny>(json).is_err() {
            return;
        }
    }
    let Ok(declared) = param_headers(schema.as_bytes()) else {
        return;
    };
    let mut names = HashSet::new();
    for header in &declared {
        let name = header.header.strip_prefix(PARAM_HEADER);
        let name = name.unwrap_or_else(|| panic!("{header:?}"));
        assert!(!name.is_empty() && !name.bytes().any(|byte| byte.is_ascii_uppercase()));
        assert!(!header.path.is_empty());
        assert!(names.insert(name), "{header:?} twice");
    }
    let found = values_in(&declared, params.as_bytes());
    assert_eq!(found.len(), declared.len());
    for found in found {
        if let Some(value) = found.text() {
            assert!(
                found.agrees(Some(&value)),
                "{found:?} does not say {value:?}"
            );
            codec(&value);
        }
        assert_eq!(found.agrees(None), found == Mirrored::Nothing);
    }
});

fn codec(text: &str) {
    let header = encode(text);
    let is_visible = |byte: u8| matches!(byte, 0x20..=0x7e);
    assert!(
        header.bytes().all(is_visible) && header.trim() == header,
        "{header:?}"
    );
    assert_eq!(decode(&header).as_deref(), Some(text));
    if let Some(value) = decode(text) {
        assert_eq!(decode(&encode(&value)).as_deref(), Some(&*value));
    }
}
