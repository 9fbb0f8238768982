//! What is answered where a token is missing or no good: where one is had
//! (RFC 9728, section 5.1; MCP, "Authorization"). And the address under which the gateway
//! was asked, which everything that leads there begins with.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::json;
use wire::error_code;

use super::respond;
use crate::access::forwarded::{self, Scheme, Sender};
use crate::access::{Denied, Guard};
use crate::core::Core;

/// Seconds after which a client may ask anew whether its token is good.
const CHECK_AGAIN: &str = "60";

/// Marks a request whose Host header alone does not tell where it was sent to.
#[derive(Debug, Clone)]
struct SentTo(String);

/// 401 for a request to `path`.
pub(super) fn unauthorized(
    core: &Core,
    (headers, extensions): (&HeaderMap, &Extensions),
    path: &str,
    denied: &Denied,
) -> Response {
    let base = base(core, headers, extensions);
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

/// 503 for a request whose token, by its looks one of the gateway's, cannot be looked up.
pub(super) fn unchecked() -> Response {
    let why = Denied::Unchecked.to_string();
    let code = error_code::UPSTREAM_UNAVAILABLE;
    let mut response = respond::rpc_error(StatusCode::SERVICE_UNAVAILABLE, code, &why);
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static(CHECK_AGAIN));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// 401 for a request that was being worked on when its token was taken back. The next one
/// is told the way to another.
pub(super) fn taken_back() -> Response {
    let why = Denied::Unknown(", because it was revoked meanwhile").to_string();
    let code = error_code::UPSTREAM_UNAVAILABLE;
    let mut response = respond::rpc_error(StatusCode::UNAUTHORIZED, code, &why);
    let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    response
}

/// The address under which the gateway was asked, without a trailing slash. The guard has
/// already found its host to be one of the gateway's.
pub(crate) fn base(core: &Core, headers: &HeaderMap, extensions: &Extensions) -> String {
    if let Some(public) = &core.live().config.gateway.base_url {
        return public.clone();
    }
    if let Some(SentTo(address)) = extensions.get() {
        return address.clone();
    }
    match header_host(headers) {
        Some(host) => written(Scheme::Http, host),
        None => core.endpoint().trim_end_matches("/mcp").to_owned(),
    }
}

/// Notes where a request was really sent to, if its Host header alone does not tell: an
/// absolute target outranks the header (RFC 9112, section 3.2.2), and a trusted proxy says
/// what it was asked by itself.
pub(super) fn note(core: &Core, request: &mut Request, peer: IpAddr) {
    let live = core.live();
    let gateway = &live.config.gateway;
    let target = request.uri().authority().map(|target| target.to_string());
    if gateway.base_url.is_some() || (target.is_none() && gateway.trusted_proxies.is_empty()) {
        return;
    }
    let headers = request.headers();
    let sender = forwarded::sender(peer, headers, &gateway.trusted_proxies);
    let host = target.as_deref().or_else(|| header_host(headers));
    if let Some(host) = host {
        let address = address(&sender, host, &live.guard);
        request.extensions_mut().insert(SentTo(address));
    }
}

/// The address that a client has used, by what trusted proxies say and the guard lets pass;
/// `host` is the one that has come to the gateway.
fn address(sender: &Sender, host: &str, guard: &Guard) -> String {
    let told = sender.host.as_deref().filter(|told| {
        let is_ours = guard.check(Some(told), None).is_ok();
        if !is_ours {
            tracing::warn!(
                host = told,
                "a proxy says that it was asked by a name that is not one of this gateway's; if it should be, add it to gateway.allowedHosts"
            );
        }
        is_ours
    });
    let scheme = sender.scheme.unwrap_or(Scheme::Http);
    written(scheme, told.unwrap_or(host))
}

fn written(scheme: Scheme, host: &str) -> String {
    format!("{}://{}", scheme.word(), host.to_ascii_lowercase())
}

fn header_host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base_of(lines: &[(&'static str, &'static str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        let guard = Guard {
            hosts: vec!["gw.example.com".to_owned()],
            origins: Vec::new(),
            require_token: false,
            is_public: false,
        };
        let trusted = ["10.0.0.1".parse().expect("a network")];
        let peer = [10, 0, 0, 1].into();
        let sender = forwarded::sender(peer, &headers, &trusted);
        address(&sender, "Inside:4298", &guard)
    }

    #[test]
    fn a_trusted_proxy_says_how_it_was_asked() {
        let client = ("x-forwarded-for", "203.0.113.9");
        let https = ("x-forwarded-proto", "https");
        let named = ("x-forwarded-host", "GW.example.com");
        let foreign = ("x-forwarded-host", "evil.com");
        let standard = (
            "forwarded",
            "for=203.0.113.9;proto=https;host=gw.example.com",
        );
        for (lines, expected) in [
            (&[client, https, named][..], "https://gw.example.com"),
            (&[standard], "https://gw.example.com"),
            (&[client, https], "https://inside:4298"),
            (&[client, named], "http://gw.example.com"),
            // Host rules hold for what proxies say, too.
            (&[client, https, foreign], "https://inside:4298"),
            (&[], "http://inside:4298"),
        ] {
            assert_eq!(base_of(lines), expected, "{lines:?}");
        }
    }
}
