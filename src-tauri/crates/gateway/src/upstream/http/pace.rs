//! How long to wait before a stream is opened again. Pure.

use std::time::Duration;

/// Before the listening stream is opened again, whatever the server asked for.
const LEAST: Duration = Duration::from_secs(1);
/// Before the stream of one call is asked for again.
const LEAST_FOR_A_CALL: Duration = Duration::from_millis(250);
const MOST: Duration = Duration::from_secs(60);

/// The pace at which the listening stream is opened again.
#[derive(Debug)]
pub(crate) struct Pace {
    next: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { next: LEAST }
    }
}

impl Pace {
    /// The wait after an attempt: longer and longer until one was of use.
    /// `asked` is the server's own `retry`.
    pub(crate) fn wait(&mut self, of_use: bool, asked: Option<Duration>) -> Duration {
        if of_use {
            self.next = LEAST;
        }
        let wait = self.next.max(asked.unwrap_or_default()).min(MOST);
        self.next = (self.next * 2).min(MOST);
        wait
    }
}

/// The wait before the stream of a call is asked for again, after `fruitless`
/// attempts that brought nothing.
pub(super) fn resume(fruitless: u32, asked: Option<Duration>) -> Duration {
    let first = asked.unwrap_or(LEAST).clamp(LEAST_FOR_A_CALL, MOST);
    first.saturating_mul(1 << fruitless.min(16)).min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_cannot_ask_for_a_hot_loop() {
        let mut pace = Pace::default();
        let zero = Some(Duration::ZERO);
        let waits = [false, false, false, true, false].map(|of_use| pace.wait(of_use, zero));
        assert_eq!(waits.map(|wait| wait.as_secs()), [1, 2, 4, 1, 2]);
        for _ in 0..20 {
            assert!(pace.wait(false, Some(Duration::MAX)) <= MOST);
        }
        assert_eq!(
            Pace::default().wait(true, Some(Duration::from_secs(7))),
            Duration::from_secs(7)
        );
    }

    #[test]
    fn the_stream_of_a_call_is_resumed_as_asked_then_later_and_later() {
        let asked = Some(Duration::from_millis(500));
        assert_eq!(resume(0, asked), Duration::from_millis(500));
        assert_eq!(resume(2, asked), Duration::from_secs(2));
        assert_eq!(resume(0, Some(Duration::ZERO)), LEAST_FOR_A_CALL);
        assert_eq!(resume(40, None), MOST);
    }
}
