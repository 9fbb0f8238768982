//! One modern request over Streamable HTTP (MCP 2026-07-28, "Transports / Streamable HTTP"): it
//! describes itself, is checked for that, and is answered in the status that its outcome has.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use eras::{Heads, Rejection};
use futures_util::{Stream, stream};
use wire::{Claim, Envelope, EnvelopeError, Kind, PARAM_HEADER, Span};

use super::accepts::Accepts;
use super::watched::{self, Watch};
use super::{listen, respond};
use crate::call::{CallInFlight, Final, Step};
use crate::catalog::ServerIndex;
use crate::client::{Client, Exchange};
use crate::core::Core;
use crate::dispatch::{self, Incoming, Reply};
use crate::user::Caller;

/// Notifications that the specification knows or knew. None of them has an effect over HTTP: who
/// wants a call no longer closes its stream.
const KNOWN_NOTIFICATIONS: [&str; 5] = [
    "notifications/cancelled",
    "notifications/progress",
    "notifications/initialized",
    "notifications/roots/list_changed",
    "notifications/elicitation/complete",
];

/// Takes what a client sends, which may be no message: the request in it, to be dispatched, or else
/// the response.
pub(super) fn take(
    core: &Core,
    scope: Option<ServerIndex>,
    headers: &HeaderMap,
    (text, envelope): (Bytes, Result<Envelope, EnvelopeError>),
    accepts: Accepts,
    caller: Caller,
) -> Result<(Incoming, Span), Box<Response>> {
    let envelope = envelope.map_err(|error| {
        let depth = core.live().config.limits.depth;
        let (status, answer) = respond::bad_message(&text, &error, depth);
        respond::raw_json(status, answer)
    })?;
    let id = match envelope.kind {
        Kind::Request { id, .. } => Some(id),
        Kind::Notification { .. } | Kind::Response { .. } => None,
    };
    let claim = Claim::read(&text, &envelope.params);
    let heads = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()));
    let heads = Heads::read(heads);
    if let Err(rejection) = eras::admit(&text, &envelope, &claim, &heads) {
        let id = id.map_or(&b"null"[..], |id| id.of(&text));
        return Err(rejected(id, rejection).into());
    }
    let params = if heads.params.is_empty() {
        Vec::new()
    } else {
        param_headers(headers)
    };
    let exchange = Exchange::of(core, &text, &claim, scope, (caller.clone(), params));
    let client = Some(Client::Exchange(exchange));
    let incoming = Incoming::new(text, envelope, client, scope, accepts.stream, caller);
    let Some(id) = id else {
        let is_known = KNOWN_NOTIFICATIONS.contains(&&*incoming.envelope.method(&incoming.text));
        if incoming.scope.is_some() && !is_known {
            dispatch::notification(core, &incoming);
        }
        return Err(respond::accepted().into());
    };
    Ok((incoming, id))
}

