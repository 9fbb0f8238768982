//! The running gateway, spoken to over HTTP. Never starts one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context as _;
use gateway::instance::{Occupant, running};
use gateway::words::Words;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response, StatusCode, Url};
use serde::Deserialize;
use wire::{SseDecoder, SseEvent};

use crate::args::CommandLine;
use crate::config;
use crate::context::Context;
use crate::language::{failure, said, t};
use crate::proof::own_address;

/// A gateway that has nothing to say sends a comment every 20 s.
const SILENCE: Duration = Duration::from_secs(60);
/// Far more than a log holds.
const LARGEST_EVENT: usize = 64 << 20;

/// Where a gateway is expected.
pub(crate) struct Running {
    base: String,
}

/// What it said, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

/// How a stream ended.
#[derive(Debug)]
pub(crate) enum Heard {
    /// As it should.
    End,
    /// The user wanted no more of it.
    Enough,
    /// It broke off.
    Lost,
    /// There was none.
    Refused(Answer),
}

/// No gateway is there to be asked.
#[derive(Debug)]
pub(crate) struct NothingListens(String);

/// The body of a refusal.
#[derive(Deserialize)]
struct Refusal {
    error: Complaint,
}

/// REST says it in a text; what refuses before the route is known says it as JSON-RPC does.
#[derive(Deserialize)]
#[serde(untagged)]
enum Complaint {
    Text(String),
    Rpc { message: String },
}

/// One request to it.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) token: Option<&'a str>,
    pub(crate) body: Option<Vec<u8>>,
    /// Until the whole answer is there; a call may take as long as the gateway lets it.
    pub(crate) deadline: Option<Duration>,
}

impl<'a> Ask<'a> {
    /// A request that is answered from memory.
    pub(crate) fn get(path: &'a str) -> Self {
        Self {
            method: Method::GET,
            path,
            token: None,
            body: None,
            deadline: Some(Duration::from_secs(30)),
        }
    }
}

impl Running {
    /// `--url`, else `MCP_GATEWAY_URL`, else the configured port on this machine.
    pub(crate) fn find(
        url: Option<&str>,
        line: &CommandLine,
        context: &Context,
    ) -> anyhow::Result<Self> {
        let named = url
            .map(str::to_owned)
            .or_else(|| (context.env)("MCP_GATEWAY_URL").filter(|url| !url.is_empty()));
        if let Some(url) = named.filter(|_| url.is_some() || line.common.port.is_none()) {
            return Self::at(&url);
        }
        let noted = || -> anyhow::Result<_> {
            let folder = context.data_dir(line.common.data_dir.as_deref())?;
            Ok(running(&folder).and_then(|gateway| gateway.address()))
        };
        let loaded = match config::require(line, context) {
            Ok(loaded) => loaded,
            // A gateway that runs goes on with what the file said before its mistakes.
            Err(error) if line.common.port.is_none() => {
                let address = noted()?.ok_or(error)?;
                return Self::at(&format!("http://{address}"));
            }
            Err(error) => return Err(error),
        };
        let listen = &loaded.config.gateway;
        if listen.port == 0 {
            if let Some(address) = noted()? {
                return Self::at(&format!("http://{address}"));
            }
            return Err(failure(&Words::new(
                "port 0 means any port, and no gateway runs on this data folder that would say which; start it, or name it with --url",
                "端口 0 表示任意端口，而该数据目录上没有正在运行的网关可供查询；请先启动网关，或用 --url 指定",
            )));
        }
        // The gateway listens on loopback even where the file asks for more.
        let host = if listen.host.is_loopback() {
            listen.host
        } else {
            Ipv4Addr::LOCALHOST.into()
        };
        Self::at(&format!("http://{}", SocketAddr::new(host, listen.port)))
    }

