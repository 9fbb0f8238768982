//! Fetches a description.
//!
//! The name is looked up here and the connection goes to the addresses that were
//! judged, so that no second lookup can lead elsewhere. Nothing is followed, a proxy is
//! not asked, and what is read is small and quick or not read at all.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use url::{Host, Url};

use super::NoDescription;
use super::guard::is_public;
use crate::resource::is_loopback;
use crate::words::Words;

const DEADLINE: Duration = Duration::from_secs(5);
const LARGEST: usize = 64 * 1024;

/// Reads what is at a URL that may name a description. On loopback only if `loopback`,
/// and then only if the URL says so itself.
pub(super) async fn fetch(url: Url, loopback: bool) -> Result<Vec<u8>, NoDescription> {
    tokio::time::timeout(DEADLINE, attempt(url, loopback))
        .await
        .unwrap_or_else(|_| {
            Err(NoDescription::Unreachable(
                "no answer within 5 seconds".to_owned(),
            ))
        })
}

async fn attempt(url: Url, loopback: bool) -> Result<Vec<u8>, NoDescription> {
    let own = loopback && is_loopback(&url);
    let allowed = |address: IpAddr| is_public(address) || (own && address.is_loopback());
    let port = url.port_or_known_default().unwrap_or(443);
    let addresses: Vec<SocketAddr> = match url.host() {
        Some(Host::Ipv4(address)) => vec![(address, port).into()],
        Some(Host::Ipv6(address)) => vec![(address, port).into()],
        Some(Host::Domain(name)) => tokio::net::lookup_host((name, port))
            .await
            .map_err(|error| NoDescription::Unreachable(error.to_string()))?
            .collect(),
        None => Vec::new(),
    };
    // One bad address among good ones is an attempt to get in by luck.
    if addresses.is_empty() || !addresses.iter().all(|address| allowed(address.ip())) {
        return Err(NoDescription::Refused(Words::new(
            "The program's description is on a private network, where the gateway does not look.",
            "该程序的说明文档位于私有网络中，网关不会访问私有网络。",
        )));
    }
    let unreachable = |error: reqwest::Error| NoDescription::Unreachable(told(&error));
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .https_only(true)
        .timeout(DEADLINE)
        .user_agent(concat!("mcp-gateway/", env!("CARGO_PKG_VERSION")))
        .resolve_to_addrs(url.host_str().unwrap_or_default(), &addresses)
        .build()
        .map_err(unreachable)?;
    let mut response = client
        .get(url)
        .header("accept", "application/json")
        .send()
        .await
        .map_err(unreachable)?;
    if response.status() != 200 {
        return Err(NoDescription::Refused(Words::new(
            format!(
                "The program's description is not there: the server answered {}.",
                response.status()
            ),
            format!("该程序的说明文档不存在：服务器返回 {}。", response.status()),
        )));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if bytes.len() + chunk.len() > LARGEST {
            return Err(NoDescription::Refused(Words::new(
                "The program's description is larger than 64 KiB.",
                "该程序的说明文档超过 64 KiB。",
            )));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The innermost cause, which is the one that tells something.
fn told(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_private_is_asked() {
        for url in [
            "https://127.0.0.1:1/c",
            "https://[::1]:1/c",
            "https://localhost:1/c",
            "https://10.0.0.1/c",
            "https://169.254.169.254/latest",
        ] {
            let answer = fetch(Url::parse(url).expect("a URL"), false).await;
            assert!(
                matches!(answer, Err(NoDescription::Refused(_))),
                "{url}: {answer:?}"
            );
        }
        let own = fetch(Url::parse("https://127.0.0.1:1/c").expect("a URL"), true).await;
        assert!(matches!(own, Err(NoDescription::Unreachable(_))), "{own:?}");
        let network = fetch(Url::parse("https://10.0.0.1/c").expect("a URL"), true).await;
        assert!(
            matches!(network, Err(NoDescription::Refused(_))),
            "{network:?}"
        );
    }
}
