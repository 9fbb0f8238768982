//! The routes of the facade.

use std::sync::Arc;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use crate::facade::Inner;
use crate::host::Host;
use crate::pages;
use crate::words::{Language, Words};

pub(crate) fn router(_inner: Arc<Inner>, _host: Arc<dyn Host>) -> Router {
    Router::new()
}

/// Sends the browser on with a GET.
pub(crate) fn see_other(target: &str) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(target) = HeaderValue::from_str(target) {
        headers.insert(LOCATION, target);
    }
    response
}

/// The page for a request that does not wait any more.
pub(crate) fn ended(language: Language) -> Response {
    pages::notice(
        language,
        StatusCode::GONE,
        &Words::new("This request has ended", "此请求已结束"),
        &Words::new("It was answered, or it waited too long. If the program still needs access, start again from there.", "该请求已得到答复，或等待超时。如果程序仍需访问，请在程序中重新发起。"),
        None,
    )
    .into_response()
}
