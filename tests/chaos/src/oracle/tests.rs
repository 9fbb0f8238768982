//! Each rule can be broken, and what is sound breaks none.

use super::*;
use crate::call::Call;
use crate::town::{DEEDS, Deed, STICKY};

fn deed(server: &str, tool: &str, manner: Manner) -> Deed {
    let found = DEEDS
        .iter()
        .find(|deed| deed.server == server && deed.tool == tool && deed.manner == manner);
    *found.expect("in the town")
}

fn record(token: &str, deed: Deed, end: End) -> Record {
    Record {
        call: Call {
            token: token.to_owned(),
            deed,
            ms: 1,
            rest: Duration::ZERO,
        },
        kind: Kind::Streamable,
        sent: Duration::from_secs(1),
        ended: Duration::from_secs(2),
        end,
    }
}

fn steady(token: &str, end: End) -> Record {
    record(token, deed("steady", "work", Manner::Waits), end)
}

fn answer(token: &str) -> End {
    End::Answer(Some(token.to_owned()))
}

fn unavailable() -> End {
    End::Error(UPSTREAM_UNAVAILABLE, "why".to_owned())
}

fn executed(token: &str, server: &str) -> Execution {
    Execution {
        token: token.to_owned(),
        server: server.to_owned(),
        process: 0,
    }
}

fn line(id: &str, server: &str, end: &str) -> Line {
    Line {
        id: id.to_owned(),
        server: server.to_owned(),
        end: end.to_owned(),
    }
}

/// One call that went well.
fn sound() -> Evidence {
    Evidence {
        calls: vec![steady("a", answer("a"))],
        gateway: vec![line("a", "steady", "answered")],
        executions: vec![executed("a", "steady")],
        ..Evidence::default()
    }
}

fn rules(evidence: &Evidence) -> Vec<Rule> {
    broken(evidence).iter().map(|one| one.rule).collect()
}

/// Of what was sound with one thing changed.
fn changed(change: impl FnOnce(&mut Evidence)) -> Vec<Rule> {
    let mut evidence = sound();
    change(&mut evidence);
    rules(&evidence)
}

#[test]
fn what_is_sound_breaks_no_rule() {
    let mut evidence = sound();
    let died = record("d", deed("mortal", "die", Manner::Waits), unavailable());
    let hangs = deed("hanging", "hang", Manner::Waits);
    let late = record("h", hangs, End::Error(REQUEST_TIMEOUT, "late".to_owned()));
    let cancelled = record("c", deed("hanging", "hang", Manner::Cancels), End::Silence);
    let left = record("l", deed("slow", "work", Manner::Leaves), End::Left);
    let unknown = End::Error(INVALID_PARAMS, "unknown".to_owned());
    let stillborn = record("s", deed("stillborn", "work", Manner::Waits), unknown);
    let again = record("r", deed("mortal", "again", Manner::Waits), answer("r"));
    evidence
        .calls
        .extend([died, late, cancelled, left, stillborn, again]);
    evidence.gateway.extend([
        line("d", "mortal", "died"),
        line("h", "hanging", "timedOut"),
        line("c", "hanging", "cancelled"),
        line("l", "slow", "left"),
        line("r", "mortal", "answered"),
    ]);
    evidence.executions.extend([
        executed("d", "mortal"),
        executed("h", "hanging"),
        executed("l", "slow"),
        executed("r", "mortal"),
        executed("r", "mortal"),
    ]);
    assert_eq!(broken(&evidence), []);
}

#[test]
fn a_call_without_an_end_is_lost() {
    assert_eq!(changed(|all| all.calls[0].end = End::Lost), [Rule::Lost]);
}

