//! The door that every request from a socket comes through: Host and Origin,
//! then the token and CORS.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

use super::{respond, streamable};
use crate::access::Denied;
use crate::core::Core;

/// The routes with their guard.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    core: Arc<Core>,
    router: Router,
}

impl Door {
    pub(crate) fn new(core: Arc<Core>, router: Router) -> Self {
        Self { core, router }
    }

    /// Answers one request.
    pub(crate) async fn answer(self, request: Request) -> Response {
        let page = match examine(&self.core, &request) {
            Ok(page) => page,
            Err(denied) => return refused(&denied),
        };
        match page {
            None => self.route(request).await,
            Some(page) if request.method() == Method::OPTIONS => {
                respond::with_cors(StatusCode::NO_CONTENT.into_response(), &page)
            }
            Some(page) => respond::with_cors(self.route(request).await, &page),
        }
    }

    async fn route(self, request: Request) -> Response {
        // Nearly every request is this one; finding its route would cost more
        // than all that the gateway itself does with it.
        if request.uri().path() == "/mcp" && request.method() == Method::POST {
            return streamable::take(self.core, None, request)
                .await
                .into_response();
        }
        match self.router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// Whether a request may pass, and the origin of the page that may read the answer.
fn examine(core: &Core, request: &Request) -> Result<Option<HeaderValue>, Denied> {
    let live = core.live();
    let (guard, headers) = (&live.guard, request.headers());
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let one_host = headers.get_all(header::HOST).iter().count() < 2;
    // An absolute request target outranks the header (RFC 9112 section 3.2.2).
    let host = request
        .uri()
        .authority()
        .map(|authority| authority.as_str())
        .or_else(|| text(header::HOST));
    let origin = headers.get(header::ORIGIN);
    if headers.get_all(header::ORIGIN).iter().count() > 1 {
        return Err(Denied::Origin("(several)".to_owned()));
    }
    // An Origin that is no text must not pass for none.
    let origin_text = origin.map(|value| value.to_str().unwrap_or("(unreadable)"));
    guard.check(host.filter(|_| one_host), origin_text)?;
    let page = origin.filter(|_| {
        live.config.gateway.cors
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
