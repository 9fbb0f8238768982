//! Line framing of the stdio transport: one JSON message per line
//! (MCP, base protocol "Transports / stdio").

use bytes::{Bytes, BytesMut};

/// A line longer than the limit; the rest of it is skipped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a line is longer than {limit} bytes")]
pub struct LineTooLong {
    /// The limit in bytes.
    pub limit: usize,
    /// How the line begins: enough to tell whose answer it was.
    pub head: Bytes,
}

/// Bytes of an overlong line that are kept.
const HEAD: usize = 1024;

/// Cuts a byte stream into lines without copying them.
#[derive(Debug)]
pub struct LineDecoder {
    buffer: BytesMut,
    /// How much of `buffer` is known to hold no line break.
    searched: usize,
    limit: usize,
    skipping: bool,
}

impl LineDecoder {
    /// A decoder for lines of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            searched: 0,
            limit,
            skipping: false,
        }
    }

    /// Where the next bytes of the stream are to be appended.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The next complete line without its line break, `None` until more bytes
    /// have arrived. Empty lines are skipped.
    ///
    /// # Errors
    /// [`LineTooLong`] once for each line beyond the limit.
    pub fn next_line(&mut self) -> Result<Option<Bytes>, LineTooLong> {
        loop {
            let Some(found) = memchr::memchr(b'\n', &self.buffer[self.searched..]) else {
                if self.skipping {
                    self.buffer.clear();
                } else if self.buffer.len() > self.limit {
                    let head = Bytes::copy_from_slice(&self.buffer[..HEAD.min(self.buffer.len())]);
                    // The large buffer itself is given back.
                    self.buffer = BytesMut::new();
                    self.searched = 0;
                    self.skipping = true;
                    return Err(LineTooLong {
                        limit: self.limit,
                        head,
                    });
                }
                self.searched = self.buffer.len();
                return Ok(None);
            };
            let end = self.searched + found;
            let mut line = self.buffer.split_to(end + 1);
            self.searched = 0;
            line.truncate(end);
            if line.last() == Some(&b'\r') {
                line.truncate(end - 1);
            }
            if std::mem::take(&mut self.skipping) || line.is_empty() {
                continue;
            }
            if line.len() > self.limit {
                let head = Bytes::copy_from_slice(&line[..HEAD.min(line.len())]);
                return Err(LineTooLong {
                    limit: self.limit,
                    head,
                });
            }
            return Ok(Some(line.freeze()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&str], limit: usize) -> Vec<Result<String, LineTooLong>> {
        let mut decoder = LineDecoder::new(limit);
        let mut found = Vec::new();
        for chunk in chunks {
            decoder.buffer().extend_from_slice(chunk.as_bytes());
            loop {
                match decoder.next_line() {
                    Ok(Some(line)) => found.push(Ok(String::from_utf8_lossy(&line).into_owned())),
                    Ok(None) => break,
                    Err(error) => found.push(Err(error)),
                }
            }
        }
        found
    }

    #[test]
    fn lines_survive_any_chunking() {
        let expected = vec![
            Ok("ab".to_owned()),
            Ok("c".to_owned()),
            Ok("def".to_owned()),
        ];
        assert_eq!(lines(&["ab\r\n\nc\nde", "f", "\n"], 8), expected);
        assert_eq!(
            lines(&["a", "b", "\r", "\n", "c\n", "def\n", "tail"], 8),
            expected
        );
    }

    #[test]
    fn an_overlong_line_is_reported_once_and_skipped() {
        let too_long = |head: &'static str| {
            Err(LineTooLong {
                limit: 4,
                head: Bytes::from_static(head.as_bytes()),
            })
        };
        assert_eq!(
            lines(&["abcdef", "ghi", "\nok\n"], 4),
            [too_long("abcdef"), Ok("ok".to_owned())]
        );
        assert_eq!(
            lines(&["abcdef\nok\n"], 4),
            [too_long("abcdef"), Ok("ok".to_owned())]
        );
    }
}
