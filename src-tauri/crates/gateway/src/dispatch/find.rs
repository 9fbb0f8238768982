//! The server behind what a request names, and the way there.

pub(super) mod asked;

use std::sync::Arc;

use bytes::Bytes;
use eras::Heads;
use serde_json::json;
use serde_json::value::to_raw_value;
use wire::{Era, MODERN, Span, error_code, meta, quote, string_text};

use super::unknown::{listed_first, unknown};
use super::{Incoming, Reply, error, text_at};
use crate::call::{Final, NotSent, Plan};
use crate::catalog::{Place, ServerIndex, Shown, View};
use crate::client::Client;
use crate::core::Core;
use crate::offer::Repeat;
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
        let route = match named {
            Named::Tool => view.tool(&name)?.clone(),
            Named::Prompt => view.prompt(&name)?.clone(),
        };
        let shown = shown(view, &incoming, route.server);
        Some((route, shown))
    };
    let mut route = find();
    if route.is_none() {
        // It may belong to a server whose first list is still on its way.
        if let Err(refusal) = Box::pin(listed_first(core, &incoming, id)).await {
            return refusal;
        }
        route = find();
    }
    let Some((route, shown)) = route else {
        return unknown(core, &incoming, id, kind, &name);
    };
    if let (Named::Tool, Some(Client::Exchange(_))) = (named, &incoming.client)
        && let Some(refusal) = contradicted(core, &incoming, id, &name)
    {
        return Reply::Answer(refusal);
    }
    let same = route.own == span.of(&incoming.text);
    let renamed = (!same).then_some((span, route.own));
    let aim = Aim {
        renamed,
        repeat: route.repeat,
        shown,
    };
    // Without `forward_to`: each future between this and the call takes the whole request along.
    match core.server(route.server) {
        Some(server) => forward(server, incoming, id, aim).await,
        None => taken_out(&incoming, id),
    }
}

/// What an endpoint calls a server's things, where that concerns the answer to a request: tasks have
/// modern requests alone.
pub(super) fn shown(view: &View, incoming: &Incoming, server: ServerIndex) -> Option<Arc<Shown>> {
    match incoming.era() {
        Era::Legacy => view.qualified(server).cloned(),
        Era::Modern => view.shown(server).cloned(),
    }
}

/// A refusal, where the headers of a modern call do not repeat its arguments as its tool wants it.
#[cold]
fn contradicted(core: &Core, incoming: &Incoming, id: Span, tool: &str) -> Option<Final> {
    let Some(Client::Exchange(exchange)) = &incoming.client else {
        return None;
    };
    let catalog = core.board.catalog(incoming.user());
    let declared = catalog.view(incoming.scope).params(tool);
    if declared.is_empty() {
        return None;
    }
    let heads = exchange.params.iter();
    let heads = Heads::read(heads.map(|(name, value)| (name.as_str(), value.as_bytes())));
    let rejection =
        eras::param_headers(declared, &incoming.text, &incoming.envelope, &heads).err()?;
    let id = id.of(&incoming.text);
    let text = wire::error_response(
        id,
        rejection.code,
        &rejection.message,
        rejection.data.as_deref(),
    );
    Some(Final {
        text: text.into(),
        code: Some(rejection.code.into()),
    })
}

pub(super) async fn forward_resource(core: &Core, incoming: Incoming, id: Span) -> Reply {
    match find_resource(core, &incoming, id).await {
        Ok(found) => {
            let (server, aim) = found.aim();
            forward_to(core, server, incoming, id, aim).await
        }
        Err(refusal) => refusal,
    }
}

/// A method of an extension that says by `params.uri` whose it is.
pub(super) async fn forward_by_uri(
    core: &Core,
    incoming: Incoming,
    id: Span,
    method: &str,
) -> Reply {
    let found = match text_at(&incoming, incoming.envelope.params.uri) {
        Some((span, uri)) if incoming.scope.is_none() => {
            core.settled(None, incoming.user()).await;
            listed(core, &incoming, span, &uri)
        }
        _ => None,
    };
    match found {
        Some(found) => {
            let (server, aim) = found.aim();
            forward_to(core, server, incoming, id, aim).await
        }
        None => forward_unknown(core, incoming, id, method).await,
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
        if !is_prompt {
            return Some(listed(core, &incoming, span, &key)?.aim());
        }
        let catalog = core.board.catalog(incoming.user());
        let route = catalog.view(incoming.scope).prompt(&key)?;
        let aim = Aim {
            renamed: Some((span, route.own.clone())),
            ..Aim::default()
        };
        Some((route.server, aim))
    };
    let mut found = find();
    if found.is_none() {
        if is_prompt {
            if let Err(refusal) = Box::pin(listed_first(core, &incoming, id)).await {
                return refusal;
            }
        } else {
            core.settled(incoming.scope, incoming.user()).await;
        }
        found = find();
    }
    if found.is_none() && !is_prompt {
        found = unlisted(core, &incoming, span).map(FoundResource::aim);
    }
    match found {
        Some((server, aim)) => forward_to(core, server, incoming, id, aim).await,
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
    if matches!(method, "server/discover" | "subscriptions/listen") {
        let message = format!(
            "Method not found: {method} exists in MCP {MODERN} alone, and the request does not claim that version: set `params._meta[{:?}]`",
            meta::VERSION
        );
        return error(&incoming, id, error_code::METHOD_NOT_FOUND, &message);
    }
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
    pub(super) renamed: Option<(Span, Bytes)>,
    pub(super) repeat: Repeat,
    /// What the client calls the server's things.
    pub(super) shown: Option<Arc<Shown>>,
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
        None => taken_out(&incoming, id),
    }
}

