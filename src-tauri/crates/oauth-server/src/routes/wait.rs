//! The page of a request that waits: for the owner, for a sign-in, for consent.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;

use super::{Site, busy, ended, locked, nobody, notice, see_other, unwritten, with_cookie};
use crate::browser::{self, PERSON_LIFE};
use crate::code::{self, Code};
use crate::digest::{self, Digest};
use crate::pages;
use crate::params::Params;
use crate::pending::{Ask, Person, Stage};
use crate::store::{Browser, Op, Shut};
use crate::words::{Language, Words};

/// The user that the owner of the machine is.
const LOCAL: &str = "local";
/// Most browsers in which a user is remembered.
const MOST_BROWSERS: usize = 50;

pub(super) async fn wait(
    State(site): State<Site>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    let language = Language::of(&parts.headers);
    let base = site.host.base(&parts);
    let visit = browser::visit(&parts.headers, &base);
    let params = Params::parse(parts.uri.query().unwrap_or_default().as_bytes());
    if let Ok(Some(ticket)) = params.one("ticket") {
        return redeem(&site, language, &id, ticket, visit, &base).await;
    }
    let now = site.inner.clock.now();
    let seen = site.inner.pending().get(&id, visit, now).cloned();
    let (Some(ask), Some(visit)) = (seen, visit) else {
        return ended(language);
    };
    let token = form_token(&id, visit);
    let (request, sign_in) = (&ask.request, site.host.sign_in());
    match (&ask.stage, &ask.approval) {
        (Stage::Approved, _) => {
            let owner = Person {
                user: LOCAL.to_owned(),
                name: String::new(),
            };
            finish(&site, language, &id, &owner)
        }
        (Stage::Denied, _) => refuse(&site, language, &id),
        (Stage::Known(person), _) => {
            pages::consent(language, &id, &token, request, person).into_response()
        }
        (Stage::Open, Some(asked)) => pages::waiting(
            language,
            &id,
            &token,
            &asked.code,
            request,
            sign_in.as_ref(),
        )
        .into_response(),
        (Stage::Open, None) => match sign_in {
            Some(account) => {
                pages::sign_in(language, &id, &token, request, &account).into_response()
            }
            None => nobody(language),
        },
    }
}

/// Sends the browser to the account that shows who the person is.
pub(super) async fn sign_in(
    State(site): State<Site>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    let language = Language::of(&parts.headers);
    let base = site.host.base(&parts);
    let visit = browser::visit(&parts.headers, &base);
    let now = site.inner.clock.now();
    let open = site
        .inner
        .pending()
        .get(&id, visit, now)
        .filter(|ask| ask.stage == Stage::Open)
        .map(|ask| ask.goes_to_sign_in(now))
        .is_some();
    if !open {
        return ended(language);
    }
    if site.host.sign_in().is_none() {
        return nobody(language);
    }
    match site.host.begin_sign_in(&base, id).await {
        Ok(url) => see_other(&url),
        Err(why) => notice(
            language,
            StatusCode::BAD_GATEWAY,
            &Words::new("The sign-in could not begin", "无法开始登录"),
            &why,
        ),
    }
}

/// The browser comes back from signing in.
async fn redeem(
    site: &Site,
    language: Language,
    id: &str,
    ticket: &str,
    visit: Option<Digest>,
    base: &str,
) -> Response {
    let now = site.inner.clock.now();
    let redeemed = site
        .inner
        .pending()
        .get(id, visit, now)
        .and_then(|ask| ask.redeem(ticket));
    let Some(person) = redeemed else {
        return ended(language);
    };
    site.inner.ring();
    let onward = see_other(id);
    let Some(cookie) = browser::remember(base) else {
        return onward;
    };
    let known = Browser {
        user: person.user,
        name: person.name,
        expires_at: now + PERSON_LIFE,
    };
    let kept = site
        .inner
        .store
        .change(move |state, _| {
            let mut of_user: Vec<_> = state
                .browsers
                .iter()
                .filter(|(_, browser)| browser.user == known.user)
                .collect();
            of_user.sort_by_key(|(_, browser)| browser.expires_at);
            let surplus = (of_user.len() + 1).saturating_sub(MOST_BROWSERS);
            let mut ops: Vec<Op> = of_user[..surplus]
                .iter()
                .map(|(digest, _)| Op::DropBrowser(**digest))
                .collect();
            ops.push(Op::PutBrowser(cookie.digest, known));
            (ops, cookie.header)
        })
        .await;
    match kept {
        Ok(cookie) => with_cookie(onward, &cookie),
        Err(fault) => {
            let Shut = unwritten(fault);
            locked(language)
        }
    }
}

/// Proves that a form came from the page that this browser got for this request.
pub(super) fn form_token(id: &str, visit: Digest) -> String {
    Digest::of(&format!("form {} {id}", visit.text())).text()
}

/// Gives the client its code; the request is over.
pub(super) fn finish(site: &Site, language: Language, id: &str, person: &Person) -> Response {
    let Some(ask) = taken(site, id) else {
        return ended(language);
    };
    let now = site.inner.clock.now();
    let code = digest::fresh("");
    let target = ask.request.granted(&code);
    let resource = ask.request.resource();
    let request = ask.request;
    let stands_for = Code {
        client_id: request.client.id,
        client_name: request.client.name,
        redirect_uri: request.redirect.as_str().to_owned(),
        challenge: request.challenge,
        audience: request.audience,
        resource,
        scope: request.scope,
        user: person.user.clone(),
        expires_at: now + code::LIFE,
    };
    if site.inner.codes().add(Digest::of(&code), stands_for, now) {
        see_other(&target)
    } else {
        busy(language)
    }
}

/// Tells the client that the answer is no; the request is over.
pub(super) fn refuse(site: &Site, language: Language, id: &str) -> Response {
    match taken(site, id) {
        Some(ask) => see_other(&ask.request.refused()),
        None => ended(language),
    }
}

fn taken(site: &Site, id: &str) -> Option<Ask> {
    let ask = site.inner.pending().take(id);
    site.inner.ring();
    ask
}
