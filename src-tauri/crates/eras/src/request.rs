//! A client's request as the server that gets it must see it (MCP 2026-07-28, "Base Protocol /
//! `_meta`" and "Multi Round-Trip Requests").
//!
//! | client → server | what changes |
//! |---|---|
//! | legacy → legacy | id, progress token, name |
//! | modern → modern | these, and the server's own `requestState` in place of ours |
//! | modern → legacy | these; the claim goes out of `_meta`, `inputResponses` and `requestState` go out of the params |
//! | legacy → modern | these; the claim goes into `_meta`, answers to questions into the params |
//!
//! The claim has to go out, because a server that knows both eras would take the request for a
//! modern one, on a connection where it has said hello as a legacy one.

use wire::{Edit, Envelope, Kind, MODERN, Params, Span, meta, quote, rewrite_members};

use crate::log_level::severity;
use crate::look;

/// What a modern request says of itself in `_meta`.
const CLAIM: [&str; 4] = [
    meta::VERSION,
    meta::CLIENT_CAPABILITIES,
    meta::CLIENT_INFO,
    meta::LOG_LEVEL,
];

/// What a modern request that is made once more brings along in its params. In a legacy one
/// these mean nothing.
const RETRY: [&str; 2] = ["inputResponses", "requestState"];

/// The one extension that works for a client without being able to do anything in the modern
/// way: pages that a host shows.
const UI: &str = "io.modelcontextprotocol/ui";

/// A client's request, and what changes in it whoever gets it.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// As the client wrote it.
    pub text: &'a [u8],
    /// Its envelope.
    pub envelope: &'a Envelope,
    /// A name, URI or task that the server knows under another one, as raw JSON.
    pub renamed: Option<(Span, &'a [u8])>,
}

/// From which era to which one a request goes.
#[derive(Debug, Clone, Copy)]
pub enum Crossing<'a> {
    /// Both legacy.
    LegacyToLegacy,
    /// Both modern.
    ModernToModern {
        /// What the server wrote as `requestState`, as raw JSON, in place of what the client
        /// brings; without it, that stays.
        state: Option<&'a [u8]>,
    },
    /// A modern client's to a legacy server.
    ModernToLegacy,
    /// A legacy client's to a modern server.
    LegacyToModern {
        /// What the request is to say of itself: see [`claim_of`].
        claim: &'a str,
        /// What the server asked for the last time.
        retry: Option<Retry<'a>>,
    },
}

/// What a request brings along that is made once more.
#[derive(Debug, Clone, Copy)]
pub struct Retry<'a> {
    /// The raw `inputResponses`, if anything was asked.
    pub responses: Option<&'a str>,
    /// The raw `requestState`, if and only if there was one.
    pub state: Option<&'a str>,
}

/// The request for a server, under an id of the gateway's own, which is its progress token too
/// if it has one. A message that is no request keeps everything but its name.
pub fn write(out: &Outgoing<'_>, own_id: &str, crossing: &Crossing<'_>) -> Vec<u8> {
    let Outgoing { text, envelope, .. } = *out;
    let params = &envelope.params;
    let mut translated = Vec::new();
    let mut edits: Vec<(Span, &[u8])> = Vec::with_capacity(4);
    if let Kind::Request { id, method } = envelope.kind {
        edits.push((id, own_id.as_bytes()));
        edits.extend(
            params
                .meta_progress_token
                .map(|token| (token, own_id.as_bytes())),
        );
        match crossing {
            Crossing::LegacyToLegacy => {}
            Crossing::ModernToModern { state } => {
                edits.extend(params.request_state.zip(*state));
            }
            Crossing::ModernToLegacy => translated = without_claim(text, params),
            Crossing::LegacyToModern { claim, retry } => {
                translated = with_claim(text, params, method, claim, retry.as_ref());
            }
        }
    }
    edits.extend(out.renamed);
    edits.extend(translated.iter().map(|(span, put)| (*span, put.as_slice())));
    wire::splice(text, &mut edits)
}

