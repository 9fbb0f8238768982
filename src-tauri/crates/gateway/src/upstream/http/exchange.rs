//! One message and what it is answered with (MCP 2025-11-25, "Transports / Sending Messages to the
//! Server").

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use vault::Secret;

use super::super::Connection;
use super::super::inbox;
use super::super::pending::CallId;
use super::super::slot::Lost;
use super::refusal::{is_page, web_page};
use super::stream::is_event_stream;
use super::{HttpLink, SESSION, read_body};
use crate::sync::Locked;
use crate::words::Words;

/// How often it is looked whether a call is still wanted.
const CHECK: Duration = Duration::from_secs(1);
/// For everything that is no call: notifications, and answers to questions.
const DELIVERY: Duration = Duration::from_secs(30);

impl HttpLink {
    /// Sends one message; its answer comes back through the inbox.
    pub(in super::super) fn post(
        &self,
        connection: &Arc<Connection>,
        message: Vec<u8>,
        id: Option<CallId>,
    ) {
        if self.is_modern() {
            return self.post_modern(connection, message, id);
        }
        let connection = Arc::clone(connection);
        self.under_way.fetch_add(1, Ordering::SeqCst);
        self.tasks.spawn(async move {
            let link = connection.link.http();
            let outcome = if connection.closing.is_cancelled() {
                Some(Err(Lost::Unsent(connection.farewell())))
            } else {
                tokio::select! {
                    outcome = link.exchange(&connection, message, id) => Some(outcome),
                    () = connection.closing.cancelled() => Some(Err(Lost::Died(connection.farewell()))),
                    () = no_longer_wanted(&connection, id) => None,
                }
            };
            let was_last = link.under_way.fetch_sub(1, Ordering::SeqCst) == 1;
            link.conclude(&connection, id, outcome, was_last);
        });
    }

    /// An exchange is over, without an `outcome` where nobody waits any more.
    pub(super) fn conclude(
        &self,
        connection: &Connection,
        id: Option<CallId>,
        outcome: Option<Result<(), Lost>>,
        was_last: bool,
    ) {
        let server = &connection.inbox.server;
        // One failure to connect says little while others are being served.
        // Closed before the call is told, which may try again elsewhere at once.
        if let Some(Err(Lost::Unsent(why))) = &outcome
            && was_last
        {
            self.end.locked().get_or_insert_with(|| why.clone());
            connection.closing.cancel();
        }
        match (id, outcome) {
            (Some(id), Some(outcome)) => {
                let silent = || {
                    Lost::Unusable(Words::new(
                        "the server's reply held no answer",
                        "服务器的回复中没有应答",
                    ))
                };
                connection
                    .pending
                    .lose(id, outcome.err().unwrap_or_else(silent));
            }
            (None, Some(Err(lost))) => {
                tracing::debug!(%server, "a message was not delivered: {}", lost.words().en);
            }
            (None, None) => tracing::debug!(%server, "a message was not taken in time"),
            // An abandoned call stays known for what the server may still ask about it.
            (Some(_), None) | (None, Some(Ok(()))) => {}
        }
    }

    /// Sends one message and waits until it has been taken.
    pub(in super::super) async fn deliver(
        &self,
        connection: &Arc<Connection>,
        message: Vec<u8>,
    ) -> Result<(), Lost> {
        let exchange = self.exchange(connection, message, None);
        tokio::time::timeout(DELIVERY, exchange)
            .await
            .unwrap_or_else(|_| {
                let seconds = DELIVERY.as_secs();
                Err(Lost::Died(Words::new(
                    format!("the server did not take a message within {seconds} s"),
                    format!("服务器在 {seconds} 秒内没有接收消息"),
                )))
            })
    }

    async fn exchange(
        &self,
        connection: &Arc<Connection>,
        message: Vec<u8>,
        id: Option<CallId>,
    ) -> Result<(), Lost> {
        let message = Bytes::from(message);
        let write = |bearer: Option<&Secret>| {
            self.request(reqwest::Method::POST, bearer)
                .header(ACCEPT, "application/json, text/event-stream")
                .header(CONTENT_TYPE, "application/json")
                .body(message.clone())
        };
        let response = self.send(write).await?;
        if let Some(session) = response.headers().get(SESSION) {
            *self.session.locked() = Some(session.clone());
        }
        let status = response.status();
        if status == StatusCode::NOT_FOUND && self.session.locked().is_some() {
            connection.closing.cancel();
            return Err(Lost::Unsent(Words::new(
                "the server has ended the session",
                "服务器已结束会话",
            )));
        }
        if !status.is_success() {
            return self.refused(connection, response, id).await;
        }
        if status == StatusCode::ACCEPTED || status == StatusCode::NO_CONTENT {
            return Ok(());
        }
        if is_event_stream(&response) {
            self.read_answer(connection, response, id).await
        } else if is_page(&response) {
            Err(Lost::Unusable(web_page(status)))
        } else {
            let body = read_body(connection, response).await?;
            if !body.is_empty() {
                inbox::receive(connection, body);
            }
            Ok(())
        }
    }
}

/// Returns once nobody waits for an exchange any more: its call is over, or
/// what is no call has had its time.
pub(super) async fn no_longer_wanted(connection: &Connection, id: Option<CallId>) {
    let Some(id) = id else {
        return tokio::time::sleep(DELIVERY).await;
    };
    while connection.pending.contains(id) {
        tokio::time::sleep(CHECK).await;
    }
}
