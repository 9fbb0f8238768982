//! A server's answer as the client must see it (MCP 2026-07-28, "Base Protocol / Responses",
//! "Error Codes" and "Caching").
//!
//! | server → client | what changes |
//! |---|---|
//! | same era | the id |
//! | modern → legacy | the id: what a modern result has more is allowed in a legacy one |
//! | legacy → modern | the id; `resultType`, who the server is and hints for caches are put in, codes are replaced that may not be used any more |
//!
//! What is no answer in the era of its client becomes an error that says so.

use wire::{Edit, Envelope, Era, Kind, Span, error_code, members, meta, quote};

use crate::code::forwarded_code;
use crate::look;

const INTERNAL: i64 = error_code::INTERNAL_ERROR as i64;

/// The operations whose complete results say how long they may be kept.
const CACHEABLE: [&str; 6] = [
    "server/discover",
    "tools/list",
    "prompts/list",
    "resources/list",
    "resources/templates/list",
    "resources/read",
];

/// An answer as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The whole message.
    pub text: &'a [u8],
    /// Its id.
    pub id: Span,
    /// Its result or error.
    pub body: Span,
    /// Whether that is an error.
    pub failed: bool,
    /// The result's `resultType`.
    pub result_type: Option<Span>,
}

/// What an answer has to be seen with.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The era of the connection to the server.
    pub server: Era,
    /// The era of the request.
    pub client: Era,
    /// Whether [`cacheable`] says so of the request's method.
    pub cacheable: bool,
    /// Who the server said it is, as raw JSON.
    pub server_info: Option<&'a [u8]>,
}

/// An answer as it goes to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The whole message.
    pub text: Vec<u8>,
    /// Of an error: its code.
    pub code: Option<i64>,
}

/// How a request ended, seen from its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With a result.
    Complete,
    /// The server wants to know more first. Both are places in the answer; `null` counts as none.
    InputRequired {
        /// `inputRequests`.
        requests: Option<Span>,
        /// `requestState`.
        state: Option<Span>,
    },
    /// It goes on as a task.
    Task {
        /// `taskId`, a place in the answer.
        id: Option<Span>,
    },
    /// With an error of this code.
    Failed(i64),
}

/// Whether the results of a method say how long they may be kept ("Caching / Cacheable Results").
pub fn cacheable(method: &str) -> bool {
    CACHEABLE.contains(&method)
}

impl<'a> Answer<'a> {
    /// Of a message; `None` where it is no response.
    pub fn of(text: &'a [u8], envelope: &Envelope) -> Option<Self> {
        let Kind::Response {
            id,
            body,
            failed,
            result_type,
        } = envelope.kind
        else {
            return None;
        };
        Some(Self {
            text,
            id,
            body,
            failed,
            result_type,
        })
    }

    /// Whether the result calls itself `kind`.
    fn is(&self, kind: &str) -> bool {
        let Some(span) = self.result_type else {
            return false;
        };
        let raw = span.of(self.text);
        if memchr::memchr(b'\\', raw).is_none() {
            let inside = raw
                .strip_prefix(b"\"")
                .and_then(|raw| raw.strip_suffix(b"\""));
            return inside == Some(kind.as_bytes());
        }
        look::string(self.text, span).is_some_and(|found| found == kind)
    }

    fn member(&self, name: &str) -> Option<Span> {
        look::member(self.text, self.body, name).filter(|span| span.of(self.text) != b"null")
    }
}

/// The answer for the client, under the id that it gave its request. `also` are changes of the
/// caller's own inside the result, such as a sealed `requestState`.
pub fn write(answer: &Answer<'_>, id: &[u8], facts: &Facts<'_>, also: &[Edit]) -> Written {
    let code = code(answer, facts);
    let unusable = unusable(answer, facts);
    let own = match unusable {
        Some(why) => replaced_by_error(answer, why),
        None => edits(answer, facts),
    };
    let also = if unusable.is_some() { &[] } else { also };
    if own.is_empty() && also.is_empty() {
        let text = wire::splice_one(answer.text, answer.id, id);
        return Written { text, code };
    }
    let mut edits = Vec::with_capacity(1 + own.len() + also.len());
    edits.push((answer.id, id));
    edits.extend(own.iter().chain(also).map(|(span, put)| (*span, &put[..])));
    let text = wire::splice(answer.text, &mut edits);
    Written { text, code }
}

/// How the request ended. Only a modern server's result can be anything but complete: in a legacy
/// one `resultType` is a member like any other.
pub fn ended(answer: &Answer<'_>, facts: &Facts<'_>) -> Ended {
    if facts.server == Era::Modern && answer.is("input_required") {
        let requests = answer.member("inputRequests");
        let state = answer.member("requestState");
        return Ended::InputRequired { requests, state };
    }
    match code(answer, facts) {
        Some(code) => Ended::Failed(code),
        None if facts.server == Era::Modern && answer.is("task") => {
            let id = answer.member("taskId");
            Ended::Task { id }
        }
        None => Ended::Complete,
    }
}

