//! What a server wants to know before it answers: a result of the kind `input_required` in the
//! modern era, requests of its own in the legacy one (MCP 2026-07-28, "Multi Round-Trip Requests";
//! MCP 2025-11-25, "Elicitation").

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use wire::{Span, error_code, meta, quote, rewrite_members, splice};

use crate::look;

/// How often a server may want to know something more about one request of a legacy client,
/// who is not there to give up.
pub const ROUNDS: usize = 32;

/// What a server can ask a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Question {
    /// Something of its user.
    Elicitation,
    /// Something of its model.
    Sampling,
    /// Which folders it works in.
    Roots,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What its answer is to be called, as a raw JSON string.
    pub key: Bytes,
    /// What is asked.
    pub question: Question,
    /// The raw object, where there is one.
    pub params: Option<Bytes>,
}

/// What is wanted before a request can be answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Required {
    /// In the order of the text.
    pub asked: Vec<Asked>,
    /// The raw JSON string that has to come back, exactly as it is.
    pub state: Option<Bytes>,
}

/// Why a result of the kind `input_required` is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotUsable {
    /// Neither a question nor a state.
    #[error("the server wants input and does not say which")]
    Nothing,
    /// `inputRequests` is no object.
    #[error("the server's `inputRequests` is no object")]
    Requests,
    /// `requestState` is no string.
    #[error("the server's `requestState` is no string")]
    State,
    /// A question without a method that there is.
    #[error("the server asks {0} with a method that does not exist")]
    Method(String),
    /// Params are missing, or no object.
    #[error("the server asks {0} without the params of its method")]
    Params(String),
    /// Two questions of the same name.
    #[error("the server asks {0} twice")]
    Twice(String),
}

impl Question {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Elicitation, "elicitation/create"),
        (Self::Sampling, "sampling/createMessage"),
        (Self::Roots, "roots/list"),
    ];

    /// The question that a method asks.
    pub fn of(method: &str) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|(_, name)| *name == method);
        found.map(|(question, _)| question)
    }

    /// Its method.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Elicitation => Self::ALL[0].1,
            Self::Sampling => Self::ALL[1].1,
            Self::Roots => Self::ALL[2].1,
        }
    }
}

