//! Clients register themselves (RFC 7591).

use std::collections::HashSet;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{Site, answer, error, is_of_type, unavailable};
use crate::client::Registered;
use crate::digest;
use crate::store::{Op, Shut, State as Kept};

/// Most clients that are registered at the same time.
const MOST: usize = 500;
/// Seconds after which a client that was never allowed anything is forgotten.
const UNUSED: u64 = 24 * 3600;
/// The same for one that was, and has nothing any more.
const FORMER: u64 = 90 * 24 * 3600;
/// Seconds that even a full table gives a new client to sign in.
const YOUNG: u64 = 600;

pub(super) async fn register(
    State(site): State<Site>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !is_of_type(&headers, "application/json") {
        return error(
            "invalid_client_metadata",
            "the request must be application/json",
        );
    }
    let Ok(asked) = serde_json::from_slice::<Map<String, Value>>(&body) else {
        return error(
            "invalid_client_metadata",
            "the body must be one JSON object",
        );
    };
    let now = site.inner.clock.now();
    let client = match Registered::read(digest::fresh("mcp-"), &asked, now) {
        Ok(client) => client,
        Err(unfit) => return error(unfit.error, &unfit.why),
    };
    let document = client.answer(&asked);
    let kept = site
        .inner
        .store
        .change_at_hand(move |state, now| match make_room(state, now) {
            Some(mut ops) => {
                ops.push(Op::NoteClient(client));
                (ops, true)
            }
            None => (Vec::new(), false),
        })
        .await;
    match kept {
        Ok(true) => answer(StatusCode::CREATED, &document),
        Ok(false) => answer(
            StatusCode::TOO_MANY_REQUESTS,
            &json!({
                "error": "temporarily_unavailable",
                "error_description": "too many clients have registered lately; try again in ten minutes",
            }),
        ),
        Err(Shut) => unavailable(),
    }
}

/// Which clients are forgotten so that one more fits; `None` if it does not.
fn make_room(state: &Kept, now: u64) -> Option<Vec<Op>> {
    let busy: HashSet<&str> = state
        .grants()
        .filter(|(grant, _)| !grant.is_over(now))
        .map(|(grant, _)| grant.client_id.as_str())
        .collect();
    let age =
        |client: &Registered| now.saturating_sub(client.last_granted.unwrap_or(client.created));
    let mut idle: Vec<&Registered> = state
        .clients
        .values()
        .filter(|client| !busy.contains(client.id.as_str()))
        .collect();
    idle.sort_by_key(|client| std::cmp::Reverse(age(client)));
    let mut left = state.clients.len();
    let mut gone = Vec::new();
    for client in idle {
        let over = age(client)
            >= if client.last_granted.is_some() {
                FORMER
            } else {
                UNUSED
            };
        let pushed_out = left >= MOST && age(client) >= YOUNG;
        if over || pushed_out {
            gone.push(Op::DropClient(client.id.clone()));
            left -= 1;
        }
    }
    (left < MOST).then_some(gone)
}
