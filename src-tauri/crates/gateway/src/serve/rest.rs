//! The REST surface of predecessor B, and what scripts ask about the gateway.

use std::collections::BTreeMap;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::json;
use wire::{Kind, error_code};

use super::{App, respond};
use crate::core::Core;
use crate::dispatch::{self, Incoming, Reply};
use crate::status;
use crate::user::{Caller, User};

/// `GET /tools`: every tool under its exposed name.
pub(super) async fn tools(State(app): State<App>, caller: Caller) -> Response {
    let core = &app.core;
    core.settled(None, caller.user()).await;
    let servers = core.in_scope(None, caller.user());
    let enabled: Vec<_> = servers
        .iter()
        .filter(|server| server.config.enabled)
        .collect();
    if !enabled.is_empty()
        && !enabled
            .iter()
            .any(|server| core.board.is_known(server.index()))
    {
        let body =
            json!({ "error": "No server is ready yet; GET /health tells how each one fares" });
        return respond::json(StatusCode::SERVICE_UNAVAILABLE, &body);
    }
    let catalog = core.board.catalog(caller.user());
    let mut out = br#"{"tools":["#.to_vec();
    for (position, tool) in catalog.view(None).listed_tools().iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        let definition = &tool.definition;
        let member = |name: &str| {
            let found = wire::members(definition)
                .find(|member| member.key.of(definition) == name.as_bytes());
            found.map_or(&b"null"[..], |member| member.value.of(definition))
        };
        out.extend_from_slice(br#"{"name":"#);
        out.extend_from_slice(wire::quote(&tool.exposed).as_bytes());
        out.extend_from_slice(br#","description":"#);
        out.extend_from_slice(member("description"));
        out.extend_from_slice(br#","serverName":"#);
        out.extend_from_slice(wire::quote(&core.scope_name(Some(tool.server))).as_bytes());
        out.extend_from_slice(br#","inputSchema":"#);
        out.extend_from_slice(member("inputSchema"));
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    respond::raw_json(StatusCode::OK, out)
}

/// `POST /tools/call {name, arguments}`: the body is the call's params, as it is.
pub(super) async fn call(State(app): State<App>, request: Request) -> Response {
    let core = &app.core;
    let limits = core.live().config.limits;
    let caller = Caller::of(request.extensions());
    let is_json = request
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok());
    if !is_json.is_some_and(|value| {
        value
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("application/json")
    }) {
        return failed(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send the call as Content-Type: application/json",
        );
    }
    let params = match respond::read_body(request.into_body(), limits.message_bytes).await {
        Ok(params) => params,
        Err(refusal) => {
            return failed(
                refusal.status(),
                "the body could not be read, or is larger than limits.messageBytes",
            );
        }
    };
    let text: Bytes = wire_request(&params).into();
    let envelope = match wire::parse(&text, limits.depth) {
        Ok(envelope) => envelope,
        Err(error) => {
            return failed(
                StatusCode::BAD_REQUEST,
                &format!("the body must be a JSON object: {error}"),
            );
        }
    };
    let Kind::Request { id, .. } = envelope.kind else {
        return failed(
            StatusCode::BAD_REQUEST,
            "the body must be a JSON object with name and arguments",
        );
    };
    let name = envelope
        .params
        .name
        .and_then(|name| wire::string_text(name.of(&text)).map(|name| name.into_owned()));
    let Some(name) = name else {
        return failed(
            StatusCode::BAD_REQUEST,
            "the body must be an object whose `name` is the name of a tool",
        );
    };
    let arguments = wire::members(&params).find(|member| member.key.of(&params) == b"arguments");
    if arguments.is_some_and(|member| !member.value.of(&params).starts_with(b"{")) {
        return failed(StatusCode::BAD_REQUEST, "`arguments` must be a JSON object");
    }
    let is_known = || {
        core.board
            .catalog(caller.user())
            .view(None)
            .tool(&name)
            .is_some()
    };
    if !is_known() {
        core.settled(None, caller.user()).await;
    }
    if !is_known() {
        return failed(
            StatusCode::NOT_FOUND,
            &format!("Unknown tool: {name}; GET /tools lists them"),
        );
    }
    let incoming = Incoming::new(text, envelope, None, None, false, caller);
    let answer = match dispatch::request(core, incoming, id).await {
        Reply::Answer(answer) => answer.text,
        Reply::Listen(_) | Reply::Nothing => {
            return failed(StatusCode::BAD_GATEWAY, "the call was cancelled");
        }
        Reply::Call(call) => match call.answer().await {
            Some(answer) => answer,
            None => return failed(StatusCode::BAD_GATEWAY, "the call was cancelled"),
        },
    };
    written(&answer, limits.depth)
}

/// `GET /health`: public, so it tells states and numbers, no causes.
pub(super) async fn health(State(app): State<App>) -> Response {
    let core = &app.core;
    let state = status::overall(core);
    let live = core.live();
    let pool: BTreeMap<_, _> = live
        .servers
        .iter()
        // Whose account is behind a server is nobody else's business.
        .filter(|server| server.config.enabled && server.owner.is_none())
        .map(|server| {
            let counts = server.pool.counts();
            let counts =
                json!({ "total": counts.total, "active": counts.active, "idle": counts.idle });
            (server.config.name.as_str(), counts)
        })
        .collect();
    let body = json!({
        "status": state.word(),
        "ready": state != status::Overall::Initializing,
        "version": env!("CARGO_PKG_VERSION"),
        "uptime": core.started.elapsed().as_secs(),
        "sessions": core.sessions.count(),
        "pool": pool,
    });
    respond::json(StatusCode::OK, &body)
}

/// `GET /config/services` (predecessor A): the Alibaba Cloud services of the file. A path can
/// hold the id of the owner's account, so who has no token is told the names alone.
pub(super) async fn services(State(app): State<App>, caller: Caller) -> Response {
    let is_told = caller.user().is_some_and(User::is_invited);
    let live = app.core.live();
    let aliyun = live.config.aliyun.as_ref();
    let services: serde_json::Map<_, _> = aliyun
        .into_iter()
        .flat_map(|aliyun| &aliyun.services)
        .map(|(alias, path)| {
            let path = if is_told { path.as_str() } else { "" };
            (alias.clone(), path.into())
        })
        .collect();
    let base_url = aliyun.map(|aliyun| aliyun.base_url.as_str());
    respond::json(
        StatusCode::OK,
        &json!({ "baseUrl": base_url, "services": services }),
    )
}

/// What an endpoint that does not exist answers (predecessor A).
pub(super) fn unknown_service(core: &Core, name: &str) -> Response {
    let live = core.live();
    let servers = live.servers.iter();
    let available: Vec<_> = servers.map(|server| server.config.name.as_str()).collect();
    let body = json!({
        "error": "Service not found",
        "message": format!("no server or service is named `{name}`"),
        "availableServices": available,
    });
    respond::json(StatusCode::NOT_FOUND, &body)
}

fn wire_request(params: &[u8]) -> Vec<u8> {
    [
        br#"{"jsonrpc":"2.0","id":0,"method":"tools/call","params":"#,
        params,
        b"}",
    ]
    .concat()
}

/// A JSON-RPC answer as this surface writes it.
fn written(answer: &Bytes, depth: usize) -> Response {
    let Ok(wire::Envelope {
        kind:
            Kind::Response {
                body,
                failed: is_error,
                ..
            },
        ..
    }) = wire::parse(answer, depth)
    else {
        return failed(
            StatusCode::BAD_GATEWAY,
            "the server's answer is no JSON-RPC response",
        );
    };
    let body = answer.slice(body.range());
    if !is_error {
        return respond::raw_json(StatusCode::OK, [br#"{"result":"#, &body[..], b"}"].concat());
    }
    let member = |name: &str| {
        let found = wire::members(&body).find(|member| member.key.of(&body) == name.as_bytes());
        found.map(|member| member.value.of(&body))
    };
    let code: i32 = member("code")
        .and_then(|code| std::str::from_utf8(code).ok()?.parse().ok())
        .unwrap_or_default();
    let status = match code {
        error_code::INVALID_PARAMS | error_code::INVALID_REQUEST => StatusCode::BAD_REQUEST,
        error_code::REQUEST_TIMEOUT => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_GATEWAY,
    };
    let message = member("message")
        .and_then(wire::string_text)
        .unwrap_or_default();
    failed(status, &message)
}

fn failed(status: StatusCode, message: &str) -> Response {
    respond::json(status, &json!({ "error": message }))
}
