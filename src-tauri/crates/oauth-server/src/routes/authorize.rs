//! A browser brings a client's wish (RFC 6749, section 4.1.1).

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;

use super::{Site, locked, nobody, notice, probe, refused, see_other, with_cookie};
use crate::authorize::{Fault, Opening, Request};
use crate::browser;
use crate::client::{self, Client};
use crate::description::NoDescription;
use crate::params::Params;
use crate::pending::{Person, Stage};
use crate::redirect::Redirect;
use crate::resource;
use crate::store::Shut;
use crate::words::{Language, Words};

/// Longest query that is read, in bytes.
const LONGEST_QUERY: usize = 16 * 1024;

pub(super) async fn authorize(State(site): State<Site>, parts: Parts) -> Response {
    if probe::is_one(&parts.headers) {
        return probe::answer(&site, &parts).await;
    }
    let language = Language::of(&parts.headers);
    let base = site.host.base(&parts);
    let request = match read(&site, &parts, &base).await {
        Ok(request) => request,
        Err(refusal) => return refusal.told(language, &base),
    };

    let person = if request.login_again {
        None
    } else {
        match remembered(&site, &parts, &base).await {
            Ok(person) => person,
            Err(Shut) => return locked(language),
        }
    };
    let local = site.host.local_approval(&parts);
    if person.is_none() && !local && site.host.sign_in().is_none() {
        return nobody(language);
    }
    let ask_owner = person.is_none() && local;
    let stage = person.map_or(Stage::Open, Stage::Known);
    let visit = browser::begin_visit(&parts.headers, &base);
    let now = site.inner.clock.now();
    let id = site
        .inner
        .pending()
        .add(visit.digest, request, stage, ask_owner, now);
    if ask_owner {
        site.inner.ring();
    }
    with_cookie(see_other(&format!("wait/{id}")), &visit.header)
}

/// Why a request gets no further.
pub(super) enum Refusal {
    /// It names no client, or no address to which an answer may go.
    Request(Words),
    /// There is no such client.
    Client(Words),
    /// The address is not the client's.
    Redirect(Words),
    /// Nobody can know now: the store cannot be used.
    Store,
    /// The client has to put it right, and is told at its address.
    Fault(Fault, Redirect),
}

// === impl Refusal ===

impl Refusal {
    /// Tells the person on a page, or the client at its address.
    fn told(&self, language: Language, base: &str) -> Response {
        match self {
            Self::Request(why) => refused(language, why),
            Self::Client(why) | Self::Redirect(why) => {
                let title = Words::new("This program is not known", "无法识别此程序");
                notice(language, StatusCode::BAD_REQUEST, &title, why)
            }
            Self::Store => locked(language),
            Self::Fault(fault, redirect) => see_other(&fault.target(redirect, base)),
        }
    }
}

/// Reads a request, with nothing done about it.
pub(super) async fn read(site: &Site, parts: &Parts, base: &str) -> Result<Request, Refusal> {
    let query = parts.uri.query().unwrap_or_default();
    if query.len() > LONGEST_QUERY {
        let why = Words::new("The request is too long.", "请求过长。");
        return Err(Refusal::Request(why));
    }
    let params = Params::parse(query.as_bytes());
    let opening = Opening::read(&params).map_err(Refusal::Request)?;
    let client = known(site, &opening, base).await?;
    let endpoint = |path: &str| site.host.endpoint(path);
    let redirect = opening.redirect;
    Request::read(&params, base, client, redirect.clone(), endpoint)
        .map_err(|fault| Refusal::Fault(fault, redirect))
}

/// The client, if it is one and the address is its own.
async fn known(site: &Site, opening: &Opening, base: &str) -> Result<Client, Refusal> {
    let foreign = || {
        Refusal::Redirect(Words::new(
            "The address that the answer would be sent to is not one that this program has registered. Nothing was sent there.",
            "结果的回调地址不在该程序已登记的地址之列，因此未向其发送任何内容。",
        ))
    };
    let (id, redirect) = (opening.client_id.as_str(), &opening.redirect);
    let registered = site
        .inner
        .store
        .read_at_hand()
        .await
        .map_err(|Shut| Refusal::Store)?
        .clients
        .get(id)
        .cloned();
    if let Some(registered) = registered {
        return if registered.owns(redirect) {
            Ok(registered.client())
        } else {
            Err(foreign())
        };
    }
    let loopback = url::Url::parse(base).is_ok_and(|base| resource::is_loopback(&base));
    let now = site.inner.clock.now();
    match site.inner.descriptions.get(id, loopback, now).await {
        None => {}
        Some(Ok(description)) if client::owns(&description.redirect_uris, redirect) => {
            return Ok(description.client(id));
        }
        Some(Ok(_)) => return Err(foreign()),
        // Without a network the client is as good as one that only says a name.
        Some(Err(NoDescription::Unreachable(_))) if redirect.is_loopback() => {}
        Some(Err(none)) => return Err(Refusal::Client(none.words())),
    }
    if redirect.is_loopback() {
        Ok(Client::named(id))
    } else {
        Err(Refusal::Client(Words::new(
            "It has not registered with this gateway, or its registration has expired. Have the program register again, usually by removing the server there and adding it anew.",
            "该程序未在此网关登记，或登记已过期。请让程序重新登记，通常只需在程序中移除该服务器后重新添加。",
        )))
    }
}

/// The person that this browser is known to belong to, if their account still works.
async fn remembered(site: &Site, parts: &Parts, base: &str) -> Result<Option<Person>, Shut> {
    let Some(cookie) = browser::person(&parts.headers, base) else {
        return Ok(None);
    };
    let now = site.inner.clock.now();
    let state = site.inner.store.read_at_hand().await?;
    let browser = state.browsers.get(&cookie);
    let person = browser
        .filter(|browser| browser.expires_at > now)
        .map(|browser| Person {
            user: browser.user.clone(),
            name: browser.name.clone(),
        });
    drop(state);
    Ok(match person {
        Some(person) if site.host.is_signed_in(&person.user).await => Some(person),
        _ => None,
    })
}
