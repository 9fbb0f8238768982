//! What becomes of each message: requests run side by side, a handshake
//! (`handshake`) and everything without an answer goes in order. A notification
//! never overtakes a request that the client wrote before it (`departures`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinSet;
use wire::{EnvelopeError, Era, Kind, LineTooLong, error_code};

use crate::args::Language;
use crate::departures::{Departures, Ticket};
use crate::fault::Fault;
use crate::messages::{Messages, split};
use crate::modern::Modern;
use crate::output::Output;
use crate::remote::Remote;
use crate::session::{Session, Sessions};

/// Deepest nesting of a message; the gateway's own limit is stricter.
pub(crate) const DEPTH: usize = 4096;

/// How long a message without an answer may hold up what follows it.
pub(crate) const ONE_WAY_DEADLINE: Duration = Duration::from_secs(10);

/// How long a notification waits for requests before it to leave.
pub(crate) const DEPARTURE_DEADLINE: Duration = Duration::from_secs(3);

/// How often in a row a broken answer is taken up without getting any further.
const RESUMPTIONS: usize = 5;

/// Everything that the tasks of one bridge share.
pub(crate) struct Relay {
    pub(crate) remote: Remote,
    pub(crate) sessions: Sessions,
    pub(crate) modern: Modern,
    pub(crate) out: Output,
    pub(crate) language: Language,
    in_flight: Mutex<HashMap<Bytes, Progress>>,
    pub(crate) departures: Departures,
}

/// How a request in flight stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Awaited,
    /// By the client: it expects no answer any more.
    Cancelled,
}

impl Relay {
    pub(crate) fn new(remote: Remote, out: Output) -> Arc<Self> {
        Arc::new(Self {
            remote,
            sessions: Sessions::default(),
            modern: Modern::default(),
            out,
            language: Language::current(),
            in_flight: Mutex::default(),
            departures: Departures::default(),
        })
    }

    /// Deals with one line of the client. Comes back when the next may follow.
    pub(crate) async fn accept(
        self: &Arc<Self>,
        line: Result<Bytes, LineTooLong>,
        calls: &mut JoinSet<()>,
    ) {
        while calls.try_join_next().is_some() {}
        match line {
            Err(error) => {
                self.refuse(b"null", error_code::PARSE_ERROR, &error.to_string())
                    .await
            }
            // A batch (2025-03-26) goes on as its elements, each answered by itself.
            Ok(line) => {
                for message in split(line) {
                    self.accept_message(message, calls).await;
                }
            }
        }
    }

    async fn accept_message(self: &Arc<Self>, message: Bytes, calls: &mut JoinSet<()>) {
        let envelope = match wire::parse(&message, DEPTH) {
            Ok(envelope) => envelope,
            Err(error) => return self.refuse_invalid(&message, &error).await,
        };
        if self.era_of(&message, &envelope) == Era::Modern {
            return self.accept_modern(message, envelope, calls).await;
        }
        match envelope.kind {
            Kind::Request { id, .. } => {
                let id = message.slice(id.range());
                let is_hello = envelope.method(&message) == "initialize";
                let relay = self.clone();
                if is_hello {
                    relay.hello(message, id).await;
                } else {
                    self.in_flight().insert(id.clone(), Progress::Awaited);
                    let ticket = self.departures.ticket();
                    calls.spawn(async move { relay.request(message, id, ticket).await });
                }
            }
            Kind::Notification { .. } => {
                let method = envelope.method(&message).into_owned();
                if method == "notifications/cancelled"
                    && let Some(id) = envelope.params.request_id
                {
                    // A session may be open beside requests that need none.
                    if self.modern.cancel(id.of(&message)) {
                        return;
                    }
                    if let Some(progress) = self.in_flight().get_mut(id.of(&message)) {
                        *progress = Progress::Cancelled;
                    }
                }
                self.departures.all_left(DEPARTURE_DEADLINE).await;
                self.one_way(message.clone()).await;
                if method == "notifications/initialized" {
                    self.sessions.remember_initialized(message);
                    self.sessions.set_ready();
                }
            }
            Kind::Response { .. } => self.one_way(message).await,
        }
    }

    /// Requests that are still awaited.
    pub(crate) fn unfinished(&self) -> Vec<Bytes> {
        self.in_flight().keys().cloned().collect()
    }

    async fn request(&self, message: Bytes, id: Bytes, ticket: Ticket) {
        let outcome = self.try_request(message, &id, ticket).await;
        let progress = self.in_flight().remove(&id);
        if let Err(fault) = outcome
            && progress != Some(Progress::Cancelled)
        {
            self.report(&id, &fault, Era::Legacy).await;
        }
    }

    async fn try_request(&self, message: Bytes, id: &[u8], ticket: Ticket) -> Result<(), Fault> {
        let session = self.sessions.current();
        let body = ticket.body(message.clone());
        match self.exchange(body, id, &session).await {
            // A 404 proves that the message was not acted upon, so repeating it is safe.
            Err(Fault::SessionGone) => {
                self.renew(session.generation).await?;
                // The cancellation went to the session that is gone.
                if self.is_cancelled(id) {
                    return Err(Fault::SessionGone);
                }
                self.exchange(message, id, &self.sessions.current()).await
            }
            outcome => outcome,
        }
    }

