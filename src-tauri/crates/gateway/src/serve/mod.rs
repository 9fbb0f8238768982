//! The HTTP surface: one axum Router over the core.

mod accepts;
mod batch;
pub(crate) mod caller;
pub(crate) mod challenge;
pub(crate) mod discover;
pub(crate) mod door;
pub(crate) mod handshake;
pub(crate) mod listen;
pub(crate) mod listener;
mod modern;
pub(crate) mod offered;
pub(crate) mod outbound;
pub(crate) mod own_result;
mod queue;
pub(crate) mod respond;
mod rest;
pub(crate) mod session;
pub(crate) mod session_id;
mod sse;
mod streamable;
mod ui;
mod unread;
mod watched;

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{Redirect, Response};
use axum::routing::{get, post};

use crate::admin::{self, services};
use crate::core::Core;
use crate::oauth::callback;
use crate::oauth::host::Host;
use crate::oauth::sign_in::CALLBACK;
use sse::Channels;

/// What the handlers are given.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) core: Arc<Core>,
    channels: Arc<Channels>,
}

/// Every route. Nothing here is guarded: see `door`.
pub(crate) fn router(core: Arc<Core>) -> Router {
    let host = Host(Arc::downgrade(&core));
    let facade = core.oauth.facade.routes(Arc::new(host));
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
        .route("/config/services", get(rest::services).post(services::add))
        .nest("/api", admin::router(&app))
        .route(CALLBACK, get(callback::route))
        .route("/ui", get(|| async { Redirect::permanent("/ui/") }))
        .route("/ui/", get(ui::page))
        .route("/ui/{*path}", get(ui::asset))
        .route("/", get(|| async { Redirect::temporary("/ui/") }))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(app)
        .merge(facade)
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
