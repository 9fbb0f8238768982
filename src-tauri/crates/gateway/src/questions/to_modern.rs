//! A legacy server's question to a modern client, which is asked in a result of the kind
//! `input_required` and answers with its next request (MCP 2026-07-28, "Multi Round-Trip Requests").

use std::sync::Arc;

use bytes::Bytes;
use eras::Question;

use super::{may_be_asked, refuse};
use crate::client::Exchange;
use crate::upstream::Connection;
use crate::upstream::pending::CallId;
use crate::upstream::slot::Slot;

/// The request that the question belongs to.
pub(super) struct Addressee {
    pub(super) exchange: Arc<Exchange>,
    pub(super) call: CallId,
    pub(super) slot: Arc<Slot>,
}

/// Puts the question, or declines it. The clock of the call stands still meanwhile; a client that
/// never comes back is noticed where its call waits.
pub(super) fn put(
    connection: &Arc<Connection>,
    to: Addressee,
    method: &str,
    asked_as: Bytes,
    params: Option<Bytes>,
) {
    let question = Question::of(method);
    if question == Some(Question::Roots) && connection.knows_of_roots() {
        // All modern clients share the connection: the folders of one are none of another's.
        return connection.send(wire::result_response(&asked_as, br#"{"roots":[]}"#), None);
    }
    let may_be_asked = may_be_asked(to.exchange.capabilities, method, params.as_deref());
    let answered = question
        .filter(|_| may_be_asked)
        .and_then(|question| to.slot.ask(question, params, asked_as.clone()));
    let Some(answered) = answered else {
        return refuse(connection, &asked_as, method);
    };
    connection.pending.park(to.call, true);
    let (connection, method) = (Arc::clone(connection), method.to_owned());
    let tasks = connection.inbox.tasks.clone();
    // It may have to wait behind another question to the same client.
    let patience = 2 * connection.inbox.limits.question_timeout;
    tasks.spawn(async move {
        let reply = tokio::select! {
            reply = answered => reply.ok(),
            () = tokio::time::sleep(patience) => None,
            () = connection.closing.cancelled() => None,
        };
        connection.pending.park(to.call, false);
        match reply {
            Some(result) => connection.send(wire::result_response(&asked_as, &result), None),
            None => refuse(&connection, &asked_as, &method),
        }
    });
}
