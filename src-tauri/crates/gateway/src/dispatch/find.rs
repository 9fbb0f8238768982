//! The server behind what a request names, and the way there.

use std::sync::Arc;

use bytes::Bytes;
use wire::{Span, error_code, string_text};

use super::{Incoming, Reply, error, text_at};
use crate::call::{NotSent, Plan};
use crate::catalog::ServerIndex;
use crate::core::Core;
use crate::lifecycle::State;
use crate::offer::Repeat;
use crate::pool::Refused;
use crate::serve::handshake;
use crate::server::Server;

/// The two kinds of things that are called by a name.
#[derive(Clone, Copy)]
pub(super) enum Named {
    Tool,
    Prompt,
}

pub(super) async fn forward_named(
    core: &Core,
    incoming: Incoming,
    id: Span,
    named: Named,
) -> Reply {
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

pub(super) async fn forward_resource(core: &Core, incoming: Incoming, id: Span) -> Reply {
    match find_resource(core, &incoming).await {
        Ok(server) => forward_to(core, server, incoming, id, Aim::default()).await,
        Err((code, message)) => error(&incoming, id, code, &message),
    }
}

pub(super) async fn forward_completion(core: &Core, incoming: Incoming, id: Span) -> Reply {
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
pub(super) async fn forward_unknown(
    core: &Core,
    incoming: Incoming,
    id: Span,
    method: &str,
) -> Reply {
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
pub(super) struct Aim {
    /// A name that the server knows under another one.
    renamed: Option<(Span, Bytes)>,
    repeat: Repeat,
}

/// To the server that a name led to.
pub(super) async fn forward_to(
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

pub(super) async fn find_resource(
    core: &Core,
    incoming: &Incoming,
) -> Result<ServerIndex, (i32, String)> {
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
