//! Proxy variables: whether they can be read, and whether they leave this machine alone.

use reqwest::Url;

use super::finding::Finding;
use crate::words::Words;

/// Everything that programs take for a proxy's address.
const PROXIES: [&str; 6] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
];
const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];
/// Names of this machine that clients use to reach the gateway.
const HERE: [&str; 2] = ["localhost", "127.0.0.1"];

/// Judges the proxy variables of an environment.
pub(super) fn judge(var: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let given = |name: &&str| var(name).filter(|value| !value.trim().is_empty());
    let set: Vec<(&str, String)> = PROXIES
        .iter()
        .filter_map(|name| Some((*name, given(name)?)))
        .collect();
    if set.is_empty() {
        return vec![Finding::ok(
            "proxy",
            Words::new("No proxy is set", "没有设置代理"),
        )];
    }
    let mut findings: Vec<Finding> = set
        .iter()
        .filter(|(_, value)| address(value).is_none())
        .map(|(name, _)| malformed(name))
        .collect();
    let exceptions: Vec<String> = EXCEPTIONS.iter().filter_map(given).collect();
    let missing = not_excepted(&exceptions);
    // What is no proxy is asked for nothing.
    if findings.len() < set.len() && !missing.is_empty() {
        findings.push(not_left_alone(&set, &missing));
    }
    if findings.is_empty() {
        let shown = shown(&set);
        findings.push(Finding::ok(
            "proxy",
            Words::new(
                format!("The proxy variables can be read: {shown}"),
                format!("代理变量可以使用：{shown}"),
            ),
        ));
    }
    findings
}

/// A proxy's address without the password that it may hold; `None` where it is none.
fn address(value: &str) -> Option<String> {
    let value = value.trim();
    let url = if value.contains("://") {
        Url::parse(value).ok()?
    } else {
        Url::parse(&format!("http://{value}")).ok()?
    };
    let known = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
    let host = url.host_str().filter(|host| !host.is_empty())?;
    known.contains(&url.scheme()).then(|| match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    })
}

fn shown(set: &[(&str, String)]) -> String {
    let one = |(name, value): &(&str, String)| {
        let address = address(value)?;
        Some(format!("{name}={address}"))
    };
    set.iter().filter_map(one).collect::<Vec<_>>().join(", ")
}

fn malformed(name: &str) -> Finding {
    // Its value may hold a password and is not repeated.
    Finding::problem(
        format!("proxy:{name}"),
        Words::new(
            format!("The variable {name} is not the address of a proxy"),
            format!("变量 {name} 不是代理地址"),
        ),
    )
    .because(Words::new(
        "Servers at an address elsewhere, and package runners such as npx and uvx, cannot reach the network with it",
        "使用它时，远程服务器以及 npx、uvx 等包运行器都无法访问网络",
    ))
    .remedy(Words::new(
        format!("write it like `{name}=http://proxy.example:3128`, or unset it; then start the gateway again"),
        format!("请写成 `{name}=http://proxy.example:3128` 的形式，或取消该变量；然后重新启动网关"),
    ))
}

/// Which names of this machine a proxy would be asked for.
fn not_excepted(exceptions: &[String]) -> Vec<&'static str> {
    let entries: Vec<&str> = exceptions
        .iter()
        .flat_map(|list| list.split(','))
        .map(|entry| entry.trim().trim_start_matches('.'))
        .collect();
    if entries.contains(&"*") {
        return Vec::new();
    }
    let is_covered = |name: &str| {
        entries.iter().any(|entry| {
            entry.eq_ignore_ascii_case(name) || (name == "127.0.0.1" && *entry == "127.0.0.0/8")
        })
    };
    HERE.into_iter().filter(|name| !is_covered(name)).collect()
}

fn not_left_alone(set: &[(&str, String)], missing: &[&str]) -> Finding {
    let (proxies, names) = (shown(set), missing.join(", "));
    Finding::warning(
        "proxy:exceptions",
        Words::new(
            "A proxy is set, and this machine is not excepted from it",
            "设置了代理，但没有把本机排除在外",
        ),
    )
    .because(Words::new(
        format!("NO_PROXY does not name {names}, so clients may ask the proxy for the gateway ({proxies})"),
        format!("NO_PROXY 中没有 {names}，客户端可能会通过代理访问网关（{proxies}）"),
    ))
    .remedy(Words::new(
        "set `NO_PROXY=localhost,127.0.0.1,::1` beside the proxy, where clients and the gateway are started",
        "请在启动客户端和网关的环境中，与代理变量一起设置 `NO_PROXY=localhost,127.0.0.1,::1`",
    ))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    fn judged(pairs: &[(&str, &str)]) -> Vec<Finding> {
        judge(|name| {
            let pair = pairs.iter().find(|(key, _)| *key == name);
            pair.map(|(_, value)| (*value).to_owned())
        })
    }

    fn ids(findings: &[Finding]) -> Vec<(&str, Severity)> {
        findings
            .iter()
            .map(|finding| (finding.id.as_str(), finding.severity))
            .collect()
    }

    #[test]
    fn no_proxy_is_in_order() {
        assert_eq!(ids(&judged(&[])), [("proxy", Severity::Ok)]);
        assert_eq!(
            ids(&judged(&[("HTTP_PROXY", " ")])),
            [("proxy", Severity::Ok)]
        );
    }

    #[test]
    fn an_address_that_is_none_is_named_and_not_repeated() {
        let findings = judged(&[
            ("https_proxy", "http://me:hunter2@:80 80"),
            ("NO_PROXY", "*"),
        ]);
        assert_eq!(ids(&findings), [("proxy:https_proxy", Severity::Problem)]);
        assert!(!format!("{findings:?}").contains("hunter2"));
    }

    #[test]
    fn this_machine_has_to_be_excepted() {
        let proxy = ("HTTPS_PROXY", "me:hunter2@proxy.example:3128");
        let findings = judged(&[proxy]);
        assert_eq!(ids(&findings), [("proxy:exceptions", Severity::Warning)]);
        let shown = format!("{findings:?}");
        assert!(!shown.contains("hunter2") && shown.contains("http://proxy.example:3128"));

        let half = judged(&[proxy, ("no_proxy", "localhost, .corp")]);
        let cause = half[0].cause.as_ref().expect("a cause");
        assert!(cause.en.contains("127.0.0.1") && !cause.en.contains("localhost"));

        for whole in ["*", "LOCALHOST,127.0.0.1", "localhost,127.0.0.0/8"] {
            let findings = judged(&[proxy, ("NO_PROXY", whole)]);
            assert_eq!(ids(&findings), [("proxy", Severity::Ok)], "{whole}");
        }
    }
}
