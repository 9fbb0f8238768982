//! Metadata documents (RFC 9728, RFC 8414) and dynamic registration (RFC 7591).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::fake::Fake;
use super::terms::{Client, random};

const RESOURCE: &str = "/.well-known/oauth-protected-resource";
const SERVER: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// `GET` of anything that has `/.well-known/` in it.
pub(super) async fn document(State(fake): State<Arc<Fake>>, uri: Uri) -> Response {
    match find(&fake, uri.path()) {
        Some(document) => Json(document).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn find(fake: &Fake, path: &str) -> Option<Value> {
    let (resources, servers) = {
        let behaviour = fake.behaviour();
        (behaviour.resource_metadata, behaviour.server_metadata)
    };
    if let Some(of) = path.strip_prefix(RESOURCE) {
        let there = if of.is_empty() {
            resources.second()
        } else {
            resources.first()
        };
        return (there && (of.is_empty() || of.ends_with("/mcp"))).then(|| resource(fake, of));
    }
    let tenant = &fake.options.issuer_path;
    let inserted = |place: &str| path == format!("{place}{tenant}");
    let as_oauth = inserted(SERVER);
    let as_openid = inserted(OPENID) || path == format!("{tenant}{OPENID}");
    let there = as_oauth && servers.first() || as_openid && servers.second();
    there.then(|| server(fake))
}

fn resource(fake: &Fake, of: &str) -> Value {
    json!({
        "resource": format!("{}{of}", fake.base),
        "authorization_servers": [fake.issuer()],
        "scopes_supported": [fake.options.scopes[0]],
        "bearer_methods_supported": ["header"],
    })
}

fn server(fake: &Fake) -> Value {
    let at = |path: &str| format!("{}{path}", fake.base);
    let paths = &fake.options.paths;
    let mut document = json!({
        "issuer": fake.issuer(),
        "authorization_endpoint": at(&paths.authorize),
        "token_endpoint": at(&paths.token),
        "revocation_endpoint": at(&paths.revoke),
        "userinfo_endpoint": at(&paths.userinfo),
        "scopes_supported": fake.options.scopes,
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "authorization_response_iss_parameter_supported": true,
    });
    let behaviour = fake.behaviour();
    if behaviour.registration {
        document["registration_endpoint"] = json!(at("/register"));
    }
    if behaviour.client_documents {
        document["client_id_metadata_document_supported"] = json!(true);
    }
    document
}

/// `POST /register`
pub(super) async fn register(State(fake): State<Arc<Fake>>, body: String) -> Response {
    if !fake.behaviour().registration {
        return StatusCode::NOT_FOUND.into_response();
    }
    match admit(&fake, &body) {
        Ok(document) => (StatusCode::CREATED, Json(document)).into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response(),
    }
}

fn admit(fake: &Fake, body: &str) -> Result<Value, &'static str> {
    let mut document: Value = serde_json::from_str(body).map_err(|_| "invalid_client_metadata")?;
    let redirects = document["redirect_uris"]
        .as_array()
        .ok_or("invalid_redirect_uri")?;
    let redirects: Option<Vec<String>> = redirects
        .iter()
        .map(|one| one.as_str().map(str::to_owned))
        .collect();
    let redirects =
        redirects.filter(|all| !all.is_empty() && all.iter().all(|one| may_return_to(one)));
    let redirects = redirects.ok_or("invalid_redirect_uri")?;
    // Without a method, the default is a secret (RFC 7591, 2).
    let secret = match document["token_endpoint_auth_method"].as_str() {
        Some("none") => None,
        None | Some("client_secret_basic" | "client_secret_post") => Some(random("client-secret")),
        Some(_) => return Err("invalid_client_metadata"),
    };
    let id = random("client");
    document["client_id"] = json!(id);
    if let Some(secret) = &secret {
        document["client_secret"] = json!(secret);
        document["client_secret_expires_at"] = json!(0);
    }
    fake.books().admit(&id, Client { redirects, secret });
    Ok(document)
}

/// Reads the document about itself that a client's id is the address of, where such ids are known.
/// Only what it says of that very id counts.
pub(super) async fn read_document(fake: &Fake, client: &str) {
    let allowed = fake.behaviour().client_documents && client.starts_with("http");
    if !allowed || fake.books().client(client).is_some() {
        return;
    }
    let http = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build();
    let http = http.expect("a client without TLS roots can be built");
    let Ok(answer) = http.get(client).send().await else {
        return;
    };
    let text = answer.text().await.unwrap_or_default();
    let document: Value = serde_json::from_str(&text).unwrap_or_default();
    let redirects = document["redirect_uris"].as_array().into_iter().flatten();
    let redirects = redirects
        .filter_map(|one| one.as_str().map(str::to_owned))
        .collect();
    if document["client_id"] == client {
        let secret = None;
        fake.books().admit(client, Client { redirects, secret });
    }
}

/// https, loopback, or a scheme of the application's own; never with a fragment.
fn may_return_to(redirect: &str) -> bool {
    let Ok(url) = url::Url::parse(redirect) else {
        return false;
    };
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.fragment().is_none() && (url.scheme() != "http" || loopback) && url.scheme() != "javascript"
}
