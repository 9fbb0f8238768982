//! `subscriptions/listen`: one stream of what its client has asked to be told (MCP 2026-07-28,
//! "Subscriptions").

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use eras::{Filter, Tag};
use futures_util::{StreamExt, stream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::task_tracker::TaskTrackerToken;
use wire::{Era, Span, encode_sse, error_code};

use super::watched::{self, Kind, Watch};
use super::{offered, respond};
use crate::call::Final;
use crate::catalog::{Place, Shown};
use crate::core::Core;
use crate::dispatch::Incoming;
use crate::dispatch::modern::{TASKS, declares, undeclared};
use crate::dispatch::whose;
use crate::listeners::Listener;
use crate::mailbox::Receiver;
use crate::server::Server;
use crate::server::subscriptions::{Subscriber, Topic};
use crate::upstream::OwnCallError;

/// A server must have taken a subscription within this time to have it honored.
const PATIENCE: Duration = Duration::from_secs(10);
/// As many subscriptions to resources are asked for at once.
const AT_ONCE: usize = 16;

/// As many resources and tasks as one subscription may name.
const TOPICS: usize = 1_000;

/// What has become of a request for a subscription.
#[derive(Debug)]
pub(crate) enum Subscription {
    /// It is ready to be told of.
    Ready(Ready),
    /// As many streams are open as there may be.
    Refused(Response),
}

/// A subscription that is ready to be told of.
#[derive(Debug)]
pub(crate) struct Ready {
    messages: Receiver,
    honored: Filter,
    listener: Arc<Listener>,
    wanted: Vec<Wanted>,
    counted: TaskTrackerToken,
}

/// That a subscription wants to know of a server's resource or task; when it ends, and nobody
/// else wants to, the server is told.
#[derive(Debug)]
struct Wanted {
    server: Arc<Server>,
    topic: Topic,
    subscriber: Subscriber,
    /// The server may have heard of it.
    is_told: bool,
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
    if filter.uris.len() + filter.tasks.len() > TOPICS {
        let why = format!(
            "one subscription may name {TOPICS} resources and tasks (resourceSubscriptions, taskIds); open several"
        );
        let code = error_code::INVALID_PARAMS;
        return Err(Final::error(Era::Modern, id.of(text), code, &why));
    }
    if let Some(refusal) = respond::too_many_streams(core, id.of(text)) {
        return Ok(Subscription::Refused(refusal));
    }
    // What it takes to open it counts as well.
    let counted = core.streams.token();
    let (scope, user) = (incoming.scope, incoming.caller.user());
    core.settled(scope, user).await;
    let mut honored = filter.honored(&offered::promised(core, scope, user).can());
    let own_id = text.slice(id.range());
    let lists = Filter {
        uris: Vec::new(),
        tasks: Vec::new(),
        ..honored.clone()
    };
    let room = core.live().config.limits.waiting_bytes;
    let (listener, messages) = Listener::new(own_id, (scope, user.cloned()), lists, room);
    // What is told before the acknowledgment waits for it.
    core.board.listeners.add(&listener);
    let uris = honored.uris.iter().map(|uri| resource(core, incoming, uri));
    let tasks = honored.tasks.iter().map(|id| task(core, incoming, id));
    let asked = uris.chain(tasks);
    // A modern server is asked for all of them at once, so all are wanted before the first wait.
    let wanted: Vec<_> = asked
        .filter_map(|asked| Some((asked.name, Wanted::new(asked.at?, &listener))))
        .collect();
    let asked = wanted.into_iter().map(|(name, mut wanted)| async move {
        let is_taken = wanted.is_taken().await;
        is_taken.then_some((name, wanted))
    });
    let taken: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    (honored.uris, honored.tasks) = (Vec::new(), Vec::new());
    let mut wanted = Vec::new();
    for (name, one) in taken.into_iter().flatten() {
        match &one.topic {
            Topic::Resource(_) => honored.uris.push(name),
            Topic::Task(_) => honored.tasks.push(name),
        }
        wanted.push(one);
    }
    Ok(Subscription::Ready(Ready {
        messages,
        honored,
        listener,
        wanted,
        counted,
    }))
}

fn resource(core: &Core, incoming: &Incoming, uri: &str) -> Asked {
    let user = incoming.caller.user();
    let catalog = core.board.catalog(user);
    let place = catalog.place(incoming.scope, uri);
    let place = place.or_else(|| {
        let server = whose(core, incoming.scope, user, uri)?;
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
    listener: Arc<Listener>,
    /// Ends with the stream.
    _wanted: Vec<Wanted>,
}

/// The stream of a subscription: that it is acknowledged comes first.
pub(super) fn stream(core: &Core, subscription: Subscription) -> Response {
    let Ready {
        messages,
        honored,
        listener,
        wanted,
        counted,
    } = match subscription {
        Subscription::Ready(ready) => ready,
        Subscription::Refused(refusal) => return refusal,
    };
    let first = encode_sse(None, &eras::acknowledged(listener.id(), &honored)).into();
    let open = Open {
        messages,
        draining: core.ending.draining.clone(),
        listener,
        _wanted: wanted,
    };
    let rest = stream::unfold(Some(open), |open| async {
        let mut open = open?;
        let event = tokio::select! {
            biased;
            message = open.messages.recv() => encode_sse(None, &message?).into(),
            () = open.draining.cancelled() => {
                let end = eras::graceful_end(open.listener.id());
                return Some((encode_sse(None, &end).into(), None));
            }
        };
        Some((event, Some(open)))
    });
    let events = watched::events(&Watch::of(core), Kind::Subscription, first, rest);
    respond::listening(events.map(move |event| {
        // The stream is open for as long.
        let _counted = &counted;
        event
    }))
}

// === impl Wanted ===

impl Wanted {
    fn new(
        (server, topic, shown): (Arc<Server>, Topic, Option<Arc<Shown>>),
        listener: &Arc<Listener>,
    ) -> Self {
        let subscriber = Subscriber::Listener(Arc::clone(listener));
        let subscriptions = &server.inbox.subscriptions;
        subscriptions.add(&topic, &subscriber, shown.as_ref());
        Self {
            server,
            topic,
            subscriber,
            is_told: false,
        }
    }

    /// Whether its server tells what happens.
    async fn is_taken(&mut self) -> bool {
        self.is_told = true;
        let taken = timeout(PATIENCE, self.server.subscribe(&self.topic)).await;
        if matches!(taken, Ok(Err(OwnCallError::Refused { .. }))) {
            self.is_told = false;
        }
        matches!(taken, Ok(Ok(())))
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        let subscriptions = &self.server.inbox.subscriptions;
        let is_unwanted = subscriptions.remove(&self.topic, &self.subscriber);
        if is_unwanted && self.is_told {
            let (server, topic) = (Arc::clone(&self.server), self.topic.clone());
            let tasks = server.inbox.tasks.clone();
            tasks.spawn(async move { server.unsubscribe(&topic).await });
        }
    }
}
