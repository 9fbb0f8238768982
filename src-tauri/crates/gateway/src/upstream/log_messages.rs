//! `notifications/message`: what a server logs, kept and passed on (MCP, "Logging").

use bytes::Bytes;
use wire::{Envelope, Era};

use super::Connection;
use super::inbox::Inbox;
use super::pending::Candidate;
use crate::log_level::LogLevel;
use crate::logs::Source;
use crate::server::log::LONGEST;

/// A log message is kept, and goes to the client whose call is alone in flight, else to
/// every client that asked for log messages of its level.
pub(super) fn logged(connection: &Connection, text: &Bytes, envelope: &Envelope) {
    let inbox = &connection.inbox;
    let call = connection.pending.undoubted();
    let (level, told) = keep_and_tell(inbox, text, envelope, call.as_ref());
    // Who has asked a modern server for them has done so in a call.
    if !told && connection.era() == Era::Legacy {
        inbox
            .sessions
            .broadcast_log(inbox.index, inbox.owner.as_ref(), level, text);
    }
}

/// A log message is kept and goes to the client of a call, if that wants it: its level, and
/// whether it went there.
pub(super) fn keep_and_tell(
    inbox: &Inbox,
    text: &Bytes,
    envelope: &Envelope,
    call: Option<&Candidate>,
) -> (Option<LogLevel>, bool) {
    let params = envelope.params.whole;
    let level = params.and_then(|params| keep_message(inbox, params.of(text)));
    let told = call.is_some_and(|call| {
        let wanted = call
            .client
            .as_ref()
            .is_none_or(|client| client.wants_log(level));
        wanted && call.slot.push(text.clone())
    });
    (level, told)
}

/// Keeps a log message (MCP, "Logging") in the server's log; its level, where it has one. A text
/// stands there as it is, any other data as its JSON.
fn keep_message(inbox: &Inbox, params: &[u8]) -> Option<LogLevel> {
    let (mut level, mut logger, mut data) = (None, None, None);
    for member in wire::members(params) {
        let value = member.value.of(params);
        match member.key.of(params) {
            b"level" => level = LogLevel::from_wire(&wire::string_text(value)?),
            b"logger" => logger = wire::string_text(value),
            // Longer ones are cut anyway; nothing of a huge one is copied.
            b"data" => data = Some(&value[..value.len().min(LONGEST * 2)]),
            _ => {}
        }
    }
    let data = data.unwrap_or_default();
    let data = wire::string_text(data).unwrap_or_else(|| String::from_utf8_lossy(data));
    match logger.filter(|logger| !logger.is_empty()) {
        Some(logger) => inbox.record(Source::Protocol, level, &format!("{logger}: {data}")),
        None => inbox.record(Source::Protocol, level, &data),
    }
    level
}
