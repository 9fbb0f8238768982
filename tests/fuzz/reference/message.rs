//! What a text is as a message, told from its members.

use wire::{Envelope, EnvelopeError, FaultKind, Kind, Params, Span, meta};

use crate::json::{is_ambiguous, is_json, last, members};

/// That `read` is what the members of `text` say.
pub fn check(text: &[u8], read: &Result<Envelope, EnvelopeError>, depth: usize) {
    match read {
        Ok(envelope) => is_right(text, envelope),
        Err(EnvelopeError::Batch) => {
            assert!(is_json(text) && text.trim_ascii_start().starts_with(b"["));
        }
        Err(EnvelopeError::Invalid { id, .. }) => {
            assert!(is_json(text) && !is_message(text));
            if let Some(id) = id {
                assert_eq!(last(text, "id").map(str::as_bytes), Some(id.of(text)));
            }
        }
        Err(EnvelopeError::Syntax(fault)) => match fault.kind {
            FaultKind::Utf8 => assert!(std::str::from_utf8(text).is_err()),
            FaultKind::Duplicate | FaultKind::String => {
                assert!(!is_json(text) || is_ambiguous(text), "{fault}");
            }
            FaultKind::Depth => {
                let open = text.iter().filter(|byte| matches!(byte, b'{' | b'['));
                assert!(open.count() > depth, "{fault}");
            }
            FaultKind::End | FaultKind::Character | FaultKind::Number | FaultKind::Trailing => {
                assert!(!is_json(text), "{fault}");
            }
        },
    }
}

fn is_message(text: &[u8]) -> bool {
    let of = |name| last(text, name);
    let begins = |raw: Option<&str>, with: &[char]| raw.is_some_and(|raw| raw.starts_with(with));
    let digits: Vec<char> = "\"-0123456789".chars().collect();
    let (id, method) = (of("id"), of("method"));
    let ended = usize::from(of("result").is_some()) + usize::from(of("error").is_some());
    of("jsonrpc") == Some("\"2.0\"")
        && match method {
            Some(_) => {
                begins(method, &['"']) && ended == 0 && (id.is_none() || begins(id, &digits))
            }
            None => ended == 1 && (begins(id, &digits) || id == Some("null")),
        }
}

fn is_right(text: &[u8], envelope: &Envelope) {
    assert!(is_message(text));
    let said = |place: Option<Span>| place.map(|place| place.of(text));
    once(
        text,
        &["jsonrpc", "id", "method", "result", "error", "params"],
    );
    let wanted = |name| last(text, name).map(str::as_bytes);
    let (id, method) = match envelope.kind {
        Kind::Request { id, method } => (Some(id), Some(method)),
        Kind::Notification { method } => (None, Some(method)),
        Kind::Response {
            id,
            body,
            failed,
            result_type,
        } => {
            let name = if failed { "error" } else { "result" };
            assert_eq!(wanted(name), Some(body.of(text)));
            let kind = wanted("result").and_then(|result| last(result, "resultType"));
            assert_eq!(said(result_type), kind.map(str::as_bytes));
            (Some(id), None)
        }
    };
    assert_eq!((said(id), said(method)), (wanted("id"), wanted("method")));
    let params = &envelope.params;
    assert_eq!(said(params.whole), wanted("params"));
    is_right_in_params(text, params);
}

fn is_right_in_params(text: &[u8], params: &Params) {
    let whole = params.whole.map_or(&b"0"[..], |whole| whole.of(text));
    let found_meta = params.meta.map_or(&b"0"[..], |of| of.of(text));
    for (object, name, found) in [
        (whole, "name", params.name),
        (whole, "uri", params.uri),
        (whole, "requestId", params.request_id),
        (whole, "progressToken", params.progress_token),
        (whole, "taskId", params.task_id),
        (whole, "requestState", params.request_state),
        (whole, "inputResponses", params.input_responses),
        (whole, "_meta", params.meta),
        (found_meta, "progressToken", params.meta_progress_token),
        (found_meta, meta::VERSION, params.claimed_version),
    ] {
        let found = found.map(|place| place.of(text));
        assert_eq!(found, last(object, name).map(str::as_bytes), "{name}");
        once(object, &[name]);
    }
}

fn once(object: &[u8], names: &[&str]) {
    let all = members(object).unwrap_or_default();
    for name in names {
        let there = all.iter().filter(|(key, _)| key == name);
        assert!(there.count() <= 1, "{name} is there twice");
    }
}
