//! A server over HTTP+SSE, the transport of 2024-11-05: it says on an event stream where messages
//! are to be posted, and answers them on that stream. The connection ends with it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, StatusCode, Url};
use tokio_util::sync::CancellationToken;
use wire::{SseDecoder, SseEvent};

use super::super::inbox::{self, Inbox};
use super::super::pending::CallId;
use super::super::slot::Lost;
use super::super::{Connection, Link};
use super::address::cause;
use super::exchange::no_longer_wanted;
use super::stream::is_event_stream;
use super::{HttpLink, broken};
use crate::oauth::Credential;
use crate::words::Words;

/// The sending side of a connection.
#[derive(Debug)]
pub(crate) struct EventsLink {
    http: HttpLink,
    endpoint: OnceLock<Url>,
    /// Cancelled once there is an endpoint.
    ready: CancellationToken,
}

/// Prepares a connection; nothing is sent yet.
///
/// # Errors
/// In words, where URL or headers cannot be used.
pub(crate) fn open(
    url: &str,
    headers: &[(String, String)],
    credential: Option<Arc<Credential>>,
    inbox: Arc<Inbox>,
    closing: CancellationToken,
) -> Result<Arc<Connection>, Words> {
    let link = EventsLink {
        http: super::link(url, headers, credential, &inbox)?,
        endpoint: OnceLock::new(),
        ready: CancellationToken::new(),
    };
    Ok(Connection::new(
        Link::Events(Box::new(link)),
        inbox,
        closing,
    ))
}

/// Owns the connection: reads the stream to its end. Why it ended.
pub(crate) async fn drive(connection: Arc<Connection>) -> Words {
    let link = of(&connection);
    let reason = tokio::select! {
        () = connection.closing.cancelled() => connection.farewell(),
        reason = link.read(&connection) => reason,
    };
    connection.closing.cancel();
    // Whoever waits is told first: what is under way ends with less to say.
    connection.pending.close(&Lost::Died(reason.clone()));
    link.http.tasks.close();
    link.http.tasks.wait().await;
    reason
}

fn of(connection: &Connection) -> &EventsLink {
    match &connection.link {
        Link::Events(link) => link,
        Link::Stdio(_) | Link::Http(_) => unreachable!("BUG: events drives events links"),
    }
}

impl EventsLink {
    pub(super) fn http(&self) -> &HttpLink {
        &self.http
    }

    /// How the last message of a greeting was refused: status and body.
    pub(in super::super) fn take_refusal(&self) -> Option<(u16, Bytes)> {
        self.http.take_refusal()
    }

    /// Sends one message; its answer comes on the stream.
    pub(in super::super) fn post(
        &self,
        connection: &Arc<Connection>,
        message: Vec<u8>,
        id: Option<CallId>,
    ) {
        let connection = Arc::clone(connection);
        self.http.tasks.spawn(async move {
            let outcome = tokio::select! {
                outcome = of(&connection).put(&connection, message, id) => outcome,
                // Its calls end with the connection.
                () = connection.closing.cancelled() => return,
                () = no_longer_wanted(&connection, id) => return,
            };
            if let Err(lost) = outcome {
                let server = &connection.inbox.server;
                tracing::debug!(%server, "a message was not taken: {}", lost.words().en);
                if let Some(id) = id {
                    connection.pending.lose(id, lost);
                }
            }
        });
    }

    /// Sends one message and waits until it has been taken.
    pub(in super::super) async fn deliver(
        &self,
        connection: &Arc<Connection>,
        message: Vec<u8>,
    ) -> Result<(), Lost> {
        tokio::select! {
            taken = self.put(connection, message, None) => taken,
            () = connection.closing.cancelled() => Err(Lost::Died(connection.farewell())),
            () = no_longer_wanted(connection, None) => Err(Lost::Died(Words::new(
                "the server did not take a message in time",
                "服务器未及时接收消息",
            ))),
        }
    }

