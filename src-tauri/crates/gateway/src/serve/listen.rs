//! `subscriptions/listen`: one stream of what its client has asked to be told (MCP 2026-07-28,
//! "Subscriptions").

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use bytes::Bytes;
use eras::Filter;
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::task_tracker::TaskTrackerToken;
use wire::{Era, Span, encode_sse, error_code};

use super::{offered, respond};
use crate::call::Final;
use crate::core::Core;
use crate::dispatch::Incoming;
use crate::dispatch::modern::{TASKS, declares, undeclared};
use crate::listeners::Listener;
use crate::server::Server;
use crate::server::subscriptions::Subscriber;

/// A server must have taken a subscription within this time to have it honored.
const PATIENCE: Duration = Duration::from_secs(10);
/// As many subscriptions to resources are asked for at once.
const AT_ONCE: usize = 16;

/// A subscription that is ready to be told of.
#[derive(Debug)]
pub(crate) struct Subscription {
    messages: mpsc::Receiver<Bytes>,
    honored: Filter,
    wanted: Wanted,
}

/// What a subscription wants to know of which servers' resources; they are told when it ends.
#[derive(Debug)]
struct Wanted {
    listener: Arc<Listener>,
    /// By the servers' own URIs.
    resources: Vec<(Arc<Server>, String)>,
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
        ..honored.clone()
    };
    let (listener, messages) = Listener::new(own_id, scope, user.cloned(), lists);
    let mut wanted = Wanted {
        listener,
        resources: Vec::new(),
    };
    let uris = std::mem::take(&mut honored.uris);
    let asked = stream::iter(uris.into_iter().map(|uri| {
        let catalog = core.board.catalog(user);
        let place = catalog.place(scope, &uri);
        let found = place.and_then(|place| {
            let shown = catalog.view(scope).shown(place.server).cloned();
            Some((core.server(place.server)?, place.own, shown))
        });
        let subscriber = Subscriber::Listener(Arc::clone(&wanted.listener));
        async move {
            let (server, own, shown) = found?;
            let own = own.unwrap_or_else(|| uri.clone());
            let subscriptions = &server.inbox.subscriptions;
            subscriptions.add(&own, &subscriber, shown.as_ref());
            let asked = timeout(PATIENCE, server.subscribe(&own)).await;
            if matches!(asked, Ok(Ok(()))) {
                return Some((uri, (server, own)));
            }
            server.inbox.subscriptions.remove(&own, &subscriber);
            None
        }
    }));
    let taken: Vec<_> = asked.buffered(AT_ONCE).collect().await;
    (honored.uris, wanted.resources) = taken.into_iter().flatten().unzip();
    core.board.listeners.add(&wanted.listener);
    Ok(Subscription {
        messages,
        honored,
        wanted,
    })
}

/// What the stream of a subscription is made of.
struct Open {
    messages: mpsc::Receiver<Bytes>,
    ticks: Interval,
    draining: CancellationToken,
    wanted: Wanted,
    /// The stream is open for as long.
    _counted: TaskTrackerToken,
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
    let mut ticks = interval(respond::KEEP_ALIVE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    let open = Open {
        messages,
        ticks,
        draining: core.ending.draining.clone(),
        wanted,
        _counted: core.streams.token(),
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
            _ = open.ticks.tick() => respond::COMMENT,
        };
        Some((event, Some(open)))
    });
    let events = stream::iter([first]).chain(rest);
    respond::listening(events.map(Ok::<Bytes, Infallible>))
}

impl Drop for Wanted {
    fn drop(&mut self) {
        let subscriber = Subscriber::Listener(Arc::clone(&self.listener));
        for (server, uri) in self.resources.drain(..) {
            let unwanted = server.inbox.subscriptions.remove(&uri, &subscriber);
            if unwanted {
                let tasks = server.inbox.tasks.clone();
                tasks.spawn(async move { server.unsubscribe(&uri).await });
            }
        }
    }
}
