//! A server's state as a function of what happens to it, with causes in words.
//!
//! Pure: time and chance are given.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::words::Words;

/// First wait after a failure; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Longest wait between attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A connection that ends this soon counts as a start that went wrong.
const QUICK_END: Duration = Duration::from_secs(10);

/// What went wrong, for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "ServerError"))]
pub struct Failure {
    /// What happened.
    pub message: Words,
    /// What to do about it.
    pub remedy: Option<Words>,
    /// What the server printed last.
    pub last_lines: Vec<String>,
}

/// Where a server stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// Not wanted.
    Disabled,
    /// Being started for the first time or again; `failures` attempts went wrong before.
    Starting { failures: u32 },
    /// At least one connection is live; `failures` attempts or quick ends came before it.
    Ready { failures: u32 },
    /// It could not be started; tried again at `retry_at`.
    Failing {
        failures: u32,
        retry_at: Instant,
        failure: Failure,
    },
    /// No connection, and none wanted until the next call.
    Stopped,
    /// Its user has to sign in before it can be used.
    NeedsSignIn { why: Words },
}

/// What can happen.
#[derive(Debug, Clone)]
pub(crate) enum Happened {
    /// A connection is being opened.
    Attempt,
    /// It is ready.
    Connected,
    /// It is not, and `left` others live; `jitter` in 0..1 spreads the next
    /// attempts of many servers.
    Failed {
        left: usize,
        failure: Failure,
        now: Instant,
        jitter: f64,
    },
    /// A connection ended by itself after `lived`; `left` others live.
    Lost {
        left: usize,
        lived: Duration,
        failure: Failure,
        now: Instant,
        jitter: f64,
    },
    /// The last connection was closed because nobody used it.
    Idle,
    /// There is no account to connect with.
    SignInNeeded { why: Words },
    /// There is one now.
    SignedIn,
}

impl State {
    /// What becomes of the state.
    pub(crate) fn next(self, happened: Happened) -> Self {
        match (self, happened) {
            (Self::Disabled, _) => Self::Disabled,
            (Self::Ready { failures }, Happened::Attempt) => Self::Ready { failures },
            (state, Happened::Attempt) => Self::Starting {
                failures: state.failures(),
            },
            (state, Happened::Connected) => Self::Ready {
                failures: state.failures(),
            },
            // Growth that fails leaves a working server working.
            (Self::Ready { failures }, Happened::Failed { left: 1.., .. }) => {
                Self::Ready { failures }
            }
            (
                state,
                Happened::Failed {
                    failure,
                    now,
                    jitter,
                    ..
                },
            ) => state.failing(failure, now, jitter),
            (
                state @ Self::Ready { .. },
                Happened::Lost {
                    left: 0,
                    lived,
                    failure,
                    now,
                    jitter,
                },
            ) => match (lived < QUICK_END, state.failures()) {
                (false, _) => Self::Starting { failures: 0 },
                (true, 0) => Self::Starting { failures: 1 },
                // It starts and ends, again and again.
                (true, _) => state.failing(failure, now, jitter),
            },
            (state, Happened::Lost { .. }) => state,
            (Self::NeedsSignIn { .. }, Happened::SignedIn) => Self::Starting { failures: 0 },
            (state, Happened::SignedIn) => state,
            (_, Happened::SignInNeeded { why }) => Self::NeedsSignIn { why },
            // The connections of an account that is no more.
            (state @ Self::NeedsSignIn { .. }, Happened::Idle) => state,
            (_, Happened::Idle) => Self::Stopped,
        }
    }

    fn failing(self, failure: Failure, now: Instant, jitter: f64) -> Self {
        let failures = self.failures() + 1;
        Self::Failing {
            failures,
            retry_at: now + wait(failures, jitter),
            failure,
        }
    }

    /// Every word for a state.
    #[cfg(test)]
    pub(crate) const WORDS: [&str; 6] = [
        "starting",
        "ready",
        "failing",
        "stopped",
        "disabled",
        "needsSignIn",
    ];

