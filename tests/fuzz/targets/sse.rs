//! A stream of events, cut anywhere: the cuts do not matter, no event is larger than the limit,
//! and what is written is read back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::{SseDecoder, SseEvent, encode_sse};

const LIMIT: usize = 512;

fuzz_target!(|input: &[u8]| {
    let Some((&cut, stream)) = input.split_first() else {
        return;
    };
    let (whole, whole_ended) = read(stream, stream.len().max(1));
    let (pieces, pieces_ended) = read(stream, usize::from(cut % 31) + 1);
    match (whole_ended, pieces_ended) {
        (false, false) => assert_eq!(whole, pieces),
        // How much of what is too long has to be there to be noticed depends on the cuts.
        _ => assert!(whole.starts_with(&pieces) || pieces.starts_with(&whole)),
    }
    written(stream);
});

/// The events, and whether one was too long.
fn read(stream: &[u8], at_once: usize) -> (Vec<SseEvent>, bool) {
    let mut decoder = SseDecoder::new(LIMIT);
    let mut events = Vec::new();
    for piece in stream.chunks(at_once) {
        decoder.push(piece);
        loop {
            match decoder.next_event() {
                Ok(Some(event)) => {
                    assert!(event.data.len() <= LIMIT);
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
    let mut decoder = SseDecoder::new(2 * data.len() + 64);
    decoder.push(&encode_sse(None, data));
    let event = decoder.next_event().ok().flatten();
    let event = event.unwrap_or_else(|| panic!("an event was written"));
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
    assert_eq!(event.data, lines);
    assert!(matches!(decoder.next_event(), Ok(None)));
}
