//! Tokens: handed out, renewed, revoked, and who stands behind them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::authorize::is_form;
use super::fake::{Fake, subject};
use super::form::Form;
use super::mcp::bearer;
use super::terms::{Exchange, Issued, Refusal};
use super::traffic::By;

/// `POST`: the token endpoint.
pub(super) async fn token(
    State(fake): State<Arc<Fake>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    match hand_out(&fake, &headers, &body) {
        Ok(issued) => answer(StatusCode::OK, tokens(&fake, &issued)),
        Err(refusal) => refused(&refusal),
    }
}

fn hand_out(fake: &Fake, headers: &HeaderMap, body: &str) -> Result<Issued, Refusal> {
    let form = Form::read(body).filter(|_| is_form(headers));
    let form = form.ok_or(bad("the request must be a form, and nothing in it twice"))?;
    let client = client(fake, headers, &form)?;
    let behaviour = fake.behaviour().clone();
    let now = fake.now();
    match form.get("grant_type") {
        Some("authorization_code") => {
            let code = form.get("code").ok_or(bad("code is missing"))?;
            let ask = Exchange {
                client: &client,
                redirect: form.get("redirect_uri"),
                verifier: form.get("code_verifier"),
                resource: form.get("resource"),
            };
            fake.books().exchange(code, &ask, &behaviour, now)
        }
        Some("refresh_token") => {
            let token = form
                .get("refresh_token")
                .ok_or(bad("refresh_token is missing"))?;
            fake.books().renew(token, &client, &behaviour, now)
        }
        _ => Err(Refusal {
            error: "unsupported_grant_type",
            why: "grant_type must be authorization_code or refresh_token",
        }),
    }
}

/// Who asks, by `Authorization: Basic` or by the form.
fn client(fake: &Fake, headers: &HeaderMap, form: &Form) -> Result<String, Refusal> {
    let basic = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let basic = basic.and_then(|value| value.strip_prefix("Basic "));
    let decoded = basic.and_then(|basic| STANDARD.decode(basic).ok());
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let (id, secret) = match decoded.as_deref().and_then(|pair| pair.split_once(':')) {
        Some((id, secret)) => (unescaped(id), Some(unescaped(secret))),
        None => {
            let id = form.get("client_id").ok_or(bad("client_id is missing"))?;
            (id.to_owned(), form.get("client_secret").map(str::to_owned))
        }
    };
    fake.books().identify(&id, secret.as_deref())?;
    Ok(id)
}

/// RFC 6749, 2.3.1: both parts are written as in a form.
fn unescaped(part: &str) -> String {
    let written = format!("it={part}");
    let form = Form::read(&written);
    form.and_then(|form| form.get("it").map(str::to_owned))
        .unwrap_or_default()
}

fn tokens(fake: &Fake, issued: &Issued) -> Value {
    let mut said = json!({
        "access_token": issued.access,
        "token_type": "Bearer",
        "scope": issued.scope,
    });
    if let Some(refresh) = &issued.refresh {
        said["refresh_token"] = json!(refresh);
    }
    if let Some(seconds) = fake.behaviour().expires_in() {
        said["expires_in"] = seconds;
    }
    said
}

/// `POST`: revocation, which says yes to everything that a known client asks (RFC 7009, 2.2).
pub(super) async fn revoke(
    State(fake): State<Arc<Fake>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let Some(form) = Form::read(&body).filter(|_| is_form(&headers)) else {
        return refused(&bad("the request must be a form"));
    };
    match client(&fake, &headers, &form) {
        Ok(client) => {
            fake.books()
                .revoke(form.get("token").unwrap_or_default(), &client);
            answer(StatusCode::OK, json!({}))
        }
        Err(refusal) => refused(&refusal),
    }
}

/// `GET`: who signed in.
pub(super) async fn userinfo(State(fake): State<Arc<Fake>>, headers: HeaderMap) -> Response {
    let token = bearer(&headers).unwrap_or_default();
    let holder = match fake.books().judge(token, fake.now()) {
        Ok(holder) => holder,
        Err(why) => {
            let body = json!({"error": "invalid_token", "error_description": why});
            return answer(StatusCode::UNAUTHORIZED, body);
        }
    };
    let wanted = fake.behaviour().userinfo_scope.clone();
    if wanted.is_some_and(|wanted| !holder.scope.split(' ').any(|scope| scope == wanted)) {
        return answer(
            StatusCode::FORBIDDEN,
            json!({"error": "insufficient_scope"}),
        );
    }
    let user = holder.user;
    let subject = subject(&user);
    let mut response = answer(
        StatusCode::OK,
        json!({
            "sub": subject,
            "uid": subject,
            "aid": "1000000000000001",
            "name": user,
            "login_name": format!("{user}@example.onaliyun.com"),
            "upn": format!("{user}@example.onaliyun.com"),
        }),
    );
    response.extensions_mut().insert(By(user));
    response
}

fn bad(why: &'static str) -> Refusal {
    let error = "invalid_request";
    Refusal { error, why }
}

fn refused(refusal: &Refusal) -> Response {
    let status = match refusal.error {
        "invalid_client" => StatusCode::UNAUTHORIZED,
        _ => StatusCode::BAD_REQUEST,
    };
    answer(
        status,
        json!({"error": refusal.error, "error_description": refusal.why}),
    )
}

fn answer(status: StatusCode, body: Value) -> Response {
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::PRAGMA, "no-cache"),
    ];
    (status, headers, Json(body)).into_response()
}
