//! The page that waits until the owner of the machine has spoken.

use crate::authorize::Request;
use crate::pages::parts::{details, form_fields};
use crate::pages::{Page, escaped};
use crate::words::{Language, Words};

/// Seconds between two looks.
const EVERY: u32 = 2;

/// The waiting page for the request `id`, with the code to compare and, where there is
/// one, the account that can be signed in to instead.
pub(crate) fn waiting(
    language: Language,
    id: &str,
    token: &str,
    code: &str,
    request: &Request,
    sign_in: Option<&Words>,
) -> Page {
    let name = escaped(&request.client.name);
    let (title, lead, command, waits, cancel) = match language {
        Language::English => (
            "Confirm in MCP Gateway",
            format!(
                "<b>{name}</b> wants to use your tools. Open the MCP Gateway window and allow it there if it shows this code:"
            ),
            "No window here? Run <code>mcp-gateway approve</code> in a terminal. Whoever does not expect this request should refuse it.",
            "Waiting. This page goes on by itself.",
            "Cancel",
        ),
        Language::Chinese => (
            "请在 MCP Gateway 中确认",
            format!(
                "<b>{name}</b> 想要使用您的工具。请打开 MCP Gateway 窗口，核对代码与下方一致后再允许："
            ),
            "没有窗口？请在终端中运行 <code>mcp-gateway approve</code>。如果这不是您发起的请求，请拒绝。",
            "正在等待确认，完成后本页面会自动继续。",
            "取消",
        ),
    };
    let other = sign_in.map_or_else(String::new, |account| {
        let account = escaped(account.text(language));
        let text = match language {
            Language::English => format!("Sign in with {account} instead"),
            Language::Chinese => format!("改用{account}登录"),
        };
        let id = escaped(id);
        format!("<p class=\"quiet\"><a href=\"{id}/sign-in\">{text}</a></p>\n")
    });
    let body = format!(
        "<p>{lead}</p>\n<div class=\"code\">{}</div>\n<p class=\"quiet\">{command}</p>\n{}\n\
         <div class=\"waiting\" role=\"status\">{waits}</div>\n{other}\
         <form method=\"post\" action=\"../consent\">{}\
         <button name=\"decision\" value=\"deny\">{cancel}</button></form>",
        escaped(code),
        details(language, request, None),
        form_fields(id, token),
    );
    Page {
        refresh: Some(EVERY),
        form_target: Some(request.redirect.csp_source()),
        ..Page::new(language, title, body)
    }
}
