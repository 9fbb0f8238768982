//! Server-sent events (WHATWG HTML, section 9.2), both ways.

use bytes::BytesMut;

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// `event:`; `None` means "message".
    pub event: Option<String>,
    /// The `data:` lines, joined by line feeds.
    pub data: Vec<u8>,
    /// `id:` of this event.
    pub id: Option<String>,
    /// `retry:` in milliseconds.
    pub retry: Option<u64>,
}

/// An event larger than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is larger than {limit} bytes")]
pub struct EventTooLong {
    /// The limit in bytes.
    pub limit: usize,
}

/// Reads events from a stream that arrives in pieces of any size.
#[derive(Debug)]
pub struct Decoder {
    buffer: BytesMut,
    searched: usize,
    limit: usize,
    /// A carriage return ended the last line; a line feed that follows belongs to it.
    after_cr: bool,
    first_line: bool,
    has_data: bool,
    event: Event,
}

impl Decoder {
    /// A decoder for events of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            searched: 0,
            limit,
            after_cr: false,
            first_line: true,
            has_data: false,
            event: Event::default(),
        }
    }

    /// Appends bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete event. Comments and events without data yield
    /// nothing, except that an event which only sets `id` or `retry` is given
    /// out so that a reader can reconnect as told.
    ///
    /// # Errors
    /// [`EventTooLong`]; the stream cannot be read on after that.
    pub fn next_event(&mut self) -> Result<Option<Event>, EventTooLong> {
        while let Some(line) = self.line()? {
            if line.is_empty() {
                let mut event = std::mem::take(&mut self.event);
                let had_data = std::mem::take(&mut self.has_data);
                if had_data || event.id.is_some() || event.retry.is_some() {
                    if had_data {
                        event.data.pop();
                    }
                    return Ok(Some(event));
                }
                continue;
            }
            self.field(&line);
            if self.event.data.len() > self.limit {
                return Err(EventTooLong { limit: self.limit });
            }
        }
        Ok(None)
    }

    fn field(&mut self, line: &[u8]) {
        let (name, value) = match memchr::memchr(b':', line) {
            Some(colon) => (
                &line[..colon],
                line[colon + 1..]
                    .strip_prefix(b" ")
                    .unwrap_or(&line[colon + 1..]),
            ),
            None => (line, &line[line.len()..]),
        };
        let text = || String::from_utf8_lossy(value).into_owned();
        match name {
            b"data" => {
                self.event.data.extend_from_slice(value);
                self.event.data.push(b'\n');
                self.has_data = true;
            }
            b"event" => self.event.event = Some(text()).filter(|name| !name.is_empty()),
            b"id" if !value.contains(&0) => self.event.id = Some(text()),
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                // What is no number leaves an earlier one as it is.
                self.event.retry = text().parse().ok().or(self.event.retry);
            }
            // A comment (empty name) or a field of a later specification.
            _ => {}
        }
    }

    fn line(&mut self) -> Result<Option<BytesMut>, EventTooLong> {
        if self.after_cr {
            match self.buffer.first() {
                Some(b'\n') => drop(self.buffer.split_to(1)),
                Some(_) => {}
                None => return Ok(None),
            }
            self.after_cr = false;
        }
        let Some(found) = memchr::memchr2(b'\n', b'\r', &self.buffer[self.searched..]) else {
            self.searched = self.buffer.len();
            if self.buffer.len() > self.limit + "data: ".len() {
                return Err(EventTooLong { limit: self.limit });
            }
            return Ok(None);
        };
        let end = self.searched + found;
        self.searched = 0;
        self.after_cr = self.buffer[end] == b'\r';
        let mut line = self.buffer.split_to(end + 1);
        line.truncate(end);
        if std::mem::take(&mut self.first_line) && line.starts_with(b"\xef\xbb\xbf") {
            drop(line.split_to(3));
        }
        Ok(Some(line))
    }
}

/// Writes one event. Line breaks in `data` are kept by repeating the field.
pub fn encode(event: Option<&str>, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() + 32);
    if let Some(event) = event {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(event.as_bytes());
        out.push(b'\n');
    }
    let mut rest = data;
    loop {
        out.extend_from_slice(b"data: ");
        let Some(end) = memchr::memchr2(b'\n', b'\r', rest) else {
            out.extend_from_slice(rest);
            break;
        };
        out.extend_from_slice(&rest[..end]);
        out.push(b'\n');
        let crlf = rest[end] == b'\r' && rest.get(end + 1) == Some(&b'\n');
        rest = &rest[end + 1 + usize::from(crlf)..];
    }
    out.extend_from_slice(b"\n\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn events(chunks: &[&[u8]]) -> Vec<Event> {
        let mut decoder = Decoder::new(1 << 20);
        let mut found = Vec::new();
        for chunk in chunks {
            decoder.push(chunk);
            while let Some(event) = decoder.next_event().expect("within the limit") {
                found.push(event);
            }
        }
        found
    }

    #[test]
    fn fields_comments_and_line_ends_are_read_as_the_standard_says() {
        let stream = b"\xef\xbb\xbf: hello\r\nevent: endpoint\rdata:/messages\n\nid: 7\nretry: 250\ndata: a\ndata:  b\r\n\r\ndata\n\nretry: x\n\nfoo: bar\n\n";
        let found = events(&[stream]);
        assert_eq!(
            found,
            [
                Event {
                    event: Some("endpoint".into()),
                    data: b"/messages".to_vec(),
                    ..Event::default()
                },
                Event {
                    id: Some("7".into()),
                    retry: Some(250),
                    data: b"a\n b".to_vec(),
                    ..Event::default()
                },
                Event::default(),
            ]
        );
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(events(&bytes), found);
    }

    #[test]
    fn an_empty_name_is_none() {
        let found = events(&[b"event: x\nevent:\ndata: a\n\nevent\ndata: a\n\n"]);
        let wanted = Event {
            data: b"a".to_vec(),
            ..Event::default()
        };
        assert_eq!(found, [wanted.clone(), wanted]);
    }

    #[test]
    fn a_time_that_is_none_leaves_an_earlier_one() {
        for nothing in ["", "x", "99999999999999999999"] {
            let stream = format!("retry: 5\nretry: {nothing}\n\n");
            let retry = events(&[stream.as_bytes()]).first().and_then(|it| it.retry);
            assert_eq!(retry, Some(5), "{nothing}");
        }
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut decoder = Decoder::new(16);
        decoder.push(b"data: 0123456789\ndata: 0123456789\n");
        assert_eq!(decoder.next_event(), Err(EventTooLong { limit: 16 }));
        let mut decoder = Decoder::new(16);
        decoder.push(&[b'x'; 64]);
        assert_eq!(decoder.next_event(), Err(EventTooLong { limit: 16 }));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(data in "[a-c\n:é ]{0,40}", cut in 0_usize..60) {
            let stream = encode(Some("message"), data.as_bytes());
            let cut = cut.min(stream.len());
            let found = events(&[&stream[..cut], &stream[cut..]]);
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(&found[0].data, data.as_bytes());
        }
    }
}
