//! Questions inside of results: which of a tool's rounds a request has been through, and what the
//! client is asked next.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::modern::error;
use super::raw::{decoded, object, raw_member};
use super::script::{Ask, Round, Step};

/// How many rounds are behind a request, by its answers and its state; an error where they belong
/// to none of them.
pub(super) fn behind(steps: &[Step], params: &str) -> Result<usize, String> {
    let responses = raw_member(params, "inputResponses");
    let state = raw_member(params, "requestState");
    let rounds: Vec<&Round> = steps
        .iter()
        .filter_map(|step| match step {
            Step::InputRequired(round) => Some(round),
            _ => None,
        })
        .collect();
    if rounds.is_empty() || (responses.is_none() && state.is_none()) {
        return Ok(0);
    }
    let responses = responses.unwrap_or_else(|| "{}".to_owned());
    let is_of =
        |round: &&Round| text(round.state.as_deref().map(RawValue::get)) == text(state.as_deref());
    let is_answered = |round: &Round| {
        questions(round)
            .keys()
            .all(|key| raw_member(&responses, key).is_some())
    };
    if let Some(last) = rounds
        .iter()
        .rposition(|round| is_of(round) && is_answered(round))
    {
        return Ok(last + 1);
    }
    // What is missing is asked for again.
    rounds
        .iter()
        .position(is_of)
        .ok_or_else(|| error(-32602, "The request's state is none of this server's", None))
}

fn text(raw: Option<&str>) -> Option<String> {
    raw.and_then(decoded)
}

/// The questions of a round by key.
pub(super) fn questions(round: &Round) -> BTreeMap<String, Ask> {
    let raw = round.requests.as_deref().map_or("{}", RawValue::get);
    serde_json::from_str(raw).unwrap_or_default()
}

/// The result that asks them.
pub(super) fn written(round: &Round) -> String {
    object(&[
        ("resultType", Some(r#""input_required""#)),
        (
            "inputRequests",
            round.requests.as_deref().map(RawValue::get),
        ),
        ("requestState", round.state.as_deref().map(RawValue::get)),
    ])
}

/// What has come back, byte for byte.
pub(super) fn seen(responses: Option<&str>, state: Option<&str>) -> String {
    object(&[("inputResponses", responses), ("requestState", state)])
}

/// The `result` or the `error` of a client's answer in the other era.
pub(super) fn answer_of(raw: &str) -> String {
    raw_member(raw, "result")
        .or_else(|| raw_member(raw, "error"))
        .unwrap_or_else(|| "null".to_owned())
}
