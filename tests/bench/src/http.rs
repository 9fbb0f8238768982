//! The client's half of HTTP/1.1, as little as a load generator needs: one
//! answer after the other from a keep-alive connection.

use anyhow::{Context, bail, ensure};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// More headers than any MCP server sends.
const MAX_HEADERS: usize = 48;

/// One keep-alive connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Bytes of `buffer` that the previous answer took.
    used: usize,
    decoded: Vec<u8>,
}

/// Status, session and body of one answer; the body borrows the connection.
pub struct Answer<'a> {
    /// The HTTP status code.
    pub status: u16,
    /// `Mcp-Session-Id`, where there was one.
    pub session: Option<String>,
    /// The body; of an event stream, everything that was sent.
    pub body: &'a [u8],
}

enum Length {
    Known(usize),
    Chunked,
}

struct Head {
    status: u16,
    session: Option<String>,
    size: usize,
    length: Length,
}

// === impl Connection ===

impl Connection {
    /// Connects, without Nagle's delay.
    pub async fn open(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(16 * 1024),
            used: 0,
            decoded: Vec::new(),
        })
    }

    /// Sends a request and reads its answer whole.
    pub async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.buffer.drain(..self.used);
        ensure!(
            self.buffer.is_empty(),
            "the server sent more than it was asked for"
        );
        self.used = 0;
        self.stream.write_all(request).await?;
        let head = loop {
            self.fill().await?;
            if let Some(head) = parse_head(&self.buffer)? {
                break head;
            }
        };
        let body = match head.length {
            Length::Known(length) => {
                self.used = head.size + length;
                while self.buffer.len() < self.used {
                    self.fill().await?;
                }
                &self.buffer[head.size..self.used]
            }
            Length::Chunked => {
                self.used = loop {
                    self.decoded.clear();
                    match dechunk(&self.buffer[head.size..], &mut self.decoded)? {
                        Some(size) => break head.size + size,
                        None => self.fill().await?,
                    }
                };
                &self.decoded[..]
            }
        };
        Ok(Answer {
            status: head.status,
            session: head.session,
            body,
        })
    }

    async fn fill(&mut self) -> anyhow::Result<()> {
        ensure!(
            self.stream.read_buf(&mut self.buffer).await? > 0,
            "the server closed the connection"
        );
        Ok(())
    }
}

fn parse_head(bytes: &[u8]) -> anyhow::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(size) =
        response.parse(bytes).context("not an HTTP/1.1 answer")?
    else {
        return Ok(None);
    };
    // 202 and 204 may come without either header: then there is no body.
    let (mut length, mut session) = (Length::Known(0), None);
    for header in response.headers.iter() {
        let value = || std::str::from_utf8(header.value);
        if header.name.eq_ignore_ascii_case("content-length") {
            length = Length::Known(value()?.trim().parse()?);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            length = Length::Chunked;
        } else if header.name.eq_ignore_ascii_case("mcp-session-id") {
            session = Some(value()?.to_owned());
        }
    }
    Ok(Some(Head {
        status: response.code.context("no status")?,
        session,
        size,
        length,
    }))
}

/// Appends the chunks' content; the size of the whole encoding once it is
/// complete, `None` while it is not.
fn dechunk(bytes: &[u8], out: &mut Vec<u8>) -> anyhow::Result<Option<usize>> {
    let mut at = 0;
    loop {
        let (data, size) = match httparse::parse_chunk_size(&bytes[at..]) {
            Ok(httparse::Status::Complete(parsed)) => parsed,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => bail!("a malformed chunk"),
        };
        let (start, size) = (at + data, usize::try_from(size)?);
        let Some(end) = bytes
            .get(start..)
            .filter(|rest| rest.len() >= size + 2)
            .map(|_| start + size)
        else {
            return Ok(None);
        };
        ensure!(
            &bytes[end..end + 2] == b"\r\n",
            "a chunk that does not end where it says"
        );
        out.extend_from_slice(&bytes[start..end]);
        at = end + 2;
        if size == 0 {
            return Ok(Some(at));
        }
    }
}

/// The JSON-RPC message in a body: the body itself, or the last `data:` line
/// of an event stream (earlier events are notifications or primers).
pub fn message(body: &[u8]) -> &[u8] {
    if body.first() == Some(&b'{') {
        return body;
    }
    let Some(start) = memmem::rfind(body, b"data:") else {
        return body;
    };
    let data = &body[start + 5..];
    data[..memchr::memchr(b'\n', data).unwrap_or(data.len())].trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_once_they_are_all_there() {
        let whole = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        for cut in 0..whole.len() {
            assert!(
                dechunk(&whole[..cut], &mut Vec::new())
                    .expect("a part of it is not malformed")
                    .is_none(),
                "{cut}"
            );
        }
        let mut out = Vec::new();
        assert_eq!(
            dechunk(whole, &mut out).expect("well formed"),
            Some(whole.len())
        );
        assert_eq!(out, b"abcde");
    }

    #[test]
    fn a_message_is_found_in_either_content_type() {
        assert_eq!(message(br#"{"id":1}"#), br#"{"id":1}"#);
        assert_eq!(
            message(b"id: 0\ndata: \n\nevent: message\ndata: {\"id\":1}\n\n"),
            br#"{"id":1}"#
        );
    }
}
