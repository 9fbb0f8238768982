//! Which requests are still on their way out. Requests run side by side, each
//! on a connection of its own, so a notification written after one could
//! overtake it; this is what it waits for.
//!
//! HTTP never says that a body has been read, short of the response. The next
//! best is known here: the HTTP client lets go of a body's bytes once they are
//! handed to the connection (or cannot be), and a moment later the gateway has
//! them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use tokio::sync::watch;
use tokio::time::Instant;

/// What a request that has just left gets ahead of what follows it: the two
/// come by different connections, and the gateway may look at either first.
const HEAD_START: Duration = Duration::from_millis(5);

/// What a large request gets in addition, for each of so many bytes: the last
/// of them may still lie in the connection's buffers, unread.
const BYTES_PER_MILLISECOND: u64 = 32 << 10;

/// The requests that have not left yet.
#[derive(Default)]
pub(crate) struct Departures {
    waiting: Mutex<watch::Sender<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    tickets: usize,
    /// When the last request that left can be taken to have arrived.
    arrival: Option<Instant>,
}

/// Stands for one request until it has left, failed or been given up: until it is dropped.
pub(crate) struct Ticket {
    waiting: watch::Sender<Waiting>,
    head_start: Duration,
}

/// A body's bytes together with the ticket that ends with them.
struct Ticketed {
    message: Bytes,
    _ticket: Ticket,
}

impl Departures {
    /// Announces a request.
    pub(crate) fn ticket(&self) -> Ticket {
        let waiting = self.waiting().clone();
        waiting.send_modify(|waiting| waiting.tickets += 1);
        Ticket {
            waiting,
            head_start: HEAD_START,
        }
    }

    /// Waits until every request announced so far has left. One that takes
    /// longer than `deadline` is not waited for again.
    pub(crate) async fn all_left(&self, deadline: Duration) {
        let mut waiting = self.waiting().subscribe();
        let left = waiting.wait_for(|waiting| waiting.tickets == 0);
        let arrival = match tokio::time::timeout(deadline, left).await {
            Ok(Ok(left)) => left.arrival,
            // The sender is gone: another call has given these requests up.
            Ok(Err(_)) => None,
            Err(_) => {
                tracing::debug!("a request does not get through; what follows it goes first");
                *self.waiting() = watch::Sender::default();
                None
            }
        };
        if let Some(arrival) = arrival {
            tokio::time::sleep_until(arrival).await;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, watch::Sender<Waiting>> {
        // Every change is a single assignment, so a panic elsewhere leaves it whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Ticket ===

impl Ticket {
    /// The body of the request that this ticket announced.
    ///
    /// It is one that the HTTP client cannot copy: of a plain one it keeps a
    /// copy for redirects until the response comes.
    pub(crate) fn body(mut self, message: Bytes) -> reqwest::Body {
        self.head_start = head_start(message.len());
        let bytes = Bytes::from_owner(Ticketed {
            message,
            _ticket: self,
        });
        reqwest::Body::wrap(Full::new(bytes))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let arrival = Instant::now() + self.head_start;
        self.waiting.send_modify(|waiting| {
            waiting.tickets -= 1;
            waiting.arrival = waiting.arrival.max(Some(arrival));
        });
    }
}

// === impl Ticketed ===

impl AsRef<[u8]> for Ticketed {
    fn as_ref(&self) -> &[u8] {
        &self.message
    }
}

fn head_start(bytes: usize) -> Duration {
    HEAD_START + Duration::from_millis(bytes as u64 / BYTES_PER_MILLISECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Duration = Duration::from_secs(60);

    async fn is_held(departures: &Departures) -> bool {
        let left = departures.all_left(NEVER);
        tokio::time::timeout(HEAD_START * 10, left).await.is_err()
    }

    #[tokio::test]
    async fn nothing_waits_where_no_request_does() {
        let departures = Departures::default();
        let start = Instant::now();
        departures.all_left(Duration::ZERO).await;
        assert!(start.elapsed() < HEAD_START);
    }

    #[tokio::test]
    async fn every_request_is_waited_for_and_the_last_gets_a_head_start() {
        let departures = Departures::default();
        let first = departures.ticket();
        let second = departures.ticket();
        assert!(is_held(&departures).await);
        drop(first);
        assert!(is_held(&departures).await);
        let left = Instant::now();
        drop(second);
        departures.all_left(NEVER).await;
        assert!(left.elapsed() >= HEAD_START);
    }

    #[test]
    fn a_large_request_gets_more_of_a_head_start_but_never_seconds_of_it() {
        assert_eq!(head_start(1000), HEAD_START);
        assert!(head_start(1 << 20) > HEAD_START * 4);
        assert!(head_start(crate::input::LIMIT) < Duration::from_secs(3));
    }

    #[tokio::test]
    async fn a_body_that_is_never_sent_counts_as_left() {
        let departures = Departures::default();
        let body = departures.ticket().body(Bytes::from_static(b"{}"));
        assert!(is_held(&departures).await);
        drop(body);
        assert!(!is_held(&departures).await);
    }

    #[tokio::test]
    async fn a_request_that_is_stuck_holds_up_once_and_no_later_one() {
        let departures = Departures::default();
        let stuck = departures.ticket();
        let deadline = Duration::from_millis(30);
        let start = Instant::now();
        departures.all_left(deadline).await;
        assert!(start.elapsed() >= deadline);
        assert!(!is_held(&departures).await);

        let next = departures.ticket();
        drop(stuck);
        assert!(is_held(&departures).await, "the next is counted by itself");
        drop(next);
        assert!(!is_held(&departures).await);
    }
}
