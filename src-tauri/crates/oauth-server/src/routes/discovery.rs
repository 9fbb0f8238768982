//! The documents that are found by their place.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::json;

use super::{Site, answer};
use crate::metadata;

pub(super) async fn protected_resource(State(site): State<Site>, parts: Parts) -> Response {
    let document = metadata::protected_resource(&site.host.base(&parts), "");
    answer(StatusCode::OK, &document)
}

pub(super) async fn protected_resource_of(
    State(site): State<Site>,
    Path(path): Path<String>,
    parts: Parts,
) -> Response {
    // The path stays as it was asked for, with its last slash: the client compares it
    // with the URL it was given.
    let path = format!("/{path}");
    if !site.host.endpoint(path.trim_end_matches('/')) {
        return unknown();
    }
    let document = metadata::protected_resource(&site.host.base(&parts), &path);
    answer(StatusCode::OK, &document)
}

pub(super) async fn authorization_server(State(site): State<Site>, parts: Parts) -> Response {
    let document = metadata::authorization_server(&site.host.base(&parts));
    answer(StatusCode::OK, &document)
}

/// For clients that take the endpoint itself for the issuer.
pub(super) async fn authorization_server_of(
    State(site): State<Site>,
    Path(path): Path<String>,
    parts: Parts,
) -> Response {
    if !site.host.endpoint(format!("/{path}").trim_end_matches('/')) {
        return unknown();
    }
    authorization_server(State(site), parts).await
}

fn unknown() -> Response {
    answer(
        StatusCode::NOT_FOUND,
        &json!({ "error": "not_found", "error_description": "there is no endpoint at this path" }),
    )
}
