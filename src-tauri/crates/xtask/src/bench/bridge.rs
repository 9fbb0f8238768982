//! The stdio bridge: how big it is, how soon it answers, and what a call takes longer through it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde::Serialize;

use super::gateway::{BOTH, Era, gateway, resident};
use super::throughput::load;
use super::{built, median};
use crate::server::Server;

const STARTS: usize = 10;
const ROUNDS: usize = 5;
/// In each round; as many before them are not counted.
const CALLS: usize = 1_000;
const DIRECT: Duration = Duration::from_secs(1);

/// What a modern client says of itself: less than `load` does, because nothing here depends on it.
const CLAIM: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}"#;

/// What came out.
#[derive(Debug, Serialize)]
pub(super) struct Bridge {
    /// Bytes on disk.
    pub(super) size: u64,
    pub(super) eras: Vec<Figures>,
}

/// Those of one era.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) era: Era,
    /// Milliseconds from start to the first answer on its output, median.
    pub(super) first_answer_ms: f64,
    /// Bytes resident after all calls.
    pub(super) resident: u64,
    /// Microseconds of a call through bridge and gateway, median.
    pub(super) p50_us: f64,
    /// Microseconds of a call straight to the gateway, in turns with the other.
    pub(super) direct_us: f64,
}

/// Starts bridges and makes calls through the last one.
pub(super) fn measure() -> anyhow::Result<Bridge> {
    let gateway = gateway(&BOTH)?;
    gateway.wait_until_ready()?;
    let eras = Era::ALL.map(|era| Figures::of(era, &gateway).context(era.as_str()));
    Ok(Bridge {
        size: fs::metadata(built("mcp-stdio-bridge"))?.len(),
        eras: eras.into_iter().collect::<anyhow::Result<_>>()?,
    })
}

/// A bridge and the client that has started it; dropped, it is left and waited for.
struct Running {
    child: Child,
    /// Taken when the client leaves.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    line: String,
}

// === impl Figures ===

impl Figures {
    fn of(era: Era, gateway: &Server) -> anyhow::Result<Self> {
        let mut starts = Vec::with_capacity(STARTS);
        for _ in 0..STARTS {
            let begun = Instant::now();
            Running::start(gateway)?.greet(era)?;
            starts.push(begun.elapsed().as_secs_f64() * 1_000.0);
        }
        let mut bridge = Running::start(gateway)?;
        bridge.greet(era)?;
        let (mut through, mut direct) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            bridge.calls(era)?;
            through.push(median(&bridge.calls(era)?));
            direct.push(load(gateway, era, &era.tool(), 1, DIRECT)?.p50_us);
        }
        Ok(Self {
            era,
            first_answer_ms: median(&starts),
            resident: resident(bridge.child.id())?,
            p50_us: median(&through),
            direct_us: median(&direct),
        })
    }

    /// Microseconds that the bridge adds to a call.
    pub(super) fn added_us(&self) -> f64 {
        self.p50_us - self.direct_us
    }
}

// === impl Running ===

impl Running {
    fn start(gateway: &Server) -> anyhow::Result<Self> {
        let mut child = Command::new(built("mcp-stdio-bridge"))
            .arg(format!("http://{}/mcp", gateway.address))
            .env_remove("MCP_GATEWAY_TOKEN")
            .env_remove("LOG_LEVEL")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the bridge")?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("BUG: its output is a pipe")?;
        Ok(Self {
            child,
            input,
            output: BufReader::new(output),
            line: String::new(),
        })
    }

    /// The first exchange of a client.
    fn greet(&mut self, era: Era) -> anyhow::Result<()> {
        match era {
            Era::Modern => self.ask(&format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{{{CLAIM}}}}}"#
            )),
            Era::Legacy => {
                self.ask(
                    r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#,
                )?;
                self.write(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
            }
        }
    }

    /// So many calls, one after the other; the microseconds that each one took.
    fn calls(&mut self, era: Era) -> anyhow::Result<Vec<f64>> {
        let claim = match era {
            Era::Legacy => String::new(),
            Era::Modern => format!("{CLAIM},"),
        };
        let call = format!(
            r#"{{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{{{claim}"name":"{}","arguments":{{"message":"through the bridge"}}}}}}"#,
            era.tool()
        );
        let mut taken = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            let begun = Instant::now();
            self.ask(&call)?;
            taken.push(begun.elapsed().as_secs_f64() * 1e6);
            ensure!(
                self.line.contains("through the bridge"),
                "not this call's result: {}",
                self.line
            );
        }
        Ok(taken)
    }

    /// Writes a request; its answer is in `line`.
    fn ask(&mut self, request: &str) -> anyhow::Result<()> {
        self.write(request)?;
        self.line.clear();
        self.output.read_line(&mut self.line)?;
        ensure!(
            self.line.contains(r#""result":"#),
            "it was answered: {}",
            self.line
        );
        Ok(())
    }

    fn write(&mut self, message: &str) -> anyhow::Result<()> {
        let input = self.input.as_mut().context("BUG: the client has left")?;
        input.write_all(format!("{message}\n").as_bytes())?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It ends when its client leaves; that it has ended already is no error here.
        drop(self.input.take());
        drop(self.child.wait());
    }
}
