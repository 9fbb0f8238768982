//! Whose question is it? Requests from a server to a client, over connections
//! that many clients share.
//!
//! A question goes to the client whose calls alone the connection works on, a
//! call that was cancelled a moment ago included. From the first question on, a server's
//! connections serve one call at a time, so there is never a doubt; if there was one that first
//! time, the question is declined, never guessed. A connection that is one
//! session's alone has no such doubt, and is the only one that may ask for roots.

mod open;
mod to_modern;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use wire::{Envelope, Span, error_code, splice};

use crate::client::Client;
use crate::log_level::LogLevel;
use crate::serve::session::{Capabilities, Session};
use crate::upstream::Connection;
use crate::upstream::inbox::Inbox;
use crate::upstream::pending::CallId;
use crate::upstream::slot::Slot;
use crate::words::Words;
use open::Asker;

pub(crate) use open::{OpenQuestions, written};

/// How often it is checked that the asker's client is still there.
pub(crate) const CHECK: Duration = Duration::from_secs(1);

/// Whom a question goes to, and by which way.
struct Addressee {
    session: Arc<Session>,
    /// The call it belongs to; `None` goes to the stream of what belongs to no call.
    call: Option<(CallId, Arc<Slot>)>,
}

/// The client that a connection works for.
enum Whose {
    Session(Addressee),
    /// A modern client, which is asked in the answer to its call.
    Modern(to_modern::Addressee),
}

/// Puts a server's question to the client it concerns, or declines it.
pub(crate) fn put(connection: &Arc<Connection>, text: Bytes, envelope: &Envelope, id: Span) {
    let inbox = &connection.inbox;
    let method = envelope.method(&text).into_owned();
    let asked_as = text.slice(id.range());
    let params = envelope.params.whole.map(|span| text.slice(span.range()));
    let addressee = match whose(connection) {
        Some(Whose::Session(to)) => to,
        Some(Whose::Modern(to)) => {
            return to_modern::put(connection, to, &method, asked_as, params);
        }
        None => return refuse(connection, &asked_as, &method),
    };
    let capabilities = addressee.session.capabilities;
    if !addressee.listens() || !may_be_asked(capabilities, &method, params.as_deref()) {
        return refuse(connection, &asked_as, &method);
    }
    let token = envelope.params.meta_progress_token;
    let opened = addressee.session.questions.open(Some(Asker {
        connection: Arc::clone(connection),
        asked_as: asked_as.clone(),
        progress_token: token.map(|token| text.slice(token.range())),
    }));
    let Some((number, answered)) = opened else {
        return refuse(connection, &asked_as, &method);
    };
    let own_id = written(number);
    let mut edits = vec![(id, own_id.as_bytes())];
    edits.extend(token.map(|token| (token, own_id.as_bytes())));
    if !addressee.send(splice(&text, &mut edits).into()) {
        addressee.session.questions.close(number);
        return refuse(connection, &asked_as, &method);
    }
    let call = addressee.call.as_ref().map(|(call, _)| *call);
    if let Some(call) = call {
        connection.pending.park(call, true);
    }
    let connection = Arc::clone(connection);
    let (tasks, patience) = (inbox.tasks.clone(), inbox.limits.question_timeout);
    tasks.spawn(async move {
        let gone = async {
            while addressee.listens() {
                tokio::time::sleep(CHECK).await;
            }
        };
        let reply = tokio::select! {
            reply = answered => reply.ok(),
            () = gone => None,
            () = tokio::time::sleep(patience) => {
                ran_out(&connection.inbox, &method, patience);
                None
            }
            () = connection.closing.cancelled() => None,
        };
        addressee.session.questions.close(number);
        if let Some(call) = call {
            connection.pending.park(call, false);
        }
        match reply {
            Some((text, id)) => connection.send(splice(&text, &mut [(id, &asked_as[..])]), None),
            None => refuse(&connection, &asked_as, &method),
        }
    });
}

/// The client that a connection works for at this moment, where that is beyond doubt.
fn whose(connection: &Connection) -> Option<Whose> {
    if let Some(session) = connection.owner().session() {
        let call = connection.pending.latest();
        let call = call.map(|call| (call.id, call.slot));
        return Some(Whose::Session(Addressee { session, call }));
    }
    let learned = &connection.inbox.learned;
    if !learned.asks.swap(true, Ordering::Relaxed) {
        let server = &connection.inbox.server;
        tracing::debug!(%server, "asks questions: its connections serve one call at a time from now on");
    }
    let call = connection.pending.undoubted()?;
    Some(match call.client? {
        Client::Session(session) => Whose::Session(Addressee {
            session,
            call: Some((call.id, call.slot)),
        }),
        Client::Exchange(exchange) => Whose::Modern(to_modern::Addressee {
            exchange,
            call: call.id,
            slot: call.slot,
        }),
    })
}

