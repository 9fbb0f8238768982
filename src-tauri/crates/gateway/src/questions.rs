//! Whose question is it? Requests from a server to a client, over connections
//! that many clients share.
//!
//! A question goes to the client whose calls alone the connection works on, a
//! call that was cancelled a moment ago included. From the first question on, a server's connections serve one
//! call at a time, so there is never a doubt; if there was one that first
//! time, the question is declined, never guessed. A connection that is one
//! session's alone has no such doubt, and is the only one that may ask for roots.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use wire::{Envelope, Span, error_code, splice};

use crate::serve::session::Session;
use crate::sync::Locked;
use crate::upstream::Connection;
use crate::upstream::pending::CallId;
use crate::upstream::slot::Slot;

/// How long a person may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often it is checked that the asker's client is still there.
const CHECK: Duration = Duration::from_secs(1);

/// The questions that a session's client has not answered yet.
#[derive(Debug, Default)]
pub(crate) struct OpenQuestions {
    last: AtomicU64,
    open: Mutex<HashMap<u64, OpenQuestion>>,
}

#[derive(Debug)]
struct OpenQuestion {
    reply: oneshot::Sender<(Bytes, Span)>,
    connection: Arc<Connection>,
    /// The id under which the server asked, as written.
    asked_as: Bytes,
    /// The progress token that the server chose, as written.
    progress_token: Option<Bytes>,
}

// === impl OpenQuestions ===

impl OpenQuestions {
    /// Takes a client's response; false where no question has this id.
    pub(crate) fn answer(&self, text: Bytes, id: Span) -> bool {
        let Some(question) =
            number(id.of(&text)).and_then(|number| self.open.locked().remove(&number))
        else {
            return false;
        };
        question.reply.send((text, id)).is_ok()
    }

    /// Takes a client's progress report on a question and passes it on under
    /// the server's own token; false where no question has this one.
    pub(crate) fn progress(&self, text: &[u8], token: Span) -> bool {
        let Some(number) = number(token.of(text)) else {
            return false;
        };
        let open = self.open.locked();
        let Some(question) = open.get(&number) else {
            return false;
        };
        let (Some(own), connection) = (
            question.progress_token.clone(),
            Arc::clone(&question.connection),
        ) else {
            return false;
        };
        drop(open);
        connection.send(splice(text, &mut [(token, &own[..])]), None);
        true
    }

    /// Whether none is open.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.locked().is_empty()
    }

    fn open(&self, question: OpenQuestion) -> u64 {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        self.open.locked().insert(number, question);
        number
    }

    fn close(&self, number: u64) -> bool {
        self.open.locked().remove(&number).is_some()
    }

    fn find(&self, connection: &Arc<Connection>, asked_as: &[u8]) -> Option<u64> {
        let open = self.open.locked();
        let found = open
            .iter()
            .find(|(_, one)| Arc::ptr_eq(&one.connection, connection) && one.asked_as == asked_as);
        found.map(|(number, _)| *number)
    }
}

/// The ids that clients see: text, so that no client mistakes one for its own.
fn written(number: u64) -> String {
    format!("\"gateway-{number}\"")
}

fn number(raw: &[u8]) -> Option<u64> {
    std::str::from_utf8(raw)
        .ok()?
        .strip_prefix("\"gateway-")?
        .strip_suffix('"')?
        .parse()
        .ok()
}

/// Whom a question goes to, and by which way.
struct Addressee {
    session: Arc<Session>,
    /// The call it belongs to; `None` goes to the stream of what belongs to no call.
    call: Option<(CallId, Arc<Slot>)>,
}

/// Puts a server's question to the client it concerns, or declines it.
pub(crate) fn put(connection: &Arc<Connection>, text: Bytes, envelope: &Envelope, id: Span) {
    let inbox = &connection.inbox;
    let method = envelope.method(&text).into_owned();
    let asked_as = text.slice(id.range());
    let addressee = addressee(connection)
        .filter(|to| to.listens() && may_be_asked(&to.session, &method, &text, envelope));
    let Some(addressee) = addressee else {
        return refuse(connection, &asked_as, &method);
    };
    let token = envelope.params.meta_progress_token;
    let (reply, answered) = oneshot::channel();
    let number = addressee.session.questions.open(OpenQuestion {
        reply,
        connection: Arc::clone(connection),
        asked_as: asked_as.clone(),
        progress_token: token.map(|token| text.slice(token.range())),
    });
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
    let tasks = inbox.tasks.clone();
    tasks.spawn(async move {
        let gone = async {
            while addressee.listens() {
                tokio::time::sleep(CHECK).await;
            }
        };
        let reply = tokio::select! {
            reply = answered => reply.ok(),
            () = gone => None,
            () = tokio::time::sleep(PATIENCE) => None,
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
fn addressee(connection: &Connection) -> Option<Addressee> {
    if let Some(session) = connection.owner().session() {
        let call = connection.pending.latest();
        let call = call.map(|call| (call.id, call.slot));
        return Some(Addressee { session, call });
    }
    let learned = &connection.inbox.learned;
    if !learned.asks.swap(true, Ordering::Relaxed) {
        let server = &connection.inbox.server;
        tracing::debug!(%server, "asks questions: its connections serve one call at a time from now on");
    }
    let call = connection.pending.undoubted()?;
    Some(Addressee {
        session: call.client?.session()?.clone(),
        call: Some((call.id, call.slot)),
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
    let Some(addressee) = addressee(connection) else {
        return;
    };
    let questions = &addressee.session.questions;
    if let Some(number) = questions.find(connection, request_id.of(text)) {
        addressee.send(splice(text, &mut [(request_id, written(number).as_bytes())]).into());
        questions.close(number);
    }
}

fn may_be_asked(session: &Session, method: &str, text: &[u8], envelope: &Envelope) -> bool {
    let params = envelope
        .params
        .whole
        .map_or(&b"{}"[..], |params| params.of(text));
    let member =
        |name: &str| wire::members(params).find(|member| member.key.of(params) == name.as_bytes());
    match method {
        "roots/list" => session.capabilities.has_roots(),
        "sampling/createMessage" => session.capabilities.samples(member("tools").is_some()),
        "elicitation/create" => {
            let by_url = member("mode").is_some_and(|mode| mode.value.of(params) == b"\"url\"");
            session.capabilities.elicits(by_url)
        }
        _ => true,
    }
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
