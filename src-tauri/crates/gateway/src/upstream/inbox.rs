//! What a server says: answers, progress, news and questions, each sent where
//! it belongs.
//!
//! Runs on the connection's own task and never waits: what needs time (a
//! question to a person) becomes a task of its own.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio_util::task::TaskTracker;
use wire::{Era, Kind, Span, splice_one};

use super::Connection;
use super::learned::Learned;
use super::log_messages::{keep_and_tell, logged};
use super::pending::{CallId, Candidate, Order};
use super::slot::{Answer, Lost};
use crate::catalog::ServerIndex;
use crate::config::model::Limits;
use crate::journal::SERVER_OUTPUT;
use crate::log_level::LogLevel;
use crate::logs::Source;
use crate::offer::List;
use crate::questions;
use crate::serve::session::Sessions;
use crate::server::annotations::Annotations;
use crate::server::censor::Censor;
use crate::server::log::Log;
use crate::server::news::News;
use crate::server::subscriptions::{Subscriptions, Topic};
use crate::user::User;
use crate::words::Words;

/// The first message of a subscription.
pub(crate) const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

/// The side of a server that its connections report to.
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) server: Arc<str>,
    pub(crate) index: ServerIndex,
    /// Whose account is behind it; `None` where it is everybody's.
    pub(crate) owner: Option<User>,
    pub(crate) limits: Limits,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) subscriptions: Arc<Subscriptions>,
    /// What it printed.
    pub(crate) log: Arc<Log>,
    /// Keeps its secrets out of what is shown.
    pub(crate) censor: Censor,
    pub(crate) news: News,
    pub(crate) annotations: Annotations,
    pub(crate) learned: Learned,
    /// Why it is being closed.
    pub(crate) leaving: OnceLock<Words>,
    /// Owns the questions that are being asked.
    pub(crate) tasks: TaskTracker,
}

// === impl Inbox ===

impl Inbox {
    /// Keeps a line that the server printed to stderr.
    pub(crate) fn printed(&self, line: &str) {
        self.record(Source::Stderr, None, line);
    }

    /// Keeps what the gateway says about the server.
    pub(crate) fn note(&self, level: LogLevel, words: &Words) {
        let clean = |text: &str| self.censor.clean(text).into_owned();
        self.log
            .note(level, &Words::new(clean(&words.en), clean(&words.zh)));
    }

    pub(super) fn record(&self, source: Source, level: Option<LogLevel>, line: &str) {
        let line = self.censor.clean(line);
        tracing::debug!(target: SERVER_OUTPUT, server = %self.server, "{line}");
        self.log.add(source, level, &line);
    }

    /// The server is being closed; the first reason counts.
    pub(crate) fn leaves(&self, why: &Words) {
        self.leaving.get_or_init(|| why.clone());
    }

    /// Why calls end with a connection that was closed on purpose.
    pub(crate) fn farewell(&self) -> Words {
        let closed = || Words::new("the connection was closed", "连接已关闭");
        self.leaving.get().cloned().unwrap_or_else(closed)
    }
}

#[cfg(test)]
impl Inbox {
    /// That of a server which there is not.
    pub(crate) fn stand_in() -> Arc<Self> {
        let key = crate::serve::session_id::SessionKey::from_bytes([7; 32]);
        Arc::new(Self {
            server: "fake".into(),
            index: 0,
            owner: None,
            limits: Limits {
                message_bytes: 1_000,
                depth: 10,
                header_bytes: 1_000,
                sessions: 10,
                in_flight: 1,
                streams: 1,
                waiting_bytes: 1_000,
                slow_reader: std::time::Duration::from_secs(1),
                question_timeout: std::time::Duration::from_secs(1),
                question_grace: std::time::Duration::from_secs(1),
                parked_calls: 1,
                list_page: std::num::NonZeroUsize::MIN,
                call_longest: None,
            },
            sessions: Sessions::new(key, 10),
            subscriptions: Arc::new(Subscriptions::default()),
            log: Arc::new(Log::new(None)),
            censor: Censor::default(),
            news: News::default(),
            annotations: Annotations::default(),
            learned: Learned::default(),
            leaving: OnceLock::new(),
            tasks: TaskTracker::new(),
        })
    }
}