    fn at(url: &str) -> anyhow::Result<Self> {
        let sound = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !sound {
            return Err(failure(&Words::new(
                format!(
                    "\"{url}\" is not the address of a gateway; write it like http://localhost:4298"
                ),
                format!("“{url}”不是网关地址；请写成 http://localhost:4298 的形式"),
            )));
        }
        // The bridge is given …/mcp or …/sse; the same address works here.
        let base = url.trim_end_matches('/');
        let base = base
            .strip_suffix("/mcp")
            .or_else(|| base.strip_suffix("/sse"))
            .unwrap_or(base);
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
        })
    }

    /// Its address, without a path or a slash at the end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Whether its address is loopback, by name or number.
    pub(crate) fn is_on_this_machine(&self) -> bool {
        is_local(&self.base)
    }

    /// The same where this gateway, and surely it, is reached; `None` if it listens elsewhere.
    pub(crate) fn of(&self, gateway: &Occupant) -> Option<Self> {
        own_address(&self.base, gateway).map(|base| Self { base })
    }

    /// The MCP endpoint.
    pub(crate) fn endpoint(&self) -> String {
        format!("{}/mcp", self.base)
    }

    /// Asks and waits for the answer.
    pub(crate) fn ask(&self, ask: Ask<'_>) -> anyhow::Result<Answer> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(self.exchange(ask))
    }

    /// Asks and hears what comes, event by event, until the stream ends or the user wants no
    /// more (Ctrl-C). What is refused is the answer.
    pub(crate) fn listen(
        &self,
        ask: Ask<'_>,
        hear: &mut dyn FnMut(&SseEvent) -> anyhow::Result<()>,
    ) -> anyhow::Result<Heard> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            tokio::select! {
                heard = self.hear(ask, hear) => heard,
                asked = tokio::signal::ctrl_c() => Ok(asked.map(|()| Heard::Enough)?),
            }
        })
    }

    async fn hear(
        &self,
        ask: Ask<'_>,
        hear: &mut dyn FnMut(&SseEvent) -> anyhow::Result<()>,
    ) -> anyhow::Result<Heard> {
        let mut response = self.send(ask).await?;
        let status = response.status();
        if !status.is_success() {
            let body = response.bytes().await?.to_vec();
            return Ok(Heard::Refused(Answer { status, body }));
        }
        let mut events = SseDecoder::new(LARGEST_EVENT);
        loop {
            let Ok(piece) = tokio::time::timeout(SILENCE, response.chunk()).await else {
                return Ok(Heard::Lost);
            };
            match piece {
                Ok(Some(piece)) => events.push(&piece),
                Ok(None) => return Ok(Heard::End),
                Err(_) => return Ok(Heard::Lost),
            }
            while let Some(event) = events.next_event()? {
                hear(&event)?;
            }
        }
    }

    async fn exchange(&self, ask: Ask<'_>) -> anyhow::Result<Answer> {
        let response = self.send(ask).await?;
        let status = response.status();
        let body = response.bytes().await.context(self.base.clone())?.to_vec();
        Ok(Answer { status, body })
    }

    async fn send(&self, ask: Ask<'_>) -> anyhow::Result<Response> {
        let mut client = Client::builder().connect_timeout(Duration::from_secs(5));
        if self.is_on_this_machine() {
            // A proxy from the environment cannot reach this machine's loopback. And what may
            // carry a token is led nowhere else.
            client = client.no_proxy().redirect(Policy::none());
        }
        let url = format!("{}{}", self.base, ask.path);
        let mut request = client.build()?.request(ask.method, &url);
        if let Some(token) = ask.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = ask.body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        if let Some(deadline) = ask.deadline {
            request = request.timeout(deadline);
        }
        let response = request.send().await;
        response.map_err(|error| self.unreachable(&error))
    }

    fn unreachable(&self, error: &reqwest::Error) -> anyhow::Error {
        let base = &self.base;
        if error.is_connect() {
            let words = Words::new(
                format!("nothing listens at {base}; start it with: mcp-gateway serve"),
                format!("{base} 没有网关在监听；请先启动：mcp-gateway serve"),
            );
            return anyhow::Error::new(NothingListens(said(&words).to_owned()));
        }
        failure(&if error.is_timeout() {
            Words::new(
                format!("the gateway at {base} did not answer in time; see its log"),
                format!("{base} 的网关没有及时应答；请查看其日志"),
            )
        } else {
            Words::new(
                format!(
                    "the connection to {base} broke before the answer came; does the gateway still run?"
                ),
                format!("与 {base} 的连接在应答之前中断；网关是否仍在运行？"),
            )
        })
    }
}

impl std::fmt::Display for NothingListens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NothingListens {}

impl Answer {
    /// The body of a success, or an error with the gateway's own words.
    pub(crate) fn success(self) -> anyhow::Result<Vec<u8>> {
        if self.status.is_success() {
            return Ok(self.body);
        }
        let status = self.status;
        Err(match serde_json::from_slice::<Refusal>(&self.body) {
            Ok(Refusal {
                error: Complaint::Text(message) | Complaint::Rpc { message },
            }) => anyhow::Error::msg(message),
            Err(_) => failure(&Words::new(
                format!(
                    "the answer was HTTP {status}, which no gateway gives here; is another program on that port?"
                ),
                format!("应答为 HTTP {status}，网关不会这样回答；该端口上是否是别的程序？"),
            )),
        })
    }
}

/// The body of an answer as what it should be.
pub(crate) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> anyhow::Result<T> {
    serde_json::from_slice(body).context(t(
        "the answer is not what a gateway sends",
        "应答不是网关会发送的内容",
    ))
}

fn is_local(base: &str) -> bool {
    let Ok(url) = Url::parse(base) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_loopback_is_this_machine() {
        for base in [
            "http://localhost:4298",
            "http://127.0.0.1:4298",
            "http://127.8.8.8",
            "https://[::1]:1",
        ] {
            assert!(is_local(base), "{base}");
        }
        for base in [
            "http://gateway.example:4298",
            "http://192.168.0.2:4298",
            "http://0.0.0.0:4298",
            "http://localhost.example",
            "http://localhost@gateway.example",
            "http://127.0.0.1.example",
            "http://[::ffff:192.168.0.2]",
            "not a URL",
        ] {
            assert!(!is_local(base), "{base}");
        }
    }
}
