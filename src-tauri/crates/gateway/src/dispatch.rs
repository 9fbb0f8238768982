//! One match on the MCP method: the product's table of contents.

mod modern;

use std::sync::Arc;

use bytes::Bytes;
use wire::{Envelope, Era, Span, error_code, string_text};

use crate::call::{CallInFlight, Final, NotSent, Plan};
use crate::catalog::ServerIndex;
use crate::client::Client;
use crate::core::Core;
use crate::lifecycle::State;
use crate::log_level::LogLevel;
use crate::offer::{List, Repeat};
use crate::pool::Refused;
use crate::requests::{self, OpenRequest};
use crate::serve::handshake;
use crate::serve::listen::Subscription;
use crate::serve::session::Session;
use crate::server::Server;
use crate::server::subscriptions::Subscriber;
use crate::upstream::OwnCallError;
use crate::user::{Caller, User};

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
                    if connection.owner().is(incoming.session()) {
                        connection.send(text.to_vec(), None);
                    }
                }
            }
        }
        _ => {
            for server in core.in_scope(incoming.scope, incoming.user()) {
                for connection in server.pool.connections() {
                    let owner = connection.owner();
                    if owner.is_free() || owner.is(incoming.session()) {
                        connection.send(text.to_vec(), None);
                    }
                }
            }
        }
    }
}

/// The two kinds of things that are called by a name.
#[derive(Clone, Copy)]
enum Named {
    Tool,
    Prompt,
}

async fn forward_named(core: &Core, incoming: Incoming, id: Span, named: Named) -> Reply {
    let kind = match named {
        Named::Tool => "tool",
        Named::Prompt => "prompt",
    };
    let Some((span, name)) = text_at(&incoming, incoming.envelope.params.name) else {
        let message = format!("params.name must be the name of a {kind}");
        return error(&incoming, id, error_code::INVALID_PARAMS, &message);
    };
    let find = || {
        let catalog = core.board.catalog(incoming.user());
        let view = catalog.view(incoming.scope);
        match named {
            Named::Tool => view.tool(&name).cloned(),
            Named::Prompt => view.prompt(&name).cloned(),
        }
    };
    let mut route = find();
    if route.is_none() {
        // It may belong to a server whose first list is still on its way.
        core.settled(incoming.scope, incoming.user()).await;
        route = find();
    }
    let Some(route) = route else {
        return unknown(core, &incoming, id, kind, &name);
    };
    let same = route.own == span.of(&incoming.text);
    let renamed = (!same).then_some((span, route.own));
    let aim = Aim {
        renamed,
        repeat: route.repeat,
    };
    forward_to(core, route.server, incoming, id, aim).await
}

/// A name that leads nowhere, perhaps because its server waits for a sign-in.
fn unknown(core: &Core, incoming: &Incoming, id: Span, kind: &str, name: &str) -> Reply {
    let only = incoming.scope.and_then(|index| core.server(index));
    if let Some(server) = only
        && let State::NeedsSignIn { why } = server.state()
    {
        let message = server.refusal(&Refused::Unavailable(why));
        return error(incoming, id, error_code::UPSTREAM_UNAVAILABLE, &message);
    }
    let mut message = format!("Unknown {kind}: {name}; {kind}s/list tells which there are");
    if let Some(left_out) = handshake::left_out(core, incoming.user()) {
        message = format!("{message}. {left_out}");
    }
    error(incoming, id, error_code::INVALID_PARAMS, &message)
}

async fn forward_resource(core: &Core, incoming: Incoming, id: Span) -> Reply {
    match find_resource(core, &incoming).await {
        Ok(server) => forward_to(core, server, incoming, id, Aim::default()).await,
        Err((code, message)) => error(&incoming, id, code, &message),
    }
}

