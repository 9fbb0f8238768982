//! The door that every request from a socket comes through: Host and Origin,
//! then who calls, and CORS.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::caller::{self, FromHere, Sender};
use super::unread::Unread;
use super::{challenge, respond, streamable};
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

    /// Answers one request from the socket of `peer`.
    pub(crate) async fn answer(self, mut request: Request, peer: IpAddr) -> Response {
        let Examined { page, is_here } = match examine(&self.core, &request) {
            Ok(examined) => examined,
            Err(denied) => return self.turn_away(request, refused(&denied)).await,
        };
        if page.is_some() && request.method() == Method::OPTIONS {
            // A preflight carries no token.
            let asked = request.headers();
            let asked = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
            let answer = self.turn_away(request, StatusCode::NO_CONTENT.into_response());
            let answer = answer.await;
            let Some(page) = page else { return answer };
            let mut answer = respond::with_cors(answer, &page);
            respond::allow_params(&mut answer, asked.as_ref());
            return answer;
        }
        challenge::note(&self.core, &mut request, peer);
        let sender = Sender { peer, is_here };
        let head = (request.uri().path(), request.headers());
        let answer = match caller::identify(&self.core, head, sender).await {
            Ok(caller) => {
                let ended = caller.ended().cloned();
                if let Some(user) = caller.user() {
                    self.core.welcome(user);
                    request.extensions_mut().insert(caller);
                }
                if request.uri().path().starts_with("/oauth/")
                    && sender.is_from_here(&self.core, request.headers())
                {
                    request.extensions_mut().insert(FromHere);
                }
                match ended {
                    // Apart, so that all the others need not carry its size about.
                    Some(ended) => Box::pin(self.route_until(ended, request)).await,
                    None => self.route(request).await,
                }
            }
            Err(denied) => {
                let answer = unauthorized(&self.core, &request, &denied);
                self.turn_away(request, answer).await
            }
        };
        match page {
            Some(page) => respond::with_cors(answer, &page),
            None => answer,
        }
    }

    /// Nothing more goes to a client from the moment that its access is taken back. As when
    /// a client leaves, what servers do for it at that moment they finish.
    async fn route_until(self, ended: CancellationToken, request: Request) -> Response {
        let limit = self.largest_rest();
        let (request, unread) = Unread::behind(request);
        let answer = tokio::select! {
            biased;
            () = ended.cancelled() => None,
            answer = self.route(request) => Some(answer),
        };
        let Some(answer) = answer else {
            return unread.finish(limit, challenge::taken_back()).await;
        };
        if !respond::is_event_stream(&answer) {
            return answer;
        }
        answer.map(|body| {
            let events = body.into_data_stream();
            Body::from_stream(events.take_until(ended.cancelled_owned()))
        })
    }

    async fn route(self, request: Request) -> Response {
        // Nearly every request is this one; finding its route would cost more
        // than all that the gateway itself does with it.
        if request.uri().path() == "/mcp" && request.method() == Method::POST {
            return streamable::take(self.core, None, request)
                .await
                .into_response();
        }
        let limit = self.largest_rest();
        let (request, unread) = Unread::behind(request);
        let answer = match self.router.oneshot(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        unread.finish(limit, answer).await
    }

    /// Answers a request to which no handler gets.
    async fn turn_away(&self, mut request: Request, answer: Response) -> Response {
        let unread = Unread::whole(&mut request);
        // Apart, so that all the others need not carry its size about.
        Box::pin(unread.finish(self.largest_rest(), answer)).await
    }

    /// Bytes of a body that nobody wants which are read all the same.
    fn largest_rest(&self) -> usize {
        self.core.live().config.limits.message_bytes
    }
}

/// What the head of a request tells that may pass.
struct Examined {
    /// The origin of the page that may read the answer.
    page: Option<HeaderValue>,
    /// It was sent to this machine by name, not to a public address.
    is_here: bool,
}

/// Whether a request may pass.
fn examine(core: &Core, request: &Request) -> Result<Examined, Denied> {
    let live = core.live();
    let (guard, headers) = (&live.guard, request.headers());
    let mut hosts = headers.get_all(header::HOST).iter();
    let named = hosts.next().and_then(|value| value.to_str().ok());
    // An absolute request target outranks the header (RFC 9112 section 3.2.2).
    let target = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    let host = target.or(named).filter(|_| hosts.next().is_none());
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let origin = origins.next();
    if origins.next().is_some() {
        return Err(Denied::Origin("(several)".to_owned()));
    }
    // An Origin that is no text must not pass for none.
    let origin_text = origin.map(|value| value.to_str().unwrap_or("(unreadable)"));
    guard.check(host, origin_text)?;
    let page = origin.filter(|_| {
        live.config.gateway.cors
            && origin_text.is_some_and(|origin| guard.is_allowed_origin(origin))
    });
    Ok(Examined {
        page: page.cloned(),
        is_here: guard.is_here(host),
    })
}

fn refused(denied: &Denied) -> Response {
    tracing::warn!(%denied, "a request was refused");
    let status = match denied {
        Denied::NoHost => StatusCode::BAD_REQUEST,
        _ => StatusCode::FORBIDDEN,
    };
    respond::rpc_error(
        status,
        wire::error_code::UPSTREAM_UNAVAILABLE,
        &denied.to_string(),
    )
}

/// Says what to show instead, and where that is had.
fn unauthorized(core: &Core, request: &Request, denied: &Denied) -> Response {
    tracing::info!(%denied, path = request.uri().path(), "a request was not let in");
    if *denied == Denied::Unchecked {
        // A 401 would have the client throw away a token that may be good.
        return challenge::unchecked();
    }
    let head = (request.headers(), request.extensions());
    challenge::unauthorized(core, head, request.uri().path(), denied)
}
