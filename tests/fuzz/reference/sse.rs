//! Server-sent events, read the way the standard tells it: first lines, then fields.

use wire::SseEvent;

/// The complete lines of a stream.
pub fn lines(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut bytes = stream
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(stream)
        .iter()
        .peekable();
    let (mut lines, mut line) = (Vec::new(), Vec::new());
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\r' | b'\n' => {
                if byte == b'\r' {
                    bytes.next_if(|next| **next == b'\n');
                }
                lines.push(std::mem::take(&mut line));
            }
            byte => line.push(byte),
        }
    }
    lines
}

/// The events of a stream: those with data, and those that say how to reconnect.
pub fn events(stream: &[u8]) -> Vec<SseEvent> {
    let mut events = Vec::new();
    let mut event = SseEvent::default();
    let mut data: Vec<Vec<u8>> = Vec::new();
    for line in lines(stream) {
        if line.is_empty() {
            let mut done = std::mem::take(&mut event);
            let data = std::mem::take(&mut data);
            done.data = data.join(&b'\n');
            if !data.is_empty() || done.id.is_some() || done.retry.is_some() {
                events.push(done);
            }
            continue;
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let text = String::from_utf8_lossy(value).into_owned();
        match name {
            b"data" => data.push(value.to_vec()),
            b"event" => event.event = (!text.is_empty()).then_some(text),
            b"id" if !value.contains(&0) => event.id = Some(text),
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                event.retry = text.parse().ok().or(event.retry);
            }
            _ => {}
        }
    }
    events
}
