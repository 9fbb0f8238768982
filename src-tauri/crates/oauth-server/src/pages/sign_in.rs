//! The page that asks the person to show who it is.

use crate::authorize::Request;
use crate::pages::parts::{details, form_fields};
use crate::pages::{Page, escaped};
use crate::words::{Language, Words};

/// The sign-in page for the request `id`, leading to the account.
pub(crate) fn sign_in(
    language: Language,
    id: &str,
    token: &str,
    request: &Request,
    account: &Words,
) -> Page {
    let (name, account) = (
        escaped(&request.client.name),
        escaped(account.text(language)),
    );
    let (title, lead, go, cancel) = match language {
        Language::English => (
            "Sign in to continue",
            format!(
                "<b>{name}</b> wants to use tools of this gateway. Show first who you are; then you decide what it may do."
            ),
            format!("Continue with {account}"),
            "Cancel",
        ),
        Language::Chinese => (
            "登录以继续",
            format!("<b>{name}</b> 想要使用此网关的工具。请先登录，然后由您决定是否允许。"),
            format!("使用{account}登录"),
            "取消",
        ),
    };
    let body = format!(
        "<p>{lead}</p>\n{}\n<form method=\"post\" action=\"../consent\">{}\
         <a class=\"button main\" href=\"{}/sign-in\">{go}</a>\
         <button name=\"decision\" value=\"deny\">{cancel}</button></form>",
        details(language, request, None),
        form_fields(id, token),
        escaped(id),
    );
    Page {
        form_target: Some(request.redirect.csp_source()),
        ..Page::new(language, title, body)
    }
}
