//! What a gateway is started with: a config, a home and a data folder of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
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
    file: File,
    env: Vec<(String, String)>,
    args: Vec<String>,
    /// Whether `--port` is given.
    names_port: bool,
    /// A command that starts the program.
    through: Vec<String>,
}

/// Where the gateway's configuration comes from.
enum File {
    /// Written from `config`.
    Made,
    /// This text.
    Text(String),
    /// It stands there already.
    There(PathBuf),
    /// Wherever the gateway looks by itself.
    NotNamed,
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
    stdout: Arc<Printed>,
    stderr: Arc<Printed>,
}

/// What has come through one pipe.
#[derive(Default)]
struct Printed {
    text: Mutex<String>,
    /// The pipe has ended: nobody can write to it any more.
    is_whole: AtomicBool,
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
            file: File::Made,
            env: Vec::new(),
            args: Vec::new(),
            names_port: true,
            through: Vec::new(),
        }
    }

    /// Sets a top-level key of the config. Of two objects the second adds to the first.
    #[must_use]
    pub fn config(mut self, key: &str, value: Value) -> Self {
        match (self.config.get_mut(key), value) {
            (Some(Value::Object(there)), Value::Object(more)) => there.extend(more),
            (_, value) => {
                self.config.insert(key.to_owned(), value);
            }
        }
        self
    }

    /// Sets a key inside a top-level key of the config, and leaves what else is there.
    #[must_use]
    pub fn config_in(mut self, outer: &str, key: &str, value: Value) -> Self {
        let object = self.config.entry(outer).or_insert_with(|| json!({}));
        object[key] = value;
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

    /// A configuration file with exactly this text.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.file = File::Text(text.into());
        self
    }

    /// A configuration file that is there already.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = File::There(path.into());
        self
    }

    /// No file is named: the gateway looks for one in the home of this test.
    #[must_use]
    pub fn without_file(mut self) -> Self {
        self.file = File::NotNamed;
        self
    }

    /// No port is named either: file, environment or default decide. The default is
    /// the port of a gateway that somebody may really use, so say another one.
    #[must_use]
    pub fn without_port(mut self) -> Self {
        self.names_port = false;
        self
    }

    /// Starts the gateway through a command that replaces itself by it.
    #[must_use]
    pub fn through(mut self, command: &[&str]) -> Self {
        self.through = command.iter().map(|part| (*part).to_owned()).collect();
        self
    }

    /// The form of a fake server whose script is written beside the config.
    pub fn fake_form(&self, name: &str, script: impl std::fmt::Display) -> Value {
        crate::admin::form_of(&self.fake_entry(name, script, &json!({})))
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
            .env_remove("MCP_GATEWAY_TOKEN")
            .env_remove("LOG_LEVEL")
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The configuration file, if one is named.
    pub fn config_path(&self) -> Option<PathBuf> {
        match &self.file {
            File::Made | File::Text(_) => Some(self.path("config.json")),
            File::There(path) => Some(path.clone()),
            File::NotNamed => None,
        }
    }

    /// What the configuration file says now.
    ///
    /// # Panics
    /// Where none is named, or it cannot be read.
    pub fn config_text(&self) -> String {
        let path = self.config_path().expect("a file is named");
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Replaces the text of the configuration file, as its owner does by hand.
    ///
    /// # Panics
    /// As [`Self::config_text`] does.
    pub fn edit_by_hand(&self, change: impl FnOnce(String) -> String) {
        let text = change(self.config_text());
        let path = self.config_path().expect("a file is named");
        std::fs::write(path, text).expect("the config is written");
    }

    /// Writes the configuration file, where it is not there already.
    pub(crate) fn write_config(&self) {
        let text = match &self.file {
            File::Made => serde_json::to_string_pretty(&self.config).expect("JSON"),
            File::Text(text) => text.clone(),
            File::There(_) | File::NotNamed => return,
        };
        std::fs::write(self.path("config.json"), text).expect("the config is written");
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
        let mut command = match self.through.split_first() {
            Some((first, rest)) => {
                let mut command = self.command(first);
                command.args(rest).arg(&self.program);
                command
            }
            None => self.command(&self.program),
        };
        if let Some(config) = self.config_path() {
            command.arg("--config").arg(config);
        }
        if self.names_port {
            command.args(["--port", &port.to_string()]);
        }
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

fn collect(from: impl Read + Send + 'static, to: Arc<Printed>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut text = to.text.lock().unwrap_or_else(PoisonError::into_inner);
            text.push_str(&line);
            text.push('\n');
        }
        to.is_whole.store(true, Ordering::Release);
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

    pub(crate) fn stderr_is_whole(&self) -> bool {
        self.stderr.is_whole.load(Ordering::Acquire)
    }
}

fn read(from: &Printed) -> String {
    let text = from.text.lock();
    text.unwrap_or_else(PoisonError::into_inner).clone()
}
