//! `approve`: clients that wait for the gateway's owner, allowed or refused by their code.

use std::io::Write;
use std::process::ExitCode;

use gateway::words::Words;
use serde::Deserialize;

use crate::admin::Admin;
use crate::language::{failure, said, t};
use crate::running::parse;
use crate::table::{Align, Table, printable};

#[derive(Deserialize)]
struct Approvals {
    approvals: Vec<Approval>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Approval {
    id: String,
    code: String,
    client_name: String,
    redirect_host: String,
    resource: String,
}

/// Lists who waits, or decides about the one whose page shows this code.
pub(crate) fn run(
    admin: &Admin<'_>,
    code: Option<&str>,
    deny: bool,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let Approvals { approvals } = parse(&admin.get("/api/approvals")?)?;
    let Some(code) = code else {
        list(approvals, out)?;
        return Ok(ExitCode::SUCCESS);
    };
    let meant = plain(code);
    let mut found = approvals
        .into_iter()
        .filter(|approval| plain(&approval.code) == meant);
    let Some(approval) = found.next() else {
        return Err(failure(&Words::new(
            format!(
                "no client waits with the code {code}; it may have expired. `mcp-gateway approve` lists who waits"
            ),
            format!(
                "没有客户端以代码 {code} 等待批准，可能已过期。`mcp-gateway approve` 可列出正在等待的客户端"
            ),
        )));
    };
    let verb = if deny { "deny" } else { "approve" };
    let path = format!("/api/approvals/{}/{verb}", approval.id);
    admin.post(&path, &serde_json::json!({}))?;
    let name = printable(&approval.client_name);
    let done = if deny {
        Words::new(format!("Refused: {name}."), format!("已拒绝：{name}。"))
    } else {
        Words::new(
            format!("Allowed: {name}. Its page in the browser goes on by itself."),
            format!("已批准：{name}。浏览器中的页面会自动继续。"),
        )
    };
    writeln!(out, "{}", said(&done))?;
    Ok(ExitCode::SUCCESS)
}

/// A code as it is meant, however it was copied.
fn plain(code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_uppercase()).collect()
}

fn list(approvals: Vec<Approval>, out: &mut dyn Write) -> anyhow::Result<()> {
    if approvals.is_empty() {
        writeln!(out, "{}", t("No client waits.", "没有等待批准的客户端。"))?;
        return Ok(());
    }
    let mut table = Table::new([
        (t("CODE", "代码"), Align::Left),
        (t("CLIENT", "客户端"), Align::Left),
        (t("GOES BACK TO", "返回地址"), Align::Left),
        (t("WANTS", "请求访问"), Align::Left),
    ]);
    for approval in approvals {
        table.row([
            approval.code,
            approval.client_name,
            approval.redirect_host,
            approval.resource,
        ]);
    }
    table.print(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_be_copied_with_and_without_its_dash() {
        assert_eq!(plain("abcd-ef12"), plain("ABCD EF12"));
        assert_ne!(plain("ABCD-EF12"), plain("ABCD-EF13"));
    }
}
