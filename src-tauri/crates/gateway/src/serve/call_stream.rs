//! The event stream of a call that says something before its answer.

use std::convert::Infallible;

use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::time::{MissedTickBehavior, interval};
use wire::encode_sse;

use super::respond;
use crate::call::Step;

/// The events of a call from `first` on, kept alive. `steps` keep what they are waiting for, so
/// that nothing of it is lost with a comment between.
pub(super) fn response(
    first: Bytes,
    steps: impl Stream<Item = Step> + Send + Unpin + 'static,
) -> Response {
    let mut ticks = interval(respond::KEEP_ALIVE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    let rest = stream::unfold((steps, ticks), |(mut steps, mut ticks)| async {
        let step = tokio::select! {
            step = steps.next() => step?,
            _ = ticks.tick() => return Some((respond::COMMENT, (steps, ticks))),
        };
        let message = match step {
            Step::Message(message) => message,
            Step::Answer(answer) => answer.text,
            Step::Nothing => return None,
        };
        Some((encode_sse(None, &message).into(), (steps, ticks)))
    });
    let events = stream::iter([first]).chain(rest);
    respond::event_stream(events.map(Ok::<Bytes, Infallible>))
}
