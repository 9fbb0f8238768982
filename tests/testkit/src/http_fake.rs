//! The fake server in its HTTP mode, as a process of the test's own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::journal::Journal;
use crate::setup::Setup;

/// A fake Streamable HTTP server; ends when dropped.
pub struct HttpFake {
    child: Child,
    journal: Journal,
    /// Its endpoint.
    pub url: String,
}

impl HttpFake {
    /// Starts one in the folder of a test.
    pub fn start(setup: &Setup, name: &str, script: &Value) -> Self {
        Self::start_on(setup, name, script, 0)
    }

    /// Starts one on a given port.
    pub fn start_on(setup: &Setup, name: &str, script: &Value, port: u16) -> Self {
        let path = setup.path(&format!("{name}.script.json"));
        std::fs::write(&path, script.to_string()).expect("the script is written");
        let journal = setup.journal(name);
        Self::spawn(&path, journal, port)
    }

    fn spawn(script: &Path, journal: Journal, port: u16) -> Self {
        let mut child = std::process::Command::new(crate::programs::fake_server())
            .arg(script)
            .args(["--http", &port.to_string()])
            .env("FAKE_JOURNAL", journal.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the fake server starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let url = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned))
            .expect("the fake server listens");
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            journal,
            url,
        }
    }

    /// What it received.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        let address = self.url.trim_end_matches("/mcp");
        address
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok())
            .expect("a port")
    }
}

impl Drop for HttpFake {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