#[test]
fn an_answer_beyond_the_first_is_seen() {
    let second = |all: &mut Evidence| all.strays.push(r#"{"id":"a"}"#.to_owned());
    assert_eq!(changed(second), [Rule::AnsweredTwice]);
}

#[test]
fn an_answer_of_another_caller_or_without_any_token_is_seen() {
    assert_eq!(
        changed(|all| all.calls[0].end = answer("b")),
        [Rule::OthersAnswer]
    );
    assert_eq!(
        changed(|all| all.calls[0].end = End::Answer(None)),
        [Rule::OthersAnswer]
    );
}

#[test]
fn a_wrong_error_an_error_at_all_or_an_answer_that_cannot_be_is_seen() {
    let end = |record: Record, line: &'static str| {
        let server = record.call.deed.server;
        let mut evidence = sound();
        evidence.gateway = vec![self::line("a", server, line)];
        evidence.executions = vec![executed("a", server)];
        evidence.calls = vec![record];
        rules(&evidence)
    };
    let die = deed("mortal", "die", Manner::Waits);
    assert_eq!(end(steady("a", unavailable()), "died"), [Rule::WrongEnd]);
    assert_eq!(
        end(steady("a", End::Silence), "cancelled"),
        [Rule::WrongEnd]
    );
    assert_eq!(end(steady("a", End::Left), "left"), [Rule::WrongEnd]);
    assert_eq!(
        end(steady("a", End::Status(404, String::new())), "left"),
        [Rule::WrongEnd]
    );
    assert_eq!(
        end(record("a", die, answer("a")), "answered"),
        [Rule::WrongEnd]
    );
    let late = End::Error(REQUEST_TIMEOUT, "late".to_owned());
    assert_eq!(end(record("a", die, late), "timedOut"), [Rule::WrongEnd]);
    let wordless = End::Error(UPSTREAM_UNAVAILABLE, String::new());
    assert_eq!(end(record("a", die, wordless), "died"), [Rule::WrongEnd]);
}

#[test]
fn a_connection_breaks_only_while_the_gateway_is_away() {
    let cut = |outage: Option<(u64, u64)>| {
        changed(|all| {
            all.calls[0].end = End::Cut("reset".to_owned());
            all.outages = outage
                .map(|(from, until)| Outage {
                    from: Duration::from_millis(from),
                    until: Duration::from_millis(until),
                })
                .into_iter()
                .collect();
        })
    };
    assert_eq!(cut(None), [Rule::CutForNothing]);
    assert_eq!(cut(Some((2_500, 3_000))), [Rule::CutForNothing], "before");
    assert_eq!(cut(Some((100, 900))), [Rule::CutForNothing], "after");
    assert_eq!(cut(Some((1_500, 1_700))), []);
}

#[test]
fn nothing_is_carried_out_twice_that_may_do_harm_nor_anything_too_often() {
    let twice = |all: &mut Evidence| all.executions.push(executed("a", "steady"));
    assert_eq!(changed(twice), [Rule::CarriedOutTwice]);
    let often = |times| {
        changed(|all| {
            all.calls = vec![record(
                "a",
                deed("mortal", "again", Manner::Waits),
                answer("a"),
            )];
            all.gateway = vec![line("a", "mortal", "answered")];
            all.executions = vec![executed("a", "mortal"); times];
        })
    };
    assert_eq!(often(4), []);
    assert_eq!(often(5), [Rule::CarriedOutTwice]);
}

#[test]
fn what_servers_were_sent_belongs_to_a_call_and_to_that_server() {
    let elsewhere = |all: &mut Evidence| all.executions = vec![executed("a", "slow")];
    assert_eq!(changed(elsewhere), [Rule::CarriedOutElsewhere]);
    let nobody = |all: &mut Evidence| all.executions.clear();
    assert_eq!(changed(nobody), [Rule::AnsweredByNobody]);
    let made_up = |all: &mut Evidence| all.executions.push(executed("x", "steady"));
    assert_eq!(changed(made_up), [Rule::CarriedOutForNobody]);
}

#[test]
fn what_was_refused_did_not_reach_its_server() {
    let refused = |all: &mut Evidence| {
        all.calls = vec![record(
            "a",
            deed("mortal", "die", Manner::Waits),
            unavailable(),
        )];
        all.gateway = vec![line("a", "mortal", "refused")];
        all.executions = vec![executed("a", "mortal")];
    };
    assert_eq!(changed(refused), [Rule::CarriedOutThoughRefused]);
}

