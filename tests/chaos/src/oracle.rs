//! Holds the logs of clients, gateway and fake servers against each other. Pure: what it is
//! given is all that it knows, and what it says is which rules are broken.

mod sessions;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Debug, Display};
use std::time::Duration;

use wire::error_code::{INVALID_PARAMS, REQUEST_TIMEOUT, UPSTREAM_UNAVAILABLE};

use crate::call::{End, Record};
use crate::client::Kind;
use crate::gateway_log::Line;
use crate::town::Manner;

/// As often a call may be carried out whose tool says that this does no harm: once, and as
/// often again as `pool.maxRetries` says by default.
const HARMLESS_TIMES: usize = 4;

/// A call that reached a fake server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Execution {
    pub(crate) token: String,
    pub(crate) server: String,
    /// Which of its processes that was.
    pub(crate) process: usize,
}

/// From just before the gateway was killed until its successor was there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outage {
    pub(crate) from: Duration,
    pub(crate) until: Duration,
}

/// All logs.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) calls: Vec<Record>,
    /// Answers that clients did not wait for.
    pub(crate) strays: Vec<String>,
    pub(crate) gateway: Vec<Line>,
    pub(crate) executions: Vec<Execution>,
    pub(crate) outages: Vec<Outage>,
    /// The names of the rounds that are over.
    pub(crate) rounds: Vec<&'static str>,
}

/// A rule that does not hold, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) rule: Rule,
    pub(crate) what: String,
}

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Rule {
    Lost,
    AnsweredTwice,
    OthersAnswer,
    WrongEnd,
    NeverAnswered,
    CutForNothing,
    SessionMoved,
    ProcessShared,
    CarriedOutTwice,
    CarriedOutElsewhere,
    AnsweredByNobody,
    CarriedOutForNobody,
    CarriedOutThoughRefused,
    NotInTheLog,
    TwiceInTheLog,
    LoggedForNobody,
    LoggedOtherwise,
}

/// Every rule that is broken, once for each call that breaks it.
pub(crate) fn broken(evidence: &Evidence) -> Vec<Broken> {
    let mut found = Findings::default();
    for stray in &evidence.strays {
        found.add(Rule::AnsweredTwice, stray);
    }
    let executions = by(&evidence.executions, |one| &one.token);
    let lines = by(&evidence.gateway, |line| &line.id);
    for record in &evidence.calls {
        let token = &record.call.token;
        let of =
            |map: &HashMap<&str, Vec<usize>>| map.get(token.as_str()).cloned().unwrap_or_default();
        let executed: Vec<_> = of(&executions)
            .into_iter()
            .map(|at| &evidence.executions[at])
            .collect();
        let logged: Vec<_> = of(&lines)
            .into_iter()
            .map(|at| &evidence.gateway[at])
            .collect();
        let was_away = evidence.outages.iter().any(|outage| outage.met(record));
        end(record, was_away, &mut found);
        carried_out(record, &executed, &logged, &mut found);
        log(record, was_away, &logged, &mut found);
    }
    let known = by(&evidence.calls, |record| &record.call.token);
    for one in &evidence.executions {
        if !known.contains_key(one.token.as_str()) {
            found.add(Rule::CarriedOutForNobody, one);
        }
    }
    for line in &evidence.gateway {
        // REST has no ids; its calls are counted instead.
        if line.id != "0" && !known.contains_key(line.id.as_str()) {
            found.add(Rule::LoggedForNobody, line);
        }
    }
    rest(evidence, &mut found);
    answered(evidence, &mut found);
    sessions::look(evidence, &known, &mut found);
    found.0
}

/// How the call ended for its client.
fn end(record: &Record, was_away: bool, found: &mut Findings) {
    let deed = &record.call.deed;
    let is_right = match &record.end {
        End::Lost => return found.add(Rule::Lost, record),
        End::Answer(token) if token.as_deref() != Some(record.call.token.as_str()) => {
            return found.add(Rule::OthersAnswer, record);
        }
        End::Answer(_) => deed.answered,
        End::Error(UPSTREAM_UNAVAILABLE, _) if was_away => true,
        End::Error(code, message) => deed.errors.contains(code) && !message.is_empty(),
        End::Silence => deed.manner == Manner::Cancels,
        End::Left => deed.manner == Manner::Leaves,
        End::Cut(_) | End::Status(..) if was_away => true,
        End::Cut(_) => return found.add(Rule::CutForNothing, record),
        End::Status(..) => false,
    };
    if !is_right {
        found.add(Rule::WrongEnd, record);
    }
}

/// What the fake servers know of it.
fn carried_out(record: &Record, executed: &[&Execution], logged: &[&Line], found: &mut Findings) {
    let deed = &record.call.deed;
    let times = if deed.harmless { HARMLESS_TIMES } else { 1 };
    if executed.len() > times {
        found.add(Rule::CarriedOutTwice, record);
    }
    if executed.iter().any(|one| one.server != deed.server) {
        found.add(Rule::CarriedOutElsewhere, record);
    }
    if matches!(record.end, End::Answer(_)) && executed.is_empty() {
        found.add(Rule::AnsweredByNobody, record);
    }
    // Who is told that a call did not reach its server may make it again.
    let is_refused = |line: &&Line| matches!(line.end.as_str(), "refused" | "unsent");
    if !deed.harmless && !executed.is_empty() && logged.iter().any(is_refused) {
        found.add(Rule::CarriedOutThoughRefused, record);
    }
}

