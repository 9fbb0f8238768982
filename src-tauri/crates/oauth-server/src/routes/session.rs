//! Who is signed in, and signing out: by token, or by the cookie of a browser.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Site, answer, bearer, unavailable, with_cookie};
use crate::browser;
use crate::digest::Digest;
use crate::store::{Op, Shut};

pub(super) async fn status(State(site): State<Site>, parts: Parts) -> Response {
    match described(&site, &parts).await {
        Ok(Some(document)) => answer(StatusCode::OK, &document),
        Ok(None) => answer(StatusCode::OK, &json!({ "authenticated": false })),
        Err(Shut) => unavailable(),
    }
}

async fn described(site: &Site, parts: &Parts) -> Result<Option<Value>, Shut> {
    let now = site.inner.clock.now();
    let good = |end: Option<u64>| end.is_none_or(|end| end > now);
    if let Some(token) = bearer(&parts.headers) {
        site.inner.store.at_hand().await?;
        let entry = site.inner.store.live.get(Digest::of(token));
        return Ok(entry.filter(|entry| good(entry.expires_at)).map(|entry| {
            let mut document = json!({
                "authenticated": true,
                "user": entry.of.user,
                "client": entry.of.client_id,
            });
            if let Some(end) = entry.expires_at {
                document["expiresAt"] = end.into();
            }
            document
        }));
    }
    let Some(cookie) = browser::person(&parts.headers, &site.host.base(parts)) else {
        return Ok(None);
    };
    let state = site.inner.store.read_at_hand().await?;
    let known = state.browsers.get(&cookie);
    Ok(known
        .filter(|browser| good(Some(browser.expires_at)))
        .map(|browser| {
            json!({ "authenticated": true, "user": browser.user, "expiresAt": browser.expires_at })
        }))
}

pub(super) async fn logout(State(site): State<Site>, parts: Parts) -> Response {
    let base = site.host.base(&parts);
    let token = bearer(&parts.headers).map(Digest::of);
    let cookie = browser::person(&parts.headers, &base);
    if token.is_some() || cookie.is_some() {
        let store = site.inner.store.clone();
        let done = site
            .inner
            .store
            .change_at_hand(move |state, now| {
                let grant = token
                    .and_then(|token| store.live.get(token))
                    .filter(|entry| entry.expires_at.is_none_or(|end| end > now))
                    .map(|entry| Op::DropGrant(entry.of.grant.clone()));
                let known = cookie.filter(|cookie| state.browsers.contains_key(cookie));
                (
                    grant
                        .into_iter()
                        .chain(known.map(Op::DropBrowser))
                        .collect(),
                    (),
                )
            })
            .await;
        if done.is_err() {
            return unavailable();
        }
        site.inner.ring();
    }
    let response = answer(StatusCode::OK, &json!({ "success": true }));
    if cookie.is_some() {
        with_cookie(response, &browser::forget(&base))
    } else {
        response
    }
}