/// Takes one message of a server.
pub(crate) fn receive(connection: &Arc<Connection>, text: Bytes) {
    let inbox = &connection.inbox;
    let envelope = match wire::parse(&text, inbox.limits.depth) {
        Ok(envelope) => envelope,
        Err(wire::EnvelopeError::Batch) => {
            for element in wire::batch_elements(&text).unwrap_or_default() {
                receive_one(connection, text.slice(element.range()));
            }
            return;
        }
        Err(error) => return not_a_message(connection, &text, &error),
    };
    route(connection, text, &envelope);
}

/// Takes one message of a server on the stream that answers a call.
pub(crate) fn receive_of(connection: &Arc<Connection>, text: Bytes, call: CallId) {
    let parsed = wire::parse(&text, connection.inbox.limits.depth);
    if let Ok(envelope) = &parsed
        && let Kind::Notification { .. } = envelope.kind
        && let Some(call) = connection.pending.candidate(call)
        && told(connection, &text, envelope, &call)
    {
        return;
    }
    match parsed {
        Ok(envelope) => route(connection, text, &envelope),
        Err(_) => receive(connection, text),
    }
}

/// Whether a notification on the stream of a call was for its client, and is settled by that.
fn told(
    connection: &Connection,
    text: &Bytes,
    envelope: &wire::Envelope,
    call: &Candidate,
) -> bool {
    match envelope.method(text).as_ref() {
        "notifications/message" => {
            keep_and_tell(&connection.inbox, text, envelope, Some(call));
            true
        }
        method => !is_known(method) && call.slot.push(text.clone()),
    }
}

/// Whether the gateway knows what a notification is about.
fn is_known(method: &str) -> bool {
    matches!(
        method,
        "notifications/progress"
            | "notifications/tools/list_changed"
            | "notifications/prompts/list_changed"
            | "notifications/resources/list_changed"
            | "notifications/resources/updated"
            | "notifications/tasks"
            | "notifications/message"
            | "notifications/cancelled"
            | ACKNOWLEDGED
    )
}

fn receive_one(connection: &Arc<Connection>, text: Bytes) {
    match wire::parse(&text, connection.inbox.limits.depth) {
        Ok(envelope) => route(connection, text, &envelope),
        Err(error) => not_a_message(connection, &text, &error),
    }
}

