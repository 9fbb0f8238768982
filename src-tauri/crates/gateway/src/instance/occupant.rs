//! What the gateway that has a data folder says about itself, for whoever comes second.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Kind;
use crate::words::Words;

/// The gateway that has a data folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occupant {
    /// Its process.
    pub pid: u32,
    /// How it was started.
    #[serde(flatten)]
    pub kind: Kind,
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    /// When it was started, in seconds since 1970.
    pub started: u64,
    /// It has closed its sockets, and ends once its calls in flight are over.
    #[serde(default)]
    pub leaving: bool,
}

// === impl Occupant ===

impl Occupant {
    /// An address at which it, and nobody else, is reached from this machine.
    pub fn address(&self) -> Option<SocketAddr> {
        let address = self.addresses.first()?;
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        Some(SocketAddr::new(ip, address.port()))
    }

    /// Whether it is what listens at this address of the machine.
    pub fn has(&self, asked: SocketAddr) -> bool {
        self.addresses.iter().any(|address| {
            let all = match address.ip() {
                IpAddr::V4(ip) => ip.is_unspecified() && asked.is_ipv4(),
                // For both families, as sockets are made here.
                IpAddr::V6(ip) => ip.is_unspecified(),
            };
            address.port() == asked.port() && (all || address.ip() == asked.ip())
        })
    }

    /// Who it is, in the middle of a sentence.
    pub fn name(&self) -> Words {
        let (en, zh) = match self.kind {
            Kind::Desktop => ("the MCP Gateway app", "MCP Gateway 应用"),
            Kind::Headless => ("a gateway", "一个网关"),
            Kind::Service { .. } => ("a gateway that runs as a service", "一个作为服务运行的网关"),
        };
        let pid = self.pid;
        match self.address() {
            Some(address) => Words::new(
                format!("{en} (process {pid}, at http://{address})"),
                format!("{zh}（进程 {pid}，地址 http://{address}）"),
            ),
            None => Words::new(
                format!("{en} (process {pid})"),
                format!("{zh}（进程 {pid}）"),
            ),
        }
    }

    /// How its owner ends it, in the middle of a sentence.
    pub fn remedy(&self) -> Words {
        let pid = self.pid;
        match &self.kind {
            Kind::Desktop => Words::new("quit the app from its tray icon", "从托盘图标退出该应用"),
            Kind::Service { stop: Some(stop) } => Words::new(
                format!("stop it with: {stop}"),
                format!("用以下命令停止它：{stop}"),
            ),
            Kind::Service { stop: None } => Words::new("stop its service", "停止相应的服务"),
            Kind::Headless if cfg!(windows) => Words::new(
                format!("stop it with Ctrl-C in its terminal, or with: taskkill /pid {pid}"),
                format!("在它的终端中按 Ctrl-C 停止，或执行：taskkill /pid {pid}"),
            ),
            Kind::Headless => Words::new(
                format!("stop it with Ctrl-C in its terminal, or with: kill {pid}"),
                format!("在它的终端中按 Ctrl-C 停止，或执行：kill {pid}"),
            ),
        }
    }

    /// Why a second gateway does not start on the same folder, for a command line.
    pub(crate) fn refusal(occupant: Option<&Self>, folder: &Path) -> Words {
        let folder = folder.display();
        let Some(occupant) = occupant else {
            return Words::new(
                format!(
                    "another gateway is just starting or stopping on the data folder {folder}; try again in a moment, or give this one a folder of its own with --data-dir"
                ),
                format!(
                    "另一个网关正在数据目录 {folder} 上启动或停止；请稍后重试，或用 --data-dir 为当前网关另选目录"
                ),
            );
        };
        let (who, how) = (occupant.name(), occupant.remedy());
        Words::new(
            format!(
                "{} already runs on the data folder {folder}; use that one, or give this one a folder of its own with --data-dir, or {}",
                who.en, how.en
            ),
            format!(
                "{}已在使用数据目录 {folder}；可以直接使用它，或用 --data-dir 为当前网关另选目录，或{}",
                who.zh, how.zh
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occupant(kind: Kind, addresses: &[&str]) -> Occupant {
        Occupant {
            pid: 7,
            kind,
            addresses: addresses
                .iter()
                .filter_map(|address| address.parse().ok())
                .collect(),
            started: 1,
            leaving: false,
        }
    }

    #[test]
    fn a_second_start_is_told_who_where_and_what_to_do() {
        let stop = "systemctl --user stop mcp-gateway.service";
        let service = Kind::Service {
            stop: Some(stop.to_owned()),
        };
        let service = occupant(service, &["127.0.0.1:4298", "[::1]:4298"]);
        let words = Occupant::refusal(Some(&service), Path::new("/data"));
        for text in [&words.en, &words.zh] {
            for part in ["/data", "7", "http://127.0.0.1:4298", stop, "--data-dir"] {
                assert!(text.contains(part), "{part} in {text}");
            }
        }
    }

    #[test]
    fn a_gateway_for_all_addresses_is_reached_on_loopback() {
        let open = occupant(Kind::Headless, &["0.0.0.0:4298"]);
        assert_eq!(open.address(), "127.0.0.1:4298".parse().ok());
        let has = |address: &str| address.parse().is_ok_and(|address| open.has(address));
        assert!(has("192.168.0.2:4298") && has("127.0.0.1:4298"));
        assert!(!has("127.0.0.1:4299") && !has("[::1]:4298"));
        assert_eq!(occupant(Kind::Desktop, &[]).address(), None);
    }

    #[test]
    fn what_is_written_is_read_again() -> serde_json::Result<()> {
        for kind in [Kind::Desktop, Kind::Headless, Kind::Service { stop: None }] {
            let one = occupant(kind, &["127.0.0.1:1"]);
            let text = serde_json::to_string(&one)?;
            assert_eq!(serde_json::from_str::<Occupant>(&text)?, one);
        }
        Ok(())
    }
}
