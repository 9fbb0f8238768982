//! `/api/accounts`: who is signed in where. Times are seconds since 1970.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::LOCATION;
use axum::response::Response;
use oauth_client::{AccountId, AccountState, Fault, Params, Provider, Revocation};
use serde::{Deserialize, Serialize};

use super::problem::{Code, Problem};
use super::{Body, no_content};
use crate::core::Core;
use crate::oauth::sign_in::{Known, Purpose, known, words};
use crate::serve::App;
use crate::user::User;
use crate::words::Words;

/// Where a sign-in at a provider stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "AccountState"))]
pub(crate) enum Standing {
    /// Nobody is signed in.
    SignedOut,
    /// Somebody is.
    SignedIn,
    /// Somebody was, and only a person can help.
    NeedsSignIn,
    /// A browser is on its way, or its answer is being exchanged for access.
    SigningIn,
}

/// One user's account at one provider.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Account {
    /// `aliyun:intl` or `server:<name>`.
    pub(crate) provider: String,
    /// What it is called.
    pub(crate) title: Words,
    /// Of Alibaba Cloud.
    #[cfg_attr(test, ts(type = "'intl' | 'cn' | null"))]
    pub(crate) site: Option<String>,
    /// The remote server that asks for the sign-in.
    pub(crate) server: Option<String>,
    /// `local` is the owner of this gateway.
    pub(crate) user: String,
    /// Where it stands.
    pub(crate) state: Standing,
    /// A sign-in is under way, be somebody signed in already or not.
    pub(crate) signing_in: bool,
    /// When somebody signed in last.
    pub(crate) signed_in_at: Option<i64>,
    /// It is the owner's and the configuration names a token: there is nothing to sign in to.
    #[serde(rename = "static")]
    pub(crate) is_static: bool,
    /// Who it is, as the provider identifies it.
    pub(crate) subject: Option<String>,
    /// Who it is, for people.
    pub(crate) name: Option<String>,
    /// What was granted.
    pub(crate) scope: Option<String>,
    /// What calls have needed beyond that; the next sign-in asks for it.
    pub(crate) wanted: Option<String>,
    /// When the present token expires.
    pub(crate) expires_at: Option<i64>,
    /// The gateway renews the access by itself.
    pub(crate) refreshable: bool,
    /// Why a sign-in is needed.
    pub(crate) why: Option<Words>,
    /// What the configuration lacks before anybody can sign in.
    pub(crate) misconfigured: Option<Words>,
    /// The servers that use it.
    pub(crate) services: Vec<String>,
}

/// All of them.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct AccountList {
    /// Those of the configuration first.
    pub(crate) accounts: Vec<Account>,
}

/// A sign-in that has begun and goes on in a browser.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SignInBegun {
    /// What the browser has to open.
    pub(crate) authorize_url: String,
    /// Where the provider sends the answer.
    pub(crate) redirect: String,
    /// In seconds.
    pub(crate) expires_in: u64,
}

/// A sign-in whose answer has arrived.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SignInDone {
    /// Where somebody has signed in.
    pub(crate) provider: String,
    /// Who, for people.
    pub(crate) name: Option<String>,
    /// Where the browser goes on, in which a client waits for its access.
    pub(crate) next: Option<String>,
}

/// Which account.
#[derive(Debug, Deserialize)]
pub(crate) struct Which {
    provider: String,
    user: Option<String>,
}

/// What a deep link has brought.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    url: String,
}

/// `GET /api/accounts`.
pub(crate) async fn list(State(app): State<App>) -> Result<Json<AccountList>, Problem> {
    let core = &app.core;
    let known = known(&core.live().config);
    let mut accounts = Vec::new();
    for one in &known {
        let id = AccountId::new(one.provider.name(), User::LOCAL);
        accounts.push(account(core, Some(one), &id).await?);
    }
    let all = core.oauth.accounts.list().await.map_err(refused)?;
    for (id, _) in all {
        let listed = accounts
            .iter()
            .any(|one| one.provider == id.provider && one.user == id.user);
        if !listed {
            let one = known.iter().find(|one| one.provider.name() == id.provider);
            accounts.push(account(core, one, &id).await?);
        }
    }
    Ok(Json(AccountList { accounts }))
}

