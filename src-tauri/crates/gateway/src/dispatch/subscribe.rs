//! `resources/subscribe` and its opposite, of legacy clients.

use std::sync::Arc;

use wire::{Span, error_code};

use super::find::find_resource;
use super::{Incoming, Reply, answer, error, text_at};
use crate::call::Final;
use crate::core::Core;
use crate::server::subscriptions::Subscriber;
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
