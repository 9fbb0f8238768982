//! A stream of events, cut anywhere: they are those of the standard, the cuts do not matter, no
//! event is larger than the limit, and what is written is read back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use reference::sse;
use wire::{SseDecoder, SseEvent, encode_sse};

const LIMIT: usize = 512;

fuzz_target!(|input: &[u8]| {
    let Some((&cut, stream)) = input.split_first() else {
        return;
    };
    let at_once = usize::from(cut % 31) + 1;
    let wanted = sse::events(stream);
    for at_once in [at_once, stream.len().max(1)] {
        assert_eq!(read(stream, at_once, stream.len()), (wanted.clone(), false));
    }
    let (whole, whole_ended) = read(stream, stream.len().max(1), LIMIT);
    let (pieces, pieces_ended) = read(stream, at_once, LIMIT);
    assert!(wanted.starts_with(&whole) && wanted.starts_with(&pieces));
    assert!(whole_ended || whole == wanted);
    assert!(pieces_ended || pieces == wanted);
    // How much of what is too long has to be there to be noticed depends on the cuts.
    let lines = sse::lines(stream);
    let longest = lines.iter().map(Vec::len).max().unwrap_or_default();
    let last = stream.rsplit(|byte| matches!(byte, b'\r' | b'\n')).next();
    let longest = longest.max(last.map_or(0, <[u8]>::len));
    let all: usize = lines.iter().map(|line| line.len() + 1).sum();
    if longest <= LIMIT && all <= LIMIT {
        assert!(!whole_ended && !pieces_ended);
    }
    written(stream);
});

/// The events, and whether one was too long.
fn read(stream: &[u8], at_once: usize, limit: usize) -> (Vec<SseEvent>, bool) {
    let mut decoder = SseDecoder::new(limit);
    let mut events = Vec::new();
    for piece in stream.chunks(at_once) {
        decoder.push(piece);
        loop {
            match decoder.next_event() {
                Ok(Some(event)) => {
                    assert!(event.data.len() <= limit);
                    events.push(event);
                }
                Ok(None) => break,
                Err(_) => return (events, true),
            }
        }
    }
    (events, false)
}

fn written(data: &[u8]) {
    let mut lines = Vec::with_capacity(data.len());
    let mut bytes = data.iter().peekable();
    while let Some(&byte) = bytes.next() {
        if byte == b'\r' {
            bytes.next_if(|next| **next == b'\n');
            lines.push(b'\n');
        } else {
            lines.push(byte);
        }
    }
    for name in [None, Some("message")] {
        let wanted = SseEvent {
            event: name.map(str::to_owned),
            data: lines.clone(),
            ..SseEvent::default()
        };
        assert_eq!(sse::events(&encode_sse(name, data)), [wanted]);
    }
}
