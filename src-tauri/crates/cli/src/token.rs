//! `token new`, `token list` and `token revoke`: who has access to a running gateway.

use std::io::Write;
use std::process::ExitCode;

use gateway::words::Words;
use serde::Deserialize;

use crate::admin::Admin;
use crate::args::TokenAction;
use crate::context::Context;
use crate::language::{failure, t};
use crate::moment::date;
use crate::running::parse;
use crate::table::{Align, Table};

#[derive(Deserialize)]
struct Issued {
    id: String,
    token: String,
}

#[derive(Deserialize)]
struct Grants {
    grants: Vec<Grant>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grant {
    id: String,
    user: String,
    client_name: String,
    #[serde(default)]
    resource: Option<String>,
    created: u64,
    #[serde(default)]
    last_used: Option<u64>,
    #[serde(default)]
    expires_at: Option<u64>,
}

/// Does one of them.
pub(crate) fn run(
    admin: &Admin<'_>,
    action: &TokenAction,
    context: &Context,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    match action {
        TokenAction::New { label, user, .. } => {
            let mut body = serde_json::json!({ "label": label });
            if let Some(user) = user {
                body["user"] = user.as_str().into();
            }
            let Issued { id, token } = parse(&admin.post("/api/grants", &body)?)?;
            // Alone on stdout, so that it can be put into a file or a variable.
            writeln!(out, "{token}")?;
            let kept = Words::new(
                format!(
                    "It is shown this once. A client sends it as `Authorization: Bearer …`; take it back with: mcp-gateway token revoke {id}"
                ),
                format!(
                    "令牌只显示这一次。客户端以 `Authorization: Bearer …` 发送；吊销：mcp-gateway token revoke {id}"
                ),
            );
            writeln!(err, "{}", kept.text(context.language))?;
        }
        TokenAction::List { .. } => list(parse(&admin.get("/api/grants")?)?, out)?,
        TokenAction::Revoke { id, .. } => {
            // What is no id of the gateway's must not become another path.
            let sound = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
            if id.is_empty() || !id.chars().all(sound) {
                return Err(failure(&Words::new(
                    format!("\"{id}\" is no id; `mcp-gateway token list` shows them"),
                    format!("“{id}”不是编号；`mcp-gateway token list` 可列出全部编号"),
                )));
            }
            admin.delete(&format!("/api/grants/{id}"))?;
            writeln!(out, "{}", t("Revoked.", "已吊销。"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(Grants { grants }: Grants, out: &mut dyn Write) -> anyhow::Result<()> {
    if grants.is_empty() {
        let none = t(
            "No client has access yet. Make a token with: mcp-gateway token new LABEL",
            "尚无客户端拥有访问权限。创建令牌：mcp-gateway token new 说明",
        );
        writeln!(out, "{none}")?;
        return Ok(());
    }
    let mut table = Table::new([
        (t("ID", "编号"), Align::Left),
        (t("CLIENT", "客户端"), Align::Left),
        (t("USER", "用户"), Align::Left),
        (t("FOR", "用于"), Align::Left),
        (t("SINCE", "创建时间"), Align::Left),
        (t("LAST USED", "上次使用"), Align::Left),
        (t("UNTIL", "有效期至"), Align::Left),
    ]);
    for grant in grants {
        table.row([
            grant.id,
            grant.client_name,
            grant.user,
            grant
                .resource
                .unwrap_or_else(|| t("everything", "全部").to_owned()),
            date(grant.created),
            grant
                .last_used
                .map_or_else(|| t("never", "从未").to_owned(), date),
            grant
                .expires_at
                .map_or_else(|| t("no end", "长期有效").to_owned(), date),
        ]);
    }
    table.print(out)?;
    Ok(())
}
