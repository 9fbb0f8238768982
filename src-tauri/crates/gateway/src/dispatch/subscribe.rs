//! `resources/subscribe` and its opposite, of legacy clients.

use std::sync::Arc;

use wire::{Era, Span, error_code, quote};

use super::find::find_resource;
use super::{Incoming, Reply, answer, error, text_at};
use crate::call::Final;
use crate::core::Core;
use crate::pool::Claimant;
use crate::server::Server;
use crate::server::subscriptions::{Subscriber, Subscriptions, Topic};
use crate::upstream::OwnCallError;

pub(super) async fn subscribe(core: &Core, incoming: &Incoming, id: Span, wanted: bool) -> Reply {
    let Some(client) = incoming.session() else {
        return error(
            incoming,
            id,
            error_code::INVALID_REQUEST,
            "subscriptions need a session: send initialize first",
        );
    };
    let found = match find_resource(core, incoming, id).await {
        Ok(found) => found,
        Err(refusal) => return refusal,
    };
    let Some(server) = core.server(found.place.server) else {
        let message = "the server was just taken out of the gateway's configuration";
        return error(incoming, id, error_code::UPSTREAM_UNAVAILABLE, message);
    };
    let Some((span, uri)) = text_at(incoming, incoming.envelope.params.uri) else {
        return answer(incoming, id, b"{}");
    };
    let own = found.place.own.as_deref();
    let topic = Topic::Resource(own.map_or(uri, str::to_owned));
    let subscriber = Subscriber::Session(Arc::clone(client));
    let subscriptions = &server.inbox.subscriptions;
    let method = if wanted {
        "resources/subscribe"
    } else {
        if !subscriptions.remove(&topic, &subscriber) {
            // Other clients still want it.
            return answer(incoming, id, b"{}");
        }
        "resources/unsubscribe"
    };
    let mut added = Added {
        subscriptions,
        topic: &topic,
        subscriber: &subscriber,
        is_kept: !(wanted && subscriptions.add(&topic, &subscriber, found.shown.as_ref())),
    };
    // Waits for a connection where none is open.
    let lease = match server.pool.acquire(Claimant::Session(client)).await {
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
    if connection.era() == Era::Modern {
        drop(lease);
        return at_modern(&server, incoming, id, added, wanted).await;
    }
    let turn = match server.turn(&topic, method).await {
        Ok(turn) => turn,
        Err(failed) => return refused(incoming, id, &failed),
    };
    if !wanted && subscriptions.is_wanted(&topic) {
        // Somebody has come to want it meanwhile.
        return answer(incoming, id, b"{}");
    }
    let params = incoming
        .envelope
        .params
        .whole
        .map_or(&b""[..], |params| params.of(&incoming.text));
    let mut params = String::from_utf8_lossy(params);
    if let (Some(own), Some(whole)) = (own, incoming.envelope.params.whole) {
        let text = wire::splice_one(&incoming.text[..whole.end], span, quote(own).as_bytes());
        params = String::from_utf8_lossy(&text[whole.start..])
            .into_owned()
            .into();
    }
    let reply = connection
        .ask_any(method, &params, server.config.call_timeout)
        .await;
    drop(turn);
    match reply {
        Ok(reply) => {
            added.is_kept |= !reply.failed;
            let text = wire::splice_one(&reply.text, reply.id, id.of(&incoming.text));
            Reply::Answer(Final {
                text: text.into(),
                code: None,
            })
        }
        Err(failed) => refused(incoming, id, &failed),
    }
}

/// A modern server tells by a subscription of the gateway's own.
async fn at_modern(
    server: &Arc<Server>,
    incoming: &Incoming,
    id: Span,
    mut added: Added<'_>,
    wanted: bool,
) -> Reply {
    if !wanted {
        server.unsubscribe(added.topic).await;
        return answer(incoming, id, b"{}");
    }
    match server.subscribe(added.topic).await {
        Ok(()) => {
            added.is_kept = true;
            answer(incoming, id, b"{}")
        }
        Err(failed) => refused(incoming, id, &failed),
    }
}

/// A subscriber that is new and is taken out again unless its server has agreed.
struct Added<'a> {
    subscriptions: &'a Subscriptions,
    topic: &'a Topic,
    subscriber: &'a Subscriber,
    is_kept: bool,
}

impl Drop for Added<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            self.subscriptions.remove(self.topic, self.subscriber);
        }
    }
}

fn refused(incoming: &Incoming, id: Span, failed: &OwnCallError) -> Reply {
    let code = match failed {
        OwnCallError::Timeout { .. } => error_code::REQUEST_TIMEOUT,
        _ => error_code::UPSTREAM_UNAVAILABLE,
    };
    error(incoming, id, code, &failed.to_string())
}
