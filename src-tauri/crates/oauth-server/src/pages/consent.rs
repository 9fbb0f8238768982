//! The question whether a program may act for the person in the browser.

use crate::authorize::Request;
use crate::pages::parts::{details, form_fields};
use crate::pages::{Page, escaped};
use crate::pending::Person;
use crate::words::Language;

/// The consent page for the request `id`; `token` proves that the form came from it.
pub(crate) fn consent(
    language: Language,
    id: &str,
    token: &str,
    request: &Request,
    person: &Person,
) -> Page {
    let name = &request.client.name;
    let (title, lead, allow, deny, switch) = match language {
        Language::English => (
            format!("Allow {name} to use your tools?"),
            "It can call every tool behind the address below as you, until you withdraw this in MCP Gateway.",
            "Allow",
            "Don't allow",
            "Use another account",
        ),
        Language::Chinese => (
            format!("允许“{name}”使用您的工具吗？"),
            "允许后，它可以以您的身份调用下方地址提供的所有工具，直到您在 MCP Gateway 中撤销授权。",
            "允许",
            "不允许",
            "使用其他账号",
        ),
    };
    let body = format!(
        "<p>{}</p>\n{}\n<form method=\"post\" action=\"../consent\">{}\
         <button class=\"main\" name=\"decision\" value=\"allow\">{allow}</button>\
         <button name=\"decision\" value=\"deny\">{deny}</button>\
         <button class=\"plain\" name=\"decision\" value=\"switch\">{switch}</button></form>",
        escaped(lead),
        details(language, request, Some(&person.name)),
        form_fields(id, token),
    );
    Page {
        form_target: Some(request.redirect.csp_source()),
        ..Page::new(language, title, body)
    }
}
