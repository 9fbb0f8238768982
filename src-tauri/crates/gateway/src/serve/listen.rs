//! `subscriptions/listen`: one stream of what its client has asked to be told (MCP 2026-07-28,
//! "Subscriptions").

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use eras::{Filter, Tag};
use futures_util::{StreamExt, stream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use wire::{Era, Span, encode_sse, error_code};

use super::watched::{self, Kind, Watch};
use super::{offered, respond};
use crate::call::Final;
use crate::catalog::{Place, Shown};
use crate::core::Core;
use crate::dispatch::Incoming;
use crate::dispatch::decides;
use crate::dispatch::modern::{TASKS, declares, undeclared};
use crate::listeners::Listener;
use crate::mailbox::Receiver;
use crate::server::Server;
use crate::server::subscriptions::{Subscriber, Topic};

/// A server must have taken a subscription within this time to have it honored.
const PATIENCE: Duration = Duration::from_secs(10);
/// As many subscriptions to resources are asked for at once.
const AT_ONCE: usize = 16;

/// A subscription that is ready to be told of.
#[derive(Debug)]
pub(crate) struct Subscription {
    messages: Receiver,
    honored: Filter,
    wanted: Wanted,
}

/// What a subscription wants to know of which servers' resources and tasks; they are told when it
/// ends.
#[derive(Debug)]
struct Wanted {
    listener: Arc<Listener>,
    topics: Vec<(Arc<Server>, Topic)>,
}

/// A resource or task that is asked for.
struct Asked {
    /// As the client names it.
    name: String,
    /// Its server, where there is one, and what the endpoint calls that server's things.
    at: Option<(Arc<Server>, Topic, Option<Arc<Shown>>)>,
}

/// Prepares what a request asks for: from now on nothing is missed.
///
/// # Errors
/// An error response, ready for the client.
pub(crate) async fn open(
    core: &Core,
    incoming: &Incoming,
    id: Span,
) -> Result<Subscription, Final> {
    let text = &incoming.text;
    let params = incoming.envelope.params.whole;
    let params = params.map_or(&b"{}"[..], |params| params.of(text));
    let filter = Filter::read(params)
        .map_err(|why| Final::error(Era::Modern, id.of(text), error_code::INVALID_PARAMS, why))?;
    if !filter.tasks.is_empty() && !declares(incoming, TASKS) {
        return Err(undeclared(incoming, id, TASKS));
    }
    let (scope, user) = (incoming.scope, incoming.caller.user());
    core.settled(scope, user).await;
    let mut honored = filter.honored(&offered::of(core, scope, user).can());
    let own_id = text.slice(id.range());
    let lists = Filter {
        uris: Vec::new(),
        tasks: Vec::new(),
        ..honored.clone()
    };
    let room = core.live().config.limits.waiting_bytes;
    let (listener, messages) = Listener::new(own_id, (scope, user.cloned()), lists, room);
    let mut wanted = Wanted {
        listener,
        topics: Vec::new(),
    };
    let uris = honored.uris.iter().map(|uri| resource(core, incoming, uri));
    let tasks = honored.tasks.iter().map(|id| task(core, incoming, id));
    let asked: Vec<_> = uris.chain(tasks).collect();
    let asked = stream::iter(asked.into_iter().map(|asked| {
        let subscriber = Subscriber::Listener(Arc::clone(&wanted.listener));
        async move {
            let (server, topic, shown) = asked.at?;
            let subscriptions = &server.inbox.subscriptions;
            subscriptions.add(&topic, &subscriber, shown.as_ref());
            let taken = timeout(PATIENCE, server.subscribe(&topic)).await;
            if matches!(taken, Ok(Ok(()))) {
                return Some((asked.name, (server, topic)));
            }
            server.inbox.subscriptions.remove(&topic, &subscriber);
            None
        }
    }));
    let taken: Vec<_> = asked.buffered(AT_ONCE).collect().await;
    (honored.uris, honored.tasks) = (Vec::new(), Vec::new());
    for (name, (server, topic)) in taken.into_iter().flatten() {
        match &topic {
            Topic::Resource(_) => honored.uris.push(name),
            Topic::Task(_) => honored.tasks.push(name),
        }
        wanted.topics.push((server, topic));
    }
    core.board.listeners.add(&wanted.listener);
    Ok(Subscription {
        messages,
        honored,
        wanted,
    })
}

fn resource(core: &Core, incoming: &Incoming, uri: &str) -> Asked {
    let user = incoming.caller.user();
    let catalog = core.board.catalog(user);
    let place = catalog.place(incoming.scope, uri);
    let place = place.or_else(|| {
        let server = decides(core, incoming.scope, user)?;
        Some(Place { server, own: None })
    });
    let at = place.and_then(|place| {
        let shown = catalog.view(incoming.scope).shown(place.server).cloned();
        let own = place.own.unwrap_or_else(|| uri.to_owned());
        Some((core.server(place.server)?, Topic::Resource(own), shown))
    });
    Asked {
        name: uri.to_owned(),
        at,
    }
}

fn task(core: &Core, incoming: &Incoming, id: &str) -> Asked {
    let catalog = core.board.catalog(incoming.caller.user());
    let view = catalog.view(incoming.scope);
    let found = match incoming.scope {
        Some(server) => Some((server, id)),
        None => Tag::taken_off(id).and_then(|(tag, own)| Some((view.tagged(tag)?, own))),
    };
    let at = found.and_then(|(index, own)| {
        let shown = view.shown(index).cloned();
        Some((core.server(index)?, Topic::Task(own.to_owned()), shown))
    });
    Asked {
        name: id.to_owned(),
        at,
    }
}

/// What the stream of a subscription is made of.
struct Open {
    messages: Receiver,
    draining: CancellationToken,
    wanted: Wanted,
}

/// The stream of a subscription: that it is acknowledged comes first.
pub(super) fn stream(core: &Core, subscription: Subscription) -> Response {
    let Subscription {
        messages,
        honored,
        wanted,
    } = subscription;
    let id = wanted.listener.id();
    if let Some(refusal) = respond::too_many_streams(core, id) {
        return refusal;
    }
    let first = encode_sse(None, &eras::acknowledged(id, &honored)).into();
    let open = Open {
        messages,
        draining: core.ending.draining.clone(),
        wanted,
    };
    let rest = stream::unfold(Some(open), |open| async {
        let mut open = open?;
        let event = tokio::select! {
            biased;
            message = open.messages.recv() => encode_sse(None, &message?).into(),
            () = open.draining.cancelled() => {
                let end = eras::graceful_end(open.wanted.listener.id());
                return Some((encode_sse(None, &end).into(), None));
            }
        };
        Some((event, Some(open)))
    });
    let counted = core.streams.token();
    let events = watched::events(&Watch::of(core), Kind::Subscription, first, rest);
    respond::listening(events.map(move |event| {
        // The stream is open for as long.
        let _counted = &counted;
        event
    }))
}

impl Drop for Wanted {
    fn drop(&mut self) {
        let subscriber = Subscriber::Listener(Arc::clone(&self.listener));
        for (server, topic) in self.topics.drain(..) {
            let unwanted = server.inbox.subscriptions.remove(&topic, &subscriber);
            if unwanted {
                let tasks = server.inbox.tasks.clone();
                tasks.spawn(async move { server.unsubscribe(&topic).await });
            }
        }
    }
}
