//! Why an address cannot be reached, told from what the libraries say about it. Pure.

use crate::words::Words;

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nobody knows the host's name.
    Name,
    /// The machine is there, and nothing listens.
    Refused,
    /// No answer in time.
    Silent,
    /// There is no way to the machine.
    Unreachable,
    /// Its certificate is signed by nobody who is trusted here.
    UnknownIssuer,
    /// Its certificate is not valid at this time.
    NotValidNow,
    /// Its certificate is for another name.
    WrongName,
    /// Another disagreement about TLS.
    Tls(String),
    /// The proxy wants to know who asks.
    ProxySignIn,
    /// The proxy lets nobody through to it.
    ProxyRefuses(String),
    /// Anything else.
    Other(String),
}

/// Tells the trouble from an error and its sources, the outermost first.
pub(super) fn classify(chain: &[String], timed_out: bool) -> Trouble {
    let all = chain.join("\n").to_ascii_lowercase();
    let has = |needles: &[&str]| needles.iter().any(|needle| all.contains(needle));
    let innermost = || chain.last().cloned().unwrap_or_default();
    if has(&["proxy authorization required", "proxy authentication"]) {
        Trouble::ProxySignIn
    } else if has(&["tunnel error", "unsuccessful tunnel"]) {
        Trouble::ProxyRefuses(innermost())
    } else if has(&[
        "unknownissuer",
        "causedasendentity",
        "badsignature",
        "unknown issuer",
        "self-signed",
        "self signed",
        "not trusted",
    ]) {
        Trouble::UnknownIssuer
    } else if has(&["notvalidforname", "not valid for name", "name mismatch"]) {
        Trouble::WrongName
    } else if has(&["expired", "not valid yet", "notvalidyet", "not yet valid"]) {
        Trouble::NotValidNow
    } else if has(&[
        "certificate",
        "tls",
        "handshake",
        "received corrupt message",
    ]) {
        Trouble::Tls(innermost())
    } else if has(&["dns error", "failed to lookup", "name or service not known"]) {
        Trouble::Name
    } else if has(&["connection refused", "actively refused"]) {
        Trouble::Refused
    } else if timed_out || has(&["timed out", "deadline"]) {
        Trouble::Silent
    } else if has(&["unreachable", "no route"]) {
        Trouble::Unreachable
    } else {
        Trouble::Other(innermost())
    }
}

impl Trouble {
    /// What is the matter with a host.
    pub(super) fn cause(&self, host: &str) -> Words {
        let (en, zh) = match self {
            Self::Name => (
                format!("the name {host} is not known (DNS)"),
                format!("无法解析主机名 {host}（DNS）"),
            ),
            Self::Refused => (
                format!("nothing listens at {host}"),
                format!("{host} 没有程序在监听"),
            ),
            Self::Silent => (
                format!("{host} does not answer in time"),
                format!("{host} 没有及时应答"),
            ),
            Self::Unreachable => (
                format!("there is no way to {host} from this network"),
                format!("当前网络无法到达 {host}"),
            ),
            Self::UnknownIssuer => (
                format!(
                    "the certificate of {host} is signed by an authority that is not trusted here; inspecting proxies of companies have one of their own"
                ),
                format!(
                    "{host} 的证书由本机不信任的机构签发；公司的流量检查代理往往使用自己的证书机构"
                ),
            ),
            Self::NotValidNow => (
                format!("the certificate of {host} is not valid at this time"),
                format!("{host} 的证书目前不在有效期内"),
            ),
            Self::WrongName => (
                format!("the certificate that came is not one of {host}"),
                format!("收到的证书不属于 {host}"),
            ),
            Self::Tls(said) => (
                format!("no TLS connection to {host}: {said}"),
                format!("无法与 {host} 建立 TLS 连接：{said}"),
            ),
            Self::ProxySignIn => (
                format!("the proxy wants a sign-in before it leads to {host}"),
                format!("代理要求先认证才能访问 {host}"),
            ),
            Self::ProxyRefuses(said) => (
                format!("the proxy does not lead to {host}: {said}"),
                format!("代理拒绝连接 {host}：{said}"),
            ),
            Self::Other(said) => (
                format!("{host} cannot be reached: {said}"),
                format!("无法访问 {host}：{said}"),
            ),
        };
        Words::new(en, zh)
    }

