//! The MCP server behind both sides of the benchmark: stdin to stdout, one
//! thread, one write per batch of lines read.

use std::io::{self, Read, Write};

use bench::echo::answer;
use memchr::memchr;

fn main() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut pending = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    let mut out = Vec::with_capacity(64 * 1024);
    loop {
        let read = input.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        pending.extend_from_slice(&chunk[..read]);
        let mut done = 0;
        while let Some(length) = memchr(b'\n', &pending[done..]) {
            answer(&pending[done..done + length], &mut out);
            done += length + 1;
        }
        pending.drain(..done);
        // Standard output is line buffered: one `write_all` of whole lines passes straight through.
        output.write_all(&out)?;
        output.flush()?;
        out.clear();
    }
}
