//! `/api/approvals` and `/api/grants`: clients that ask for access, and those that have it.
//! Times are seconds since 1970.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::problem::{Code, Problem};
use super::{Body, Name, no_content};
use crate::oauth::given;
use crate::serve::App;
use crate::user::User;
use crate::words::Words;

/// A client that asks the owner of this machine for access.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Approval {
    /// Of this request.
    pub(crate) id: String,
    /// Shown in the client's browser, too.
    pub(crate) code: String,
    /// As it calls itself.
    pub(crate) client_name: String,
    /// As it is registered.
    pub(crate) client_id: String,
    /// Where the browser will be sent back to.
    pub(crate) redirect_host: String,
    /// The endpoint that it asks for.
    pub(crate) resource: String,
    /// When the request lapses.
    pub(crate) expires_at: u64,
}

/// All of them.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct ApprovalList {
    /// The oldest first.
    pub(crate) approvals: Vec<Approval>,
}

/// Access that a client has.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Grant {
    /// Of this access.
    pub(crate) id: String,
    /// Who has given it.
    pub(crate) user: String,
    /// As the client calls itself.
    pub(crate) client_name: String,
    /// As it is registered.
    pub(crate) client_id: String,
    /// The endpoint that it is for; `null` for all of them.
    pub(crate) resource: Option<String>,
    /// When it was given.
    pub(crate) created: u64,
    /// When it was used last.
    pub(crate) last_used: Option<u64>,
    /// When it ends by itself.
    pub(crate) expires_at: Option<u64>,
}

/// All of them.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct GrantList {
    /// The newest first.
    pub(crate) grants: Vec<Grant>,
}

/// A token that was made by hand. Nobody can read it a second time.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct NewGrant {
    /// Of the access.
    pub(crate) id: String,
    /// To be sent as `Authorization: Bearer …`.
    pub(crate) token: String,
}

/// For whom a token is made.
#[derive(Debug, Deserialize)]
pub(crate) struct Issue {
    label: String,
    user: Option<String>,
}

/// `GET /api/approvals`.
pub(crate) async fn approvals(State(app): State<App>) -> Json<ApprovalList> {
    let approvals = app.core.oauth.facade.approvals().into_iter();
    let approvals = approvals.map(|one| Approval {
        id: one.id,
        code: one.code,
        client_name: one.client_name,
        client_id: one.client_id,
        redirect_host: one.redirect_host,
        resource: one.resource,
        expires_at: one.expires_at,
    });
    Json(ApprovalList {
        approvals: approvals.collect(),
    })
}

/// `POST /api/approvals/{id}/approve`.
pub(crate) async fn approve(State(app): State<App>, Name(id): Name) -> Result<Response, Problem> {
    decided(app.core.oauth.facade.approve(&id))
}

/// `POST /api/approvals/{id}/deny`.
pub(crate) async fn deny(State(app): State<App>, Name(id): Name) -> Result<Response, Problem> {
    decided(app.core.oauth.facade.deny(&id))
}

/// `GET /api/grants`.
pub(crate) async fn list(State(app): State<App>) -> Result<Json<GrantList>, Problem> {
    let grants = app.core.oauth.facade.grants().await.map_err(locked)?;
    let grants = grants.into_iter().map(|one| Grant {
        id: one.id,
        user: one.user,
        client_name: one.client_name,
        client_id: one.client_id,
        resource: one.resource,
        created: one.created,
        last_used: one.last_used,
        expires_at: one.expires_at,
    });
    Ok(Json(GrantList {
        grants: grants.collect(),
    }))
}

/// `POST /api/grants`.
pub(crate) async fn issue(
    State(app): State<App>,
    Body(issue): Body<Issue>,
) -> Result<Json<NewGrant>, Problem> {
    let user = issue.user.as_deref().unwrap_or(User::LOCAL);
    let facade = &app.core.oauth.facade;
    let issued = facade
        .issue(user, issue.label.trim())
        .await
        .map_err(locked)?;
    app.core.accounts_changed();
    Ok(Json(NewGrant {
        id: issued.id,
        token: issued.token.reveal().to_owned(),
    }))
}

/// `DELETE /api/grants/{id}`.
pub(crate) async fn revoke(State(app): State<App>, Name(id): Name) -> Result<Response, Problem> {
    let gone = app.core.oauth.facade.revoke(&id).await.map_err(locked)?;
    app.core.accounts_changed();
    if gone {
        return Ok(no_content());
    }
    Err(no_such("this access has ended already", "该访问权限已失效"))
}

/// `DELETE /api/users/{user}`: everything that a user has here, under whichever account.
pub(crate) async fn forget_user(
    State(app): State<App>,
    Name(name): Name,
) -> Result<Response, Problem> {
    let core = &app.core;
    let user = User::new(&name);
    let facade = &core.oauth.facade;
    facade.revoke_user(&name).await.map_err(locked)?;
    for grant in facade.grants().await.map_err(locked)? {
        if user.covers(&grant.user) {
            facade.revoke(&grant.id).await.map_err(locked)?;
        }
    }
    let all = core
        .oauth
        .accounts
        .list()
        .await
        .map_err(|fault| Problem::new(Code::Failed, crate::oauth::sign_in::words(&fault)))?;
    for (id, _) in all.into_iter().filter(|(id, _)| user.covers(&id.user)) {
        let signed_out = core.oauth.accounts.sign_out(&id, None).await;
        signed_out
            .map_err(|fault| Problem::new(Code::Failed, crate::oauth::sign_in::words(&fault)))?;
    }
    let why = Words::new("the user was removed", "该用户已被移除");
    core.bid_farewell_to_all(&user, &why);
    if user.is_local() {
        core.restart_personal().await;
    }
    core.accounts_changed();
    Ok(no_content())
}

fn decided(found: bool) -> Result<Response, Problem> {
    if found {
        return Ok(no_content());
    }
    Err(no_such(
        "this request has lapsed, or was decided already",
        "该请求已过期，或已处理过",
    ))
}

fn no_such(en: &str, zh: &str) -> Problem {
    Problem::new(Code::NotFound, Words::new(en, zh))
}

fn locked(fault: vault::Fault) -> Problem {
    Problem::new(Code::Failed, given(&fault))
}
