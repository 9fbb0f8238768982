//! One match on the MCP method: the product's table of contents.

mod find;
mod list;
pub(crate) mod modern;
mod subscribe;
mod tasks;
mod unknown;

use std::sync::Arc;

use bytes::Bytes;
use wire::{Envelope, Era, Span, error_code, string_text};

use crate::call::{CallInFlight, Final};
use crate::catalog::ServerIndex;
use crate::client::Client;
use crate::core::Core;
use crate::log_level::LogLevel;
use crate::offer::List;
use crate::pool::Claimant;
use crate::requests::{self, OpenRequest};
use crate::serve::listen::Subscription;
use crate::serve::session::Session;
use crate::user::{Caller, User};
pub(crate) use find::asked::whose;
use find::{
    Named, forward_by_uri, forward_completion, forward_named, forward_resource, forward_unknown,
};
use list::list;
use subscribe::subscribe;

/// A message of a client with where it came from.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) text: Bytes,
    pub(crate) envelope: Envelope,
    pub(crate) client: Option<Client>,
    /// The one server that the endpoint stands for; `None` for all.
    pub(crate) scope: Option<ServerIndex>,
    /// Whether messages can be sent before the answer.
    pub(crate) streams: bool,
    pub(crate) caller: Caller,
    /// Keeps a request open for its cancellation.
    open: Option<OpenRequest>,
}

impl Incoming {
    pub(crate) fn new(
        text: Bytes,
        envelope: Envelope,
        client: Option<Client>,
        scope: Option<ServerIndex>,
        streams: bool,
        caller: Caller,
    ) -> Self {
        Self {
            text,
            envelope,
            client,
            scope,
            streams,
            caller,
            open: None,
        }
    }

    fn user(&self) -> Option<&User> {
        self.caller.user()
    }

    /// The session of a legacy client.
    pub(crate) fn session(&self) -> Option<&Arc<Session>> {
        self.client.as_ref().and_then(Client::session)
    }

    /// For whom it wants a connection.
    fn claimant(&self) -> Claimant<'_> {
        match self.session() {
            Some(session) => Claimant::Session(session),
            None => Claimant::User(self.user()),
        }
    }

    fn era(&self) -> Era {
        self.client.as_ref().map_or(Era::Legacy, Client::era)
    }
}

/// What a request leads to.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The answer, from the gateway itself.
    Answer(Final),
    /// A server is working on it.
    Call(Box<CallInFlight>),
    /// A modern client listens.
    Listen(Box<Subscription>),
    /// The client has cancelled it: there is no answer.
    Nothing,
}

/// Takes a request with the given id.
pub(crate) async fn request(core: &Core, mut incoming: Incoming, id: Span) -> Reply {
    let method = incoming.envelope.method(&incoming.text).into_owned();
    if let Some(client) = incoming.session() {
        match OpenRequest::new(client, incoming.text.slice(id.range())) {
            Ok(open) => incoming.open = Some(open),
            Err(requests::Refused::Cancelled) => return Reply::Nothing,
            Err(requests::Refused::Duplicate) => {
                let message = "Invalid Request: another request with this id is in flight";
                return error(&incoming, id, error_code::INVALID_REQUEST, message);
            }
        }
    }
    if incoming.era() == Era::Modern
        && modern::may_differ(&method)
        && let Some(reply) = Box::pin(modern::reply(core, &incoming, id, &method)).await
    {
        return reply;
    }
    match method.as_str() {
        "tools/call" => forward_named(core, incoming, id, Named::Tool).await,
        "prompts/get" => forward_named(core, incoming, id, Named::Prompt).await,
        "resources/read" => forward_resource(core, incoming, id).await,
        "completion/complete" => forward_completion(core, incoming, id).await,
        "tools/list" => list(core, &incoming, id, List::Tools).await,
        "prompts/list" => list(core, &incoming, id, List::Prompts).await,
        "resources/list" => list(core, &incoming, id, List::Resources).await,
        "resources/templates/list" => list(core, &incoming, id, List::Templates).await,
        "resources/subscribe" => subscribe(core, &incoming, id, true).await,
        "resources/unsubscribe" => subscribe(core, &incoming, id, false).await,
        "logging/setLevel" => set_level(core, &incoming, id),
        "ping" => answer(&incoming, id, b"{}"),
        "tasks/get" | "tasks/update" | "tasks/cancel" if incoming.era() == Era::Modern => {
            tasks::forward(core, incoming, id, &method).await
        }
        "skills/get" | "resources/directory/read" => {
            forward_by_uri(core, incoming, id, &method).await
        }
        _ => forward_unknown(core, incoming, id, &method).await,
    }
}

/// Takes a notification.
pub(crate) fn notification(core: &Core, incoming: &Incoming) {
    let (text, params) = (&incoming.text, incoming.envelope.params);
    match incoming.envelope.method(text).as_ref() {
        "notifications/cancelled" => {
            if let (Some(client), Some(id)) = (incoming.session(), params.request_id) {
                client.requests.cancel(text.slice(id.range()), |own| {
                    wire::splice_one(text, id, own.as_bytes())
                });
            }
        }
        "notifications/progress" => {
            if let (Some(client), Some(token)) = (incoming.session(), params.progress_token) {
                client.questions.progress(text, token);
            }
        }
        // The gateway has done its own handshake.
        "notifications/initialized" => {}
        "notifications/roots/list_changed" => {
            let servers = core.in_scope(incoming.scope, incoming.user());
            for server in servers.iter().filter(|server| server.config.roots) {
                for connection in server.pool.connections() {
                    if connection.owner().is(incoming.claimant()) {
                        connection.send(text.to_vec(), None);
                    }
                }
            }
        }
        _ => {
            for server in core.in_scope(incoming.scope, incoming.user()) {
                for connection in server.pool.connections() {
                    let owner = connection.owner();
                    if owner.is_free() || owner.is(incoming.claimant()) {
                        connection.send(text.to_vec(), None);
                    }
                }
            }
        }
    }
}

fn set_level(core: &Core, incoming: &Incoming, id: Span) -> Reply {
    let params = incoming
        .envelope
        .params
        .whole
        .map_or(&b""[..], |params| params.of(&incoming.text));
    let level = wire::members(params).find(|member| member.key.of(params) == b"level");
    let level = level
        .and_then(|member| string_text(member.value.of(params)))
        .and_then(|level| LogLevel::from_wire(&level));
    let Some(level) = level else {
        let message = "params.level must be debug, info, notice, warning, error, critical, alert or emergency";
        return error(incoming, id, error_code::INVALID_PARAMS, message);
    };
    if let Some(client) = incoming.session() {
        client.set_log_level(level);
        let servers = core.in_scope(client.scope, client.user.as_ref());
        servers.iter().for_each(|server| server.apply_log_level());
    }
    answer(incoming, id, b"{}")
}

fn text_at(incoming: &Incoming, span: Option<Span>) -> Option<(Span, String)> {
    let span = span?;
    Some((span, string_text(span.of(&incoming.text))?.into_owned()))
}

fn answer(incoming: &Incoming, id: Span, result: &[u8]) -> Reply {
    match incoming.era() {
        Era::Legacy => Reply::Answer(Final::result(id.of(&incoming.text), result)),
        Era::Modern => modern::answer(incoming, id, result),
    }
}

fn error(incoming: &Incoming, id: Span, code: i32, message: &str) -> Reply {
    let id = id.of(&incoming.text);
    Reply::Answer(Final::error(incoming.era(), id, code, message))
}
