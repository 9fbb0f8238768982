//! Values of headers, both ways, and the annotations of tools with the arguments of calls:
//! `text`, or `schema NUL params`.

#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use reference::json;
use serde_json::Value;
use wire::header_value::{decode, encode};
use wire::{Mirrored, PARAM_HEADER, ParamHeader, param_headers, values_in};

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    codec(text);
    let (schema, params) = text.split_once('\0').unwrap_or((text, "{}"));
    for json in [schema, params] {
        if !json::is_json(json.as_bytes()) {
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
    annotated(schema, &declared);
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
    said(&declared, params);
});

/// Each annotation stands in the schema of what its path leads to.
fn annotated(schema: &str, declared: &[ParamHeader]) {
    let Some(schema) = unambiguous(schema) else {
        return;
    };
    for header in declared {
        let place = header
            .path
            .iter()
            .try_fold(&schema, |place, key| place.get("properties")?.get(key));
        let place = place.unwrap_or_else(|| panic!("{header:?} leads nowhere"));
        let name = place["x-mcp-header"].as_str().unwrap_or_default();
        let wanted = format!("{PARAM_HEADER}{name}");
        assert!(header.header.eq_ignore_ascii_case(&wanted), "{header:?}");
        let kind = place["type"].as_str();
        assert!(matches!(kind, Some("string" | "integer" | "boolean")));
    }
}

/// What is found is what a parser finds at the same path.
fn said(declared: &[ParamHeader], params: &str) {
    let Some(whole) = unambiguous(params) else {
        return;
    };
    for (header, found) in declared.iter().zip(values_in(declared, params.as_bytes())) {
        let arguments = whole.get("arguments");
        let value = arguments.and_then(|arguments| {
            let mut path = header.path.iter();
            path.try_fold(arguments, |value, key| value.get(key))
        });
        match (value, found.text()) {
            (Some(Value::String(wanted)), Some(text)) => assert_eq!(*wanted, text),
            (Some(Value::Bool(wanted)), Some(text)) => assert_eq!(wanted.to_string(), text),
            (Some(Value::Number(wanted)), Some(text)) => {
                // A number too large for anybody is compared as it is written.
                let same = serde_json::from_str::<Value>(&text).ok() == value.cloned();
                assert!(same || found.agrees(Some(&wanted.to_string())), "{text}");
            }
            (None | Some(Value::Null | Value::Array(_) | Value::Object(_)), None) => {}
            (wanted, text) => panic!("{wanted:?} is not {text:?}"),
        }
    }
}

/// A value, but of one that two readers could read differently none.
fn unambiguous(text: &str) -> Option<Value> {
    let is_clear = !json::is_ambiguous(text.as_bytes());
    serde_json::from_str(text).ok().filter(|_| is_clear)
}

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