/// The code of the error that the client gets, if it gets one. What is no integer is read as an
/// internal error.
fn code(answer: &Answer<'_>, facts: &Facts<'_>) -> Option<i64> {
    if unusable(answer, facts).is_some() {
        return Some(INTERNAL);
    }
    if !answer.failed {
        return None;
    }
    let (_, code) = code_of(answer).unwrap_or((answer.body, INTERNAL));
    Some(match (facts.server, facts.client) {
        (Era::Legacy, Era::Modern) => forwarded_code(code),
        _ => code,
    })
}

fn code_of(answer: &Answer<'_>) -> Option<(Span, i64)> {
    let place = look::member(answer.text, answer.body, "code")?;
    let code = std::str::from_utf8(place.of(answer.text)).ok()?;
    Some((place, code.parse().ok()?))
}

/// Why an answer of the other era is none for its client.
fn unusable(answer: &Answer<'_>, facts: &Facts<'_>) -> Option<&'static str> {
    match (facts.server, facts.client) {
        (Era::Legacy, Era::Modern) if !look::is_object(answer.text, answer.body) => {
            Some(if answer.failed {
                "the server's error is no object"
            } else {
                "the server's result is no object"
            })
        }
        // What it does not know is invalid ("ResultType"), and a legacy client knows one kind.
        // Whatever it can be asked has been asked before.
        (Era::Modern, Era::Legacy) if answer.result_type.is_some() && !answer.is("complete") => {
            Some("the server's result is not a complete one")
        }
        _ => None,
    }
}

/// What changes in an answer that its client can use; nothing within one era.
fn edits(answer: &Answer<'_>, facts: &Facts<'_>) -> Vec<Edit> {
    if (facts.server, facts.client) != (Era::Legacy, Era::Modern) {
        Vec::new()
    } else if answer.failed {
        let code = code_of(answer);
        let changed = code.filter(|(_, code)| forwarded_code(*code) != *code);
        let edit = changed.map(|(span, code)| (span, forwarded_code(code).to_string().into()));
        edit.into_iter().collect()
    } else {
        additions(answer, facts)
    }
}

fn additions(answer: &Answer<'_>, facts: &Facts<'_>) -> Vec<Edit> {
    let (mut own_meta, mut ttl, mut scope) = (None, false, false);
    for (key, value) in look::each(answer.text, answer.body) {
        match &*key {
            "_meta" => own_meta = Some(value),
            "ttlMs" => ttl = true,
            "cacheScope" => scope = true,
            _ => {}
        }
    }
    let mut edits = Vec::with_capacity(2);
    let mut first = Vec::with_capacity(4);
    match answer.result_type {
        None => first.push(r#""resultType":"complete""#.to_owned()),
        // To the legacy server it meant something of its own.
        Some(other) if !answer.is("complete") => edits.push((other, b"\"complete\"".to_vec())),
        Some(_) => {}
    }
    if let Some(info) = facts.server_info {
        let info = String::from_utf8_lossy(info);
        let info = format!("{}:{info}", quote(meta::SERVER_INFO));
        match own_meta {
            None => first.push(format!(r#""_meta":{{{info}}}"#)),
            Some(of) if of.of(answer.text) == b"null" => {
                edits.push((of, format!("{{{info}}}").into()));
            }
            Some(of) if look::member(answer.text, of, meta::SERVER_INFO).is_none() => {
                edits.extend(put_first(answer.text, of, &info));
            }
            Some(_) => {}
        }
    }
    if facts.cacheable && !ttl {
        first.push(r#""ttlMs":0"#.to_owned());
    }
    if facts.cacheable && !scope {
        first.push(r#""cacheScope":"private""#.to_owned());
    }
    if !first.is_empty() {
        edits.extend(put_first(answer.text, answer.body, &first.join(",")));
    }
    edits
}

/// Puts raw members before all others, without a look at these: results can be long.
fn put_first(text: &[u8], object: Span, first: &str) -> Option<Edit> {
    let inside = object.of(text).strip_prefix(b"{")?;
    let comma = if inside.trim_ascii_start() == b"}" {
        ""
    } else {
        ","
    };
    let at = object.start + 1;
    let place = Span { start: at, end: at };
    Some((place, format!("{first}{comma}").into_bytes()))
}

/// The member that was the answer's `result` or `error` is an error of the gateway's.
fn replaced_by_error(answer: &Answer<'_>, why: &str) -> Vec<Edit> {
    let error = format!(r#""error":{{"code":{INTERNAL},"message":{}}}"#, quote(why));
    let body = members(answer.text).find(|member| member.value == answer.body);
    let place = body.map(|member| Span {
        start: member.key.start - 1,
        end: member.value.end,
    });
    place
        .map(|place| (place, error.into()))
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests;
