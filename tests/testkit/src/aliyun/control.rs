//! The switches over HTTP, for tests in other languages: all under `/control`.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use super::behaviour::Behaviour;
use super::fake::{Fake, subject};
use super::traffic::{Counts, Seen};

/// `GET counts`, `GET requests`, `GET tokens/{user}`, `GET|PATCH behaviour`, `POST redirects {uri}`,
/// `POST advance {seconds}`, `POST expire/{user}`, `POST revoke/{user}`.
pub(super) fn routes() -> Router<Arc<Fake>> {
    Router::new()
        .route("/control/counts", get(counts))
        .route("/control/requests", get(requests))
        .route("/control/tokens/{user}", get(tokens))
        .route("/control/behaviour", get(behaviour).patch(behave))
        .route("/control/redirects", post(allow_redirect))
        .route("/control/advance", post(advance))
        .route("/control/expire/{user}", post(expire))
        .route("/control/revoke/{user}", post(revoke))
}

async fn counts(State(fake): State<Arc<Fake>>) -> Json<Counts> {
    Json(fake.traffic().counts.clone())
}

async fn requests(State(fake): State<Arc<Fake>>) -> Json<Vec<Seen>> {
    Json(fake.traffic().seen.clone())
}

async fn tokens(State(fake): State<Arc<Fake>>, Path(user): Path<String>) -> Json<Value> {
    let tokens = fake.books().tokens_of(&user, fake.now());
    Json(json!({"subject": subject(&user), "tokens": tokens}))
}

async fn behaviour(State(fake): State<Arc<Fake>>) -> Json<Behaviour> {
    Json(fake.behaviour().clone())
}

async fn behave(State(fake): State<Arc<Fake>>, Json(patch): Json<Value>) -> Response {
    let mut behaviour = fake.behaviour();
    match behaviour.patched(&patch) {
        Ok(patched) => {
            *behaviour = patched.clone();
            Json(patched).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

#[derive(Deserialize)]
struct Redirect {
    uri: String,
}

async fn allow_redirect(State(fake): State<Arc<Fake>>, Json(asked): Json<Redirect>) -> StatusCode {
    fake.books()
        .allow_redirect(&fake.options.client_id, &asked.uri);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Advance {
    seconds: u64,
}

async fn advance(State(fake): State<Arc<Fake>>, Json(asked): Json<Advance>) -> StatusCode {
    fake.advance(asked.seconds);
    StatusCode::NO_CONTENT
}

async fn expire(State(fake): State<Arc<Fake>>, Path(user): Path<String>) -> StatusCode {
    fake.books().expire(&user);
    StatusCode::NO_CONTENT
}

async fn revoke(State(fake): State<Arc<Fake>>, Path(user): Path<String>) -> StatusCode {
    fake.books().revoke_user(&user);
    StatusCode::NO_CONTENT
}
