//! `sign-in` and `sign-out`: the accounts of a running gateway.

use std::io::Write;
use std::process::ExitCode;

use gateway::words::{Language, Words};
use serde::Deserialize;

use crate::admin::Admin;
use crate::context::Context;
use crate::language::{said, t};
use crate::moment::date;
use crate::running::parse;
use crate::table::{Align, Table};
use crate::ui;

#[derive(Deserialize)]
struct Accounts {
    accounts: Vec<Account>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    provider: String,
    #[serde(default)]
    user: Option<String>,
    state: String,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    expires_at: Option<u64>,
    #[serde(default)]
    refreshable: Option<bool>,
    #[serde(default)]
    why: Option<Bilingual>,
    #[serde(default)]
    misconfigured: Option<Bilingual>,
}

#[derive(Deserialize)]
struct Bilingual {
    en: String,
    zh: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    authorize_url: String,
    redirect: String,
}

/// Starts a sign-in: prints where a browser has to go, and opens one where it can be seen.
pub(crate) fn sign_in(
    admin: &Admin<'_>,
    (provider, user): (&str, Option<&str>),
    open: bool,
    context: &Context,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    // The gateway may be a service without a screen; the browser is where this command is.
    let mut body = serde_json::json!({ "provider": provider, "open": false });
    if let Some(user) = user {
        body["user"] = user.into();
    }
    let started: Started = parse(&admin.post("/api/accounts/sign-in", &body)?)?;
    writeln!(out, "{}", started.authorize_url)?;
    let opened = open && ui::show(&started.authorize_url, context, err)?;
    let redirect = &started.redirect;
    let next = if opened {
        Words::new(
            "The browser is open. Afterwards `mcp-gateway sign-in` shows who is signed in.",
            "浏览器已打开。完成后可用 `mcp-gateway sign-in` 查看登录状态。",
        )
    } else {
        Words::new(
            format!(
                "Open this address in a browser that reaches {redirect}; from another machine make a tunnel to that port first: ssh -L. Afterwards `mcp-gateway sign-in` shows who is signed in."
            ),
            format!(
                "请在能访问 {redirect} 的浏览器中打开该地址；若在另一台机器上，请先用 ssh -L 建立到该端口的隧道。完成后可用 `mcp-gateway sign-in` 查看登录状态。"
            ),
        )
    };
    writeln!(err, "{}", next.text(context.language))?;
    Ok(ExitCode::SUCCESS)
}

/// Signs somebody out.
pub(crate) fn sign_out(
    admin: &Admin<'_>,
    provider: &str,
    user: Option<&str>,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let mut body = serde_json::json!({ "provider": provider });
    if let Some(user) = user {
        body["user"] = user.into();
    }
    admin.post("/api/accounts/sign-out", &body)?;
    writeln!(out, "{}", t("Signed out.", "已退出登录。"))?;
    Ok(ExitCode::SUCCESS)
}

/// Lists the accounts that servers and services use, and why one does not work.
pub(crate) fn list(
    admin: &Admin<'_>,
    context: &Context,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let Accounts { accounts } = parse(&admin.get("/api/accounts")?)?;
    if accounts.is_empty() {
        let none = Words::new(
            "No server wants an account. Alibaba Cloud services stand under mcpServer.services; another server wants one with \"auth\": \"oauth\".",
            "没有需要账号的服务器。阿里云服务写在 mcpServer.services 中；其他服务器写 \"auth\": \"oauth\"。",
        );
        writeln!(out, "{}", said(&none))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new([
        (t("PROVIDER", "提供方"), Align::Left),
        (t("STATE", "状态"), Align::Left),
        (t("ACCOUNT", "账号"), Align::Left),
        (t("USER", "用户"), Align::Left),
        (t("UNTIL", "有效期至"), Align::Left),
    ]);
    let mut troubles = Vec::new();
    for account in accounts {
        let trouble = account.misconfigured.or(account.why);
        troubles.extend(trouble.map(|words| (account.provider.clone(), words)));
        let until = match (account.refreshable, account.expires_at) {
            (Some(true), _) => t("renewed by itself", "自动续期").to_owned(),
            (_, expires_at) => expires_at.map(date).unwrap_or_default(),
        };
        table.row([
            account.provider,
            word(&account.state).to_owned(),
            account.name.or(account.subject).unwrap_or_default(),
            account.user.unwrap_or_default(),
            until,
        ]);
    }
    table.print(out)?;
    for (provider, words) in troubles {
        let text = match context.language {
            Language::English => words.en,
            Language::Chinese => words.zh,
        };
        writeln!(out, "\n{provider}: {text}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A state of an account; one that this version does not know stays as it is.
fn word(state: &str) -> &str {
    match state {
        "signedOut" => t("signed out", "未登录"),
        "signedIn" => t("signed in", "已登录"),
        "signingIn" => t("signing in", "正在登录"),
        "needsSignIn" => t("needs sign-in", "需要登录"),
        other => other,
    }
}
