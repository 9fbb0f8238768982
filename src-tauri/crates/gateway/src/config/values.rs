//! Single values that mean the same in the file, in a variable and on the command line.
//!
//! Each function takes the text and gives the value or says what is wrong with it.

use std::net::{IpAddr, Ipv4Addr};

use reqwest::Url;

use super::network::Network;
use crate::journal::is_filter;
use crate::words::Words;

/// `127.0.0.1`, `::1`, `[::]`, or `localhost`.
pub(super) fn host(text: &str) -> Result<IpAddr, Words> {
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    bare.parse().map_err(|_| {
        Words::new(
            format!(
                "\"{text}\" is not an address to listen on; write an IP address such as 127.0.0.1"
            ),
            format!("“{text}”不是可监听的地址；请写 IP 地址，例如 127.0.0.1"),
        )
    })
}

/// An address or a range of addresses of reverse proxies.
pub(super) fn network(text: &str) -> Result<Network, Words> {
    let network: Network = text.parse().map_err(|_| {
        Words::new(
            format!(
                "\"{text}\" is no IP address and no network; write one such as 10.0.0.5 or 10.0.0.0/8"
            ),
            format!("“{text}”既不是 IP 地址也不是网段；请写成 10.0.0.5 或 10.0.0.0/8 这样的形式"),
        )
    })?;
    if network.is_everything() {
        return Err(Words::new(
            "this would believe everybody; name the proxies' own addresses",
            "这会采信所有人；请只写代理自身的地址",
        ));
    }
    Ok(network)
}

/// A port written as text; 0 lets the system choose.
pub(super) fn port(text: &str) -> Result<u16, Words> {
    text.trim().parse().map_err(|_| {
        Words::new(
            format!("\"{text}\" is not a port; write a whole number from 0 to 65535"),
            format!("“{text}”不是端口；请写 0 到 65535 之间的整数"),
        )
    })
}

/// An absolute http or https URL, as it was written.
pub(super) fn url(text: &str) -> Result<String, Words> {
    parse_url(text).map(|_| text.to_owned())
}

/// The URL of a document that describes a client, which is that client's id as well: https, with
/// a path and nothing that servers would compare differently.
pub(super) fn document_url(text: &str) -> Result<String, Words> {
    let url = parse_url(text)?;
    let is_plain = url.fragment().is_none() && url.username().is_empty();
    if url.scheme() == "https" && url.path() != "/" && is_plain && url.password().is_none() {
        return Ok(text.to_owned());
    }
    Err(Words::new(
        "write the https address of the document, with its path, such as https://example.com/client.json",
        "请填写该文档的 https 地址，并包含路径，例如 https://example.com/client.json",
    ))
}

/// A server's URL, of which a part or all may be kept elsewhere (`${secret:NAME}`, `${env:NAME}`);
/// what begins with such a reference is looked at once its value is known.
pub(super) fn server_url(text: &str) -> Result<String, Words> {
    if text.starts_with("${env:") || text.starts_with("${secret:") {
        return Ok(text.to_owned());
    }
    url(text)
}