/// The members of `_meta` that speak for a legacy client: what it can be asked and who it is, as
/// it said in `initialize`, and the level of `logging/setLevel`, if that is one.
///
/// Of its extensions only those are named that it can use through the gateway; experimental tasks
/// of 2025-11-25 are not those of the modern extension.
pub fn claim_of(capabilities: &str, client_info: Option<&str>, log_level: Option<&str>) -> String {
    let mut claim = member(meta::VERSION, &quote(MODERN));
    let capabilities = modern_capabilities(capabilities);
    claim += &format!(",{}", member(meta::CLIENT_CAPABILITIES, &capabilities));
    if let Some(info) = client_info {
        claim += &format!(",{}", member(meta::CLIENT_INFO, info));
    }
    if let Some(level) = log_level.filter(|level| severity(level).is_some()) {
        claim += &format!(",{}", member(meta::LOG_LEVEL, &quote(level)));
    }
    claim
}

fn modern_capabilities(raw: &str) -> String {
    let text = raw.as_bytes();
    let whole = look::whole(text);
    if !look::is_object(text, whole) {
        return "{}".to_owned();
    }
    let ui = look::at(text, whole, &["extensions", UI]);
    let kept = ui.map(|ui| format!(r#""extensions":{{{}}}"#, member(UI, &raw[ui.range()])));
    let edits = rewrite_members(
        text,
        whole,
        &kept.unwrap_or_default(),
        &["extensions", "tasks"],
    );
    let mut edits: Vec<_> = edits.iter().map(|(span, put)| (*span, &put[..])).collect();
    let written = wire::splice(text, &mut edits);
    String::from_utf8_lossy(&written).trim().to_owned()
}

fn without_claim(text: &[u8], params: &Params) -> Vec<Edit> {
    let Some(whole) = params.whole else {
        return Vec::new();
    };
    let mut gone = Vec::with_capacity(3);
    if params.input_responses.is_some() || params.request_state.is_some() {
        gone.extend(RETRY);
    }
    let mut edits = Vec::new();
    match params.meta {
        // Nothing else is in it, so nothing of it is meant for the server.
        Some(of) if is_claim_alone(text, of) => gone.push("_meta"),
        Some(of) => edits = rewrite_members(text, of, "", &CLAIM),
        None => {}
    }
    if !gone.is_empty() {
        edits.extend(rewrite_members(text, whole, "", &gone));
    }
    edits
}

fn is_claim_alone(text: &[u8], object: Span) -> bool {
    let mut keys = look::each(text, object).map(|(key, _)| key).peekable();
    keys.peek().is_some() && keys.all(|key| CLAIM.contains(&&*key))
}

fn with_claim(
    text: &[u8],
    params: &Params,
    method: Span,
    claim: &str,
    retry: Option<&Retry<'_>>,
) -> Vec<Edit> {
    let mut first = Vec::with_capacity(3);
    let mut edits = Vec::new();
    match params.meta {
        // A legacy client may have claimed a legacy version.
        Some(of) if look::is_object(text, of) => edits = rewrite_members(text, of, claim, &CLAIM),
        Some(of) => edits.push((of, format!("{{{claim}}}").into_bytes())),
        None => first.push(format!(r#""_meta":{{{claim}}}"#)),
    }
    if let Some(retry) = retry {
        let brought = RETRY.into_iter().zip([retry.responses, retry.state]);
        first.extend(brought.filter_map(|(key, raw)| Some(member(key, raw?))));
    }
    let first = first.join(",");
    match params.whole {
        None => {
            let behind = Span {
                start: method.end,
                end: method.end,
            };
            edits.push((behind, format!(r#","params":{{{first}}}"#).into_bytes()));
        }
        Some(whole) if whole.of(text) == b"null" => {
            edits.push((whole, format!("{{{first}}}").into_bytes()));
        }
        // What is no object stays: the server says best what is wrong with it.
        Some(whole) => edits.extend(rewrite_members(text, whole, &first, &RETRY)),
    }
    edits
}

fn member(key: &str, raw: &str) -> String {
    format!("{}:{raw}", quote(key))
}

#[cfg(test)]
mod tests;