/// `POST /api/accounts/sign-in`.
pub(crate) async fn sign_in(
    State(app): State<App>,
    Body(which): Body<Which>,
) -> Result<Json<SignInBegun>, Problem> {
    let core = &app.core;
    let known = provider(core, &which.provider)?;
    let user = which.user.map_or_else(User::local, |name| User::new(&name));
    if known.is_static && user.is_owners() {
        return Err(Problem::new(
            Code::Unsupported,
            Words::new(
                "the configuration names a token for the owner, who signs in nowhere",
                "配置中已为所有者指定令牌，所有者无需登录",
            ),
        )
        .remedy(Words::new(
            "take `mcpServer.token` out of the configuration to sign in instead",
            "如需改为登录，请从配置中删除 `mcpServer.token`",
        )));
    }
    let live = core.live_full();
    let base = live.config.gateway.base_url.clone();
    let base = base.unwrap_or_else(|| core.endpoint().trim_end_matches("/mcp").to_owned());
    let begun = core
        .begin_sign_in(&known.provider, Some(&user), &Purpose::Window, &base)
        .await;
    let (login, redirect) = begun.map_err(|why| Problem::new(Code::Failed, why))?;
    Ok(Json(SignInBegun {
        authorize_url: login.authorize_url,
        redirect,
        expires_in: login.expires_in.as_secs(),
    }))
}

/// `POST /api/accounts/cancel`.
pub(crate) async fn cancel(
    State(app): State<App>,
    Body(which): Body<Which>,
) -> Result<Response, Problem> {
    let user = which.user.as_deref().unwrap_or(User::LOCAL);
    app.core.oauth.accounts.cancel(&which.provider, Some(user));
    app.core.accounts_changed();
    Ok(no_content())
}

/// `POST /api/accounts/callback`: the answer that came as a deep link.
pub(crate) async fn callback(
    State(app): State<App>,
    Body(answer): Body<Answer>,
) -> Result<Json<SignInDone>, Problem> {
    let finished = app.core.finish_sign_in(Params::from_url(&answer.url)).await;
    let signed = finished.map_err(|why| Problem::new(Code::Failed, why))?;
    let mut next = None;
    if let Purpose::Facade(then) = &signed.purpose {
        let name = signed.name.as_deref().unwrap_or_else(|| signed.user.name());
        let facade = &app.core.oauth.facade;
        let leads_on = facade.signed_in(&HeaderMap::new(), then, signed.user.name(), name);
        let location = leads_on.headers().get(LOCATION);
        let location = location.and_then(|location| location.to_str().ok());
        // Whoever brought the answer brings the browser on: that proves it is the same one.
        next = location.map(|location| absolute(&app.core, location));
    }
    Ok(Json(SignInDone {
        provider: signed.provider,
        name: signed.name,
        next,
    }))
}

/// `POST /api/accounts/sign-out`.
pub(crate) async fn sign_out(
    State(app): State<App>,
    Body(which): Body<Which>,
) -> Result<Response, Problem> {
    let user = which.user.as_deref().unwrap_or(User::LOCAL);
    let id = AccountId::new(which.provider, user);
    let accounts = &app.core.oauth.accounts;
    let provider = app.core.provider(&id.provider);
    let provider = provider.as_ref().map(|known| &known.provider);
    let revocation = accounts.sign_out(&id, provider).await.map_err(refused)?;
    if let Revocation::Failed(why) = revocation {
        tracing::warn!(
            provider = id.provider,
            why,
            "tokens were forgotten, but the server did not revoke them"
        );
    }
    app.core.account_is_another(&id).await;
    Ok(no_content())
}

impl Core {
    /// Starts every server of the owner's accounts anew.
    pub(crate) async fn restart_personal(self: &Arc<Self>) {
        let servers = self.live_full().servers.clone();
        for server in servers.iter().filter(|server| server.owner.is_some()) {
            self.start_anew_if_possible(&server.config.name).await;
        }
    }

