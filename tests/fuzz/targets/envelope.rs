//! Anything as a message: what is taken for one is JSON, its places lie in it, and it stays one
//! when members are put in and taken out.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use wire::{Claim, EnvelopeError, Era, Kind, MODERN, Span, meta};

const DEPTH: usize = 64;

fuzz_target!(|text: &[u8]| {
    if let Some(id) = wire::id_in_head(text) {
        assert!(id.end <= text.len());
    }
    match wire::parse(text, DEPTH) {
        Ok(envelope) => {
            let is_json = serde_json::from_slice::<IgnoredAny>(text);
            assert!(is_json.is_ok(), "{is_json:?}");
            message(text, &envelope);
        }
        Err(EnvelopeError::Batch) => {
            for element in wire::batch_elements(text).unwrap_or_default() {
                assert!(serde_json::from_slice::<IgnoredAny>(element.of(text)).is_ok());
            }
        }
        Err(EnvelopeError::Invalid { id: Some(id), .. }) => {
            assert!(serde_json::from_slice::<IgnoredAny>(id.of(text)).is_ok());
        }
        Err(_) => {}
    }
});

fn message(text: &[u8], envelope: &wire::Envelope) {
    let params = &envelope.params;
    let places = [
        params.whole,
        params.name,
        params.uri,
        params.request_id,
        params.progress_token,
        params.meta,
        params.meta_progress_token,
        params.claimed_version,
        params.task_id,
        params.request_state,
        params.input_responses,
        envelope.id(),
    ];
    for place in places.into_iter().flatten() {
        assert!(serde_json::from_slice::<IgnoredAny>(place.of(text)).is_ok());
    }
    let claim = Claim::read(text, params);
    for place in [claim.capabilities, claim.client_info, claim.log_level] {
        assert!(place.is_none_or(|place| place.end <= text.len()));
    }
    for header in [None, Some(MODERN), Some("2025-11-25")] {
        let era = wire::era_of(text, envelope, header);
        let says_hello = matches!(envelope.kind, Kind::Request { .. })
            && params.claimed_version.is_none()
            && envelope.method(text) == "initialize";
        assert!(!says_hello || era == Era::Legacy);
    }
    for (name, value) in wire::mirror(text, envelope, &[]) {
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        );
        assert!(
            value.bytes().all(|byte| matches!(byte, 0x20..=0x7e)),
            "{value}"
        );
    }
    if let Some(whole) = params.whole {
        rewritten(text, whole);
    }
    assert!(wire::parse(&wire::one_line(text), DEPTH).is_ok());
}

fn rewritten(text: &[u8], object: Span) {
    let gone = ["_meta", "name", "requestState", meta::VERSION];
    for first in ["", r#""a":{"b":[1.0]}"#] {
        let edits = wire::rewrite_members(text, object, first, &gone);
        let mut edits: Vec<_> = edits.iter().map(|(span, put)| (*span, &put[..])).collect();
        let out = wire::splice(text, &mut edits);
        assert!(
            wire::parse(&out, DEPTH).is_ok(),
            "{}",
            String::from_utf8_lossy(&out)
        );
    }
}
