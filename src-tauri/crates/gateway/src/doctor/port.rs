//! The gateway's port: whether it can be had, and who has it.

use std::io::ErrorKind;
use std::net::IpAddr;

use super::finding::Finding;
use super::fix::Fix;
use crate::config::model::Listen;
use crate::instance::{PortHolder, holder_of};
use crate::serve::listener;
use crate::words::Words;

/// Ports that are tried in place of one that is taken.
const TRIED: u16 = 50;

/// What became of the port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Port {
    /// This gateway listens on it.
    Own(u16),
    /// The system chooses one at the start.
    Any,
    /// Nobody has it.
    Free(u16),
    /// Somebody has it; `other` is one that nobody has.
    Taken {
        port: u16,
        holder: Option<PortHolder>,
        other: Option<u16>,
    },
    /// It cannot be listened on for another reason.
    Refused {
        host: IpAddr,
        port: u16,
        kind: ErrorKind,
        error: String,
        other: Option<u16>,
    },
}

/// Tries the port of a gateway that does not run; `may_change` says whether the file decides
/// about it.
pub(super) async fn gather(listen: &Listen, may_change: bool) -> Port {
    let Listen { host, port, .. } = *listen;
    if port == 0 {
        return Port::Any;
    }
    let error = match listener::bind(host, port).await {
        Ok(_) => return Port::Free(port),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::AddrInUse => Port::Taken {
            port,
            holder: holder_of(port).await,
            other: other(host, port, may_change).await,
        },
        kind => Port::Refused {
            host,
            port,
            kind,
            error: error.to_string(),
            other: match kind {
                ErrorKind::PermissionDenied => other(host, port.max(4298), may_change).await,
                _ => None,
            },
        },
    }
}

async fn other(host: IpAddr, taken: u16, may_change: bool) -> Option<u16> {
    if !may_change {
        return None;
    }
    for port in (taken..=taken.saturating_add(TRIED)).skip(1) {
        if listener::bind(host, port).await.is_ok() {
            return Some(port);
        }
    }
    None
}

/// Judges the port.
pub(super) fn judge(port: &Port) -> Finding {
    match port {
        Port::Own(port) => Finding::ok(
            "port",
            Words::new(
                format!("The gateway listens on port {port}"),
                format!("网关正在监听端口 {port}"),
            ),
        ),
        Port::Any => Finding::ok(
            "port",
            Words::new(
                "The system chooses a free port when the gateway starts",
                "网关启动时由系统选择空闲端口",
            ),
        ),
        Port::Free(port) => Finding::ok(
            "port",
            Words::new(
                format!("Port {port} is free for the gateway"),
                format!("端口 {port} 空闲，可供网关使用"),
            ),
        ),
        Port::Taken {
            port,
            holder,
            other,
        } => taken(*port, holder.as_ref(), *other),
        Port::Refused {
            host,
            port,
            kind,
            error,
            other,
        } => {
            let (en, zh) = match kind {
                ErrorKind::PermissionDenied => (
                    "ports below 1024 are for administrators; choose a higher one",
                    "1024 以下的端口只有管理员可用；请换一个更大的端口",
                ),
                ErrorKind::AddrNotAvailable => (
                    "it is no address of this machine; correct `gateway.host`",
                    "它不是本机的地址；请更正 `gateway.host`",
                ),
                _ => (
                    "choose another address with `gateway.host` and `gateway.port`",
                    "请用 `gateway.host` 和 `gateway.port` 换一个地址",
                ),
            };
            Finding::problem(
                "port",
                Words::new(
                    format!("The gateway cannot listen on {host}:{port}"),
                    format!("网关无法监听 {host}:{port}"),
                ),
            )
            .because(Words::new(error.clone(), error.clone()))
            .remedy(Words::new(en, zh))
            .cured_by(other.map(Fix::SetPort))
        }
    }
}

fn taken(port: u16, holder: Option<&PortHolder>, other: Option<u16>) -> Finding {
    let who = PortHolder::name_of(holder);
    let finding = Finding::problem(
        "port",
        Words::new(
            format!("The gateway's port {port} is taken"),
            format!("网关的端口 {port} 已被占用"),
        ),
    )
    .because(Words::new(
        format!("{} listens on it", who.en),
        format!("{}正在监听该端口", who.zh),
    ));
    if holder.is_some_and(|holder| holder.is_gateway) {
        // To move away from a gateway that clients know would leave them with the wrong one.
        return finding.remedy(Words::new(
            "a gateway runs there already: use that one, naming its data folder with --data-dir, or stop it",
            "那里已有网关在运行：可以直接使用它（用 --data-dir 指定它的数据目录），或先停止它",
        ));
    }
    finding
        .remedy(Words::new(
            "stop that program, or choose another port with `gateway.port`; clients then need the new address",
            "请停止该程序，或用 `gateway.port` 换一个端口；之后客户端需要使用新地址",
        ))
        .cured_by(other.map(Fix::SetPort))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::super::finding::Severity;
    use super::*;
    use crate::instance::Process;

    fn held(is_gateway: bool) -> Port {
        Port::Taken {
            port: 4298,
            holder: Some(PortHolder {
                process: Some(Process {
                    pid: 7,
                    name: "node".to_owned(),
                }),
                is_gateway,
            }),
            other: Some(4299),
        }
    }

    #[test]
    fn whoever_has_the_port_is_named_and_another_one_offered() {
        let finding = judge(&held(false));
        assert_eq!(finding.severity, Severity::Problem);
        let cause = finding.cause.as_ref().expect("a cause");
        assert!(cause.en.contains("node (process 7)"));
        assert_eq!(finding.cure, Some(Fix::SetPort(4299)));
        assert_eq!(judge(&held(true)).cure, None, "a gateway is not fled from");
    }

    #[tokio::test]
    async fn a_port_is_found_taken_and_the_next_free_one_with_it() {
        let taken = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let port = taken.local_addr().expect("bound").port();
        let other = other(Ipv4Addr::LOCALHOST.into(), port, true).await;
        assert!(other.is_some_and(|other| other > port));
        assert_eq!(
            super::other(Ipv4Addr::LOCALHOST.into(), port, false).await,
            None
        );
    }
}
