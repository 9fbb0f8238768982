//! A server's state as a function of what happens to it, with causes in words.
//!
//! Attempts that fail and connections that end soon are counted in a row. After each the
//! next attempt waits longer; after [`BREAKS_AT`] of them the server is left alone for a
//! while, and whoever asks for it is told so at once (a circuit breaker). Starting it anew
//! by hand begins a new count.
//!
//! Pure: time and chance are given.

use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

use crate::words::Words;

/// A server gets this long from its start to its answer to `initialize`;
/// `npx` and `uvx` may have to download it first.
pub(crate) const START_DEADLINE: Duration = Duration::from_secs(60);

/// First wait after a failure; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Failures in a row after which a server is left alone for a while.
pub(crate) const BREAKS_AT: u32 = 5;
/// The first such pause; each further one doubles it.
const FIRST_BREAK: Duration = Duration::from_secs(60);
/// The longest one.
const LONGEST_BREAK: Duration = Duration::from_secs(5 * 60);

/// A connection that ends this soon counts as a start that went wrong.
const QUICK_END: Duration = Duration::from_secs(10);
/// One that lived this long ends the count. In between, it is started again at once, but
/// a server that goes on like that is left alone, too.
const STEADY: Duration = Duration::from_secs(60);

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

/// A moment, for waiting and for showing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) at: Instant,
    pub(crate) clock: SystemTime,
}

/// Attempts that failed and connections that ended soon, in a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Failures {
    count: u32,
    /// When the first of them happened.
    since: Option<Instant>,
}

/// Where a server stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// Not wanted.
    Disabled,
    /// Being started for the first time or again, after `failures`.
    Starting { failures: Failures },
    /// At least one connection is live, and all is well.
    Ready { failures: Failures },
    /// It is used, or will be in a moment, but something is wrong.
    Degraded {
        failures: Failures,
        failure: Failure,
    },
    /// It could not be started; tried again at `retry_at`.
    Failing {
        failures: Failures,
        retry_at: Moment,
        failure: Failure,
    },
    /// No connection, and none wanted until the next call.
    Stopped { failures: Failures },
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
        now: Moment,
        jitter: f64,
    },
    /// A connection ended by itself after `lived`; `left` others live.
    Lost {
        left: usize,
        lived: Duration,
        failure: Failure,
        now: Moment,
        jitter: f64,
    },
    /// A connection does not answer as it should.
    Ailing { failure: Failure },
    /// All connections that are wanted are there and answer.
    Well,
    /// The last connection was closed because nobody used it.
    Idle,
    /// There is no account to connect with.
    SignInNeeded { why: Words },
    /// There is one now.
    SignedIn,
}

impl State {
    /// Where a server stands before anything was tried.
    pub(crate) fn first() -> Self {
        Self::Starting {
            failures: Failures::default(),
        }
    }

    /// Where a server stands that nobody has asked for.
    pub(crate) fn stopped() -> Self {
        Self::Stopped {
            failures: Failures::default(),
        }
    }

    /// What becomes of the state.
    pub(crate) fn next(self, happened: Happened) -> Self {
        match (self, happened) {
            (Self::Disabled, _) => Self::Disabled,
            (state @ (Self::Ready { .. } | Self::Degraded { .. }), Happened::Attempt) => state,
            (state, Happened::Attempt) => Self::Starting {
                failures: state.failures(),
            },
            (state, Happened::Connected) => Self::Ready {
                failures: state.failures(),
            },
            // Growth that fails, or the loss of one of several connections, leaves a
            // working server working.
            (
                Self::Ready { failures } | Self::Degraded { failures, .. },
                Happened::Failed {
                    left: 1.., failure, ..
                }
                | Happened::Lost {
                    left: 1.., failure, ..
                }
                | Happened::Ailing { failure },
            ) => Self::Degraded { failures, failure },
            (Self::Degraded { failures, .. }, Happened::Well) => Self::Ready { failures },
            (state, Happened::Ailing { .. } | Happened::Well) => state,
            (
                state,
                Happened::Failed {
                    failure,
                    now,
                    jitter,
                    ..
                },
            ) => Self::failing(state.failures().one_more(now.at), failure, now, jitter),
            (
                state @ (Self::Ready { .. } | Self::Degraded { .. }),
                Happened::Lost {
                    left: 0,
                    lived,
                    failure,
                    now,
                    jitter,
                },
            ) => {
                if lived >= STEADY {
                    return Self::first();
                }
                let failures = state.failures().one_more(now.at);
                // Once is forgiven.
                let at_once = lived >= QUICK_END || failures.count == 1;
                if at_once && !failures.is_too_many() {
                    Self::Starting { failures }
                } else {
                    // It starts and ends, again and again.
                    Self::failing(failures, failure, now, jitter)
                }
            }
            (state, Happened::Lost { .. }) => state,
            (Self::NeedsSignIn { .. }, Happened::SignedIn) => Self::first(),
            (state, Happened::SignedIn) => state,
            (_, Happened::SignInNeeded { why }) => Self::NeedsSignIn { why },
            // The connections of an account that is no more; and what is wrong stays so.
            (state @ (Self::NeedsSignIn { .. } | Self::Failing { .. }), Happened::Idle) => state,
            // It ended soon after its start, and nobody has asked for it since.
            (Self::Starting { failures }, Happened::Idle) => Self::Stopped { failures },
            (_, Happened::Idle) => Self::stopped(),
        }
    }

