//! A stream of lines, cut anywhere: the cuts do not matter, no line is longer than the limit, and
//! what is too long is told once and never kept.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::LineDecoder;

const LIMIT: usize = 64;

fuzz_target!(|input: &[u8]| {
    let Some((&cut, stream)) = input.split_first() else {
        return;
    };
    let at_once = usize::from(cut % 31) + 1;
    read(stream, at_once);
    // Before the line feed comes, a carriage return counts as a part of the line.
    let plain: Vec<u8> = stream
        .iter()
        .map(|&byte| if byte == b'\r' { b'r' } else { byte })
        .collect();
    let (mut whole, mut pieces) = (read(&plain, plain.len().max(1)), read(&plain, at_once));
    // A last line without its end can be too long already.
    let unended = plain.iter().rev().take_while(|byte| **byte != b'\n');
    if unended.count() > LIMIT {
        assert_eq!(whole.pop(), Some(None));
        assert_eq!(pieces.pop(), Some(None));
    }
    assert_eq!(whole, pieces);
    let wanted = plain.split(|&byte| byte == b'\n');
    let complete = plain.iter().filter(|&&byte| byte == b'\n').count();
    let wanted = wanted.take(complete).filter(|line| !line.is_empty());
    let wanted = wanted.map(|line| (line.len() <= LIMIT).then(|| line.to_vec()));
    assert_eq!(whole, wanted.collect::<Vec<_>>());
    // Where nothing is too long, cuts do not matter at all.
    let short = stream.split(|&byte| byte == b'\n');
    if short.clone().all(|line| line.len() <= LIMIT) {
        let lines = short.take(stream.iter().filter(|&&byte| byte == b'\n').count());
        let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let lines = lines.filter(|line| !line.is_empty());
        let lines: Vec<_> = lines.map(|line| Some(line.to_vec())).collect();
        assert_eq!(read(stream, at_once), lines);
    }
});

/// The lines; `None` for one that is too long.
fn read(stream: &[u8], at_once: usize) -> Vec<Option<Vec<u8>>> {
    let mut decoder = LineDecoder::new(LIMIT);
    let mut lines = Vec::new();
    for piece in stream.chunks(at_once) {
        decoder.buffer().extend_from_slice(piece);
        loop {
            match decoder.next_line() {
                Ok(Some(line)) => {
                    assert!(!line.is_empty() && line.len() <= LIMIT && !line.contains(&b'\n'));
                    lines.push(Some(line.to_vec()));
                }
                Ok(None) => break,
                Err(too_long) => {
                    // Enough to tell whose answer it was, and really its beginning.
                    let head = &too_long.head[..];
                    assert!(head.len() > LIMIT && head.len() <= 1024);
                    assert!(stream.windows(head.len()).any(|some| some == head));
                    lines.push(None);
                }
            }
        }
        assert!(decoder.buffer().len() <= LIMIT, "what is kept is bounded");
    }
    lines
}