#[test]
fn the_gateways_log_has_each_call_once_and_says_the_same() {
    assert_eq!(changed(|all| all.gateway.clear()), [Rule::NotInTheLog]);
    let twice = |all: &mut Evidence| all.gateway.push(line("a", "steady", "answered"));
    assert_eq!(changed(twice), [Rule::TwiceInTheLog]);
    let made_up = |all: &mut Evidence| all.gateway.push(line("x", "steady", "answered"));
    assert_eq!(changed(made_up), [Rule::LoggedForNobody]);
    for other in [line("a", "steady", "died"), line("a", "slow", "answered")] {
        assert_eq!(
            changed(|all| all.gateway = vec![other]),
            [Rule::LoggedOtherwise]
        );
    }
}

#[test]
fn calls_over_rest_are_counted() {
    let over_rest = |lines: usize| {
        changed(|all| {
            all.calls[0].kind = Kind::Rest;
            all.gateway = vec![line("0", "steady", "answered"); lines];
        })
    };
    assert_eq!(over_rest(1), []);
    assert_eq!(over_rest(0), [Rule::NotInTheLog]);
    assert_eq!(over_rest(2), [Rule::LoggedForNobody]);
}

#[test]
fn a_call_that_shares_a_process_with_one_that_hangs_may_die_with_it() {
    let end = unavailable();
    let died = |all: &mut Evidence| {
        all.calls = vec![record("a", deed("hanging", "work", Manner::Waits), end)];
        all.gateway = vec![line("a", "hanging", "died")];
        all.executions = vec![executed("a", "hanging")];
    };
    assert_eq!(changed(died), []);
}

#[test]
fn who_can_answer_does_so_once_in_each_round() {
    let mortal = |round: &str, end: fn(&str) -> End| {
        let token = format!("{round}.1.1");
        let end = end(&token);
        record(&token, deed("mortal", "work", Manner::Waits), end)
    };
    let failed: fn(&str) -> End = |_| unavailable();
    let found = |second: fn(&str) -> End| {
        changed(|all| {
            all.rounds = vec!["one", "two"];
            all.calls = vec![mortal("one", answer), mortal("two", second)];
            all.calls.push(mortal("two", failed));
            all.calls[2].call.token = "two.1.2".to_owned();
            let tokens = all.calls.iter().map(|one| one.call.token.clone());
            let tokens: Vec<_> = tokens.collect();
            all.executions = tokens.iter().map(|one| executed(one, "mortal")).collect();
            let ends = all.calls.iter().map(|one| match one.end {
                End::Answer(_) => "answered",
                _ => "died",
            });
            let lines = tokens.iter().zip(ends);
            all.gateway = lines.map(|(one, end)| line(one, "mortal", end)).collect();
        })
    };
    assert_eq!(found(answer), []);
    assert_eq!(found(failed), [Rule::NeverAnswered]);
}

/// Two calls of two clients of the server that gives each session a process of its own.
fn sticky(processes: [usize; 4]) -> Vec<Rule> {
    changed(|all| {
        let tokens = ["r.1.1", "r.1.2", "r.2.1", "r.2.2"];
        let call = |token: &&str| record(token, STICKY, answer(token));
        all.calls = tokens.iter().map(call).collect();
        let logged = tokens.iter().map(|token| line(token, "sticky", "answered"));
        all.gateway = logged.collect();
        let by = tokens
            .iter()
            .zip(processes)
            .map(|(token, process)| Execution {
                process,
                ..executed(token, "sticky")
            });
        all.executions = by.collect();
    })
}

#[test]
fn a_session_keeps_its_process_and_has_it_alone() {
    assert_eq!(sticky([3, 3, 5, 5]), []);
    assert_eq!(sticky([3, 4, 5, 5]), [Rule::SessionMoved]);
    assert_eq!(sticky([3, 3, 3, 3]), [Rule::ProcessShared; 2]);
    assert_eq!(
        sticky([3, 5, 5, 5]),
        [Rule::SessionMoved, Rule::ProcessShared, Rule::ProcessShared][..]
    );
}