impl Addressee {
    fn listens(&self) -> bool {
        match &self.call {
            Some((_, slot)) => slot.listens(),
            None => self.session.outbound.is_attached(),
        }
    }

    fn send(&self, message: Bytes) -> bool {
        match &self.call {
            Some((_, slot)) => slot.push(message),
            None => {
                self.session.notify(message);
                true
            }
        }
    }
}

/// A server wants to know a client's roots. Only a server whose connections are
/// not shared was told that there are any.
pub(crate) fn put_roots(connection: &Arc<Connection>, text: Bytes, envelope: &Envelope, id: Span) {
    if !connection.knows_of_roots() {
        refuse(connection, &text.slice(id.range()), "roots/list");
    } else if connection.owner().is_free() {
        // Asked before there is a client; `roots_changed` follows with the client.
        connection.send(
            wire::result_response(id.of(&text), br#"{"roots":[]}"#),
            None,
        );
    } else {
        put(connection, text, envelope, id);
    }
}

/// Tells a server to ask for the roots again.
pub(crate) fn roots_changed(connection: &Arc<Connection>) {
    connection.send(
        wire::notification("notifications/roots/list_changed", ""),
        None,
    );
}

/// A server takes its question back (`notifications/cancelled`).
pub(crate) fn withdrawn(connection: &Arc<Connection>, text: &Bytes, envelope: &Envelope) {
    let Some(request_id) = envelope.params.request_id else {
        return;
    };
    let addressee = match whose(connection) {
        Some(Whose::Session(to)) => to,
        Some(Whose::Modern(to)) => {
            let asked_as = request_id.of(text);
            if !to.slot.withdraw(asked_as) {
                to.exchange.parking.withdraw(&to.slot, asked_as);
            }
            return;
        }
        None => return,
    };
    let questions = &addressee.session.questions;
    if let Some(number) = questions.find(connection, request_id.of(text)) {
        addressee.send(splice(text, &mut [(request_id, written(number).as_bytes())]).into());
        questions.close(number);
    }
}

/// Whether a client with these capabilities may be asked this.
pub(crate) fn may_be_asked(
    capabilities: Capabilities,
    method: &str,
    params: Option<&[u8]>,
) -> bool {
    let params = params.unwrap_or(b"{}");
    let member =
        |name: &str| wire::members(params).find(|member| member.key.of(params) == name.as_bytes());
    match method {
        "roots/list" => capabilities.has_roots(),
        "sampling/createMessage" => capabilities.samples(member("tools").is_some()),
        "elicitation/create" => {
            let by_url = member("mode").is_some_and(|mode| mode.value.of(params) == b"\"url\"");
            capabilities.elicits(by_url)
        }
        _ => true,
    }
}

/// What its server's log says of a question that nobody has answered in time.
pub(crate) fn ran_out(inbox: &Inbox, what: &str, patience: Duration) {
    let seconds = patience.as_secs_f32();
    let server = &inbox.server;
    inbox.note(
        LogLevel::Info,
        &Words::new(
            format!(
                "nobody answered what {server} asked ({what}) within {seconds} s (limits.questionTimeout)"
            ),
            format!("{server} 的提问（{what}）在 {seconds} 秒内无人回答（limits.questionTimeout）"),
        ),
    );
}

/// Answers for a client that cannot be asked, as the specification has a
/// client say no (MCP 2025-11-25, "Elicitation / Response Actions", "Sampling / Error Handling").
fn refuse(connection: &Arc<Connection>, id: &[u8], method: &str) {
    let refusal = match method {
        "elicitation/create" => wire::result_response(id, br#"{"action":"decline"}"#),
        "sampling/createMessage" => wire::error_response(
            id,
            error_code::USER_REJECTED,
            "User rejected sampling request",
            None,
        ),
        _ => wire::error_response(
            id,
            error_code::METHOD_NOT_FOUND,
            "the client does not answer this method",
            None,
        ),
    };
    connection.send(refusal, None);
}
