//! What becomes of a message that describes itself: each request is a POST of
//! its own, whose headers say what its body says (MCP 2026-07-28, "Streamable
//! HTTP"). There is no session, and whoever breaks off a POST has cancelled
//! its request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Body, Response};
use tokio::task::{AbortHandle, JoinSet};
use wire::{Claim, Envelope, Era, Kind, Span, error_code, string_text};

use crate::annotations::{Annotations, member};
use crate::departures::Ticket;
use crate::fault::Fault;
use crate::messages::Messages;
use crate::relay::{DEPARTURE_DEADLINE, DEPTH, ONE_WAY_DEADLINE, Relay, response_to, within};

/// How long all pages of the tools may take to be listed before a call is made again.
const LISTING_DEADLINE: Duration = Duration::from_secs(30);

/// The id of the bridge's own request, alone in its POST.
const LISTING: &str = "\"tools of the bridge\"";

/// What is kept of requests that describe themselves.
#[derive(Default)]
pub(crate) struct Modern {
    /// Those in flight, by their ids as written.
    calls: Mutex<HashMap<Bytes, Call>>,
    annotations: Annotations,
    /// Whether the client has made any.
    pub(crate) spoken: AtomicBool,
}

/// A request in flight.
struct Call {
    task: AbortHandle,
    listens: bool,
}

/// A request of the client, or one like it.
pub(crate) struct Request {
    pub(crate) message: Bytes,
    pub(crate) id: Bytes,
    envelope: Envelope,
    method: String,
}

impl Relay {
    pub(crate) async fn accept_modern(
        self: &Arc<Self>,
        message: Bytes,
        envelope: Envelope,
        calls: &mut JoinSet<()>,
    ) {
        if let Kind::Request { id, .. } = envelope.kind {
            self.modern.spoken.store(true, Ordering::Relaxed);
            return self.start(Request::of(message, envelope, id), calls);
        }
        if let Some(id) = envelope.params.request_id
            && envelope.method(&message) == "notifications/cancelled"
        {
            // What is answered already cannot be cancelled; HTTP has no message for it either way.
            self.modern.cancel(id.of(&message));
            return;
        }
        self.departures.all_left(DEPARTURE_DEADLINE).await;
        let headers = wire::mirror(&message, &envelope, &[]);
        let sent = self.remote.post_modern(message, headers);
        if let Err(fault) = within(ONE_WAY_DEADLINE, sent).await {
            self.undelivered(&fault);
        }
    }

    fn start(self: &Arc<Self>, request: Request, calls: &mut JoinSet<()>) {
        let (id, listens) = (request.id.clone(), request.listens());
        let relay = Arc::clone(self);
        let ticket = self.departures.ticket();
        // Locked meanwhile, so that its end comes after its beginning.
        let mut in_flight = self.modern.calls();
        let task = calls.spawn(async move { relay.see_through(request, ticket).await });
        in_flight.insert(id, Call { task, listens });
    }

    async fn see_through(&self, request: Request, ticket: Ticket) {
        let outcome = match request.listens() {
            true => self.subscribe(&request, ticket).await,
            false => self.exchange_modern(&request, ticket).await,
        };
        self.modern.calls().remove(&request.id);
        if let Err(fault) = outcome {
            self.report(&request.id, &fault, Era::Modern).await;
        }
    }

    /// Posts a request and hands on everything up to its response. What breaks
    /// off is lost: there is nothing to take it up by.
    async fn exchange_modern(&self, request: &Request, ticket: Ticket) -> Result<(), Fault> {
        let body = ticket.body(request.message.clone());
        let response = match self.put(request, body).await {
            Err(fault) if request.is_refused_for_its_headers(&fault) => {
                // Nothing has been done yet. The tool has other annotations than those known here.
                if let Err(why) = within(LISTING_DEADLINE, self.list_tools(request)).await {
                    tracing::debug!("the tools cannot be listed: {}", why.text(self.language));
                    return Err(fault);
                }
                self.put(request, request.message.clone()).await?
            }
            outcome => outcome?,
        };
        let mut messages = Messages::new(response);
        while let Some(message) = messages.next().await? {
            let Some(answer) = response_to(&request.id, &message) else {
                self.hand_out(message).await;
                continue;
            };
            if let Ok(result) = answer {
                self.learn(request, result);
            }
            self.out.send(message).await;
            return Ok(());
        }
        Err(Fault::Unanswered)
    }

    /// Posts a request with the headers that its bytes ask for.
    pub(crate) async fn put(
        &self,
        request: &Request,
        body: impl Into<Body>,
    ) -> Result<Response, Fault> {
        let annotations = request.tool().map(|tool| self.modern.annotations.of(&tool));
        let annotations = annotations.unwrap_or_default();
        let headers = wire::mirror(&request.message, &request.envelope, &annotations);
        self.remote.post_modern(body, headers).await
    }

