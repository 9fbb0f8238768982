//! The server that gives each session a process of its own: the calls of a session reach one
//! process, and nobody else's do.

use std::collections::HashMap;

use super::{Evidence, Findings, Outage, Rule, Text};
use crate::call::Record;
use crate::town::STICKY;

/// A client has one session with each gateway that it meets: its name, and how many gateways
/// were gone by then.
type Session<'a> = (&'a str, usize);

/// `known` tells where the calls of a token stand.
pub(super) fn look(evidence: &Evidence, known: &HashMap<&str, Vec<usize>>, found: &mut Findings) {
    let mut processes: HashMap<Session<'_>, usize> = HashMap::new();
    let mut owners: HashMap<usize, Session<'_>> = HashMap::new();
    for one in &evidence.executions {
        let record = known
            .get(one.token.as_str())
            .and_then(|at| evidence.calls.get(*at.first()?));
        let Some(record) = record.filter(|_| one.server == STICKY.server) else {
            continue;
        };
        // While a gateway goes and the next one comes, either may have been asked.
        let Some(session) = session(record, &evidence.outages) else {
            continue;
        };
        if *processes.entry(session).or_insert(one.process) != one.process {
            found.add(Rule::SessionMoved, record);
        }
        let owner = *owners.entry(one.process).or_insert(session);
        if owner != session {
            let said = format!("{} and {}", owner.0, session.0);
            found.add(Rule::ProcessShared, &Text(&said));
        }
    }
}

fn session<'a>(record: &'a Record, outages: &[Outage]) -> Option<Session<'a>> {
    if outages.iter().any(|outage| outage.met(record)) {
        return None;
    }
    let over = outages.iter().filter(|outage| outage.until < record.sent);
    Some((record.call.client(), over.count()))
}
