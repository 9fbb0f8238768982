//! Servers at an address: whether anybody answers there, and what time it is there.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use reqwest::header::{ACCEPT, AGE, DATE};
use reqwest::{Client, StatusCode, Url};

use super::clock::Reading;
use super::finding::Finding;
use super::trouble::{Trouble, classify};
use crate::config::expand;
use crate::config::model::{ServerConfig, Transport};
use crate::upstream::http::address::public;
use crate::words::Words;

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(6);
/// Addresses that are asked at once.
const AT_ONCE: usize = 16;

/// What came of asking a server's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reached {
    /// Somebody answered with this status.
    Answered(u16),
    /// Nobody did.
    Not(Trouble),
    /// The address is not known before a secret or variable is put in.
    Unknown,
}

/// One server at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remote {
    pub(super) server: String,
    /// Its address as it may be shown.
    pub(super) address: String,
    pub(super) host: String,
    pub(super) reached: Reached,
}

/// Asks the address of every server that is switched on, once each, as the gateway would and
/// without any credential.
pub(super) async fn gather(servers: &[ServerConfig]) -> (Vec<Remote>, Vec<Reading>) {
    let remotes = servers.iter().filter(|server| server.enabled);
    let remotes: Vec<(&str, &str)> = remotes
        .filter_map(|server| match &server.transport {
            Transport::Remote { url, .. } => Some((server.name.as_str(), url.as_str())),
            Transport::Local { .. } => None,
        })
        .collect();
    let mut urls: Vec<String> = remotes
        .iter()
        .filter_map(|(_, url)| expand::literal(url))
        .collect();
    urls.sort();
    urls.dedup();
    let client = client();
    let asked = futures_util::stream::iter(urls)
        .map(|url| ask(client.as_ref(), url))
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
    let readings = asked
        .iter()
        .filter_map(|(_, _, reading)| reading.clone())
        .collect();
    let asked: HashMap<String, Reached> = asked
        .into_iter()
        .map(|(url, reached, _)| (url, reached))
        .collect();
    let remote = |(server, url): (&str, &str)| Remote {
        server: server.to_owned(),
        address: public(url),
        host: host_of(url),
        reached: expand::literal(url)
            .and_then(|url| asked.get(&url).cloned())
            .unwrap_or(Reached::Unknown),
    };
    (remotes.into_iter().map(remote).collect(), readings)
}

/// Like that of a connection to a server.
fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("mcp-gateway/", env!("CARGO_PKG_VERSION")))
        .build()
}

async fn ask(
    client: Result<&Client, &reqwest::Error>,
    url: String,
) -> (String, Reached, Option<Reading>) {
    let client = match client {
        Ok(client) => client,
        Err(error) => return (url, Reached::Not(trouble(error)), None),
    };
    let asked = client.get(&url).header(ACCEPT, "application/json");
    match asked.send().await {
        Ok(answer) => {
            let reading = reading(&url, &answer);
            (url, Reached::Answered(answer.status().as_u16()), reading)
        }
        Err(error) => (url, Reached::Not(trouble(&error.without_url())), None),
    }
}

fn trouble(error: &reqwest::Error) -> Trouble {
    let mut chain = vec![error.to_string()];
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        chain.push(inner.to_string());
        cause = inner;
    }
    classify(&chain, error.is_timeout())
}

/// What the answer says about the time; nothing where it was kept on the way, or comes from this
/// machine itself.
fn reading(url: &str, answer: &reqwest::Response) -> Option<Reading> {
    let url = Url::parse(url).ok()?;
    if is_here(url.host_str()?) || answer.headers().contains_key(AGE) {
        return None;
    }
    let date = answer.headers().get(DATE)?.to_str().ok()?;
    Some(Reading {
        host: url.host_str()?.to_owned(),
        there: httpdate::parse_http_date(date).ok()?,
        here: SystemTime::now(),
    })
}

fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn host_of(url: &str) -> String {
    let url = Url::parse(url).ok();
    let host = url.and_then(|url| {
        let host = url.host_str()?.to_owned();
        Some(match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host,
        })
    });
    host.unwrap_or_else(|| public(""))
}

/// Judges one server at an address.
pub(super) fn judge(remote: &Remote) -> Finding {
    let Remote {
        server,
        address,
        host,
        reached,
    } = remote;
    let id = format!("address:{server}");
    let finding = match reached {
        Reached::Unknown => Finding::skipped(
            id,
            Words::new(
                format!("The address of \"{server}\" was not tried: it has a reference in it"),
                format!("没有测试“{server}”的地址：其中含有引用"),
            ),
        ),
        Reached::Answered(status) if *status == StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            unreachable_at(id, server, host, &Trouble::ProxySignIn)
        }
        Reached::Answered(status @ 502..=504) => Finding::warning(
            id,
            Words::new(
                format!("{address} is not well: it answers {status}"),
                format!("{address} 状态异常：应答 {status}"),
            ),
        )
        .because(Words::new(
            format!("Something stands in front of \"{server}\" and cannot reach it"),
            format!("“{server}”前面的代理或网关无法到达它"),
        ))
        .remedy(Words::new(
            "try again later, or ask the server's operator",
            "请稍后重试，或询问该服务器的运营方",
        )),
        Reached::Answered(_) => Finding::ok(
            id,
            Words::new(format!("{address} answers"), format!("{address} 有应答")),
        ),
        Reached::Not(trouble) => unreachable_at(id, server, host, trouble),
    };
    finding.of(server)
}

fn unreachable_at(id: String, server: &str, host: &str, trouble: &Trouble) -> Finding {
    Finding::problem(
        id,
        Words::new(
            format!("The server \"{server}\" cannot be reached"),
            format!("无法访问服务器“{server}”"),
        ),
    )
    .because(trouble.cause(host))
    .remedy(trouble.remedy())
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    fn remote(reached: Reached) -> Remote {
        Remote {
            server: "far".to_owned(),
            address: "https://far.example/mcp".to_owned(),
            host: "far.example".to_owned(),
            reached,
        }
    }

    #[test]
    fn whoever_answers_is_reached() {
        let severity = |status| judge(&remote(Reached::Answered(status))).severity;
        for status in [200, 401, 404, 405, 406] {
            assert_eq!(severity(status), Severity::Ok, "{status}");
        }
        assert_eq!(severity(503), Severity::Warning);
        assert_eq!(severity(407), Severity::Problem);
    }

    #[test]
    fn trouble_is_a_problem_of_the_server() {
        let finding = judge(&remote(Reached::Not(Trouble::UnknownIssuer)));
        assert_eq!(finding.severity, Severity::Problem);
        assert_eq!(finding.subject.as_deref(), Some("far"));
        let remedy = finding.remedy.expect("a remedy");
        assert!(remedy.en.contains("SSL_CERT_FILE") && remedy.zh.contains("SSL_CERT_FILE"));
        assert_eq!(judge(&remote(Reached::Unknown)).severity, Severity::Skipped);
    }
}