/// Tells whoever waits for it that an answer cannot be used. `head` is the
/// beginning of it, or all.
pub(crate) fn unusable(connection: &Connection, head: &[u8], why: &Words) {
    let inbox = &connection.inbox;
    let id = wire::id_in_head(head).and_then(|id| call_id(id.of(head)));
    // An answer without an id to be read can only be that of the one call there is.
    let may_be_answer = memchr::memmem::find(head, br#""method""#).is_none();
    let id = id.or_else(|| {
        let only = connection.pending.undoubted().filter(|_| may_be_answer)?;
        Some(only.id)
    });
    let told = id.is_some_and(|id| connection.pending.lose(id, Lost::Unusable(why.clone())));
    tracing::warn!(server = %inbox.server, told, "a message was not taken: {}", why.en);
    inbox.note(
        LogLevel::Warning,
        &Words::new(
            format!("a message was not taken: {}", why.en),
            format!("有一条消息未被接受：{}", why.zh),
        ),
    );
}

/// Many servers print a banner or a log line to stdout; that ends nothing.
fn not_a_message(connection: &Connection, text: &[u8], error: &wire::EnvelopeError) {
    let inbox = &connection.inbox;
    if let wire::EnvelopeError::Syntax(fault) = error
        && fault.kind == wire::FaultKind::Depth
    {
        let depth = inbox.limits.depth;
        return unusable(
            connection,
            text,
            &Words::new(
                format!("its answer is nested deeper than limits.depth ({depth})"),
                format!("应答的嵌套层数超过 limits.depth ({depth})"),
            ),
        );
    }
    let shown: String = String::from_utf8_lossy(text).chars().take(500).collect();
    inbox.record(Source::Stdout, None, &shown);
    tracing::debug!(server = %inbox.server, %error, "a line that is no message was skipped");
}

fn route(connection: &Arc<Connection>, text: Bytes, envelope: &wire::Envelope) {
    match envelope.kind {
        Kind::Response {
            id,
            body,
            failed,
            result_type,
        } => {
            let answer = Answer {
                text,
                id,
                body,
                failed,
                result_type,
            };
            completed(connection, answer);
        }
        Kind::Notification { .. } => notified(connection, text, envelope),
        Kind::Request { id, .. } => match envelope.method(&text).as_ref() {
            // Servers of that era ask nothing, and nobody would hear an answer over HTTP.
            method if connection.era() == Era::Modern => {
                tracing::debug!(server = %connection.inbox.server, method, "a request of a modern server was dropped");
            }
            "ping" => connection.send(wire::result_response(id.of(&text), b"{}"), None),
            "roots/list" => questions::put_roots(connection, text, envelope, id),
            _ => questions::put(connection, text, envelope, id),
        },
    }
}

fn completed(connection: &Connection, answer: Answer) {
    let inbox = &connection.inbox;
    let watch = !inbox.learned.concurrent.load(Ordering::Relaxed);
    let order = call_id(answer.id.of(&answer.text))
        .and_then(|id| connection.pending.complete(id, answer, watch));
    match order {
        Some(Order::InOrder) => {}
        Some(Order::Overtook) => {
            if !inbox.learned.concurrent.swap(true, Ordering::Relaxed) {
                tracing::debug!(server = %inbox.server, "answers out of order: calls are pipelined from now on");
            }
        }
        None => {
            tracing::debug!(server = %inbox.server, "an answer that nobody waits for was dropped")
        }
    }
}

fn notified(connection: &Arc<Connection>, text: Bytes, envelope: &wire::Envelope) {
    let inbox = &connection.inbox;
    match envelope.method(&text).as_ref() {
        "notifications/progress" => {
            let Some(token) = envelope.params.progress_token else {
                return;
            };
            if let Some(id) = call_id(token.of(&text)) {
                connection
                    .pending
                    .progress(id, |own| splice_one(&text, token, own).into());
            }
        }
        "notifications/tools/list_changed" => inbox.news.changed(List::Tools),
        "notifications/prompts/list_changed" => inbox.news.changed(List::Prompts),
        "notifications/resources/list_changed" => {
            inbox.news.changed(List::Resources);
            inbox.news.changed(List::Templates);
        }
        "notifications/resources/updated" => {
            tell(inbox, &text, envelope.params.uri, Topic::Resource);
        }
        "notifications/tasks" => tell(inbox, &text, envelope.params.task_id, Topic::Task),
        "notifications/message" => logged(connection, &text, envelope),
        "notifications/cancelled" => match connection.era() {
            Era::Legacy => questions::withdrawn(connection, &text, envelope),
            Era::Modern => subscription_is_over(connection, &text, envelope),
        },
        ACKNOWLEDGED if connection.era() == Era::Modern => {
            let subscription = eras::subscription(&text).and_then(call_id);
            // The id of a call means that the server errs, and is no business of its client.
            let subscription = subscription
                .filter(|id| connection.pending.is_lasting(*id))
                .and_then(|id| connection.pending.candidate(id));
            if let Some(subscription) = subscription {
                subscription.slot.push(text.clone());
            }
        }
        _ => match connection.pending.undoubted() {
            Some(call) if call.slot.push(text.clone()) => {}
            _ => inbox
                .sessions
                .broadcast(inbox.index, inbox.owner.as_ref(), &text),
        },
    }
}

/// Tells those who subscribed to what a notification names.
fn tell(inbox: &Inbox, text: &Bytes, named: Option<Span>, topic: impl Fn(String) -> Topic) {
    if let Some(name) = named.and_then(|named| wire::string_text(named.of(text))) {
        for subscriber in inbox.subscriptions.of(&topic(name.into_owned())) {
            subscriber.notify(text.clone());
        }
    }
}

/// A modern server ends a subscription.
fn subscription_is_over(connection: &Connection, text: &[u8], envelope: &wire::Envelope) {
    let id = envelope
        .params
        .request_id
        .and_then(|id| call_id(id.of(text)));
    if let Some(id) = id.filter(|id| connection.pending.is_lasting(*id)) {
        let why = Words::new("the server ended the subscription", "服务器结束了订阅");
        connection.pending.lose(id, Lost::Died(why));
    }
}

/// The gateway's ids are plain integers; anything else is not ours.
pub(crate) fn call_id(raw: &[u8]) -> Option<CallId> {
    std::str::from_utf8(raw).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