/// What the gateway has written down of it.
fn log(record: &Record, was_away: bool, logged: &[&Line], found: &mut Findings) {
    if record.kind == Kind::Rest {
        return;
    }
    let [line] = logged else {
        if logged.len() > 1 {
            found.add(Rule::TwiceInTheLog, record);
        } else if !was_away && is_a_servers_matter(&record.end) {
            found.add(Rule::NotInTheLog, record);
        }
        return;
    };
    let says = |ends: &[&str]| ends.contains(&line.end.as_str());
    let agrees = match &record.end {
        End::Answer(_) => says(&["answered"]),
        End::Error(REQUEST_TIMEOUT, _) => says(&["timedOut"]),
        // A bridge says this of a gateway that went away, too.
        End::Error(UPSTREAM_UNAVAILABLE, _) => {
            was_away || says(&["refused", "unsent", "died", "unusable"])
        }
        End::Error(..) => says(&["failed"]),
        End::Silence => says(&["cancelled"]),
        End::Left | End::Cut(_) | End::Lost | End::Status(..) => true,
    };
    if !agrees || line.server != record.call.deed.server {
        let both = format!("{record:?}, and the gateway {line:?}");
        found.add(Rule::LoggedOtherwise, &Text(&both));
    }
}

/// Whether a call that ended so was on its way to a server.
fn is_a_servers_matter(end: &End) -> bool {
    match end {
        End::Answer(_) => true,
        End::Error(code, _) => *code != INVALID_PARAMS,
        // A cancellation may come before its call and end it before it is anybody's.
        End::Silence | End::Left | End::Cut(_) | End::Lost | End::Status(..) => false,
    }
}

/// REST has no ids: as many lines as calls at most, and as answers at least.
fn rest(evidence: &Evidence, found: &mut Findings) {
    let of_rest = || evidence.calls.iter().filter(|one| one.kind == Kind::Rest);
    let lines = evidence.gateway.iter().filter(|line| line.id == "0");
    let answered = of_rest().filter(|one| {
        is_a_servers_matter(&one.end) && !evidence.outages.iter().any(|outage| outage.met(one))
    });
    let (calls, lines, answered) = (of_rest().count(), lines.count(), answered.count());
    let said =
        format!("over REST {calls} calls, {answered} of them ended by a server, and {lines} lines");
    if lines > calls {
        found.add(Rule::LoggedForNobody, &Text(&said));
    }
    if lines < answered {
        found.add(Rule::NotInTheLog, &Text(&said));
    }
}

/// An error is a right end of many a call, but not of all: each server that can answer has done so
/// at least once in each round.
fn answered(evidence: &Evidence, found: &mut Findings) {
    for (of, _) in asked(evidence).iter().filter(|(_, counted)| counted.1 == 0) {
        found.add(Rule::NeverAnswered, &Text(&in_round(of)));
    }
}

/// Of what was answered least often, for reading.
pub(crate) fn rarest(evidence: &Evidence) -> Option<String> {
    let asked = asked(evidence);
    let (of, (asked, answered)) = asked.iter().min_by_key(|(_, counted)| counted.1)?;
    let of = in_round(of);
    Some(format!("{of}, {answered} times of {asked}"))
}

/// Of each server that can answer, in each round: how often it was asked and has answered.
fn asked(evidence: &Evidence) -> BTreeMap<(&str, &str), (usize, usize)> {
    let mut asked: BTreeMap<_, (usize, usize)> = BTreeMap::new();
    for record in &evidence.calls {
        let (call, deed) = (&record.call, &record.call.deed);
        let counts = deed.answered && deed.manner == Manner::Waits;
        if counts && evidence.rounds.contains(&call.round()) {
            let counted = asked.entry((call.round(), deed.server)).or_default();
            counted.0 += 1;
            counted.1 += usize::from(matches!(record.end, End::Answer(_)));
        }
    }
    asked
}

fn in_round((round, server): &(&str, &str)) -> String {
    format!("{server} in the round `{round}`")
}

fn by<T>(all: &[T], key: impl Fn(&T) -> &String) -> HashMap<&str, Vec<usize>> {
    let mut map: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, one) in all.iter().enumerate() {
        map.entry(key(one).as_str()).or_default().push(at);
    }
    map
}

#[derive(Default)]
struct Findings(Vec<Broken>);

/// A text as it is.
struct Text<'a>(&'a str);

impl Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Findings {
    fn add(&mut self, rule: Rule, what: &(impl Debug + ?Sized)) {
        let what = format!("{what:?}");
        self.0.push(Broken { rule, what });
    }
}

// === impl Outage ===

impl Outage {
    fn met(&self, record: &Record) -> bool {
        record.sent <= self.until && record.ended >= self.from
    }
}

// === impl Rule ===

impl Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lost => "a call got no answer and no error",
            Self::AnsweredTwice => "an answer came that nobody waited for (any more)",
            Self::OthersAnswer => "an answer came to another caller than the one it is for",
            Self::WrongEnd => "a call ended otherwise than it may",
            Self::NeverAnswered => "a server that can answer has answered nothing",
            Self::SessionMoved => "a session that has a process of its own was given another",
            Self::ProcessShared => "a process that belongs to one session served another",
            Self::CutForNothing => "a connection broke although the gateway was there",
            Self::CarriedOutTwice => "a call was carried out more often than it may be",
            Self::CarriedOutElsewhere => "a call was carried out by another server",
            Self::AnsweredByNobody => "a call was answered that no server has seen",
            Self::CarriedOutForNobody => "a server was sent a call that no client made",
            Self::CarriedOutThoughRefused => {
                "a call reached its server although its client was told that it did not"
            }
            Self::NotInTheLog => "a call is missing in the gateway's log",
            Self::TwiceInTheLog => "a call is in the gateway's log twice",
            Self::LoggedForNobody => "the gateway's log has a call that no client made",
            Self::LoggedOtherwise => "the gateway's log says otherwise than the client",
        })
    }
}
