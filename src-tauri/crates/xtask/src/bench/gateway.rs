//! A program under test: started, found by the URL it prints, ended.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::{built, folder};

/// Nothing takes that long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);
const GRACE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(20);

/// A running server; dropped, it is ended.
pub(super) struct Server {
    child: Child,
    /// `host:port`.
    pub(super) address: String,
    /// From just before it was started to the first accepted connection.
    pub(super) listening_after: Duration,
}

/// The gateway in front of as many echo servers as there are names.
pub(super) fn gateway(servers: &[&str]) -> anyhow::Result<Server> {
    let home = folder().join(format!("home-{}", servers.len()));
    if home.exists() {
        fs::remove_dir_all(&home)?;
    }
    fs::create_dir_all(&home)?;
    let servers: Vec<_> = servers
        .iter()
        .map(|name| {
            serde_json::json!({ "name": name, "type": "local", "command": [built("echo-server")], "poolSize": 1 })
        })
        .collect();
    let config = home.join("config.json");
    fs::write(
        &config,
        serde_json::json!({ "gateway": { "port": 0 }, "servers": servers }).to_string(),
    )?;
    let mut command = Command::new(built("mcp-gateway"));
    command.arg("--config").arg(&config);
    // Nobody's own settings, data or lock.
    for (name, sub) in [
        ("HOME", ""),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_DATA_HOME", "data"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_CACHE_HOME", "cache"),
    ] {
        command.env(name, home.join(sub));
    }
    for name in [
        "MCP_GATEWAY_CONFIG",
        "MCP_GATEWAY_PORT",
        "GATEWAY_BASE_URL",
        "LOG_LEVEL",
    ] {
        command.env_remove(name);
    }
    Server::start(command, "gateway")
}

/// The yardstick in front of one echo server.
pub(super) fn least_proxy() -> anyhow::Result<Server> {
    let mut command = Command::new(built("least-proxy"));
    command.arg("--").arg(built("echo-server"));
    Server::start(command, "least-proxy")
}

// === impl Server ===

impl Server {
    fn start(mut command: Command, name: &str) -> anyhow::Result<Self> {
        let log = folder().join(format!("{name}.log"));
        command
            .current_dir(folder())
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

    /// Waits until `/health` says that every server is there.
    pub(super) fn wait_until_ready(&self) -> anyhow::Result<()> {
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

    /// Resident memory in bytes, of this process alone.
    pub(super) fn resident(&self) -> anyhow::Result<u64> {
        let path = PathBuf::from(format!("/proc/{}/status", self.child.id()));
        let status = fs::read_to_string(&path).context("resident memory is read from /proc")?;
        resident_in(&status).context("no VmRSS")
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

fn resident_in(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
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
    use super::*;

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

    #[test]
    fn memory_is_counted_in_bytes() {
        assert_eq!(
            resident_in("Name:\tx\nVmRSS:\t    9216 kB\nThreads: 3\n"),
            Some(9216 * 1024)
        );
        assert_eq!(resident_in("Name:\tx\n"), None);
    }
}