    fn failing(failures: Failures, failure: Failure, now: Moment, jitter: f64) -> Self {
        Self::Failing {
            failures,
            retry_at: now.plus(wait(failures.count, jitter)),
            failure: if failures.is_too_many() {
                failures.summed_up(failure, now.at)
            } else {
                failure
            },
        }
    }

    /// Every word for a state.
    #[cfg(test)]
    pub(crate) const WORDS: [&str; 7] = [
        "starting",
        "ready",
        "degraded",
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
            Self::Degraded { .. } => "degraded",
            Self::Failing { .. } => "failing",
            Self::Stopped { .. } => "stopped",
            Self::NeedsSignIn { .. } => "needsSignIn",
        }
    }

    /// Whether it is being started and nothing has gone wrong so far.
    pub(crate) fn is_first_start(&self) -> bool {
        *self == Self::first()
    }

    /// Why it is not as it should be, if so.
    pub(crate) fn failure(self) -> Option<Failure> {
        match self {
            Self::Failing { failure, .. } | Self::Degraded { failure, .. } => Some(failure),
            Self::NeedsSignIn { why } => Some(Failure {
                message: why,
                // The cause says it.
                remedy: None,
                last_lines: Vec::new(),
            }),
            Self::Disabled | Self::Starting { .. } | Self::Ready { .. } | Self::Stopped { .. } => {
                None
            }
        }
    }

    fn failures(&self) -> Failures {
        match self {
            Self::Starting { failures }
            | Self::Ready { failures }
            | Self::Degraded { failures, .. }
            | Self::Stopped { failures }
            | Self::Failing { failures, .. } => *failures,
            Self::Disabled | Self::NeedsSignIn { .. } => Failures::default(),
        }
    }
}

impl Moment {
    /// This one.
    pub(crate) fn now() -> Self {
        Self {
            at: Instant::now(),
            clock: SystemTime::now(),
        }
    }

    /// As computers count it, in seconds.
    pub(crate) fn since_1970(self) -> Option<u64> {
        let since = self.clock.duration_since(SystemTime::UNIX_EPOCH);
        since.ok().map(|since| since.as_secs())
    }

    /// Seconds until then, begun ones included.
    pub(crate) fn seconds_left(self) -> u64 {
        let left = self.at.saturating_duration_since(Instant::now());
        left.as_secs_f64().ceil() as u64
    }

    fn plus(self, wait: Duration) -> Self {
        Self {
            at: self.at + wait,
            clock: self.clock + wait,
        }
    }
}

impl Failures {
    fn one_more(self, now: Instant) -> Self {
        Self {
            count: self.count + 1,
            since: self.since.or(Some(now)),
        }
    }

    /// Whether the server is to be left alone for a while.
    fn is_too_many(self) -> bool {
        self.count >= BREAKS_AT
    }

    /// The last of them as the end of a row.
    fn summed_up(self, last: Failure, now: Instant) -> Failure {
        let since = self
            .since
            .map_or(Duration::ZERO, |since| now.duration_since(since));
        let (count, span) = (self.count, lasting(since));
        let add = |remedy: Option<Words>| {
            let (en, zh) = (
                "then restart it: that tries at once",
                "然后重启它，会立即再试",
            );
            match remedy {
                Some(remedy) => Words::new(
                    format!("{}; {en}", remedy.en),
                    format!("{}；{zh}", remedy.zh),
                ),
                None => Words::new(
                    "restart it once the cause is gone: that tries at once",
                    "排除原因后重启它，会立即再试",
                ),
            }
        };
        Failure {
            message: Words::new(
                format!(
                    "it ended or could not be started {count} times within {}; the last time: {}",
                    span.en, last.message.en
                ),
                format!(
                    "{}内退出或启动失败 {count} 次，最近一次：{}",
                    span.zh, last.message.zh
                ),
            ),
            remedy: Some(add(last.remedy)),
            last_lines: last.last_lines,
        }
    }
}

/// A length of time, roughly.
fn lasting(time: Duration) -> Words {
    match time.as_secs() {
        seconds @ 0..100 => {
            let seconds = seconds.max(1);
            Words::new(format!("{seconds} s"), format!("{seconds} 秒"))
        }
        seconds => {
            let minutes = seconds.div_ceil(60);
            Words::new(format!("{minutes} min"), format!("{minutes} 分钟"))
        }
    }
}

/// Exponential, with up to a quarter taken off by chance.
fn wait(failures: u32, jitter: f64) -> Duration {
    let (first, doublings, longest) = match failures.checked_sub(BREAKS_AT) {
        None => (FIRST_WAIT, failures.saturating_sub(1), FIRST_BREAK),
        Some(more) => (FIRST_BREAK, more, LONGEST_BREAK),
    };
    let doubled = first.saturating_mul(1 << doublings.min(16)).min(longest);
    doubled.mul_f64(1.0 - 0.25 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
