//! The fake server in its HTTP mode, as a process of the test's own.

use std::fmt::Display;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::journal::Journal;
use crate::setup::Setup;

/// A fake server over HTTP; ends when dropped.
pub struct HttpFake {
    child: Child,
    journal: Journal,
    /// Its endpoint.
    pub url: String,
}

impl HttpFake {
    /// Starts a Streamable HTTP server in the folder of a test. The script is JSON, as a value or
    /// as text.
    pub fn start(setup: &Setup, name: &str, script: &(impl Display + ?Sized)) -> Self {
        Self::start_on(setup, name, script, 0)
    }

    /// Starts one on a given port.
    pub fn start_on(
        setup: &Setup,
        name: &str,
        script: &(impl Display + ?Sized),
        port: u16,
    ) -> Self {
        Self::spawn(setup, name, script, ["--http", &port.to_string()])
    }

    /// Starts one that speaks HTTP+SSE, the transport of 2024-11-05.
    pub fn start_sse(setup: &Setup, name: &str, script: &(impl Display + ?Sized)) -> Self {
        Self::start_sse_on(setup, name, script, 0)
    }

    /// Starts one of these on a given port.
    pub fn start_sse_on(
        setup: &Setup,
        name: &str,
        script: &(impl Display + ?Sized),
        port: u16,
    ) -> Self {
        Self::spawn(setup, name, script, ["--sse", &port.to_string()])
    }

    fn spawn(
        setup: &Setup,
        name: &str,
        script: &(impl Display + ?Sized),
        transport: [&str; 2],
    ) -> Self {
        let path = setup.path(&format!("{name}.script.json"));
        std::fs::write(&path, script.to_string()).expect("the script is written");
        let journal = setup.journal(name);
        let mut child = std::process::Command::new(crate::programs::fake_server())
            .arg(path)
            .args(transport)
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
        let url: url::Url = self.url.parse().expect("a URL");
        url.port().expect("a port")
    }
}

impl Drop for HttpFake {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
