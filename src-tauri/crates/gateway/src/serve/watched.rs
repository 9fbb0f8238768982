//! An event stream that is kept alive, and that a client loses who does not read it: its
//! connection would keep what waits for ever.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use wire::encode_sse;

use super::queue::{Queue, Stalled};
use super::respond;
use crate::call::Step;
use crate::core::Core;

/// As many bytes are taken from a source before its client has read them.
const UNDER_WAY: usize = 64 * 1024;

/// Whose stream it is, in the words of the log.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Call,
    Session,
    Subscription,
}

/// Who looks after the stream of a client, and how long that may read nothing.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    tasks: TaskTracker,
    patience: Duration,
}

/// One client's stream. What it is fed from is dropped with it.
struct Open {
    queue: Arc<Queue>,
    ticks: Interval,
    _gone: DropGuard,
}

/// The events of a stream: `first`, and what `source` has until it ends, with comments where it
/// has nothing. A source whose client takes nothing for `limits.slowReader` is dropped, while
/// something waits.
pub(super) fn events(
    watch: &Watch,
    kind: Kind,
    first: Bytes,
    source: impl Stream<Item = Bytes> + Send + 'static,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    let queue = Arc::new(Queue::new(UNDER_WAY, watch.patience));
    let gone = CancellationToken::new();
    let filling = fill(Arc::clone(&queue), kind, source);
    let ended = gone.clone().cancelled_owned();
    watch.tasks.spawn(async move {
        tokio::select! {
            biased;
            () = ended => {}
            () = filling => {}
        }
    });
    let mut ticks = interval(respond::KEEP_ALIVE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    let open = Open {
        queue,
        ticks,
        _gone: gone.drop_guard(),
    };
    let rest = stream::unfold(open, |mut open| async {
        let event = tokio::select! {
            biased;
            event = open.queue.take() => event?,
            _ = open.ticks.tick() => respond::COMMENT,
        };
        Some((event, open))
    });
    stream::iter([first]).chain(rest).map(Ok)
}

/// The stream of a call from `first` on, which comes before its answer.
pub(super) fn steps(
    watch: &Watch,
    first: Step,
    rest: impl Stream<Item = Step> + Send + 'static,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    let first = event(first).unwrap_or(respond::COMMENT);
    let rest = rest.filter_map(async |step| event(step));
    events(watch, Kind::Call, first, rest)
}

/// A step as an event, if anything is to be sent.
fn event(step: Step) -> Option<Bytes> {
    match step {
        Step::Message(message) => Some(encode_sse(None, &message).into()),
        Step::Answer(answer) => Some(encode_sse(None, &answer.text).into()),
        Step::Silence => Some(respond::COMMENT),
        Step::Nothing => None,
    }
}

/// Moves what a source has to its client, as fast as that reads.
async fn fill(queue: Arc<Queue>, kind: Kind, source: impl Stream<Item = Bytes> + Send) {
    let mut source = std::pin::pin!(source);
    while let Some(event) = source.next().await {
        if let Err(Stalled) = queue.push(event).await {
            tracing::warn!(
                "{} has read nothing for {} ms (limits.slowReader) and is hung up on",
                kind.words(),
                queue.patience().as_millis()
            );
            return queue.give_up();
        }
    }
    queue.finish();
}

// === impl Watch, Kind ===

impl Watch {
    pub(super) fn of(core: &Core) -> Self {
        Self {
            tasks: core.tasks.clone(),
            patience: core.live().config.limits.slow_reader,
        }
    }

    /// Of nobody.
    #[cfg(test)]
    pub(super) fn stand_in() -> Self {
        Self {
            tasks: TaskTracker::new(),
            patience: Duration::from_secs(30),
        }
    }
}

impl Kind {
    const fn words(self) -> &'static str {
        match self {
            Self::Call => "the client of a call",
            Self::Session => "the client of a session's stream",
            Self::Subscription => "the client of a subscription",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::Locked;
    use std::sync::Mutex;

    /// Says when it is dropped.
    struct Told(Arc<Mutex<bool>>);

    impl Drop for Told {
        fn drop(&mut self) {
            *self.0.locked() = true;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_nothing_is_given_up_with_everything_that_waits() {
        let queue = Arc::new(Queue::new(1000, Duration::from_secs(30)));
        let dropped = Arc::new(Mutex::new(false));
        let told = Told(Arc::clone(&dropped));
        let endless = stream::repeat_with(move || {
            let _kept = &told;
            Bytes::from_static(&[b'x'; 600])
        });
        fill(Arc::clone(&queue), Kind::Call, endless).await;
        assert!(*dropped.locked());
        assert_eq!(queue.take().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_without_news_is_kept_alive() {
        let first = Bytes::from_static(b"1");
        let events = events(&Watch::stand_in(), Kind::Session, first, stream::pending());
        let begun = tokio::time::Instant::now();
        let got: Vec<_> = events.take(3).collect().await;
        assert_eq!(
            got,
            [Ok("1".into()), Ok(respond::COMMENT), Ok(respond::COMMENT)]
        );
        assert_eq!(begun.elapsed(), 2 * respond::KEEP_ALIVE);
    }

    #[tokio::test(start_paused = true)]
    async fn who_leaves_takes_the_source_along() {
        let dropped = Arc::new(Mutex::new(false));
        let told = Told(Arc::clone(&dropped));
        let source = stream::pending().inspect(move |_| {
            let _kept = &told;
        });
        let watch = Watch::stand_in();
        let events = events(&watch, Kind::Call, Bytes::new(), source);
        drop(events);
        watch.tasks.close();
        watch.tasks.wait().await;
        assert!(*dropped.locked());
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_ends_ends_its_stream_after_what_waits() {
        let queue = Arc::new(Queue::new(1000, Duration::from_secs(30)));
        let source = stream::iter(["a", "b"].map(Bytes::from));
        fill(Arc::clone(&queue), Kind::Session, source).await;
        assert_eq!(queue.take().await.as_deref(), Some(&b"a"[..]));
        assert_eq!(queue.take().await.as_deref(), Some(&b"b"[..]));
        assert_eq!(queue.take().await, None);
    }
}
