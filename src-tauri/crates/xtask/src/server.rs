//! A program that serves: started, found by the URL it prints, ended.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// Nothing takes that long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);
const GRACE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(20);

/// A running server; dropped, it is ended.
pub(crate) struct Server {
    child: Child,
    /// `host:port`.
    pub(crate) address: String,
    /// From just before it was started to the first accepted connection.
    pub(crate) listening_after: Duration,
}

// === impl Server ===

impl Server {
    /// Starts it in a folder, where its log goes too.
    pub(crate) fn start(mut command: Command, name: &str, folder: &Path) -> anyhow::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        command
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?);
        let begun = Instant::now();
        let mut child = command
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        let stdout = child.stdout.take().context("BUG: its output is a pipe")?;
        let mut server = Self {
            child,
            address: String::new(),
            listening_after: Duration::ZERO,
        };
        let found = url_printed(stdout).recv_timeout(PATIENCE);
        server.address = found
            .with_context(|| format!("{name} never said `listening on`; see {}", log.display()))?;
        TcpStream::connect(&server.address)?;
        server.listening_after = begun.elapsed();
        Ok(server)
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `/health` says that every server is there.
    pub(crate) fn wait_until_ready(&self) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            let health = self.get("/health")?;
            let ready = serde_json::from_str::<serde_json::Value>(&health)
                .is_ok_and(|health| health["ready"] == true && health["status"] == "ok");
            if ready {
                return Ok(());
            }
            if Instant::now() > until {
                bail!("the gateway never got ready: {health}");
            }
            sleep(LOOK);
        }
    }

    fn get(&self, path: &str) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer
            .split_once("\r\n\r\n")
            .map(|(_, body)| body.to_owned())
            .unwrap_or_default())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        ask_to_end(&self.child);
        let until = Instant::now() + GRACE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
            sleep(LOOK);
        }
        // Both fail only where it has already ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The gateway with a configuration of its own, in an empty home below `folder`.
pub(crate) fn gateway(
    program: &Path,
    folder: &Path,
    config: &serde_json::Value,
) -> anyhow::Result<Server> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    let file = folder.join("config.json");
    std::fs::write(&file, config.to_string())?;
    let mut command = Command::new(program);
    command.arg("--config").arg(&file);
    // Nobody's own settings, data, keys or lock.
    for (name, sub) in [
        ("HOME", ""),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_DATA_HOME", "data"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_CACHE_HOME", "cache"),
    ] {
        command.env(name, folder.join(sub));
    }
    for name in [
        "MCP_GATEWAY_CONFIG",
        "MCP_GATEWAY_PORT",
        "GATEWAY_BASE_URL",
        "LOG_LEVEL",
    ] {
        command.env_remove(name);
    }
    command.env("MCP_GATEWAY_KEYCHAIN", "off");
    Server::start(command, "gateway", folder)
}

/// The address in the first `listening on http://…` line. The thread goes on
/// reading, so that the program never waits for a reader.
fn url_printed(stdout: ChildStdout) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(address) = address_in(&line) {
                // Only the first is waited for.
                drop(sender.send(address));
            }
        }
    });
    receiver
}

fn address_in(line: &str) -> Option<String> {
    let (_, url) = line.split_once("listening on http://")?;
    let address: String = url
        .chars()
        .take_while(|c| !c.is_whitespace() && *c != '/')
        .collect();
    Some(address)
}

#[cfg(unix)]
fn ask_to_end(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process};
    // Fails only where it has already ended.
    let _ = kill_process(Pid::from_child(child), Signal::TERM);
}

#[cfg(not(unix))]
fn ask_to_end(_child: &Child) {}

#[cfg(test)]
mod tests {
    use super::address_in;

    #[test]
    fn the_address_is_read_out_of_the_line() {
        assert_eq!(
            address_in("listening on http://127.0.0.1:4298/mcp").as_deref(),
            Some("127.0.0.1:4298")
        );
        assert_eq!(
            address_in("MCP Gateway listening on http://[::1]:80 now").as_deref(),
            Some("[::1]:80")
        );
        assert_eq!(address_in("starting"), None);
    }
}
