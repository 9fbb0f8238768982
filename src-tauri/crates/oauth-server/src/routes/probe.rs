//! A program looks at the address that it is about to send its user's browser to.
//!
//! `mcp-remote` does, to learn whether the registration that it remembers is still good: it
//! wants JSON and registers anew where the answer is `invalid_client`. Who cannot show a page
//! (RFC 9110, section 12.5.1) has nobody in front of it, so nobody is asked for their consent.

use axum::http::header::ACCEPT;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::authorize::{Refusal, read};
use super::{Site, answer as in_json, error, unavailable};
use crate::words::Language;

/// Whether a request comes from what can show no page.
pub(super) fn is_one(headers: &HeaderMap) -> bool {
    let mut ranges = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|range| range.split(';').next().unwrap_or_default().trim())
        .filter(|range| !range.is_empty())
        .peekable();
    ranges.peek().is_some()
        && ranges.all(|range| {
            let range = range.to_ascii_lowercase();
            !matches!(
                range.as_str(),
                "*/*" | "text/*" | "text/html" | "application/xhtml+xml"
            )
        })
}

/// Says what is wrong with the request (RFC 6749, sections 4.1.2.1 and 5.2), or that only a
/// browser gets further.
pub(super) async fn answer(site: &Site, parts: &Parts) -> Response {
    let refusal = match read(site, parts, &site.host.base(parts)).await {
        Err(refusal) => refusal,
        Ok(_) => {
            let document = json!({
                "error": "interaction_required",
                "error_description": "a person has to allow this; open the address in a browser",
            });
            return in_json(StatusCode::NOT_ACCEPTABLE, &document);
        }
    };
    match refusal {
        Refusal::Client(why) => error("invalid_client", why.text(Language::English)),
        Refusal::Request(why) | Refusal::Redirect(why) => {
            error("invalid_request", why.text(Language::English))
        }
        Refusal::Fault(fault, _) => error(fault.error, &fault.why),
        Refusal::Store => unavailable(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn what_can_show_a_page_is_a_browser() {
        let asks = |accept: &'static str| {
            is_one(&HeaderMap::from_iter([(
                ACCEPT,
                HeaderValue::from_static(accept),
            )]))
        };
        assert!(asks("application/json"));
        assert!(asks("application/json, text/plain;q=0.5"));
        assert!(!asks("text/html,application/xhtml+xml,*/*;q=0.8"));
        assert!(!asks("application/json, */*"));
        assert!(!asks("Text/HTML; q=0.9"));
        assert!(!asks(""));
        // curl's users and old browsers say nothing, and may get a page.
        assert!(!is_one(&HeaderMap::new()));
    }
}