async fn forward_completion(core: &Core, incoming: Incoming, id: Span) -> Reply {
    let Some((is_prompt, span)) = completion_target(&incoming) else {
        return error(
            &incoming,
            id,
            error_code::INVALID_PARAMS,
            "params.ref must name a prompt or a resource template",
        );
    };
    let key = string_text(span.of(&incoming.text))
        .unwrap_or_default()
        .into_owned();
    let find = || {
        let catalog = core.board.catalog(incoming.user());
        let view = catalog.view(incoming.scope);
        if is_prompt {
            let route = view.prompt(&key)?;
            Some((route.server, Some((span, route.own.clone()))))
        } else {
            Some((view.resource(&key)?, None))
        }
    };
    let mut route = find();
    if route.is_none() {
        core.settled(incoming.scope, incoming.user()).await;
        route = find();
    }
    match route {
        Some((server, renamed)) => {
            let aim = Aim {
                renamed,
                ..Aim::default()
            };
            forward_to(core, server, incoming, id, aim).await
        }
        None => error(
            &incoming,
            id,
            error_code::INVALID_PARAMS,
            &format!("nothing to complete is known as {key}"),
        ),
    }
}

/// A method that the gateway does not know passes where it is clear to whom.
async fn forward_unknown(core: &Core, incoming: Incoming, id: Span, method: &str) -> Reply {
    let servers = core.in_scope(incoming.scope, incoming.user());
    let mut enabled = servers.iter().filter(|server| server.config.enabled);
    if let (Some(only), None) = (enabled.next(), enabled.next()) {
        return forward(Arc::clone(only), incoming, id, Aim::default()).await;
    }
    let message = format!(
        "Method not found: {method}. It is not clear which server it is for; call it at /<server>/mcp, which passes every method on"
    );
    error(&incoming, id, error_code::METHOD_NOT_FOUND, &message)
}

/// What is known of a request's aim at its server.
#[derive(Debug, Default)]
struct Aim {
    /// A name that the server knows under another one.
    renamed: Option<(Span, Bytes)>,
    repeat: Repeat,
}

/// To the server that a name led to.
async fn forward_to(
    core: &Core,
    server: ServerIndex,
    incoming: Incoming,
    id: Span,
    aim: Aim,
) -> Reply {
    match core.server(server) {
        Some(server) => forward(server, incoming, id, aim).await,
        None => error(
            &incoming,
            id,
            error_code::UPSTREAM_UNAVAILABLE,
            "the server was just taken out of the gateway's configuration",
        ),
    }
}

async fn forward(server: Arc<Server>, incoming: Incoming, id: Span, aim: Aim) -> Reply {
    let plan = Plan {
        server,
        client: incoming.client,
        text: incoming.text,
        envelope: incoming.envelope,
        id,
        renamed: aim.renamed,
        repeat: aim.repeat,
        streams: incoming.streams,
        open: incoming.open,
    };
    match plan.launch().await {
        Ok(call) => Reply::Call(Box::new(call)),
        Err(NotSent::Refused(refusal)) => Reply::Answer(refusal),
        Err(NotSent::Cancelled) => Reply::Nothing,
    }
}

async fn list(core: &Core, incoming: &Incoming, id: Span, list: List) -> Reply {
    if let Some(params) = incoming
        .envelope
        .params
        .whole
        .map(|params| params.of(&incoming.text))
        && wire::members(params)
            .any(|member| member.key.of(params) == b"cursor" && member.value.of(params) != b"null")
    {
        return error(
            incoming,
            id,
            error_code::INVALID_PARAMS,
            "the cursor is not one of this gateway's: its lists have one page",
        );
    }
    core.settled(incoming.scope, incoming.user()).await;
    answer(
        incoming,
        id,
        core.board
            .catalog(incoming.user())
            .view(incoming.scope)
            .list(list),
    )
}

