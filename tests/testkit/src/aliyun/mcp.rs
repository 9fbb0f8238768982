//! MCP endpoints at `/<anything>/mcp`: legacy Streamable HTTP, as little of it as will do. Every
//! call says whose account it ran under, so that nothing can cross users unseen.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};

use super::behaviour::Places;
use super::fake::{Fake, subject};
use super::terms::{Holder, random};
use super::traffic::By;

const SESSION: &str = "mcp-session-id";

/// Any method on an MCP endpoint.
pub(super) async fn endpoint(
    State(fake): State<Arc<Fake>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !uri.path().ends_with("/mcp") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let holder = match admit(&fake, uri.path(), &headers) {
        Ok(holder) => holder,
        Err(response) => return *response,
    };
    let user = holder.user;
    let mut response = match method {
        Method::POST => receive(&fake, &user, uri.path(), &headers, &body),
        Method::DELETE => forget(&fake, &user, &headers),
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    };
    response.extensions_mut().insert(By(user));
    response
}

/// The token of a request.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ")
}

/// What `WWW-Authenticate` says (RFC 6750, 3; RFC 9728, 5.1).
pub(super) fn challenge(fake: &Fake, path: &str, error: &str) -> HeaderValue {
    let mut said = format!("Bearer error=\"{error}\"");
    let behaviour = fake.behaviour();
    if behaviour.challenge_names_metadata {
        let inserted = if behaviour.resource_metadata.first() {
            path
        } else {
            ""
        };
        let base = &fake.base;
        said += &format!(
            ", resource_metadata=\"{base}/.well-known/oauth-protected-resource{inserted}\""
        );
    }
    let scope = behaviour
        .mcp_scope
        .as_ref()
        .unwrap_or(&fake.options.scopes[0]);
    said += &format!(", scope=\"{scope}\"");
    HeaderValue::from_str(&said).unwrap_or(HeaderValue::from_static("Bearer"))
}

fn admit(fake: &Fake, path: &str, headers: &HeaderMap) -> Result<Holder, Box<Response>> {
    let refuse = |status, error: &str, why: &str| {
        let challenge = challenge(fake, path, error);
        let body = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32001, "message": why}});
        let headers = [(header::WWW_AUTHENTICATE, challenge)];
        Box::new((status, headers, Json(body)).into_response())
    };
    let unauthorized = |why: &str| refuse(StatusCode::UNAUTHORIZED, "invalid_token", why);
    let token = bearer(headers).ok_or_else(|| unauthorized("a token is required"))?;
    let holder = fake
        .books()
        .judge(token, fake.now())
        .map_err(unauthorized)?;
    // Where only the root has a document, the whole server is the resource.
    let here = match fake.behaviour().resource_metadata {
        Places::Second => fake.base.clone(),
        _ => format!("{}{path}", fake.base),
    };
    let elsewhere = |resource: &String| resource.trim_end_matches('/') != here;
    if holder.resource.as_ref().is_some_and(elsewhere) {
        return Err(unauthorized("the token is for another resource"));
    }
    let wanted = fake.behaviour().mcp_scope.clone();
    if wanted.is_some_and(|wanted| !holder.scope.split(' ').any(|scope| scope == wanted)) {
        return Err(refuse(
            StatusCode::FORBIDDEN,
            "insufficient_scope",
            "more scope is needed",
        ));
    }
    Ok(holder)
}