    /// One word for it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Starting { .. } => "starting",
            Self::Ready { .. } => "ready",
            Self::Failing { .. } => "failing",
            Self::Stopped => "stopped",
            Self::NeedsSignIn { .. } => "needsSignIn",
        }
    }

    fn failures(&self) -> u32 {
        match self {
            Self::Starting { failures }
            | Self::Ready { failures }
            | Self::Failing { failures, .. } => *failures,
            _ => 0,
        }
    }
}

/// Exponential, with up to a quarter taken off by chance.
fn wait(failures: u32, jitter: f64) -> Duration {
    let doubled = FIRST_WAIT
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(LONGEST_WAIT);
    doubled.mul_f64(1.0 - 0.25 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure() -> Failure {
        Failure {
            message: Words::new("x", "x"),
            remedy: None,
            last_lines: Vec::new(),
        }
    }

    fn failed(now: Instant, left: usize) -> Happened {
        Happened::Failed {
            left,
            failure: failure(),
            now,
            jitter: 0.0,
        }
    }

    fn lost(left: usize, seconds: u64) -> Happened {
        Happened::Lost {
            left,
            lived: Duration::from_secs(seconds),
            failure: failure(),
            now: Instant::now(),
            jitter: 0.0,
        }
    }

    #[test]
    fn failures_are_retried_later_and_later() {
        let now = Instant::now();
        let mut state = State::Starting { failures: 0 };
        for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
            state = state.next(failed(now, 0));
            let State::Failing { retry_at, .. } = &state else {
                panic!("{state:?}")
            };
            assert_eq!(retry_at.duration_since(now).as_secs(), expected);
            state = state.next(Happened::Attempt);
            assert!(matches!(state, State::Starting { failures: 1.. }));
        }
        assert!(matches!(
            state.next(Happened::Connected),
            State::Ready { .. }
        ));
        assert_eq!(wait(1, 1.0), Duration::from_millis(750));
    }

    #[test]
    fn a_working_server_is_not_called_broken_for_what_concerns_one_connection() {
        let ready = || State::Ready { failures: 0 };
        assert_eq!(ready().next(failed(Instant::now(), 1)), ready());
        assert!(matches!(
            ready().next(failed(Instant::now(), 0)),
            State::Failing { .. }
        ));
        assert_eq!(ready().next(lost(1, 0)), ready());
        assert_eq!(ready().next(lost(0, 3600)), State::Starting { failures: 0 });
        assert_eq!(ready().next(Happened::Idle), State::Stopped);
        assert_eq!(State::Disabled.next(Happened::Attempt), State::Disabled);
    }

    #[test]
    fn a_server_waits_for_its_user_and_starts_afresh_after_that() {
        let why = || Words::new("x", "x");
        let needed = || Happened::SignInNeeded { why: why() };
        let waiting = State::Starting { failures: 3 }.next(needed());
        assert_eq!(waiting, State::NeedsSignIn { why: why() });
        assert_eq!(
            waiting.clone().next(lost(0, 1)),
            waiting,
            "its connections end"
        );
        assert_eq!(waiting.clone().next(Happened::Idle), waiting);
        assert_eq!(
            waiting.next(Happened::SignedIn),
            State::Starting { failures: 0 }
        );
        let ready = State::Ready { failures: 0 };
        assert_eq!(ready.clone().next(Happened::SignedIn), ready);
        assert_eq!(State::Disabled.next(needed()), State::Disabled);
    }

    #[test]
    fn a_server_that_keeps_ending_is_started_less_and_less_often() {
        let mut state = State::Ready { failures: 0 };
        state = state.next(lost(0, 1));
        assert_eq!(state, State::Starting { failures: 1 }, "once is forgiven");
        for failures in 2..5 {
            state = state.next(Happened::Connected).next(lost(0, 1));
            assert!(matches!(&state, State::Failing { failures: n, .. } if *n == failures));
            state = state.next(Happened::Attempt);
        }
        let recovered = state.next(Happened::Connected).next(lost(0, 60));
        assert_eq!(recovered, State::Starting { failures: 0 });
    }
}