    /// Posts a request and hands on everything up to its response. A stream
    /// that ends early is taken up where the gateway allows it (2025-11-25,
    /// "Resumability and Redelivery").
    async fn exchange(
        &self,
        message: impl Into<reqwest::Body>,
        id: &[u8],
        session: &Session,
    ) -> Result<(), Fault> {
        let mut messages = Messages::new(self.remote.post(message, session).await?);
        let mut last_event: Option<String> = None;
        let mut attempts = 0;
        loop {
            let broken = match self.hand_on(&mut messages, id).await {
                Ok(true) => return Ok(()),
                Ok(false) => Fault::Unanswered,
                Err(fault @ Fault::Lost { .. }) => fault,
                Err(fault) => return Err(fault),
            };
            attempts = if messages.last_event.is_some() {
                1
            } else {
                attempts + 1
            };
            last_event = messages.last_event.take().or(last_event);
            let Some(event) = last_event.as_deref().filter(|_| attempts <= RESUMPTIONS) else {
                return Err(broken);
            };
            tokio::time::sleep(messages.retry.unwrap_or(Duration::from_millis(200))).await;
            let Ok(resumed) = self.remote.listen(session, Some(event)).await else {
                return Err(broken);
            };
            messages = Messages::new(resumed);
        }
    }

    /// Whether the response to `id` was among the messages.
    async fn hand_on(&self, messages: &mut Messages, id: &[u8]) -> Result<bool, Fault> {
        while let Some(message) = messages.next().await? {
            let is_response = response_to(id, &message).is_some();
            self.hand_out(message).await;
            if is_response {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Gives the client a message of the gateway. Nothing but JSON-RPC may
    /// reach stdout.
    pub(crate) async fn hand_out(&self, message: Bytes) {
        match wire::parse(&message, DEPTH) {
            Ok(_) => self.out.send(message).await,
            Err(error) => {
                tracing::warn!(%error, bytes = message.len(), "the gateway sent something that is no message")
            }
        }
    }

    /// A notification or response: nobody waits for the outcome.
    async fn one_way(&self, message: Bytes) {
        let session = self.sessions.current();
        let sent = within(
            ONE_WAY_DEADLINE,
            self.remote.post(message.clone(), &session),
        )
        .await;
        let sent = match sent {
            Err(Fault::SessionGone) => match self.renew(session.generation).await {
                // What it refers to went with the session.
                Ok(()) => Ok(()),
                Err(fault) => Err(fault),
            },
            sent => sent.map(drop),
        };
        if let Err(fault) = sent {
            self.undelivered(&fault);
        }
    }

    pub(crate) fn undelivered(&self, fault: &Fault) {
        tracing::warn!(
            "a message without an answer was not delivered: {}",
            fault.text(self.language)
        );
    }

    /// Tells the gateway that nobody waits for a request any more.
    pub(crate) async fn cancel(&self, id: &[u8]) {
        let params = [
            br#"{"requestId":"#,
            id,
            br#","reason":"the client is gone"}"#,
        ]
        .concat();
        let message =
            wire::notification("notifications/cancelled", &String::from_utf8_lossy(&params));
        self.one_way(message.into()).await;
    }

    pub(crate) async fn report(&self, id: &[u8], fault: &Fault, era: Era) {
        tracing::warn!("{}", fault.text(self.language));
        self.out.send(fault.response(id, era, self.language)).await;
    }

    async fn refuse_invalid(&self, message: &Bytes, error: &EnvelopeError) {
        let (id, code) = match error {
            EnvelopeError::Syntax(_) => (None, error_code::PARSE_ERROR),
            EnvelopeError::Batch => (None, error_code::INVALID_REQUEST),
            EnvelopeError::Invalid { id, .. } => (*id, error_code::INVALID_REQUEST),
        };
        self.refuse(
            id.map_or(b"null", |id| id.of(message)),
            code,
            &error.to_string(),
        )
        .await;
    }

    async fn refuse(&self, id: &[u8], code: i32, why: &str) {
        tracing::warn!("the client sent something that is no message: {why}");
        self.out
            .send(wire::error_response(id, code, why, None))
            .await;
    }

    fn is_cancelled(&self, id: &[u8]) -> bool {
        self.in_flight().get(id) == Some(&Progress::Cancelled)
    }

    fn in_flight(&self) -> MutexGuard<'_, HashMap<Bytes, Progress>> {
        self.in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) async fn within<T>(
    deadline: Duration,
    work: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    tokio::time::timeout(deadline, work)
        .await
        .unwrap_or(Err(Fault::Late))
}

/// The result or the error of a message that answers `id`.
pub(crate) fn response_to<'a>(id: &[u8], message: &'a [u8]) -> Option<Result<&'a [u8], &'a [u8]>> {
    match wire::parse(message, DEPTH).ok()?.kind {
        Kind::Response {
            id: answered,
            body,
            failed,
            ..
        } if answered.of(message) == id => Some(if failed {
            Err(body.of(message))
        } else {
            Ok(body.of(message))
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_told_by_its_exact_id() {
        let message = br#"{"jsonrpc":"2.0","id":"1","result":{"protocolVersion":"2025-06-18"}}"#;
        assert_eq!(response_to(b"1", message), None);
        assert!(matches!(response_to(b"\"1\"", message), Some(Ok(_))));
        assert!(matches!(
            response_to(b"1", br#"{"jsonrpc":"2.0","id":1,"error":{}}"#),
            Some(Err(_))
        ));
        assert_eq!(
            response_to(b"1", br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#),
            None
        );
    }
}
