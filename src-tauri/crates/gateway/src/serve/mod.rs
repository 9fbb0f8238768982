//! The HTTP surface: one axum Router over the core.

mod handshake;
pub(crate) mod listener;
pub(crate) mod outbound;
mod respond;
mod rest;
pub(crate) mod session;
pub(crate) mod session_id;
mod sse;
mod streamable;
mod ui;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};

use crate::access::{Denied, InProcess};
use crate::admin;
use crate::core::Core;
use sse::Channels;

/// What the handlers are given.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) core: Arc<Core>,
    channels: Arc<Channels>,
}

/// Every route of COMPATIBILITY "HTTP surface" behind one guard.
pub(crate) fn router(core: Arc<Core>) -> Router {
    let app = App {
        core,
        channels: Arc::new(Channels::default()),
    };
    let mcp = || {
        post(streamable::post)
            .get(streamable::get)
            .delete(streamable::delete)
    };
    Router::new()
        .route("/mcp", mcp())
        .route("/{service}/mcp", mcp())
        .route("/sse", get(sse::open).post(sse::post))
        .route("/messages", post(sse::message))
        .route("/tools", get(rest::tools))
        .route("/tools/call", post(rest::call))
        .route("/health", get(rest::health))
        .route("/config/services", get(rest::services))
        .route("/api/status", get(admin::status))
        .route("/api/{*path}", any(admin::not_found))
        .route("/ui", get(|| async { Redirect::permanent("/ui/") }))
        .route("/ui/", get(ui::page))
        .route("/ui/{*path}", get(ui::asset))
        .route("/", get(|| async { Redirect::temporary("/ui/") }))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(app.clone(), guard))
        .with_state(app)
}

/// Host and Origin for every route, then the token and CORS.
async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.extensions().get::<InProcess>().is_some() {
        return next.run(request).await;
    }
    let page = match examine(&app.core, &request) {
        Ok(page) => page,
        Err(denied) => return refused(&denied),
    };
    match page {
        None => next.run(request).await,
        Some(page) if request.method() == Method::OPTIONS => {
            respond::with_cors(StatusCode::NO_CONTENT.into_response(), &page)
        }
        Some(page) => respond::with_cors(next.run(request).await, &page),
    }
}

/// Whether a request may pass, and the origin of the page that may read the answer.
fn examine(core: &Core, request: &Request) -> Result<Option<HeaderValue>, Denied> {
    let (guard, headers) = (&core.guard, request.headers());
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let one_host = headers.get_all(header::HOST).iter().count() < 2;
    // An absolute request target outranks the header (RFC 9112 section 3.2.2).
    let host = request
        .uri()
        .authority()
        .map(|authority| authority.as_str())
        .or_else(|| text(header::HOST));
    let origin = headers.get(header::ORIGIN);
    // An Origin that is no text must not pass for none.
    let origin_text = origin.map(|value| value.to_str().unwrap_or("(unreadable)"));
    guard.check(host.filter(|_| one_host), origin_text)?;
    let page = origin.filter(|_| {
        core.config.gateway.cors
            && origin_text.is_some_and(|origin| guard.is_allowed_origin(origin))
    });
    if page.is_some() && request.method() == Method::OPTIONS {
        // A preflight carries no token.
        return Ok(page.cloned());
    }
    // Pages and health carry nothing of anybody's; /api always wants its token and checks it itself.
    let path = request.uri().path();
    let is_open = path == "/health"
        || path == "/"
        || path == "/ui"
        || path.starts_with("/ui/")
        || path.starts_with("/api/");
    if !is_open {
        guard.admit(text(header::AUTHORIZATION))?;
    }
    Ok(page.cloned())
}

fn refused(denied: &Denied) -> Response {
    tracing::warn!(%denied, "a request was refused");
    let status = match denied {
        Denied::NoHost => StatusCode::BAD_REQUEST,
        Denied::Host(_) | Denied::Origin(_) => StatusCode::FORBIDDEN,
        Denied::Token => StatusCode::UNAUTHORIZED,
    };
    respond::rpc_error(
        status,
        wire::error_code::UPSTREAM_UNAVAILABLE,
        &denied.to_string(),
    )
}

async fn not_found(uri: Uri) -> Response {
    let message = format!(
        "nothing is at {}; MCP clients use /mcp, /<server>/mcp or /sse",
        uri.path()
    );
    respond::json(
        StatusCode::NOT_FOUND,
        &serde_json::json!({ "error": "Not found", "message": message }),
    )
}

async fn method_not_allowed(method: Method, uri: Uri) -> Response {
    let message = format!("{method} is not answered at {}", uri.path());
    respond::json(
        StatusCode::METHOD_NOT_ALLOWED,
        &serde_json::json!({ "error": "Method not allowed", "message": message }),
    )
}