/// The headers that repeat arguments of a call.
fn param_headers(headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    let is_one = |name: &HeaderName| {
        let start = name.as_str().get(..PARAM_HEADER.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(PARAM_HEADER))
    };
    let found = headers.iter().filter(|(name, _)| is_one(name));
    found
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The response to a request that was dispatched.
pub(super) async fn answered(core: &Core, reply: Reply, accepts: Accepts) -> Response {
    match reply {
        Reply::Answer(answer) => whole(answer, accepts),
        Reply::Call(call) => {
            let mut call = CancelOnDrop(Some(call));
            let first = call.next().await;
            begin(|| Watch::of(core), first, || steps(call), accepts)
        }
        Reply::Listen(subscription) => listen::stream(core, *subscription),
        Reply::Nothing => respond::event_stream(stream::empty()),
    }
}

fn rejected(id: &[u8], rejection: Rejection) -> Response {
    let data = rejection.data.as_deref();
    let answer = wire::error_response(id, rejection.code, &rejection.message, data);
    respond::raw_json(StatusCode::BAD_REQUEST, answer)
}

/// An answer before which nothing was sent: its status is that of its error.
fn whole(answer: Final, accepts: Accepts) -> Response {
    let status = answer.code.map_or(200, eras::http_status);
    match StatusCode::from_u16(status) {
        Ok(status) if status != StatusCode::OK => respond::raw_json(status, answer.text),
        _ => accepts.one(answer.text),
    }
}

/// What a call brings, until it is over. Its client cancels it by closing the stream ("Cancellation"),
/// which drops this.
fn steps(call: CancelOnDrop) -> impl Stream<Item = Step> + Send {
    stream::unfold(Some(call), |call| async {
        let mut call = call?;
        let step = call.next().await;
        let goes_on = step.is_before_the_end();
        Some((step, goes_on.then_some(call)))
    })
}

/// Answers with JSON where the answer comes first and soon, with a stream otherwise.
fn begin<S: Stream<Item = Step> + Send + 'static>(
    watch: impl FnOnce() -> Watch,
    first: Step,
    rest: impl FnOnce() -> S,
    accepts: Accepts,
) -> Response {
    match first {
        Step::Answer(answer) => whole(answer, accepts),
        Step::Nothing => respond::event_stream(stream::empty()),
        before => respond::event_stream(watched::steps(&watch(), before, rest())),
    }
}

/// Cancels a call that is dropped before it is over.
struct CancelOnDrop(Option<Box<CallInFlight>>);

// === impl CancelOnDrop ===

impl CancelOnDrop {
    async fn next(&mut self) -> Step {
        let Some(call) = &mut self.0 else {
            return Step::Nothing;
        };
        let step = call.next().await;
        if !step.is_before_the_end() {
            // There is nothing left to cancel.
            self.0 = None;
        }
        step
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(call) = self.0.take() {
            call.cancel("the client has closed its stream");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;
    use std::time::Duration;
    use tokio::time::sleep;

    async fn relay(
        watch: fn() -> Watch,
        mut steps: impl Stream<Item = Step> + Send + Unpin + 'static,
        accepts: Accepts,
    ) -> Response {
        let first = steps.next().await.unwrap_or(Step::Nothing);
        begin(watch, first, || steps, accepts)
    }

    const BOTH: Accepts = Accepts {
        json: true,
        stream: true,
    };

    fn answer(code: Option<i64>) -> Step {
        let text = Bytes::from_static(b"{}");
        Step::Answer(Final { text, code })
    }

    /// A call that says these things, each after so many seconds.
    fn saying(what: Vec<(u64, Step)>) -> impl Stream<Item = Step> + Send + Unpin + 'static {
        Box::pin(stream::iter(what).then(|(seconds, step)| async move {
            sleep(Duration::from_secs(seconds)).await;
            step
        }))
    }

    async fn body(response: Response) -> String {
        let body = axum::body::to_bytes(response.into_body(), 10_000).await;
        String::from_utf8(body.expect("it ends").to_vec()).expect("text")
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_in_time_has_the_status_of_its_outcome() {
        for (code, status) in [(None, 200), (Some(-32602), 200), (Some(-32601), 404)] {
            let response = relay(Watch::stand_in, saying(vec![(14, answer(code))]), BOTH).await;
            assert_eq!(response.status(), status);
            assert!(!respond::is_event_stream(&response));
            assert_eq!(body(response).await, "{}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_call_has_its_stream_begun_and_kept_alive() {
        let said = saying(vec![(15, Step::Silence), (35, answer(Some(-32601)))]);
        let response = relay(Watch::stand_in, said, BOTH).await;
        assert_eq!(response.status(), 200);
        assert_eq!(
            body(response).await,
            ": keep-alive\n\n: keep-alive\n\ndata: {}\n\n"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_before_the_answer_opens_the_stream() {
        let said = Step::Message(Bytes::from_static(b"1"));
        let response = relay(
            Watch::stand_in,
            saying(vec![(1, said), (1, answer(None))]),
            BOTH,
        )
        .await;
        assert_eq!(body(response).await, "data: 1\n\ndata: {}\n\n");
    }
}
