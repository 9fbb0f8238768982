//! The programs under test.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;

use super::{built, folder};
use crate::server::{self, Server};

/// The gateway in front of as many echo servers as there are names.
pub(super) fn gateway(servers: &[&str]) -> anyhow::Result<Server> {
    let home = folder().join(format!("home-{}", servers.len()));
    let servers: Vec<_> = servers
        .iter()
        .map(|name| {
            serde_json::json!({ "name": name, "type": "local", "command": [built("echo-server")], "poolSize": 1 })
        })
        .collect();
    let config = serde_json::json!({ "gateway": { "port": 0 }, "servers": servers });
    server::gateway(&built("mcp-gateway"), &home, &config)
}

/// The yardstick in front of one echo server.
pub(super) fn least_proxy() -> anyhow::Result<Server> {
    let mut command = Command::new(built("least-proxy"));
    command.arg("--").arg(built("echo-server"));
    Server::start(command, "least-proxy", &folder())
}

/// Resident memory of a server in bytes, of its process alone.
pub(super) fn resident(server: &Server) -> anyhow::Result<u64> {
    let path = PathBuf::from(format!("/proc/{}/status", server.id()));
    let status = fs::read_to_string(&path).context("resident memory is read from /proc")?;
    resident_in(&status).context("no VmRSS")
}

fn resident_in(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::resident_in;

    #[test]
    fn memory_is_counted_in_bytes() {
        assert_eq!(
            resident_in("Name:\tx\nVmRSS:\t    9216 kB\nThreads: 3\n"),
            Some(9216 * 1024)
        );
        assert_eq!(resident_in("Name:\tx\n"), None);
    }
}
