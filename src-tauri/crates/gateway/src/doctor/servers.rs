//! Servers that do not work for a reason that no check has found.

use super::finding::{Finding, Severity};
use crate::lifecycle::Failure;
use crate::words::Words;

/// As much of a server's status as matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Faring {
    pub(super) name: String,
    /// It only waits for a sign-in.
    pub(super) signed_out: bool,
    pub(super) failure: Failure,
}

/// Says what a server itself says, where nothing else has been found about it.
pub(super) fn judge(servers: &[Faring], known: &[Finding]) -> Vec<Finding> {
    let explained = |name: &str| {
        known.iter().any(|finding| {
            finding.subject.as_deref() == Some(name) && finding.severity == Severity::Problem
        })
    };
    servers
        .iter()
        .filter(|server| !explained(&server.name))
        .map(one)
        .collect()
}

fn one(server: &Faring) -> Finding {
    let Faring {
        name,
        signed_out,
        failure,
    } = server;
    let id = format!("server:{name}");
    let finding = if *signed_out {
        Finding::warning(
            id,
            Words::new(
                format!("The server \"{name}\" needs a sign-in"),
                format!("服务器“{name}”需要登录"),
            ),
        )
    } else {
        Finding::problem(
            id,
            Words::new(
                format!("The server \"{name}\" does not work"),
                format!("服务器“{name}”无法工作"),
            ),
        )
    };
    let finding = finding.of(name).because(failure.message.clone());
    match &failure.remedy {
        Some(remedy) => finding.remedy(remedy.clone()),
        None => finding.remedy(Words::new(
            format!("look into its log: `mcp-gateway logs {name}`"),
            format!("请查看它的日志：`mcp-gateway logs {name}`"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_explained_is_said() {
        let words = || Words::new("it broke", "坏了");
        let failing = |name: &str| Faring {
            name: name.to_owned(),
            signed_out: false,
            failure: Failure {
                message: words(),
                remedy: None,
                last_lines: Vec::new(),
            },
        };
        let servers = [failing("known"), failing("unknown")];
        let known = [Finding::problem("command:known", words()).of("known")];
        let findings = judge(&servers, &known);
        let ids: Vec<_> = findings.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["server:unknown"]);
    }
}
