//! What is answered where a token is missing or no good: where one is had
//! (RFC 9728, section 5.1; MCP, "Authorization").

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;
use wire::error_code;

use super::respond;
use crate::access::Denied;
use crate::core::Core;

/// 401 for a request to `path`.
pub(super) fn unauthorized(
    core: &Core,
    headers: &HeaderMap,
    path: &str,
    denied: &Denied,
) -> Response {
    let base = base(core, headers);
    let error = matches!(denied, Denied::Unknown(_)).then_some("invalid_token");
    let challenge = core.oauth.facade.challenge(&base, path, error);
    let data = json!({ "authorize_url": format!("{base}/oauth/authorize") });
    let data = serde_json::value::to_raw_value(&data).ok();
    let body = wire::error_response(
        b"null",
        error_code::UPSTREAM_UNAVAILABLE,
        &denied.to_string(),
        data.as_deref(),
    );
    let mut response = respond::raw_json(StatusCode::UNAUTHORIZED, body);
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    response
}

/// The address under which the gateway was asked, without a trailing slash. The guard has
/// already found its host to be one of the gateway's.
pub(crate) fn base(core: &Core, headers: &HeaderMap) -> String {
    if let Some(public) = &core.live().config.gateway.base_url {
        return public.clone();
    }
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    match host {
        Some(host) => format!("http://{}", host.to_ascii_lowercase()),
        None => core.endpoint().trim_end_matches("/mcp").to_owned(),
    }
}
