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

/// What went wrong, for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
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
    /// At least one connection is live.
    Ready,
    /// It could not be started; tried again at `retry_at`.
    Failing {
        failures: u32,
        retry_at: Instant,
        failure: Failure,
    },
    /// No connection, and none wanted until the next call.
    Stopped,
}

/// What can happen.
#[derive(Debug, Clone)]
pub(crate) enum Happened {
    /// A connection is being opened.
    Attempt,
    /// It is ready.
    Connected,
    /// It is not; `jitter` in 0..1 spreads the next attempts of many servers.
    Failed {
        failure: Failure,
        now: Instant,
        jitter: f64,
    },
    /// A connection ended by itself; `left` others live.
    Lost { left: usize },
    /// The last connection was closed because nobody used it.
    Idle,
}

impl State {
    /// What becomes of the state.
    pub(crate) fn next(self, happened: Happened) -> Self {
        match (self, happened) {
            (Self::Disabled, _) => Self::Disabled,
            (Self::Ready, Happened::Attempt) => Self::Ready,
            (Self::Failing { failures, .. } | Self::Starting { failures }, Happened::Attempt) => {
                Self::Starting { failures }
            }
            (Self::Stopped, Happened::Attempt) => Self::Starting { failures: 0 },
            (_, Happened::Connected) => Self::Ready,
            // Growth that fails leaves a working server working.
            (Self::Ready, Happened::Failed { .. }) => Self::Ready,
            (
                state,
                Happened::Failed {
                    failure,
                    now,
                    jitter,
                },
            ) => {
                let failures = state.failures() + 1;
                Self::Failing {
                    failures,
                    retry_at: now + wait(failures, jitter),
                    failure,
                }
            }
            (Self::Ready, Happened::Lost { left: 0 }) => Self::Starting { failures: 0 },
            (state, Happened::Lost { .. }) => state,
            (_, Happened::Idle) => Self::Stopped,
        }
    }

    /// One word for it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Starting { .. } => "starting",
            Self::Ready => "ready",
            Self::Failing { .. } => "failing",
            Self::Stopped => "stopped",
        }
    }

    fn failures(&self) -> u32 {
        match self {
            Self::Starting { failures } | Self::Failing { failures, .. } => *failures,
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

    fn failed(now: Instant) -> Happened {
        let failure = Failure {
            message: Words::new("x", "x"),
            remedy: None,
            last_lines: Vec::new(),
        };
        Happened::Failed {
            failure,
            now,
            jitter: 0.0,
        }
    }

    #[test]
    fn failures_are_retried_later_and_later() {
        let now = Instant::now();
        let mut state = State::Starting { failures: 0 };
        for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
            state = state.next(failed(now));
            let State::Failing { retry_at, .. } = &state else {
                panic!("{state:?}")
            };
            assert_eq!(retry_at.duration_since(now).as_secs(), expected);
            state = state.next(Happened::Attempt);
            assert!(matches!(state, State::Starting { failures: 1.. }));
        }
        assert_eq!(state.next(Happened::Connected), State::Ready);
        assert_eq!(wait(1, 1.0), Duration::from_millis(750));
    }

    #[test]
    fn a_working_server_is_not_called_broken_for_what_concerns_one_connection() {
        assert_eq!(State::Ready.next(failed(Instant::now())), State::Ready);
        assert_eq!(State::Ready.next(Happened::Lost { left: 1 }), State::Ready);
        assert_eq!(
            State::Ready.next(Happened::Lost { left: 0 }),
            State::Starting { failures: 0 }
        );
        assert_eq!(State::Ready.next(Happened::Idle), State::Stopped);
        assert_eq!(State::Disabled.next(Happened::Attempt), State::Disabled);
    }
}