    async fn put(
        &self,
        connection: &Arc<Connection>,
        message: Vec<u8>,
        id: Option<CallId>,
    ) -> Result<(), Lost> {
        self.ready.cancelled().await;
        let Some(endpoint) = self.endpoint.get() else {
            return Err(Lost::Unsent(connection.farewell()));
        };
        let body = Bytes::from(message);
        let http = &self.http;
        let response = http
            .send(|bearer| {
                let request = http.client.post(endpoint.clone());
                let request = request
                    .headers(http.headers.clone())
                    .header(ACCEPT, "application/json, text/event-stream")
                    .header(CONTENT_TYPE, "application/json");
                http.authorized(request.body(body.clone()), bearer)
            })
            .await?;
        if response.status().is_success() {
            return Ok(());
        }
        http.refused(connection, response, id).await
    }

    /// Reads the stream to its end; why it ended.
    async fn read(&self, connection: &Arc<Connection>) -> Words {
        let get = |bearer: Option<&vault::Secret>| {
            let request = self.http.request(Method::GET, bearer);
            request.header(ACCEPT, "text/event-stream")
        };
        let response = match self.http.send(get).await {
            Ok(response) => response,
            Err(lost) => return lost.words(),
        };
        let status = response.status();
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            let refused = self.http.refused(connection, response, None).await;
            return refused.map_or_else(|lost| lost.words(), |()| connection.farewell());
        }
        if !status.is_success() || !is_event_stream(&response) {
            return Words::new(
                format!("it offers no event stream of HTTP+SSE (HTTP {status})"),
                format!("它没有提供 HTTP+SSE 的事件流 (HTTP {status})"),
            );
        }
        let mut response = response;
        let mut events = SseDecoder::new(connection.inbox.limits.message_bytes);
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => events.push(&chunk),
                Ok(None) => {
                    return Words::new("the server ended its event stream", "服务器结束了事件流");
                }
                Err(error) => return broken(&cause(error)),
            }
            loop {
                match events.next_event() {
                    Ok(Some(event)) => {
                        if let Err(why) = self.take(connection, event) {
                            return why;
                        }
                    }
                    Ok(None) => break,
                    Err(error) => {
                        return Words::new(error.to_string(), format!("事件过大：{error}"));
                    }
                }
            }
        }
    }

    fn take(&self, connection: &Arc<Connection>, event: SseEvent) -> Result<(), Words> {
        match event.event.as_deref() {
            Some("endpoint") if self.endpoint.get().is_none() => {
                let said = String::from_utf8_lossy(event.data.as_ref()).into_owned();
                let endpoint = endpoint(self.http.address.secret(), &said)?;
                self.endpoint.get_or_init(|| endpoint);
                self.ready.cancel();
            }
            None | Some("message") if !event.data.is_empty() => {
                inbox::receive(connection, event.data.into());
            }
            _ => {}
        }
        Ok(())
    }
}

/// Where messages are to be posted: on the server that the stream comes from, nowhere else.
fn endpoint(url: &str, said: &str) -> Result<Url, Words> {
    let base = Url::parse(url).ok();
    let endpoint = base
        .as_ref()
        .and_then(|base| base.join(said.trim()).ok())
        .filter(|endpoint| Some(endpoint.origin()) == base.as_ref().map(Url::origin));
    endpoint.ok_or_else(|| {
        Words::new(
            "the server wants its messages posted to another server, or to no address at all",
            "服务器要求把消息发送到另一台服务器，或给出的不是地址",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_posted_to_the_origin_of_the_stream_alone() {
        let to = |said| endpoint("https://host:8443/a/sse?key=k", said).map(|url| url.to_string());
        for (said, wanted) in [
            (
                "/messages?session=1",
                "https://host:8443/messages?session=1",
            ),
            ("messages", "https://host:8443/a/messages"),
            ("?session=1", "https://host:8443/a/sse?session=1"),
            (" https://host:8443/x\n", "https://host:8443/x"),
        ] {
            assert_eq!(to(said).as_deref(), Ok(wanted), "{said}");
        }
        for other in [
            "https://host/x",
            "http://host:8443/x",
            "https://other:8443/x",
            "//other:8443/x",
            "file:///x",
            "http://[",
        ] {
            assert!(to(other).is_err(), "{other}");
        }
        assert!(endpoint("no url", "/x").is_err());
    }
}