fn taken_out(incoming: &Incoming, id: Span) -> Reply {
    let message = "the server was just taken out of the gateway's configuration";
    error(incoming, id, error_code::UPSTREAM_UNAVAILABLE, message)
}

async fn forward(server: Arc<Server>, incoming: Incoming, id: Span, aim: Aim) -> Reply {
    let plan = Plan {
        server,
        client: incoming.client,
        caller: incoming.caller,
        text: incoming.text,
        envelope: incoming.envelope,
        id,
        renamed: aim.renamed,
        repeat: aim.repeat,
        shown: aim.shown,
        streams: incoming.streams,
        open: incoming.open,
    };
    match plan.launch().await {
        Ok(call) => Reply::Call(call),
        Err(NotSent::Refused(refusal)) => Reply::Answer(refusal),
        Err(NotSent::Cancelled) => Reply::Nothing,
    }
}

/// A resource that a request names, or a template by its text.
pub(super) struct FoundResource {
    /// Where its URI stands in the request.
    span: Span,
    pub(super) place: Place,
    pub(super) shown: Option<Arc<Shown>>,
}

impl FoundResource {
    fn aim(self) -> (ServerIndex, Aim) {
        let own = self.place.own;
        let aim = Aim {
            renamed: own.map(|own| (self.span, quote(&own).into())),
            shown: self.shown,
            ..Aim::default()
        };
        (self.place.server, aim)
    }
}

/// By what the servers list.
fn listed(core: &Core, incoming: &Incoming, span: Span, uri: &str) -> Option<FoundResource> {
    let catalog = core.board.catalog(incoming.user());
    let place = catalog.place(incoming.scope, uri)?;
    let shown = shown(catalog.view(incoming.scope), incoming, place.server);
    Some(FoundResource { span, place, shown })
}

/// The resource of `params.uri`.
///
/// # Errors
/// The refusal, where there is none.
pub(super) async fn find_resource(
    core: &Core,
    incoming: &Incoming,
    id: Span,
) -> Result<FoundResource, Reply> {
    let Some((span, uri)) = text_at(incoming, incoming.envelope.params.uri) else {
        let message = "params.uri must be the URI of a resource";
        return Err(error(incoming, id, error_code::INVALID_PARAMS, message));
    };
    if let Some(found) = listed(core, incoming, span, &uri) {
        return Ok(found);
    }
    core.settled(incoming.scope, incoming.user()).await;
    if let Some(found) = listed(core, incoming, span, &uri) {
        return Ok(found);
    }
    if let Some(found) = unlisted(core, incoming, span) {
        return Ok(found);
    }
    let server = Box::pin(asked::asked(core, incoming, span, &uri)).await;
    let server = server.ok_or_else(|| not_found(incoming, id, &uri))?.index();
    let catalog = core.board.catalog(incoming.user());
    Ok(FoundResource {
        span,
        place: Place { server, own: None },
        shown: shown(catalog.view(incoming.scope), incoming, server),
    })
}

/// Where nobody lists it.
fn unlisted(core: &Core, incoming: &Incoming, span: Span) -> Option<FoundResource> {
    let server = asked::decides(core, incoming.scope, incoming.user())?;
    Some(FoundResource {
        span,
        place: Place { server, own: None },
        shown: None,
    })
}

fn not_found(incoming: &Incoming, id: Span, uri: &str) -> Reply {
    let (code, message) = (
        error_code::RESOURCE_NOT_FOUND,
        format!("Resource not found: {uri}"),
    );
    match incoming.era() {
        Era::Legacy => error(incoming, id, code, &message),
        Era::Modern => {
            let code = eras::own_code(code);
            let data = to_raw_value(&json!({ "uri": uri })).ok();
            let id = id.of(&incoming.text);
            let text = wire::error_response(id, code, &message, data.as_deref());
            Reply::Answer(Final {
                text: text.into(),
                code: Some(code.into()),
            })
        }
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