async fn subscribe(core: &Core, incoming: &Incoming, id: Span, wanted: bool) -> Reply {
    let Some(client) = incoming.session() else {
        return error(
            incoming,
            id,
            error_code::INVALID_REQUEST,
            "subscriptions need a session: send initialize first",
        );
    };
    let found = match find_resource(core, incoming).await {
        Ok(server) => core.server(server),
        Err((code, message)) => return error(incoming, id, code, &message),
    };
    let Some(server) = found else {
        let message = "the server was just taken out of the gateway's configuration";
        return error(incoming, id, error_code::UPSTREAM_UNAVAILABLE, message);
    };
    let uri = text_at(incoming, incoming.envelope.params.uri)
        .map(|(_, uri)| uri)
        .unwrap_or_default();
    let subscriber = Subscriber::Session(Arc::clone(client));
    let method = if wanted {
        server.inbox.subscriptions.add(&uri, &subscriber);
        "resources/subscribe"
    } else {
        if !server.inbox.subscriptions.remove(&uri, &subscriber) {
            // Other clients still want it.
            return answer(incoming, id, b"{}");
        }
        "resources/unsubscribe"
    };
    // Waits for a connection where none is open.
    let lease = match server.pool.acquire(Some(client)).await {
        Ok(lease) => lease,
        Err(refused) => {
            return error(
                incoming,
                id,
                error_code::UPSTREAM_UNAVAILABLE,
                &server.refusal(&refused),
            );
        }
    };
    let connection = server.pool.lasting(&lease);
    let params = incoming
        .envelope
        .params
        .whole
        .map_or(&b""[..], |params| params.of(&incoming.text));
    let params = String::from_utf8_lossy(params);
    match connection
        .ask_any(method, &params, server.config.call_timeout)
        .await
    {
        Ok(reply) => {
            let text = wire::splice_one(&reply.text, reply.id, id.of(&incoming.text));
            Reply::Answer(Final {
                text: text.into(),
                code: None,
            })
        }
        Err(failed @ OwnCallError::Timeout { .. }) => error(
            incoming,
            id,
            error_code::REQUEST_TIMEOUT,
            &failed.to_string(),
        ),
        Err(failed) => error(
            incoming,
            id,
            error_code::UPSTREAM_UNAVAILABLE,
            &failed.to_string(),
        ),
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

async fn find_resource(core: &Core, incoming: &Incoming) -> Result<ServerIndex, (i32, String)> {
    let Some((_, uri)) = text_at(incoming, incoming.envelope.params.uri) else {
        return Err((
            error_code::INVALID_PARAMS,
            "params.uri must be the URI of a resource".to_owned(),
        ));
    };
    let find = || {
        core.board
            .catalog(incoming.user())
            .view(incoming.scope)
            .resource(&uri)
    };
    if let Some(server) = find() {
        return Ok(server);
    }
    core.settled(incoming.scope, incoming.user()).await;
    if let Some(server) = find() {
        return Ok(server);
    }
    // A server may serve more than it lists: where only one has resources, it decides.
    let servers = core.in_scope(incoming.scope, incoming.user());
    let mut candidates = servers.iter().filter(|server| {
        server.config.enabled && server.hello().is_some_and(|hello| hello.has("resources"))
    });
    match (candidates.next(), candidates.next()) {
        (Some(only), None) => Ok(only.index()),
        _ => Err((
            error_code::RESOURCE_NOT_FOUND,
            format!("Resource not found: {uri}"),
        )),
    }
}

/// Where a completion's reference names its prompt (true) or resource (false).
fn completion_target(incoming: &Incoming) -> Option<(bool, Span)> {
    let text = &incoming.text;
    let params = incoming.envelope.params.whole?;
    let reference =
        wire::members(params.of(text)).find(|member| member.key.of(params.of(text)) == b"ref")?;
    let reference = reference.value.shifted(params.start);
    for member in wire::members(reference.of(text)) {
        let span = member.value.shifted(reference.start);
        match member.key.of(reference.of(text)) {
            b"name" => return Some((true, span)),
            b"uri" => return Some((false, span)),
            _ => {}
        }
    }
    None
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