    /// What to do about it.
    pub(super) fn remedy(&self) -> Words {
        let (en, zh) = match self {
            Self::Name => (
                "check `url` for a slip of the pen, and that this machine is in the right network or VPN",
                "请检查 `url` 是否写错，以及本机是否接入了正确的网络或 VPN",
            ),
            Self::Refused => (
                "start the server there, or correct the port in `url`",
                "请启动该服务器，或更正 `url` 中的端口",
            ),
            Self::Silent | Self::Unreachable => (
                "check the network, the VPN and firewalls; where only a proxy leads out, set HTTPS_PROXY and start the gateway again",
                "请检查网络、VPN 和防火墙；如果只能通过代理访问外网，请设置 HTTPS_PROXY 后重新启动网关",
            ),
            Self::UnknownIssuer => (
                "add the authority's certificate to the system's, or name a PEM file that has it with `SSL_CERT_FILE` (for node servers `NODE_EXTRA_CA_CERTS`); then start the gateway again",
                "请把该机构的证书加入系统证书，或用 `SSL_CERT_FILE`（node 服务器用 `NODE_EXTRA_CA_CERTS`）指定包含它的 PEM 文件；然后重新启动网关",
            ),
            Self::NotValidNow => (
                "check the clock of this machine; if it is right, the server's operator has to renew the certificate",
                "请检查本机时钟；如果时间正确，需由该服务器的运营方更新证书",
            ),
            Self::WrongName => (
                "write the host in `url` as the certificate has it; or somebody on the way, such as the login page of a wireless network, answers in its place",
                "请把 `url` 中的主机写成证书中的名称；也可能是途中有人代答，例如无线网络的登录页面",
            ),
            Self::Tls(_) => (
                "check that the port in `url` speaks https, and ask the server's operator",
                "请检查 `url` 中的端口是否使用 https，或询问该服务器的运营方",
            ),
            Self::ProxySignIn => (
                "write user and password into the proxy variable (`http://USER:PASSWORD@proxy:3128`), and start the gateway again",
                "请在代理变量中写明用户名和密码（`http://用户:密码@proxy:3128`），然后重新启动网关",
            ),
            Self::ProxyRefuses(_) => (
                "ask whoever runs the proxy to let it through, or except the host with NO_PROXY and start the gateway again",
                "请联系代理的管理员放行，或用 NO_PROXY 排除该主机后重新启动网关",
            ),
            Self::Other(_) => (
                "open the address with `curl -v` on this machine to see more",
                "请在本机用 `curl -v` 打开该地址查看详情",
            ),
        };
        Words::new(en, zh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(chain: &[&str]) -> Trouble {
        let chain: Vec<String> = chain.iter().map(|text| (*text).to_owned()).collect();
        classify(&chain, false)
    }

    #[test]
    fn what_the_libraries_say_is_understood() {
        let send = "error sending request";
        let connect = "client error (Connect)";
        assert_eq!(
            told(&[
                send,
                connect,
                "dns error",
                "failed to lookup address information: Name or service not known"
            ]),
            Trouble::Name
        );
        assert_eq!(
            told(&[
                send,
                connect,
                "tcp connect error",
                "Connection refused (os error 111)"
            ]),
            Trouble::Refused
        );
        assert_eq!(
            told(&[send, connect, "invalid peer certificate: UnknownIssuer"]),
            Trouble::UnknownIssuer
        );
        assert_eq!(
            told(&[
                send,
                connect,
                "invalid peer certificate: certificate expired: verification time 5 (UNIX), but certificate is not valid after 4"
            ]),
            Trouble::NotValidNow
        );
        assert_eq!(
            told(&[
                send,
                connect,
                "invalid peer certificate: certificate not valid for name \"localhost\"; certificate is only valid for DnsName(\"a\")"
            ]),
            Trouble::WrongName
        );
        let own = "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))";
        assert_eq!(told(&[send, connect, own]), Trouble::UnknownIssuer);
        assert_eq!(
            told(&[send, connect, "tunnel error: proxy authorization required"]),
            Trouble::ProxySignIn
        );
        assert_eq!(
            told(&[send, connect, "tunnel error: unsuccessful"]),
            Trouble::ProxyRefuses("tunnel error: unsuccessful".to_owned())
        );
        assert!(matches!(
            told(&[
                send,
                connect,
                "received corrupt message of type InvalidContentType"
            ]),
            Trouble::Tls(_)
        ));
        assert_eq!(classify(&[send.to_owned()], true), Trouble::Silent);
        assert_eq!(told(&[send, "odd"]), Trouble::Other("odd".to_owned()));
    }
}
