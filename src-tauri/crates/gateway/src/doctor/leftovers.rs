//! Processes that gateways left behind which are gone, and other gateways on the same folder.

use std::path::Path;

use super::finding::Finding;
use super::fix::Fix;
use crate::ledger::Remains;
use crate::words::Words;

/// Judges what the ledger of children knows.
pub(super) fn judge(remains: &[Remains], others: &[u32], data_dir: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    if remains.is_empty() {
        findings.push(Finding::ok(
            "leftovers",
            Words::new(
                "No process of an earlier gateway is left",
                "没有之前的网关遗留的进程",
            ),
        ));
    } else {
        findings.push(left_behind(remains));
    }
    if !others.is_empty() {
        findings.push(shared(others, data_dir));
    }
    findings
}

fn left_behind(remains: &[Remains]) -> Finding {
    let list = |between: &str| {
        let one = |one: &Remains| format!("{} ({})", one.server, one.pid);
        remains.iter().map(one).collect::<Vec<_>>().join(between)
    };
    Finding::problem(
        "leftovers",
        Words::new(
            "A gateway that was killed left processes of servers running",
            "被强制结束的网关遗留了服务器进程",
        ),
    )
    .because(Words::new(
        format!(
            "They hold memory, and perhaps ports and files that their successors need: {}",
            list(", ")
        ),
        format!(
            "它们占用内存，还可能占用后继进程所需的端口和文件：{}",
            list("、")
        ),
    ))
    .remedy(Words::new(
        "end them; a gateway that starts on this data folder does the same",
        "请结束它们；使用该数据目录的网关启动时也会这样做",
    ))
    .cured_by(Some(Fix::EndLeftovers))
}

fn shared(others: &[u32], data_dir: &Path) -> Finding {
    let ids: Vec<String> = others.iter().map(ToString::to_string).collect();
    let (ids, folder) = (ids.join(", "), data_dir.display());
    Finding::warning(
        "instances",
        Words::new(
            "Several gateways use one data folder",
            "多个网关共用同一个数据目录",
        ),
    )
    .because(Words::new(
        format!("{folder} is also used by the processes {ids}; each starts every server once more"),
        format!("{folder} 还被进程 {ids} 使用；每个网关都会把所有服务器再启动一遍"),
    ))
    .remedy(Words::new(
        "keep one of them and end the others, or give each a folder of its own with --data-dir",
        "请只保留其中一个并结束其他的，或用 --data-dir 为每个网关指定各自的目录",
    ))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    #[test]
    fn what_is_left_can_be_ended() {
        let remains = [Remains {
            server: "memory".to_owned(),
            pid: 77,
        }];
        let findings = judge(&remains, &[], Path::new("/data"));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].severity, Severity::Problem);
        assert!(findings[0].fix.is_some());
        let cause = findings[0].cause.as_ref().expect("a cause");
        assert!(cause.en.contains("memory (77)"));
    }

    #[test]
    fn nothing_left_is_in_order_and_neighbours_are_named() {
        let findings = judge(&[], &[4, 5], Path::new("/data"));
        let severities: Vec<_> = findings.iter().map(|one| one.severity).collect();
        assert_eq!(severities, [Severity::Ok, Severity::Warning]);
        assert!(
            findings[1]
                .cause
                .as_ref()
                .is_some_and(|one| one.zh.contains("4, 5"))
        );
    }
}
