//! Lines from the client.

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt};
use wire::{LineDecoder, LineTooLong};

/// Largest message in either direction.
pub(crate) const LIMIT: usize = 64 << 20;

/// Cuts what the client writes into lines.
pub(crate) struct Input<R> {
    reader: R,
    decoder: LineDecoder,
    ended: bool,
}

impl<R: AsyncRead + Unpin> Input<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            reader,
            decoder: LineDecoder::new(LIMIT),
            ended: false,
        }
    }

    /// The next line, `None` at the end. Safe to drop and call again.
    pub(crate) async fn next(&mut self) -> std::io::Result<Option<Result<Bytes, LineTooLong>>> {
        loop {
            match self.decoder.next_line() {
                Ok(Some(line)) => return Ok(Some(Ok(line))),
                Ok(None) if self.ended => return Ok(None),
                Ok(None) => {}
                Err(error) => return Ok(Some(Err(error))),
            }
            let buffer = self.decoder.buffer();
            buffer.reserve(16 << 10);
            if self.reader.read_buf(buffer).await? == 0 {
                self.ended = true;
                // A last line without a line break still is one.
                self.decoder.buffer().extend_from_slice(b"\n");
            }
        }
    }
}