    /// Starts the servers of an account anew, because it is not what it was.
    pub(crate) async fn account_is_another(self: &Arc<Self>, id: &AccountId) {
        let Some(known) = self.provider(&id.provider) else {
            return;
        };
        let user = User::new(&id.user);
        if user.is_local() {
            for name in &known.services {
                self.start_anew_if_possible(name).await;
            }
        } else {
            let why = Words::new("the account was signed out", "账号已退出登录");
            self.bid_farewell(&user, &why);
        }
        self.accounts_changed();
    }
}

/// An address of the gateway's own, which may have been given without its host.
fn absolute(core: &Core, location: &str) -> String {
    if location.starts_with('/') {
        let base = core.live().config.gateway.base_url.clone();
        let base = base.unwrap_or_else(|| core.endpoint().trim_end_matches("/mcp").to_owned());
        return format!("{base}{location}");
    }
    location.to_owned()
}

async fn account(core: &Core, known: Option<&Known>, id: &AccountId) -> Result<Account, Problem> {
    let accounts = &core.oauth.accounts;
    let state = accounts.state(id).await.map_err(refused)?;
    let under_way = accounts.signing_in(&id.provider, Some(&id.user));
    let server = id.provider.strip_prefix("server:").map(str::to_owned);
    let site = id.provider.strip_prefix("aliyun:").map(str::to_owned);
    let is_static = known.is_some_and(|known| known.is_static) && User::new(&id.user).is_owners();
    let mut account = Account {
        title: title(&id.provider),
        site,
        server,
        provider: id.provider.clone(),
        user: id.user.clone(),
        state: Standing::SignedOut,
        signing_in: under_way,
        signed_in_at: None,
        is_static,
        subject: None,
        name: None,
        scope: None,
        wanted: None,
        expires_at: None,
        refreshable: false,
        why: None,
        misconfigured: known
            .filter(|_| !is_static)
            .and_then(|known| misconfigured(&known.provider)),
        services: known.map_or_else(Vec::new, |known| known.services.clone()),
    };
    match state {
        AccountState::SignedOut => {}
        AccountState::SignedIn {
            subject,
            name,
            scope,
            expires_at,
            refreshable,
            wanted,
            signed_in_at,
            ..
        } => {
            account.signed_in_at = Some(signed_in_at);
            account.state = Standing::SignedIn;
            account.subject = Some(subject);
            account.name = name;
            account.scope = scope;
            account.wanted = wanted;
            account.expires_at = expires_at;
            account.refreshable = refreshable;
        }
        AccountState::NeedsSignIn { why, subject, name } => {
            account.state = Standing::NeedsSignIn;
            account.subject = Some(subject);
            account.name = name;
            account.why = Some(Words::new(why.to_string(), why.chinese()));
        }
    }
    if under_way && account.state != Standing::SignedIn {
        account.state = Standing::SigningIn;
    }
    Ok(account)
}

/// What is missing before anybody can sign in.
fn misconfigured(provider: &Provider) -> Option<Words> {
    match provider {
        Provider::Fixed(fixed) if fixed.client_id.is_none() => Some(Words::new(
            "`oauth.clientId` is missing: register a native application in the RAM console and write its id into the configuration",
            "缺少 `oauth.clientId`：请在 RAM 控制台注册一个原生（Native）应用，并把其应用 ID 写入配置",
        )),
        _ => None,
    }
}

fn title(provider: &str) -> Words {
    match provider {
        "aliyun:cn" => Words::new("Alibaba Cloud (China site)", "阿里云（中国站）"),
        "aliyun:intl" => Words::new("Alibaba Cloud (International site)", "阿里云（国际站）"),
        other => {
            let name = other.strip_prefix("server:").unwrap_or(other);
            Words::new(name, name)
        }
    }
}

fn provider(core: &Core, name: &str) -> Result<Known, Problem> {
    core.provider(name).ok_or_else(|| {
        Problem::new(
            Code::NotFound,
            Words::new(
                format!("the configuration speaks of no account at \"{name}\""),
                format!("配置中没有“{name}”的账号"),
            ),
        )
    })
}

fn refused(fault: Fault) -> Problem {
    Problem::new(Code::Failed, words(&fault))
}
