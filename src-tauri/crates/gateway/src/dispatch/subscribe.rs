//! `resources/subscribe` and its opposite, of legacy clients.

use std::sync::Arc;

use wire::{Era, Span, error_code, quote};

use super::find::find_resource;
use super::{Incoming, Reply, answer, error, text_at};
use crate::call::Final;
use crate::core::Core;
use crate::server::Server;
use crate::server::subscriptions::{Subscriber, Topic};
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
    let method = if wanted {
        let subscriptions = &server.inbox.subscriptions;
        subscriptions.add(&topic, &subscriber, found.shown.as_ref());
        "resources/subscribe"
    } else {
        if !server.inbox.subscriptions.remove(&topic, &subscriber) {
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
    if connection.era() == Era::Modern {
        drop(lease);
        return at_modern(&server, incoming, id, (&topic, &subscriber), wanted).await;
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
        Err(failed) => refused(incoming, id, &failed),
    }
}

/// A modern server tells by a subscription of the gateway's own.
async fn at_modern(
    server: &Arc<Server>,
    incoming: &Incoming,
    id: Span,
    (topic, subscriber): (&Topic, &Subscriber),
    wanted: bool,
) -> Reply {
    if !wanted {
        server.unsubscribe(topic).await;
        return answer(incoming, id, b"{}");
    }
    match server.subscribe(topic).await {
        Ok(()) => answer(incoming, id, b"{}"),
        Err(failed) => {
            server.inbox.subscriptions.remove(topic, subscriber);
            refused(incoming, id, &failed)
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
