//! The programs under test.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;

use serde::Serialize;

use super::{built, folder};
use crate::server::{self, Server};

/// In which era calls are made, from the client to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Era {
    Legacy,
    Modern,
}

/// An echo server for each era: its name, and the `protocol` in which it is spoken to.
pub(super) const BOTH: [(&str, &str); 2] = [("legacy", "legacy"), ("modern", "modern")];

impl Era {
    pub(super) const ALL: [Self; 2] = [Self::Legacy, Self::Modern];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
        }
    }

    /// The tool of its server among [`BOTH`].
    pub(super) fn tool(self) -> String {
        format!("{}_echo", self.as_str())
    }
}

/// The gateway in front of echo servers of these names and protocols.
pub(super) fn gateway(servers: &[(&str, &str)]) -> anyhow::Result<Server> {
    let home = folder().join(format!("home-{}", servers.len()));
    let servers: Vec<_> = servers
        .iter()
        .map(|(name, protocol)| {
            serde_json::json!({
                "name": name,
                "type": "local",
                "command": [built("echo-server")],
                "poolSize": 1,
                "protocol": protocol,
            })
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

/// Resident memory of a process in bytes, without its children.
pub(super) fn resident(process: u32) -> anyhow::Result<u64> {
    let path = PathBuf::from(format!("/proc/{process}/status"));
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
