//! The routes of the facade, one file for each thing that a client or a browser does.

mod authorize;
mod consent;
mod discovery;
mod probe;
mod register;
mod revoke;
mod session;
mod token;
mod wait;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, LOCATION, PRAGMA, SET_COOKIE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::facade::Inner;
use crate::host::Host;
use crate::pages;
use crate::store::Shut;
use crate::words::{Language, Words};

/// Largest body that is read, in bytes.
const LARGEST_BODY: usize = 64 * 1024;

/// What every route knows.
#[derive(Clone)]
struct Site {
    inner: Arc<Inner>,
    host: Arc<dyn Host>,
}

pub(crate) fn router(inner: Arc<Inner>, host: Arc<dyn Host>) -> Router {
    let mut router = Router::new();
    for document in ["oauth-authorization-server", "openid-configuration"] {
        let root = format!("/.well-known/{document}");
        router = router
            .route(&root, get(discovery::authorization_server))
            .route(
                &format!("{root}/{{*path}}"),
                get(discovery::authorization_server_of),
            );
    }
    router
        .route(
            "/.well-known/oauth-protected-resource",
            get(discovery::protected_resource),
        )
        .route(
            "/.well-known/oauth-protected-resource/{*path}",
            get(discovery::protected_resource_of),
        )
        .route("/oauth/register", post(register::register))
        .route("/oauth/authorize", get(authorize::authorize).head(no_head))
        .route("/oauth/consent", post(consent::consent))
        .route("/oauth/wait/{id}", get(wait::wait).head(no_head))
        .route("/oauth/wait/{id}/sign-in", get(wait::sign_in).head(no_head))
        .route("/oauth/token", post(token::token))
        .route("/oauth/revoke", post(revoke::revoke))
        .route("/oauth/status", get(session::status))
        .route("/oauth/logout", post(session::logout))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(Site { inner, host })
}

/// A look at the head of such a page would use up what the page is for.
async fn no_head() -> StatusCode {
    StatusCode::METHOD_NOT_ALLOWED
}

/// Sends the browser on with a GET.
pub(crate) fn see_other(target: &str) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match HeaderValue::from_str(target) {
        Ok(target) => {
            headers.insert(LOCATION, target);
        }
        Err(_) => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    response
}

/// The page for a request that does not wait any more.
pub(crate) fn ended(language: Language) -> Response {
    notice(
        language,
        StatusCode::GONE,
        &Words::new("This request has ended", "此请求已结束"),
        &Words::new(
            "It was answered, it waited too long, or it was begun in another browser. If the program still needs access, start again from there.",
            "该请求已得到答复、等待超时，或者是在另一个浏览器中发起的。如果程序仍需访问，请在程序中重新发起。",
        ),
    )
}

fn notice(language: Language, status: StatusCode, title: &Words, text: &Words) -> Response {
    pages::notice(language, status, title, text, None).into_response()
}

/// The page for a request that is refused because of how it is.
fn refused(language: Language, why: &Words) -> Response {
    let title = Words::new("This request cannot be answered", "无法处理此请求");
    notice(language, StatusCode::BAD_REQUEST, &title, why)
}

/// The page for a gateway where nobody can show who they are.
fn nobody(language: Language) -> Response {
    notice(
        language,
        StatusCode::FORBIDDEN,
        &Words::new("Nobody can sign in here", "此网关未提供登录方式"),
        &Words::new(
            "This gateway has no account to sign in with. Ask whoever runs it for a token for your program; `mcp-gateway token new LABEL` makes one.",
            "此网关没有可用于登录的账号。请向网关管理员索取程序所需的令牌；使用 `mcp-gateway token new 说明` 即可生成。",
        ),
    )
}

/// The page for a time when too many ask at once.
fn busy(language: Language) -> Response {
    notice(
        language,
        StatusCode::TOO_MANY_REQUESTS,
        &Words::new("Too many requests are waiting", "等待处理的请求过多"),
        &Words::new(
            "Answer the ones that wait in MCP Gateway, or try again in ten minutes.",
            "请先在 MCP Gateway 中处理正在等待的请求，或十分钟后再试。",
        ),
    )
}

/// The page for a store that cannot be used. Anybody can get it, so it does not say why.
fn locked(language: Language) -> Response {
    notice(
        language,
        StatusCode::SERVICE_UNAVAILABLE,
        &Words::new(
            "MCP Gateway cannot read its store",
            "MCP Gateway 无法读取其存储",
        ),
        &Words::new(
            "Its owner finds the reason in the gateway's window and log.",
            "网关的所有者可在其窗口和日志中查看原因。",
        ),
    )
}

/// An answer in JSON that nobody keeps (RFC 6749, section 5.1).
fn answer(status: StatusCode, document: &Value) -> Response {
    let mut response = Response::new(document.to_string().into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// A refusal for the client (RFC 6749, section 5.2).
fn error(error: &str, why: &str) -> Response {
    let document = json!({ "error": error, "error_description": why });
    answer(StatusCode::BAD_REQUEST, &document)
}

/// The same for a store that cannot be used; the client may try again.
fn unavailable() -> Response {
    let document = json!({
        "error": "temporarily_unavailable",
        "error_description": "the gateway cannot use its store now; its owner finds the reason in its window and log",
    });
    answer(StatusCode::SERVICE_UNAVAILABLE, &document)
}

/// A change that somebody who is known has caused came to nothing; why is for the log.
fn unwritten(fault: vault::Fault) -> Shut {
    tracing::warn!(%fault, "a sign-in failed: the store cannot be used");
    Shut
}

/// Whether the body is a form, as OAuth wants it.
fn is_form(headers: &HeaderMap) -> bool {
    is_of_type(headers, "application/x-www-form-urlencoded")
}

fn is_of_type(headers: &HeaderMap, wanted: &str) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case(wanted))
}

/// The bearer token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

/// Adds a cookie to an answer.
fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