    fn learn(&self, request: &Request, result: &[u8]) {
        if request.method == "tools/list" {
            let is_first_page = request.param(b"cursor").is_none();
            self.modern.annotations.learn(result, is_first_page);
        }
    }

    /// Lists the tools as the client that makes this call would, for their
    /// annotations alone.
    async fn list_tools(&self, call: &Request) -> Result<(), Fault> {
        let mut cursor = None;
        loop {
            let request = call.listing(cursor.as_deref()).ok_or(Fault::Unanswered)?;
            let response = self.put(&request, request.message.clone()).await?;
            let mut messages = Messages::new(response);
            cursor = loop {
                let message = messages.next().await?.ok_or(Fault::Unanswered)?;
                // What comes beside the answer is meant for nobody.
                let Some(answer) = response_to(&request.id, &message) else {
                    continue;
                };
                let result = answer.map_err(|_| Fault::Unanswered)?;
                self.learn(&request, result);
                let next = member(result, b"nextCursor").map(|next| next.of(result));
                break next
                    .filter(|next| next.first() == Some(&b'"'))
                    .map(Bytes::copy_from_slice);
            };
            if cursor.is_none() {
                return Ok(());
            }
        }
    }
}

// === impl Modern ===

impl Modern {
    /// Breaks off a request that is in flight; false where there is none.
    pub(crate) fn cancel(&self, id: &[u8]) -> bool {
        let call = self.calls().remove(id);
        if let Some(call) = &call {
            call.task.abort();
        }
        call.is_some()
    }

    /// Breaks off what would never end by itself.
    pub(crate) fn end_subscriptions(&self) {
        self.calls().retain(|_, call| {
            if call.listens {
                call.task.abort();
            }
            !call.listens
        });
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<Bytes, Call>> {
        // Every change is a single one, so a panic elsewhere leaves it whole.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Request ===

impl Request {
    fn of(message: Bytes, envelope: Envelope, id: Span) -> Self {
        Self {
            id: message.slice(id.range()),
            method: envelope.method(&message).into_owned(),
            message,
            envelope,
        }
    }

    fn listens(&self) -> bool {
        self.method == "subscriptions/listen"
    }

    /// The name of the tool that is called.
    fn tool(&self) -> Option<String> {
        let name = self.envelope.params.name;
        let name = name.filter(|_| self.method == "tools/call")?;
        string_text(name.of(&self.message)).map(|name| name.into_owned())
    }

    /// A member of the params, as it is written.
    fn param(&self, key: &[u8]) -> Option<&[u8]> {
        let params = self.envelope.params.whole?.of(&self.message);
        member(params, key).map(|value| value.of(params))
    }

    fn is_refused_for_its_headers(&self, fault: &Fault) -> bool {
        self.method == "tools/call" && fault.code() == Some(error_code::HEADER_MISMATCH)
    }

    /// A request for one page of the tools that says of its client what this one says.
    fn listing(&self, cursor: Option<&[u8]>) -> Option<Self> {
        let claim = Claim::read(&self.message, &self.envelope.params);
        let said = [
            (wire::meta::VERSION, claim.version),
            (wire::meta::CLIENT_CAPABILITIES, claim.capabilities),
            (wire::meta::CLIENT_INFO, claim.client_info),
        ];
        let said: Vec<String> = said
            .into_iter()
            .filter_map(|(key, value)| {
                let value = String::from_utf8_lossy(value?.of(&self.message));
                Some(format!(r#""{key}":{value}"#))
            })
            .collect();
        let cursor = cursor.map_or_else(String::new, |cursor| {
            format!(r#""cursor":{},"#, String::from_utf8_lossy(cursor))
        });
        let params = format!(r#"{{{cursor}"_meta":{{{}}}}}"#, said.join(","));
        let message = Bytes::from(wire::request(LISTING, "tools/list", &params));
        let envelope = wire::parse(&message, DEPTH).ok()?;
        let id = envelope.id()?;
        Some(Self::of(message, envelope, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_listed_in_the_name_of_the_client_that_calls_one() {
        let text = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":7,"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"roots": {}}},"name":"x"}}"#;
        let message = Bytes::from_static(text);
        let envelope = wire::parse(&message, DEPTH).expect("legal");
        let id = envelope.id().expect("a request");
        let call = Request::of(message, envelope, id);
        let listing = |cursor| {
            let request = call.listing(cursor).expect("legal");
            String::from_utf8(request.message.to_vec()).expect("UTF-8")
        };
        assert_eq!(
            listing(None),
            r#"{"jsonrpc":"2.0","id":"tools of the bridge","method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"roots": {}}}}}"#
        );
        let second = call.listing(Some(b"\"c\"")).expect("legal");
        assert_eq!(second.param(b"cursor"), Some(&b"\"c\""[..]));
        assert_eq!(call.tool().as_deref(), Some("x"));
    }
}
