//! Modern exchanges: each request is a POST of its own that describes itself, in its headers as in
//! its body (MCP 2026-07-28, "Streamable HTTP"). There is no session, nothing is asked for
//! unasked, and whoever breaks off an exchange has cancelled the request.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{RequestBuilder, Response, StatusCode};
use tokio_util::sync::CancellationToken;
use vault::Secret;
use wire::error_code::HEADER_MISMATCH;
use wire::{Envelope, Kind, ParamHeader, string_text};

use super::super::Connection;
use super::super::inbox;
use super::super::pending::CallId;
use super::super::slot::Lost;
use super::exchange::no_longer_wanted;
use super::refusal::{Refusal, error_code};
use super::stream::{Cursor, is_event_stream};
use super::{HttpLink, read_body};
use crate::client::Client;
use crate::offer::List;
use crate::sync::Locked;
use crate::words::Words;

/// How long the tools may take to be listed anew before a call is sent again.
const LISTED_ANEW: Duration = Duration::from_secs(5);

/// A message on its way.
struct Exchange {
    body: Bytes,
    envelope: Envelope,
    id: Option<CallId>,
    /// The own name of the tool that is called.
    tool: Option<String>,
}

impl HttpLink {
    /// Sends one message; its answer comes back through the inbox.
    pub(super) fn post_modern(
        &self,
        connection: &Arc<Connection>,
        message: Vec<u8>,
        id: Option<CallId>,
    ) {
        let Some(exchange) = Exchange::of(message, id) else {
            // A server of this era asks nothing, so there is nothing to answer.
            tracing::debug!(server = %connection.inbox.server, "what is no request was not sent");
            return;
        };
        let connection = Arc::clone(connection);
        let broken_off = CancellationToken::new();
        if let Some(id) = id {
            self.exchanges.locked().insert(id, broken_off.clone());
        }
        // One that stays open says nothing about whether the server can be reached.
        let counts = !exchange.listens();
        self.under_way
            .fetch_add(usize::from(counts), Ordering::SeqCst);
        self.tasks.spawn(async move {
            let link = connection.link.http();
            let outcome = if connection.closing.is_cancelled() {
                Some(Err(Lost::Unsent(connection.farewell())))
            } else {
                tokio::select! {
                    outcome = link.exchange_modern(&connection, &exchange) => Some(outcome),
                    () = connection.closing.cancelled() => Some(Err(Lost::Died(connection.farewell()))),
                    () = broken_off.cancelled() => None,
                    () = no_longer_wanted(&connection, id) => None,
                }
            };
            if let Some(id) = id {
                link.exchanges.locked().remove(&id);
            }
            let before = link.under_way.fetch_sub(usize::from(counts), Ordering::SeqCst);
            let was_last = before == usize::from(counts);
            link.conclude(&connection, id, outcome, was_last);
        });
    }

    /// Breaks off the exchange of a call, which cancels it; false where messages do that.
    pub(in super::super) fn break_off(&self, id: CallId) -> bool {
        if !self.is_modern() {
            return false;
        }
        if let Some(exchange) = self.exchanges.locked().remove(&id) {
            exchange.cancel();
        }
        true
    }

    async fn exchange_modern(
        &self,
        connection: &Arc<Connection>,
        exchange: &Exchange,
    ) -> Result<(), Lost> {
        let response = self.put_modern(connection, exchange).await?;
        if response.status() != StatusCode::BAD_REQUEST {
            return self.take_modern(connection, response, exchange).await;
        }
        let refusal = self.read_refusal(connection, response).await;
        if !exchange.is_refused_for_its_headers(&refusal) {
            return self.weigh(connection, refusal, exchange.id).await;
        }
        // The server has done nothing yet. Its tools have other annotations than those known here.
        let mut listed = connection.inbox.annotations.watch();
        connection.inbox.news.changed(List::Tools);
        let anew = tokio::time::timeout(LISTED_ANEW, listed.changed()).await;
        if !matches!(anew, Ok(Ok(()))) {
            return self.weigh(connection, refusal, exchange.id).await;
        }
        let response = self.put_modern(connection, exchange).await?;
        self.take_modern(connection, response, exchange).await
    }

    async fn put_modern(
        &self,
        connection: &Connection,
        exchange: &Exchange,
    ) -> Result<Response, Lost> {
        let headers = exchange.headers(connection, &self.headers);
        self.send(|bearer| self.request_modern(&headers, exchange.body.clone(), bearer))
            .await
    }