/// A URL that paths are appended to: no query, no fragment; trailing slashes are dropped.
pub(super) fn base_url(text: &str) -> Result<String, Words> {
    let url = parse_url(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Words::new(
            "this address must not carry a ? or # part; write it alone",
            "此地址不能带 ? 或 # 部分；请只写地址",
        ));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// The deep link that the desktop app is opened with after a sign-in.
const DEEP_LINK: &str = "mcp-gateway://oauth/callback";

/// Where a browser comes back to after a sign-in, exactly as it is registered.
pub(super) fn redirect_uri(text: &str) -> Result<String, Words> {
    let sound = |url: Url| url.fragment().is_none();
    if text == DEEP_LINK || parse_url(text).is_ok_and(sound) {
        return Ok(text.to_owned());
    }
    Err(Words::new(
        format!(
            "write {DEEP_LINK} or the web address that is registered, such as http://localhost:4298/oauth/callback, to the letter"
        ),
        format!(
            "请写 {DEEP_LINK}，或逐字写出已登记的网址，例如 http://localhost:4298/oauth/callback"
        ),
    ))
}

/// Whether a URL accepted by [`base_url`] names this machine's loopback.
pub(crate) fn is_loopback_url(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A browser origin: scheme, host and port, lower case. One trailing slash is forgiven.
pub(super) fn origin(text: &str) -> Result<String, Words> {
    let trimmed = text.strip_suffix('/').unwrap_or(text).to_ascii_lowercase();
    let (scheme, rest) = trimmed.split_once("://").unwrap_or_default();
    if scheme.is_empty()
        || rest.is_empty()
        || rest.contains(|c: char| "/?#@*".contains(c) || c.is_whitespace())
    {
        return Err(Words::new(
            format!(
                "\"{text}\" is not an origin; write scheme and host alone, such as https://app.example.com"
            ),
            format!("“{text}”不是来源(origin)；请只写协议和主机，例如 https://app.example.com"),
        ));
    }
    Ok(trimmed)
}

/// A host name as it stands in a `Host` header, with or without a port, lower case.
pub(super) fn host_name(text: &str) -> Result<String, Words> {
    if text.is_empty()
        || text.contains("//")
        || text.contains(|c: char| "/?#@*".contains(c) || c.is_whitespace())
    {
        return Err(Words::new(
            format!(
                "\"{text}\" is not a host name; write it alone, such as gateway.example.com or gateway.example.com:8443"
            ),
            format!(
                "“{text}”不是主机名；请只写主机名，例如 gateway.example.com 或 gateway.example.com:8443"
            ),
        ));
    }
    Ok(text.to_ascii_lowercase())
}

/// A log level, or a filter directive (anything with `=` or `,`), which passes as it is.
pub(super) fn log_level(text: &str) -> Result<String, Words> {
    let text = text.trim();
    if text.contains(['=', ',']) && is_filter(text) {
        return Ok(text.to_owned());
    }
    let level = match text.to_ascii_lowercase().as_str() {
        "off" | "none" | "silent" => "off",
        "error" | "fatal" => "error",
        "warn" | "warning" => "warn",
        "info" => "info",
        "debug" | "verbose" => "debug",
        "trace" => "trace",
        _ => {
            return Err(Words::new(
                format!(
                    "\"{text}\" is not a log level; write off, error, warn, info, debug or trace, or a filter such as info,gateway=debug"
                ),
                format!(
                    "“{text}”不是日志级别；请写 off、error、warn、info、debug 或 trace，或 info,gateway=debug 这样的过滤表达式"
                ),
            ));
        }
    };
    Ok(level.to_owned())
}

fn parse_url(text: &str) -> Result<Url, Words> {
    // The text is not repeated: the query of an address may be a key.
    let problem = || {
        Words::new(
            "this is not a web address; write it in full, such as https://example.com/mcp",
            "这不是网址；请写完整地址，例如 https://example.com/mcp",
        )
    };
    let url = Url::parse(text).map_err(|_| problem())?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(url)
    } else {
        Err(problem())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_addresses() {
        assert_eq!(host("localhost"), Ok(IpAddr::from([127, 0, 0, 1])));
        assert_eq!(host("[::1]"), host("::1"));
        assert!(host("gateway.example.com").is_err());
        assert!(host("").is_err());
    }

    #[test]
    fn addresses_of_others() {
        assert_eq!(
            base_url("https://gw.example.com/"),
            Ok("https://gw.example.com".to_owned())
        );
        assert!(base_url("https://gw.example.com/?a=1").is_err());
        assert!(url("ftp://example.com").is_err());
        assert!(url("${env:HOST}/mcp").is_err());
        assert!(server_url("${env:HOST}/mcp").is_ok());
        assert!(server_url("https://example.com/mcp?key=${secret:KEY}").is_ok());
        assert!(server_url("example.com/${env:X}").is_err());
        assert!(url("example.com/mcp").is_err());
        assert_eq!(
            url("http://[::1]:9/mcp?k=v"),
            Ok("http://[::1]:9/mcp?k=v".to_owned())
        );
        assert!(is_loopback_url("http://[::1]:9"));
        assert!(is_loopback_url("http://LOCALHOST:3000"));
        assert!(!is_loopback_url("http://10.0.0.1:3000"));
    }

    #[test]
    fn origins_and_hosts_are_lower_case_and_bare() {
        assert_eq!(
            origin("https://App.Example.com/"),
            Ok("https://app.example.com".to_owned())
        );
        assert!(origin("*").is_err());
        assert!(origin("https://a/b").is_err());
        assert_eq!(host_name("GW:80"), Ok("gw:80".to_owned()));
        assert!(host_name("http://gw").is_err());
    }

    #[test]
    fn levels_of_other_loggers_are_understood() {
        assert_eq!(log_level("WARNING"), Ok("warn".to_owned()));
        assert_eq!(
            log_level("info,gateway=debug"),
            Ok("info,gateway=debug".to_owned())
        );
        assert!(log_level("loud").is_err());
        assert!(log_level("info,gateway=loud").is_err());
    }
}
