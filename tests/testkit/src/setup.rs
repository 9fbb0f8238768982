//! What a gateway is started with: a config, a home and a data folder of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::gateway::Gateway;
use crate::journal::Journal;
use crate::{process, programs};

/// What a gateway is to be started with.
pub struct Setup {
    program: PathBuf,
    folder: TempDir,
    mark: String,
    config: Map<String, Value>,
    env: Vec<(String, String)>,
    args: Vec<String>,
}

/// A program that was run to its end.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// Everything on stdout.
    pub stdout: String,
    /// Everything on stderr.
    pub stderr: String,
}

/// What a running program has printed so far.
#[derive(Clone, Default)]
pub(crate) struct Output {
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
}

// === impl Setup ===

impl Setup {
    /// A gateway without servers; `program` is the `mcp-gateway` binary.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let folder = tempfile::Builder::new()
            .prefix("gateway-test-")
            .tempdir()
            .expect("a temporary folder");
        for home in ["home", "runtime", "data"] {
            std::fs::create_dir(folder.path().join(home)).expect("a folder");
        }
        Self {
            program: program.into(),
            mark: format!(
                "{}-{}",
                std::process::id(),
                NEXT.fetch_add(1, Ordering::SeqCst)
            ),
            folder,
            config: Map::new(),
            env: Vec::new(),
            args: Vec::new(),
        }
    }

    /// Sets a top-level key of the config.
    #[must_use]
    pub fn config(mut self, key: &str, value: Value) -> Self {
        self.config.insert(key.to_owned(), value);
        self
    }

    /// Adds a server as it stands in a config.
    #[must_use]
    pub fn server(mut self, server: Value) -> Self {
        let servers = self.config.entry("servers").or_insert_with(|| json!([]));
        servers
            .as_array_mut()
            .expect("servers is a list")
            .push(server);
        self
    }

    /// Adds a fake server on stdio. The script is JSON, as a value or as text.
    #[must_use]
    pub fn fake(self, name: &str, script: impl std::fmt::Display) -> Self {
        self.fake_with(name, script, json!({}))
    }

    /// Adds a fake server on stdio with more keys beside it in the config.
    #[must_use]
    pub fn fake_with(self, name: &str, script: impl std::fmt::Display, more: Value) -> Self {
        let server = self.fake_entry(name, script, &more);
        self.server(server)
    }

    /// The config entry of a fake server whose script is written beside it.
    pub fn fake_entry(&self, name: &str, script: impl std::fmt::Display, more: &Value) -> Value {
        let path = self.path(&format!("{name}.script.json"));
        std::fs::write(&path, script.to_string()).expect("the script is written");
        let mut server = json!({
            "name": name,
            "type": "local",
            "command": [programs::fake_server(), path],
            "env": {"FAKE_JOURNAL": self.journal(name).path()},
        });
        for (key, value) in more.as_object().expect("an object") {
            server[key] = value.clone();
        }
        server
    }

    /// Sets a variable of the gateway's environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Adds an argument to the gateway's command line.
    #[must_use]
    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// A path in the test's own folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The journal of a fake server.
    pub fn journal(&self, name: &str) -> Journal {
        Journal::new(self.path(&format!("{name}.journal")))
    }

    /// A program in the surroundings of this test: its home, its mark, nothing of the machine's user.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let home = self.path("home");
        command
            .current_dir(&home)
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", home.join(".config"))
            .env("XDG_DATA_HOME", home.join(".local/share"))
            .env("XDG_STATE_HOME", home.join(".local/state"))
            .env("XDG_CACHE_HOME", home.join(".cache"))
            .env("XDG_RUNTIME_DIR", self.path("runtime"))
            .env("LC_ALL", "C.UTF-8")
            .env(process::MARK, &self.mark)
            .env_remove("MCP_GATEWAY_CONFIG")
            .env_remove("MCP_GATEWAY_PORT")
            .env_remove("MCP_GATEWAY_URL")
            .env_remove("LOG_LEVEL")
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Writes the config and gives its path.
    pub fn write_config(&self) -> PathBuf {
        let path = self.path("config.json");
        let text = serde_json::to_string_pretty(&self.config).expect("JSON");
        std::fs::write(&path, text).expect("the config is written");
        path
    }

    /// Runs the gateway's program to its end, with these arguments only.
    pub async fn run(&self, args: &[&str]) -> Ended {
        let mut command = self.command(&self.program);
        command.args(args);
        run(command).await
    }

    /// The folder of the test.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Marks every process of this test.
    pub(crate) fn mark(&self) -> &str {
        &self.mark
    }

    pub(crate) fn spawn(&self, port: u16) -> (Child, Output) {
        let config = self.write_config();
        let mut command = self.command(&self.program);
        command
            .arg("--config")
            .arg(config)
            .args(["--port", &port.to_string()]);
        command
            .arg("--data-dir")
            .arg(self.path("data"))
            .args(&self.args);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.program.display()));
        let output = Output::default();
        collect(child.stdout.take().expect("piped"), output.stdout.clone());
        collect(child.stderr.take().expect("piped"), output.stderr.clone());
        (child, output)
    }

    /// Starts it and waits until it listens.
    pub async fn start(self) -> Gateway {
        Gateway::start(self).await
    }
}

/// Runs a program to its end; it gets no input.
///
/// # Panics
/// If it does not end soon.
pub async fn run(mut command: Command) -> Ended {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let child = child.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let pid = child.id();
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output());
    let Ok(ended) = tokio::time::timeout(Duration::from_secs(90), ended).await else {
        process::kill(pid);
        panic!("{command:?} does not end");
    };
    let output = ended.expect("no panic").expect("it can be awaited");
    Ended {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn collect(from: impl Read + Send + 'static, to: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            let Ok(line) = line else { return };
            let mut text = to.lock().unwrap_or_else(PoisonError::into_inner);
            text.push_str(&line);
            text.push('\n');
        }
    });
}

// === impl Output ===

impl Output {
    pub(crate) fn stdout(&self) -> String {
        read(&self.stdout)
    }

    pub(crate) fn stderr(&self) -> String {
        read(&self.stderr)
    }
}

fn read(text: &Arc<Mutex<String>>) -> String {
    text.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