impl Asked {
    /// A question with a name of the gateway's own: `q1`, `q2`, …
    pub fn numbered(number: usize, question: Question, params: Option<Bytes>) -> Self {
        let key = format!(r#""q{number}""#).into();
        Self {
            key,
            question,
            params,
        }
    }
}

/// Reads a result of the kind `input_required`. `null` counts as absent; of a question only its
/// method and params are kept.
///
/// # Errors
/// [`NotUsable`], where the specification does not allow it.
pub fn split(result: &Bytes) -> Result<Required, NotUsable> {
    let whole = look::whole(result);
    let member = |name| look::member(result, whole, name).filter(|at| at.of(result) != b"null");
    let state = match member("requestState") {
        Some(at) if look::string(result, at).is_none() => return Err(NotUsable::State),
        state => state.map(|at| result.slice(at.range())),
    };
    let mut asked: Vec<Asked> = Vec::new();
    let mut names = HashSet::new();
    if let Some(requests) = member("inputRequests") {
        if !look::is_object(result, requests) {
            return Err(NotUsable::Requests);
        }
        let raw = requests.of(result);
        for member in wire::members(raw) {
            let name = look::key(raw, &member);
            let key = Span {
                start: member.key.start - 1,
                end: member.key.end + 1,
            };
            asked.push(Asked {
                key: result.slice(key.shifted(requests.start).range()),
                ..question(result, member.value.shifted(requests.start), &name)?
            });
            if !names.insert(name.clone()) {
                return Err(NotUsable::Twice(quote(&name)));
            }
        }
    }
    if asked.is_empty() && state.is_none() {
        return Err(NotUsable::Nothing);
    }
    Ok(Required { asked, state })
}

fn question(text: &Bytes, entry: Span, name: &str) -> Result<Asked, NotUsable> {
    let method = look::member(text, entry, "method").and_then(|at| look::string(text, at));
    let question = method
        .and_then(|method| Question::of(&method))
        .ok_or_else(|| NotUsable::Method(quote(name)))?;
    let params = look::member(text, entry, "params").filter(|at| at.of(text) != b"null");
    let usable = match params {
        Some(at) => look::is_object(text, at),
        None => question == Question::Roots,
    };
    if !usable {
        return Err(NotUsable::Params(quote(name)));
    }
    Ok(Asked {
        key: Bytes::new(),
        question,
        params: params.map(|at| text.slice(at.range())),
    })
}

/// The result of the kind `input_required` that says so to a modern client.
pub fn input_required(required: &Required, server_info: Option<&[u8]>) -> Vec<u8> {
    let mut out = br#"{"resultType":"input_required""#.to_vec();
    // One of the two has to be there.
    if !required.asked.is_empty() || required.state.is_none() {
        out.extend_from_slice(br#","inputRequests":{"#);
        for (number, asked) in required.asked.iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&asked.key);
            let method = quote(asked.question.method());
            out.extend_from_slice(format!(r#":{{"method":{method}"#).as_bytes());
            if let Some(params) = &asked.params {
                out.extend_from_slice(br#","params":"#);
                out.extend_from_slice(params);
            }
            out.push(b'}');
        }
        out.push(b'}');
    }
    if let Some(state) = &required.state {
        out.extend_from_slice(br#","requestState":"#);
        out.extend_from_slice(state);
    }
    if let Some(info) = server_info {
        out.extend_from_slice(format!(r#","_meta":{{{}:"#, quote(meta::SERVER_INFO)).as_bytes());
        out.extend_from_slice(info);
        out.push(b'}');
    }
    out.push(b'}');
    out
}

/// The request that asks a legacy client, under a raw id. An address to visit has an
/// `elicitationId` there, which the modern era does not know any more.
pub fn as_legacy_question(asked: &Asked, id: &str) -> Vec<u8> {
    let params = asked.params.as_deref().unwrap_or_default();
    let whole = look::whole(params);
    let mut edits = Vec::new();
    if asked.question == Question::Elicitation && is_url(params) {
        let named = look::member(params, whole, "elicitationId");
        if named.and_then(|at| look::string(params, at)).is_none() {
            let own = if id.starts_with('"') {
                id.to_owned()
            } else {
                quote(id)
            };
            let own = format!(r#""elicitationId":{own}"#);
            edits = rewrite_members(params, whole, &own, &["elicitationId"]);
        }
    }
    let mut edits: Vec<_> = edits.iter().map(|(span, put)| (*span, &put[..])).collect();
    let params = splice(params, &mut edits);
    wire::request(
        id,
        asked.question.method(),
        &String::from_utf8_lossy(&params),
    )
}

fn is_url(params: &[u8]) -> bool {
    let mode = look::member(params, look::whole(params), "mode");
    mode.and_then(|at| look::string(params, at))
        .is_some_and(|mode| mode == "url")
}

/// The `inputResponses` of the next request: raw names and results, in this order.
pub fn responses<'a>(got: impl IntoIterator<Item = (&'a Bytes, &'a Bytes)>) -> String {
    let members: Vec<String> = got
        .into_iter()
        .map(|(key, result)| {
            let (key, result) = (
                String::from_utf8_lossy(key),
                String::from_utf8_lossy(result),
            );
            format!("{key}:{result}")
        })
        .collect();
    format!("{{{}}}", members.join(","))
}

/// What a client's `inputResponses` answer to each question, in their order. An answer that is no
/// object is none; one that was not asked for is left alone.
pub fn given(responses: &Bytes, asked: &[Asked]) -> Vec<Option<Bytes>> {
    let whole = look::whole(responses);
    let given: HashMap<_, _> = look::each(responses, whole).collect();
    let answer = |asked: &Asked| {
        let at = *given.get(&wire::string_text(&asked.key)?)?;
        look::is_object(responses, at).then(|| responses.slice(at.range()))
    };
    asked.iter().map(answer).collect()
}

/// Whether the result of an elicitation says that the user agrees.
pub fn accepted(result: &[u8]) -> bool {
    let action = look::member(result, look::whole(result), "action");
    action
        .and_then(|at| look::string(result, at))
        .is_some_and(|action| action == "accept")
}

/// The addresses that have to be visited before a legacy server answers (-32042 of MCP
/// 2025-11-25), as questions to a modern client. `None` for every other error, and where it does
/// not say which.
pub fn url_elicitations(error: &Bytes) -> Option<Vec<Asked>> {
    let whole = look::whole(error);
    let code = look::member(error, whole, "code")?;
    if code.of(error) != error_code::URL_ELICITATION_REQUIRED.to_string().as_bytes() {
        return None;
    }
    let list = look::at(error, whole, &["data", "elicitations"])?;
    let asked: Option<Vec<Asked>> = look::elements(error, list)
        .into_iter()
        .enumerate()
        .map(|(place, element)| {
            let params = error.slice(element.range());
            let names_one = look::at(error, element, &["url"])
                .is_some_and(|at| look::string(error, at).is_some());
            (names_one && is_url(&params))
                .then(|| Asked::numbered(place + 1, Question::Elicitation, Some(params)))
        })
        .collect();
    asked.filter(|asked| !asked.is_empty())
}

#[cfg(test)]
mod tests;
