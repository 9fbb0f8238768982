//! The admin API under `/api`: the same for the window, a browser and the CLI.
//! It always wants its token, except from inside the process.

use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::access::InProcess;
use crate::serve::App;
use crate::status;

/// `GET /api/status`.
pub(crate) async fn status(State(app): State<App>, request: Request) -> Response {
    if let Err(refusal) = authorize(&app, &request) {
        return *refusal;
    }
    axum::Json(status::status(&app.core)).into_response()
}

/// Any other path: says whether it was the token or the path that was wrong.
pub(crate) async fn not_found(State(app): State<App>, uri: Uri, request: Request) -> Response {
    if let Err(refusal) = authorize(&app, &request) {
        return *refusal;
    }
    problem(
        StatusCode::NOT_FOUND,
        "Not found",
        &format!("the admin API has nothing at {}", uri.path()),
    )
}

fn authorize(app: &App, request: &Request) -> Result<(), Box<Response>> {
    let authorization = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if request.extensions().get::<InProcess>().is_some()
        || app.core.guard.admin_token.is_in(authorization)
    {
        return Ok(());
    }
    let message = "the admin API wants the token of the file admin.token in the data folder as a bearer token";
    let mut response = problem(StatusCode::UNAUTHORIZED, "Unauthorized", message);
    response.headers_mut().insert(
        header::WWW_AUTHENTICATE,
        header::HeaderValue::from_static("Bearer"),
    );
    Err(Box::new(response))
}

fn problem(status: StatusCode, error: &str, message: &str) -> Response {
    (
        status,
        axum::Json(serde_json::json!({ "error": error, "message": message })),
    )
        .into_response()
}
