//! What a person sees in the browser.
//!
//! Plain HTML in English or Chinese, without a script and without anything from
//! elsewhere. Whatever comes from a request goes through [`escaped`]. The policy allows
//! the one style sheet by its hash and lets forms lead back here and to the address of
//! the client, because browsers hold redirects after a form to that as well.

mod consent;
mod notice;
mod parts;
mod sign_in;
mod waiting;

pub(crate) use consent::consent;
pub(crate) use notice::{Link, notice};
pub(crate) use sign_in::sign_in;
pub(crate) use waiting::waiting;

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    REFRESH, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::words::{Language, Words};

const STYLE: &str = include_str!("pages/style.css");

static STYLE_HASH: LazyLock<String> =
    LazyLock::new(|| STANDARD.encode(Sha256::digest(STYLE.as_bytes())));

const LOGO: &str = r##"<svg viewBox="0 0 64 64" aria-hidden="true"><rect width="64" height="64" rx="15" fill="#4350cc"/><g fill="none" stroke-linecap="round" stroke-width="8"><path d="M12 16h3c12 0 9 16 21 16M12 48h3c12 0 9-16 21-16" stroke="#a9b5ff"/><path d="M12 32h40" stroke="#fff"/></g><circle cx="36" cy="32" r="11" fill="#fff"/><circle cx="36" cy="32" r="4.4" fill="#3745bd"/></svg>"##;

/// A page that is ready but for its surroundings.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) language: Language,
    /// In clear; it is escaped here.
    pub(crate) title: String,
    /// HTML, below the title.
    pub(crate) body: String,
    /// Seconds after which the browser asks again.
    pub(crate) refresh: Option<u32>,
    /// Where forms may lead besides here, as a policy calls it.
    pub(crate) form_target: Option<String>,
}

/// A page in the style of the facade that says one thing, such as how a sign-in went.
pub fn message_page(
    headers: &HeaderMap,
    status: StatusCode,
    title: &Words,
    text: &Words,
) -> Response {
    notice(Language::of(headers), status, title, text, None).into_response()
}

/// Text as it may stand in HTML, between tags and in quoted attributes.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

// === impl Page ===

impl Page {
    pub(crate) fn new(language: Language, title: impl Into<String>, body: String) -> Self {
        Self {
            status: StatusCode::OK,
            language,
            title: title.into(),
            body,
            refresh: None,
            form_target: None,
        }
    }

    pub(crate) fn html(&self) -> String {
        let (title, lang) = (escaped(&self.title), self.language.tag());
        let mut html = String::with_capacity(STYLE.len() + self.body.len() + 2048);
        write!(
            html,
            "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title} · MCP Gateway</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <div class=\"brand\">{LOGO}<span>MCP Gateway</span></div>\n<h1>{title}</h1>\n{}\n</main>\n</body>\n</html>\n",
            self.body
        )
        .expect("BUG: writing to a string failed");
        html
    }

    pub(crate) fn into_response(self) -> Response {
        let html = self.html();
        let form_target = self.form_target.as_deref().unwrap_or_default();
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; form-action 'self' {form_target}; \
             frame-ancestors 'none'; base-uri 'none'",
            *STYLE_HASH
        );
        let mut response = Response::new(html.into());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        for (name, value) in [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (X_FRAME_OPTIONS, "DENY"),
            // Nothing goes to anybody else. Not `no-referrer`: with that a browser says
            // `Origin: null` when it sends our own form, which is nobody's origin.
            (REFERRER_POLICY, "same-origin"),
            (VARY, "Accept-Language"),
            (CONTENT_LANGUAGE, self.language.tag()),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        } else {
            // A policy that cannot be written must not leave the page without one.
            headers.insert(
                CONTENT_SECURITY_POLICY,
                HeaderValue::from_static("default-src 'none'; form-action 'self'"),
            );
        }
        if let Some(seconds) = self.refresh {
            headers.insert(REFRESH, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_escapes_from_where_it_is_put(text in "\\PC{0,60}|[<>&\"'/a-z =]{0,60}") {
            let safe = escaped(&text);
            prop_assert!(!safe.contains(['<', '>', '"', '\'']));
            let back = safe
                .replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"")
                .replace("&#39;", "'").replace("&amp;", "&");
            prop_assert_eq!(back, text);
        }
    }

    #[test]
    fn a_page_says_that_it_is_alone() {
        let mut headers = HeaderMap::new();
        headers.insert("accept-language", HeaderValue::from_static("zh"));
        let response = message_page(
            &headers,
            StatusCode::OK,
            &Words::new("Done", "完成"),
            &Words::new("Close it.", "请关闭。"),
        );
        let headers = response.headers();
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["content-language"], "zh-Hans");
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(policy.contains("frame-ancestors 'none'; base-uri 'none'"));
    }
}
