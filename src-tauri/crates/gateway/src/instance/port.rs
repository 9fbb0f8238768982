//! Who listens on a port of this machine.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use listeners::{Protocol, SocketState};
use reqwest::Client;
use reqwest::redirect::Policy;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::words::Words;

/// Looking through all processes, on a machine with many of them.
const SEARCH: Duration = Duration::from_secs(2);
/// For a connection on this machine, and for an answer from memory.
const PROBE: Duration = Duration::from_secs(1);
/// No gateway says more about its health.
const LARGEST_HEALTH: usize = 1 << 20;

/// Somebody who listens on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortHolder {
    /// Its process; `None` where the system does not tell, as of another user's.
    pub process: Option<Process>,
    /// Whether it answers as a gateway does.
    pub is_gateway: bool,
}

/// A process as a person may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// The name of its program.
    pub name: String,
}

/// As much of the answer of `GET /health` as tells a gateway from others.
#[derive(Deserialize)]
#[expect(dead_code, reason = "they only have to be there")]
struct Health {
    status: String,
    ready: bool,
    version: String,
    sessions: u64,
    pool: serde_json::Map<String, serde_json::Value>,
}

// === impl PortHolder ===

impl PortHolder {
    /// Who has a port, in the middle of a sentence, also where that is not known.
    pub fn name_of(holder: Option<&Self>) -> Words {
        holder.map_or_else(
            || Words::new("another program", "其他程序"),
            PortHolder::name,
        )
    }

    /// Who it is, in the middle of a sentence.
    pub fn name(&self) -> Words {
        let Some(Process { pid, name }) = &self.process else {
            return if self.is_gateway {
                Words::new("another user's MCP Gateway", "其他用户的 MCP Gateway 进程")
            } else {
                Words::new("another user's process", "其他用户的进程")
            };
        };
        if *pid == std::process::id() {
            return Words::new("this gateway itself", "本网关自身");
        }
        if self.is_gateway {
            return Words::new(
                format!("another MCP Gateway ({name}, process {pid})"),
                format!("另一个 MCP Gateway（{name}，进程 {pid}）"),
            );
        }
        Words::new(
            format!("{name} (process {pid})"),
            format!("进程 {pid}（{name}）"),
        )
    }
}

/// Who has a port on which nobody could listen, where that is why.
pub(crate) async fn holder_after(error: &std::io::Error, port: u16) -> Option<PortHolder> {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => holder_of(port).await,
        _ => None,
    }
}

/// Finds out who listens on a port; `None` if nobody does. It takes a few seconds at most.
pub async fn holder_of(port: u16) -> Option<PortHolder> {
    let search = tokio::task::spawn_blocking(move || process_on(port));
    let process = match timeout(SEARCH, search).await {
        Ok(Ok(process)) => process,
        Ok(Err(error)) => {
            tracing::debug!(%error, "the search for who listens on {port} broke off");
            None
        }
        Err(_) => None,
    };
    let reached = reached(port).await;
    if process.is_none() && reached.is_none() {
        return None;
    }
    let is_gateway = match reached {
        Some(address) => is_gateway(address).await,
        None => false,
    };
    Some(PortHolder {
        process,
        is_gateway,
    })
}

fn process_on(port: u16) -> Option<Process> {
    let all = listeners::get_all()
        .inspect_err(
            |error| tracing::debug!(%error, "the system does not tell who listens on its ports"),
        )
        .ok()?;
    all.into_iter()
        .find(|listener| {
            listener.protocol == Protocol::TCP
                && listener.state == SocketState::Listen
                && listener.socket.port() == port
        })
        .map(|listener| Process {
            pid: listener.process.pid,
            name: listener.process.name,
        })
}

async fn reached(port: u16) -> Option<SocketAddr> {
    let loopback = [
        SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
    ];
    for address in loopback {
        if let Ok(Ok(_)) = timeout(PROBE, TcpStream::connect(address)).await {
            return Some(address);
        }
    }
    None
}

/// Asks without showing anything, and believes nothing but the shape of the answer.
async fn is_gateway(address: SocketAddr) -> bool {
    let Ok(client) = Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .timeout(PROBE)
        .build()
    else {
        return false;
    };
    let Ok(mut answer) = client.get(format!("http://{address}/health")).send().await else {
        return false;
    };
    let mut body = Vec::new();
    while let Ok(Some(piece)) = answer.chunk().await {
        body.extend_from_slice(&piece);
        if body.len() > LARGEST_HEALTH {
            return false;
        }
    }
    serde_json::from_slice::<Health>(&body).is_ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn holder(pid: Option<u32>, is_gateway: bool) -> Words {
        let process = pid.map(|pid| Process {
            pid,
            name: "node".to_owned(),
        });
        PortHolder {
            process,
            is_gateway,
        }
        .name()
    }

    #[test]
    fn a_holder_has_a_name_in_both_languages() {
        assert_eq!(holder(Some(1), false).en, "node (process 1)");
        assert_eq!(holder(Some(1), false).zh, "进程 1（node）");
        assert!(holder(Some(1), true).en.contains("another MCP Gateway"));
        assert!(holder(None, false).zh.contains("其他用户"));
        let own = holder(Some(std::process::id()), true);
        assert_eq!(own.en, "this gateway itself");
    }

    #[tokio::test]
    async fn who_listens_is_found_and_nobody_is_not() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let hang_up = tokio::spawn(async move {
            loop {
                drop(listener.accept().await);
            }
        });
        let holder = holder_of(port).await.unwrap();
        assert_eq!(holder.process.unwrap().pid, std::process::id());
        assert!(!holder.is_gateway);
        hang_up.abort();
        assert!(hang_up.await.unwrap_err().is_cancelled());
        assert_eq!(holder_of(port).await, None);
    }
}
