//! What of a request nobody has read when its answer is there.
//!
//! Many clients send the head and the body apart. Where the answer is sent between the two, a
//! connection that is thought to go on ends instead, and the client's next request with it; a
//! client that is still writing may not even see the answer (RFC 9112, section 9.6). So the rest
//! is read and thrown away first, within reason; beyond that the answer says `Connection: close`.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header;
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};

use super::respond;

/// The rest of a body must have arrived within this time.
const DEADLINE: Duration = Duration::from_secs(5);

/// What is left of a request's body.
#[derive(Debug)]
pub(super) struct Unread {
    rest: Arc<Mutex<Option<Body>>>,
    /// The client waits with the body until it is asked for it (RFC 9110, section 10.1.1).
    is_withheld: bool,
}

/// A body that is given back where it is dropped before its end.
struct Kept {
    body: Option<Body>,
    rest: Arc<Mutex<Option<Body>>>,
}

// === impl Unread ===

impl Unread {
    /// Takes the whole body of a request to which no handler gets.
    pub(super) fn whole(request: &mut Request) -> Self {
        let unread = Self::new(request);
        unread.put(std::mem::take(request.body_mut()));
        unread
    }

    /// Lets a handler read the body and gets what it leaves.
    pub(super) fn behind(request: Request) -> (Request, Self) {
        let unread = Self::new(&request);
        let request = request.map(|body| {
            if body.is_end_stream() {
                return body;
            }
            Body::new(Kept {
                body: Some(body),
                rest: Arc::clone(&unread.rest),
            })
        });
        (request, unread)
    }

    /// Reads what is left, at most `limit` bytes, before `answer` is sent.
    pub(super) async fn finish(self, limit: usize, answer: Response) -> Response {
        let rest = self.lock().take();
        let Some(rest) = rest.filter(|rest| !rest.is_end_stream()) else {
            return answer;
        };
        let is_read = !self.is_withheld
            && matches!(
                tokio::time::timeout(DEADLINE, throw_away(rest, limit)).await,
                Ok(true)
            );
        if is_read {
            answer
        } else {
            respond::last(answer)
        }
    }

    fn new(request: &Request) -> Self {
        Self {
            rest: Arc::default(),
            is_withheld: request.headers().contains_key(header::EXPECT),
        }
    }

    fn put(&self, body: Body) {
        *self.lock() = Some(body);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Body>> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a body came to its end within `limit` bytes.
async fn throw_away(mut body: Body, limit: usize) -> bool {
    let mut seen = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return false;
        };
        seen = seen.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if seen > limit {
            return false;
        }
    }
    true
}

// === impl Kept ===

impl HttpBody for Kept {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        *rest = self.body.take();
    }
}
