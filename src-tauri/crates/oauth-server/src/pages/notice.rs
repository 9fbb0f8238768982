//! A page that says one thing.

use axum::http::StatusCode;

use crate::pages::{Page, escaped};
use crate::words::{Language, Words};

/// A way on from a notice.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) text: Words,
    /// A URL of the gateway's own.
    pub(crate) href: String,
}

/// A notice, with a way on if there is one.
pub(crate) fn notice(
    language: Language,
    status: StatusCode,
    title: &Words,
    text: &Words,
    link: Option<&Link>,
) -> Page {
    let way_on = link.map_or_else(String::new, |link| {
        format!(
            "\n<div class=\"actions\"><a class=\"button main\" href=\"{}\">{}</a></div>",
            escaped(&link.href),
            escaped(link.text.text(language))
        )
    });
    let body = format!("<p>{}</p>{way_on}", escaped(text.text(language)));
    Page {
        status,
        ..Page::new(language, title.text(language), body)
    }
}
