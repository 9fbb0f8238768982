//! The states of a server, one story each.

use super::*;

fn failure() -> Failure {
    Failure {
        message: Words::new("it is broken", "它坏了"),
        remedy: None,
        last_lines: vec!["boom".to_owned()],
    }
}

fn failed(now: Moment, left: usize) -> Happened {
    Happened::Failed {
        left,
        failure: failure(),
        now,
        jitter: 0.0,
    }
}

fn lost_at(now: Moment, left: usize, seconds: u64) -> Happened {
    Happened::Lost {
        left,
        lived: Duration::from_secs(seconds),
        failure: failure(),
        now,
        jitter: 0.0,
    }
}

fn lost(left: usize, seconds: u64) -> Happened {
    lost_at(Moment::now(), left, seconds)
}

fn ailing() -> Happened {
    Happened::Ailing { failure: failure() }
}

fn ready() -> State {
    State::first().next(Happened::Connected)
}

fn degraded() -> State {
    State::Degraded {
        failures: Failures::default(),
        failure: failure(),
    }
}

#[test]
fn failures_are_retried_later_and_later_and_then_left_alone() {
    let now = Moment::now();
    let mut state = State::first();
    for expected in [1, 2, 4, 8, 60, 120, 240, 300, 300] {
        state = state.next(failed(now, 0));
        let State::Failing { retry_at, .. } = &state else {
            panic!("{state:?}")
        };
        assert_eq!(retry_at.at.duration_since(now.at).as_secs(), expected);
        state = state.next(Happened::Attempt);
        assert!(!state.is_first_start(), "{state:?}");
        assert_eq!(state.word(), "starting");
    }
    assert_eq!(state.next(Happened::Connected).word(), "ready");
    assert_eq!(wait(1, 1.0), Duration::from_millis(750));
}

#[test]
fn a_crash_loop_is_told_in_words_with_what_it_printed_last() {
    let begin = Moment::now();
    let mut state = ready();
    for second in [0, 2, 5, 11, 40] {
        let now = begin.plus(Duration::from_secs(second));
        state = state.next(Happened::Attempt).next(Happened::Connected);
        state = state.next(lost_at(now, 0, 1));
    }
    let State::Failing {
        failure, retry_at, ..
    } = state
    else {
        panic!("{state:?}")
    };
    assert_eq!(
        failure.message,
        Words::new(
            "it ended or could not be started 5 times within 40 s; the last time: it is broken",
            "40 秒内退出或启动失败 5 次，最近一次：它坏了",
        )
    );
    assert_eq!(failure.last_lines, ["boom"]);
    assert!(failure.remedy.is_some());
    let pause = retry_at.at - begin.plus(Duration::from_secs(40)).at;
    assert_eq!(pause, FIRST_BREAK);
    assert_eq!(lasting(Duration::from_secs(119)).en, "2 min");
}

#[test]
fn a_working_server_is_not_called_broken_for_what_concerns_one_connection() {
    assert_eq!(ready().next(failed(Moment::now(), 1)), degraded());
    assert_eq!(ready().next(lost(1, 0)), degraded());
    assert_eq!(ready().next(failed(Moment::now(), 0)).word(), "failing");
    assert_eq!(ready().next(lost(0, 3600)), State::first());
    assert_eq!(ready().next(Happened::Idle), State::stopped());
    assert_eq!(State::Disabled.next(Happened::Attempt), State::Disabled);
}

#[test]
fn a_degraded_server_says_why_until_all_is_well_again() {
    let hung = ready().next(ailing());
    assert_eq!(hung, degraded());
    assert_eq!(hung.clone().failure(), Some(failure()));
    let replacing = hung.next(Happened::Attempt);
    assert_eq!(replacing, degraded(), "it is being replaced");
    assert_eq!(replacing.clone().next(Happened::Connected), ready());
    assert_eq!(replacing.clone().next(Happened::Well), ready());
    assert_eq!(
        replacing.clone().next(failed(Moment::now(), 0)).word(),
        "failing"
    );
    assert_eq!(replacing.next(Happened::Idle), State::stopped());
    // What is not in use is not degraded.
    for state in [State::stopped(), State::Disabled, State::first()] {
        assert_eq!(state.clone().next(ailing()), state);
        assert_eq!(state.clone().next(Happened::Well), state);
    }
}

#[test]
fn a_server_waits_for_its_user_and_starts_afresh_after_that() {
    let why = || Words::new("x", "x");
    let needed = || Happened::SignInNeeded { why: why() };
    let waiting = State::first().next(failed(Moment::now(), 0)).next(needed());
    assert_eq!(waiting, State::NeedsSignIn { why: why() });
    assert_eq!(
        waiting.clone().next(lost(0, 1)),
        waiting,
        "its connections end"
    );
    assert_eq!(waiting.clone().next(Happened::Idle), waiting);
    assert_eq!(waiting.next(Happened::SignedIn), State::first());
    assert_eq!(ready().next(Happened::SignedIn), ready());
    assert_eq!(State::Disabled.next(needed()), State::Disabled);
}

#[test]
fn a_server_that_keeps_ending_is_started_less_and_less_often() {
    let mut state = ready().next(lost(0, 1));
    assert_eq!(state.word(), "starting", "once is forgiven");
    assert_eq!(state.failures().count, 1);
    for failures in 2..5 {
        state = state.next(Happened::Connected).next(lost(0, 1));
        assert_eq!(state.word(), "failing");
        assert_eq!(state.failures().count, failures);
        state = state.next(Happened::Attempt);
    }
    let waiting = State::Starting {
        failures: state.failures(),
    };
    let woken = waiting.next(Happened::Idle).next(Happened::Attempt);
    assert_eq!(woken.failures().count, 4, "nothing is forgotten over that");
    let recovered = state.next(Happened::Connected).next(lost(0, 60));
    assert_eq!(recovered, State::first());
}

#[test]
fn a_server_that_ends_every_half_minute_is_started_at_once_and_at_last_left_alone() {
    let mut state = ready();
    for _ in 1..BREAKS_AT {
        state = state.next(lost(0, 30));
        assert_eq!(state.word(), "starting");
        state = state.next(Happened::Connected);
    }
    assert_eq!(state.next(lost(0, 30)).word(), "failing");
}
