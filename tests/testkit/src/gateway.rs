//! The gateway as its users run it: a process. It must end well, and leave
//! nothing behind.

use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::admin::Admin;
use crate::answer::Answer;
use crate::client::McpHttp;
use crate::journal::Journal;
use crate::setup::{Output, Setup};
use crate::{process, wait};

/// A running gateway. Dropping it stops it and fails the test if it does not
/// end cleanly or leaves a process behind.
pub struct Gateway {
    setup: Setup,
    child: Child,
    output: Output,
    /// The endpoint printed at start, `http://localhost:PORT/mcp`.
    pub endpoint: String,
    expect_clean_end: bool,
}

// === impl Gateway ===

impl Gateway {
    pub(crate) async fn start(setup: Setup) -> Self {
        setup.write_config();
        let (child, output) = setup.spawn(0);
        let mut gateway = Self {
            setup,
            child,
            output,
            endpoint: String::new(),
            expect_clean_end: true,
        };
        gateway.await_listening().await;
        gateway
    }

    async fn await_listening(&mut self) {
        let deadline = Instant::now() + wait::SOON;
        self.endpoint = loop {
            let found = self.stdout().lines().find_map(|line| {
                line.strip_prefix("listening on ")
                    .filter(|url| url.starts_with("http"))
                    .map(|url| url.trim().to_owned())
            });
            if let Some(url) = found {
                break url;
            }
            let ended = self.child.try_wait().ok().flatten();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "the gateway does not listen ({ended:?})\n{}{}",
                self.stdout(),
                self.stderr()
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        };
    }

    /// Everything on stdout so far.
    pub fn stdout(&self) -> String {
        self.output.stdout()
    }

    /// Everything on stderr so far.
    pub fn stderr(&self) -> String {
        self.output.stderr()
    }

    /// Whether stderr has ended and is read to its end, as it is soon after the gateway's end.
    pub fn stderr_is_whole(&self) -> bool {
        self.output.stderr_is_whole()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it was started with.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The test's own folder: home, data, scripts, journals.
    pub fn folder(&self) -> &Path {
        self.setup.folder()
    }

    /// The journal of a fake server.
    pub fn journal(&self, name: &str) -> Journal {
        self.setup.journal(name)
    }

    /// `http://localhost:PORT`
    pub fn base(&self) -> &str {
        self.endpoint.trim_end_matches("/mcp")
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.base()
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok())
            .expect("a port")
    }

    /// A client without capabilities.
    pub async fn client(&self) -> McpHttp {
        McpHttp::connect(&self.endpoint, "{}").await
    }

    /// A client with raw capabilities.
    pub async fn client_with(&self, capabilities: &str) -> McpHttp {
        McpHttp::connect(&self.endpoint, capabilities).await
    }

    /// A client that has not said hello, for anything raw.
    pub fn raw(&self) -> McpHttp {
        McpHttp::new(&self.endpoint)
    }

    /// A client of the admin API, with the token.
    pub fn api(&self) -> Admin {
        Admin::new(self.base()).with_token(&self.admin_token())
    }

    /// The admin token.
    pub fn admin_token(&self) -> String {
        let path = self.setup.path("data").join("admin.token");
        std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
            .trim()
            .to_owned()
    }

    /// `GET path` with the admin token.
    pub async fn admin(&self, path: &str) -> Answer {
        self.raw()
            .with("authorization", &format!("Bearer {}", self.admin_token()))
            .get(path)
            .await
    }

    /// `GET /api/status`.
    pub async fn status(&self) -> Value {
        let answer = self.admin("/api/status").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// One server's part of the status.
    pub async fn server_status(&self, name: &str) -> Value {
        let status = self.status().await;
        let servers = status["servers"].as_array().expect("servers");
        match servers.iter().find(|server| server["name"] == name) {
            Some(server) => server.clone(),
            None => panic!("no server {name} in {status}"),
        }
    }

    /// Waits until a server is in a state; gives its status.
    pub async fn await_state(&self, name: &str, state: &str) -> Value {
        let is_it =
            async || Some(self.server_status(name).await).filter(|server| server["state"] == state);
        wait::until(&format!("{name} is {state}"), is_it).await
    }

    /// Waits until a server is ready and it is known that it has tools.
    pub async fn await_any_tools(&self, name: &str) {
        let is_it = async || {
            let server = self.server_status(name).await;
            (server["state"] == "ready" && server["offered"] != 0).then_some(())
        };
        wait::until(&format!("the tools of {name} are known"), is_it).await;
    }

    /// Waits until a server is ready and it is known that it has so many tools.
    pub async fn await_tools(&self, name: &str, count: usize) {
        let is_it = async || {
            let server = self.server_status(name).await;
            (server["state"] == "ready" && server["offered"] == count).then_some(())
        };
        wait::until(&format!("{name} has {count} tools"), is_it).await;
    }

    /// Ends the gateway without asking.
    pub fn kill(&mut self) {
        process::kill(self.pid());
        self.child.wait().expect("it can be awaited");
        self.expect_clean_end = false;
    }

    /// Asks it to end and gives how it ended.
    pub async fn stop(&mut self) -> ExitStatus {
        process::terminate(self.pid());
        wait::until("the gateway has ended", async || {
            self.child.try_wait().expect("it can be awaited")
        })
        .await
    }

    /// Starts it again with the same folders and the file as it is now, on the same port.
    pub async fn restart(&mut self) {
        let (child, output) = self.setup.spawn(self.port());
        self.child = child;
        self.output = output;
        self.expect_clean_end = true;
        self.await_listening().await;
    }

    /// Living processes that belong to this test: the gateway, its children and theirs.
    pub fn processes(&self) -> Vec<(u32, String)> {
        process::marked(self.setup.mark())
    }

    fn end(&mut self) -> Result<(), String> {
        let running = self.child.try_wait().ok().flatten().is_none();
        if running {
            process::terminate(self.pid());
        }
        let deadline = Instant::now() + Duration::from_secs(35);
        let status = loop {
            if let Some(status) = self.child.try_wait().map_err(|error| error.to_string())? {
                break status;
            }
            if Instant::now() > deadline {
                process::kill(self.pid());
                return Err("the gateway did not end after SIGTERM".to_owned());
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        if self.expect_clean_end && !status.success() {
            return Err(format!("the gateway ended with {status}"));
        }
        let deadline =
            Instant::now() + Duration::from_secs(if self.expect_clean_end { 1 } else { 10 });
        loop {
            let left = self.processes();
            if left.is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline {
                left.iter().for_each(|(pid, _)| process::kill(*pid));
                return Err(format!("the gateway left processes behind: {left:?}"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let ended = self.end();
        if std::thread::panicking() {
            eprintln!(
                "--- the gateway's stdout\n{}--- the gateway's stderr\n{}---",
                self.stdout(),
                self.stderr()
            );
        } else if let Err(fault) = ended {
            panic!("{fault}\n{}{}", self.stdout(), self.stderr());
        }
    }
}
