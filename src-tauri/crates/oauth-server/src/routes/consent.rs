//! The person in the browser says yes, no, or "I am somebody else".

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use subtle::ConstantTimeEq as _;

use super::wait::{finish, form_token, refuse};
use super::{Site, ended, is_form, locked, nobody, notice, refused, see_other, with_cookie};
use crate::browser;
use crate::params::Params;
use crate::pending::Stage;
use crate::store::Op;
use crate::words::{Language, Words};

pub(super) async fn consent(State(site): State<Site>, parts: Parts, body: Bytes) -> Response {
    let language = Language::of(&parts.headers);
    let base = site.host.base(&parts);
    let visit = browser::visit(&parts.headers, &base);
    let params = Params::parse(&body);
    let (Ok(Some(id)), Ok(Some(token)), Ok(Some(decision)), true) = (
        params.one("request"),
        params.one("token"),
        params.one("decision"),
        is_form(&parts.headers),
    ) else {
        return refused(
            language,
            &Words::new("The form is not complete.", "表单内容不完整。"),
        );
    };
    let now = site.inner.clock.now();
    let seen = site
        .inner
        .pending()
        .get(id, visit, now)
        .map(|ask| ask.stage.clone());
    let (Some(stage), Some(visit)) = (seen, visit) else {
        return ended(language);
    };
    let genuine: bool = form_token(id, visit)
        .as_bytes()
        .ct_eq(token.as_bytes())
        .into();
    if !genuine {
        return notice(
            language,
            StatusCode::FORBIDDEN,
            &Words::new("Nothing was allowed", "未授予任何权限"),
            &Words::new(
                "The answer did not come from this gateway's own page. Start again from the program that needs access.",
                "该答复并非来自此网关的页面。请在需要访问的程序中重新发起。",
            ),
        );
    }
    match (decision, stage) {
        ("allow", Stage::Known(person)) => finish(&site, language, id, &person),
        ("deny", _) => refuse(&site, language, id),
        ("switch", Stage::Known(_)) => switch(&site, language, id, &parts, &base).await,
        _ => refused(
            language,
            &Words::new("This cannot be answered here.", "无法在此处答复该请求。"),
        ),
    }
}

/// Forgets the person and asks again who it is.
async fn switch(site: &Site, language: Language, id: &str, parts: &Parts, base: &str) -> Response {
    if let Some(cookie) = browser::person(&parts.headers, base) {
        let forgotten = site
            .inner
            .store
            .change_at_hand(move |_, _| (vec![Op::DropBrowser(cookie)], ()))
            .await;
        if forgotten.is_err() {
            return locked(language);
        }
    }
    let local = site.host.local_approval(parts);
    if !local && site.host.sign_in().is_none() {
        return nobody(language);
    }
    let now = site.inner.clock.now();
    if !site.inner.pending().reopen(id, local, now) {
        return ended(language);
    }
    site.inner.ring();
    with_cookie(see_other(&format!("wait/{id}")), &browser::forget(base))
}
