//! The client at the other end of the pipes, and how tests wait.

use std::time::{Duration, Instant};

use bridge::{BridgeError, Target};
use serde_json::Value;
use tokio::io::{
    AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf,
};
use tokio::task::JoinHandle;

pub(crate) const SOON: Duration = Duration::from_secs(10);
pub(crate) const HELLO: &str = r#"{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
pub(crate) const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

pub(crate) struct Client {
    stdin: Option<WriteHalf<DuplexStream>>,
    stdout: Lines<BufReader<ReadHalf<DuplexStream>>>,
    pub(crate) bridge: JoinHandle<Result<(), BridgeError>>,
}

impl Client {
    pub(crate) fn start(port: u16) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let (stdout, stdin) = tokio::io::split(ours);
        let (reader, writer) = tokio::io::split(theirs);
        let target = Target::new(&format!("http://127.0.0.1:{port}/mcp")).expect("an address");
        let target = target.with_header("X-Test: yes").expect("a header");
        let bridge = tokio::spawn(bridge::run(reader, writer, target));
        Self {
            stdin: Some(stdin),
            stdout: BufReader::new(stdout).lines(),
            bridge,
        }
    }

    /// One that has said hello.
    pub(crate) async fn greeted(port: u16) -> Self {
        let mut client = Self::start(port);
        client.send(HELLO).await;
        assert!(client.line().await.contains(r#""id":"hello""#));
        client.send(INITIALIZED).await;
        client
    }

    pub(crate) async fn send(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin
            .write_all(format!("{line}\n").as_bytes())
            .await
            .expect("the bridge reads");
    }

    pub(crate) async fn line(&mut self) -> String {
        soon(self.stdout.next_line())
            .await
            .expect("the bridge writes")
            .expect("stdout is open")
    }

    pub(crate) async fn json(&mut self) -> Value {
        serde_json::from_str(&self.line().await).expect("only JSON on stdout")
    }

    /// Closes stdin and gives what is left on stdout.
    pub(crate) async fn leave(mut self) -> Vec<String> {
        self.stdin
            .take()
            .expect("stdin is open")
            .shutdown()
            .await
            .expect("the pipe closes");
        let mut rest = Vec::new();
        while let Some(line) = soon(self.stdout.next_line())
            .await
            .expect("the bridge writes")
        {
            rest.push(line);
        }
        soon(self.bridge)
            .await
            .expect("no panic")
            .expect("a clean end");
        rest
    }
}

pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, work).await.expect("in time")
}

pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < SOON, "in vain until {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
