//! Event streams of a remote server: the one that answers a call, taken up
//! again where it ends before the answer, and the one for unasked messages
//! (MCP 2025-11-25, "Transports / Resumability and Redelivery").

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Response, StatusCode};
use tokio::time::sleep;
use vault::Secret;
use wire::{EventTooLong, SseDecoder, SseEvent};

use super::super::inbox;
use super::super::pending::CallId;
use super::super::slot::Lost;
use super::super::{Connection, Link};
use super::address::cause;
use super::pace::{self, Pace};
use super::{HttpLink, broken};
use crate::sync::Locked;
use crate::words::Words;

const LAST_EVENT: &str = "last-event-id";
/// Attempts in a row that bring nothing before a call's stream is given up.
const FRUITLESS: u32 = 8;
/// A listening stream that lives as long was of use, even without a message.
const STEADY: Duration = Duration::from_secs(5);
/// How often the listener looks whether the handshake is over.
const HANDSHAKE: Duration = Duration::from_millis(10);
/// A server that listens answers within this time; one that waits until it has something to say
/// does not.
const HEARD: Duration = Duration::from_secs(1);

/// How far a stream has been read, over all its connections.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    last: Option<HeaderValue>,
    retry: Option<Duration>,
    messages: u64,
    /// The call that alone it is about.
    of: Option<CallId>,
}

/// Why a stream ended before its time.
pub(super) struct Broken {
    pub(super) why: Words,
    /// Whether taking it up again may help.
    pub(super) again: bool,
}

impl HttpLink {
    /// Reads the stream that answers a call until it has; where the server
    /// ended it earlier but gave its events ids, asks for the rest.
    pub(super) async fn read_answer(
        &self,
        connection: &Arc<Connection>,
        response: Response,
        id: Option<CallId>,
    ) -> Result<(), Lost> {
        let mut cursor = Cursor::default();
        let mut outcome = cursor.read(connection, response).await;
        let mut fruitless = 0;
        let is_wanted = || id.is_some_and(|id| connection.pending.contains(id));
        while cursor.last.is_some()
            && fruitless < FRUITLESS
            && outcome.as_ref().err().is_none_or(|broken| broken.again)
            && is_wanted()
        {
            sleep(pace::resume(fruitless, cursor.retry)).await;
            let before = (cursor.last.clone(), cursor.messages);
            outcome = self.take_up(connection, &mut cursor).await;
            fruitless = if before == (cursor.last.clone(), cursor.messages) {
                fruitless + 1
            } else {
                0
            };
        }
        outcome.map_err(|broken| match broken.again {
            true => Lost::Died(broken.why),
            false => Lost::Unusable(broken.why),
        })
    }

    /// Reads on where a call's stream ended.
    async fn take_up(
        &self,
        connection: &Arc<Connection>,
        cursor: &mut Cursor,
    ) -> Result<(), Broken> {
        let opened = self.send(|bearer| self.get(cursor, bearer)).await;
        let response = opened.map_err(|lost| Broken {
            why: lost.words(),
            again: true,
        })?;
        let status = response.status();
        if status.is_success() && is_event_stream(&response) {
            return cursor.read(connection, response).await;
        }
        Err(Broken {
            why: Words::new(
                format!(
                    "the stream ended before the answer and could not be resumed (HTTP {status})"
                ),
                format!("流在应答之前结束，且无法恢复 (HTTP {status})"),
            ),
            again: status.is_server_error(),
        })
    }

    /// Keeps the stream for unasked messages open; returns where the server has none.
    pub(super) async fn listen(&self, connection: &Arc<Connection>) {
        // Opened once the handshake is over.
        while connection.hello().is_none() {
            sleep(HANDSHAKE).await;
        }
        if self.is_modern() {
            self.heard.cancel();
            return;
        }
        let mut cursor = Cursor::default();
        let mut pace = Pace::default();
        loop {
            let (opened, messages) = (Instant::now(), cursor.messages);
            let mut of_use = false;
            let answer = self.send(|bearer| self.get(&cursor, bearer)).await;
            self.heard.cancel();
            match answer {
                Ok(response) if response.status().is_success() && is_event_stream(&response) => {
                    if let Err(broken) = cursor.read(connection, response).await {
                        tracing::debug!(server = %connection.inbox.server, "the listening stream ended: {}", broken.why.en);
                        if !broken.again {
                            cursor.last = None;
                        }
                    }
                    of_use = opened.elapsed() >= STEADY || cursor.messages > messages;
                }
                Ok(response)
                    if response.status() == StatusCode::NOT_FOUND
                        && self.session.locked().is_some() =>
                {
                    connection.closing.cancel();
                    return;
                }
                // It may be the place in the stream that the server does not know any more.
                Ok(response) if response.status().is_client_error() => {
                    if cursor.last.take().is_none() {
                        return;
                    }
                }
                Ok(_) | Err(_) => {}
            }
            sleep(pace.wait(of_use, cursor.retry)).await;
        }
    }

    fn get(&self, cursor: &Cursor, bearer: Option<&Secret>) -> reqwest::RequestBuilder {
        let request = self
            .request(Method::GET, bearer)
            .header(ACCEPT, "text/event-stream");
        match &cursor.last {
            Some(last) => request.header(LAST_EVENT, last),
            None => request,
        }
    }
}

impl Connection {
    /// Waits until nothing is lost that its server says unasked: many drop what they have to say
    /// before they are listened to, and the first call may make them ask something.
    pub(crate) async fn heard(&self) {
        let Link::Http(link) = &self.link else {
            return;
        };
        tokio::select! {
            () = link.heard.cancelled() => {}
            () = self.closing.cancelled() => {}
            () = sleep(HEARD) => {}
        }
    }
}

impl Cursor {
    /// That of the stream which a modern server answers a call with.
    pub(super) fn of(call: Option<CallId>) -> Self {
        Self {
            of: call,
            ..Self::default()
        }
    }

    /// Reads a stream to its end.
    pub(super) async fn read(
        &mut self,
        connection: &Arc<Connection>,
        mut response: Response,
    ) -> Result<(), Broken> {
        let mut events = SseDecoder::new(connection.inbox.limits.message_bytes);
        loop {
            let chunk = response.chunk().await.map_err(|error| Broken {
                why: broken(&cause(error)),
                again: true,
            })?;
            let Some(chunk) = chunk else { return Ok(()) };
            events.push(&chunk);
            while let Some(event) = events.next_event().map_err(Broken::too_long)? {
                self.take(connection, event);
            }
        }
    }

    fn take(&mut self, connection: &Arc<Connection>, event: SseEvent) {
        self.retry = event.retry.map(Duration::from_millis).or(self.retry);
        if let Some(id) = event.id {
            // An empty id takes the earlier one back (WHATWG HTML, section 9.2.6).
            self.last = HeaderValue::from_bytes(id.as_bytes())
                .ok()
                .filter(|id| !id.is_empty());
        }
        if !event.data.is_empty() && event.event.as_deref().is_none_or(|name| name == "message") {
            self.messages += 1;
            match self.of {
                None => inbox::receive(connection, event.data.into()),
                Some(call) => inbox::receive_of(connection, event.data.into(), call),
            }
        }
    }
}

impl Broken {
    fn too_long(error: EventTooLong) -> Self {
        Self {
            why: Words::new(error.to_string(), format!("事件过大：{error}")),
            again: false,
        }
    }
}

/// Whether a response is an event stream.
pub(super) fn is_event_stream(response: &Response) -> bool {
    let kind = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/event-stream"))
}
