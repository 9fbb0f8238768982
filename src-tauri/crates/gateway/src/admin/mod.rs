//! The admin API under `/api`: the same for the window, a browser and the CLI.
//! It always wants its token, except from inside the process.

mod accounts;
mod bridge;
pub(crate) mod codes;
mod doctor;
mod grants;
mod leave;
mod live;
mod problem;
mod saved;
mod secrets;
mod servers;
pub(crate) mod services;
mod settings;
mod tools;
mod trial;
#[cfg(test)]
mod types;

use axum::body::Body as HttpBody;
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::access::InProcess;
use crate::change::Refusal;
use crate::serve::{App, respond};
use crate::status::{self, Status};
use crate::words::Words;
use problem::{Code, Problem};

/// A form with every field filled is a few kilobytes.
const LARGEST_BODY: usize = 1 << 20;

/// Every route below `/api`.
pub(crate) fn router(app: &App) -> Router<App> {
    Router::new()
        .route("/status", get(read_status))
        .route("/events", get(live::events))
        .route("/log", get(live::own_log))
        .route("/servers", post(servers::add))
        .route(
            "/servers/{name}",
            get(servers::get)
                .put(servers::put)
                .patch(servers::patch)
                .delete(servers::delete),
        )
        .route("/servers/{name}/restart", post(servers::restart))
        .route("/servers/{name}/tools", get(tools::get).patch(tools::patch))
        .route("/servers/{name}/log", get(live::log))
        .route("/servers/{name}/history", get(live::history))
        .route("/test", post(trial::test))
        .route("/undo", post(saved::undo))
        .route("/config", get(settings::config))
        .route("/config/reload", post(saved::reload))
        .route("/settings", get(settings::get).patch(settings::patch))
        .route("/doctor", get(doctor::examine))
        .route("/doctor/fix", post(doctor::fix))
        .route("/bridge", get(bridge::get))
        .route("/bridge/try", post(bridge::run))
        .route("/accounts", get(accounts::list))
        .route("/accounts/sign-in", post(accounts::sign_in))
        .route("/accounts/sign-out", post(accounts::sign_out))
        .route("/accounts/cancel", post(accounts::cancel))
        .route("/accounts/callback", post(accounts::callback))
        .route("/approvals", get(grants::approvals))
        .route("/approvals/{id}/approve", post(grants::approve))
        .route("/approvals/{id}/deny", post(grants::deny))
        .route("/grants", get(grants::list).post(grants::issue))
        .route("/grants/{id}", delete(grants::revoke))
        .route("/users/{user}", delete(grants::forget_user))
        .route("/secrets", get(secrets::list))
        .route(
            "/secrets/{name}",
            // As one route: a secret may be called `seal`, too.
            put(secrets::put)
                .delete(secrets::delete)
                .post(secrets::seal),
        )
        .route("/codes", post(issue_code))
        .route("/shutdown", post(leave::leave))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(app.clone(), authorized))
        // Whoever has a code has no token yet.
        .route(
            "/codes/redeem",
            post(redeem_code).fallback(method_not_allowed),
        )
}

/// Why a change of the configuration was not made, as one text.
pub(crate) fn explain(refusal: Refusal) -> Words {
    Problem::of_refusal(refusal, None).words()
}

/// `GET /api/status`.
async fn read_status(State(app): State<App>) -> Json<Status> {
    Json(status::status(&app.core))
}

/// `POST /api/codes`.
async fn issue_code(State(app): State<App>) -> Result<Json<serde_json::Value>, Problem> {
    match app.core.codes.issue() {
        Ok(code) => Ok(Json(json!({ "code": code }))),
        Err(error) => Err(Problem::new(
            Code::Failed,
            Words::new(
                format!("no code could be made: {error}"),
                format!("无法生成一次性代码：{error}"),
            ),
        )),
    }
}

/// A one-time code.
#[derive(Debug, serde::Deserialize)]
struct Redeem {
    code: String,
}

/// `POST /api/codes/redeem`.
async fn redeem_code(
    State(app): State<App>,
    Body(redeem): Body<Redeem>,
) -> Result<Json<serde_json::Value>, Problem> {
    if app.core.codes.redeem(&redeem.code) {
        return Ok(Json(json!({ "token": app.core.admin_token.reveal() })));
    }
    Err(Problem::new(
        Code::Unauthorized,
        Words::new(
            "this address was used already, or is older than a minute",
            "该地址已使用过，或已超过一分钟",
        ),
    )
    .remedy(Words::new(
        "get a fresh one with: mcp-gateway ui",
        "请执行 mcp-gateway ui 获取新地址",
    )))
}

/// Lets the owner pass: who is inside the process, or has the token.
async fn authorized(State(app): State<App>, request: Request, next: Next) -> Response {
    if allowed(&app, &request) {
        next.run(request).await
    } else {
        token_wanted().into_response()
    }
}

fn allowed(app: &App, request: &Request) -> bool {
    let authorization = request.headers().get(header::AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    request.extensions().get::<InProcess>().is_some() || app.core.admin_token.is_in(authorization)
}

fn token_wanted() -> Problem {
    Problem::new(
        Code::Unauthorized,
        Words::new(
            "the admin API wants the token of the file admin.token in the data folder as a bearer token",
            "管理接口要求以 bearer 令牌方式提供数据目录中 admin.token 文件里的令牌",
        ),
    )
}

async fn not_found(uri: Uri) -> Problem {
    let path = uri.path();
    Problem::new(
        Code::NotFound,
        Words::new(
            format!("the admin API has nothing at /api{path}"),
            format!("管理接口没有 /api{path}"),
        ),
    )
}

async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    let path = uri.path();
    Problem::new(
        Code::Invalid,
        Words::new(
            format!("{method} is not answered at /api{path}"),
            format!("/api{path} 不支持 {method}"),
        ),
    )
    .status(StatusCode::METHOD_NOT_ALLOWED)
}

fn no_content() -> Response {
    Json(json!({})).into_response()
}

/// The server that a path names.
struct Name(String);

impl FromRequestParts<App> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let named = Path::<String>::from_request_parts(parts, app).await;
        named
            .map(|Path(name)| Self(name))
            .map_err(|_| Problem::bad_request("the name in the address is not UTF-8 text"))
    }
}

/// A JSON body; what is wrong with it is said as the rest of this API says it.
struct Body<T>(T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request<HttpBody>, _: &App) -> Result<Self, Problem> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.to_ascii_lowercase().starts_with("application/json"));
        if !is_json {
            return Err(
                Problem::bad_request("send it as Content-Type: application/json")
                    .status(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            );
        }
        let bytes = respond::read_body(request.into_body(), LARGEST_BODY).await;
        let bytes = bytes.map_err(|refusal| {
            Problem::bad_request("the body is too large, or broke off").status(refusal.status())
        })?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(Problem::bad_request)
    }
}