    fn request_modern(
        &self,
        headers: &HeaderMap,
        body: Bytes,
        bearer: Option<&Secret>,
    ) -> RequestBuilder {
        let request = self
            .client
            .post(self.address.secret())
            .headers(headers.clone())
            .body(body);
        self.authorized(request, bearer)
    }

    async fn take_modern(
        &self,
        connection: &Arc<Connection>,
        response: Response,
        exchange: &Exchange,
    ) -> Result<(), Lost> {
        let (status, id) = (response.status(), exchange.id);
        if !status.is_success() {
            return self.refused(connection, response, id).await;
        }
        if status == StatusCode::ACCEPTED || status == StatusCode::NO_CONTENT {
            return Ok(());
        }
        if !is_event_stream(&response) {
            let body = read_body(connection, response).await?;
            if !body.is_empty() {
                inbox::receive(connection, body);
            }
            return Ok(());
        }
        let read = Cursor::of(id).read(connection, response).await;
        read.map_err(|broken| match broken.again {
            true => Lost::Died(broken.why),
            false => Lost::Unusable(broken.why),
        })?;
        if id.is_some_and(|id| connection.pending.contains(id)) {
            return Err(Lost::Died(Words::new(
                "the stream ended before the answer",
                "流在应答之前结束",
            )));
        }
        Ok(())
    }
}

impl Exchange {
    /// Of a message; `None` where it is an answer.
    fn of(message: Vec<u8>, id: Option<CallId>) -> Option<Self> {
        let body = Bytes::from(message);
        let envelope = wire::parse(&body, usize::MAX).ok()?;
        if let Kind::Response { .. } = envelope.kind {
            return None;
        }
        let name = envelope.params.name;
        let tool = name.filter(|_| envelope.method(&body) == "tools/call");
        let tool = tool.and_then(|name| string_text(name.of(&body)).map(|name| name.into_owned()));
        Some(Self {
            body,
            envelope,
            id,
            tool,
        })
    }

    /// Whether it is answered only when the subscription ends.
    fn listens(&self) -> bool {
        self.envelope.method(&self.body) == "subscriptions/listen"
    }

    /// All its headers: `configured` ones, those that repeat the body, and those that the client
    /// sent about arguments of its own accord.
    fn headers(&self, connection: &Connection, configured: &HeaderMap) -> HeaderMap {
        let mut headers = configured.clone();
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("application/json, text/event-stream"),
        );
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let tool = self.tool.as_deref();
        let annotations = tool.map(|tool| connection.inbox.annotations.of(tool));
        let annotations = annotations.unwrap_or_default();
        let call = self.id.and_then(|id| connection.pending.candidate(id));
        if let Some(Client::Exchange(exchange)) = call.and_then(|call| call.client) {
            put_those_of_client(&exchange.params, &annotations, configured, &mut headers);
        }
        for (name, value) in wire::mirror(&self.body, &self.envelope, &annotations) {
            let header = HeaderName::try_from(name)
                .ok()
                .zip(HeaderValue::try_from(value).ok());
            if let Some((name, value)) = header {
                headers.insert(name, value);
            }
        }
        headers
    }

    fn is_refused_for_its_headers(&self, refusal: &Refusal) -> bool {
        self.tool.is_some() && error_code(&refusal.body) == Some(i64::from(HEADER_MISMATCH))
    }
}

/// Those about arguments that the tool, as far as is known here, does not declare; all of them as
/// they came. What the file configures is not a client's to change.
fn put_those_of_client(
    sent: &[(HeaderName, HeaderValue)],
    declared: &[ParamHeader],
    configured: &HeaderMap,
    headers: &mut HeaderMap,
) {
    for (name, value) in sent {
        let is_declared = declared.iter().any(|one| one.header == name.as_str());
        if !is_declared && !configured.contains_key(name) {
            headers.append(name.clone(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_headers_go_on_as_they_came_and_replace_none_of_the_files() {
        let header = |name: &'static str, value: &'static str| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        };
        let configured: HeaderMap = [header("mcp-param-tenant", "file")].into_iter().collect();
        let sent = [
            header("mcp-param-tenant", "client"),
            header("mcp-param-tag", "one"),
            header("mcp-param-tag", "two"),
        ];
        let mut headers = configured.clone();
        put_those_of_client(&sent, &[], &configured, &mut headers);
        let of = |name: &str| headers.get_all(name).iter().collect::<Vec<_>>();
        assert_eq!(of("mcp-param-tenant"), ["file"]);
        assert_eq!(of("mcp-param-tag"), ["one", "two"]);
    }
}