fn receive(fake: &Fake, user: &str, path: &str, headers: &HeaderMap, body: &[u8]) -> Response {
    let Ok(message) = serde_json::from_slice::<Value>(body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if message["method"] == "initialize" {
        let session = random("session");
        fake.traffic()
            .sessions
            .insert(session.clone(), user.to_owned());
        let mut response = result(&message["id"], initialized(&message, path));
        if let Ok(session) = HeaderValue::from_str(&session) {
            response.headers_mut().insert(SESSION, session);
        }
        return response;
    }
    if let Err(status) = own_session(fake, user, headers) {
        return status.into_response();
    }
    if message.get("id").is_none() || message.get("method").is_none() {
        return StatusCode::ACCEPTED.into_response();
    }
    match message["method"].as_str().unwrap_or_default() {
        "ping" => result(&message["id"], json!({})),
        "tools/list" => result(&message["id"], json!({"tools": tools()})),
        "tools/call" => call(user, path, headers, &message),
        other => failure(&message["id"], -32601, &format!("there is no {other} here")),
    }
}

/// A session belongs to who began it; to anybody else it does not exist.
fn own_session(fake: &Fake, user: &str, headers: &HeaderMap) -> Result<(), StatusCode> {
    let id = headers.get(SESSION).and_then(|id| id.to_str().ok());
    let id = id.ok_or(StatusCode::BAD_REQUEST)?;
    let mut traffic = fake.traffic();
    match traffic.sessions.get(id) {
        Some(owner) if owner == user => Ok(()),
        Some(_) => {
            traffic.counts.crossed += 1;
            Err(StatusCode::NOT_FOUND)
        }
        None => Err(StatusCode::NOT_FOUND),
    }
}

fn forget(fake: &Fake, user: &str, headers: &HeaderMap) -> Response {
    let own = own_session(fake, user, headers);
    if own.is_ok()
        && let Some(id) = headers.get(SESSION).and_then(|id| id.to_str().ok())
    {
        fake.traffic().sessions.remove(id);
    }
    own.err().unwrap_or(StatusCode::OK).into_response()
}

fn initialized(message: &Value, path: &str) -> Value {
    let asked = message["params"]["protocolVersion"].as_str();
    let known = asked.filter(|asked| ["2025-03-26", "2025-06-18", "2025-11-25"].contains(asked));
    json!({
        "protocolVersion": known.unwrap_or("2025-06-18"),
        "capabilities": {"tools": {}},
        "serverInfo": {"name": format!("fake-aliyun {path}"), "version": "1"},
    })
}

fn tools() -> Value {
    let object = json!({"type": "object"});
    json!([
        {"name": "whoami", "description": "Says whose account it runs under.", "inputSchema": object,
            "annotations": {"readOnlyHint": true}},
        {"name": "headers", "description": "Says which headers the call came with.", "inputSchema": object},
        {"name": "create", "description": "Changes something.", "inputSchema": object,
            "annotations": {"readOnlyHint": false}},
        {"name": "stream", "description": "Reports progress, then answers.", "inputSchema": object},
        {"name": "wait", "description": "Answers after `ms` milliseconds.", "inputSchema": object},
    ])
}

fn call(user: &str, path: &str, headers: &HeaderMap, message: &Value) -> Response {
    let params = &message["params"];
    let told = json!({
        "content": [{"type": "text", "text": user}],
        "structuredContent": {"account": user, "subject": subject(user), "service": path},
    });
    match params["name"].as_str().unwrap_or_default() {
        "whoami" | "create" => result(&message["id"], told),
        "headers" => {
            let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            let told = headers
                .iter()
                .filter(|(name, _)| **name != header::AUTHORIZATION);
            let told: serde_json::Map<_, _> = told
                .map(|(name, value)| (name.to_string(), text(value).into()))
                .collect();
            let text = Value::Object(told).to_string();
            result(
                &message["id"],
                json!({"content": [{"type": "text", "text": text}]}),
            )
        }
        "stream" => streamed(message, told),
        "wait" => {
            let wait = params["arguments"]["ms"].as_u64().unwrap_or(100);
            let answer = json!({"jsonrpc": "2.0", "id": message["id"], "result": told});
            events(vec![(wait, answer)])
        }
        other => failure(&message["id"], -32602, &format!("there is no tool {other}")),
    }
}

/// Two reports and the answer, a moment between them.
fn streamed(message: &Value, told: Value) -> Response {
    let token = &message["params"]["_meta"]["progressToken"];
    let report = |progress: u8| {
        json!({"jsonrpc": "2.0", "method": "notifications/progress",
            "params": {"progressToken": token, "progress": progress, "total": 2}})
    };
    let mut pieces = match token {
        Value::Null => Vec::new(),
        _ => vec![(0, report(1)), (20, report(2))],
    };
    pieces.push((
        20,
        json!({"jsonrpc": "2.0", "id": message["id"], "result": told}),
    ));
    events(pieces)
}

/// Messages as an event stream, each after so many milliseconds.
fn events(pieces: Vec<(u64, Value)>) -> Response {
    let frames = stream::unfold(pieces.into_iter(), |mut pieces| async move {
        let (wait, message) = pieces.next()?;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let frame = format!("event: message\ndata: {message}\n\n");
        Some((Ok::<_, std::convert::Infallible>(frame), pieces))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, Body::from_stream(frames)).into_response()
}

fn result(id: &Value, result: Value) -> Response {
    Json(json!({"jsonrpc": "2.0", "id": id, "result": result})).into_response()
}

fn failure(id: &Value, code: i32, why: &str) -> Response {
    Json(json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": why}}))
        .into_response()
}
