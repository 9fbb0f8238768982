//! Anything as a message: it is what its members say, its places lie in it, and it stays one when
//! members are put in and taken out.

#![no_main]

use libfuzzer_sys::fuzz_target;
use reference::{json, message};
use wire::{Claim, Envelope, EnvelopeError, Era, Kind, MODERN, Span, meta};

const DEPTH: usize = 64;

fuzz_target!(|text: &[u8]| {
    let read = wire::parse(text, DEPTH);
    message::check(text, &read, DEPTH);
    match read {
        Ok(envelope) => is_message(text, &envelope),
        Err(EnvelopeError::Batch) => {
            let elements = wire::batch_elements(text).unwrap_or_default();
            let elements: Vec<_> = elements.into_iter().map(|one| one.of(text)).collect();
            let wanted: Vec<&serde_json::value::RawValue> =
                serde_json::from_slice(text).unwrap_or_default();
            let wanted: Vec<_> = wanted.iter().map(|one| one.get().as_bytes()).collect();
            assert_eq!(elements, wanted);
        }
        Err(_) => {
            if let Some(id) = wire::id_in_head(text) {
                assert!(id.end <= text.len());
            }
        }
    }
});

fn is_message(text: &[u8], envelope: &Envelope) {
    // Wherever it is cut: the id, or none.
    let id = envelope.id().map(|id| id.of(text));
    for cut in [1, 2, 3, 4, 6, 7, 8] {
        let head = &text[..text.len() * cut / 8];
        let found = wire::id_in_head(head).map(|found| found.of(head));
        assert!(found.is_none() || found == id);
    }
    let params = &envelope.params;
    let claim = Claim::read(text, params);
    let own_meta = params.meta.map_or(&b""[..], |of| of.of(text));
    for (found, key) in [
        (claim.version, meta::VERSION),
        (claim.capabilities, meta::CLIENT_CAPABILITIES),
        (claim.client_info, meta::CLIENT_INFO),
        (claim.log_level, meta::LOG_LEVEL),
    ] {
        let wanted = json::last(own_meta, key).map(str::as_bytes);
        assert_eq!(found.map(|place| place.of(text)), wanted, "{key}");
    }
    for header in [None, Some(MODERN), Some("2025-11-25")] {
        let is_request = matches!(envelope.kind, Kind::Request { .. });
        let version = params.claimed_version.filter(|_| is_request);
        let wanted = match version.map(|version| wire::string_text(version.of(text))) {
            Some(Some(version)) if wire::Version::from_wire(&version).is_some() => Era::Legacy,
            Some(_) => Era::Modern,
            None if is_request && envelope.method(text) == "initialize" => Era::Legacy,
            None if header == Some(MODERN) => Era::Modern,
            None => Era::Legacy,
        };
        assert_eq!(wire::era_of(text, envelope, header), wanted);
    }
    let headers = wire::mirror(text, envelope, &[]);
    for (name, value) in &headers {
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        assert!(name.bytes().all(is_name), "{name}");
        let is_visible = |byte: u8| matches!(byte, 0x20..=0x7e);
        assert!(value.bytes().all(is_visible) && value.trim() == value);
    }
    let name = headers.iter().find(|(name, _)| name == "mcp-name");
    let name = name.and_then(|(_, value)| wire::header_value::decode(value));
    let wanted = wire::name_of(&envelope.method(text), params);
    let wanted = wanted.and_then(|place| wire::string_text(place.of(text)));
    assert_eq!(name, wanted);
    if let Some(whole) = params.whole {
        rewritten(text, whole);
    }
    let line = wire::one_line(text);
    assert!(!line.contains(&b'\n') && !line.contains(&b'\r'));
    assert!(wire::parse(&line, DEPTH).is_ok_and(|found| found == *envelope));
}

fn rewritten(text: &[u8], object: Span) {
    let gone = ["_meta", "name", "requestState", meta::VERSION];
    let kept = json::without(object.of(text), &gone);
    for first in ["", r#""a":{"b":[1.0]}"#] {
        let edits = wire::rewrite_members(text, object, first, &gone);
        let mut edits: Vec<_> = edits.iter().map(|(span, put)| (*span, &put[..])).collect();
        let out = wire::splice(text, &mut edits);
        assert!(wire::parse(&out, DEPTH).is_ok());
        let (before, behind) = (&text[..object.start], &text[object.end..]);
        let inner = out.strip_prefix(before);
        let inner = inner.and_then(|out| out.strip_suffix(behind));
        let inner = inner.unwrap_or_else(|| panic!("the rest of the text has changed"));
        match &kept {
            None if object.of(text).starts_with(b"{") => {}
            None => assert_eq!(inner, object.of(text)),
            Some(kept) => {
                let put = json::members(format!("{{{first}}}").as_bytes()).map(|all| all.len());
                let found = json::members(inner).unwrap_or_default();
                assert_eq!(&found[put.unwrap_or_default()..], &kept[..]);
            }
        }
    }
}
