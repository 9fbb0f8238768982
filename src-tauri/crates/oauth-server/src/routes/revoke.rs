//! A client gives tokens back (RFC 7009).

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::{Site, answer, error, is_form, unavailable};
use crate::digest::Digest;
use crate::params::Params;
use crate::store::{Op, Shut};

pub(super) async fn revoke(State(site): State<Site>, headers: HeaderMap, body: Bytes) -> Response {
    if !is_form(&headers) {
        let why = "the request must be application/x-www-form-urlencoded";
        return error("invalid_request", why);
    }
    let params = Params::parse(&body);
    let (token, client_id) = match (params.one("token"), params.one("client_id")) {
        (Ok(Some(token)), Ok(client_id)) => (Digest::of(token), client_id.map(str::to_owned)),
        (Ok(None), _) => return error("invalid_request", "token is missing"),
        (Err(repeated), _) | (_, Err(repeated)) => {
            let why = format!("{} was sent more than once", repeated.0);
            return error("invalid_request", &why);
        }
    };
    let store = site.inner.store.clone();
    let done = site
        .inner
        .store
        .change_at_hand(move |state, _| {
            let by_access = || state.grant(&store.live.get(token)?.of.grant);
            let refresh = state.by_refresh(token);
            let Some(grant) = refresh.or_else(by_access) else {
                // A token that is not good needs no revoking (section 2.2).
                return (Vec::new(), true);
            };
            if client_id.is_some_and(|id| id != grant.client_id) {
                return (Vec::new(), false);
            }
            // A refresh token takes everything with it; an access token goes alone, so
            // that a client may drop an old one and stay signed in.
            if refresh.is_some() || grant.refresh.is_none() {
                return (vec![Op::DropGrant(grant.id.clone())], true);
            }
            let mut rest = grant.clone();
            rest.access.retain(|access| access.digest != token);
            (vec![Op::PutGrant(Box::new(rest))], true)
        })
        .await;
    match done {
        Ok(true) => {
            site.inner.ring();
            answer(StatusCode::OK, &json!({}))
        }
        Ok(false) => error(
            "unauthorized_client",
            "the token was issued to another client",
        ),
        Err(Shut) => unavailable(),
    }
}
